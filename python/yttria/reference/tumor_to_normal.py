"""The tumor-to-normal ratio: activity concentrations per mass."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def tumor_to_normal_ratio(
    tumor_counts: ArrayLike, tumor_mass_kg: ArrayLike, normal_counts: ArrayLike, normal_mass_kg: ArrayLike
) -> Any:
    """`(c_T / m_T) / (c_N / m_N)`."""
    return np.divide(tumor_counts, tumor_mass_kg) / np.divide(normal_counts, normal_mass_kg)


def activity_ratio(tumor_counts: ArrayLike, normal_counts: ArrayLike) -> Any:
    """Kao's `R = A_T / A_N`, a ratio of activities and not of concentrations."""
    return np.divide(tumor_counts, normal_counts)


def lung_shunt_fraction_kao(tumor_activity: ArrayLike, ratio: ArrayLike, tumor_lung_shunt_fraction: ArrayLike) -> Any:
    """`A_L / (A_T + A_N + A_L)` where `A_L / (A_T + A_L)` and `A_T / A_N` are given (Kao 2013)."""
    tumor = np.asarray(tumor_activity)
    normal = tumor / ratio
    everything_but_normal = tumor / np.subtract(1, tumor_lung_shunt_fraction)
    return (everything_but_normal - tumor) / (everything_but_normal + normal)


def tumor_to_normal_ratio_from_activity_ratio(
    activity_ratio: ArrayLike, tumor_mass_kg: ArrayLike, normal_mass_kg: ArrayLike
) -> Any:
    """`R m_N / m_T`."""
    return np.multiply(activity_ratio, normal_mass_kg) / tumor_mass_kg


def kao_activities(
    tumor_activity_gbq: ArrayLike, activity_ratio: ArrayLike, tumor_lung_shunt_fraction: ArrayLike
) -> tuple[Any, Any, Any, Any]:
    """Normal liver `A_T / R`, lungs `A_T S / (1 - S)`, their sum with `A_T`, and the lungs' share of that sum."""
    normal = np.divide(tumor_activity_gbq, activity_ratio)
    lung = np.multiply(
        tumor_activity_gbq, np.divide(tumor_lung_shunt_fraction, np.subtract(1, tumor_lung_shunt_fraction))
    )
    total = tumor_activity_gbq + normal + lung
    return normal, lung, total, lung / total
