"""Absorbed dose by convolution with voxel S values."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from .._foundation.arrays import Map, real, real_dtype
from .._foundation.choices import ConvolutionMethod
from ..advisory.bounds import warn_implausible
from ..errors import ArgumentError, ShapeError
from ..kernels import VoxelSValues
from .convolution import ConvolutionPlan


def absorbed_dose(
    activity_mbq_per_ml: ArrayLike,
    s_values: VoxelSValues,
    *,
    out: Map | None = None,
    threads: int | None = None,
    mask: ArrayLike | None = None,
    threshold: float | None = None,
    method: ConvolutionMethod = "auto",
) -> Map:
    """Absorbed dose in Gy after complete decay, in a homogeneous medium, by convolution with `s_values`.

    `D[n] = sum_m S[n - m] A[m]`, `A[m] = c[m] V T / ln 2`: concentration at administration in MBq/mL, voxel volume,
    half-life of `s_values.nuclide`. Nothing lies outside the array: no activity, and no dose is reported there.

    `activity_mbq_per_ml`: shape `(nk, nj, ni)` on voxels of `s_values.voxel_size_mm`, float32 or float64, the type of
    the result; integers and booleans become float64. C order is borrowed, any other order copied. Negative values are
    legal. `out`: written and returned if given; same type and shape, C order. `mask`: where false, a voxel is taken as
    zero; `threshold` in MBq/mL: voxels below it are taken as zero. `method`: as in `ConvolutionPlan`. The bits do not
    depend on `threads`. For many maps of one shape, make the plan once:
    `ConvolutionPlan(shape, s_values.gy_per_mbq_per_ml(), dtype)`.

    Raises `ShapeError`, `DTypeError`, `InsufficientMemoryError`, `UnknownNameError` (method), and `OutOfRangeError`
    naming the first voxel that is not finite. Warns with `ImplausibleValueWarning` above 1000 MBq/mL.

    Source: MIRD Pamphlet No. 17 (mird17).
    """
    activity = real("activity concentration", activity_mbq_per_ml)
    dose = convolved(activity, s_values, out, threads, mask, threshold, method)
    warn_implausible("concentration_implausible", float(activity.max(initial=0)))
    return dose


def convolved(
    activity: NDArray[Any],
    s_values: VoxelSValues,
    out: Map | None = None,
    threads: int | None = None,
    mask: ArrayLike | None = None,
    threshold: float | None = None,
    method: ConvolutionMethod = "auto",
) -> Map:
    """`absorbed_dose` for a caller that judges the values itself."""
    dtype = real_dtype("activity concentration", activity)
    if activity.ndim != 3:
        raise ShapeError(f"activity concentration must have three dimensions, got shape {activity.shape}")
    if not isinstance(s_values, VoxelSValues):
        raise ArgumentError(
            f"s_values must be VoxelSValues, as voxel_s_values makes them, got {type(s_values).__name__}"
        )
    plan = ConvolutionPlan(activity.shape, s_values.gy_per_mbq_per_ml(), dtype, threads=threads, method=method)
    return plan.apply(activity, out, mask=mask, threshold=threshold)
