"""Checks of the caller's arrays, and their conversion to the forms that the core borrows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import index
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ..errors import ArgumentError, DTypeError, GeometryError, InsufficientMemoryError, ShapeError

Map = NDArray[np.float32] | NDArray[np.float64]
#: Type variable of a map whose type is the same in the result.
Float = TypeVar("Float", np.float32, np.float64)

#: This is 2048 voxels along each axis. A larger array is a mistake, and even to inspect it would take minutes.
MAX_VOXELS = 2**33


def real(quantity: str, values: Any, *, dimensions: int | None = None) -> NDArray[Any]:
    """Return the values as an array of real numbers, without a copy if they are an array already.

    Masked values raise `DTypeError`, because their numbers would be used as if they were valid. Text, objects, complex
    numbers and dates raise it too. Ragged lists and another number of dimensions raise `ShapeError`.
    """
    for each in values if isinstance(values, list | tuple) else (values,):
        # The mask would be lost, and the numbers under it may be anything.
        if isinstance(each, np.ma.MaskedArray) and np.ma.is_masked(each):
            raise DTypeError(
                f"{quantity} is a masked array, whose mask would be lost: leave the masked values out with "
                ".compressed(), or give them a value with .filled(value)"
            )
    if hasattr(values, "GetPixelIDValue"):
        # Iterating over a SimpleITK image gives one row of voxels, whatever the shape of the image.
        raise DTypeError(
            f"{quantity} must be an array of real numbers, got a SimpleITK image: yttria.Image.from_any reads it "
            "with its position, SimpleITK.GetArrayViewFromImage returns its array alone"
        )
    try:
        array = np.from_dlpack(values) if _only_dlpack(values) else np.asarray(values)
    except MemoryError as error:
        raise InsufficientMemoryError(f"{quantity} needs more memory than is available: {error}") from error
    except ValueError as error:
        raise ShapeError(f"{quantity} must be a regular array: {error}") from error
    except Exception as error:
        raise DTypeError(
            f"{quantity} must be an array of real numbers, got {type(values).__name__}: {error}"
        ) from error
    if array.dtype.kind not in "biuf":
        given = "" if isinstance(values, np.ndarray) else f" from an object of type {type(values).__name__}"
        raise DTypeError(f"{quantity} must hold real numbers, got dtype {array.dtype}{given}")
    if dimensions is not None and array.ndim != dimensions:
        raise ShapeError(f"{quantity} must have {dimensions} dimensions, got shape {list(array.shape)}")
    return array


def _only_dlpack(values: Any) -> bool:
    """Whether the array of another library can be read only by the DLPack protocol."""
    return hasattr(values, "__dlpack__") and not any(
        hasattr(values, name) for name in ("__array__", "__array_interface__", "__buffer__")
    )


def volume(quantity: str, values: object) -> NDArray[Any]:
    """Return a read-only view of a non-empty 3-D array of real numbers."""
    array = real(quantity, values)
    if array.ndim != 3 or array.size == 0:
        raise ShapeError(f"{quantity} must be a non-empty 3-D array (k, j, i), got shape {list(array.shape)}")
    if array.size > MAX_VOXELS:
        raise ShapeError(f"{quantity} must have at most 2^33 voxels, got shape {list(array.shape)}")
    view = array.view()
    view.flags.writeable = False
    return view


def mask_array(mask: ArrayLike) -> NDArray[Any]:
    """Return a mask: bool, uint8, float32 and float64 unchanged, every other real type as float64."""
    return _as_one_of("?Bfd", "structure mask", mask)


def dose_array(dose_gy: ArrayLike) -> NDArray[Any]:
    """Return a dose map: float32 and float64 unchanged, every other real type as float64."""
    return _as_one_of("fd", "dose_gy", dose_gy)


def flat(quantity: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return numbers of any shape as one contiguous row of float64."""
    return as_type(quantity, real(quantity, values), np.dtype(np.float64)).reshape(-1)


def real_dtype(quantity: str, array: NDArray[Any]) -> np.dtype[Any]:
    """Return the native float type in which the array is computed: its own, or the smallest one that holds it.

    Integers and booleans become float64. float16 becomes float32, in which each of its values is exact.
    """
    if array.dtype.kind != "f":
        return np.dtype(np.float64)
    if array.dtype.itemsize == 2:
        return np.dtype(np.float32)
    if array.dtype.itemsize not in (4, 8):
        raise DTypeError(f"{quantity} must be float16, float32, float64 or integer, got {array.dtype}")
    return array.dtype.newbyteorder("=")


