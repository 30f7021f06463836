"""The tumor-to-normal ratio from counts, and Kao's ratio of activities turned into it."""

from __future__ import annotations

from dataclasses import dataclass

from .. import _core
from .._foundation.numbers import number
from ..advisory import Advisory


@dataclass(frozen=True)
class TumorToNormalRatio:
    """The ratio of concentrations, and beside it the ratio of activities that Kao calls R."""

    tumor_to_normal_ratio: float
    activity_ratio: float
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True)
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
    is that of the same perfused territory (Ho 1996, Eur J Nucl Med 23:947, from memory, unverified; EANM 2022 says
    "activity per mass"). Raises `UndefinedError` for zero normal counts, `OutOfRangeError` for a negative count or a
    mass that is not positive. Advises `ratio_below_1` (hypovascular), `ratio_above_20` (check the regions) and
    `tumor_region_small` (below 2 g, about 2 mL: partial volume).
    """
    counts_t, mass_t = number("tumor counts", tumor_counts), number("tumor mass in kg", tumor_mass_kg)
    counts_n, mass_n = number("normal liver counts", normal_counts), number("normal liver mass in kg", normal_mass_kg)
    ratio = _core.tumor_to_normal_ratio(counts_t, mass_t, counts_n, mass_n)
    return TumorToNormalRatio(ratio, ratio * mass_t / mass_n, _advisories(ratio, mass_t))


def tumor_to_normal_ratio_from_activity_ratio(
    activity_ratio: float, *, tumor_mass_kg: float, normal_mass_kg: float
) -> TumorToNormalRatio:
    """`r = R m_N / m_T` from Kao's ratio of activities `R = A_T / A_N` (Kao 2013, CVIR, read).

    Kao's R is not the ratio that the partition model takes: this is the only way from one to the other. Errors and
    advisories as `tumor_to_normal_ratio`.
    """
    ratio_a = number("activity ratio", activity_ratio)
    mass_t, mass_n = number("tumor mass in kg", tumor_mass_kg), number("normal liver mass in kg", normal_mass_kg)
    ratio = _core.tumor_to_normal_ratio_from_activity_ratio(ratio_a, mass_t, mass_n)
    return TumorToNormalRatio(ratio, ratio_a, _advisories(ratio, mass_t))


def kao_activities(
    tumor_activity_gbq: float, *, activity_ratio: float, tumor_lung_shunt_fraction: float
) -> KaoActivities:
    """`A_N = A_T / R`, `A_L = A_T S / (1 - S)` with the tumor lung shunt `S = A_L / (A_T + A_L)` (Kao 2013, read).

    The result's `lung_shunt_fraction` is `A_L / (A_T + A_N + A_L)`, as every other model here means it. Raises
    `OutOfRangeError` for an activity or ratio that is not positive, or a shunt outside [0, 1).
    """
    tumor = number("tumor activity in GBq", tumor_activity_gbq)
    ratio = number("activity ratio", activity_ratio)
    shunt = number("tumor lung shunt fraction", tumor_lung_shunt_fraction)
    return KaoActivities(tumor, *_core.kao_activities(tumor, ratio, shunt))


def _advisories(ratio: float, tumor_mass_kg: float) -> tuple[Advisory, ...]:
    found = []
    own = "this project's choice, after the ranges in use"
    if ratio == 0.0:
        message = "tumor-to-normal ratio is 0: this tumor takes up nothing and gets no dose"
        found.append(Advisory("tumor_without_uptake", message, ratio, 0.0, own))
    elif ratio < 1.0:
        message = f"tumor-to-normal ratio {ratio:.4g} is below 1: a hypovascular tumor"
        found.append(Advisory("ratio_below_1", message, ratio, 1.0, own))
    if ratio > 20.0:
        message = f"tumor-to-normal ratio {ratio:.4g} is above 20: check the regions"
        found.append(Advisory("ratio_above_20", message, ratio, 20.0, own))
    if tumor_mass_kg < 0.002:
        message = f"tumor region of {tumor_mass_kg:.4g} kg is below 0.002 kg, where partial volume dominates its counts"
        found.append(Advisory("tumor_region_small", message, tumor_mass_kg, 0.002, own))
    return tuple(found)
