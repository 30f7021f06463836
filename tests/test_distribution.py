"""The distribution: its files, links and licenses, and the workflows that build it."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT

tomllib = pytest.importorskip("tomllib")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CARGO = tomllib.loads((ROOT / "Cargo.toml").read_text())
REPOSITORY = "https://host.example/owner/name"


def tool(name: str) -> Any:
    """A script of the folder tools as a module."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT / "tools"))


def test_links_of_the_long_description_lead_to_files_and_become_absolute() -> None:
    metadata = tool("release_metadata")
    text = (ROOT / "README.md").read_text()
    assert metadata.relative_targets(text)
    assert [target for target in metadata.relative_targets(text) if not (ROOT / target).exists()] == []
    rewritten = metadata.absolute_links(text, REPOSITORY, "v1")
    assert metadata.relative_targets(rewritten) == []
    assert len(re.findall(re.escape(REPOSITORY), rewritten)) == len(metadata.relative_targets(text))


def test_images_lead_to_the_file_and_links_to_its_page() -> None:
    metadata = tool("release_metadata")
    text = "![a](docs/a.png) [b](docs/b.md#c) [d](https://e.example/f) [g](#h)"
    assert metadata.absolute_links(text, REPOSITORY, "v1") == (
        f"![a]({REPOSITORY}/raw/v1/docs/a.png) [b]({REPOSITORY}/blob/v1/docs/b.md#c) [d](https://e.example/f) [g](#h)"
    )


def test_addresses_are_added_to_the_metadata_once() -> None:
    metadata = tool("release_metadata")
    text = metadata.with_addresses((ROOT / "pyproject.toml").read_text(), REPOSITORY, "v1")
    assert tomllib.loads(text)["project"]["urls"]["Repository"] == REPOSITORY
    with pytest.raises(AssertionError, match="already"):
        metadata.with_addresses(text, REPOSITORY, "v1")


def test_a_license_is_permitted_if_each_part_offers_a_named_one() -> None:
    is_permitted = tool("third_party_licenses").is_permitted
    assert is_permitted("MIT/Apache-2.0", "MIT")
    assert is_permitted("(MIT OR GPL-3.0) AND BSD-2-Clause", "MIT AND BSD-2-Clause")
    assert not is_permitted("(MIT OR GPL-3.0) AND BSD-2-Clause", "MIT")
    assert not is_permitted("GPL-3.0", "(MIT OR Apache-2.0) AND BSD-2-Clause")


def test_version_and_license_agree_wherever_they_are_stated() -> None:
    citation = (ROOT / "CITATION.cff").read_text()
    zenodo = json.loads((ROOT / ".zenodo.json").read_text())
    version = CARGO["package"]["version"]
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == version  # type: ignore[index]
    assert f'set version = "{version}"' in (ROOT / "conda" / "meta.yaml").read_text()
    assert CARGO["package"]["license"] == "MIT OR Apache-2.0"
    assert re.search(r"^license: \[MIT, Apache-2.0\]$", citation, re.MULTILINE)
    assert zenodo["license"] in ("MIT", "Apache-2.0")
    assert PYPROJECT["project"]["license"].startswith(f"({CARGO['package']['license']})")


def test_conda_recipe_asks_for_the_declared_versions() -> None:
    recipe = (ROOT / "conda" / "meta.yaml").read_text()
    for dependency in [*PYPROJECT["project"]["dependencies"], *PYPROJECT["build-system"]["requires"]]:
        name, bounds = re.fullmatch(r"([\w-]+)(.*)", dependency).groups()  # type: ignore[union-attr]
        assert f"- {name} {bounds}\n" in recipe
    assert f"- python {PYPROJECT['project']['requires-python']}\n" in recipe


def test_the_source_distribution_holds_its_tests_and_no_caches(tmp_path: Path) -> None:
    maturin = shutil.which("maturin") or shutil.which("maturin", path=str(Path(sys.executable).parent))
    if maturin is None or not (ROOT / ".github").exists():
        pytest.skip("needs maturin and a checkout")
    command = [maturin, "sdist", "--out", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        names = {name.split("/", 1)[1] for name in files.getnames()}
    needed = {"VALIDATION.md", "CITATION.cff", "LICENSE-THIRD-PARTY", "Makefile", "tests/conftest.py", "docs/dicom.md"}
    assert needed <= names
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    ).stdout.splitlines()
    if listed:
        assert names - set(listed) - {"PKG-INFO"} == set()
