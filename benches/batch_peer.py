"""The same cohort by a careful script of today's tools: nibabel, scipy.signal.fftconvolve and NumPy in a process pool.

    python benches/batch_peer.py MANIFEST [--cases N] [--workers 2] [--results FOLDER]

It reads each file once, works in float32, makes the kernel once per process, and takes D_x from a sorted list. With
`--results` (a folder that `yttria batch run` has filled from the same manifest) the doses are compared. The kernel is
yttria's, so that only the pipeline differs. It does not crop to the liver, which would gain it time, and neither does
it check, hash or keep anything.
"""

from __future__ import annotations

import argparse
import csv
import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from scipy.signal import fftconvolve

import yttria

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
    in_liver_mbq = float(row["administered_gbq"]) * 1e3 * (1.0 - float(row["lung_shunt_fraction"]))
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


def compare(results: Path, found: list[list[tuple[str, dict[str, float]]]], ids: list[str]) -> None:
    import pyarrow.parquet as pq

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--results", type=Path)
    given = parser.parse_args()
    with given.manifest.open(newline="", encoding="utf-8") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(given.cases), strict=False)]
    with ProcessPoolExecutor(given.workers) as pool:
        list(pool.map(abs, range(4 * given.workers)))
        dose(rows[0], given.manifest.parent)
        began = time.perf_counter()
        found = list(pool.map(dose, rows, [given.manifest.parent] * len(rows), chunksize=4))
        wall_s = time.perf_counter() - began
    print(f"peer: {len(rows)} cases in {wall_s:.1f} s, {len(rows) / wall_s:.2f} cases/s with {given.workers} processes")
    if given.results:
        compare(given.results, found, [row["case_id"] for row in rows])


if __name__ == "__main__":
    main()
