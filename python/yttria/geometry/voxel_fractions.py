"""Structures on a dose grid, as the fraction of each dose voxel that lies inside."""

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
    """Convert a structure on its own grid to voxel fractions on a dose grid.

    Parameters
    ----------
    mask : array (k, j, i)
        Structure on its own grid: bool, {0, 1} or fractions within [0, 1].
    mask_affine_lps : array (4, 4)
        Maps the mask's (i, j, k, 1) to LPS mm.
    shape : sequence of three ints
        Shape (k, j, i) of the dose grid.
    affine_lps : array (4, 4)
        Maps the dose grid's (i, j, k, 1) to LPS mm. Any handedness and any rotation are allowed.
    threads : int, optional
        1 to 1024; every processor available if not given. The result does not depend on it.

    Returns
    -------
    VoxelFractions
        Fractions on the dose grid; `outside_fraction` of the volume lies beyond it.

    Raises
    ------
    GeometryError
        If an affine is singular, sheared (cosine between axes above 1e-3), or not a 4 x 4 matrix.
    OutOfRangeError
        If mask values lie outside [0, 1]. The message states how many, and the farthest.
    ShapeError, DTypeError, InsufficientMemoryError
        As their names state.

    Notes
    -----
    The structure is the union of the boxes of its mask's voxels, each weighted by the value of the mask. Its volume is
    conserved, except for the part outside the dose grid. Nothing is smoothed, and voxel centers are not used as a
    criterion. Grids whose axes are parallel within 1e-4 of a dose voxel over the structure, also permuted or flipped,
    are integrated exactly. For other grids, 1024 to 16384 samples per dose voxel are taken at the surface of the
    structure; their positions are always the same.

    Examples
    --------
    >>> import numpy as np
    >>> mask = np.ones((4, 4, 4), dtype=bool)
    >>> fine, coarse = np.diag([2.0, 2.0, 2.0, 1.0]), np.diag([4.0, 4.0, 4.0, 1.0])
    >>> fractions = voxel_fractions(mask, fine, (3, 3, 3), coarse)
    >>> float(fractions.to_array()[1, 1, 1]), fractions.outside_fraction
    (1.0, 0.0)
    """
    return _core.voxel_fractions(
        mask_array(mask),
        affine_rows("mask_affine_lps", mask_affine_lps),
        grid_shape(shape),
        affine_rows("affine_lps", affine_lps),
        threads,
    )


def fractions_of_mask(mask: ArrayLike, *, threads: int | None = None) -> VoxelFractions:
    """Use a mask on the dose grid as voxel fractions, rounded to multiples of 2^-24.

    Parameters
    ----------
    mask : array (k, j, i)
        bool, {0, 1} or fractions within [0, 1].
    threads : int, optional
        1 to 1024; every processor available if not given.

    Returns
    -------
    VoxelFractions
        Fractions on the grid of the mask.

    Raises
    ------
    OutOfRangeError
        If values lie outside [0, 1]. The message states how many, and the farthest.
    ShapeError, DTypeError, InsufficientMemoryError
        As their names state.

    Examples
    --------
    >>> import numpy as np
    >>> fractions_of_mask(np.full((2, 3, 4), 0.5)).volume_ml(1.0)
    12.0
    """
    return VoxelFractions._from_mask(mask_array(mask), threads)
