"""Absorbed dose by voxel S values, as its definition."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def absorbed_dose(activity_mbq_per_ml: ArrayLike, s_values: Any) -> NDArray[np.float64]:
    """`D[n] = sum_m S[n - m] A[m]` in Gy, over every pair of voxels in the array and within the reach of `S`.

    `A[m] = c[m] V T / ln 2` is the time-integrated activity of voxel `m` in MBq s: concentration at administration,
    voxel volume in mL, mean life in s. `s_values` has `S` in `values` in mGy/(MBq s), odd along each axis, the source
    voxel in the middle, its `voxel_size_mm`, and its `nuclide`, which has `half_life_h`.
    """
    volume_ml = np.prod(np.asarray(s_values.voxel_size_mm, dtype=np.float64)) / 1000.0
    mean_life_s = s_values.nuclide.half_life_h * 3600.0 / np.log(2.0)
    time_integrated_mbq_s = np.asarray(activity_mbq_per_ml, dtype=np.float64) * volume_ml * mean_life_s
    s = np.asarray(s_values.values, dtype=np.float64)
    half = np.array(s.shape) // 2
    dose_mgy = np.zeros(time_integrated_mbq_s.shape)
    for source in np.argwhere(time_integrated_mbq_s != 0.0):
        first = np.maximum(source - half, 0)
        last = np.minimum(source + half + 1, dose_mgy.shape)
        target = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
        distance = tuple(slice(a, b) for a, b in zip(first - source + half, last - source + half, strict=True))
        dose_mgy[target] += s[distance] * time_integrated_mbq_s[tuple(source)]
    return dose_mgy / 1000.0


def gy_per_mbq_per_ml(
    s_mgy_per_mbq_s: ArrayLike, voxel_size_mm: tuple[float, float, float], half_life_h: float
) -> NDArray[np.float64]:
    """The kernel for concentrations: `S` in Gy, times the MBq s that 1 MBq/mL becomes in one voxel."""
    volume_ml = np.prod(np.asarray(voxel_size_mm, dtype=np.float64)) / 1000.0
    mean_life_s = half_life_h * 3600.0 / np.log(2.0)
    return np.asarray(np.asarray(s_mgy_per_mbq_s, dtype=np.float64) / 1000.0 * volume_ml * mean_life_s)
