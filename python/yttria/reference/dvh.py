"""Dose-volume histograms as their definitions.

A sample is a voxel: its dose, and its volume times the fraction of it inside the structure.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

VOLUME_ROUNDING = 1e-12
"""A volume counts as reached when it falls short by less than this share of the structure."""


def mean_dose(dose_gy: NDArray[Any], volume: NDArray[Any]) -> float:
    """Volume-weighted mean: sum(v D) / sum(v)."""
    part = np.asarray(volume, np.float64)
    return float(np.sum(part * dose_gy) / np.sum(part))


def standard_deviation(dose_gy: NDArray[Any], volume: NDArray[Any]) -> float:
    """Volume-weighted standard deviation: sqrt(sum(v (D - mean)^2) / sum(v))."""
    return float(np.sqrt(mean_dose((np.asarray(dose_gy, np.float64) - mean_dose(dose_gy, volume)) ** 2, volume)))


def volume_at_dose(dose_gy: NDArray[Any], volume: NDArray[Any], threshold_gy: float, *, strict: bool = False) -> float:
    """V_d: the volume that receives `threshold_gy` or more; with `strict`, more."""
    dose = np.asarray(dose_gy, np.float64)
    hot = dose > threshold_gy if strict else dose >= threshold_gy
    return float(volume[hot].sum(dtype=np.float64))


def dose_at_volume(dose_gy: NDArray[Any], volume: NDArray[Any], hottest: float) -> float:
    """D_v by rank: the highest dose that at least the volume `hottest` receives; the maximum for 0."""
    enough = hottest - VOLUME_ROUNDING * volume.sum(dtype=np.float64)
    doses = np.unique(dose_gy[volume > 0])
    return float(max(d for d in doses if volume_at_dose(dose_gy, volume, d) >= enough))


def dose_at_volume_linear(dose_gy: NDArray[Any], volume: NDArray[Any], hottest: float) -> float:
    """D_v interpolated between the centers of the samples' volumes, coldest first; equal doses by volume.

    For equal volumes this is the usual linear percentile, numpy.percentile(dose, 100 - x).
    """
    order = np.lexsort((volume, dose_gy))
    dose, part = dose_gy[order], volume[order].astype(np.float64)
    center = np.cumsum(part) - part / 2
    at = center[-1] - hottest / part.sum() * (center[-1] - center[0])
    return float(np.interp(at, center, dose))


def cumulative_curve(dose_gy: NDArray[Any], volume: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Each dose that occurs, ascending, and the volume that receives it or more."""
    doses = np.unique(dose_gy[volume > 0])
    return doses, np.array([volume_at_dose(dose_gy, volume, d) for d in doses])
