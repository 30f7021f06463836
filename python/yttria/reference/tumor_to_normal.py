"""The tumor-to-normal ratio: activity concentrations per mass."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def tumor_to_normal_ratio(
    tumor_counts: ArrayLike, tumor_mass_kg: ArrayLike, normal_counts: ArrayLike, normal_mass_kg: ArrayLike
) -> dict[str, Any]:
    """`(c_T / m_T) / (c_N / m_N)`, and Kao's `R = A_T / A_N`, a ratio of activities and not of concentrations."""
    return {
        "tumor_to_normal_ratio": np.divide(tumor_counts, tumor_mass_kg) / np.divide(normal_counts, normal_mass_kg),
        "activity_ratio": np.divide(tumor_counts, normal_counts),
    }


def tumor_to_normal_ratio_from_activity_ratio(
    activity_ratio: ArrayLike, tumor_mass_kg: ArrayLike, normal_mass_kg: ArrayLike
) -> Any:
    """`R m_N / m_T`."""
    return np.multiply(activity_ratio, normal_mass_kg) / tumor_mass_kg


def kao_activities(
    tumor_activity_gbq: ArrayLike, activity_ratio: ArrayLike, tumor_lung_shunt_fraction: ArrayLike
) -> dict[str, Any]:
    """Normal liver `A_T / R`, lungs `A_T S / (1 - S)`, their sum with `A_T`, and the lungs' share of that sum."""
    normal = np.divide(tumor_activity_gbq, activity_ratio)
    lung = np.multiply(
        tumor_activity_gbq, np.divide(tumor_lung_shunt_fraction, np.subtract(1, tumor_lung_shunt_fraction))
    )
    total = tumor_activity_gbq + normal + lung
    return {
        "normal_activity_gbq": normal,
        "lung_activity_gbq": lung,
        "total_activity_gbq": total,
        "lung_shunt_fraction": lung / total,
    }
