"""Tumor-to-normal ratio from counts, and from Kao's ratio of activities."""

from __future__ import annotations

from dataclasses import dataclass

import yttria._core as _core

from .._foundation.numbers import number
from ..advisory import Advisory, advise, advise_if


@dataclass(frozen=True, kw_only=True)
class TumorToNormalRatio:
    """Tumor-to-normal ratio of concentrations, with the ratio of activities that Kao calls R.

    Parameters
    ----------
    tumor_to_normal_ratio : float
        Ratio of activities per mass.
    activity_ratio : float
        Ratio of activities.
    advisories : tuple of Advisory
        Advisories on unusual ratios.
    """

    tumor_to_normal_ratio: float
    activity_ratio: float
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KaoActivities:
    """Activities of the three compartments by the definitions of Kao.

    Parameters
    ----------
    tumor_activity_gbq, normal_activity_gbq, lung_activity_gbq, total_activity_gbq : float
        Activities in GBq.
    lung_shunt_fraction : float
        `A_L / (A_T + A_N + A_L)`, as every other model means it.
    """

    tumor_activity_gbq: float
    normal_activity_gbq: float
    lung_activity_gbq: float
    total_activity_gbq: float
    lung_shunt_fraction: float


def tumor_to_normal_ratio(
    *, tumor_counts: float, tumor_mass_kg: float, normal_counts: float, normal_mass_kg: float
) -> TumorToNormalRatio:
    """Compute the tumor-to-normal ratio from counts and masses.

    Parameters
    ----------
    tumor_counts, normal_counts : float
        Counts of images corrected for attenuation and scatter, of means and not of maxima.
    tumor_mass_kg, normal_mass_kg : float
        Masses in kg, positive. The normal liver is that of the same perfused territory.

    Returns
    -------
    TumorToNormalRatio
        `(c_T / m_T) / (c_N / m_N)`.

    Raises
    ------
    UndefinedError
        If the normal liver has no counts.
    OutOfRangeError
        If a count is negative or a mass is not positive.

    Warns
    -----
    ratio_below_1
        If the tumor takes up less than normal liver.
    ratio_above_20
        If the ratio asks for a check of the regions.
    tumor_region_small
        Below 2 g, about 2 mL, because of partial volume.

    References
    ----------
    ho1996, weber2022-equation

    Examples
    --------
    >>> ratio = tumor_to_normal_ratio(
    ...     tumor_counts=4e5, tumor_mass_kg=0.2, normal_counts=6e5, normal_mass_kg=1.2
    ... )
    >>> round(ratio.tumor_to_normal_ratio, 6)
    4.0
    """
    counts_t, mass_t = number("tumor counts", tumor_counts), number("tumor mass in kg", tumor_mass_kg)
    counts_n, mass_n = number("normal liver counts", normal_counts), number("normal liver mass in kg", normal_mass_kg)
    ratio = _core.tumor_to_normal_ratio(counts_t, mass_t, counts_n, mass_n)
    return TumorToNormalRatio(
        tumor_to_normal_ratio=ratio, activity_ratio=ratio * mass_t / mass_n, advisories=_advisories(ratio, mass_t)
    )


def tumor_to_normal_ratio_from_activity_ratio(
    activity_ratio: float, *, tumor_mass_kg: float, normal_mass_kg: float
) -> TumorToNormalRatio:
    """Convert the ratio of activities of Kao into the ratio that the partition model takes.

    Parameters
    ----------
    activity_ratio : float
        `R = A_T / A_N`, positive.
    tumor_mass_kg, normal_mass_kg : float
        Masses in kg, positive.

    Returns
    -------
    TumorToNormalRatio
        `R m_N / m_T`.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range.

    Warns
    -----
    ratio_below_1
        If the tumor takes up less than normal liver.
    ratio_above_20
        If the ratio asks for a check of the regions.
    tumor_region_small
        Below 2 g, about 2 mL, because of partial volume.

    References
    ----------
    kao2013

    Examples
    --------
    >>> ratio = tumor_to_normal_ratio_from_activity_ratio(0.5, tumor_mass_kg=0.2, normal_mass_kg=1.2)
    >>> round(ratio.tumor_to_normal_ratio, 6)
    3.0
    """
    ratio_a = number("activity ratio", activity_ratio)
    mass_t, mass_n = number("tumor mass in kg", tumor_mass_kg), number("normal liver mass in kg", normal_mass_kg)
    ratio = _core.tumor_to_normal_ratio_from_activity_ratio(ratio_a, mass_t, mass_n)
    return TumorToNormalRatio(
        tumor_to_normal_ratio=ratio, activity_ratio=ratio_a, advisories=_advisories(ratio, mass_t)
    )


def kao_activities(
    tumor_activity_gbq: float, *, activity_ratio: float, tumor_lung_shunt_fraction: float
) -> KaoActivities:
    """Compute the activities of the compartments from those of the tumor.

    Parameters
    ----------
    tumor_activity_gbq : float
        Activity A_T in GBq, positive.
    activity_ratio : float
        `R = A_T / A_N`, positive.
    tumor_lung_shunt_fraction : float
        `S = A_L / (A_T + A_L)`, within [0, 1).

    Returns
    -------
    KaoActivities
        `A_N = A_T / R` and `A_L = A_T S / (1 - S)`.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range.

    References
    ----------
    kao2013

    Examples
    --------
    >>> round(kao_activities(1.0, activity_ratio=2.0, tumor_lung_shunt_fraction=0.1).lung_shunt_fraction, 4)
    0.069
    """
    tumor = number("tumor activity in GBq", tumor_activity_gbq)
    ratio = number("activity ratio", activity_ratio)
    shunt = number("tumor lung shunt fraction", tumor_lung_shunt_fraction)
    normal, lung, total, lung_shunt = _core.kao_activities(tumor, ratio, shunt)
    return KaoActivities(
        tumor_activity_gbq=tumor,
        normal_activity_gbq=normal,
        lung_activity_gbq=lung,
        total_activity_gbq=total,
        lung_shunt_fraction=lung_shunt,
    )


def _advisories(ratio: float, tumor_mass_kg: float) -> tuple[Advisory, ...]:
    found = list(ratio_advisories(ratio))
    found += advise_if("tumor_region_small", tumor_mass_kg=tumor_mass_kg)
    return tuple(found)


def ratio_advisories(ratio: float, of: str = "") -> tuple[Advisory, ...]:
    """Return advisories on an unusual tumor-to-normal ratio. `of` names the tumor, such as " of 'A'"."""
    if ratio == 0.0:
        return (advise("tumor_without_uptake", tumor_to_normal_ratio=ratio, of=of),)
    return (
        *advise_if("ratio_below_1", tumor_to_normal_ratio=ratio, of=of),
        *advise_if("ratio_above_20", tumor_to_normal_ratio=ratio, of=of),
    )
