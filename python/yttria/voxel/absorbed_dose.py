"""Absorbed dose by convolution with voxel S values."""

from __future__ import annotations

from typing import Any, overload

from numpy.typing import ArrayLike, NDArray

from .._foundation.arrays import Float, Map, as_type, real, real_dtype
from .._foundation.choices import ConvolutionMethod
from ..advisory.bounds import warn_implausible
from ..errors import ArgumentError, ShapeError
from ..kernels import VoxelSValues
from .convolution import ConvolutionPlan


@overload
def absorbed_dose(
    activity_mbq_per_ml: NDArray[Float],
    s_values: VoxelSValues,
    *,
    out: NDArray[Float] | None = None,
    threads: int | None = None,
    mask: ArrayLike | None = None,
    threshold: float | None = None,
    method: ConvolutionMethod = "auto",
) -> NDArray[Float]: ...
@overload
def absorbed_dose(
    activity_mbq_per_ml: ArrayLike,
    s_values: VoxelSValues,
    *,
    out: Map | None = None,
    threads: int | None = None,
    mask: ArrayLike | None = None,
    threshold: float | None = None,
    method: ConvolutionMethod = "auto",
) -> Map: ...
def absorbed_dose(
    activity_mbq_per_ml: ArrayLike,
    s_values: VoxelSValues,
    *,
    out: NDArray[Any] | None = None,
    threads: int | None = None,
    mask: ArrayLike | None = None,
    threshold: float | None = None,
    method: ConvolutionMethod = "auto",
) -> NDArray[Any]:
    """Compute the absorbed dose by convolution with voxel S values, in a homogeneous medium after complete decay.

    Parameters
    ----------
    activity_mbq_per_ml : array (k, j, i)
        Activity concentration at administration in MBq/mL, on voxels of `s_values.voxel_size_mm`. float32 and float64
        are kept; integers and booleans become float64, float16 becomes float32, exactly. An array in C order is
        borrowed, any other copied. Negative values are legal.
    s_values : VoxelSValues
        Values made by `voxel_s_values`.
    out : array (k, j, i), optional
        Array in C order, of the same type and shape, that is written and returned.
    threads : int, optional
        1 to 1024; every processor available if not given. The bits of the result do not depend on it.
    mask : bool array (k, j, i), optional
        A voxel counts as zero if the mask is false there.
    threshold : float, optional
        Voxels below it, in MBq/mL, count as zero.
    method : str
        As in `ConvolutionPlan`.

    Returns
    -------
    array (k, j, i)
        Absorbed dose in Gy.

    Raises
    ------
    ShapeError
        If the activity does not have three dimensions, or `out` or `mask` does not have its shape.
    DTypeError
        If an array does not hold real numbers, or `out` has another type.
    OutOfRangeError
        If a voxel is not finite; the message states the first.
    UnknownNameError
        If there is no such method.
    InsufficientMemoryError
        If memory is not sufficient for the result.

    Warns
    -----
    ImplausibleValueWarning
        If a concentration is above 1000 MBq/mL.

    Notes
    -----
    `D[n] = sum_m S[n - m] A[m]` with the time-integrated activity `A[m] = c[m] V T / ln 2` of concentration c, voxel
    volume V and half-life T. Activity outside of the array is not known and gives no dose. A `ConvolutionPlan` serves
    many maps of one shape: `ConvolutionPlan(shape, s_values.gy_per_mbq_per_ml(), dtype)`.

    References
    ----------
    mird17

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import voxel_s_values
    >>> activity_mbq_per_ml = np.zeros((20, 21, 22))
    >>> activity_mbq_per_ml[5:15, 5:15, 5:15] = 1.0
    >>> dose_gy = absorbed_dose(activity_mbq_per_ml, voxel_s_values((3.0, 4.0, 4.0), medium="liver"))
    >>> round(float(dose_gy[10, 10, 10]), 1)
    46.7
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
    """Compute `absorbed_dose` for a caller that checks the plausibility of the values itself."""
    dtype = real_dtype("activity concentration", activity)
    if activity.ndim != 3:
        raise ShapeError(f"activity concentration must have three dimensions, got shape {activity.shape}")
    if not isinstance(s_values, VoxelSValues):
        raise ArgumentError(
            f"s_values must be VoxelSValues, as voxel_s_values makes them, got {type(s_values).__name__}"
        )
    plan = ConvolutionPlan(activity.shape, s_values.gy_per_mbq_per_ml(), dtype, threads=threads, method=method)
    if activity.dtype.itemsize == 2:
        activity = as_type("activity concentration", activity, dtype, in_order=False)
    result: Map = plan.apply(activity, out, mask=mask, threshold=threshold)
    return result
