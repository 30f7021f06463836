"""The partition model over arrays. The tumors' arrays have one more axis than the others, their last."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def weight_kg(tumor_mass_kg: ArrayLike, tumor_to_normal_ratio: ArrayLike, normal_perfused_mass_kg: ArrayLike) -> Any:
    """`W = m_N + sum_i r_i m_i`: the mass that would hold everything at the normal liver's concentration."""
    return normal_perfused_mass_kg + np.sum(np.multiply(tumor_to_normal_ratio, tumor_mass_kg), axis=-1)


def partition_doses(
    delivered_activity_gbq: ArrayLike,
    tumor_mass_kg: ArrayLike,
    tumor_to_normal_ratio: ArrayLike,
    normal_perfused_mass_kg: ArrayLike,
    lung_shunt_fraction: ArrayLike,
    lung_mass_kg: ArrayLike = 1.0,
    *,
    dose_factor_gy_kg_per_gbq: float,
) -> dict[str, Any]:
    """Perfused normal liver `C A (1 - L) / W`, tumors `r_i` times that, lungs `C A L / m_lung`."""
    weight = weight_kg(tumor_mass_kg, tumor_to_normal_ratio, normal_perfused_mass_kg)
    energy = dose_factor_gy_kg_per_gbq * np.asarray(delivered_activity_gbq, dtype=np.float64)
    normal = np.asarray(energy * np.subtract(1, lung_shunt_fraction) / weight)
    return {
        "normal_perfused_dose_gy": normal,
        "tumor_doses_gy": np.multiply(tumor_to_normal_ratio, normal[..., np.newaxis]),
        "lung_dose_gy": energy * np.divide(lung_shunt_fraction, lung_mass_kg),
    }


def partition_activities(
    target_tumor_dose_gy: ArrayLike,
    tumor_mass_kg: ArrayLike,
    tumor_to_normal_ratio: ArrayLike,
    normal_perfused_mass_kg: ArrayLike,
    lung_shunt_fraction: ArrayLike,
    tumor: int = 0,
    *,
    dose_factor_gy_kg_per_gbq: float,
) -> Any:
    """The activity for a mean dose to one tumor: the normal liver then has `D / r`, and `C A (1 - L) = D W / r`."""
    ratio = np.asarray(tumor_to_normal_ratio)[..., tumor]
    weight = weight_kg(tumor_mass_kg, tumor_to_normal_ratio, normal_perfused_mass_kg)
    in_liver = dose_factor_gy_kg_per_gbq * np.subtract(1, lung_shunt_fraction)
    return np.divide(target_tumor_dose_gy, ratio) * weight / in_liver
