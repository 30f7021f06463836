"""Sets of structures on one grid, voxel by voxel: masks of 0 and 1, or fractions of which the larger overlap counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def union(structures: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """`max(a, b, ...)`."""
    return np.asarray(np.max(np.array(structures, dtype=np.float64), axis=0))


def intersection(structures: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """`min(a, b, ...)`."""
    return np.asarray(np.min(np.array(structures, dtype=np.float64), axis=0))


def difference(structure: ArrayLike, others: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """`max(a - b, 0)`, one after the other."""
    left = np.asarray(structure, dtype=np.float64)
    for other in others:
        left = np.maximum(left - np.asarray(other, dtype=np.float64), 0.0)
    return left
