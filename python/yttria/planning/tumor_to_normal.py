"""The tumor-to-normal ratio from counts, and Kao's ratio of activities turned into it."""

from __future__ import annotations

from dataclasses import dataclass

import yttria._core as _core

from .._foundation.numbers import number
from ..advisory import Advisory, advise, advise_if


@dataclass(frozen=True, kw_only=True)
class TumorToNormalRatio:
    """The ratio of concentrations, and beside it the ratio of activities that Kao calls R."""

    tumor_to_normal_ratio: float
    activity_ratio: float
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KaoActivities:
    """Activities of the three compartments by Kao's definitions, and the lung shunt fraction they amount to."""

    tumor_activity_gbq: float
    normal_activity_gbq: float
    lung_activity_gbq: float
    total_activity_gbq: float
    lung_shunt_fraction: float


def tumor_to_normal_ratio(
    *, tumor_counts: float, tumor_mass_kg: float, normal_counts: float, normal_mass_kg: float
) -> TumorToNormalRatio:
    """`r = (c_T / m_T) / (c_N / m_N)`: activity concentrations per mass.

    Counts are those of attenuation- and scatter-corrected images, in mean and not maximum voxels, and the normal liver
    is that of the same perfused territory (ho1996; weber2022-equation states "activity per mass"). Raises
    `UndefinedError` for zero normal counts, `OutOfRangeError` for a negative count or a mass that is not positive.
    Advises `ratio_below_1` (hypovascular), `ratio_above_20` (check the regions) and `tumor_region_small` (below 2 g,
    about 2 mL: partial volume).
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
    """`r = R m_N / m_T` from Kao's ratio of activities `R = A_T / A_N` (kao2013).

    Kao's R is not the ratio that the partition model takes: this is the only way from one to the other. Errors and
    advisories as `tumor_to_normal_ratio`.
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
    """`A_N = A_T / R`, `A_L = A_T S / (1 - S)` with the tumor lung shunt `S = A_L / (A_T + A_L)` (kao2013).

    The result's `lung_shunt_fraction` is `A_L / (A_T + A_N + A_L)`, as every other model here means it. Raises
    `OutOfRangeError` for an activity or ratio that is not positive, or a shunt outside [0, 1).
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
    """Return what is unusual of a tumor-to-normal ratio; `of` names whose it is, such as " of 'A'"."""
    if ratio == 0.0:
        return (advise("tumor_without_uptake", tumor_to_normal_ratio=ratio, of=of),)
    return (
        *advise_if("ratio_below_1", tumor_to_normal_ratio=ratio, of=of),
        *advise_if("ratio_above_20", tumor_to_normal_ratio=ratio, of=of),
    )
