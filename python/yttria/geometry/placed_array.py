"""Array with its position in the patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .._foundation.arrays import grid_shape
from ..errors import ArgumentError
from .affine import Affine, Grid, checked_affine, same_grid, voxel_size_mm


class PlacedArray:
    """Array with the shape (k, j, i) and the matrix from indices (i, j, k) to left-posterior-superior millimeters."""

    array: npt.NDArray[Any]
    affine_lps: Affine

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels per axis (k, j, i)."""
        k, j, i = self.array.shape
        return k, j, i

    @property
    def voxel_size_mm(self) -> tuple[float, float, float]:
        """Voxel size in mm per axis (k, j, i)."""
        return voxel_size_mm(self.affine_lps)

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in mL."""
        return float(np.prod(self.voxel_size_mm)) * 1e-3

    def same_grid(self, other: PlacedArray) -> bool:
        """Decide whether another image lies on the same grid.

        Parameters
        ----------
        other : Image
            The other image.

        Returns
        -------
        bool
            Whether both have the same shape and no corner voxel farther apart than 0.001 mm.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image
        >>> image = Image(np.zeros((2, 3, 4)), np.diag([4.0, 4.0, 3.0, 1.0]), "Gy")
        >>> image.same_grid(image.with_array(np.ones((2, 3, 4)), "Bq/mL"))
        True
        """
        return same_grid(self.shape, self.affine_lps, other.shape, other.affine_lps)


def grid_of(grid: PlacedArray | tuple[Sequence[int], npt.ArrayLike]) -> Grid:
    """Return the shape (k, j, i) and the affine of a grid, given as an image or as (shape, affine_lps).

    Any other object raises `ArgumentError`, an affine that cannot be used `GeometryError`, and a shape that is not
    three whole numbers of at least 1 `ShapeError`.
    """
    if isinstance(grid, PlacedArray):
        return Grid(grid.shape, grid.affine_lps)
    if not (isinstance(grid, tuple) and len(grid) == 2):
        raise ArgumentError(f"grid must be an Image or (shape, affine_lps), got {type(grid).__name__}")
    return Grid(grid_shape(grid[0]), checked_affine(grid[1]))
