"""The same cohort by a careful script of today's tools: nibabel, scipy.signal.fftconvolve and NumPy in a process pool.

    python benches/batch_peer.py peer MANIFEST [--workers 2] [--keep-memory] [--out FILE]
    python benches/batch_peer.py both MANIFEST [--cases 480] [--workers 2] [--rounds 3]

The peer reads each file once, works in float32, makes the kernel once per process, and takes D_x from a sorted list.
The kernel is yttria's, so that only the pipeline differs. It does not crop to the liver, which would save time, and it
does not check, hash or keep anything. `--keep-memory` gives its processes the setting of the C library of yttria's
workers.

`both` runs the same cases by `yttria batch run` and by the peer, one after the other. It runs whole commands, from the
start of the interpreter to the last table, and again with workers that have already dosed. Then it asserts that every
dose is the same.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import cache
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import nibabel
import numpy as np
import pyarrow.parquet as pq
from scipy.signal import fftconvolve

import yttria
from yttria.batch import executors, read_manifest, run_manifest
from yttria.batch.content_hash import Options
from yttria.batch.executors import keep_memory
from yttria.batch.worker import Task, dose_all

STRUCTURES = ("Normal liver", "Tumor 1", "Tumor 2", "Tumor 3")


@cache
def kernel(voxel_size_mm: tuple[float, ...]) -> np.ndarray[Any, Any]:
    s_values = yttria.voxel_s_values(voxel_size_mm, medium="liver", density_g_per_ml=1.05)
    return s_values.gy_per_mbq_per_ml().astype(np.float32)


def dose(row: dict[str, str], folder: Path) -> list[tuple[str, dict[str, float]]]:
    image = nibabel.load(folder / row["activity"])
    counts = np.asarray(image.dataobj, dtype=np.float32)
    labels = np.asarray(nibabel.load(folder / row["structures"]).dataobj)
    size_mm = tuple(float(v) for v in image.header.get_zooms())
    in_liver_mbq = float(row["administered_activity_gbq"]) * 1e3 * (1.0 - float(row["lung_shunt_fraction"]))
    voxel_ml = float(np.prod(size_mm)) * 1e-3
    total = counts[labels == 1].sum(dtype=np.float64)
    concentration = counts * np.float32(in_liver_mbq / total / voxel_ml)
    gy = fftconvolve(concentration, kernel(size_mm[::-1]), mode="same")
    rows = []
    for label, name in enumerate(STRUCTURES, 1):
        inside = np.sort(gy[labels == label])[::-1]
        n = len(inside)
        histogram, _ = np.histogram(inside, bins=np.arange(0.0, inside[0] + 2.0))
        cumulative_ml = histogram[::-1].cumsum()[::-1] * voxel_ml
        values = {"volume_ml": cumulative_ml[0], "mean_gy": float(inside.mean(dtype=np.float64))}
        values |= {"minimum_gy": inside[-1], "maximum_gy": inside[0]}
        values |= {f"d{p}_gy": inside[min(int(np.ceil(p * n / 100)), n) - 1] for p in (98, 95, 70, 50, 2)}
        rows.append((name, values))
    return rows


Found = list[list[tuple[str, dict[str, float]]]]


def peer(manifest: Path, workers: int, keep: bool) -> tuple[list[str], Found, float]:
    """Ids, doses, and the seconds that they took once the processes had started and each had dosed a case."""
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with ProcessPoolExecutor(workers, initializer=keep_memory if keep else None) as pool:
        list(pool.map(dose, rows[:workers], [manifest.parent] * workers))
        began = time.perf_counter()
        found = list(pool.map(dose, rows, [manifest.parent] * len(rows), chunksize=4))
        wall_s = time.perf_counter() - began
    return [row["case_id"] for row in rows], found, wall_s


def ours(manifest: Path, folder: Path, workers: int) -> float:
    """The seconds of a run with its tables by workers that have started and dosed."""
    first = [Task(row=row.row, case=row.case) for row in islice(read_manifest(manifest), 4)]
    with executors.processes(workers) as pool:
        for begun in [pool.executor.submit(dose_all, first, Options(), None) for _ in range(4 * workers)]:
            begun.result()
        began = time.perf_counter()
        run_manifest(manifest, folder, executor=nullcontext(pool))
        return time.perf_counter() - began


def compare(results: Path, ids: list[str], found: Found) -> None:
    wanted = {
        (i, name, m): float(v) for i, case in zip(ids, found, strict=True) for name, row in case for m, v in row.items()
    }
    worst = 0.0
    seen = 0
    largest = max(wanted.values())
    for row in pq.read_table(results / "doses.parquet").to_pylist():
        key = (row["case_id"], row["structure"], row["metric"])
        if key in wanted:
            seen += 1
            worst = max(worst, abs(row["value"] - wanted[key]) / max(abs(wanted[key]), 1e-3 * largest))
    assert seen == len(wanted)
    print(f"{seen} figures compared, largest relative difference {worst:.1e}")
    assert worst < 2e-5


def both(manifest: Path, cases: int, workers: int, rounds: int) -> None:
    some = manifest.parent / f"first_{cases}.csv"
    with manifest.open(encoding="utf-8") as file:
        some.write_text("".join(islice(file, cases + 1)), encoding="utf-8")
    us: dict[str, list[float]] = {"command": [], "warm": []}
    them: dict[str, list[float]] = {"command": [], "warm": []}
    executors.keep_memory()
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=manifest.parent) as temporary:
            folder = Path(temporary)
            command = [sys.executable, "-c", "from yttria.cli import main; main()", "batch", "run", str(some)]
            us["command"].append(_timed([*command, "-o", str(folder / "a"), "-n", str(workers)]))
            us["warm"].append(ours(some, folder / "b", workers))
            command = [sys.executable, __file__, "peer", str(some), "--workers", str(workers)]
            them["command"].append(_timed([*command, "--out", str(folder / "peer.json")]))
            ids, found, warm_s = json.loads((folder / "peer.json").read_text())
            them["warm"].append(warm_s)
            compare(folder / "a", ids, found)
    for way in us:
        ratios = [theirs / own for own, theirs in zip(us[way], them[way], strict=True)]
        print(
            f"{way}: {cases} cases, {workers} processes; yttria {cases / median(us[way]):.1f} cases/s, peer "
            f"{cases / median(them[way]):.2f}; {median(ratios):.1f} times ({min(ratios):.1f} to {max(ratios):.1f})"
        )


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["peer", "both"])
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--cases", type=int, default=480)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep-memory", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.what == "both":
        both(given.manifest, given.cases, given.workers, given.rounds)
        return
    ids, found, wall_s = peer(given.manifest, given.workers, given.keep_memory)
    print(f"peer: {len(ids)} cases in {wall_s:.1f} s, {len(ids) / wall_s:.2f} cases/s")
    if given.out:
        given.out.write_text(json.dumps((ids, found, wall_s), default=float), encoding="utf-8")


if __name__ == "__main__":
    main()
