"""The energy of a reported dose against what the liver received. `dose_factor` is in Gy kg/GBq, that is J/GBq."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def liver_energy_j(dose_factor: float, delivered_activity_gbq: ArrayLike, lung_shunt_fraction: ArrayLike) -> Any:
    """`C A (1 - L)`."""
    return dose_factor * np.multiply(delivered_activity_gbq, np.subtract(1, lung_shunt_fraction))


def fraction_of_liver_energy_in_tumor(
    tumor_dose_gy: ArrayLike,
    tumor_mass_kg: ArrayLike,
    dose_factor: float,
    delivered_activity_gbq: ArrayLike,
    lung_shunt_fraction: ArrayLike,
) -> Any:
    """`D m / (C A (1 - L))`."""
    available = liver_energy_j(dose_factor, delivered_activity_gbq, lung_shunt_fraction)
    return np.multiply(tumor_dose_gy, tumor_mass_kg) / available


def tumor_mass_for_dose_kg(
    tumor_dose_gy: ArrayLike,
    fraction_of_liver_activity_in_tumor: ArrayLike,
    dose_factor: float,
    delivered_activity_gbq: ArrayLike,
    lung_shunt_fraction: ArrayLike,
) -> Any:
    """`f C A (1 - L) / D`."""
    available = liver_energy_j(dose_factor, delivered_activity_gbq, lung_shunt_fraction)
    return np.divide(fraction_of_liver_activity_in_tumor * available, tumor_dose_gy)
