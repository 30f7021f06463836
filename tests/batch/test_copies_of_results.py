"""Further forms of the results of a batch: files named by case, pictures, tables as CSV."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

import pyarrow.parquet as pq
from batch_samples import TABLES, contents, rows, write_files

from yttria import report
from yttria._foundation.csv_tables import as_written
from yttria.batch import named_results, run_manifest, write_manifest
from yttria.batch.named_results import file_stem

HOSTILE = [
    "=1+1",
    "a/../../b",
    "CON",
    "Leber\u00e4",
    "\u202ename",
    "leber\u00e4",
    " . ",
    "-rf",
    "x" * 300,
    "Lebera\u0308",
]


def cohort_of(folder: Path, ids: list[str]) -> Path:
    write_files(folder, 1)
    found = [row | {"case_id": name} for row, name in zip(rows(len(ids), 1), ids, strict=True)]
    write_manifest(found, folder / "manifest.csv")
    return folder / "manifest.csv"


def by_case(results: Path) -> dict[str, bytes]:
    inside = results / "by_case"
    return {path.relative_to(inside).as_posix(): path.read_bytes() for path in inside.rglob("*") if path.is_file()}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return cohort_of(tmp_path, HOSTILE)


def test_each_map_is_named_after_its_case_for_any_name(manifest: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    run_manifest(manifest, results, maps="nii.gz")
    files = by_case(results)
    with (results / "by_case" / "names.csv").open(encoding="utf-8", newline="") as file:
        listed = {as_written(row["case_id"]): row for row in csv.DictReader(file)}
    assert list(listed) == HOSTILE
    for case in pq.read_table(results / "cases.parquet").to_pylist():
        row = listed[case["case_id"]]
        assert (row["result"], row["key"]) == (case["dose_map"], case["key"])
        assert files[as_written(row["file"])] == (results / case["dose_map"]).read_bytes()
    names = {name.casefold() for name in files} - {"names.csv"}
    assert len(names) == len(HOSTILE)
    assert "leber\u00e4.nii.gz" in names
    assert {"con_row_3.nii.gz", "=1+1.nii.gz", "rf_row_8.nii.gz"} <= names
    assert all("/" not in name and len(name) < 120 for name in names)


@pytest.mark.parametrize("name", HOSTILE)
def test_file_names_of_cases_are_plain_and_reproducible(name: str) -> None:
    stem = file_stem(name, 4)
    assert file_stem(stem, 4) == stem
    assert Path(stem).name == stem
    assert stem.isprintable()


def test_names_follow_the_manifest_and_leave_other_files_alone(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results"
    monkeypatch.setattr(named_results, "_IN_ONE_FOLDER", 4)
    run_manifest(manifest, results, maps="nii")
    assert {"rows_1_to_4/=1+1.nii", "rows_5_to_8/rf_row_8.nii"} <= set(by_case(results))
    (results / "by_case" / "mine.txt").write_text("kept")
    renamed = rows(2, 1)
    write_manifest(renamed, manifest)
    report = run_manifest(manifest, results, maps="nii")
    assert report.counts.known == 2
    assert set(by_case(results)) == {"case 0000.nii", "case 0001.nii", "names.csv", "mine.txt"}
    assert not (results / "by_case" / "rows_1_to_4").exists()


def test_an_edited_list_of_names_removes_no_file_elsewhere(manifest: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    run_manifest(manifest, results, maps="nii")
    outside = tmp_path / "outside.txt"
    outside.write_text("kept")
    names = results / "by_case" / "names.csv"
    names.write_text(names.read_text() + f"../../outside.txt,9,x,x,x\n{outside},9,x,x,x\n")
    run_manifest(manifest, results, maps="nii")
    assert outside.read_text() == "kept"


def test_maps_are_named_after_cases_if_links_are_refused(
    manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> None:
        raise OSError("no links here")

    monkeypatch.setattr("os.link", refuse)
    run_manifest(manifest, tmp_path / "symbolic", maps="nii")
    monkeypatch.setattr(Path, "symlink_to", refuse)
    run_manifest(manifest, tmp_path / "copied", maps="nii")
    assert by_case(tmp_path / "symbolic") == by_case(tmp_path / "copied")


def test_a_picture_of_each_case_is_drawn_once(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    manifest, results = cohort_of(tmp_path, ["a", "b"]), tmp_path / "results"
    run_manifest(manifest, results, pictures=True)
    files = by_case(results)
    assert set(files) == {"a.png", "b.png", "names.csv"}
    assert files["a.png"].startswith(b"\x89PNG")
    assert files["a.png"] != files["b.png"]
    again = run_manifest(manifest, results, pictures=True)
    assert again.counts.known == 2
    # Without pictures they are other results, and no picture is shown beside them.
    assert run_manifest(manifest, results).counts.done == 2
    assert set(by_case(results)) == {"names.csv"}


def test_a_picture_that_cannot_be_drawn_is_a_warning_beside_the_doses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")

    def refuse(*arguments: Any, **keywords: Any) -> None:
        raise ValueError("no ink")

    monkeypatch.setattr(report, "dose_figure", refuse)
    assert run_manifest(cohort_of(tmp_path, ["a"]), tmp_path / "results", pictures=True).quarantined == 0
    (case,) = pq.read_table(tmp_path / "results" / "cases.parquet").to_pylist()
    assert case["picture"] is None
    assert "picture_failed" in {advisory["code"] for advisory in json.loads(case["advisories"])}


def test_tables_as_csv_hold_the_values_of_parquet(manifest: Path, tmp_path: Path) -> None:
    broken = rows(1, 1)[0] | {"case_id": "@missing", "activity": "nothing.nii.gz"}
    found = [row | {"case_id": name} for row, name in zip(rows(len(HOSTILE), 1), HOSTILE, strict=True)]
    write_manifest([*found, broken], manifest)
    results = tmp_path / "results"
    run_manifest(manifest, results, csv=True)
    for name in TABLES:
        expected = pq.read_table(results / name).to_pylist()
        with (results / name).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
            text = list(csv.DictReader(file))
        assert len(text) == len(expected) > 0
        for got, row in zip(text, expected, strict=True):
            assert list(got) == list(row)
            for column, value in row.items():
                if isinstance(value, list):
                    assert [float(word) for word in got[column].split()] == value
                elif isinstance(value, float):
                    assert float(got[column]) == value
                elif column != "case_id":
                    assert as_written(got[column]) == ("" if value is None else str(value))
            assert not got["case_id"].startswith(("=", "@"))
    before = contents(results)
    run_manifest(manifest, results)
    assert contents(results) == before
    assert not list(results.glob("*.csv"))
