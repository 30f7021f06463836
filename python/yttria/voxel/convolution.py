"""Convolution of voxel maps with an even kernel, planned once and applied to many maps."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

import yttria._core as _core

from .._foundation.arrays import Map, as_type, checked_out, real
from .._foundation.choices import ConvolutionMethod
from .._foundation.numbers import number, optional_number, thread_count
from ..errors import DTypeError, InsufficientMemoryError, ShapeError


class ConvolutionPlan:
    """Zero-padded "same" convolution of maps of one shape and dtype with one kernel.

    `out[n] = sum_d kernel[d] array[n - d]`, the array taken as zero outside itself (and the kernel's own centre as its
    origin). Immutable and free of the GIL: share one plan between threads. The bits of a result depend neither on
    `threads` nor on the run.

    `shape`: shape `(nk, nj, ni)` of the maps. `kernel`: real array, odd along each axis and its own mirror image along
    each (to 1e-12 of its largest value); may be larger than the maps. `dtype`: float32 or float64, of the maps, the
    arithmetic and the results. `threads`: every processor unless given. `method`: "auto", or one of "definition" (the
    direct sum in float64), "direct" (mirror images added first; for short kernels), "fft_direct" (FFT along one axis,
    direct sum along the two others; for kernels of half size 4 and above). "auto" takes the cheapest by a cost model of
    map and kernel size. The rounding errors of "fft_direct" are relative to the largest output, not to each voxel.

    Raises `ShapeError`, `DTypeError`, `OutOfRangeError` (a kernel value is not finite or not its mirror image) and
    `UnknownNameError` (method).
    """

    __slots__ = ("_core",)
    _core: _core.ConvolutionPlan

    def __init__(
        self,
        shape: Sequence[int],
        kernel: ArrayLike,
        dtype: DTypeLike = np.float64,
        *,
        threads: int | None = None,
        method: ConvolutionMethod = "auto",
    ) -> None:
        """Make the tables; a matter of microseconds to milliseconds."""
        self._core = _core.ConvolutionPlan(
            _shape(shape), _kernel(kernel), _dtype(dtype) == np.float32, thread_count(threads), method
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the maps."""
        return self._core.shape

    @property
    def dtype(self) -> np.dtype[np.float32] | np.dtype[np.float64]:
        """Type of the maps and of the results."""
        return np.dtype(np.float32) if self._core.single_precision else np.dtype(np.float64)

    @property
    def method(self) -> ConvolutionMethod:
        """How the sum is computed; never "auto"."""
        return self._core.method

    @property
    def threads(self) -> int:
        """Threads of one call."""
        return self._core.threads

    @property
    def instruction_set(self) -> str:
        """The vector instructions in use on this machine: scalar, avx2, avx512 or neon."""
        return self._core.instruction_set

    def estimate_memory_bytes(self) -> int:
        """Bytes that one call takes besides its input and output; the plan keeps them for the next call.

        A mask, a threshold or a combination of maps takes a copy of the map more, and so does an input that is not in
        C order.
        """
        return self._core.estimate_memory_bytes()

    def variance_plan(self) -> ConvolutionPlan:
        """The plan with the kernel squared: it carries the variance of a map whose voxels are independent."""
        plan = object.__new__(ConvolutionPlan)
        plan._core = self._core.variance_plan()
        return plan

    def apply(
        self,
        array: ArrayLike,
        out: Map | None = None,
        *,
        mask: ArrayLike | None = None,
        threshold: float | None = None,
    ) -> Map:
        """The convolution of `array`, written into `out` if given.

        `array`: of the plan's shape and dtype; borrowed if it is in C order and native, else copied (a strided, Fortran
        or byte-swapped array). Integers and booleans become float64 and need a float64 plan. Negative values are legal.
        `mask`: boolean array; where false, the voxel is taken as zero. `threshold`: voxels below it are taken as zero.
        Nothing is masked unless asked for; exact zeros cost almost nothing.

        Raises `ShapeError`, `DTypeError`, `InsufficientMemoryError`, and `OutOfRangeError` naming the first voxel that
        is NaN, infinite or above the largest number of the dtype divided by 2^28 (1.3e30 for float32). After an error
        (or `KeyboardInterrupt`) `out` holds anything. `out` must not overlap `array`.
        """
        source = self._map(array)
        result, fresh = self._out(out, (array,))
        if mask is not None:
            mask = real("mask", mask)
            if mask.dtype != np.bool_:
                raise DTypeError(f"mask must be boolean, got {mask.dtype}")
            _require_shape("mask", mask, self.shape)
            mask = as_type("mask", mask, mask.dtype)
        self._core.apply(source, result, fresh, mask, optional_number("threshold", threshold))
        return result

    def apply_many(self, arrays: Sequence[ArrayLike], outs: Sequence[Map] | None = None) -> list[Map]:
        """`[plan.apply(array) for array in arrays]`, the same bits, one map per thread.

        Raises as `apply` does; the first invalid map spoils the call.
        """
        sources = [self._map(array) for array in arrays]
        if outs is not None and len(outs) != len(sources):
            raise ShapeError(f"outs must be one per array ({len(sources)}), got {len(outs)}")
        results = [self._out(None if outs is None else outs[n], arrays)[0] for n in range(len(sources))]
        if outs is not None:
            for n, result in enumerate(results):
                if any(np.may_share_memory(result, other) for other in results[:n]):
                    raise ShapeError("outs must not overlap each other")
        self._core.apply_many(sources, results, outs is None)
        return results

    def apply_combined(self, arrays: Sequence[ArrayLike], weights: Sequence[float], out: Map | None = None) -> Map:
        """The convolution of `sum_k weights[k] arrays[k]`: several injections, convolved once.

        Raises as `apply` does, and where there is not one finite weight per array.
        """
        sources = [self._map(array) for array in arrays]
        result, fresh = self._out(out, arrays)
        self._core.apply_combined(sources, [number("weight", weight) for weight in weights], result, fresh)
        return result

    def __reduce__(self) -> tuple[Callable[..., ConvolutionPlan], tuple[object, ...]]:
        again = partial(ConvolutionPlan, threads=self.threads, method=self.method)
        return again, (self.shape, self._core.kernel(), self.dtype)

    def __repr__(self) -> str:
        """Shape, dtype, method, threads and instruction set."""
        return (
            f"ConvolutionPlan({self.shape}, {self.dtype}, method={self.method!r}, threads={self.threads}, "
            f"instruction_set={self.instruction_set!r})"
        )

    def _map(self, array: ArrayLike) -> NDArray[Any]:
        """The array in C order, native, of the plan's dtype: itself where it is that already."""
        values = real("array", array)
        if values.dtype.kind == "f":
            if values.dtype.itemsize != self.dtype.itemsize:
                raise DTypeError(f"array is {values.dtype.name}, the plan is for {self.dtype}: convert it explicitly")
        elif self.dtype != np.float64:
            raise DTypeError(f"array is {values.dtype.name}, which becomes float64; the plan is for {self.dtype}")
        _require_shape("array", values, self.shape)
        return as_type("array", values, self.dtype)

    def _out(self, out: Map | None, inputs: Sequence[ArrayLike]) -> tuple[Map, bool]:
        """The output, and whether it is fresh and zero."""
        if out is None:
            try:
                return np.zeros(self.shape, self.dtype), True
            except (MemoryError, ValueError) as error:
                raise InsufficientMemoryError(f"the result: {error}") from error
        if not checked_out(out, self.shape, self.dtype, inputs).flags.c_contiguous:
            raise ShapeError("out must be in C order")
        return out, False


