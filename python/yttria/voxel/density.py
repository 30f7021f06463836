"""Density of each voxel for local deposition, and the treatment of air."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.arrays import Map
from .._foundation.choices import LOW_DENSITY_VOXELS, LowDensityVoxels
from .._foundation.numbers import number
from ..advisory import Advisory, advise
from ..advisory.bounds import check_density
from ..errors import ArgumentError, GeometryError, OutOfRangeError, UnitError, UnknownNameError
from ..geometry.affine import check_same_frame
from ..geometry.image import Image
from .ct_density import DensityImage

#: Density of lung at -950 HU, below which radiologists speak of emphysema (emphysema-950-hu).
LOW_DENSITY_G_PER_ML = 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class SettledDensity:
    """Densities by which the dose is divided, with provenance and advisories."""

    array: NDArray[Any]
    terms: dict[str, Any]
    advisories: tuple[Advisory, ...]


def density_in_g_per_ml(density: Image | DensityImage) -> Image:
    """Return the image of a density; `ArgumentError` if it is not an image, `UnitError` if it is not in g/mL."""
    image = density.image if isinstance(density, DensityImage) else density
    needed = "density must be an Image in g/mL (density_image makes one from a CT)"
    if not isinstance(image, Image):
        raise ArgumentError(f"{needed}, got {type(image).__name__}")
    if image.unit != "g/mL":
        raise UnitError(f"{needed}, got {image.unit}")
    return image


def density_on(density: Image | DensityImage, grid: Image) -> Image:
    """Return a density image; `UnitError` if it is not in g/mL, `GeometryError` if it is on another grid."""
    image = density_in_g_per_ml(density)
    check_same_frame(image.frame_of_reference_uid, "the density", grid.frame_of_reference_uid, "the activity")
    if not image.same_grid(grid):
        raise GeometryError(
            f"density must lie on the activity's grid, {list(grid.shape)} voxels, got another grid of "
            f"{list(image.shape)} voxels: use density.resampled_on(activity)"
        )
    return image


def resolved_density(
    density: Image | DensityImage, activity: Image, concentration: Map, policy: LowDensityVoxels, limit_g_per_ml: float
) -> SettledDensity:
    """Apply the policy for low densities; "zero" sets those voxels of `concentration` to 0 in place."""
    if policy not in LOW_DENSITY_VOXELS:
        raise UnknownNameError(f"low_density_voxels must be one of {', '.join(LOW_DENSITY_VOXELS)}, got {policy!r}")
    limit = number("low density limit in g/mL", limit_g_per_ml)
    if not (np.isfinite(limit) and limit > 0):
        raise OutOfRangeError(f"low density limit in g/mL must be finite and > 0, got {limit}")
    image = density_on(density, activity)
    rho: NDArray[Any] = image.array
    check_density(max(float(rho.max()), limit))
    low = rho < limit
    count = int(np.count_nonzero(low))
    total, within = (float(concentration.sum(dtype=np.float64, where=where)) for where in (True, low))
    share = within / total if total > 0 else 0.0
    terms = {
        **(density.as_dict() if isinstance(density, DensityImage) else {"curve": None}),
        "low_density_voxels": policy,
        "low_density_limit_g_per_ml": limit,
        "low_density_count": count,
        "low_density_activity_fraction": share,
    }
    if count == 0:
        return SettledDensity(array=rho, terms=terms, advisories=_known(density))
    said = f"{count} voxels with {share:.2%} of the activity have less than {limit:g} g/mL"
    if policy == "refuse":
        raise OutOfRangeError(
            f"density must be at least {limit:g} g/mL: {said}; give low_density_voxels= to state their treatment"
        )
    if policy == "keep" and not rho.min() > 0:
        empty = int(np.count_nonzero(~(rho > 0)))
        raise OutOfRangeError(
            f"density must be > 0, got {empty} voxels that are not; use low_density_voxels='zero' or 'clip'"
        )
    if policy != "keep":
        rho = np.where(low, rho.dtype.type(limit), rho)
    if policy == "zero":
        concentration[low] = 0.0
    told = advise("low_density", policy, count=count, activity_fraction=share, low_g_per_ml=limit)
    return SettledDensity(array=rho, terms=terms, advisories=(*_known(density), told))


def _known(density: Image | DensityImage) -> tuple[Advisory, ...]:
    return density.advisories if isinstance(density, DensityImage) else ()
