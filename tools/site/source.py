"""The folder that Sphinx reads: documents as they stand in the repository, and pages made from the package."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import api_pages
import command_page
from contents import PROJECT, groups_of

ROOT = Path(__file__).parents[2]
#: Folders of scripts from which sphinx-gallery makes pages.
TITLES = ("tutorials", "gallery")


def prepare(folder: Path) -> None:
    """Bring `folder` up to date; a file whose content is the same keeps its time, so that a second build is quick."""
    wanted: dict[str, bytes] = {}
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*")):
        if path.is_file() and path.suffix not in (".py", ".rst"):
            text = path.read_bytes()
            wanted[path.relative_to(ROOT).as_posix()] = (
                with_targets(with_scripts(text)) if path.suffix == ".md" else text
            )
    # Links of the documents lead here too.
    for path in ROOT.glob("LICENSE*"):
        wanted[path.name] = path.read_bytes()
    wanted |= {name: text.encode() for name, text in (api_pages.pages() | command_page.pages()).items()}
    made = {name.rsplit(".", 1)[0] for name in wanted}
    wanted["index.md"] = index(made).encode()
    wanted.pop("docs/index.md", None)
    write(folder, wanted)
    for title in TITLES:
        scripts = {path.stem for path in (ROOT / "docs" / title).glob("*.py")}
        if {path.stem for path in (folder / title).glob("*.py")} - scripts:
            shutil.rmtree(folder / title)


def prune(html: Path, source: Path) -> None:
    """Remove pages of an earlier build whose source is gone."""
    for path in html.rglob("*.html"):
        stem = path.relative_to(html).with_suffix("")
        kept = stem.parts[0].startswith("_") or stem.as_posix() in ("genindex", "search", "py-modindex")
        if not kept and not any((source / f"{stem.as_posix()}{suffix}").exists() for suffix in (".md", ".rst")):
            path.unlink()


def with_scripts(text: bytes) -> bytes:
    """Link scripts of the gallery to their pages; `Figure: [caption](script)` becomes the figure."""
    page = r"\]\((?:\.\./)*(?:docs/)?(tutorials|gallery)/(\w+)\.py\)"
    shown = r"![\1](/\2/images/sphx_glr_\3_001.png)\n\n[\1](/\2/\3.rst)"
    found = re.sub(rf"^Figure: \[([^\]]+){page}$", shown, text.decode(), flags=re.MULTILINE)
    return re.sub(page, r"](/\1/\2.rst)", found).encode()


def with_targets(text: bytes) -> bytes:
    """Turn anchors in HTML, and comments with words for the search, into the targets and index entries of Sphinx."""
    text = re.sub(rb"^<!-- index: (.+) -->$", rb"```{index} \1\n```", text, flags=re.MULTILINE)
    return re.sub(rb'<a id="([\w-]+)"></a>(`[^`]+`)', rb"\2{#\1}", text)


def index(made: set[str]) -> str:
    """Return the first page: its text in docs/index.md, then the table of contents."""
    text = (ROOT / "docs" / "index.md").read_text().replace("](", "](docs/")
    text = text.replace("](docs/../", "](").replace("](docs/http", "](http")
    text = with_scripts(text.encode()).decode()
    groups = groups_of(ROOT / "docs", made)
    groups = {"Start": groups.pop("Start"), "Learn": [f"{name}/index" for name in TITLES], **groups}
    shown = {name for names in groups.values() for name in names}
    rest = sorted({path.stem for path in ROOT.glob("*.md")} - shown - set(PROJECT))
    groups["Project"] = [*PROJECT, *rest]
    for heading, names in groups.items():
        options = ":hidden:\n:maxdepth: 1\n"
        text += f"\n```{{toctree}}\n:caption: {heading}\n{options}\n" + "\n".join(names) + "\n```\n"
    return text


def write(folder: Path, wanted: dict[str, bytes]) -> None:
    """Write files that have changed, and remove others, except those that Sphinx has made."""
    for name, content in wanted.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    kept = tuple(f"{each}/" for each in TITLES)
    for path in sorted(folder.rglob("*"), reverse=True):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in wanted and not name.startswith(kept):
            path.unlink()
