"""Tumor-to-normal ratio and partition."""

from __future__ import annotations

from ... import planning as p
from .._record import Answer, Inputs, codes, nuclide


def partition_model(i: Inputs) -> p.PartitionModel:
    if "tumours" in i:
        tumors = tuple(p.Tumor(mass_kg=t["mass_kg"], tumor_to_normal_ratio=t["tnr"]) for t in i["tumours"])
    elif "tumour_mass_kg" in i:
        tumors = (p.Tumor(mass_kg=i["tumour_mass_kg"], tumor_to_normal_ratio=i["tnr"]),)
    else:
        mass = p.mass_from_volume_kg(i["tumour_volume_mL"], density_g_per_ml=i["density_g_per_mL"])
        tumors = (p.Tumor(mass_kg=mass, tumor_to_normal_ratio=i["tnr"]),)
    if "total_volume_mL" in i:
        normal_ml = i["total_volume_mL"] - i["tumour_volume_mL"]
        normal = p.mass_from_volume_kg(normal_ml, density_g_per_ml=i["density_g_per_mL"])
    else:
        normal = i["normal_perfused_mass_kg"]
    territory = p.Territory(tumors=tumors, normal_perfused_mass_kg=normal, lung_shunt_fraction=i["lung_shunt_fraction"])
    return p.PartitionModel(
        territories=[territory],
        normal_total_mass_kg=i.get("normal_total_mass_kg"),
        lung_mass_kg=i.get("lung_mass_kg", 1.0),
        residual_fraction=i.get("residual_fraction", 0.0),
        nuclide=nuclide(i),
    )


def partition_forward(i: Inputs) -> Answer:
    doses = partition_model(i).doses(i["activity_delivered_GBq"])
    return {
        "normal_perfused_dose_Gy": doses.normal_perfused_dose_gy,
        "normal_whole_dose_Gy": doses.normal_whole_dose_gy,
        "tumour_doses_Gy": list(doses.tumor_doses_gy),
        "lung_dose_Gy": doses.lung_dose_gy,
        "energy_J": doses.liver_energy_j,
        "warnings": codes(doses),
    }


def partition_err(i: Inputs) -> Answer:
    return partition_forward({"activity_delivered_GBq": 1.0} | i)


def partition_inverse_target(i: Inputs) -> Answer:
    result = partition_model(i).activity_for_tumor_dose(i["target_tumour_dose_Gy"])
    return {
        "energy_J": result.liver_energy_j,
        "activity_delivered_GBq": result.delivered_activity_gbq,
        "activity_in_vial_at_treatment_GBq": result.vial_activity_gbq,
        "normal_dose_Gy": result.normal_perfused_dose_gy,
        "mean_perfused_dose_Gy": result.perfused_mean_dose_gy,
        "lung_dose_Gy_at_1kg": result.lung_dose_gy,
        "warnings": codes(result),
    }


def limits(i: Inputs, normal: str) -> p.PartitionLimits:
    perfused = i.get(f"{normal}_kind") == "perfused"
    return p.PartitionLimits(
        normal_perfused_limit_gy=i.get(f"{normal}_Gy") if perfused else None,
        normal_whole_limit_gy=None if perfused else i.get(f"{normal}_Gy"),
        lung_limit_gy=i.get("lung_limit_Gy"),
        cumulative_lung_limit_gy=i.get("lung_cumulative_limit_Gy"),
        prior_lung_dose_gy=i.get("lung_prior_dose_Gy", 0.0),
    )


BINDING = {
    "normal_perfused": "normal_liver",
    "normal_whole": "normal_liver",
    "lung": "lung",
    "lung_cumulative": "lung",
}


def partition_inverse(i: Inputs) -> Answer:
    result = partition_model(i).maximum_activity(
        limits(i, "normal_limit"), target_tumor_dose_gy=i["target_tumour_dose_Gy"]
    )
    assert result.target is not None
    normal = [result.activity_at(kind) for kind in ("normal_perfused", "normal_whole")]
    lung = [result.activity_at(kind) for kind in ("lung", "lung_cumulative")]
    return {
        "activity_for_target_GBq": result.target.delivered_activity_gbq,
        "lung_dose_at_target_Gy": result.target.lung_dose_gy,
        "activity_at_normal_limit_GBq": min((a for a in normal if a is not None), default=None),
        "activity_at_lung_limit_GBq": min((a for a in lung if a is not None), default=None),
        "max_safe_activity_GBq": result.delivered_activity_gbq,
        "binding": BINDING[result.binding[0]] if result.binding else None,
        "tumour_dose_at_max_safe_Gy": None if result.doses is None else result.doses.tumor_doses_gy[0],
        "target_reachable": result.target_reachable,
        "warnings": codes(result),
    }


def partition_normal_limit(i: Inputs) -> Answer:
    result = partition_model(i).maximum_activity(limits(i, "limit"))
    assert result.doses is not None
    return {
        "activity_GBq": result.delivered_activity_gbq,
        "tumour_dose_Gy": result.doses.tumor_doses_gy[0],
        "warnings": codes(result),
    }


def partition_lung_limit(i: Inputs) -> Answer:
    """The lung limits do not depend on the liver, so any liver will do."""
    result = partition_model({"tumour_mass_kg": 1.0, "tnr": 1.0, "normal_perfused_mass_kg": 1.0} | i).maximum_activity(
        limits(i, "none")
    )
    kinds = {"lung": "single", "lung_cumulative": "cumulative"}
    return {
        "activity_GBq": result.delivered_activity_gbq,
        "binding_lung_limit": kinds[result.binding[0]] if result.binding else None,
        "warnings": codes(result),
    }


ANSWERS = {
    "partition_err": partition_err,
    "partition_forward": partition_forward,
    "partition_inverse": partition_inverse,
    "partition_inverse_target": partition_inverse_target,
    "partition_lung_limit": partition_lung_limit,
    "partition_normal_limit": partition_normal_limit,
}
