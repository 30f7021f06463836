"""A voxel plan of two territories: doses per GBq of both, and the best activities under several kinds of limits.

python benches/voxel_plan.py [VOXELS_ALONG_AN_AXIS]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from yttria import Image, Structure
from yttria.planning import VoxelPlan, optimize_voxel_activities, split_by_territories, voxel_plan

#: Goals and limits of each problem.
QUESTIONS: dict[str, tuple[list[str], list[str]]] = {
    "means (linear programme)": (["Tumor A: mean", "Tumor B: mean"], ["Normal: mean <= 40 Gy"]),
    "D70 under a mean": (["Tumor A: D70", "Tumor B: D70"], ["Normal: mean <= 40 Gy"]),
    "EUD under NTCP": (
        ["Tumor A: EUD(alpha_per_gy=0.02)", "Tumor B: EUD(alpha_per_gy=0.02)"],
        ["Normal: NTCP(strigari-2010-resin-hcc) <= 5 %"],
    ),
    "D70 under V30 and D20": (["Tumor A: D70", "Tumor B: D70"], ["Liver: V30 <= 40 %", "Normal: D20 <= 50 Gy"]),
}


def least(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Least seconds, and the result of the last call."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def phantom(size: int) -> tuple[Image, list[Structure], list[Structure]]:
    """Counts of a liver of a third of the field with two tumors; territories; structures."""
    spacing = 300.0 / size
    affine = np.diag([spacing, spacing, spacing, 1.0])
    k, j, i = (np.arange(size) / size - 0.5)[:, None, None], (np.arange(size) / size - 0.5)[None, :, None], (
        np.arange(size) / size - 0.5
    )  # fmt: skip
    liver = (k / 0.22) ** 2 + (j / 0.25) ** 2 + (i / 0.33) ** 2 <= 1.0
    a = k**2 + j**2 + (i + 0.15) ** 2 <= 0.08**2
    b = k**2 + j**2 + (i - 0.14) ** 2 <= 0.06**2
    rng = np.random.default_rng(1)
    counts = rng.poisson(40.0 * liver * (1.0 + 5.0 * a + 3.0 * b)).astype(np.float32)
    left = liver & (i < 0.02)
    named = {"Tumor A": a, "Tumor B": b, "Normal": liver & ~(a | b), "Liver": liver}
    return (
        Image(counts, affine, "counts"),
        [Structure("left", left, affine), Structure("right", liver & ~left, affine)],
        [Structure(name, mask, affine) for name, mask in named.items()],
    )


def main(size: int) -> None:
    counts, territories, structures = phantom(size)

    def made(method: str) -> VoxelPlan:
        maps = split_by_territories(counts, territories, lung_shunt_fraction=0.05)
        plan = voxel_plan(maps, structures, method=method)
        for structure in structures:
            plan.voxels(structure.name)
        return plan

    for method in ("local_deposition", "voxel_s_values"):
        seconds, plan = least(lambda method=method: made(method), 5)
        print(f"{f'{size}^3, two territories, {method}':<52} {seconds:7.2f} s")
    seconds, _ = least(lambda: plan.doses([1.0, 1.0]), 5)
    print(f"{'doses of given activities, table':<52} {seconds:7.2f} s")
    for name, (goals, limits) in QUESTIONS.items():
        seconds, best = least(lambda g=goals, x=limits: optimize_voxel_activities(plan, goal=g, limits=x), 3)
        gap = best.goal_bound / best.goal_value - 1.0
        print(f"{name:<52} {seconds:7.2f} s   no plan better by more than {gap:.1e}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 128)
