"""One perfused mass with uniform uptake, and the lungs. `C` is the dose factor in Gy kg/GBq."""

from __future__ import annotations

from typing import Any

import numpy as np

from .lung import lung_dose


def single_compartment_dose(
    vial_activity_gbq: Any,
    mass_kg: Any,
    lung_shunt_fraction: Any,
    residual_fraction: Any = 0.0,
    lung_mass_kg: Any = 1.0,
    *,
    dose_factor_gy_kg_per_gbq: float,
) -> dict[str, Any]:
    """Perfused mass `C A (1 - L) / m`, lungs `C A L / m_lung`, with `A = A_vial (1 - R)`."""
    delivered = vial_activity_gbq * (1 - residual_fraction)
    in_liver = np.multiply(delivered, np.subtract(1, lung_shunt_fraction))
    return {
        "vial_activity_gbq": vial_activity_gbq,
        "delivered_activity_gbq": delivered,
        "perfused_dose_gy": dose_factor_gy_kg_per_gbq * np.divide(in_liver, mass_kg),
        "lung_dose_gy": lung_dose(
            delivered, lung_shunt_fraction, lung_mass_kg, dose_factor_gy_kg_per_gbq=dose_factor_gy_kg_per_gbq
        ),
    }


def single_compartment_activity(
    target_dose_gy: Any,
    mass_kg: Any,
    lung_shunt_fraction: Any,
    residual_fraction: Any = 0.0,
    lung_mass_kg: Any = 1.0,
    *,
    dose_factor_gy_kg_per_gbq: float,
) -> dict[str, Any]:
    """The doses of `D m / (C (1 - L) (1 - R))`: what stays behind must be in the vial as well."""
    needed_in_liver = np.multiply(target_dose_gy, mass_kg) / dose_factor_gy_kg_per_gbq
    vial = needed_in_liver / np.subtract(1, lung_shunt_fraction) / np.subtract(1, residual_fraction)
    return single_compartment_dose(
        vial,
        mass_kg,
        lung_shunt_fraction,
        residual_fraction,
        lung_mass_kg,
        dose_factor_gy_kg_per_gbq=dose_factor_gy_kg_per_gbq,
    )
