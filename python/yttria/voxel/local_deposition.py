"""Absorbed dose where every decay deposits its energy in its own voxel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import yttria._core as _core

from .._core import Nuclide
from .._foundation.arrays import Map, as_type, checked_out, empty, real, real_dtype
from ..advisory.bounds import check_density, warn_implausible
from ..errors import ShapeError


def local_deposition(
    activity_mbq_per_ml: ArrayLike,
    *,
    density_g_per_ml: ArrayLike,
    nuclide: Nuclide | None = None,
    out: Map | None = None,
    threads: int | None = None,
) -> Map:
    """Absorbed dose in Gy after complete decay, each voxel keeping the energy of its own decays.

    `D = C c / rho`: `c` the activity concentration at administration in MBq/mL, `rho` the density in g/mL, `C` the
    dose factor of `nuclide` (`Nuclide()` where not given) in Gy kg/GBq. A milliliter holds c/1000 GBq in rho/1000 kg;
    the thousands cancel. Bq/mL are 1e-6 MBq/mL.

    `activity_mbq_per_ml`: any shape, float32 or float64, the type of the result; integers and booleans become float64.
    Arrays in C or Fortran order (or any transpose) are borrowed, others copied; the result has the memory order of the
    input. Negative values are legal. `density_g_per_ml`: a number, or an array of the same shape, computed in the type
    of the activity. `out`: written and returned if given; same type, shape and memory order, no overlap with the input.
    The bits do not depend on `threads`.

    Raises `DTypeError` (no real numbers), `ShapeError`, `InsufficientMemoryError`, and `OutOfRangeError` naming the
    first voxel whose concentration is not finite, whose density is not finite and positive, or whose dose overflows.
    A single density must be at most 25 g/mL. Warns with `ImplausibleValueWarning` above 1000 MBq/mL.

    Source: MIRD Pamphlet No. 17 (mird17), the limit of a voxel larger than the range; the dose factor's is in
    `Nuclide.source`.
    """
    activity = real("activity concentration", activity_mbq_per_ml)
    dose = deposited(activity, density_g_per_ml, nuclide, out, threads)
    warn_implausible("concentration_implausible", float(activity.max(initial=0)))
    return dose


def deposited(
    activity: NDArray[Any], density_g_per_ml: ArrayLike, nuclide: Nuclide | None, out: Map | None, threads: int | None
) -> Map:
    """`local_deposition` for a caller that judges the values itself."""
    dtype = real_dtype("activity concentration", activity)
    # The axis of the longest stride first: any transpose of an array in C order is then in C order, and borrowed.
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
