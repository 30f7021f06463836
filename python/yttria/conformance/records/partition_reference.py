"""Tumor-to-normal ratio and partition."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ...reference import energy_balance, mass, partition
from .._record import Answer, Inputs, dose_factor, inverse


def tissue(i: Inputs) -> tuple[list[float], list[float], float]:
    """Tumor masses, their ratios, perfused normal mass; a ratio that cancels is 1."""
    if "tumours" in i:
        masses, ratios = [t["mass_kg"] for t in i["tumours"]], [t["tnr"] for t in i["tumours"]]
    elif "tumour_mass_kg" in i:
        masses, ratios = [i["tumour_mass_kg"]], [i["tnr"]]
    else:
        masses = [float(mass.mass_from_volume_kg(i["tumour_volume_mL"], i["density_g_per_mL"]))]
        ratios = [i["tnr"]]
    if "total_volume_mL" in i:
        normal_ml = i["total_volume_mL"] - i["tumour_volume_mL"]
        normal = float(mass.mass_from_volume_kg(normal_ml, i["density_g_per_mL"]))
    else:
        normal = i["normal_perfused_mass_kg"]
    return masses, [1.0 if r is None else r for r in ratios], normal


def partition_forward(i: Inputs) -> Answer:
    masses, ratios, normal = tissue(i)
    activity, shunt = np.float64(i["activity_delivered_GBq"]), i["lung_shunt_fraction"]
    doses = partition.partition_doses(
        activity, masses, ratios, normal, shunt, i.get("lung_mass_kg", 1.0), dose_factor_gy_kg_per_gbq=dose_factor(i)
    )
    return {
        "normal_perfused_dose_Gy": float(doses["normal_perfused_dose_gy"]) if normal > 0 else None,
        "tumour_doses_Gy": doses["tumor_doses_gy"].tolist(),
        "lung_dose_Gy": float(doses["lung_dose_gy"]),
        "energy_J": float(energy_balance.liver_energy_j(activity, shunt, dose_factor(i))),
    }


def partition_inverse_target(i: Inputs) -> Answer:
    masses, ratios, normal = tissue(i)
    activity = inverse(
        i,
        partition.partition_activities(
            i["target_tumour_dose_Gy"],
            masses,
            ratios,
            normal,
            i["lung_shunt_fraction"],
            dose_factor_gy_kg_per_gbq=dose_factor(i),
        ),
    )
    doses = partition_forward({**i, "activity_delivered_GBq": activity})
    return {
        "energy_J": doses["energy_J"],
        "activity_delivered_GBq": activity,
        "activity_in_vial_at_treatment_GBq": activity / (1 - i.get("residual_fraction", 0.0)),
        "normal_dose_Gy": doses["normal_perfused_dose_Gy"],
        "mean_perfused_dose_Gy": doses["energy_J"] / (sum(masses) + normal),
        "lung_dose_Gy_at_1kg": doses["lung_dose_Gy"],
    }


def _normal_limit(i: Inputs, prefix: str) -> float | None:
    if f"{prefix}_Gy" not in i:
        return None
    masses, ratios, normal = tissue(i)
    whole = None if i[f"{prefix}_kind"] == "perfused" else i["normal_total_mass_kg"]
    limit, shunt = i[f"{prefix}_Gy"], i["lung_shunt_fraction"]
    return inverse(
        i, partition.activity_at_normal_limit_gbq(dose_factor(i), limit, masses, ratios, normal, shunt, whole)
    )


def _lung_limits(i: Inputs) -> dict[str, float]:
    prior, shunt, kg = i.get("lung_prior_dose_Gy", 0.0), i["lung_shunt_fraction"], i.get("lung_mass_kg", 1.0)
    found = {}
    for name, key, before in (("single", "lung_limit_Gy", 0.0), ("cumulative", "lung_cumulative_limit_Gy", prior)):
        if key in i and shunt > 0:
            activity = partition.activity_at_lung_limit_gbq(dose_factor(i), i[key], shunt, kg, before)
            found[name] = float(activity)
    return found


def partition_inverse(i: Inputs) -> Answer:
    target = partition_inverse_target(i)
    normal = _normal_limit(i, "normal_limit")
    lungs = min(_lung_limits(i).values(), default=math.inf)
    largest = min(math.inf if normal is None else normal, lungs)
    doses = partition_forward({**i, "activity_delivered_GBq": largest})
    return {
        "activity_for_target_GBq": target["activity_delivered_GBq"],
        "lung_dose_at_target_Gy": target["lung_dose_Gy_at_1kg"],
        "activity_at_normal_limit_GBq": normal,
        "activity_at_lung_limit_GBq": lungs,
        "max_safe_activity_GBq": largest,
        "binding": "lung" if largest == lungs else "normal_liver",
        "tumour_dose_at_max_safe_Gy": doses["tumour_doses_Gy"][0],
        "target_reachable": target["activity_delivered_GBq"] <= largest,
    }


def partition_normal_limit(i: Inputs) -> Answer:
    activity = _normal_limit(i, "limit")
    doses = partition_forward({**i, "activity_delivered_GBq": activity})
    return {"activity_GBq": activity, "tumour_dose_Gy": doses["tumour_doses_Gy"][0]}


def partition_lung_limit(i: Inputs) -> Answer:
    activity = _lung_limits(i)
    binding = min(activity, key=lambda name: activity[name])
    return {"activity_GBq": activity[binding], "binding_lung_limit": binding}


ANSWERS: dict[str, Callable[[Inputs], Answer]] = {
    "partition_forward": partition_forward,
    "partition_inverse": partition_inverse,
    "partition_inverse_target": partition_inverse_target,
    "partition_lung_limit": partition_lung_limit,
    "partition_normal_limit": partition_normal_limit,
}
