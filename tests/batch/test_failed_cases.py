"""A case that fails is a row of the quarantine with its reason, and changes no other case."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")

import pyarrow.parquet as pq
from batch_samples import cohort, contents, finished, rows, start, undisturbed_run, write_files

import yttria
from conftest import SUPPORT
from yttria import errors
from yttria.batch import Case, ManifestError, Problem, executors, run_manifest, worker, write_manifest
from yttria.batch.ledger import CompletedIndex
from yttria.case import read_case
from yttria.errors import YttriaError

COUNT = 70


@pytest.mark.claim("batch_bad_case")
def test_a_failed_case_changes_no_other_result(tmp_path: Path) -> None:
    manifest, results = cohort(tmp_path, COUNT), tmp_path / "results"
    good = {n: (tmp_path / f"a{n}.nii.gz").read_bytes() for n in range(4)}
    (tmp_path / "a1.nii.gz").write_bytes(good[1][:-200])
    image = yttria.read_image(tmp_path / "a2.nii.gz")
    bad = image.array.copy()
    bad[3, 4, 5] = np.nan
    yttria.write_image(image.with_array(bad, image.unit), tmp_path / "a2.nii.gz")
    (tmp_path / "a3.nii.gz").unlink()
    report = run_manifest(manifest, results)
    assert (report.state, report.counts.failed, report.quarantined) == ("complete", 52, 52)
    found = pq.read_table(results / "quarantine.parquet").to_pylist()
    assert [q["row"] for q in found] == [n + 1 for n in range(COUNT) if n % 4]
    assert [q["error"] for q in found[:3]] == ["FileFormatError", "OutOfRangeError", "FileNotFoundError"]
    assert "(3, 4, 5)" in found[1]["message"]
    assert set(json.loads(found[1]["sha256"])) == {"activity", "structures"}
    assert pq.read_table(results / "cases.parquet").num_rows == 18

    for n, content in good.items():
        (tmp_path / f"a{n}.nii.gz").write_bytes(content)
    report = run_manifest(manifest, results)
    assert (report.counts.known, report.counts.done, report.quarantined) == (18, 52, 0)
    assert contents(results) == undisturbed_run(manifest)


def test_a_case_that_fails_after_it_was_done_is_in_quarantine(tmp_path: Path) -> None:
    manifest, results = cohort(tmp_path, 4), tmp_path / "results"
    run_manifest(manifest, results)
    before = contents(results)
    (tmp_path / "a1.nii.gz").rename(tmp_path / "away")
    assert run_manifest(manifest, results).quarantined == 1
    (tmp_path / "away").rename(tmp_path / "a1.nii.gz")
    report = run_manifest(manifest, results)
    assert (report.counts.known, report.counts.done, report.quarantined) == (4, 0, 0)
    assert contents(results) == before


@pytest.mark.claim("batch_bad_case")
def test_a_file_that_changes_while_it_is_read_gives_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = cohort(tmp_path, 1)

    def read_and_change(case: Case) -> Any:
        inputs = read_case(case)
        write_files(tmp_path, 1)
        return inputs

    monkeypatch.setattr(worker, "read_case", read_and_change)
    assert run_manifest(manifest, tmp_path / "results").quarantined == 1
    found = pq.read_table(tmp_path / "results" / "quarantine.parquet").to_pylist()
    assert "changed while it was read" in found[0]["message"]


def test_too_many_failures_stop_the_run_and_keep_finished_cases(tmp_path: Path) -> None:
    manifest, results = cohort(tmp_path, COUNT), tmp_path / "results"
    (tmp_path / "a1.nii.gz").unlink()
    report = run_manifest(manifest, results, executor=executors.threads(1), max_failures=2)
    assert report.state == "too many failures"
    assert report.counts.failed < 8
    assert len(CompletedIndex(results)) == report.counts.done > 0
    assert not (results / "doses.parquet").exists()
    assert json.loads((results / "status.json").read_text())["state"] == "too many failures"


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
    """An error like a panic of compiled code."""


def _read_awkward(case: Any) -> Any:
    raise {"case 0001": AwkwardError(1, b=2), "case 0002": Panic("index"), "case 0003": MemoryError()}.get(
        case.case_id, ValueError("usual \ud800")
    )


def _awkward_in_worker() -> None:
    worker.read_case = _read_awkward  # type: ignore[assignment]


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_any_error_of_a_worker_is_a_row_of_the_quarantine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    manifest = cohort(tmp_path, 4)
    pool: Executor
    if kind == "threads":
        monkeypatch.setattr(worker, "read_case", _read_awkward)
        pool = ThreadPoolExecutor(2)
    else:
        pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_awkward_in_worker)
    with pool:
        assert run_manifest(manifest, tmp_path / "out", executor=pool).quarantined == 4
    found = pq.read_table(tmp_path / "out" / "quarantine.parquet").to_pylist()
    assert [q["error"] for q in found] == ["ValueError", "AwkwardError", "Panic", "MemoryError"]
    assert found[0]["message"] == "usual \\ud800"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes as POSIX has them")
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_pipe_in_place_of_a_file_is_an_error_of_its_case(tmp_path: Path, executor: str) -> None:
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


@pytest.mark.parametrize("make", [executors.threads])
def test_a_case_without_enough_memory_is_an_error_of_that_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    honest = worker.dose_case

    def hungry(case: Any, *arguments: Any, **keywords: Any) -> Any:
        if case.case_id == "case 0001":
            raise errors.InsufficientMemoryError("the work needs more memory than is available")
        return honest(case, *arguments, **keywords)

    monkeypatch.setattr(worker, "dose_case", hungry)
    report = run_manifest(cohort(tmp_path, 3), tmp_path / "out", executor=make(1))
    assert (report.counts.done, report.quarantined) == (2, 1)


def test_a_case_that_kills_its_worker_is_the_only_one_lost(tmp_path: Path) -> None:
    script = tmp_path / "dies.py"
    script.write_text(
        "import os, sys\n"
        f"sys.path.insert(0, {str(SUPPORT)!r})\n"
        "import yttria.batch.worker as worker\n"
        "honest = worker.read_case\n"
        "def read_case(case):\n"
        "    if case.case_id == 'case 0005':\n"
        "        os._exit(9)\n"
        "    return honest(case)\n"
        "worker.read_case = read_case\n"
        "if __name__ == '__main__':\n"
        "    from pathlib import Path\n"
        "    from batch_samples import cohort\n"
        "    from yttria.batch import executors, run_manifest\n"
        "    folder = Path(sys.argv[1])\n"
        "    report = run_manifest(cohort(folder, 24), folder / 'results', executor=executors.processes(2))\n"
        "    print(report.state, report.counts.done, report.quarantined)\n"
    )
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["complete", "23", "1"], done.stderr[-2000:]
    (lost,) = pq.read_table(tmp_path / "results" / "quarantine.parquet").to_pylist()
    assert (lost["case_id"], lost["error"]) == ("case 0005", "WorkerDiedError")
