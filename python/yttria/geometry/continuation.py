"""Continuation of an array beyond its edge, as far as another grid reaches."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import GeometryError, InsufficientMemoryError
from .affine import Affine


def continued(
    array: npt.NDArray[Any], affine: Affine, shape: tuple[int, int, int], grid_affine: Affine
) -> tuple[npt.NDArray[Any], Affine]:
    """Return the array (k, j, i) and its affine, with the outermost voxels repeated over all of a grid.

    `GeometryError` is raised if grid and array do not overlap, and `InsufficientMemoryError` if memory is short.
    """
    corners = np.array([[*corner, 1.0] for corner in product(*((-0.5, n - 0.5) for n in shape[::-1]))])
    # The extent is in voxels of the array, from (i, j, k) to (k, j, i). Rounding must not extend a grid with the same
    # faces.
    found = (corners @ (np.linalg.inv(affine) @ grid_affine).T)[:, 2::-1]
    low, high = found.min(axis=0) + 1e-6, found.max(axis=0) - 1e-6
    size = np.array(array.shape)
    if (high < -0.5).any() or (low > size - 0.5).any():
        raise GeometryError("the grid lies entirely outside the image, which therefore has no nearest value for it")
    before, after = (np.ceil(np.maximum(reach, 0.0)).astype(int) for reach in (-0.5 - low, high - (size - 0.5)))
    try:
        values = np.pad(array, list(zip(before, after, strict=True)), mode="edge")
    except (MemoryError, ValueError) as error:
        raise InsufficientMemoryError(f"an image extended to {(size + before + after).tolist()} voxels") from error
    moved = affine.copy()
    moved[:3, 3] -= affine[:3, :3] @ before[::-1]
    return values, moved
