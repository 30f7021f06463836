"""Division of voxels into equal sub-voxels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._foundation.arrays import affine_rows, grid_shape
from .._foundation.numbers import number
from ..errors import OutOfRangeError

#: Largest number of sub-voxels per voxel along an axis.
MAX_SUBVOXELS = 64


def subvoxel_counts(voxel_size_mm: Sequence[float], sub_voxel_mm: float) -> tuple[int, int, int]:
    """Choose the number of sub-voxels per voxel along each axis.

    Parameters
    ----------
    voxel_size_mm : sequence of three floats
        Voxel size in mm, (k, j, i).
    sub_voxel_mm : float
        Largest length of a sub-voxel in mm.

    Returns
    -------
    tuple of three ints
        The smallest even numbers (k, j, i) whose sub-voxels are not longer.

    Raises
    ------
    OutOfRangeError
        If a length is not positive, or more than 64 would be needed.

    Notes
    -----
    The numbers are even, so that no sub-voxel straddles a voxel center, where the interpolated dose has its kinks.

    Examples
    --------
    >>> subvoxel_counts((3.0, 4.0, 4.0), 1.0)
    (4, 4, 4)
    """
    size = [number("voxel size in mm", s) for s in voxel_size_mm]
    part = number("sub-voxel size in mm", sub_voxel_mm)
    if len(size) != 3 or not all(np.isfinite(s) and s > 0 for s in (*size, part)):
        raise OutOfRangeError(f"sub-voxel size and voxel sizes in mm must be finite and > 0, got {part} and {size}")
    # The small term allows for rounding if the quotient is whole.
    counts = [2 * max(1.0, float(np.ceil(s / (2 * part) - 1e-9))) for s in size]
    if max(counts) > MAX_SUBVOXELS:
        raise OutOfRangeError(f"sub-voxel size in mm must be at least {max(size) / MAX_SUBVOXELS:.4g}, got {part}")
    k, j, i = (int(c) for c in counts)
    return k, j, i


def subvoxel_grid(
    shape: Sequence[int], affine_lps: ArrayLike, counts: Sequence[int]
) -> tuple[tuple[int, int, int], NDArray[np.float64]]:
    """Compute the grid of the sub-voxels of a voxel grid.

    Parameters
    ----------
    shape : sequence of three ints
        Shape (k, j, i) of the voxel grid.
    affine_lps : array (4, 4)
        Its affine from (i, j, k, 1) to LPS mm.
    counts : sequence of three ints
        Sub-voxels per voxel along (k, j, i).

    Returns
    -------
    shape : tuple of three ints
        Shape (k, j, i) of the grid of sub-voxels.
    affine_lps : array (4, 4)
        Its affine.

    Raises
    ------
    GeometryError
        If the affine cannot be used.
    ShapeError
        If the shape is not three whole numbers of at least 1.

    Examples
    --------
    >>> import numpy as np
    >>> shape, affine_lps = subvoxel_grid((2, 3, 4), np.diag([4.0, 4.0, 3.0, 1.0]), (2, 2, 2))
    >>> shape, affine_lps[:3, 3].tolist()
    ((4, 6, 8), [-1.0, -1.0, -0.75])
    """
    matrix = np.array(affine_rows("affine_lps", affine_lps))
    per_axis, refined = np.array(counts)[::-1], matrix.copy()
    refined[:3, :3] = matrix[:3, :3] / per_axis
    refined[:3, 3] += matrix[:3, :3] @ (0.5 / per_axis - 0.5)
    k, j, i = (n * m for n, m in zip(grid_shape(shape), counts, strict=True))
    return (k, j, i), refined
