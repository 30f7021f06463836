"""Histograms of 20 structures on a 256^3 map against numpy.percentile: interleaved, agreement asserted in the same run.

NumPy computes mean, five percentiles and one volume from a boolean mask per structure, as in usual scripts. yttria
returns the whole exact histogram, from which the same figures are read. "boxes" are `VoxelFractions` made once, as when
many maps share their structures; "masks" makes them from the boolean arrays within the call. "NumPy, cropped" gets the
box of each structure, as if a user had cropped by hand.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from yttria._core import VoxelFractions
from yttria.evaluation import dose_volume_histograms
from yttria.geometry.voxel_fractions import fractions_of_mask

SHAPE = (256, 256, 256)
VOXEL_ML = 0.008
PERCENTS = (2, 50, 70, 95, 98)
Figures = dict[str, list[float]]


def ellipsoid(center: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.bool_]:
    axes = np.ogrid[tuple(slice(n) for n in SHAPE)]
    return sum(((x - c) / h) ** 2 for x, c, h in zip(axes, center, half, strict=True)) <= 1


def structures() -> dict[str, NDArray[np.bool_]]:
    """A liver of 4.7 % of the voxels, 19 lesions and organs of 0.1 to 40 mL inside or beside it."""
    rng = np.random.default_rng(0)
    masks = {"liver": ellipsoid(np.array([120.0, 130, 100]), np.array([48.0, 56, 70]))}
    for n, volume_ml in enumerate(np.geomspace(0.1, 40, 19)):
        radius = (3 * volume_ml / VOXEL_ML / (4 * np.pi)) ** (1 / 3)
        masks[f"lesion {n + 1}"] = ellipsoid(rng.uniform(70, 180, 3), radius * rng.uniform(0.7, 1.4, 3))
    return masks


def with_numpy(dose: NDArray[np.float32], masks: dict[str, NDArray[np.bool_]]) -> Figures:
    return {name: figures(dose[mask]) for name, mask in masks.items()}


def with_numpy_cropped(
    dose: NDArray[np.float32], crops: dict[str, tuple[tuple[slice, ...], NDArray[np.bool_]]]
) -> Figures:
    return {name: figures(dose[box][mask]) for name, (box, mask) in crops.items()}


def figures(inside: NDArray[np.float32]) -> list[float]:
    percentiles = np.percentile(inside, [100 - x for x in PERCENTS])
    return [inside.mean(dtype=np.float64), *percentiles, 100 * np.count_nonzero(inside >= 50) / inside.size]


def with_yttria(dose: NDArray[np.float32], given: dict[str, VoxelFractions], threads: int | None = None) -> Figures:
    histograms = dose_volume_histograms(dose, given, voxel_volume_ml=VOXEL_ML, threads=threads)
    return {
        name: [
            h.mean_gy,
            *(h.dose_at_volume_percent(x, interpolation="linear") for x in PERCENTS),
            h.volume_at_dose_percent(50),
        ]
        for name, h in histograms.items()
    }


def crop(mask: NDArray[np.bool_]) -> tuple[tuple[slice, ...], NDArray[np.bool_]]:
    box = tuple(slice(int(i.min()), int(i.max()) + 1) for i in np.nonzero(mask))
    return box, mask[box].copy()


def main() -> None:
    rng = np.random.default_rng(1)
    masks = structures()
    boxes = {name: fractions_of_mask(mask) for name, mask in masks.items()}
    partly = {name: fractions_of_mask(mask * np.float32(0.75)) for name, mask in masks.items()}
    crops = {name: crop(mask) for name, mask in masks.items()}
    voxels = sum(int(mask.sum()) for mask in masks.values())
    print(f"20 structures, {voxels} voxels in all, on 256^3; {os.cpu_count()} processors; milliseconds, interleaved")
    for dtype in (np.float32, np.float64):
        dose = rng.gamma(1.5, 40, SHAPE).astype(dtype)
        runs: dict[str, Callable[[], Figures]] = {
            "NumPy, boolean masks": lambda d=dose: with_numpy(d, masks),
            "NumPy, cropped": lambda d=dose: with_numpy_cropped(d, crops),
            "yttria, boxes, 1 thread": lambda d=dose: with_yttria(d, boxes, 1),
            "yttria, boxes, all threads": lambda d=dose: with_yttria(d, boxes),
            "yttria, fractional boxes, all": lambda d=dose: with_yttria(d, partly),
            "yttria, masks, all threads": lambda d=dose: with_yttria(d, masks),
        }
        expected = with_numpy(dose, masks)
        for name, run in runs.items():
            for structure, values in run().items():
                # numpy.percentile interpolates float32 in float32.
                rtol = 2e-6 if dtype is np.float32 else 1e-11
                np.testing.assert_allclose(values, expected[structure], rtol=rtol, err_msg=f"{name}: {structure}")
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(11):
            for name, run in runs.items():
                start = time.perf_counter()
                run()
                times[name].append(1e3 * (time.perf_counter() - start))
        base = float(np.median(times["NumPy, boolean masks"]))
        print(f"\n{dtype.__name__:32}{'median':>9}{'least':>9}{'gain':>8}")
        for name, values in times.items():
            median = float(np.median(values))
            print(f"{name:32}{median:9.1f}{min(values):9.1f}{base / median:8.1f}")


if __name__ == "__main__":
    main()
