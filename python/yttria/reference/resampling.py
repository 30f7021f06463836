"""An image on another grid, as its definition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def resampled(
    array: NDArray[Any],
    array_affine_lps: NDArray[np.float64],
    shape: Sequence[int],
    affine_lps: NDArray[np.float64],
    *,
    method: str = "average",
    fill_value: float = 0.0,
    samples_per_axis: int = 8,
) -> NDArray[np.float64]:
    """The image on a grid of `shape` (k, j, i); `fill_value` is what lies beyond the array's voxels.

    "average": mean over the midpoints of `samples_per_axis^3` equal parts of each target voxel, the array constant
    within its voxels. Exact where every face of an array voxel falls between two parts. "linear": trilinear
    interpolation at the target voxel's center, constant from the outermost voxel centers to the array's faces.
    """
    to_array = np.linalg.inv(array_affine_lps) @ affine_lps
    parts = samples_per_axis if method == "average" else 1
    offsets = (np.arange(parts) + 0.5) / parts - 0.5
    size = np.array(array.shape)[:, None]
    result = np.zeros(tuple(shape))
    for k, j, i in np.ndindex(*shape):
        x, y, z = np.meshgrid(i + offsets, j + offsets, k + offsets, indexing="ij")
        points = (to_array @ np.stack([x.ravel(), y.ravel(), z.ravel(), np.ones(x.size)]))[2::-1]
        inside = np.all((points >= -0.5 - 1e-9) & (points <= size - 0.5 + 1e-9), axis=0)
        points = np.clip(points[:, inside], 0, size - 1)
        if method == "average":
            values = array[tuple(np.floor(points + 0.5).astype(np.int64).clip(0, size - 1))].astype(np.float64)
        else:
            values = np.zeros(points.shape[1])
            first = np.minimum(np.floor(points).astype(np.int64), np.maximum(size - 2, 0))
            for corner in np.ndindex(2, 2, 2):
                at = np.minimum(first + np.array(corner)[:, None], size - 1)
                weight = np.where(np.array(corner)[:, None] == 1, points - first, 1 - (points - first)).prod(axis=0)
                values += weight * array[tuple(at)]
        result[k, j, i] = (values.sum() + fill_value * np.count_nonzero(~inside)) / inside.size
    return result
