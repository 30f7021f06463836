"""Arrays as they come from a caller, and arrays to write into."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DTypeError, InsufficientMemoryError

Map = NDArray[np.float32] | NDArray[np.float64]


def real(quantity: str, array: ArrayLike) -> NDArray[Any]:
    """The array itself, if it holds real numbers."""
    if isinstance(array, np.ma.MaskedArray):
        raise DTypeError(f"{quantity} is a masked array: give its data, and its mask as mask=~array.mask")
    try:
        values = np.asarray(array)
    except (TypeError, ValueError) as error:
        raise DTypeError(f"{quantity} must hold real numbers: {error}") from error
    if values.dtype.kind not in "biuf":
        raise DTypeError(f"{quantity} must hold real numbers, got {values.dtype}")
    return values


def real_dtype(quantity: str, array: NDArray[Any]) -> np.dtype[Any]:
    """The native type in which the array is computed: its own, or float64 for integers and booleans."""
    if array.dtype.kind != "f":
        return np.dtype(np.float64)
    if array.dtype.itemsize not in (4, 8):
        raise DTypeError(f"{quantity} must be float32, float64 or integer, got {array.dtype}")
    return array.dtype.newbyteorder("=")


def contiguous(quantity: str, array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """The array in C order, aligned and of this type: itself where it is that already.

    What is too large for the type becomes infinite, which the core then names.
    """
    try:
        with np.errstate(over="ignore"):
            return np.require(array, dtype, ["C", "A"])
    except (MemoryError, ValueError) as error:
        raise InsufficientMemoryError(f"a copy of the {quantity} in C order: {error}") from error
