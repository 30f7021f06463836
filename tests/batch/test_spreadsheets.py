"""Manifests as spreadsheets write them, and rows that are no cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa
import pyarrow.parquet as pq
from batch_samples import cohort, contents, rows, write_files

from yttria.batch import ManifestError, check_manifest, read_manifest, run_manifest, write_manifest
from yttria.batch.manifest import manifest_note
from yttria.errors import FileFormatError

pytestmark = pytest.mark.thread_unsafe(reason="the tests of the file write into one folder")

HEADER = ["case_id", "activity", "structures", "relative_to", "administered_activity_gbq", "lung_shunt_fraction"]


ROW = ["M\u00fcller", "a0.nii.gz", "s0.nii.gz", "Normal liver", "1.25", "0.05"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("spreadsheets")
    write_files(path, 1)
    return path


def table(delimiter: str, *more: list[str], comma: bool = False) -> str:
    cells = [HEADER, ROW, *more]
    return "".join(
        delimiter.join(c.replace(".", ",") if comma and c[0].isdigit() else c for c in row) + "\r\n" for row in cells
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("first", ["", "sep="])
def test_a_manifest_of_any_spreadsheet_is_read_and_named(
    folder: Path, delimiter: str, encoding: str, first: str
) -> None:
    path = folder / "m.csv"
    head = f"sep={delimiter}\r\n" if first else ""
    path.write_bytes((head + table(delimiter)).encode(encoding))
    assert check_manifest(path) == (1, [])
    (row,) = read_manifest(path)
    assert (row.case.case_id, row.case.administered_activity_gbq) == ("M\u00fcller", 1.25)
    note = manifest_note(path)
    assert (note is None) == (delimiter == "," and encoding.startswith("utf-8"))
    assert encoding != "cp1252" or "Windows-1252" in str(note)


def test_a_decimal_comma_is_read_beside_semicolons_and_refused_beside_tabs(folder: Path) -> None:
    path = folder / "m.csv"
    path.write_text(table(";", comma=True), encoding="utf-8")
    assert next(read_manifest(path)).case.administered_activity_gbq == 1.25
    path.write_text(table("\t", comma=True), encoding="utf-8")
    assert "decimal point, got '1,25'" in check_manifest(path)[1][0].message
    path.write_text(table(";").replace("1.25", "1,400"), encoding="utf-8")
    assert "could be 1.400 or 1400" in check_manifest(path)[1][0].message


@pytest.mark.parametrize("cell", ["1_4", "nan", "inf", "1.4 GBq", "\uff11", "0x10", "True"])
def test_a_cell_that_only_looks_like_a_number_is_refused(folder: Path, cell: str) -> None:
    path = folder / "m.csv"
    path.write_text(table(",").replace("1.25", cell), encoding="utf-8")
    assert "must be a number" in check_manifest(path)[1][0].message


@pytest.mark.parametrize("value", [True, b"1", "1_4"])
def test_a_parquet_cell_that_is_no_number_is_refused(folder: Path, value: Any) -> None:
    columns = {name: [cell] for name, cell in zip(HEADER, ROW, strict=True)}
    pq.write_table(pa.table(columns | {"administered_activity_gbq": [value]}), folder / "m.parquet")
    (problem,) = check_manifest(folder / "m.parquet")[1]
    assert (problem.column, problem.line) == ("administered_activity_gbq", None)
    assert "must be a number" in problem.message


def test_case_ids_that_are_numbers_in_parquet_are_texts(folder: Path) -> None:
    columns: dict[str, Any] = {name: [cell] for name, cell in zip(HEADER, ROW, strict=True)}
    pq.write_table(pa.table(columns | {"case_id": [17], "administered_activity_gbq": [1]}), folder / "m.parquet")
    assert next(read_manifest(folder / "m.parquet")).case.case_id == "17"


def test_lines_are_those_of_the_spreadsheet(folder: Path) -> None:
    path = folder / "m.csv"
    bad = ["b", "a0.nii.gz", "s0.nii.gz", "Normal liver", "x", "0.05"]
    path.write_text(table(",", [""] * 6, ['"two\nlines"', *ROW[1:]], [], bad), encoding="utf-8")
    count, (problem,) = check_manifest(path)
    # Header, case, blank row, a cell of two lines, blank row, and then this.
    assert (count, problem.row, problem.line, problem.case_id) == (3, 3, 6, "b")
    assert str(problem).startswith("line 6 (case 'b'), administered_activity_gbq: ")


@pytest.mark.parametrize("cut", [0.3, 0.7])
def test_a_damaged_parquet_manifest_is_an_error_of_yttria(folder: Path, cut: float) -> None:
    path = folder / "damaged.parquet"
    write_manifest(rows(3000), path)
    whole = bytearray(path.read_bytes())
    at = int(cut * len(whole))
    whole[at // 4 : at // 4 + 400] = bytes(400)
    path.write_bytes(whole)
    with pytest.raises(FileFormatError, match="not a readable Parquet"):
        check_manifest(path)


def test_a_formula_in_a_case_id_is_text_in_the_file_and_is_read_back(folder: Path) -> None:
    path = folder / "m.csv"
    names = ["=1+1", "'=1", "-x", "@a", "plain", "'quoted'"]
    write_manifest([row | {"case_id": name} for row, name in zip(rows(6, 1), names, strict=True)], path)
    assert [row.case.case_id for row in read_manifest(path)] == names
    assert not any(line.startswith(("=", "-", "@", '"=')) for line in path.read_text().splitlines())


def test_a_manifest_that_cannot_be_written_leaves_the_old_one_whole(folder: Path) -> None:
    for name in ("keep.csv", "keep.parquet"):
        path = folder / name
        write_manifest(rows(3), path)
        before = path.read_bytes()

        def failing() -> Any:
            yield from rows(2)
            raise OSError("no space left")

        with pytest.raises(OSError, match="no space"):
            write_manifest(failing(), path)
        assert path.read_bytes() == before
    assert not list(folder.glob(".keep*"))


def test_faulty_rows_are_in_quarantine_and_stop_no_other_case(tmp_path: Path) -> None:
    manifest, results = cohort(tmp_path, 12), tmp_path / "results"
    run_manifest(manifest, results)
    good = pq.read_table(results / "doses.parquet").to_pylist()
    declared = rows(12)
    declared[2]["administered_activity_gbq"] = 1400.0
    declared[4] |= {"activity": "nul\0.nii.gz"}
    declared[7]["case_id"] = declared[8]["case_id"]
    write_manifest(declared, manifest)
    report = run_manifest(manifest, results)
    assert (report.counts.known, report.counts.done, report.counts.failed, report.quarantined) == (8, 0, 4, 4)
    lost = pq.read_table(results / "quarantine.parquet").to_pylist()
    assert [(q["row"], q["line"], q["error"]) for q in lost] == [(n, n + 1, "ManifestError") for n in (3, 5, 8, 9)]
    assert "did you mean 1.4?" in lost[0]["message"]
    assert "null characters" in lost[1]["message"]
    assert "must be unique" in lost[2]["message"]
    bad = {rows(12)[n]["case_id"] for n in (2, 4, 7, 8)}
    assert pq.read_table(results / "doses.parquet").to_pylist() == [row for row in good if row["case_id"] not in bad]
    # Shards count them once each.
    reports = [run_manifest(manifest, tmp_path / "sharded", shard=(n, 2)) for n in (1, 2)]
    assert [r.counts.failed for r in reports] == [3, 1]
    assert contents(tmp_path / "sharded") == contents(results)
    with pytest.raises(ManifestError, match="line 4"):
        run_manifest(manifest, results, strict=True)


def test_a_row_that_differs_from_a_faulty_one_only_by_its_id_is_dosed(tmp_path: Path) -> None:
    write_files(tmp_path, 1)
    (row,) = rows(1)
    write_manifest([row | {"case_id": name} for name in ("a", "b", "b")], tmp_path / "m.csv")
    assert run_manifest(tmp_path / "m.csv", tmp_path / "out").quarantined == 2
    assert pq.read_table(tmp_path / "out" / "cases.parquet")["case_id"].to_pylist() == ["a"]


def test_a_manifest_that_changes_during_the_run_gives_no_tables(tmp_path: Path) -> None:
    manifest, results = cohort(tmp_path, 3), tmp_path / "results"

    def edit(run: Any, wall_s: float) -> None:
        write_manifest(rows(2), manifest)

    with pytest.raises(FileFormatError, match="changed while its cases were dosed"):
        run_manifest(manifest, results, on_progress=edit)
    assert not (results / "doses.parquet").exists()
    assert run_manifest(manifest, results).quarantined == 0
