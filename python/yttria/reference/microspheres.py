"""Spread of doses because the number of microspheres is by chance, as its definition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def microsphere_spread(
    activity_mbq: ArrayLike, sphere_activity_bq: float, dose_of: Callable[[Floats], Floats], weights: ArrayLike
) -> tuple[Floats, float]:
    """Standard deviation of the dose of each voxel, and of the mean dose with weights.

    `activity_mbq` is that of each voxel (k, j, i), and `dose_of` the dose in Gy of any such map. Each voxel holds a
    Poisson number of microspheres, independent of the others: the variances of what each source voxel gives are added.
    """
    activity, w = np.asarray(activity_mbq, np.float64), np.asarray(weights, np.float64)
    of_voxels: Floats = np.zeros(activity.shape)
    of_mean = 0.0
    for source in np.ndindex(activity.shape):
        one = np.zeros(activity.shape)
        one[source] = sphere_activity_bq * 1e-6
        dose = dose_of(one)
        spheres = activity[source] / one[source]
        of_voxels += spheres * dose**2
        of_mean += float(spheres * (np.sum(w * dose) / np.sum(w)) ** 2)
    return np.sqrt(of_voxels), float(np.sqrt(of_mean))
