"""MIRD single-compartment model, forward and inverse, with one perfused mass of uniform uptake and the lungs."""

from __future__ import annotations

from dataclasses import dataclass

import yttria._core as _core

from .._core import Nuclide
from .._foundation.numbers import number
from ..advisory import Advisory, advise_if
from .lung import lung_dose_advisories, lung_limits_of_yttrium
from .microsphere_nuclide import planning_nuclide
from .vial_content import vial_content

#: Share of the liver above which the perfused part is large, chosen by this project.
_LARGE_PART = 0.3


@dataclass(frozen=True, kw_only=True)
class SingleCompartment:
    """Activities and mean doses of one administration, with the assumptions.

    Parameters
    ----------
    vial_activity_gbq, delivered_activity_gbq : float
        Activity in the vial and delivered, in GBq.
    perfused_dose_gy, lung_dose_gy : float
        Mean doses in Gy.
    mass_kg, lung_mass_kg : float
        Masses in kg.
    lung_shunt_fraction, residual_fraction : float
        Shunt, and share that stays in the vial.
    nuclide : Nuclide
        Half-life and dose factor.
    advisories : tuple of Advisory
        Advisories on the result.
    """

    vial_activity_gbq: float
    delivered_activity_gbq: float
    perfused_dose_gy: float
    lung_dose_gy: float
    mass_kg: float
    lung_shunt_fraction: float
    residual_fraction: float
    lung_mass_kg: float
    nuclide: Nuclide
    advisories: tuple[Advisory, ...] = ()


def single_compartment_dose(
    vial_activity_gbq: float,
    *,
    mass_kg: float,
    lung_shunt_fraction: float,
    residual_fraction: float = 0.0,
    lung_mass_kg: float = 1.0,
    lung_limit_gy: float | None = 30.0,
    liver_mass_kg: float | None = None,
    nuclide: Nuclide | None = None,
) -> SingleCompartment:
    """Compute mean doses from the activity in the vial at treatment.

    Parameters
    ----------
    vial_activity_gbq : float
        Activity in the vial at treatment in GBq, at least 0.
    mass_kg : float
        Mass of the perfused volume with its tumor in kg, 0.01 to 6.
    lung_shunt_fraction : float
        Lung shunt L, within [0, 1).
    residual_fraction : float
        Share R that stays in the vial, within [0, 1).
    lung_mass_kg : float
        Lung mass in kg, 0.3 to 2.5. The limit of 30 Gy was derived with 1 kg.
    lung_limit_gy : float or None
        Limit in Gy to compare with; None asks for no comparison.
    liver_mass_kg : float, optional
        Liver mass in kg, for the share that gets a high dose.
    nuclide : Nuclide, optional
        Half-life and dose factor, of Y-90, Ho-166, P-32 or Re-188; `Nuclide()` if not given.

    Returns
    -------
    SingleCompartment
        `D = C A_vial (1 - R) (1 - L) / m`, and `C A_vial (1 - R) L / m_lung` for the lungs.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range. Grams are named as such.
    ArgumentError
        If no microspheres carry the nuclide, such as Lu-177.

    Warns
    -----
    lung_shunt_above_20_percent
        Above 0.20.
    lung_dose_above_limit
        Above `lung_limit_gy`.
    perfused_mass_small
        Below 0.05 kg.
    perfused_dose_high
        Above 1000 Gy.
    high_dose_in_large_part
        Above 150 Gy in more than 30 % of the liver.

    References
    ----------
    weber2022-equation

    Examples
    --------
    >>> round(single_compartment_dose(2.0, mass_kg=0.8, lung_shunt_fraction=0.05).perfused_dose_gy, 1)
    118.0
    """
    arguments = _arguments(mass_kg, lung_shunt_fraction, residual_fraction, lung_mass_kg, nuclide)
    activity = number("activity in the vial at treatment in GBq", vial_activity_gbq)
    return _result(_core.single_compartment_dose(activity, *arguments), arguments, lung_limit_gy, liver_mass_kg)


