"""Write LICENSE-THIRD-PARTY: the notices of the crates that are linked into the wheel. `--check` compares instead.

`cargo metadata` names the linked crates, which are normal dependencies of the feature `python` on every platform, and
neither those of build scripts nor of tests. The texts come from the sources of the crates that cargo holds. A crate
that offers the MIT license but carries no text gets the text of that license with its authors, because the license asks
for its notice. Each crate must be permitted by the license expression of pyproject.toml.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTICES = ROOT / "LICENSE-THIRD-PARTY"
HEAD = """The compiled module of yttria contains the following Rust crates. Each is followed by its license expression,
its authors and repository as it states them, and the texts that its sources carry. Equal texts are printed once.
The standard library of Rust is linked as well: Copyright (c) The Rust Project Contributors, MIT OR Apache-2.0.
Written by tools/third_party_licenses.py.
"""
MIT_TEXT = "LICENSE-MIT"


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


def mit_text(package: dict[str, object]) -> list[tuple[str, str]]:
    """The MIT license with the authors of a crate that offers it and carries no text."""
    assert "MIT" in re.split(r"[^A-Za-z0-9.-]+", str(package["license"])), f"{package['name']} carries no license text"
    authors = ", ".join(map(str, package["authors"])) or f"the authors of {package['name']}"  # type: ignore[call-overload]
    body = (ROOT / MIT_TEXT).read_text(encoding="utf-8").split("\n\n", 2)[2].strip()
    name = "MIT license (the crate names it and carries no text)"
    return [(name, f"Copyright (c) {authors}\n\n{body}")]


def is_permitted(crate: str, expression: str) -> bool:
    """Whether each part of a crate's expression that `AND` joins offers a license that the whole expression names."""
    named = set(re.findall(r"[A-Za-z0-9.-]+", expression)) - {"AND", "OR"}
    parts = re.sub(r"[()]", "", crate.replace("/", " OR ")).split(" AND ")
    return all(named & set(part.split(" OR ")) for part in parts)


def declared_expression() -> str:
    """The license expression of pyproject.toml."""
    found = re.search(r'^license = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert found, "pyproject.toml has no license"
    return found[1]


def notices() -> str:
    """The whole file."""
    parts, printed = [HEAD], dict[str, str]()
    for package in linked():
        title = f"{package['name']} {package['version']}"
        authors = ", ".join(map(str, package["authors"])) or "not stated"  # type: ignore[call-overload]
        parts.append(f"{'=' * 100}\n{title}: {package['license']}\nauthors: {authors}\n{package['repository']}\n")
        for name, text in texts(package) or mit_text(package):
            if text in printed:
                parts.append(f"{name}: the same text as {printed[text]}\n")
            else:
                printed[text] = f"{name} of {title}"
                parts.append(f"----- {name}\n\n{text}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    expression = declared_expression()
    for each in linked():
        if not is_permitted(str(each["license"]), expression):
            sys.exit(
                f"{each['name']}: {each['license']} is not in the license expression of pyproject.toml: {expression}"
            )
    if sys.argv[1:] != ["--check"]:
        NOTICES.write_text(notices(), encoding="utf-8")
    elif not NOTICES.exists() or NOTICES.read_text(encoding="utf-8") != notices():
        sys.exit("LICENSE-THIRD-PARTY is not that of Cargo.lock: run python tools/third_party_licenses.py")
