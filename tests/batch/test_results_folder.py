"""The folder of results: it belongs to one manifest, and files of the user stay."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

from batch_samples import cohort, contents, rows, write_files

from yttria.batch import run_manifest, write_manifest
from yttria.errors import ResultsExistError


def test_a_folder_of_results_belongs_to_one_manifest(tmp_path: Path) -> None:
    """Two hospitals with the same relative paths must not meet in one folder of results."""
    for hospital in "AB":
        (tmp_path / hospital).mkdir()
        write_files(tmp_path / hospital, 1)
        write_manifest(rows(4, 1), tmp_path / hospital / "m.csv")
    results = tmp_path / "results"
    run_manifest(tmp_path / "A" / "m.csv", results)
    before = contents(results)
    with pytest.raises(ResultsExistError, match=r"A/m\.csv"):
        run_manifest(tmp_path / "B" / "m.csv", results)
    assert contents(results) == before
    # While only a part is taken over, the tables wait for the rest, and do not show doses of the other manifest.
    assert run_manifest(tmp_path / "B" / "m.csv", results, overwrite=True, shard=(1, 2)).quarantined is None
    assert run_manifest(tmp_path / "B" / "m.csv", results, shard=(2, 2)).quarantined == 0


@pytest.mark.parametrize("name", ["doses.parquet", "status.json", "batch.json"])
def test_files_of_the_user_are_not_written_over(tmp_path: Path, name: str) -> None:
    manifest, results = cohort(tmp_path, 2), tmp_path / "mine"
    results.mkdir()
    (results / name).write_text("{}")
    with pytest.raises(ResultsExistError, match=name):
        run_manifest(manifest, results, overwrite=True)
    assert [(p.name, p.read_text()) for p in results.iterdir()] == [(name, "{}")]


def test_files_of_the_user_in_the_folder_of_results_stay(tmp_path: Path) -> None:
    write_files(tmp_path)
    write_manifest(rows(3), tmp_path / "manifest.csv")
    out = tmp_path / "out"
    mine = [out / "claims" / "insurance.pdf", out / "claims" / "2026" / "7", out / "maps" / "a" / ".hidden"]
    for path in mine:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
        os.utime(path, (1, 1))
    run_manifest(tmp_path / "manifest.csv", out)
    assert all(path.read_text() == "mine" for path in mine)


def test_manifest_and_results_can_be_moved_together(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    cohort(tmp_path / "here", 4)
    run_manifest(tmp_path / "here" / "manifest.csv", tmp_path / "here" / "results")
    (tmp_path / "here").rename(tmp_path / "there")
    report = run_manifest(tmp_path / "there" / "manifest.csv", tmp_path / "there" / "results")
    assert (report.counts.known, report.counts.done) == (4, 0)
    assert json.loads((tmp_path / "there" / "results" / "batch.json").read_text())["manifest"] == "../manifest.csv"
