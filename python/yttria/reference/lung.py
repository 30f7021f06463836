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


def spect_lung_shunt_fraction(
    lung_counts: ArrayLike, liver_counts: ArrayLike, lung_fraction_in_field_of_view: float = 1.0
) -> Any:
    """`lung / (lung + liver)`, the lungs' counts scaled up by the part of their volume that was seen."""
    return lung_shunt_fraction(np.divide(lung_counts, lung_fraction_in_field_of_view), liver_counts)


def scatter_corrected_counts(
    main_window_counts: ArrayLike, lower_window_counts: ArrayLike, main_window_kev: float, lower_window_kev: float
) -> Any:
    """`C_main - (C_lower / W_lower) (W_main / 2)`."""
    scatter_per_kev = np.divide(lower_window_counts, lower_window_kev)
    return np.subtract(main_window_counts, scatter_per_kev * main_window_kev / 2)


def lung_mass_for_dose_kg(
    dose_factor: float, delivered_activity_gbq: ArrayLike, lung_shunt_fraction: ArrayLike, lung_dose_gy: ArrayLike
) -> Any:
    """`C A L / D`."""
    return dose_factor * np.divide(np.multiply(delivered_activity_gbq, lung_shunt_fraction), lung_dose_gy)


def lung_shunt_for_dose(
    dose_factor: float, delivered_activity_gbq: ArrayLike, lung_mass_kg: ArrayLike, lung_dose_gy: ArrayLike
) -> Any:
    """`D m_lung / (C A)`."""
    return np.multiply(lung_dose_gy, lung_mass_kg) / (dose_factor * np.asarray(delivered_activity_gbq))
