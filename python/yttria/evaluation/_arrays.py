"""Arrays in a form that the core borrows: native byte order, aligned, a type it knows. A copy only where needed."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DTypeError, GeometryError, InsufficientMemoryError, ShapeError


def mask_array(mask: ArrayLike) -> NDArray[Any]:
    """A structure: bool, uint8, float32 and float64 as they are, every other real type as float64."""
    return _real("structure mask", mask, ("?", "B", "f", "d"), 3)


def dose_array(dose_gy: ArrayLike) -> NDArray[Any]:
    """A dose map: float32 and float64 as they are, every other real type as float64."""
    return _real("dose_gy", dose_gy, ("f", "d"), 3)


def dose_list(doses_gy: ArrayLike) -> NDArray[Any]:
    """A one-dimensional list of doses as float64."""
    return _real("doses_gy", doses_gy, ("d",), 1)


def flat(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Numbers of any shape as one contiguous row of float64."""
    array = _real(name, values, ("d",), None)
    try:
        return np.ascontiguousarray(array).reshape(-1)
    except MemoryError as error:
        raise InsufficientMemoryError(f"{name} of shape {array.shape} does not fit into memory") from error


def affine_rows(name: str, affine: ArrayLike) -> list[list[float]]:
    """The rows of a 4 x 4 matrix."""
    try:
        matrix = np.asarray(affine, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise GeometryError(f"{name} must be a 4 x 4 matrix of numbers: {error}") from error
    if matrix.shape != (4, 4):
        raise GeometryError(f"{name} must be a 4 x 4 matrix, got shape {matrix.shape}")
    rows: list[list[float]] = matrix.tolist()
    return rows


def grid_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    """Three whole numbers, at least 1 each."""
    try:
        k, j, i = (index(n) for n in shape)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"shape must be three whole numbers (k, j, i), got {shape!r}") from error
    if not all(1 <= n < 2**63 for n in (k, j, i)):
        raise ShapeError(f"shape must be three whole numbers >= 1, got {shape!r}")
    return k, j, i


def _real(name: str, values: ArrayLike, kept: tuple[str, ...], dimensions: int | None) -> NDArray[Any]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ShapeError(f"{name} must be a regular array: {error}") from error
    if array.dtype.kind not in "biuf":
        raise DTypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if dimensions is not None and array.ndim != dimensions:
        raise ShapeError(f"{name} must have {dimensions} dimensions, got shape {array.shape}")
    dtype = array.dtype.newbyteorder("=") if array.dtype.char in kept else np.dtype(np.float64)
    try:
        return np.require(array, dtype=dtype, requirements="A")
    except MemoryError as error:
        raise InsufficientMemoryError(f"{name} of shape {array.shape} does not fit into memory as {dtype}") from error