def single_compartment_activity(
    target_dose_gy: float,
    *,
    mass_kg: float,
    lung_shunt_fraction: float,
    residual_fraction: float = 0.0,
    lung_mass_kg: float = 1.0,
    lung_limit_gy: float | None = 30.0,
    liver_mass_kg: float | None = None,
    nuclide: Nuclide | None = None,
) -> SingleCompartment:
    """Compute the activity for a mean dose to the perfused mass.

    Parameters
    ----------
    target_dose_gy : float
        Mean dose D in Gy, above 0 and at most 2000.
    mass_kg : float
        Mass of the perfused volume with its tumor in kg, 0.01 to 6.
    lung_shunt_fraction : float
        Lung shunt L, within [0, 1).
    residual_fraction : float
        Share R that stays in the vial, within [0, 1).
    lung_mass_kg : float
        Lung mass in kg, 0.3 to 2.5. The limit of 30 Gy was derived with 1 kg.
    lung_limit_gy : float or None
        Limit in Gy to compare with; None asks for no comparison.
    liver_mass_kg : float, optional
        Liver mass in kg, for the share that gets a high dose.
    nuclide : Nuclide, optional
        Half-life and dose factor, of Y-90, Ho-166, P-32 or Re-188; `Nuclide()` if not given.

    Returns
    -------
    SingleCompartment
        `A_vial = D m / (C (1 - L) (1 - R))`. The residual changes the vial, not the delivered activity.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range. Grams are named as such.
    ArgumentError
        If no microspheres carry the nuclide, such as Lu-177.

    Warns
    -----
    lung_shunt_above_20_percent
        Above 0.20.
    lung_dose_above_limit
        Above `lung_limit_gy`.
    perfused_mass_small
        Below 0.05 kg.
    perfused_dose_high
        Above 1000 Gy.
    high_dose_in_large_part
        Above 150 Gy in more than 30 % of the liver.

    References
    ----------
    weber2022-equation

    Examples
    --------
    >>> round(single_compartment_activity(120.0, mass_kg=0.8, lung_shunt_fraction=0.05).vial_activity_gbq, 3)
    2.034
    """
    arguments = _arguments(mass_kg, lung_shunt_fraction, residual_fraction, lung_mass_kg, nuclide)
    target = number("target dose in Gy", target_dose_gy)
    return _result(_core.single_compartment_activity(target, *arguments), arguments, lung_limit_gy, liver_mass_kg)


_Arguments = tuple[float, float, float, float, Nuclide]


def _arguments(
    mass_kg: float, lung_shunt_fraction: float, residual_fraction: float, lung_mass_kg: float, nuclide: Nuclide | None
) -> _Arguments:
    return (
        number("perfused mass in kg", mass_kg),
        number("lung shunt fraction", lung_shunt_fraction),
        number("residual fraction", residual_fraction),
        number("lung mass in kg", lung_mass_kg),
        planning_nuclide(nuclide),
    )


def _result(
    row: tuple[float, float, float, float],
    arguments: _Arguments,
    lung_limit_gy: float | None,
    liver_mass_kg: float | None,
) -> SingleCompartment:
    in_vial, delivered, perfused, lung = row
    mass, shunt, residual, lung_mass, nuclide = arguments
    found = [
        *advise_if("lung_shunt_above_20_percent", lung_shunt_fraction=shunt),
        *lung_dose_advisories(lung, lung_limit_gy),
        *lung_limits_of_yttrium(nuclide, lung_limit_gy),
        *advise_if("perfused_mass_small", perfused_mass_kg=mass),
        *advise_if("perfused_dose_high", perfused_dose_gy=perfused),
    ]
    if liver_mass_kg is not None:
        share = mass / number("liver mass in kg", liver_mass_kg)
        if share > _LARGE_PART:
            found += advise_if("high_dose_in_large_part", perfused_dose_gy=perfused, liver_fraction=share)
    found += vial_content(in_vial, nuclide=nuclide)
    return SingleCompartment(
        vial_activity_gbq=in_vial,
        delivered_activity_gbq=delivered,
        perfused_dose_gy=perfused,
        lung_dose_gy=lung,
        mass_kg=mass,
        lung_shunt_fraction=shunt,
        residual_fraction=residual,
        lung_mass_kg=lung_mass,
        nuclide=nuclide,
        advisories=tuple(found),
    )
