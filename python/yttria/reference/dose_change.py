"""The change of a mean dose as a product of causes, and as a sum."""

from __future__ import annotations

from math import log


def split_dose_change(
    planned_dose_gy: float,
    delivered_dose_gy: float,
    *,
    planned_activity_gbq: float,
    delivered_activity_gbq: float,
    planned_lung_shunt_fraction: float,
    delivered_lung_shunt_fraction: float,
    planned_structure_activity_gbq: float,
    delivered_structure_activity_gbq: float,
    planned_mass_kg: float,
    delivered_mass_kg: float,
) -> dict[str, object]:
    """The dose is `D = A (1 - L) u k / m` with `u = a / (A (1 - L))` and `k = D m / a`.

    The shares use the logarithmic mean.

    The logarithmic mean is the mean of `D1^(1 - s) D2^s` over s from 0 to 1; here by Simpson's rule.
    """

    def causes(dose: float, activity: float, shunt: float, inside: float, mass: float) -> dict[str, float]:
        return {
            "activity": activity,
            "shunt": 1 - shunt,
            "uptake": inside / (activity * (1 - shunt)),
            "mass": 1 / mass,
            "method": dose * mass / inside,
        }

    planned = causes(
        planned_dose_gy,
        planned_activity_gbq,
        planned_lung_shunt_fraction,
        planned_structure_activity_gbq,
        planned_mass_kg,
    )
    delivered = causes(
        delivered_dose_gy,
        delivered_activity_gbq,
        delivered_lung_shunt_fraction,
        delivered_structure_activity_gbq,
        delivered_mass_kg,
    )
    ratios = {cause: delivered[cause] / planned[cause] for cause in planned}
    count = 2000
    weights = [1 if n in (0, count) else 4 if n % 2 else 2 for n in range(count + 1)]
    between = [planned_dose_gy ** (1 - n / count) * delivered_dose_gy ** (n / count) for n in range(count + 1)]
    mean = sum(w * d for w, d in zip(weights, between, strict=True)) / (3 * count)
    return {
        "ratio": delivered_dose_gy / planned_dose_gy,
        "difference_gy": delivered_dose_gy - planned_dose_gy,
        "ratios": ratios,
        "parts_gy": {cause: mean * log(ratio) for cause, ratio in ratios.items()},
    }
