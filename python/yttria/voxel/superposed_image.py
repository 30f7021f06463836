"""Superposition on images: density of each voxel, treatment of gas, and advisories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import yttria._core as _core

from .._core import Nuclide
from .._foundation.arrays import Map
from .._foundation.choices import MediumName, RaySetting
from ..advisory import Advisory, advise, advise_if
from ..advisory.bounds import check_density
from ..geometry.image import Image
from .ct_density import DensityImage
from .density import density_on
from .superposition import GAS_DENSITY_G_PER_ML, SuperpositionPlan

#: Voxels of lower density are given this one, near that of air.
LEAST_DENSITY_G_PER_ML: float = _core.LEAST_DENSITY_G_PER_ML
#: Densities of lung, from the edge of gas to that of congested lung (yttria-choice).
LUNG_G_PER_ML = (GAS_DENSITY_G_PER_ML, 0.6)
#: Distance from activity within which a dose in lung gives an advisory, and the share of the largest activity that
#: counts.
NEAR_ACTIVITY_MM, ACTIVITY_SHARE = 15.0, 0.02
#: A voxel in lung with this many times the mean activity of its neighbors is a hot voxel.
HOT_VOXEL_RATIO = 5.0


@dataclass(frozen=True, eq=False, kw_only=True)
class SuperposedImage:
    """A dose by superposition with the provenance of its density and rays, its gas, and advisories."""

    dose: Map
    density_terms: dict[str, Any]
    terms: dict[str, Any]
    gas: NDArray[np.bool_] | None
    medium: MediumName
    advisories: tuple[Advisory, ...]


def superposed_image(
    activity: Image,
    concentration: Map,
    density: Image | DensityImage,
    *,
    medium: MediumName,
    reference_density_g_per_ml: float,
    ray_setting: RaySetting,
    nuclide: Nuclide,
    threads: int | None,
) -> SuperposedImage:
    """Compute the dose of an activity image from its concentrations at administration in MBq/mL.

    `ArgumentError`, `UnitError` or `GeometryError` is raised if the density is not an image in g/mL on the activity's
    grid. The errors of `SuperpositionPlan` are raised too.
    """
    rho, density_terms = transported_density(density, activity, concentration.dtype)
    plan = SuperpositionPlan(
        rho,
        activity.voxel_size_mm,
        medium=medium,
        reference_density_g_per_ml=reference_density_g_per_ml,
        ray_setting=ray_setting,
        nuclide=nuclide,
        threads=threads,
    )
    dose, balance = plan.apply_with_balance(concentration)
    gas = rho < GAS_DENSITY_G_PER_ML if plan.gas_voxel_count else None
    return SuperposedImage(
        dose=dose,
        density_terms=density_terms,
        terms={
            "ray_setting": plan.ray_setting,
            "direction_count": plan.direction_count,
            "kernel_error_fraction": plan.kernel_error_fraction,
            "deposited_fraction": balance.deposited_fraction,
            "escaped_fraction": balance.escaped_fraction,
            "gas_density_g_per_ml": GAS_DENSITY_G_PER_ML,
            "gas_voxel_count": plan.gas_voxel_count,
            "beyond_the_map": "no activity; rays that leave do not come back, so that its density has no influence",
        },
        gas=gas,
        medium=medium,
        advisories=(
            *(density.advisories if isinstance(density, DensityImage) else ()),
            *advise_if("energy_leaves_image", escaped_fraction=balance.escaped_fraction),
            *advisories_near_activity(concentration, rho, activity.voxel_size_mm),
            *(() if plan.ray_setting == "fine" else _hot_voxel_in_lung(concentration, rho)),
        ),
    )


def transported_density(
    density: Image | DensityImage, activity: Image, dtype: np.dtype[Any]
) -> tuple[NDArray[Any], dict[str, Any]]:
    """Return the density of each voxel in g/mL for the electrons, and its provenance."""
    image = density_on(density, activity)
    check_density(float(image.array.max()))
    terms = {
        **(density.as_dict() if isinstance(density, DensityImage) else {"curve": None}),
        "least_density_g_per_ml": LEAST_DENSITY_G_PER_ML,
        "below_least_density_count": int(np.count_nonzero(image.array < LEAST_DENSITY_G_PER_ML)),
    }
    return np.maximum(image.array.astype(dtype, copy=False), LEAST_DENSITY_G_PER_ML), terms


def advisories_near_activity(
    concentration: Map, rho: NDArray[Any], voxel_size_mm: tuple[float, float, float]
) -> tuple[Advisory, ...]:
    """Report gas, and lung close to activity."""
    peak = float(concentration.max(initial=0))
    gas, lung = rho < LUNG_G_PER_ML[0], (rho >= LUNG_G_PER_ML[0]) & (rho < LUNG_G_PER_ML[1])
    if peak <= 0 or not (gas.any() or lung.any()):
        return ()
    near = within_mm(concentration > ACTIVITY_SHARE * peak, NEAR_ACTIVITY_MM, voxel_size_mm)
    found = []
    if gas_count := int(np.count_nonzero(near & gas)):
        found.append(
            advise("gas_without_dose", count=gas_count, gas_g_per_ml=GAS_DENSITY_G_PER_ML, near_mm=NEAR_ACTIVITY_MM)
        )
    if lung_count := int(np.count_nonzero(near & lung)):
        found.append(advise("lung_near_activity", count=lung_count, near_mm=NEAR_ACTIVITY_MM))
    return tuple(found)


def _hot_voxel_in_lung(concentration: Map, rho: NDArray[Any]) -> tuple[Advisory, ...]:
    """Report a single hot voxel in lung, around which the error by the finite number of rays is largest."""
    peak = float(concentration.max(initial=0))
    candidates = (rho >= LUNG_G_PER_ML[0]) & (rho < LUNG_G_PER_ML[1]) & (concentration > ACTIVITY_SHARE * peak)
    if peak <= 0 or not candidates.any():
        return ()
    hot = np.where(candidates, concentration, 0)
    ratio = np.divide(hot, _neighbor_mean(concentration), out=np.zeros_like(hot), where=hot > 0)
    largest = float(ratio.max())
    if largest < HOT_VOXEL_RATIO:
        return ()
    voxel = tuple(int(n) for n in np.unravel_index(int(ratio.argmax()), ratio.shape))
    return (advise("hot_voxel_in_lung", voxel=voxel, ratio=min(largest, 1e3)),)


def within_mm(
    mask: NDArray[np.bool_], distance_mm: float, voxel_size_mm: tuple[float, float, float]
) -> NDArray[np.bool_]:
    """Find the voxels with one of the mask within a distance along each axis, in a box, not a ball."""
    for axis, size in enumerate(voxel_size_mm):
        mask = _spread(mask, axis, int(distance_mm // size))
    return mask


def _spread(mask: NDArray[np.bool_], axis: int, steps: int) -> NDArray[np.bool_]:
    """Dilate the mask by a number of steps along an axis, with doubled strides."""
    rows = np.moveaxis(mask, axis, 0)
    reach = 0
    while reach < steps:
        stride = min(reach + 1, steps - reach)
        spread = rows.copy()
        spread[stride:] |= rows[:-stride]
        spread[:-stride] |= rows[stride:]
        rows, reach = spread, reach + stride
    return np.moveaxis(rows, 0, axis)


def _neighbor_mean(values: Map) -> Map:
    """Return the mean of each voxel's six neighbors, 0 beyond the edge; never exactly 0, to serve as a divisor."""
    padded: NDArray[Any] = np.pad(values, 1)
    total: NDArray[Any] = np.zeros_like(values)
    for axis in range(3):
        for start in (0, 2):
            place: list[slice] = [slice(1, -1)] * 3
            place[axis] = slice(start, start + values.shape[axis])
            total = total + padded[tuple(place)]
    return np.maximum(total / 6, np.finfo(values.dtype).tiny)
