"""Doses of several territories injected one by one, as their definition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def territory_doses(
    activity_gbq: float,
    lung_shunt_fraction: float,
    normal_mass_kg: float,
    tumor_masses_kg: Sequence[float],
    tumor_to_normal_ratios: Sequence[float],
    dose_factor: float,
) -> tuple[np.ndarray, float]:
    """Dose of each tumor portion and of the normal liver from one injection.

    The activity that stays in the liver divides between the parts as mass times relative concentration, 1 for normal
    liver and the ratio for a tumor; the dose of a part is the dose factor times its activity over its mass.
    """
    masses = np.append(np.asarray(tumor_masses_kg, dtype=float), normal_mass_kg)
    relative = np.append(np.asarray(tumor_to_normal_ratios, dtype=float), 1.0)
    share = masses * relative / np.sum(masses * relative)
    with np.errstate(invalid="ignore"):
        doses = dose_factor * activity_gbq * (1.0 - lung_shunt_fraction) * share / masses
    return doses[:-1], float(doses[-1])


def mean_dose(masses_kg: Sequence[float], doses_gy: Sequence[float], whole_mass_kg: float | None = None) -> float:
    """Energy over mass; `whole_mass_kg` has what received nothing in it."""
    masses, doses = np.asarray(masses_kg, dtype=float), np.asarray(doses_gy, dtype=float)
    return float(np.sum(masses * doses) / (np.sum(masses) if whole_mass_kg is None else whole_mass_kg))


def lung_dose(
    activities_gbq: Sequence[float], lung_shunt_fractions: Sequence[float], lung_mass_kg: float, dose_factor: float
) -> float:
    """Dose factor times the activity in the lungs over their mass."""
    return float(dose_factor * np.dot(activities_gbq, lung_shunt_fractions) / lung_mass_kg)
