"""Lung dose of one administration, and the lung mass or shunt for a given dose.

The limit of 30 Gy was derived with planar shunt fractions and a lung mass of 1 kg. A change of only one of the two
changes its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass

import yttria._core as _core

from .._core import Nuclide
from .._foundation.numbers import number
from ..advisory import Advisory, advise
from .microsphere_nuclide import planning_nuclide

#: Limits of one administration and of all (lung-practice).
LUNG_LIMIT_GY, CUMULATIVE_LUNG_LIMIT_GY = 30.0, 50.0


@dataclass(frozen=True, kw_only=True)
class LungDose:
    """Lung dose of one administration, alone and with earlier ones.

    Parameters
    ----------
    lung_dose_gy : float
        Dose in Gy.
    cumulative_lung_dose_gy : float
        Dose in Gy, the dose of earlier treatments included.
    lung_mass_kg : float
        Lung mass in kg.
    advisories : tuple of Advisory
        Limits that are exceeded.
    """

    lung_dose_gy: float
    cumulative_lung_dose_gy: float
    lung_mass_kg: float
    advisories: tuple[Advisory, ...] = ()


def lung_dose(
    delivered_activity_gbq: float,
    *,
    lung_shunt_fraction: float,
    lung_mass_kg: float = 1.0,
    prior_lung_dose_gy: float = 0.0,
    lung_limit_gy: float | None = LUNG_LIMIT_GY,
    cumulative_lung_limit_gy: float | None = CUMULATIVE_LUNG_LIMIT_GY,
    nuclide: Nuclide | None = None,
) -> LungDose:
    """Compute the lung dose of an administration.

    Parameters
    ----------
    delivered_activity_gbq : float
        Delivered activity A in GBq, at least 0; not that of the vial.
    lung_shunt_fraction : float
        Lung shunt L, within [0, 1].
    lung_mass_kg : float
        Lung mass in kg, 0.3 to 2.5.
    prior_lung_dose_gy : float
        Dose of earlier treatments to the lungs in Gy.
    lung_limit_gy, cumulative_lung_limit_gy : float or None
        Limits in Gy of one administration and of all, which are compared and not enforced. None compares nothing.
    nuclide : Nuclide, optional
        Half-life and dose factor, of Y-90, Ho-166, P-32 or Re-188; `Nuclide()` if not given.

    Returns
    -------
    LungDose
        `C A L / m_lung` in Gy.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range.
    ArgumentError
        If no microspheres carry the nuclide, such as Lu-177.

    Warns
    -----
    lung_dose_above_limit
        Above the limit of one administration.
    cumulative_lung_dose_above_limit
        Above the limit of all.
    lung_limit_of_yttrium
        A limit is that of Y-90 microspheres, and the nuclide is another one.

    References
    ----------
    lung-practice

    Examples
    --------
    >>> round(lung_dose(2.0, lung_shunt_fraction=0.05).lung_dose_gy, 2)
    4.97
    """
    activity = number("delivered activity in GBq", delivered_activity_gbq)
    shunt, mass = number("lung shunt fraction", lung_shunt_fraction), number("lung mass in kg", lung_mass_kg)
    prior = _core.non_negative("prior lung dose in Gy", number("prior lung dose in Gy", prior_lung_dose_gy))
    chosen = planning_nuclide(nuclide)
    dose = _core.lung_dose_gy(activity, shunt, mass, chosen)
    found = (
        *lung_dose_advisories(dose, lung_limit_gy),
        *cumulative_lung_dose_advisories(prior + dose, cumulative_lung_limit_gy),
        *lung_limits_of_yttrium(chosen, lung_limit_gy, cumulative_lung_limit_gy),
    )
    return LungDose(lung_dose_gy=dose, cumulative_lung_dose_gy=prior + dose, lung_mass_kg=mass, advisories=found)


def lung_mass_for_dose_kg(
    lung_dose_gy: float,
    *,
    delivered_activity_gbq: float,
    lung_shunt_fraction: float,
    nuclide: Nuclide | None = None,
) -> float:
    """Compute the lung mass that would give a dose.

    Parameters
    ----------
    lung_dose_gy : float
        Dose D in Gy, positive.
    delivered_activity_gbq : float
        Delivered activity A in GBq.
    lung_shunt_fraction : float
        Lung shunt L, within [0, 1].
    nuclide : Nuclide, optional
        Half-life and dose factor, of Y-90, Ho-166, P-32 or Re-188; `Nuclide()` if not given.

    Returns
    -------
    float
        `C A L / D` in kg. It is not limited to masses that lungs have.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range.
    ArgumentError
        If no microspheres carry the nuclide, such as Lu-177.

    Examples
    --------
    >>> round(lung_mass_for_dose_kg(30.0, delivered_activity_gbq=2.0, lung_shunt_fraction=0.3), 3)
    0.993
    """
    activity = number("delivered activity in GBq", delivered_activity_gbq)
    shunt, dose = number("lung shunt fraction", lung_shunt_fraction), number("lung dose in Gy", lung_dose_gy)
    return _core.lung_mass_for_dose_kg(activity, shunt, dose, planning_nuclide(nuclide))


def lung_shunt_for_dose(
    lung_dose_gy: float, *, delivered_activity_gbq: float, lung_mass_kg: float = 1.0, nuclide: Nuclide | None = None
) -> float:
    """Compute the lung shunt fraction that would give a dose.

    Parameters
    ----------
    lung_dose_gy : float
        Dose D in Gy, at least 0.
    delivered_activity_gbq : float
        Delivered activity A in GBq, positive.
    lung_mass_kg : float
        Lung mass in kg.
    nuclide : Nuclide, optional
        Half-life and dose factor, of Y-90, Ho-166, P-32 or Re-188; `Nuclide()` if not given.

    Returns
    -------
    float
        `D m_lung / (C A)`.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range, or the fraction would exceed 1.
    ArgumentError
        If no microspheres carry the nuclide, such as Lu-177.

    Examples
    --------
    >>> round(lung_shunt_for_dose(30.0, delivered_activity_gbq=4.0), 3)
    0.151
    """
    activity = number("delivered activity in GBq", delivered_activity_gbq)
    mass, dose = number("lung mass in kg", lung_mass_kg), number("lung dose in Gy", lung_dose_gy)
    return _core.lung_shunt_for_dose(activity, mass, dose, planning_nuclide(nuclide))


def lung_limits_of_yttrium(nuclide: Nuclide, *limits_gy: float | None) -> tuple[Advisory, ...]:
    """Advise that usual lung limits, which come from Y-90 microspheres, are used for another nuclide."""
    if nuclide.isotope == "Y-90":
        return ()
    return tuple(
        advise("lung_limit_of_yttrium", isotope=nuclide.isotope, lung_limit_gy=limit)
        for limit in limits_gy
        if limit in (LUNG_LIMIT_GY, CUMULATIVE_LUNG_LIMIT_GY)
    )


def lung_dose_advisories(
    lung_dose_gy: float, lung_limit_gy: float | None, *, rounding: float = 0.0
) -> tuple[Advisory, ...]:
    """Compare the lung dose of one administration with its limit. With None there is no comparison.

    A dose that exceeds the limit by no more than the fraction `rounding` keeps it.
    """
    if lung_limit_gy is None:
        return ()
    limit = number("lung dose limit in Gy", lung_limit_gy)
    if not lung_dose_gy > limit * (1.0 + rounding):
        return ()
    source = _source(limit, LUNG_LIMIT_GY)
    return (advise("lung_dose_above_limit", source=source, lung_dose_gy=lung_dose_gy, lung_limit_gy=limit),)


def cumulative_lung_dose_advisories(
    dose_gy: float, limit_gy: float | None, *, rounding: float = 0.0
) -> tuple[Advisory, ...]:
    """Compare the lung dose of all administrations with its limit, as `lung_dose_advisories`."""
    if limit_gy is None:
        return ()
    limit = number("cumulative lung dose limit in Gy", limit_gy)
    if not dose_gy > limit * (1.0 + rounding):
        return ()
    return (
        advise(
            "cumulative_lung_dose_above_limit",
            source=_source(limit, CUMULATIVE_LUNG_LIMIT_GY),
            cumulative_lung_dose_gy=dose_gy,
            cumulative_lung_limit_gy=limit,
        ),
    )


def _source(limit_gy: float, usual_gy: float) -> str:
    return "lung-practice" if limit_gy == usual_gy else "value-of-the-caller"
