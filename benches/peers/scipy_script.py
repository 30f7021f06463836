"""A usual script for voxel doses: a point kernel sampled at voxel centers, `scipy.signal.fftconvolve`.

Runs where scipy and yttria are installed:

    python benches/peers/scipy_script.py

Kernel: E exp(-r / X) / (4 pi rho r^2 X), the simplest form with the right dose near the source, X such that half of the
energy is within 2.345 mm of water, sampled at voxel centers to 12 mm. At r = 0 it is infinite. There the script takes
the mean over a ball of the voxel's volume, or r = a fifth of the voxel size, which are both usual. "Normalized" scales
the sum to the energy per decay. The result is compared with yttria's voxel S values of water at that density, which
were compared with Monte Carlo. One phantom: 3 x 4 x 4 mm voxels, liver with two tumors, no blur.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy.signal import fftconvolve

import yttria
from yttria.evaluation import compare_doses
from yttria.phantom import liver_phantom

DENSITY = 1.05
RANGE_MM = 2.345 / np.log(2) / DENSITY
REACH_MM = 12.0


def sampled_kernel(size_mm: tuple[float, ...], center: str) -> NDArray[np.float64]:
    """The share of the energy that each voxel around a point source receives."""
    half = [int(np.ceil(REACH_MM / s)) for s in size_mm]
    k, j, i = np.meshgrid(*(np.arange(-h, h + 1) * s for h, s in zip(half, size_mm, strict=True)), indexing="ij")
    r = np.sqrt(k * k + j * j + i * i)
    volume = float(np.prod(size_mm))
    origin = tuple(half)
    r[origin] = 0.2 * min(size_mm)
    kernel = volume * np.exp(-r / RANGE_MM) / (4 * np.pi * r * r * RANGE_MM)
    if center == "ball":
        kernel[origin] = 1.0 - np.exp(-np.cbrt(3 * volume / (4 * np.pi)) / RANGE_MM)
    kernel[r > REACH_MM] = 0.0
    return kernel


def timed(work: Callable[[], NDArray[Any]]) -> tuple[NDArray[Any], float]:
    times = []
    for _ in range(5):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return result, sorted(times)[2]


def main() -> None:
    phantom = liver_phantom((3.0, 4.0, 4.0))
    factor = yttria.Nuclide().dose_factor_gy_kg_per_gbq
    at_administration = phantom.activity.array / (1e6 * yttria.Nuclide().decay_factor(phantom.scan_delay_h))
    size = phantom.activity.voxel_size_mm
    s_values = yttria.voxel_s_values(size, medium="water", density_g_per_ml=DENSITY)
    concentration = at_administration.astype(np.float32)
    truth, ours_s = timed(lambda: yttria.absorbed_dose(concentration, s_values))
    image = phantom.activity.with_array(truth, "Gy")
    print(f"scipy {scipy.__version__}, numpy {np.__version__}, yttria {yttria.__version__}")
    print(f"yttria, voxel S values: {1e3 * ours_s:.1f} ms, kernel made before")
    rows = {"local deposition": None} | {
        f"center {center}{', normalized' if normalized else ''}": (center, normalized)
        for center in ("ball", "fifth of a voxel")
        for normalized in (False, True)
    }
    print(f"{'script':34s}     ms  energy  Tumor 1  Tumor 2   liver  q99 Gy  3%/3mm")
    for name, how in rows.items():
        local = factor * at_administration / DENSITY
        if how is None:
            dose, seconds = timed(lambda: factor * at_administration / DENSITY)
            energy = 1.0
        else:
            kernel = sampled_kernel(size, how[0])
            energy = 1.0 if how[1] else float(kernel.sum())
            scaled = kernel / kernel.sum() if how[1] else kernel
            dose, seconds = timed(partial(fftconvolve, local, scaled, mode="same"))
        result = compare_doses(image, image.with_array(np.asarray(dose, np.float32), "Gy"), phantom.structures)
        by = {row.structure: row for row in result.differences}
        names = ("Tumor 1", "Tumor 2", "Normal liver")
        off = [f"{100 * float(by[name].relative_difference or 0):+.1f} %" for name in names]
        print(
            f"{name:34s} {1e3 * seconds:6.1f} {energy:7.3f} {off[0]:>8s} {off[1]:>8s} {off[2]:>7s} "
            f"{by['Liver'].q99_gy:7.2f} {100 * result.gamma.passing_fraction:6.1f}%"
        )


if __name__ == "__main__":
    main()
