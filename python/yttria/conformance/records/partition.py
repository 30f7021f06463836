"""Records of the partition model of one territory and of several, and of their optimum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._record import REFERENCE, Answer, Inputs, Side, named, plain, published, warnings

FORWARD = named("normal_perfused_dose_Gy", "normal_whole_dose_Gy", "tumour_doses_Gy", "lung_dose_Gy")
FORWARD |= {"energy_J": "liver_energy_j"}
TARGET = {
    **named("activity_delivered_GBq", "activity_in_vial_at_treatment_GBq"),
    "energy_J": "liver_energy_j",
    "normal_dose_Gy": "normal_perfused_dose_gy",
    "mean_perfused_dose_Gy": "perfused_mean_dose_gy",
    "lung_dose_Gy_at_1kg": "lung_dose_gy",
}
ANY_LIVER = {"tumour_mass_kg": 1.0, "tnr": 1.0, "normal_perfused_mass_kg": 1.0}
"""Tumor mass in kg of the lung limits, which do not depend on it."""

BINDING = {"normal_perfused": "normal_liver", "normal_whole": "normal_liver"}
LUNG_LIMITS = {"lung": "single", "lung_cumulative": "cumulative"}
OBJECTIVES = {"max_min_tumour_dose": "max_min_tumor_dose", "max_total_tumour_energy": "max_tumor_energy"}


def _tumors(side: Side, i: Inputs) -> tuple[list[tuple[float, float | None]], float]:
    """Read masses and ratios of the tumors and the perfused normal mass. A mass may be given as volume and density."""

    def kg(volume_ml: float) -> float:
        return float(side("mass_from_volume_kg", i, volume_ml=volume_ml, density_g_per_ml=i["density_g_per_mL"]))

    if "tumours" in i:
        tumors = [(t["mass_kg"], t["tnr"]) for t in i["tumours"]]
    else:
        tumors = [(i["tumour_mass_kg"] if "tumour_mass_kg" in i else kg(i["tumour_volume_mL"]), i["tnr"])]
    if "total_volume_mL" in i:
        return tumors, kg(i["total_volume_mL"] - i["tumour_volume_mL"])
    return tumors, i["normal_perfused_mass_kg"]


def tissue(i: Inputs) -> tuple[list[float], list[float], float]:
    """Read tumor masses, their ratios and the perfused normal mass. A ratio that has no effect is 1."""
    tumors, normal = _tumors(REFERENCE, i)
    return [kg for kg, _ in tumors], [1.0 if ratio is None else ratio for _, ratio in tumors], normal


def _model(side: Side, i: Inputs) -> Any:
    tumors, normal = _tumors(side, i)
    territory = side(
        "Territory",
        i,
        tumors=[side("Tumor", i, mass_kg=kg, tumor_to_normal_ratio=ratio) for kg, ratio in tumors],
        normal_perfused_mass_kg=normal,
        lung_shunt_fraction=i["lung_shunt_fraction"],
    )
    names = ("normal_total_mass_kg", "lung_mass_kg", "residual_fraction")
    model = side("PartitionModel", i, territories=[territory], **{name: i[name] for name in names if name in i})
    if "_inverse" in i:  # Only the known errors give another activity than the one that an inverse formula finds.
        right = model.activity_at_normal_dose_gbq
        model.activity_at_normal_dose_gbq = lambda dose_gy: float(i["_inverse"](right(dose_gy), i))
    return model


def partition_forward(side: Side, i: Inputs) -> Answer:
    """Answer the doses of an activity."""
    return published(_model(side, i).doses(i["activity_delivered_GBq"]), FORWARD)


def partition_inverse_target(side: Side, i: Inputs) -> Answer:
    """Answer the activity for a tumor dose."""
    return published(_model(side, i).activity_for_tumor_dose(i["target_tumour_dose_Gy"]), TARGET)


def _maximum(side: Side, i: Inputs, normal: str = "") -> Any:
    perfused = i.get(f"{normal}_kind") == "perfused"
    limits = side(
        "PartitionLimits",
        i,
        normal_perfused_limit_gy=i.get(f"{normal}_Gy") if perfused else None,
        normal_whole_limit_gy=None if perfused else i.get(f"{normal}_Gy"),
        lung_limit_gy=i.get("lung_limit_Gy"),
        cumulative_lung_limit_gy=i.get("lung_cumulative_limit_Gy"),
        prior_lung_dose_gy=i.get("lung_prior_dose_Gy", 0.0),
    )
    return _model(side, i).maximum_activity(limits, target_tumor_dose_gy=i.get("target_tumour_dose_Gy"))


def partition_inverse(side: Side, i: Inputs) -> Answer:
    """Answer the activity for a tumor dose, and the largest one within limits."""
    found = _maximum(side, i, "normal_limit")

    def least(*kinds: str) -> float | None:
        return min((a for a in map(found.activity_at, kinds) if a is not None), default=None)

    return {
        "activity_for_target_GBq": found.target.delivered_activity_gbq,
        "lung_dose_at_target_Gy": found.target.lung_dose_gy,
        "activity_at_normal_limit_GBq": least("normal_perfused", "normal_whole"),
        "activity_at_lung_limit_GBq": least("lung", "lung_cumulative"),
        "max_safe_activity_GBq": found.delivered_activity_gbq,
        "binding": BINDING.get(found.binding[0], "lung") if found.binding else None,
        "tumour_dose_at_max_safe_Gy": None if found.doses is None else found.doses.tumor_doses_gy[0],
        "target_reachable": found.target_reachable,
    } | warnings(found)


def partition_normal_limit(side: Side, i: Inputs) -> Answer:
    """Answer the activity at a limit of the normal liver."""
    found = _maximum(side, i, "limit")
    doses = {"activity_GBq": found.delivered_activity_gbq, "tumour_dose_Gy": found.doses.tumor_doses_gy[0]}
    return doses | warnings(found)


def partition_lung_limit(side: Side, i: Inputs) -> Answer:
    """Answer the activity at the limits of the lungs."""
    found = _maximum(side, ANY_LIVER | i)
    binding = LUNG_LIMITS[found.binding[0]] if found.binding else None
    return {"activity_GBq": found.delivered_activity_gbq, "binding_lung_limit": binding} | warnings(found)


def _territories(side: Side, i: Inputs) -> Any:
    """Make one tumor that every territory feeds if the masses are portions of it, else one tumor for each."""
    one = "overlap" in i or "tumour_portion_mass_kg" in i["territories"][0]

    def territory(k: int, t: Inputs) -> Any:
        kg = t["tumour_portion_mass_kg"] if "tumour_portion_mass_kg" in t else t["tumour_mass_kg"]
        name = "tumor" if one else f"tumor {k}"
        tumor = side("Tumor", i, name=name, mass_kg=kg, tumor_to_normal_ratio=t["tnr"])
        shared = {name: t[name] for name in ("lung_shunt_fraction", "normal_perfused_mass_kg")}
        return side("Territory", i, name=f"{k}", tumors=[tumor], **shared)

    unperfused = i.get("tumour_unperfused_mass_kg")
    return side(
        "PartitionModel",
        i,
        territories=[territory(k, t) for k, t in enumerate(i["territories"], 1)],
        overlap=i.get("overlap", "disjoint"),
        lung_mass_kg=i.get("lung_mass_kg", 1.0),
        normal_total_mass_kg=i.get("normal_total_mass_kg"),
        prior_lung_dose_gy=i.get("lung_prior_dose_Gy", 0.0),
        unperfused_tumor_mass_kg={} if unperfused is None else {"tumor": unperfused},
    )


def _doses(doses: Any) -> Answer:
    return {
        "tumour_doses_Gy": [t.perfused_mean_dose_gy for t in doses.tumors],
        "normal_perfused_doses_Gy": list(doses.normal_perfused_doses_gy),
        "normal_whole_mean_Gy": doses.normal_whole_dose_gy,
        "lung_dose_Gy": doses.lung_dose_gy,
    } | warnings(doses)


def multi_territory_forward(side: Side, i: Inputs) -> Answer:
    """Answer the doses of an activity for each territory."""
    doses = _territories(side, i).doses([t["activity_delivered_GBq"] for t in i["territories"]])
    return _doses(doses) | {
        "tumour_portion_doses_Gy": [portions[0] for portions in doses.tumor_portion_doses_gy],
        "tumour_perfused_mean_Gy": doses.tumors[0].perfused_mean_dose_gy,
        "tumour_whole_mean_Gy": doses.tumors[0].whole_mean_dose_gy,
        "tumour_dose_Gy": doses.tumors[0].perfused_mean_dose_gy,
    }


def multi_injection_lp(side: Side, i: Inputs) -> Answer:
    """Answer the best activities within every limit."""
    best = side(
        "optimize_activities",
        i,
        model=_territories(side, i),
        objective=OBJECTIVES.get(i["objective"], i["objective"]),
        lung_limit_gy=i.get("lung_limit_Gy"),
        cumulative_lung_limit_gy=i.get("lung_cumulative_limit_Gy"),
        normal_perfused_limit_gy=i.get("normal_perfused_limit_Gy"),
        normal_whole_limit_gy=i.get("normal_whole_limit_Gy"),
        activity_limit_gbq=i.get("activity_limit_GBq"),
        target_tumor_dose_gy=i.get("target_tumour_dose_Gy"),
    )
    if best.doses is None:
        return {"status": best.status, "conflict": [c.name for c in best.conflict]} | warnings(best)
    doses = _doses(best.doses)
    masses = [t.perfused_mass_kg for t in best.doses.tumors]
    return {
        **doses,
        "status": best.status,
        "activities_GBq": plain(best.delivered_activities_gbq),
        "min_tumour_dose_Gy": min(doses["tumour_doses_Gy"]),
        "tumour_energy_J": sum(kg * gy for kg, gy in zip(masses, doses["tumour_doses_Gy"], strict=True)),
        "binding": list(best.binding),
    } | warnings(best)


MODELS: dict[str, Callable[[Side, Inputs], Answer]] = {
    "multi_injection_lp_energy": multi_injection_lp,
    "multi_injection_lp_maxmin": multi_injection_lp,
    "multi_territory_forward": multi_territory_forward,
    "multi_territory_overlap": multi_territory_forward,
    "partition_err": lambda side, i: partition_forward(side, {"activity_delivered_GBq": 1.0} | i),
    "partition_forward": partition_forward,
    "partition_inverse": partition_inverse,
    "partition_inverse_target": partition_inverse_target,
    "partition_lung_limit": partition_lung_limit,
    "partition_normal_limit": partition_normal_limit,
}
