"""A dose point kernel read at points, as its definition."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def energy_within_mev(edge_mm: ArrayLike, energy_mev: ArrayLike, radius_mm: ArrayLike) -> NDArray[np.float64]:
    """Energy absorbed per decay within `radius_mm`: whole shells, and of the one it cuts the share of the radius."""
    inside = np.append(0.0, np.cumsum(energy_mev))
    return np.asarray(np.interp(np.asarray(radius_mm, dtype=np.float64), np.asarray(edge_mm, dtype=np.float64), inside))


def dose_rate_per_mm3(edge_mm: ArrayLike, energy_mev: ArrayLike, radius_mm: ArrayLike) -> NDArray[np.float64]:
    """`F(r) / (4 pi r^2)` in MeV per decay and mm^3 at points of distance `r` > 0, `F` constant in each shell.

    What a point sees, not what a voxel receives: between the two lies the average over both voxels.
    """
    edge, r = np.asarray(edge_mm, dtype=np.float64), np.asarray(radius_mm, dtype=np.float64)
    per_mm = np.append(np.asarray(energy_mev, dtype=np.float64) / np.diff(edge), 0.0)
    shell = np.minimum(np.searchsorted(edge, r, side="right") - 1, per_mm.size - 1)
    return np.asarray(per_mm[shell] / (4.0 * np.pi * r**2))
