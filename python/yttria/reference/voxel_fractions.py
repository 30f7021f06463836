"""Voxel fractions as their definition: the share of a dose voxel that lies in the voxels of a structure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def voxel_fractions(
    mask: NDArray[Any],
    mask_affine_lps: NDArray[np.float64],
    shape: Sequence[int],
    affine_lps: NDArray[np.float64],
    *,
    samples_per_axis: int = 16,
) -> NDArray[np.float64]:
    """Mean of the mask over the midpoints of `samples_per_axis^3` equal parts of each dose voxel; zero outside it.

    Exact where every face of a mask voxel falls between two parts, and converges to the definition otherwise.

    Args:
        mask: fractions within [0, 1], (k, j, i).
        mask_affine_lps, affine_lps: 4 x 4 matrices from (i, j, k, 1) to LPS mm.
        shape: shape (k, j, i) of the dose grid.
        samples_per_axis: parts per axis.

    Returns:
        Fraction of each dose voxel, float64, (k, j, i).

    """
    to_mask = np.linalg.inv(mask_affine_lps) @ affine_lps
    offsets = (np.arange(samples_per_axis) + 0.5) / samples_per_axis - 0.5
    result = np.zeros(tuple(shape))
    for k, j, i in np.ndindex(*shape):
        x, y, z = np.meshgrid(i + offsets, j + offsets, k + offsets, indexing="ij")
        points = to_mask @ np.stack([x.ravel(), y.ravel(), z.ravel(), np.ones(x.size)])
        index = np.floor(points[2::-1] + 0.5).astype(np.int64)
        inside = np.all((index >= 0) & (index < np.array(mask.shape)[:, None]), axis=0)
        result[k, j, i] = mask[tuple(index[:, inside])].sum() / x.size
    return result
