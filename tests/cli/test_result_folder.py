"""A result folder belongs to one run: it is refused, or replaced as a whole, and its index proves its files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

pytest.importorskip("typer")

from yttria.cli.result_folder import ResultFolder
from yttria.errors import ResultsExistError

NAMES = ("dose.nrrd", "dose.nii.gz", "dose.png")


def write(folder: Path, contents: dict[str, bytes], *, overwrite: bool = False) -> list[Path]:
    results = ResultFolder(folder, "doses.json", NAMES, overwrite=overwrite)
    for name, content in contents.items():
        results.path(name).write_bytes(content)
    return results.finish({"a": 1})


def test_the_index_names_each_file_with_its_sha256(tmp_path: Path) -> None:
    written = write(tmp_path / "new", {"dose.nrrd": b"one", "dose.png": b"two"})
    assert [path.name for path in written] == ["dose.nrrd", "dose.png", "doses.json"]
    index = json.loads((tmp_path / "new" / "doses.json").read_text())
    assert index["files"][0] == {"name": "dose.nrrd", "bytes": 3, "sha256": hashlib.sha256(b"one").hexdigest()}


@pytest.mark.parametrize("name", ["dose.nrrd", "dose.nii.gz", "doses.json"])
def test_existing_results_are_refused_and_untouched(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(ResultsExistError, match=f"holds results already \\({name}\\)"):
        write(tmp_path, {"dose.png": b"new"})
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {name: b"mine"}


def test_overwrite_replaces_the_whole_set_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, {"dose.nii.gz": b"old", "dose.png": b"old"})
    (tmp_path / "notes.txt").write_text("of a person")
    write(tmp_path, {"dose.nrrd": b"new"}, overwrite=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dose.nrrd", "doses.json", "notes.txt"]


def test_nothing_is_removed_before_the_first_file_is_written(tmp_path: Path) -> None:
    write(tmp_path, {"dose.nrrd": b"old"})
    ResultFolder(tmp_path, "doses.json", NAMES, overwrite=True)  # and then the case could not be read
    assert (tmp_path / "dose.nrrd").read_bytes() == b"old"
