"""Lung shunt fraction from counts, lung mass from CT numbers, lung dose. `C` is the dose factor in Gy kg/GBq."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def planar_lung_shunt_fraction(
    lung_anterior_counts: ArrayLike,
    lung_posterior_counts: ArrayLike,
    liver_anterior_counts: ArrayLike,
    liver_posterior_counts: ArrayLike,
    background_counts_per_pixel: float = 0.0,
    lung_pixels: float = 0.0,
    liver_pixels: float = 0.0,
    lung_transmission: float = 1.0,
    liver_transmission: float = 1.0,
) -> Any:
    """`G_lung / (G_lung + G_liver)`, `G = sqrt(net anterior x net posterior / transmission)`, regions summed before."""

    def geometric_mean(anterior: ArrayLike, posterior: ArrayLike, pixels: float, transmission: float) -> Any:
        background = background_counts_per_pixel * pixels
        return np.sqrt((np.sum(anterior) - background) * (np.sum(posterior) - background) / transmission)

    lung = geometric_mean(lung_anterior_counts, lung_posterior_counts, lung_pixels, lung_transmission)
    liver = geometric_mean(liver_anterior_counts, liver_posterior_counts, liver_pixels, liver_transmission)
    return lung / (lung + liver)


def planar_lung_shunt(
    anterior: ArrayLike,
    posterior: ArrayLike,
    lungs: ArrayLike,
    liver: ArrayLike,
    background: ArrayLike,
    posterior_delay_h: float,
    tracer_half_life_h: float,
    lung_transmission: float,
    liver_transmission: float,
) -> float:
    """`planar_lung_shunt_fraction` of regions (2, rows, columns) of two views, less the mean of a background region."""
    view = [np.asarray(anterior, float), np.asarray(posterior, float) * 2 ** (posterior_delay_h / tracer_half_life_h)]

    def geometric_mean(region: ArrayLike, transmission: float) -> float:
        net = [
            np.sum(v * r) - np.sum(r) * np.sum(v * b) / np.sum(b)
            for v, r, b in zip(view, np.asarray(region, float), np.asarray(background, float), strict=True)
        ]
        return float(np.sqrt(net[0] * net[1] / transmission))

    lung = geometric_mean(lungs, lung_transmission)
    return lung / (lung + geometric_mean(liver, liver_transmission))


def lung_mass(ct: ArrayLike, voxel_volume_ml: float, density_clip_g_per_ml: tuple[float, float] = (0.0, 1.1)) -> Any:
    """Mass in kg: each voxel's density is `(HU + 1000) / 1000` g/mL, clipped; the sum runs over the lungs' voxels."""
    density = np.clip((np.asarray(ct, dtype=np.float64) + 1000) / 1000, *density_clip_g_per_ml)
    return np.sum(density) * voxel_volume_ml / 1000


def spect_lung_shunt_fraction(
    lung_counts: ArrayLike, liver_counts: ArrayLike, lung_fraction_in_field_of_view: float = 1.0
) -> Any:
    """`lung / (lung + liver)`, the lungs' counts scaled up by the part of their volume that was seen."""
    lung = np.divide(lung_counts, lung_fraction_in_field_of_view)
    return np.divide(lung, np.add(lung, liver_counts))


def scatter_corrected_counts(
    main_window_counts: ArrayLike, lower_window_counts: ArrayLike, main_window_kev: float, lower_window_kev: float
) -> Any:
    """`C_main - (C_lower / W_lower) (W_main / 2)`."""
    scatter_per_kev = np.divide(lower_window_counts, lower_window_kev)
    return np.subtract(main_window_counts, scatter_per_kev * main_window_kev / 2)


def lung_dose(
    delivered_activity_gbq: ArrayLike,
    lung_shunt_fraction: ArrayLike,
    lung_mass_kg: ArrayLike = 1.0,
    *,
    dose_factor_gy_kg_per_gbq: float,
) -> Any:
    """Energy that goes to the lungs, per mass: `C A L / m_lung`."""
    return dose_factor_gy_kg_per_gbq * np.divide(np.multiply(delivered_activity_gbq, lung_shunt_fraction), lung_mass_kg)


def lung_mass_for_dose_kg(
    lung_dose_gy: ArrayLike,
    delivered_activity_gbq: ArrayLike,
    lung_shunt_fraction: ArrayLike,
    dose_factor_gy_kg_per_gbq: float,
) -> Any:
    """`C A L / D`."""
    return dose_factor_gy_kg_per_gbq * np.divide(np.multiply(delivered_activity_gbq, lung_shunt_fraction), lung_dose_gy)


def lung_shunt_for_dose(
    lung_dose_gy: ArrayLike,
    delivered_activity_gbq: ArrayLike,
    lung_mass_kg: ArrayLike = 1.0,
    *,
    dose_factor_gy_kg_per_gbq: float,
) -> Any:
    """`D m_lung / (C A)`."""
    return np.multiply(lung_dose_gy, lung_mass_kg) / (dose_factor_gy_kg_per_gbq * np.asarray(delivered_activity_gbq))


def combined_lung_shunt_fraction(lung_shunt_fractions: Sequence[float], weights: Sequence[float]) -> float:
    """`sum_k w_k L_k / sum_k w_k`: all activity in the lungs over all activity."""
    return float(np.dot(lung_shunt_fractions, weights) / np.sum(weights))


def lung_dose_bounds(
    combined_lung_shunt_fraction: float,
    maa_mbq: Sequence[float],
    delivered_activity_gbq: Sequence[float],
    lung_mass_kg: float = 1.0,
    *,
    dose_factor_gy_kg_per_gbq: float,
) -> dict[str, Any]:
    """Lung dose if every injection has the shunt `L`, and if one has all: `L sum_k w_k / w_i`, `w` the tracer's MBq."""
    alone = [float(combined_lung_shunt_fraction * np.sum(maa_mbq) / w) for w in maa_mbq]

    def dose(activity_gbq: float, shunt: float) -> float:
        return float(lung_dose(activity_gbq, shunt, lung_mass_kg, dose_factor_gy_kg_per_gbq=dose_factor_gy_kg_per_gbq))

    return {
        "lung_dose_equal_gy": dose(sum(delivered_activity_gbq), combined_lung_shunt_fraction),
        "lung_shunt_if_all_from": alone,
        "lung_dose_if_all_from_gy": [dose(a, s) for a, s in zip(delivered_activity_gbq, alone, strict=True)],
    }
