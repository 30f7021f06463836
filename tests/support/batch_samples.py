"""A cohort of tiny cases: many rows over few files, every row with a key of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np

import yttria
from yttria.batch import run_manifest, write_manifest

TABLES = ("doses.parquet", "dvh.parquet", "cases.parquet", "quarantine.parquet")
SHAPE, VOXEL_MM = (9, 12, 10), (5.0, 4.0, 4.5)


def write_files(folder: Path, count: int = 4) -> None:
    """`a0.nii.gz`, `s0.nii.gz`, ...: noisy activity and a labelmap with two structures."""
    affine = np.diag([*reversed(VOXEL_MM), 1.0])
    for n in range(count):
        rng = np.random.default_rng(n)
        liver = np.zeros(SHAPE, bool)
        liver[2:8, 1:10, 2 : 7 + n % 2] = True
        tumor = np.zeros(SHAPE, bool)
        tumor[3:5, 4:7, 3:5] = True
        counts = rng.gamma(4.0, np.where(tumor, 30.0, 10.0)) * liver
        yttria.write_image(yttria.Image(counts.astype(np.float32), affine, "counts"), folder / f"a{n}.nii.gz")
        parts = [("Normal liver", liver & ~tumor), ("Tumor", tumor)]
        yttria.write_structures([yttria.Structure(name, m, affine) for name, m in parts], folder / f"s{n}.nii.gz")


def rows(count: int, files: int = 4) -> list[dict[str, Any]]:
    """Cases that differ in their administered activity, and so in their keys."""
    return [
        {
            "case_id": f"case {n:04d}",
            "activity": f"a{n % files}.nii.gz",
            "structures": f"s{n % files}.nii.gz",
            "relative_to": "Normal liver",
            "administered_activity_gbq": 1.0 + n * 1e-3,
            "lung_shunt_fraction": 0.05,
            "method": ("local_deposition", "voxel_s_values")[n % 2],
        }
        for n in range(count)
    ]


def cohort(folder: Path, count: int) -> Path:
    """Write files and manifest, and return the path of the manifest."""
    write_files(folder)
    write_manifest(rows(count), folder / "manifest.csv")
    return folder / "manifest.csv"


def undisturbed_run(manifest: Path) -> dict[str, bytes]:
    """Make the tables of a run without any fault, from the manifest in the same folder."""
    folder = manifest.parent / "undisturbed"
    report = run_manifest(manifest, folder)
    assert (report.state, report.counts.done, report.quarantined) == ("complete", report.counts.total, 0)
    return contents(folder)


def contents(results: Path) -> dict[str, bytes]:
    """Every table, byte for byte."""
    return {name: (results / name).read_bytes() for name in TABLES}


def start(*arguments: str | Path, before: str = "") -> subprocess.Popen[str]:
    """Start the command line in a process group of its own, after the code `before`."""
    command = [sys.executable, "-c", f"{before}\nfrom yttria.cli import main; main()", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def finished(process: subprocess.Popen[str], code: int = 0) -> str:
    """Wait for a process, check that it ended with `code`, and return its standard output."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, f"{out}\n{err}"
    return out


def ledger_lines(results: Path) -> list[bytes]:
    """Every line of every ledger."""
    return [line for path in (results / "ledger").glob("*.jsonl") for line in path.read_bytes().splitlines()]


class LastFirstExecutor(Executor):
    """Executor of one thread that finishes the task first that was submitted last."""

    _max_workers = 4

    def __init__(self) -> None:
        self._held: list[tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]] = []
        self._lock = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self._lock:
            self._held.append((future, fn, args))
            self._lock.notify()
        return future

    def _work(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._held or self._ended)
                if not self._held:
                    return
                future, fn, args = self._held.pop()
            if future.set_running_or_notify_cancel():
                future.set_result(fn(*args))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._lock:
            self._ended = True
            self._lock.notify()
