"""Bookkeeping of `run_manifest` for large cohorts: time, memory and files, without the time of dosing.

Every case is a row of its own with settings of its own, so that no two share a key; all have the same tiny files, which
are hashed for each. The first case is dosed. Each further one takes the result of the first under its own row, name and
key. With "inline" this happens in the process of the runner, and its time is subtracted. With "processes" and "dask" it
happens in two other processes; dask's scheduler runs in the process of the runner and counts. What remains is the share
of the runner. It is stated as processor time, which other programs disturb less than the time of the clock.

    python benches/cohort.py --cases 1000 10000 100000
    python benches/cohort.py --cases 100000 --executor dask

One line of JSON for each size. The tables are asserted to hold every case once, in order.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as compute
import pyarrow.parquet as parquet

import yttria
from yttria.batch import run_manifest, write_manifest
from yttria.batch.content_hash import Options, identify
from yttria.batch.executors import Workers, dask, of_executor, processes
from yttria.batch.worker import CaseOutcome, Task, dose_all


class Here(Executor):
    """Runs each task at once, and counts the processor time spent in it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        began, future = time.process_time(), Future[Any]()
        future.set_result(function(*arguments, **keywords))
        self.seconds += time.process_time() - began
        return future


class Simulated(Executor):
    """Hands tasks to another executor; when the first case is dosed, the others take its result."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._first: Future[list[CaseOutcome]] | None = None

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        if function is not dose_all:
            return self._executor.submit(function, *arguments, **keywords)
        if self._first is not None and self._first.done():
            return self._executor.submit(like, self._first.result()[0], *arguments[:2])
        future = self._executor.submit(function, *arguments, **keywords)
        self._first = self._first or future
        return future


def like(first: CaseOutcome, tasks: Sequence[Task], options: Options) -> list[CaseOutcome]:
    """Outcomes of cases that are hashed as ever, with the doses of the first."""
    found = []
    for task in tasks:
        identity = task.identity or identify(task.case, options)
        found.append(
            replace(first, row=task.row, case_id=task.case.case_id, key=identity.key, signature=identity.signature)
        )
    return found


@contextmanager
def workers_of(executor: str, here: Here) -> Iterator[Workers]:
    """Workers that simulate; those of other processes have started."""
    if executor == "inline":
        yield of_executor(Simulated(here))
        return
    with dask("local", 2) if executor == "dask" else processes(2) as workers:
        workers.executor.submit(os.getpid).result()
        yield replace(workers, executor=Simulated(workers.executor))


def prepare(folder: Path, cases: int) -> Path:
    """Write a tiny case and the manifest that names it again and again."""
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    array = np.random.default_rng(1).uniform(0.0, 2.0, (8, 9, 10)).astype(np.float32)
    yttria.write_image(yttria.Image(array, affine, "MBq/mL"), folder / "activity.nrrd")
    structures = [yttria.Structure(name, array > level, affine) for name, level in (("Liver", 0.1), ("Tumor", 1.5))]
    yttria.write_structures(structures, folder / "structures.seg.nrrd")
    # Younger files are hashed each time.
    time.sleep(2.1)
    rows = [
        {
            "case_id": f"case {n:06}",
            "activity": "activity.nrrd",
            "structures": "structures.seg.nrrd",
            "scan_delay_h": 10.0 + n * 1e-4,
            "administered_activity_gbq": 1.5,
        }
        for n in range(cases)
    ]
    write_manifest(rows, folder / "manifest.csv")
    return folder / "manifest.csv"


def files_of(folder: Path) -> tuple[int, int, int]:
    """Number of files, most files of one folder, and bytes."""
    count = most = size = 0
    for at, _, names in os.walk(folder):
        count, most = count + len(names), max(most, len(names))
        size += sum((Path(at) / name).stat().st_size for name in names)
    return count, most, size


def agree(results: Path, cases: int) -> None:
    """Assert that the tables have every case once, in order, with a dose."""
    table = parquet.read_table(results / "doses.parquet", columns=["case_id", "structure", "metric", "value"])
    means = table.filter((compute.field("metric") == "mean_gy") & (compute.field("structure") == "Liver"))
    assert means["case_id"].to_pylist() == [f"case {n:06}" for n in range(cases)]
    assert not np.isnan(means["value"].to_numpy()).any()


def measure(cases: int, executor: str) -> dict[str, Any]:
    """Run one cohort in this process."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        manifest = prepare(folder, cases)
        here = Here()
        with workers_of(executor, here) as workers:
            began, used = time.perf_counter(), time.process_time()
            report = run_manifest(manifest, folder / "results", executor=nullcontext(workers))
            wall_s, used_s = time.perf_counter() - began, time.process_time() - used
        assert report.counts.done == cases
        count, most, size = files_of(folder / "results")
        used = time.process_time()
        report = run_manifest(manifest, folder / "results", executor=here)
        rerun_s = time.process_time() - used
        assert report.counts.known == cases
        memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        agree(folder / "results", cases)
    return {
        "cases": cases,
        "executor": executor,
        "wall_s": round(wall_s, 2),
        "wall_ms_per_case": round(wall_s / cases * 1e3, 3),
        "runner_processor_ms_per_case": round((used_s - here.seconds) / cases * 1e3, 3),
        "with_hashing_ms_per_case": round(used_s / cases * 1e3, 3) if executor == "inline" else None,
        "rerun_processor_ms_per_case": round(rerun_s / cases * 1e3, 3),
        "peak_memory_mib": round(memory_mib),
        "files": count,
        "most_files_in_a_folder": most,
        "mib": round(size / 2**20, 1),
    }


def main() -> None:
    """Measure each size in a process of its own, because memory is counted by its peak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--executor", choices=("inline", "processes", "dask"), default="inline")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for cases in options.cases:
        if options.here:
            print(json.dumps(measure(cases, options.executor)), flush=True)
        else:
            command = [sys.executable, __file__, "--here", "--cases", str(cases), "--executor", options.executor]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
