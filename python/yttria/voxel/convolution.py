"""Convolution of voxel maps with an even kernel, planned once and applied to many maps."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

import yttria._core as _core

from .._foundation.arrays import Float, Map, as_type, real
from .._foundation.choices import ConvolutionMethod
from .._foundation.numbers import number, optional_number, thread_count
from ..errors import DTypeError, ShapeError
from .map_plan import CompiledPlan, MapPlan, require_shape


class ConvolutionPlan(MapPlan):
    """Plan of the convolution of maps of one shape and type with one kernel.

    Parameters
    ----------
    shape : sequence of three ints
        Shape (k, j, i) of the maps.
    kernel : array (k, j, i)
        Real numbers, odd along each axis and its own mirror image along each (to 1e-12 of its largest value). It may be
        larger than the maps.
    dtype : dtype
        float32 or float64, of the maps, the arithmetic and the results.
    threads : int, optional
        1 to 1024; every processor available if not given. The bits of a result do not depend on it.
    method : str
        "auto", "definition", "direct" or "fft_direct"; see the notes.

    Raises
    ------
    ShapeError
        If the shape is not three integers, or the kernel has no middle voxel.
    DTypeError
        If `dtype` is not float32 or float64.
    OutOfRangeError
        If a value of the kernel is not finite or not equal to its mirror image.
    UnknownNameError
        If there is no such method.

    Notes
    -----
    `out[n] = sum_d kernel[d] array[n - d]`. The array is zero outside itself, and the origin of the kernel is its
    middle voxel. "definition" is the direct sum in float64. "direct" adds mirror images first, for short kernels.
    "fft_direct" is an FFT along one axis and a direct sum along the two others, for kernels of half size 4 and above.
    Its rounding errors are relative to the largest output, not to each voxel. "auto" takes the cheapest by a cost model
    of map and kernel size. A plan is immutable and free of the GIL, so that threads may share it.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import voxel_s_values
    >>> s_values = voxel_s_values((3.0, 4.0, 4.0), medium="liver")
    >>> plan = ConvolutionPlan((20, 21, 22), s_values.gy_per_mbq_per_ml())
    >>> plan.apply(np.ones(plan.shape)).shape
    (20, 21, 22)
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
        """Make the tables, which takes microseconds to milliseconds."""
        self._core = _core.ConvolutionPlan(
            _shape(shape), _kernel(kernel), _dtype(dtype) == np.float32, thread_count(threads), method
        )

    @property
    def _plan(self) -> CompiledPlan:
        return self._core

    @property
    def method(self) -> ConvolutionMethod:
        """Method that computes the sum; never "auto"."""
        return self._core.method

    @property
    def instruction_set(self) -> str:
        """Vector instructions that are used on this machine: scalar, avx2, avx512 or neon."""
        return self._core.instruction_set

    def estimate_memory_bytes(self) -> int:
        """Count the bytes that one call needs besides its input and output.

        Returns
        -------
        int
            Bytes, which the plan keeps for the next call. A mask, a threshold, a combination of maps or an input that
            is not in C order needs a further copy of the map.

        Examples
        --------
        >>> import numpy as np
        >>> ConvolutionPlan((20, 21, 22), np.ones((3, 3, 3))).estimate_memory_bytes() > 0
        True
        """
        return self._core.estimate_memory_bytes()

    def variance_plan(self) -> ConvolutionPlan:
        """Make the plan that propagates the variance of a map with independent voxels.

        Returns
        -------
        ConvolutionPlan
            The plan with the kernel squared.

        Examples
        --------
        >>> import numpy as np
        >>> plan = ConvolutionPlan((4, 5, 6), np.full((1, 1, 3), 0.5)).variance_plan()
        >>> float(plan.apply(np.ones(plan.shape))[2, 2, 2])
        0.75
        """
        plan = object.__new__(ConvolutionPlan)
        plan._core = self._core.variance_plan()
        return plan

    @overload
    def apply(
        self,
        array: NDArray[Float],
        out: NDArray[Float] | None = None,
        *,
        mask: ArrayLike | None = None,
        threshold: float | None = None,
    ) -> NDArray[Float]: ...
    @overload
    def apply(
        self,
        array: ArrayLike,
        out: Map | None = None,
        *,
        mask: ArrayLike | None = None,
        threshold: float | None = None,
    ) -> Map: ...
    def apply(
        self,
        array: ArrayLike,
        out: NDArray[Any] | None = None,
        *,
        mask: ArrayLike | None = None,
        threshold: float | None = None,
    ) -> NDArray[Any]:
        """Convolve one map.

        Parameters
        ----------
        array : array (k, j, i)
            Map of the shape and type of the plan. It is borrowed if it is in C order and native, else copied. Integers
            and booleans become float64 and need a float64 plan. Negative values are legal.
        out : array (k, j, i), optional
            Array in C order, of the same type and shape, that is written and returned. It must not overlap `array`.
            After an error its content is undefined.
        mask : bool array (k, j, i), optional
            A voxel counts as zero if the mask is false there.
        threshold : float, optional
            Voxels below it count as zero.

        Returns
        -------
        array (k, j, i)
            The convolution.

        Raises
        ------
        ShapeError
            If an array does not have the shape of the plan.
        DTypeError
            If an array has another type.
        OutOfRangeError
            If a voxel is NaN, infinite or above the largest number of the type divided by 2^28 (1.3e30 for float32).
            The message states the first.
        InsufficientMemoryError
            If memory is not sufficient for the result.

        Examples
        --------
        >>> import numpy as np
        >>> plan = ConvolutionPlan((4, 5, 6), np.ones((1, 1, 3)))
        >>> float(plan.apply(np.ones(plan.shape))[2, 2, 0])
        2.0
        """
        source = self._map("array", array)
        result, fresh = self._out(out, (array,))
        if mask is not None:
            mask = real("mask", mask)
            if mask.dtype != np.bool_:
                raise DTypeError(f"mask must be boolean, got {mask.dtype}")
            require_shape("mask", mask, self.shape)
            mask = as_type("mask", mask, mask.dtype)
        self._core.apply(source, result, fresh, mask, optional_number("threshold", threshold))
        return result

    def apply_many(self, arrays: Sequence[ArrayLike], outs: Sequence[Map] | None = None) -> list[Map]:
        """Convolve many maps, one per thread.

        Parameters
        ----------
        arrays : sequence of arrays (k, j, i)
            Maps, as for `apply`.
        outs : sequence of arrays (k, j, i), optional
            One output per map. They must not overlap each other or the maps.

        Returns
        -------
        list of arrays (k, j, i)
            The same bits as `[plan.apply(array) for array in arrays]`.

        Raises
        ------
        ShapeError, DTypeError, OutOfRangeError, InsufficientMemoryError
            As for `apply`. The first invalid map ends the call.

        Examples
        --------
        >>> import numpy as np
        >>> plan = ConvolutionPlan((4, 5, 6), np.ones((1, 1, 3)))
        >>> len(plan.apply_many([np.ones(plan.shape), np.zeros(plan.shape)]))
        2
        """
        sources = [self._map("array", array) for array in arrays]
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
        """Convolve a weighted sum of maps once, as of several injections.

        Parameters
        ----------
        arrays : sequence of arrays (k, j, i)
            Maps, as for `apply`.
        weights : sequence of float
            One finite weight per map.
        out : array (k, j, i), optional
            Array in C order that is written and returned.

        Returns
        -------
        array (k, j, i)
            The convolution of `sum_k weights[k] arrays[k]`.

        Raises
        ------
        ShapeError, DTypeError, OutOfRangeError, InsufficientMemoryError
            As `apply`, and if there is not one finite weight per map.

        Examples
        --------
        >>> import numpy as np
        >>> plan = ConvolutionPlan((4, 5, 6), np.ones((1, 1, 3)))
        >>> maps = [np.ones(plan.shape), np.ones(plan.shape)]
        >>> float(plan.apply_combined(maps, [0.25, 0.75])[2, 2, 2])
        3.0
        """
        sources = [self._map("array", array) for array in arrays]
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