def as_type(quantity: str, array: NDArray[Any], dtype: np.dtype[Any], *, in_order: bool = True) -> NDArray[Any]:
    """Return the array in this type, aligned and, if asked, in C order; no copy is made of one that is so already.

    A value that is too large for the type becomes infinite, and the core then reports it.
    """
    try:
        with np.errstate(over="ignore"):
            return np.require(array, dtype, ["C", "A"] if in_order else ["A"])
    except (MemoryError, ValueError) as error:
        raise InsufficientMemoryError(
            f"{quantity} of shape {list(array.shape)} needs more memory than is available as {dtype}: {error}"
        ) from error


def empty(shape: Sequence[int], dtype: DTypeLike, quantity: str) -> NDArray[Any]:
    """Allocate an array to fill; `InsufficientMemoryError` if it does not fit into memory."""
    try:
        return np.empty(tuple(shape), dtype)
    except (MemoryError, ValueError) as error:
        mib = math.prod(shape) * np.dtype(dtype).itemsize / 2**20
        raise InsufficientMemoryError(f"{quantity} needs {mib:.1f} MiB of memory, more than is available") from error


def checked_out(out: object, shape: tuple[int, ...], dtype: np.dtype[Any], inputs: Sequence[object]) -> Map:
    """Check `out`: native, of this type and shape, writable, and sharing no memory with an input.

    Inputs may be anything that shares memory with an array, such as a `memoryview`.
    """
    if not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray) or out.dtype != dtype:
        kind = out.dtype if isinstance(out, np.ndarray) else type(out).__name__
        raise DTypeError(f"out must be a native {dtype} array, got {kind}")
    if out.shape != shape:
        raise ShapeError(f"out must be of the shape {list(shape)}, got {list(out.shape)}")
    if not (out.flags.writeable and out.flags.aligned):
        raise ShapeError("out must be writable and aligned")
    for each in inputs:
        if np.may_share_memory(out, each if isinstance(each, np.ndarray) else np.asarray(each)):
            raise ShapeError("out must not overlap an input: they share memory")
    return out


def frozen(array: NDArray[Any], quantity: str) -> NDArray[Any]:
    """Return a read-only array that no caller can change: itself if it is not writable, else a copy.

    Booleans become bytes of 0 and 1, also if true was stored as another byte.
    """
    base: object = array
    writable = False
    while isinstance(base, np.ndarray):
        writable |= base.flags.writeable
        base = base.base
    # An axis that repeats one element (stride 0) stays as it is.
    once = tuple(slice(0, 1) if stride == 0 else slice(None) for stride in array.strides)
    held = array[once]
    is_bool = array.dtype.kind == "b"
    if writable or base is not None or (is_bool and held.view(np.uint8).max(initial=0) > 1):
        copy = empty(held.shape, array.dtype.newbyteorder("="), quantity)
        if is_bool:
            np.not_equal(held.view(np.uint8), 0, out=copy)
        else:
            copy[...] = held
        copy.flags.writeable = False
        array = copy if copy.shape == array.shape else np.broadcast_to(copy, array.shape)
    return array


def affine_rows(name: str, affine: ArrayLike) -> list[list[float]]:
    """Return the rows of a 4 x 4 matrix."""
    try:
        matrix = real(name, affine).astype(np.float64)
    except (DTypeError, ShapeError) as error:
        raise GeometryError(f"{name} must be a 4 x 4 matrix of numbers: {error}") from error
    if matrix.shape != (4, 4):
        raise GeometryError(f"{name} must be a 4 x 4 matrix, got shape {matrix.shape}")
    rows: list[list[float]] = matrix.tolist()
    return rows


def grid_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    """Return three whole numbers, each at least 1."""
    try:
        k, j, i = (index(n) for n in shape)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"shape must be three whole numbers (k, j, i), got {shape!r:.80}") from error
    if not all(1 <= n < 2**63 for n in (k, j, i)):
        raise ShapeError(f"shape must be three whole numbers >= 1, got {shape!r:.80}")
    return k, j, i


def three(quantity: str, values: object) -> tuple[float, float, float]:
    """Return three numbers in array order."""
    try:
        array = real(quantity, values)
    except (DTypeError, ShapeError) as error:
        raise DTypeError(f"{quantity} must be three numbers in array order, got {values!r:.80}") from error
    if array.shape != (3,):
        cube = f" (for a cube: ({array:g}, {array:g}, {array:g}))" if array.ndim == 0 else ""
        raise ShapeError(f"{quantity} must be three numbers in array order, got shape {array.shape}{cube}")
    k, j, i = array.astype(np.float64).tolist()
    return k, j, i


def whole(quantity: str, value: object) -> int:
    """Return a whole number."""
    try:
        return index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ArgumentError(f"{quantity} must be a whole number, got {value!r:.80}") from None


def _as_one_of(kept: str, quantity: str, values: ArrayLike) -> NDArray[Any]:
    array = real(quantity, values, dimensions=3)
    dtype = array.dtype.newbyteorder("=") if array.dtype.char in kept else np.dtype(np.float64)
    return as_type(quantity, array, dtype, in_order=False)
