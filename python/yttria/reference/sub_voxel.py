"""The dose inside voxels as its definition: samples for the formulas of `yttria.reference.dvh`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def interpolated_dose(dose_gy: NDArray[Any], index: Array) -> Array:
    """Dose at fractional indices (n, 3; k, j, i): linear along each axis, constant beyond the outermost centers."""
    shape = np.array(dose_gy.shape)
    x = np.clip(index, 0, shape - 1)
    low = np.minimum(np.floor(x).astype(int), np.maximum(shape - 2, 0))
    high, t = np.minimum(low + 1, shape - 1), x - low
    total = np.zeros(len(index))
    for corner in np.ndindex(2, 2, 2):
        at = np.where(np.array(corner) == 1, high, low)
        weight = np.prod(np.where(np.array(corner) == 1, t, 1 - t), axis=1)
        total += weight * dose_gy[tuple(at.T)]
    return total


def sub_voxel_samples(
    dose_gy: NDArray[Any], weights: NDArray[Any], parts: Sequence[int], samples: int
) -> tuple[Array, Array]:
    """Doses, and volumes in parts, of `samples` per part that is occupied.

    The doses of a sub-voxel are uniform from d - a to d + a. Here d is the dose at its center, and a^2 is the sum over
    the axes of the squared half differences between its faces. So the variance a^2 / 3 is that of a linear dose over
    the part.

    Args:
        dose_gy: (k, j, i).
        weights: fraction of each part inside the structure, of the shape of `dose_gy` times `parts`.
        parts: even numbers along (k, j, i).
        samples: per part.

    """
    count = np.array(parts)
    index = np.argwhere(weights > 0)
    center = (index + 0.5) / count - 0.5
    dose = interpolated_dose(dose_gy, center)
    squared = np.zeros(len(index))
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = 0.5 / count[axis]
        squared += ((interpolated_dose(dose_gy, center + step) - interpolated_dose(dose_gy, center - step)) / 2) ** 2
    offsets = (2 * np.arange(samples) + 1) / samples - 1
    spread = dose[:, None] + np.sqrt(squared)[:, None] * offsets
    volumes = np.repeat(weights[tuple(index.T)].astype(np.float64) / samples, samples)
    return spread.ravel(), volumes
