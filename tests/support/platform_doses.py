"""Compute doses on fixed inputs and write them, or compare them with those that another machine wrote.

    python tests/support/platform_doses.py here.npz [there.npz]

For wheels of other processors and C libraries. Sums can be rounded otherwise with other vector instructions, and
another C library can round exp and log otherwise. It needs yttria and NumPy only.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import yttria
from yttria.evaluation import dose_volume_histograms, gamma_index
from yttria.planning import PartitionLimits, PartitionModel, Territory, Tumor

VOXEL_SIZE_MM = (3.0, 4.0, 4.0)


def doses() -> dict[str, NDArray[Any]]:
    """Each result by the name of what computes it."""
    rng = np.random.default_rng(1)
    activity = rng.random((21, 30, 26))
    lung = np.zeros(activity.shape, bool)
    lung[15:] = True
    density = np.where(lung, 0.26, 1.06)
    s_values = yttria.voxel_s_values(VOXEL_SIZE_MM, medium="liver").gy_per_mbq_per_ml()
    found: dict[str, NDArray[Any]] = {"voxel S values": s_values}
    for method in ("direct", "fft_direct"):
        for dtype in (np.float32, np.float64):
            plan = yttria.ConvolutionPlan(activity.shape, s_values, dtype, method=method)
            found[f"convolution, {method}, {np.dtype(dtype)}"] = plan.apply(activity.astype(dtype))
    dose = found["convolution, fft_direct, float64"]
    found["local deposition"] = yttria.local_deposition(activity, density_g_per_ml=density)
    found["superposition"] = yttria.SuperpositionPlan(density, VOXEL_SIZE_MM).apply(activity)
    simulated = yttria.monte_carlo(activity, density, VOXEL_SIZE_MM, histories=20_000, seed=1)
    found["Monte Carlo"] = simulated.dose_gy
    (histogram,) = dose_volume_histograms(dose, {"liver": ~lung}, voxel_volume_ml=0.048).values()
    quantiles = [histogram.dose_at_volume_percent(percent) for percent in (70.0, 95.0)]
    found["mean, D70, D95"] = np.array([histogram.mean_gy, *quantiles])
    found["gamma index"] = gamma_index(dose, dose * 1.02, voxel_size_mm=VOXEL_SIZE_MM).gamma
    lobe = Territory(
        tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)], normal_perfused_mass_kg=1.2, lung_shunt_fraction=0.05
    )
    limits = PartitionLimits(normal_perfused_limit_gy=70.0, lung_limit_gy=30.0)
    model = PartitionModel(territories=[lobe], lung_mass_kg=1.0)
    found["partition model"] = np.asarray(model.maximum_activity(limits).delivered_activity_gbq)
    return found


def comparison(here: Mapping[str, NDArray[Any]], there: Mapping[str, NDArray[Any]]) -> list[str]:
    """One line for each result: the same bits, or the largest difference over the largest value."""
    assert here.keys() == there.keys()
    lines = []
    for name, mine in here.items():
        other = there[name]
        if mine.tobytes() == other.tobytes():
            lines.append(f"{name}: the same bits")
            continue
        difference = np.nanmax(np.abs(mine - other)) / np.nanmax(np.abs(other))
        share = np.mean(mine != other)
        lines.append(f"{name}: {difference:.1e} of the largest value; {share:.1%} of the values differ")
    return lines


if __name__ == "__main__":
    mine = doses()
    with Path(sys.argv[1]).open("wb") as file:
        np.savez(file, **mine)
    kind = yttria.ConvolutionPlan((1, 1, 1), [[[1.0]]]).instruction_set
    print(f"{platform.machine()}, {kind}, Python {platform.python_version()}, NumPy {np.__version__}")
    if len(sys.argv) > 2:
        with np.load(sys.argv[2]) as other:
            print("\n".join(comparison(mine, dict(other))))
