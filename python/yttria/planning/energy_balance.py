"""A reported dose times its mass cannot exceed the energy that the liver received."""

from __future__ import annotations

from dataclasses import dataclass

import yttria._core as _core

from .._core import Nuclide
from .._foundation.numbers import default_nuclide, number
from ..advisory import Advisory, advise_if


@dataclass(frozen=True, kw_only=True)
class EnergyBalance:
    """The share of the liver's energy that a reported tumor dose claims."""

    fraction_of_liver_energy_in_tumor: float
    liver_energy_j: float
    tumor_energy_j: float
    highest_possible_tumor_dose_gy: float
    advisories: tuple[Advisory, ...] = ()


def energy_balance(
    reported_tumor_dose_gy: float,
    *,
    tumor_mass_kg: float,
    delivered_activity_gbq: float,
    lung_shunt_fraction: float,
    nuclide: Nuclide | None = None,
) -> EnergyBalance:
    """`D m / (C A (1 - L))`: above 1 the dose, the mass, the activity or the shunt is not what was reported.

    Conservation of energy with complete local absorption; this project's check. Advises `energy_exceeds_available`
    above 1. Raises `OutOfRangeError` for a mass or an activity that is not positive, a negative dose, a shunt outside
    [0, 1).
    """
    dose, mass = number("tumor dose in Gy", reported_tumor_dose_gy), number("tumor mass in kg", tumor_mass_kg)
    liver = _liver_energy_j(delivered_activity_gbq, lung_shunt_fraction, nuclide)
    fraction = _core.energy_fraction_in_tumor(dose, mass, liver)
    found = advise_if("energy_exceeds_available", energy_fraction=fraction)
    return EnergyBalance(
        fraction_of_liver_energy_in_tumor=fraction,
        liver_energy_j=liver,
        tumor_energy_j=dose * mass,
        highest_possible_tumor_dose_gy=liver / mass,
        advisories=found,
    )


def tumor_mass_for_dose_kg(
    tumor_dose_gy: float,
    *,
    delivered_activity_gbq: float,
    lung_shunt_fraction: float,
    fraction_of_liver_activity_in_tumor: float = 1.0,
    nuclide: Nuclide | None = None,
) -> float:
    """The mass `f C A (1 - L) / D` in kg that a share of the liver's activity gives a dose to.

    With the whole activity (1.0) it is the largest mass that the dose is possible for. Errors as `energy_balance`, and
    `OutOfRangeError` for a share outside [0, 1].
    """
    share = number("fraction of the liver's activity in the tumor", fraction_of_liver_activity_in_tumor)
    liver = _liver_energy_j(delivered_activity_gbq, lung_shunt_fraction, nuclide)
    return _core.tumor_mass_for_dose_kg(number("tumor dose in Gy", tumor_dose_gy), share, liver)


def _liver_energy_j(activity_gbq: float, lung_shunt_fraction: float, nuclide: Nuclide | None) -> float:
    return _core.liver_energy_j(
        number("delivered activity in GBq", activity_gbq),
        number("lung shunt fraction", lung_shunt_fraction),
        default_nuclide(nuclide),
    )
