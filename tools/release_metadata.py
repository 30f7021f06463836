"""Give a checkout the links that a package index needs. The release runs it on a temporary checkout.

    python tools/release_metadata.py https://HOST/OWNER/NAME TAG

A package index shows README.md away from its repository, so that relative links lead nowhere. This turns them into
absolute links to one tag, and adds the project's addresses to pyproject.toml. The repository names no address of its
own, because the release knows it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: `](target)` of a link or an image, and `!` before the image's text.
LINK = re.compile(r"(!?)(\[[^\]]*\])\((?!https?:|mailto:|#)([^)\s]+)\)")


def relative_targets(markdown: str) -> list[str]:
    """Find the files to which relative links and images of a document lead."""
    return [match[3].split("#")[0] for match in LINK.finditer(markdown)]


def absolute_links(markdown: str, repository: str, tag: str) -> str:
    """The document with absolute links to a tag of the repository; images lead to the file itself."""

    def absolute(match: re.Match[str]) -> str:
        kind = "raw" if match[1] else "blob"
        return f"{match[1]}{match[2]}({repository}/{kind}/{tag}/{match[3]})"

    return LINK.sub(absolute, markdown)


def with_addresses(pyproject: str, repository: str, tag: str) -> str:
    """pyproject.toml with the addresses of the project."""
    pages = {
        "Repository": repository,
        "Issues": f"{repository}/issues",
        "Changelog": f"{repository}/blob/{tag}/CHANGELOG.md",
        "Validation": f"{repository}/blob/{tag}/VALIDATION.md",
        "Documentation": f"{repository}/tree/{tag}/docs",
    }
    assert "[project.urls]" not in pyproject, "pyproject.toml has addresses already"
    return f"{pyproject.rstrip()}\n\n[project.urls]\n" + "".join(f'{name} = "{url}"\n' for name, url in pages.items())


def main(repository: str, tag: str) -> None:
    """Rewrite README.md and pyproject.toml of this checkout."""
    repository = repository.rstrip("/")
    for name, rewrite in (("README.md", absolute_links), ("pyproject.toml", with_addresses)):
        path = ROOT / name
        path.write_text(rewrite(path.read_text(encoding="utf-8"), repository, tag), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
