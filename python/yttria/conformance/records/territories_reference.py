"""Several territories and their optimum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...reference import optimum, territories
from .._record import Answer, Inputs, dose_factor


def _doses(i: Inputs, t: Inputs, activity: float) -> tuple[float, float]:
    mass = float(t["tumour_portion_mass_kg"] if "tumour_portion_mass_kg" in t else t["tumour_mass_kg"])
    tumors, normal = territories.territory_doses(
        activity, t["lung_shunt_fraction"], t["normal_perfused_mass_kg"], [mass], [t["tnr"]], dose_factor(i)
    )
    return float(tumors[0]), normal


def _lungs(i: Inputs, activities: Any) -> float:
    shunts = [t["lung_shunt_fraction"] for t in i["territories"]]
    return territories.lung_dose(activities, shunts, i.get("lung_mass_kg", 1.0), dose_factor(i))


def multi_territory_forward(i: Inputs) -> Answer:
    activities = [t["activity_delivered_GBq"] for t in i["territories"]]
    doses = [_doses(i, t, a) for t, a in zip(i["territories"], activities, strict=True)]
    tumor, normal = [d[0] for d in doses], [d[1] for d in doses]
    portions = [t["tumour_portion_mass_kg"] for t in i["territories"]]
    normals = [t["normal_perfused_mass_kg"] for t in i["territories"]]
    return {
        "tumour_portion_doses_Gy": tumor,
        "normal_perfused_doses_Gy": normal,
        "tumour_perfused_mean_Gy": territories.mean_dose(portions, tumor),
        "tumour_whole_mean_Gy": territories.mean_dose(
            portions, tumor, sum(portions) + i.get("tumour_unperfused_mass_kg", 0.0)
        ),
        "normal_whole_mean_Gy": territories.mean_dose(normals, normal, i["normal_total_mass_kg"]),
        "lung_dose_Gy": _lungs(i, activities),
    }


def multi_territory_overlap(i: Inputs) -> Answer:
    return {"tumour_dose_Gy": sum(_doses(i, t, t["activity_delivered_GBq"])[0] for t in i["territories"])}


def multi_injection_lp(i: Inputs) -> Answer:
    """Variables: the activities, and the smallest tumor dose."""
    each = i["territories"]
    unit = [_doses(i, t, 1.0) for t in each]
    n = len(each)
    masses = np.array([t["tumour_mass_kg"] for t in each])
    tumor, normal = np.diag([u[0] for u in unit]), np.diag([u[1] for u in unit])
    lungs = np.array([_lungs(i, row) for row in np.eye(n)])
    whole = np.array([t["normal_perfused_mass_kg"] for t in each]) @ normal / i["normal_total_mass_kg"]
    rows = [*np.c_[-tumor, np.ones(n)], [*lungs, 0.0], *np.c_[normal, np.zeros(n)], [*whole, 0.0]]
    limits = [*np.zeros(n), i["lung_limit_Gy"], *[i["normal_perfused_limit_Gy"]] * n, i["normal_whole_limit_Gy"]]
    smallest = i["objective"] == "max_min_tumour_dose"
    goal = [*np.zeros(n), 1.0] if smallest else [*(masses @ tumor), 0.0]
    best = optimum.linear_programme(goal, rows, limits)
    assert best is not None
    activity = best[1][:n]
    names = ["lung", *(f"normal_perfused:{k + 1}" for k in range(n)), "normal_whole"]
    met = np.array(rows[n:])[:, :n] @ activity
    return {
        "activities_GBq": activity.tolist(),
        "min_tumour_dose_Gy": float(np.min(tumor @ activity)),
        "tumour_doses_Gy": (tumor @ activity).tolist(),
        "tumour_energy_J": float(masses @ tumor @ activity),
        "normal_perfused_doses_Gy": (normal @ activity).tolist(),
        "normal_whole_mean_Gy": float(whole @ activity),
        "lung_dose_Gy": float(lungs @ activity),
        "binding": [name for name, got, limit in zip(names, met, limits[n:], strict=True) if got > limit * (1 - 1e-9)],
    }


ANSWERS: dict[str, Callable[[Inputs], Answer]] = {
    "multi_injection_lp_energy": multi_injection_lp,
    "multi_injection_lp_maxmin": multi_injection_lp,
    "multi_territory_forward": multi_territory_forward,
    "multi_territory_overlap": multi_territory_overlap,
}
