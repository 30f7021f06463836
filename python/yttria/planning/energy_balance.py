"""Check that a reported dose times its mass does not exceed the energy that the liver received."""

from __future__ import annotations

from dataclasses import dataclass

import yttria._core as _core

from .._core import Nuclide
from .._foundation.numbers import number
from ..advisory import Advisory, advise_if
from .microsphere_nuclide import planning_nuclide


@dataclass(frozen=True, kw_only=True)
class EnergyBalance:
    """Share of the liver's energy that a reported tumor dose implies.

    Parameters
    ----------
    fraction_of_liver_energy_in_tumor : float
        The share. A value above 1 is impossible.
    liver_energy_j, tumor_energy_j : float
        Energy that the liver absorbs, and that the tumor would, in J.
    highest_possible_tumor_dose_gy : float
        Dose in Gy if the tumor absorbed all of the liver's energy.
    advisories : tuple of Advisory
        `energy_exceeds_available` above 1.
    """

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
    """Compare a reported tumor dose with the available energy.

    Parameters
    ----------
    reported_tumor_dose_gy : float
        Dose D in Gy, at least 0.
    tumor_mass_kg : float
        Tumor mass m in kg, positive.
    delivered_activity_gbq : float
        Delivered activity A in GBq, positive.
    lung_shunt_fraction : float
        Lung shunt L, within [0, 1).
    nuclide : Nuclide, optional
        Half-life and dose factor, of Y-90, Ho-166, P-32 or Re-188; `Nuclide()` if not given.

    Returns
    -------
    EnergyBalance
        The share `D m / (C A (1 - L))`, and the energies in J.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range.
    ArgumentError
        If no microspheres carry the nuclide, such as Lu-177.

    Warns
    -----
    energy_exceeds_available
        If the share is above 1, so that the reported dose, mass, activity or shunt is wrong.

    Notes
    -----
    Energy is conserved, and all of it is absorbed locally. This project made the check.

    Examples
    --------
    >>> balance = energy_balance(
    ...     205.0, tumor_mass_kg=0.3, delivered_activity_gbq=2.0, lung_shunt_fraction=0.05
    ... )
    >>> round(balance.fraction_of_liver_energy_in_tumor, 3)
    0.652
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
    """Compute the mass to which a share of the liver's activity gives a dose.

    Parameters
    ----------
    tumor_dose_gy : float
        Dose D in Gy, positive.
    delivered_activity_gbq : float
        Delivered activity A in GBq, positive.
    lung_shunt_fraction : float
        Lung shunt L, within [0, 1).
    fraction_of_liver_activity_in_tumor : float
        Share f, within [0, 1]. With 1 the result is the largest mass for which the dose is possible.
    nuclide : Nuclide, optional
        Half-life and dose factor, of Y-90, Ho-166, P-32 or Re-188; `Nuclide()` if not given.

    Returns
    -------
    float
        Mass `f C A (1 - L) / D` in kg.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range.
    ArgumentError
        If no microspheres carry the nuclide, such as Lu-177.

    Examples
    --------
    >>> round(tumor_mass_for_dose_kg(205.0, delivered_activity_gbq=2.0, lung_shunt_fraction=0.05), 3)
    0.46
    """
    share = number("fraction of the liver's activity in the tumor", fraction_of_liver_activity_in_tumor)
    liver = _liver_energy_j(delivered_activity_gbq, lung_shunt_fraction, nuclide)
    return _core.tumor_mass_for_dose_kg(number("tumor dose in Gy", tumor_dose_gy), share, liver)


def _liver_energy_j(activity_gbq: float, lung_shunt_fraction: float, nuclide: Nuclide | None) -> float:
    return _core.liver_energy_j(
        number("delivered activity in GBq", activity_gbq),
        number("lung shunt fraction", lung_shunt_fraction),
        planning_nuclide(nuclide),
    )
