"""Values of an image on another grid, and the advisories that tell what was done."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import yttria._core as _core

from .._foundation.arrays import MAX_VOXELS, as_type
from .._foundation.choices import BEYOND, RESAMPLING_METHODS, Beyond, ResamplingMethod
from .._foundation.numbers import optional_number
from ..advisory import Advisory, advise
from ..errors import OutOfRangeError, ShapeError, UnknownNameError
from .affine import Affine, Grid, voxel_size_mm
from .continuation import continued


class ResampledValues(NamedTuple):
    """Values on the new grid, the fill value as it was understood, and the voxels beyond the image."""

    array: npt.NDArray[Any]
    fill_value: float | Beyond | None
    outside_voxels: int
    outside_fraction: float


def resampled_values(
    array: npt.NDArray[Any],
    unit: str,
    old: Grid,
    new: Grid,
    *,
    method: ResamplingMethod,
    fill_value: float | Beyond | None,
    threads: int | None,
) -> ResampledValues:
    """Bring the array of one grid onto another, as `Image.resampled_on` documents it."""
    if method not in RESAMPLING_METHODS:
        raise UnknownNameError(f"method must be one of {', '.join(RESAMPLING_METHODS)}, got '{method}'")
    if math.prod(new.shape) > MAX_VOXELS:
        raise ShapeError(f"grid must have at most 2^33 voxels, got shape {list(new.shape)}")
    nearest = isinstance(fill_value, str) and fill_value in BEYOND
    fill = 0.0 if nearest else optional_number(f"fill_value in {unit}", fill_value)
    if fill is not None and not np.isfinite(fill):
        raise OutOfRangeError(
            f"fill_value must be a finite number in {unit}, 'nearest' or None, got {fill_value!r:.80}"
        )
    kept = array.dtype.newbyteorder("=") if array.dtype.char in "fd" else np.dtype(np.float64)
    array = as_type("the image", array, kept, in_order=False)

    def on_grid(array: npt.NDArray[Any], affine: Affine) -> tuple[npt.NDArray[Any], int, float]:
        averaged = method == "average"
        return _core._resampled(array, affine.tolist(), new.shape, new.affine_lps.tolist(), averaged, fill, threads)

    values, count, fraction = on_grid(array, old.affine_lps)
    if nearest and count:
        # The first resampling counted the voxels beyond the image.
        values = on_grid(*continued(array, old.affine_lps, new.shape, new.affine_lps))[0]
    return ResampledValues(values, "nearest" if nearest else fill, count, fraction)


def resampling_advisories(
    unit: str, old: Grid, new: Grid, method: ResamplingMethod, done: ResampledValues
) -> tuple[Advisory, ...]:
    """Advisories for the reader of the image: the two grids, and the voxels beyond the old one."""
    grids = [
        f"{' x '.join(map(str, i.shape))} voxels of {' x '.join(f'{s:.4g}' for s in voxel_size_mm(i.affine_lps))} mm"
        for i in (old, new)
    ]
    how = "averaged over each voxel" if method == "average" else "interpolated at each voxel's center"
    found = [advise("resampled", image_unit=unit, old_grid=grids[0], new_grid=grids[1], how=how)]
    if done.outside_voxels:
        part = "reach" if method == "average" else "have their center"
        found.append(
            advise(
                "outside_image",
                count=done.outside_voxels,
                voxels=done.array.size,
                part=part,
                taken=f"{done.fill_value:g} {unit}" if isinstance(done.fill_value, float) else "the nearest value",
                outside_fraction=done.outside_voxels / done.array.size,
            )
        )
    return tuple(found)
