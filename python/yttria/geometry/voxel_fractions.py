"""A structure on a dose grid: the volume fraction of each dose voxel that lies inside it."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

import yttria._core as _core

from .._core import VoxelFractions
from .._foundation.arrays import affine_rows, grid_shape, mask_array


def voxel_fractions(
    mask: ArrayLike,
    mask_affine_lps: ArrayLike,
    shape: Sequence[int],
    affine_lps: ArrayLike,
    *,
    threads: int | None = None,
) -> VoxelFractions:
    """Carry a structure from its own grid onto a dose grid as voxel fractions.

    The structure is the union of its mask's voxel boxes, each weighted by the mask's value, so its volume is kept:
    sum(fractions) x dose voxel volume = sum(mask) x mask voxel volume, less what lies outside the dose grid
    (`outside_fraction`). Nothing is smoothed, and no voxel center decides. Grids whose axes are parallel within 1e-4 of
    a dose voxel over the structure, also permuted or flipped, are integrated exactly; others by 1024 to 16384 samples
    per dose voxel at the structure's surface, always the same ones. The result does not depend on `threads`.

    Args:
        mask: structure on its own grid, (k, j, i): bool, {0, 1} or fractions within [0, 1].
        mask_affine_lps: 4 x 4 matrix from the mask's (i, j, k, 1) to LPS mm.
        shape: shape (k, j, i) of the dose grid.
        affine_lps: 4 x 4 matrix from the dose grid's (i, j, k, 1) to LPS mm. Any handedness, any turn.
        threads: 1 to 1024; every processor available where not given.

    Raises:
        GeometryError: an affine is singular, sheared (cosine between axes > 1e-3), or no 4 x 4 matrix.
        OutOfRangeError: mask values outside [0, 1], with how many and the farthest.
        ShapeError, DTypeError, InsufficientMemoryError: what their names say.

    """
    return _core.voxel_fractions(
        mask_array(mask),
        affine_rows("mask_affine_lps", mask_affine_lps),
        grid_shape(shape),
        affine_rows("affine_lps", affine_lps),
        threads,
    )


def fractions_of_mask(mask: ArrayLike, *, threads: int | None = None) -> VoxelFractions:
    """Take a mask on the dose grid itself as voxel fractions, rounded to multiples of 2^-24.

    Parameters
    ----------
    mask : array (k, j, i)
        bool, {0, 1} or fractions within [0, 1].
    threads : int, optional
        1 to 1024; every processor available if not given.

    Returns
    -------
    VoxelFractions
        On the grid of the mask.

    Raises
    ------
    OutOfRangeError
        For values outside [0, 1], with how many and the farthest.
    ShapeError, DTypeError, InsufficientMemoryError
        For what their names say.
    """
    return VoxelFractions._from_mask(mask_array(mask), threads)
