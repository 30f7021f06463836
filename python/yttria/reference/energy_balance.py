"""The energy of a reported dose against what the liver received. `C` is the dose factor in Gy kg/GBq, that is J/GBq."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def liver_energy_j(
    delivered_activity_gbq: ArrayLike, lung_shunt_fraction: ArrayLike, dose_factor_gy_kg_per_gbq: float
) -> Any:
    """`C A (1 - L)`."""
    return dose_factor_gy_kg_per_gbq * np.multiply(delivered_activity_gbq, np.subtract(1, lung_shunt_fraction))


def energy_balance(
    reported_tumor_dose_gy: ArrayLike,
    tumor_mass_kg: ArrayLike,
    delivered_activity_gbq: ArrayLike,
    lung_shunt_fraction: ArrayLike,
    dose_factor_gy_kg_per_gbq: float,
) -> Any:
    """Fraction of the liver's energy in the tumor: `D m / (C A (1 - L))`."""
    available = liver_energy_j(delivered_activity_gbq, lung_shunt_fraction, dose_factor_gy_kg_per_gbq)
    return np.multiply(reported_tumor_dose_gy, tumor_mass_kg) / available


def tumor_mass_for_dose_kg(
    tumor_dose_gy: ArrayLike,
    delivered_activity_gbq: ArrayLike,
    lung_shunt_fraction: ArrayLike,
    fraction_of_liver_activity_in_tumor: ArrayLike = 1.0,
    *,
    dose_factor_gy_kg_per_gbq: float,
) -> Any:
    """`f C A (1 - L) / D`."""
    available = liver_energy_j(delivered_activity_gbq, lung_shunt_fraction, dose_factor_gy_kg_per_gbq)
    return np.divide(fraction_of_liver_activity_in_tumor * available, tumor_dose_gy)
