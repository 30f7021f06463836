"""Several territories and their optimum."""

from __future__ import annotations

from typing import Any, Literal

from ... import planning as p
from .._record import Answer, Inputs, codes, nuclide


def plan(i: Inputs, mass: str, **extra: Any) -> p.PartitionModel:
    """One tumor fed by every territory where masses are portions of it, else one tumor for each."""
    one = mass == "tumour_portion_mass_kg" or "overlap" in i
    territories = [
        p.Territory(
            name=f"{k}",
            lung_shunt_fraction=t["lung_shunt_fraction"],
            normal_perfused_mass_kg=t["normal_perfused_mass_kg"],
            tumors=[p.Tumor(name="tumor" if one else f"tumor {k}", mass_kg=t[mass], tumor_to_normal_ratio=t["tnr"])],
        )
        for k, t in enumerate(i["territories"], 1)
    ]
    return p.PartitionModel(
        territories=territories,
        overlap=i.get("overlap", "disjoint"),
        lung_mass_kg=i.get("lung_mass_kg", 1.0),
        normal_total_mass_kg=i.get("normal_total_mass_kg"),
        prior_lung_dose_gy=i.get("lung_prior_dose_Gy", 0.0),
        nuclide=nuclide(i),
        **extra,
    )


def multi_territory_forward(i: Inputs) -> Answer:
    unperfused = {"tumor": i["tumour_unperfused_mass_kg"]} if "tumour_unperfused_mass_kg" in i else {}
    treatment = plan(i, "tumour_portion_mass_kg", unperfused_tumor_mass_kg=unperfused)
    doses = treatment.doses([t["activity_delivered_GBq"] for t in i["territories"]])
    return {
        "tumour_portion_doses_Gy": [portions[0] for portions in doses.tumor_portion_doses_gy],
        "normal_perfused_doses_Gy": list(doses.normal_perfused_doses_gy),
        "tumour_perfused_mean_Gy": doses.tumors[0].perfused_mean_dose_gy,
        "tumour_whole_mean_Gy": doses.tumors[0].whole_mean_dose_gy,
        "normal_whole_mean_Gy": doses.normal_whole_dose_gy,
        "lung_dose_Gy": doses.lung_dose_gy,
        "warnings": codes(doses),
    }


def multi_territory_overlap(i: Inputs) -> Answer:
    doses = plan(i, "tumour_mass_kg").doses([t["activity_delivered_GBq"] for t in i["territories"]])
    return {"tumour_dose_Gy": doses.tumors[0].perfused_mean_dose_gy, "warnings": codes(doses)}


OBJECTIVES: dict[str, Literal["max_min_tumor_dose", "max_tumor_energy", "min_lung_energy"]] = {
    "max_min_tumour_dose": "max_min_tumor_dose",
    "max_total_tumour_energy": "max_tumor_energy",
    "min_lung_energy": "min_lung_energy",
}


def multi_injection_lp(i: Inputs) -> Answer:
    best = p.optimize_activities(
        plan(i, "tumour_mass_kg"),
        objective=OBJECTIVES[i["objective"]],
        lung_limit_gy=i.get("lung_limit_Gy"),
        cumulative_lung_limit_gy=i.get("lung_cumulative_limit_Gy"),
        normal_perfused_limit_gy=i.get("normal_perfused_limit_Gy"),
        normal_whole_limit_gy=i.get("normal_whole_limit_Gy"),
        activity_limit_gbq=i.get("activity_limit_GBq"),
        target_tumor_dose_gy=i.get("target_tumour_dose_Gy"),
    )
    if best.doses is None:
        return {"status": best.status, "conflict": [c.name for c in best.conflict], "warnings": codes(best)}
    return {
        "status": best.status,
        "activities_GBq": list(best.delivered_activities_gbq),
        "min_tumour_dose_Gy": min(t.perfused_mean_dose_gy for t in best.doses.tumors),
        "tumour_doses_Gy": [t.perfused_mean_dose_gy for t in best.doses.tumors],
        "tumour_energy_J": sum(t.perfused_mean_dose_gy * t.perfused_mass_kg for t in best.doses.tumors),
        "normal_perfused_doses_Gy": list(best.doses.normal_perfused_doses_gy),
        "normal_whole_mean_Gy": best.doses.normal_whole_dose_gy,
        "lung_dose_Gy": best.doses.lung_dose_gy,
        "binding": list(best.binding),
        "warnings": codes(best),
    }


ANSWERS = {
    "multi_injection_lp_energy": multi_injection_lp,
    "multi_injection_lp_maxmin": multi_injection_lp,
    "multi_territory_forward": multi_territory_forward,
    "multi_territory_overlap": multi_territory_overlap,
}
