"""Lung shunt fraction from counts, lung mass from CT numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def geometric_mean(
    anterior_counts: ArrayLike, posterior_counts: ArrayLike, background_per_pixel: float = 0.0, pixels: float = 0.0
) -> Any:
    """`sqrt(net anterior x net posterior)`; the counts of several regions are summed per view before this."""
    background = background_per_pixel * pixels
    return np.sqrt((np.sum(anterior_counts) - background) * (np.sum(posterior_counts) - background))


def lung_shunt_fraction(lung_counts: ArrayLike, liver_counts: ArrayLike) -> Any:
    """`lung / (lung + liver)`."""
    return np.divide(lung_counts, np.add(lung_counts, liver_counts))


def lung_mass_kg(
    hounsfield_units: ArrayLike, voxel_volume_ml: float, density_clip_g_per_ml: tuple[float, float] = (0.0, 1.1)
) -> Any:
    """Each voxel's density is `(HU + 1000) / 1000` g/mL, clipped; the mass is the sum over the lungs' voxels."""
    density = np.clip((np.asarray(hounsfield_units, dtype=np.float64) + 1000) / 1000, *density_clip_g_per_ml)
    return np.sum(density) * voxel_volume_ml / 1000
