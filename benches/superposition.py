"""Superposition: time beside the exact convolution, growth with voxels and directions, agreement with the definition.

python benches/superposition.py

A liver of 2 % of a cubic map holds log-normal activity in tissue of one density, as in the figures of the theory page.
Plan and application are timed separately, because a plan serves every map on its density. Before a time is printed, a
small map is compared with every ray by itself (`yttria.reference.superposition`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, get_args

import numpy as np

from yttria import SuperpositionPlan, absorbed_dose, voxel_s_values
from yttria._foundation.choices import RaySetting
from yttria.conformance.comparisons import comparisons


def liver(edge: int) -> tuple[Any, Any]:
    """Activity and density of a cubic map."""
    k, j, i = np.ogrid[tuple(slice(n) for n in (edge,) * 3)]
    center = (edge - 1) / 2
    radius = (k - center) ** 2 + ((j - center) / 1.2) ** 2 + ((i - center) / 1.4) ** 2
    inside = radius < np.quantile(radius, 0.02)
    activity = np.where(inside, np.random.default_rng(1).lognormal(0, 0.5, inside.shape), 0)
    return activity.astype(np.float32), np.full(inside.shape, 1.06, np.float32)


def milliseconds(work: Callable[[], Any], calls: int = 5) -> float:
    """The least of so many calls."""
    taken = []
    for _ in range(calls):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return 1e3 * min(taken)


def main() -> None:
    for name in ("voxel.SuperpositionPlan.apply", "voxel.superposed_dose"):
        deviation = comparisons()[name].difference()
        assert deviation <= 1, (name, deviation)
        print(f"{name}: {deviation:.1e} of its tolerance from every ray by itself")
    print(f"{os.cpu_count()} processors, float32; milliseconds")
    print("           map    voxel  sources      rays directions    plan   apply  S values")
    for edge, size_mm in ((64, 8.84), (128, 4.42), (192, 2.95), (256, 2.21)):
        activity, density = liver(edge)
        s_values = voxel_s_values((size_mm,) * 3, medium="liver", density_g_per_ml=1.06)
        convolved = milliseconds(lambda a=activity, s=s_values: absorbed_dose(a, s))
        for setting in sorted(get_args(RaySetting)):
            start = time.perf_counter()
            plan = SuperpositionPlan(density, (size_mm,) * 3, ray_setting=setting)
            planned = 1e3 * (time.perf_counter() - start)
            out = plan.apply(activity)
            expected = absorbed_dose(activity, s_values)
            assert np.abs(out - expected).max() < 3e-6 * expected.max()
            applied = milliseconds(lambda p=plan, a=activity, o=out: p.apply(a, o), 2 if edge > 128 else 4)
            print(
                f"{edge:>10}^3    {size_mm:>5.2f} mm {np.count_nonzero(activity):>8} {setting:>9} "
                f"{plan.direction_count:>10} {planned:>7.0f} {applied:>7.0f} {convolved:>9.1f}"
            )


if __name__ == "__main__":
    main()
