"""Hostile cases: each is an error of its own row, and every name that a file can hold goes through every command."""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
import signal
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("typer")

import pyarrow.parquet as pq
from batch_samples import TABLES, cohort, contents, finished, rows, start, write_files
from typer.testing import CliRunner

import yttria
from yttria import errors
from yttria.batch import ManifestError, Problem, executors, run_manifest, work, write_manifest
from yttria.batch.ledger import lines
from yttria.cli.app import app
from yttria.errors import YttriaError

NAMES = (
    "Liver [/]",
    "Tumor [left]",
    "=1+1",
    "@SUM(A1)",
    "$x_",
    "_hidden",
    "a\x1b[2Jb",
    "x\u202ey",
    "half \ud800",
    "a\nb",
)


def invoke(*arguments: str | Path, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["batch", *map(str, arguments)], env={"COLUMNS": "300", "TERM": "dumb"})
    assert done.exit_code == code, done.output
    return done.output


# Names


def test_hostile_names_go_through_a_batch_as_they_are(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    write_files(tmp_path, 1)
    image = yttria.read_image(tmp_path / "a0.nii.gz")
    mask = np.zeros(image.array.shape, bool)
    mask[2:8, 1:10, 2:7] = True
    names = [name for name in NAMES if name.isprintable() or name.startswith("half")]
    affine = image.affine_lps
    yttria.write_structures(
        [yttria.Structure(n.replace("\ud800", "?"), mask, affine) for n in names], tmp_path / "s.seg.nrrd"
    )
    declared = {"activity": "a0.nii.gz", "structures": "s.seg.nrrd", "scan_delay_h": 1.0, "unit": None}
    yttria.write_image(image.with_array(image.array * 1e4, "Bq/mL"), tmp_path / "a0.nrrd")
    cases = [declared | {"case_id": name, "activity": "a0.nrrd"} for name in NAMES]
    write_manifest([*cases, cases[0] | {"case_id": "lost [/]", "activity": "[red]\x1b[2J.nrrd"}], tmp_path / "m.csv")
    invoke("check", tmp_path / "m.csv", code=1)
    invoke("run", tmp_path / "m.csv", "-o", tmp_path / "[b]", "--executor", "threads", code=3)
    text = invoke("summary", tmp_path / "[b]")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert all(name in text for name in ("Liver [/]", "Tumor [left]", "=1+1", "lost [/]", "[red]\\x1b[2J.nrrd"))
    cases_written = pq.read_table(tmp_path / "[b]" / "cases.parquet")["case_id"].to_pylist()
    assert cases_written[:8] == list(NAMES[:8])


# Errors that cross a process


@pytest.mark.parametrize(
    "error",
    [
        *(kind("text") for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, YttriaError)),
        ManifestError(Path("m.csv"), [Problem(row=1, column="unit", message="wrong", line=2, case_id="a")]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_can_be_pickled(error: YttriaError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
    assert vars(again) == vars(error)
    # As tools rebuild exceptions that keep their traceback (tblib, which dask brings).
    assert type(type(error).__new__(type(error), *error.args)) is type(error)


class AwkwardError(Exception):
    """An error of a library that cannot be pickled, has no message and is no `ValueError`."""

    def __init__(self, a: int, *, b: int) -> None:
        super().__init__(a, b)
        self.lock = io.BytesIO()

    def __str__(self) -> str:
        raise RuntimeError("no text")


class Panic(BaseException):
    """As a panic of compiled code."""


def _read_awkward(case: Any) -> Any:
    raise {"case 0001": AwkwardError(1, b=2), "case 0002": Panic("index"), "case 0003": MemoryError()}.get(
        case.case_id, ValueError("usual \ud800")
    )


def _awkward_in_worker() -> None:
    work.read_case = _read_awkward  # type: ignore[assignment]


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_any_error_of_a_worker_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    manifest = cohort(tmp_path, 4)
    pool: Executor
    if kind == "threads":
        monkeypatch.setattr(work, "read_case", _read_awkward)
        pool = ThreadPoolExecutor(2)
    else:
        pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_awkward_in_worker)
    with pool:
        assert run_manifest(manifest, tmp_path / "out", executor=pool).quarantined == 4
    found = pq.read_table(tmp_path / "out" / "quarantine.parquet").to_pylist()
    assert [q["error"] for q in found] == ["ValueError", "AwkwardError", "Panic", "MemoryError"]
    assert found[0]["message"] == "usual \\ud800"


# Files that hang


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes as POSIX has them")
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_pipe_in_place_of_a_file_is_that_rows_error(tmp_path: Path, executor: str) -> None:
    write_files(tmp_path, 2)
    os.mkfifo(tmp_path / "pipe.nii.gz")
    (tmp_path / "series").mkdir()
    os.mkfifo(tmp_path / "series" / "pipe")
    (tmp_path / "values.nrrd").write_text(
        "NRRD0004\ntype: float\ndimension: 3\nspace: LPS\nsizes: 2 2 2\nspace directions: (1,0,0) (0,1,0) (0,0,1)\n"
        "space origin: (0,0,0)\nencoding: raw\nendian: little\ndata file: pipe.nii.gz\n\n"
    )
    np.savetxt(tmp_path / "t.txt", np.eye(4))
    change: list[dict[str, Any]] = [
        {},
        {"activity": "pipe.nii.gz"},
        {"structures": "pipe.nii.gz"},
        {"structures_transform": "pipe.nii.gz"},
        {"activity": "values.nrrd", "unit": "counts"},
        {"activity": "series"},
        {"activity": "/dev/zero"},
        {"ct": "pipe.nii.gz", "method": "local_deposition"},
    ]
    write_manifest([row | c for row, c in zip(rows(8, 2), change, strict=True)], tmp_path / "m.csv")
    began = time.monotonic()
    out = finished(
        start("batch", "run", tmp_path / "m.csv", "-o", tmp_path / "out", "--executor", executor, "--json"), 3
    )
    assert (json.loads(out)["done"], json.loads(out)["failed"]) == (1, 7)
    assert time.monotonic() - began < 60
    found = pq.read_table(tmp_path / "out" / "quarantine.parquet").to_pylist()
    assert sum("regular file" in q["message"] for q in found) == 6


# Kills and clocks


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_runner_killed_under_a_clock_of_tomorrow_holds_nobody_up(tmp_path: Path) -> None:
    manifest, results = cohort(tmp_path, 400), tmp_path / "out"
    command = ("batch", "run", manifest, "-o", results, "--executor", "threads", "-n", "1")
    process = start(*command)
    end = time.monotonic() + 60
    while not any(True for _ in lines(results)):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    # As its files would be, had its clock been a day ahead, on another machine.
    tomorrow = time.time() + 86_400
    for path in [*(results / "runners").iterdir(), *(p for p in (results / "claims").rglob("*") if p.is_file())]:
        path.write_text(
            path.read_text().replace(f'"pid": {process.pid}', '"pid": 1').replace('"host": "', '"host": "x')
        )
        os.utime(path, (tomorrow, tomorrow))
    began = time.monotonic()
    finished(start(*command))
    assert time.monotonic() - began < 50
    run_manifest(manifest, tmp_path / "undisturbed")
    assert contents(results) == contents(tmp_path / "undisturbed")


def test_a_row_settled_again_while_another_runner_is_at_work_shows_what_was_found_last(tmp_path: Path) -> None:
    """A second look comes after what it looked at, though its run began before."""
    from yttria.batch.ledger import Known, Ledger

    older = Ledger(tmp_path)
    newer = Ledger(tmp_path)
    line = {"entry": "0" * 31 + "1", "signature": None, "part": "aa/b.parquet", "at": 0}
    (tmp_path / "parts" / "aa").mkdir(parents=True)
    (tmp_path / "parts" / "aa" / "b.parquet").touch()
    newer.append([line | {"key": "a" * 32}])
    older.close()
    again = Ledger(tmp_path)
    again.append([line | {"key": "b" * 32}])
    assert Known(tmp_path).key_of(str(line["entry"])) == "b" * 32
    newer.close()
    again.close()


def test_a_replaced_scan_then_a_failure_is_what_the_tables_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_tables_of_doses_written_as_csv_hold_no_formula(tmp_path: Path) -> None:
    from yttria._foundation.csv_tables import write_csv

    write_csv(tmp_path / "d.csv", [{"structure": name.replace("\ud800", ""), "mean_gy": -1.5} for name in NAMES])
    with (tmp_path / "d.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            assert not row["structure"].startswith(("=", "+", "-", "@", "\t", "\r"))
            assert float(row["mean_gy"]) == -1.5


@pytest.mark.parametrize("make", [executors.threads])
def test_a_case_out_of_memory_is_that_rows_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    honest = work.dose_case

    def hungry(case: Any, *arguments: Any, **keywords: Any) -> Any:
        if case.case_id == "case 0001":
            raise errors.InsufficientMemoryError("the work needs more memory than is available")
        return honest(case, *arguments, **keywords)

    monkeypatch.setattr(work, "dose_case", hungry)
    report = run_manifest(cohort(tmp_path, 3), tmp_path / "out", executor=make(1))
    assert (report.counts.done, report.quarantined) == (2, 1)


def test_anonymous_tables_hold_no_case_id_and_no_path(tmp_path: Path) -> None:
    folder = tmp_path / "Doe_Jane"
    folder.mkdir()
    manifest = cohort(folder, 4)
    declared = [row | {"case_id": f"Doe^Jane {n}"} for n, row in enumerate(rows(4))]
    declared[2]["activity"] = "lost Doe.nii.gz"
    declared[3]["administered_activity_gbq"] = 1400.0
    write_manifest(declared, manifest)
    results = tmp_path / "out"
    invoke("run", manifest, "-o", results, "--executor", "threads", "--anonymous", code=3)
    assert pq.read_table(results / "cases.parquet")["case_id"].to_pylist() == ["case 1", "case 2"]
    for name in TABLES:
        text = json.dumps(pq.read_table(results / name).to_pylist())
        assert "Doe" not in text, name
        assert "nii" not in text, name
    assert "Doe" not in invoke("summary", results).replace(str(tmp_path), "")
    with pytest.raises(errors.ArgumentError, match="RTDOSE"):
        run_manifest(manifest, results, anonymous=True, maps="dcm")
    # Nothing is lost: without the option, the tables name every case again.
    assert run_manifest(manifest, results).counts.known == 2
    assert "Doe^Jane 0" in pq.read_table(results / "cases.parquet")["case_id"].to_pylist()


@pytest.mark.parametrize("where", [0.0, 0.3, 0.6, 0.999], ids=["magic", "page", "page", "footer"])
def test_damaged_results_on_the_disk_are_noticed_and_repeated(tmp_path: Path, where: float) -> None:
    manifest, results = cohort(tmp_path, 6), tmp_path / "out"
    run_manifest(manifest, results)
    before = contents(results)
    (part,) = (results / "parts").rglob("*.parquet")
    whole = bytearray(part.read_bytes())
    at = min(int(where * len(whole)), len(whole) - 6)
    whole[at : at + 5] = bytes(byte ^ 0xFF for byte in whole[at : at + 5])
    part.write_bytes(whole)
    with pytest.raises(errors.FileFormatError, match=r"damaged.*run again"):
        run_manifest(manifest, results)
    assert run_manifest(manifest, results).counts.done == 6
    assert contents(results) == before
