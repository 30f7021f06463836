"""A second run on a folder of results: finished cases are not dosed again, and the newest result is shown."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

import pyarrow.parquet as pq
from batch_samples import cohort, contents, ledger_lines, rows, write_files

from yttria import errors
from yttria.batch import content_hash, run_manifest, write_manifest
from yttria.batch.ledger import CompletedIndex, Ledger


@pytest.mark.parametrize("young_s", [content_hash.YOUNG_S, -float("inf")], ids=["by content", "by times"])
def test_finished_cases_are_not_dosed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, young_s: float) -> None:
    monkeypatch.setattr(content_hash, "YOUNG_S", young_s)
    manifest, results = cohort(tmp_path, 8), tmp_path / "results"
    run_manifest(manifest, results)
    before = contents(results)
    parts = sorted((results / "parts").rglob("*.parquet"))

    again = run_manifest(manifest, results)
    assert (again.counts.known, again.counts.done) == (8, 0)
    assert contents(results) == before
    assert sorted((results / "parts").rglob("*.parquet")) == parts

    # Another name, other names of its files: the content is known.
    for kind in "as":
        (tmp_path / f"{kind}0.nii.gz").rename(tmp_path / f"{kind}9.nii.gz")
    renamed = [
        row | {"case_id": f"new {n}", "activity": f"a{n % 4 or 9}.nii.gz", "structures": f"s{n % 4 or 9}.nii.gz"}
        for n, row in enumerate(rows(8))
    ]
    write_manifest(renamed, manifest)
    assert run_manifest(manifest, results).counts.known == 8

    # Only cases with another content under the same name or another setting are done again.
    write_files(tmp_path, 1)
    (tmp_path / "a9.nii.gz").write_bytes((tmp_path / "a0.nii.gz").read_bytes())
    (tmp_path / "s9.nii.gz").write_bytes((tmp_path / "s1.nii.gz").read_bytes())
    renamed[1]["density_g_per_ml"] = 1.04
    write_manifest(renamed, manifest)
    changed = run_manifest(manifest, results)
    assert (changed.counts.known, changed.counts.done) == (5, 3)


@pytest.mark.claim("batch_rerun")
def test_cases_of_a_damaged_ledger_or_a_lost_part_are_dosed_again(tmp_path: Path) -> None:
    manifest, results = cohort(tmp_path, 300), tmp_path / "results"
    run_manifest(manifest, results)
    before = contents(results)
    (ledger,) = (results / "ledger").glob("*.jsonl")
    ledger.write_bytes(ledger.read_bytes()[:-30])
    lost = json.loads(ledger_lines(results)[0])["part"]
    repeated = pq.read_table(results / "parts" / lost).num_rows
    (results / "parts" / lost).unlink()
    report = run_manifest(manifest, results)
    assert report.counts.known + report.counts.done == 300
    assert repeated <= report.counts.done < 300
    assert contents(results) == before


@pytest.mark.claim("batch_rerun")
@pytest.mark.parametrize("where", ["magic", "key", "mean_gy.list.element", "footer"])
def test_damaged_results_are_found_and_dosed_again(tmp_path: Path, where: str) -> None:
    manifest, results = cohort(tmp_path, 6), tmp_path / "out"
    run_manifest(manifest, results)
    before = contents(results)
    (part,) = (results / "parts").rglob("*.parquet")
    whole = bytearray(part.read_bytes())
    ends = {"magic": 5, "footer": len(whole) - 1}
    at = (ends[where] if where in ends else end_of_column(part, where)) - 5
    whole[at : at + 5] = bytes(byte ^ 0xFF for byte in whole[at : at + 5])
    part.write_bytes(whole)
    with pytest.raises(errors.FileFormatError, match=r"damaged.*run again"):
        run_manifest(manifest, results)
    assert run_manifest(manifest, results).counts.done == 6
    assert contents(results) == before


def end_of_column(part: Path, name: str) -> int:
    """Find the end of the values of a column. A change of statistics in the headers before them is harmless."""
    columns = pq.ParquetFile(part).metadata.row_group(0)
    found = next(c for c in map(columns.column, range(columns.num_columns)) if c.path_in_schema == name)
    start = found.dictionary_page_offset or found.data_page_offset
    return int(start + found.total_compressed_size)


def test_the_result_of_the_run_that_began_last_counts(tmp_path: Path) -> None:
    older, newer = Ledger(tmp_path), Ledger(tmp_path)
    line = {"entry": "0" * 31 + "1", "signature": None, "part": "aa/b.parquet", "at": 0}
    (tmp_path / "parts" / "aa").mkdir(parents=True)
    (tmp_path / "parts" / "aa" / "b.parquet").touch()
    newer.append([line | {"key": "b" * 32}])
    older.append([line | {"key": "a" * 32}])
    assert CompletedIndex(tmp_path).key_of(str(line["entry"])) == "b" * 32
    newer.close()
    older.close()


def test_the_tables_show_the_failure_of_a_replaced_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest, results = cohort(tmp_path, 2), tmp_path / "out"
    for n, ahead_s in enumerate((172_800, 86_400, 0, -86_400)):
        with monkeypatch.context() as clock:
            clock.setattr(time, "time", lambda now=time.time, s=ahead_s: now() + s)
            if n % 2:
                (tmp_path / "a0.nii.gz").write_bytes(b"damaged")
            else:
                write_files(tmp_path, 1)
            report = run_manifest(manifest, results)
        assert report.quarantined == n % 2
        shown = pq.read_table(results / "cases.parquet")["case_id"].to_pylist()
        assert shown == (["case 0001"] if n % 2 else ["case 0000", "case 0001"])
