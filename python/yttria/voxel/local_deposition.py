"""Absorbed dose if every decay deposits its energy in its own voxel."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

import yttria._core as _core

from .._core import Nuclide
from .._foundation.arrays import Float, Map, as_type, checked_out, empty, real, real_dtype
from ..advisory.bounds import check_density, warn_implausible
from ..errors import ShapeError


@overload
def local_deposition(
    activity_mbq_per_ml: NDArray[Float],
    *,
    density_g_per_ml: ArrayLike,
    nuclide: Nuclide | None = None,
    out: NDArray[Float] | None = None,
    threads: int | None = None,
) -> NDArray[Float]: ...
@overload
def local_deposition(
    activity_mbq_per_ml: ArrayLike,
    *,
    density_g_per_ml: ArrayLike,
    nuclide: Nuclide | None = None,
    out: Map | None = None,
    threads: int | None = None,
) -> Map: ...
def local_deposition(
    activity_mbq_per_ml: ArrayLike,
    *,
    density_g_per_ml: ArrayLike,
    nuclide: Nuclide | None = None,
    out: NDArray[Any] | None = None,
    threads: int | None = None,
) -> NDArray[Any]:
    """Compute the absorbed dose if every decay deposits its energy in its own voxel.

    Parameters
    ----------
    activity_mbq_per_ml : array of any shape
        Activity concentration at administration in MBq/mL. float32 and float64 are kept; integers and booleans become
        float64, float16 becomes float32, exactly. Arrays in C or Fortran order (or any transpose) are borrowed, others
        copied. Negative values are legal.
    density_g_per_ml : float or array
        Density in g/mL: one number of at most 25, or an array of the shape of the activity, computed in its type.
    nuclide : Nuclide, optional
        Nuclide with the dose factor; `Nuclide()` if not given.
    out : array, optional
        Array of the same type, shape and memory order that is written and returned. It must not overlap the input.
    threads : int, optional
        1 to 1024; every processor available if not given. The bits of the result do not depend on it.

    Returns
    -------
    array
        Absorbed dose in Gy after complete decay, in the memory order of the activity.

    Raises
    ------
    DTypeError
        If an array does not hold real numbers.
    ShapeError
        If the density or `out` does not fit.
    OutOfRangeError
        If a concentration is not finite, a density is not finite and positive, or a dose overflows. The message states
        the first voxel.
    InsufficientMemoryError
        If memory is not sufficient for the result.

    Warns
    -----
    ImplausibleValueWarning
        If a concentration is above 1000 MBq/mL.

    Notes
    -----
    `D = C c / rho` with the dose factor C in Gy kg/GBq, the concentration c in MBq/mL and the density rho in g/mL. A
    milliliter holds c/1000 GBq in rho/1000 kg, and the factors 1000 cancel. It is the limit for voxels that are large
    compared with the range.

    References
    ----------
    mird17

    Examples
    --------
    >>> import numpy as np
    >>> round(float(local_deposition(np.full((2, 3, 4), 1.06), density_g_per_ml=1.06)[0, 0, 0]), 2)
    49.67
    """
    activity = real("activity concentration", activity_mbq_per_ml)
    dose = deposited(activity, density_g_per_ml, nuclide, out, threads)
    warn_implausible("concentration_implausible", float(activity.max(initial=0)))
    return dose


def deposited(
    activity: NDArray[Any], density_g_per_ml: ArrayLike, nuclide: Nuclide | None, out: Map | None, threads: int | None
) -> Map:
    """Compute `local_deposition` for a caller that checks the plausibility of the values itself."""
    dtype = real_dtype("activity concentration", activity)
    # The axis of the longest stride comes first. Any transpose of an array in C order is then in C order, and is
    # borrowed.
    order = sorted(range(activity.ndim), key=lambda axis: -abs(activity.strides[axis]))
    source = as_type("activity concentration", activity.transpose(order), dtype)
    density = real("density", density_g_per_ml)
    if density.ndim > 0 and density.shape != activity.shape:
        raise ShapeError(f"density must be one number or of the activity's shape {activity.shape}, got {density.shape}")
    rho = (
        as_type("density", density.transpose(order), dtype).ravel()
        if density.ndim > 0
        else check_density(float(density))
    )
    if out is None:
        result = empty(source.shape, dtype, "the absorbed dose")
    else:
        result = checked_out(out, activity.shape, dtype, (activity, density)).transpose(order)
        if not result.flags.c_contiguous:
            raise ShapeError("out must be in the memory order of the activity")
    _core._local_deposition(source.ravel(), rho, Nuclide() if nuclide is None else nuclide, result.ravel(), threads)
    return result.transpose(np.argsort(order).tolist()) if out is None else out
