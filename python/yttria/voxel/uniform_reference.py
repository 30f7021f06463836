"""Uniform medium with which Monte Carlo histories are compared, and the dose in it without noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

import yttria._core as _core

from .._core import Nuclide
from .._foundation.arrays import empty
from ..errors import OutOfRangeError
from .convolution import ConvolutionPlan
from .superposition import GAS_DENSITY_G_PER_ML

#: Sides of a voxel in mm for which the dose in the uniform medium is computed.
SIDES_MM = (0.5, 20.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class UniformReference:
    """Infinite uniform medium, and the dose in it from the decays that are also followed there.

    Parameters
    ----------
    medium : str
        Name of its substance.
    place : int
        Index of the substance among those in use.
    density_g_per_ml : float
        Its density.
    dose_gy : ndarray
        Expectation of the dose by this Monte Carlo, float64, shape (k, j, i), from the activity in voxels of the
        substance.
    """

    medium: str
    place: int
    density_g_per_ml: float
    dose_gy: NDArray[np.float64] = field(repr=False)


def uniform_reference(
    concentration: NDArray[np.float64],
    density: NDArray[np.float32],
    media: Sequence[str],
    medium: NDArray[np.uint8],
    voxel_size_mm: tuple[float, float, float],
    nuclide: Nuclide,
    threads: int | None,
) -> UniformReference | None:
    """Choose the substance with the most activity, at its median density; None if all activity is in gas.

    The dose is the convolution with the voxel S values of the transport itself, from 1e7 decays for each substance.

    Raises
    ------
    OutOfRangeError
        If a side of the voxels is outside 0.5-20 mm.
    InsufficientMemoryError
        If the voxel S values would take more than 256 MiB.
    """
    if not all(SIDES_MM[0] <= side <= SIDES_MM[1] for side in voxel_size_mm):
        raise OutOfRangeError(
            f"voxel size in mm must be within {list(SIDES_MM)} for the correlated difference, got "
            f"{list(voxel_size_mm)}: estimator='plain' takes any"
        )
    is_tissue = (density >= GAS_DENSITY_G_PER_ML) & (concentration > 0)
    tissue = [place for place, name in enumerate(media) if name != "air"]
    activity = [float(concentration[is_tissue & (medium == place)].sum()) for place in tissue]
    if not activity or max(activity) == 0:
        return None
    place = tissue[int(np.argmax(activity))]
    rho = _weighted_median(density[is_tissue & (medium == place)], concentration[is_tissue & (medium == place)])
    values, _, _ = _core._monte_carlo_voxel_s_values(voxel_size_mm, media[place], rho, nuclide, threads)
    volume_ml = float(np.prod(voxel_size_mm)) / 1000
    kernel = values * (volume_ml * nuclide.mean_life_s / 1000)
    plan = ConvolutionPlan(concentration.shape, kernel, np.float64, threads=threads)
    dose: NDArray[np.float64] = empty(concentration.shape, np.float64, "the dose in the uniform medium")
    plan.apply(np.where(medium == place, concentration, 0.0), dose)
    return UniformReference(medium=media[place], place=place, density_g_per_ml=rho, dose_gy=dose)


def _weighted_median(values: NDArray[np.float32], weights: NDArray[np.float64]) -> float:
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulated, 0.5 * cumulated[-1])])