def _shape(shape: Sequence[int]) -> tuple[int, int, int]:
    try:
        nk, nj, ni = (operator.index(n) for n in shape)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"shape must be three integers, got {shape!r}") from error
    if min(nk, nj, ni) < 1 or max(nk, nj, ni) >= 2**32:
        raise ShapeError(f"shape must be within [1, 2^32) along each axis, got {(nk, nj, ni)}")
    return nk, nj, ni


def _dtype(dtype: DTypeLike) -> np.dtype[Any]:
    try:
        kind = np.dtype(dtype)
    except (TypeError, ValueError) as error:
        raise DTypeError(f"dtype must be float32 or float64, got {dtype!r:.80}") from error
    if kind not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise DTypeError(f"dtype must be float32 or float64, got {kind}")
    return kind


def _kernel(kernel: ArrayLike) -> NDArray[np.float64]:
    values = real("kernel", kernel)
    if values.ndim != 3:
        raise ShapeError(f"kernel must have three dimensions, got shape {values.shape}")
    return values.astype(np.float64, copy=False)


def _require_shape(quantity: str, array: NDArray[Any], shape: tuple[int, int, int]) -> None:
    if array.shape != shape:
        raise ShapeError(f"{quantity} must be of the plan's shape {shape}, got {array.shape}")
