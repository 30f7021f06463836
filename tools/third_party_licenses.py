"""Write LICENSE-THIRD-PARTY: the notices of the crates that are linked into the wheel. `--check` compares instead.

What is linked comes from `cargo metadata`: normal dependencies of the feature `python` on every platform, neither those
of build scripts nor of tests. The texts come from the sources of the crates that cargo holds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTICES = ROOT / "LICENSE-THIRD-PARTY"
HEAD = """The compiled module of yttria contains the following Rust crates. Each is followed by its license expression,
its authors and repository as it states them, and the texts that its sources carry. Equal texts are printed once.
Written by tools/third_party_licenses.py.
"""


def linked() -> list[dict[str, object]]:
    """The crates that normal dependencies lead to from yttria, without it, by name."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--features", "python"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    found, waiting = set(), [root]
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            is_normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            is_macro = any("proc-macro" in target["kind"] for target in packages[dependency["pkg"]]["targets"])
            if is_normal and not is_macro and dependency["pkg"] not in found:
                found.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    return sorted((packages[each] for each in found), key=lambda package: (package["name"], package["version"]))


def texts(package: dict[str, object]) -> list[tuple[str, str]]:
    """Names and contents of the files in a crate that state its license."""
    folder = Path(str(package["manifest_path"])).parent
    patterns = ("LICEN[CS]E*", "license*", "COPYING*", "COPYRIGHT*", "NOTICE*")
    files = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return [(path.name, path.read_text(encoding="utf-8", errors="replace").strip()) for path in sorted(files)]


def notices() -> str:
    """The whole file."""
    parts, printed = [HEAD], dict[str, str]()
    for package in linked():
        title = f"{package['name']} {package['version']}"
        authors = ", ".join(map(str, package["authors"])) or "not stated"  # type: ignore[call-overload]
        parts.append(f"{'=' * 100}\n{title}: {package['license']}\nauthors: {authors}\n{package['repository']}\n")
        for name, text in texts(package):
            if text in printed:
                parts.append(f"{name}: the same text as {printed[text]}\n")
            else:
                printed[text] = f"{name} of {title}"
                parts.append(f"----- {name}\n\n{text}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] != ["--check"]:
        NOTICES.write_text(notices(), encoding="utf-8")
    elif not NOTICES.exists() or NOTICES.read_text(encoding="utf-8") != notices():
        sys.exit("LICENSE-THIRD-PARTY is not that of Cargo.lock: run python tools/third_party_licenses.py")
