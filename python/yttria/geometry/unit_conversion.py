"""Conversion of the values of an image to another unit of the same quantity."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .._foundation.arrays import empty
from .._foundation.choices import Unit
from .._foundation.units import UNITS
from ..errors import OutOfRangeError, UnitError


def converted_values(values: npt.NDArray[Any], unit: Unit, target_unit: Unit) -> npt.NDArray[Any]:
    """Convert values; the same array is returned if both units have the same size.

    `UnitError` is raised if the units measure different quantities, `OutOfRangeError` if a value becomes too large.
    """
    quantity, size = UNITS[unit]
    target, target_size = UNITS[target_unit]
    if target != quantity:
        raise UnitError(f"{unit} ({quantity}) cannot be converted to {target_unit} ({target})")
    if size == target_size:
        return values
    # Only whole factors are used, so that a conversion and its inverse round once each. Types that the core does not
    # know become float64, because a thousand times a float16 may be infinite.
    dtype = values.dtype if values.dtype.char in "fd" else np.dtype(np.float64)
    scale = dtype.type(max(size, target_size) / min(size, target_size))
    out = empty(values.shape, dtype.newbyteorder("="), f"the image in {target_unit}")
    try:
        with np.errstate(over="raise"):
            (np.multiply if size > target_size else np.divide)(values, scale, out=out, casting="unsafe")
    except FloatingPointError:
        raise OutOfRangeError(
            f"an image in {target_unit} must fit into {dtype.name}, got values too large for it"
        ) from None
    return out
