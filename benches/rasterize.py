"""Ten structures from contours onto 512 x 512 x 300 voxels: reading the contours, and bringing them onto the grid.

Organs of 0.1 to 1600 mL with 60 to 300 points a contour on planes 3 mm apart, voxels of 0.98 x 0.98 x 1 mm. Volume kept
on the grid is asserted in the same run. `--threads N` (2 if not given).
"""

from __future__ import annotations

import sys
import time

import numpy as np
from numpy.typing import NDArray

from yttria import ContourStructure

SHAPE = (300, 512, 512)
AFFINE = np.array([[0.98, 0, 0, -250], [0, 0.98, 0, -250], [0, 0, 1.0, -150], [0, 0, 0, 1]])
VOXEL_ML = 0.98 * 0.98 * 1e-3


def organ(center: NDArray[np.float64], volume_ml: float, seed: int) -> list[NDArray[np.float64]]:
    """An ellipsoid with a wavy outline."""
    rng = np.random.default_rng(seed)
    radius = (3 * 1e3 * volume_ml / (4 * np.pi)) ** (1 / 3)
    a, b, c = radius * np.array([1.3, 0.9, 1 / 1.17])
    count = int(np.clip(radius * 5, 60, 300))
    t = np.arange(count) * 2 * np.pi / count
    waves = 1 + sum(0.04 * rng.uniform(-1, 1) * np.sin(n * t + rng.uniform(0, 6)) for n in range(2, 7))
    planes = np.arange(3 * np.ceil((center[2] - c) / 3), center[2] + c, 3)
    contours = []
    for z in planes:
        size = np.sqrt(max(1 - ((z - center[2]) / c) ** 2, 0)) * waves
        points = np.stack([center[0] + a * size * np.cos(t), center[1] + b * size * np.sin(t), np.full(count, z)], 1)
        contours.append(points)
    return contours


def main() -> None:
    threads = int(sys.argv[sys.argv.index("--threads") + 1]) if "--threads" in sys.argv else 2
    rng = np.random.default_rng(0)
    drawn = [organ(rng.uniform(-60, 60, 3), v, n) for n, v in enumerate(np.geomspace(0.1, 1600, 10))]
    planes, points = sum(map(len, drawn)), sum(len(c) for contours in drawn for c in contours)
    print(f"10 structures, {planes} contours, {points} points, {threads} threads; seconds")
    times: dict[str, list[float]] = {"read": [], "onto the grid": []}
    for _ in range(5):
        start = time.perf_counter()
        structures = [ContourStructure(f"organ {n}", contours, threads=threads) for n, contours in enumerate(drawn)]
        times["read"].append(time.perf_counter() - start)
        start = time.perf_counter()
        voxel_fractions = [structure.voxel_fractions_on((SHAPE, AFFINE), threads=threads) for structure in structures]
        times["onto the grid"].append(time.perf_counter() - start)
        for structure, fractions in zip(structures, voxel_fractions, strict=True):
            np.testing.assert_allclose(fractions.volume_ml(VOXEL_ML), structure.volume_ml, rtol=1e-4)
    for name, values in times.items():
        print(f"{name:16}median {np.median(values):.3f}  least {min(values):.3f}")


if __name__ == "__main__":
    main()
