"""One perfused mass with uniform uptake, and the lungs. `dose_factor` is in Gy kg/GBq."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def perfused_dose_gy(
    dose_factor: float, delivered_activity_gbq: ArrayLike, lung_shunt_fraction: ArrayLike, mass_kg: ArrayLike
) -> Any:
    """Energy that stays in the liver, per mass: `C A (1 - L) / m`."""
    in_liver = np.multiply(delivered_activity_gbq, np.subtract(1, lung_shunt_fraction))
    return dose_factor * np.divide(in_liver, mass_kg)


def vial_activity_gbq(
    dose_factor: float,
    target_dose_gy: ArrayLike,
    mass_kg: ArrayLike,
    lung_shunt_fraction: ArrayLike,
    residual_fraction: ArrayLike = 0.0,
) -> Any:
    """`D m / (C (1 - L) (1 - R))`: what stays behind must be in the vial as well."""
    needed_in_liver = np.multiply(target_dose_gy, mass_kg) / dose_factor
    return needed_in_liver / np.subtract(1, lung_shunt_fraction) / np.subtract(1, residual_fraction)


def lung_dose_gy(
    dose_factor: float, delivered_activity_gbq: ArrayLike, lung_shunt_fraction: ArrayLike, lung_mass_kg: ArrayLike
) -> Any:
    """Energy that goes to the lungs, per mass: `C A L / m_lung`."""
    return dose_factor * np.divide(np.multiply(delivered_activity_gbq, lung_shunt_fraction), lung_mass_kg)
