"""Body surface area, resin activities, single compartment, partition, lungs."""

from __future__ import annotations

from typing import Any

from yttria import Nuclide
from yttria import planning as p
from yttria.conformance import variants

Inputs = dict[str, Any]


def nuclide(i: Inputs) -> Nuclide:
    return Nuclide.from_dose_factor(64.1, i.get("dose_factor_Gy_kg_per_GBq", 49.67))


def codes(result: Any) -> list[str]:
    return [advisory.code for advisory in result.advisories]


def mass_kg(i: Inputs) -> float:
    if "mass_kg" in i:
        return i["mass_kg"]
    return p.mass_from_volume_kg(i["volume_mL"], density_g_per_ml=i["density_g_per_mL"])


def body_surface_area(i: Inputs) -> Inputs:
    names = ("dubois", "mosteller", "haycock")
    return {
        f"{name}_m2": p.body_surface_area(i["height_cm"], i["weight_kg"], formula=name).body_surface_area_m2
        for name in names
    }


def bsa_m2(i: Inputs) -> float:
    return i["bsa_m2"] if "bsa_m2" in i else body_surface_area(i)["dubois_m2"]


def resin(result: p.ResinActivity) -> Inputs:
    return {"activity_GBq": result.activity_delivered_gbq, "warnings": codes(result)}


def resin_bsa(i: Inputs) -> Inputs:
    return resin(
        p.bsa_activity(
            bsa_m2(i),
            tumor_volume_ml=i["tumour_volume_mL"],
            liver_volume_incl_tumor_ml=i["liver_volume_incl_tumour_mL"],
        )
    )


def resin_bsa_double_count(i: Inputs) -> Inputs:
    return {
        "activity_GBq": variants.resin_bsa_double_count_gbq(
            bsa_m2(i), i["tumour_volume_mL"], i["liver_volume_incl_tumour_mL"]
        )
    }


def resin_modified_bsa(i: Inputs) -> Inputs:
    return resin(
        p.modified_bsa_activity(
            bsa_m2(i),
            tumor_volume_in_treated_ml=i["tumour_volume_in_treated_mL"],
            treated_volume_incl_tumor_ml=i["treated_volume_incl_tumour_mL"],
            liver_volume_incl_tumor_ml=i["liver_volume_incl_tumour_mL"],
        )
    )


def resin_lobar_simple(i: Inputs) -> Inputs:
    return resin(
        p.simple_lobar_bsa_activity(
            bsa_m2(i),
            tumor_volume_ml=i["tumour_volume_mL"],
            treated_volume_incl_tumor_ml=i["treated_volume_incl_tumour_mL"],
            liver_volume_incl_tumor_ml=i["liver_volume_incl_tumour_mL"],
        )
    )


def resin_empirical(i: Inputs) -> Inputs:
    return resin(p.empirical_activity(i["tumour_involvement_fraction"]))


def resin_lung_shunt_reduction(i: Inputs) -> Inputs:
    lower = p.lung_shunt_reduction(i["lung_shunt_fraction"], boundary="lower_inclusive")
    upper = p.lung_shunt_reduction(i["lung_shunt_fraction"], boundary="upper_inclusive")
    return {
        "factor_lower_inclusive": lower.factor,
        "factor_upper_inclusive": upper.factor,
        "on_boundary": lower.on_boundary,
        "warnings": codes(lower),
    }


def resin_lung_shunt_inverse(i: Inputs) -> Inputs:
    lower = p.lung_shunt_reduction(i["lung_shunt_fraction"], boundary="lower_inclusive")
    upper = p.lung_shunt_reduction(i["lung_shunt_fraction"], boundary="upper_inclusive")
    final = i["final_activity_MBq"]
    dose = p.lung_dose(final / 1000, lung_shunt_fraction=i["lung_shunt_fraction"], lung_mass_kg=1.0)
    return {
        "unreduced_MBq": lower.unreduced_activity_gbq(final),
        "unreduced_lower_inclusive_MBq": lower.unreduced_activity_gbq(final),
        "unreduced_upper_inclusive_MBq": upper.unreduced_activity_gbq(final),
        "lung_dose_Gy_at_1kg": dose.lung_dose_gy,
        "warnings": codes(lower),
    }


def single_compartment(result: p.SingleCompartment) -> Inputs:
    return {
        "activity_in_vial_at_treatment_GBq": result.activity_in_vial_at_treatment_gbq,
        "activity_delivered_GBq": result.activity_delivered_gbq,
        "perfused_dose_Gy": result.perfused_dose_gy,
        "lung_dose_Gy": result.lung_dose_gy,
        "lung_dose_Gy_at_1kg": result.lung_dose_gy,
        "warnings": codes(result),
    }


def single_compartment_inverse(i: Inputs) -> Inputs:
    return single_compartment(
        p.single_compartment_activity(
            i["target_dose_Gy"],
            mass_kg=mass_kg(i),
            lung_shunt_fraction=i["lung_shunt_fraction"],
            residual_fraction=i.get("residual_fraction", 0.0),
            lung_mass_kg=i.get("lung_mass_kg", 1.0),
            nuclide=nuclide(i),
        )
    )


def single_compartment_forward(i: Inputs) -> Inputs:
    return single_compartment(
        p.single_compartment_dose(
            i["activity_in_vial_at_treatment_GBq"],
            mass_kg=mass_kg(i),
            lung_shunt_fraction=i["lung_shunt_fraction"],
            residual_fraction=i.get("residual_fraction", 0.0),
            lung_mass_kg=i.get("lung_mass_kg", 1.0),
            nuclide=nuclide(i),
        )
    )


def single_compartment_wrong(i: Inputs) -> Inputs:
    factor = nuclide(i).dose_factor_gy_kg_per_gbq
    return {
        "activity_GBq": variants.single_compartment_multiplied_gbq(
            i["target_dose_Gy"], mass_kg(i), i["lung_shunt_fraction"], factor
        )
    }


def tnr_from_counts(i: Inputs) -> Inputs:
    result = p.tumor_to_normal_ratio(
        tumor_counts=i["tumour_counts"],
        tumor_mass_kg=i["tumour_mass_kg"],
        normal_counts=i["normal_counts"],
        normal_mass_kg=i["normal_mass_kg"],
    )
    return {
        "tnr": result.tumor_to_normal_ratio,
        "activity_ratio_R_kao": result.activity_ratio,
        "warnings": codes(result),
    }


def partition_model(i: Inputs) -> p.PartitionModel:
    if "tumours" in i:
        tumors = tuple(p.Tumor(t["mass_kg"], t["tnr"]) for t in i["tumours"])
    elif "tumour_mass_kg" in i:
        tumors = (p.Tumor(i["tumour_mass_kg"], i["tnr"]),)
    else:
        mass = p.mass_from_volume_kg(i["tumour_volume_mL"], density_g_per_ml=i["density_g_per_mL"])
        tumors = (p.Tumor(mass, i["tnr"]),)
    if "total_volume_mL" in i:
        normal_ml = i["total_volume_mL"] - i["tumour_volume_mL"]
        normal = p.mass_from_volume_kg(normal_ml, density_g_per_ml=i["density_g_per_mL"])
    else:
        normal = i["normal_perfused_mass_kg"]
    return p.PartitionModel(
        tumors,
        normal,
        i["lung_shunt_fraction"],
        normal_total_mass_kg=i.get("normal_total_mass_kg"),
        lung_mass_kg=i.get("lung_mass_kg", 1.0),
        residual_fraction=i.get("residual_fraction", 0.0),
        nuclide=nuclide(i),
    )


def partition_forward(i: Inputs) -> Inputs:
    doses = partition_model(i).doses(i["activity_delivered_GBq"])
    return {
        "normal_perfused_dose_Gy": doses.normal_perfused_dose_gy,
        "normal_whole_dose_Gy": doses.normal_whole_dose_gy,
        "tumour_doses_Gy": list(doses.tumor_doses_gy),
        "lung_dose_Gy": doses.lung_dose_gy,
        "energy_J": doses.liver_energy_j,
        "warnings": codes(doses),
    }


def partition_err(i: Inputs) -> Inputs:
    return partition_forward({"activity_delivered_GBq": 1.0} | i)


def partition_inverse_target(i: Inputs) -> Inputs:
    result = partition_model(i).activity_for_tumor_dose(i["target_tumour_dose_Gy"])
    return {
        "energy_J": result.liver_energy_j,
        "activity_delivered_GBq": result.activity_delivered_gbq,
        "activity_in_vial_at_treatment_GBq": result.activity_in_vial_at_treatment_gbq,
        "normal_dose_Gy": result.normal_perfused_dose_gy,
        "mean_perfused_dose_Gy": result.perfused_mean_dose_gy,
        "lung_dose_Gy_at_1kg": result.lung_dose_gy,
        "warnings": codes(result),
    }


def limits(i: Inputs, normal: str) -> p.PartitionLimits:
    perfused = i.get(f"{normal}_kind") == "perfused"
    return p.PartitionLimits(
        normal_perfused_gy=i.get(f"{normal}_Gy") if perfused else None,
        normal_whole_gy=None if perfused else i.get(f"{normal}_Gy"),
        lung_gy=i.get("lung_limit_Gy"),
        lung_cumulative_gy=i.get("lung_cumulative_limit_Gy"),
        lung_prior_gy=i.get("lung_prior_dose_Gy", 0.0),
    )


BINDING = {
    "normal_perfused": "normal_liver",
    "normal_whole": "normal_liver",
    "lung": "lung",
    "lung_cumulative": "lung",
}


def partition_inverse(i: Inputs) -> Inputs:
    result = partition_model(i).maximum_activity(
        limits(i, "normal_limit"), target_tumor_dose_gy=i["target_tumour_dose_Gy"]
    )
    assert result.target is not None
    normal = [result.activity_at(kind) for kind in ("normal_perfused", "normal_whole")]
    lung = [result.activity_at(kind) for kind in ("lung", "lung_cumulative")]
    return {
        "activity_for_target_GBq": result.target.activity_delivered_gbq,
        "lung_dose_at_target_Gy": result.target.lung_dose_gy,
        "activity_at_normal_limit_GBq": min((a for a in normal if a is not None), default=None),
        "activity_at_lung_limit_GBq": min((a for a in lung if a is not None), default=None),
        "max_safe_activity_GBq": result.activity_delivered_gbq,
        "binding": BINDING[result.binding[0]] if result.binding else None,
        "tumour_dose_at_max_safe_Gy": None if result.doses is None else result.doses.tumor_doses_gy[0],
        "target_reachable": result.target_reachable,
        "warnings": codes(result),
    }


def partition_normal_limit(i: Inputs) -> Inputs:
    result = partition_model(i).maximum_activity(limits(i, "limit"))
    assert result.doses is not None
    return {
        "activity_GBq": result.activity_delivered_gbq,
        "tumour_dose_Gy": result.doses.tumor_doses_gy[0],
        "warnings": codes(result),
    }


def partition_lung_limit(i: Inputs) -> Inputs:
    """The lung limits do not depend on the liver, so any liver will do."""
    result = partition_model({"tumour_mass_kg": 1.0, "tnr": 1.0, "normal_perfused_mass_kg": 1.0} | i).maximum_activity(
        limits(i, "none")
    )
    kinds = {"lung": "single", "lung_cumulative": "cumulative"}
    return {
        "activity_GBq": result.activity_delivered_gbq,
        "binding_lung_limit": kinds[result.binding[0]] if result.binding else None,
        "warnings": codes(result),
    }


def partition_wrong(i: Inputs) -> Inputs:
    normal_ml = i["total_volume_mL"] - i["tumour_volume_mL"]
    return {
        "activity_GBq": variants.partition_wrong_weight_gbq(
            i["target_tumour_dose_Gy"],
            i["tnr"],
            p.mass_from_volume_kg(normal_ml, density_g_per_ml=i["density_g_per_mL"]),
            i["lung_shunt_fraction"],
            i["dose_factor_Gy_kg_per_GBq"],
        )
    }


def kao_tlsf(i: Inputs) -> Inputs:
    result = p.kao_activities(
        i["tumour_activity_GBq"],
        activity_ratio=i["activity_ratio_R"],
        tumor_lung_shunt_fraction=i["tumour_lung_shunt_fraction"],
    )
    return {
        "normal_activity_GBq": result.normal_activity_gbq,
        "lung_activity_GBq": result.lung_activity_gbq,
        "total_activity_GBq": result.total_activity_gbq,
        "equivalent_liver_lung_shunt_fraction": result.lung_shunt_fraction,
    }


def energy_balance_check(i: Inputs) -> Inputs:
    result = p.energy_balance(
        i["reported_tumour_dose_Gy"],
        tumor_mass_kg=i["tumour_mass_kg"],
        activity_delivered_gbq=i["activity_delivered_GBq"],
        lung_shunt_fraction=i["lung_shunt_fraction"],
        nuclide=nuclide(i),
    )
    return {
        "fraction_of_liver_energy_in_tumour": result.fraction_of_liver_energy_in_tumor,
        "warnings": codes(result),
    }


def tumour_mass_for_dose(i: Inputs) -> Inputs:
    return {
        "tumour_mass_kg": p.tumor_mass_for_dose_kg(
            i["tumour_dose_Gy"],
            activity_delivered_gbq=i["activity_delivered_GBq"],
            lung_shunt_fraction=i["lung_shunt_fraction"],
            fraction_of_liver_activity_in_tumor=i["fraction_of_liver_activity_in_tumour"],
            nuclide=nuclide(i),
        )
    }


def sphere_volume(i: Inputs) -> Inputs:
    """The doses are those of the published third patient: 4.7 GBq, a shunt of 12 %, in all or 80 % of the sphere."""
    volume = p.ellipsoid_volume_ml(i["diameter_mm"])
    mass = p.mass_from_volume_kg(volume, density_g_per_ml=i["density_g_per_mL"])
    dose = {
        share: p.single_compartment_dose(4.7, mass_kg=share * mass, lung_shunt_fraction=0.12).perfused_dose_gy
        for share in (1.0, 0.8)
    }
    return {
        "volume_mL": volume,
        "mass_kg": mass,
        "dose_if_all_liver_activity_uniform_Gy": dose[1.0],
        "dose_if_80_percent_perfused_Gy": dose[0.8],
    }


def lung_dose(i: Inputs) -> Inputs:
    result = p.lung_dose(
        i["activity_delivered_GBq"],
        lung_shunt_fraction=i["lung_shunt_fraction"],
        lung_mass_kg=i["lung_mass_kg"],
        nuclide=nuclide(i),
    )
    return {"lung_dose_Gy": result.lung_dose_gy, "warnings": codes(result)}


def lung_mass_for_dose(i: Inputs) -> Inputs:
    return {
        "lung_mass_kg": p.lung_mass_for_dose_kg(
            i["lung_dose_Gy"],
            activity_delivered_gbq=i["activity_delivered_GBq"],
            lung_shunt_fraction=i["lung_shunt_fraction"],
            nuclide=nuclide(i),
        )
    }


def lung_shunt_for_dose(i: Inputs) -> Inputs:
    return {
        "lung_shunt_fraction": p.lung_shunt_for_dose(
            i["lung_dose_Gy"],
            activity_delivered_gbq=i["activity_delivered_GBq"],
            lung_mass_kg=i["lung_mass_kg"],
            nuclide=nuclide(i),
        )
    }


def lsf_planar(i: Inputs) -> Inputs:
    result = p.planar_lung_shunt_fraction(
        lung_anterior_counts=i["lung_ant_counts"],
        lung_posterior_counts=i["lung_post_counts"],
        liver_anterior_counts=i["liver_ant_counts"],
        liver_posterior_counts=i["liver_post_counts"],
        background_counts_per_pixel=i.get("background_counts_per_pixel", 0.0),
        lung_pixels=i.get("lung_pixels", 0.0),
        liver_pixels=i.get("liver_pixels", 0.0),
    )
    return {"lung_shunt_fraction": result.lung_shunt_fraction, "warnings": codes(result)}


def lsf_spect(i: Inputs) -> Inputs:
    result = p.spect_lung_shunt_fraction(
        lung_counts=i["lung_counts"] if "lung_counts" in i else i["lung_counts_in_fov"],
        liver_counts=i["liver_counts"],
        lung_fraction_in_field_of_view=i.get("lung_fraction_in_fov", 1.0),
    )
    return {"lung_shunt_fraction": result.lung_shunt_fraction, "warnings": codes(result)}


def lung_mass_from_ct(i: Inputs) -> Inputs:
    result = p.lung_mass_from_ct([i["mean_HU"]], voxel_volume_ml=i["lung_volume_mL"])
    return {"lung_mass_kg": result.lung_mass_kg, "warnings": codes(result)}


def lung_mass_from_ct_voxels(i: Inputs) -> Inputs:
    low, high = i.get("density_clip_g_per_mL", (0.0, 1.1))
    result = p.lung_mass_from_ct(i["HU"], voxel_volume_ml=i["voxel_volume_mL"], density_clip_g_per_ml=(low, high))
    return {"lung_mass_kg": result.lung_mass_kg, "warnings": codes(result)}


def dose_factor(i: Inputs) -> Inputs:
    return {
        "dose_factor_Gy_kg_per_GBq": Nuclide.from_energy(
            i["half_life_h"], i["mean_energy_MeV"]
        ).dose_factor_gy_kg_per_gbq
    }


ADAPTERS = {
    "dose_factor": dose_factor,
    "body_surface_area": body_surface_area,
    "resin_bsa": resin_bsa,
    "resin_bsa_double_count_variant": resin_bsa_double_count,
    "resin_modified_bsa": resin_modified_bsa,
    "resin_bsa_lobar_simple": resin_lobar_simple,
    "resin_empirical": resin_empirical,
    "resin_lung_shunt_reduction": resin_lung_shunt_reduction,
    "resin_lung_shunt_inverse": resin_lung_shunt_inverse,
    "single_compartment_inverse": single_compartment_inverse,
    "single_compartment_err": single_compartment_inverse,
    "single_compartment_forward": single_compartment_forward,
    "single_compartment_wrong_variant": single_compartment_wrong,
    "tnr_from_counts": tnr_from_counts,
    "partition_forward": partition_forward,
    "partition_inverse": partition_inverse,
    "partition_inverse_target": partition_inverse_target,
    "partition_normal_limit": partition_normal_limit,
    "partition_lung_limit": partition_lung_limit,
    "partition_err": partition_err,
    "partition_wrong_variant": partition_wrong,
    "kao_tlsf": kao_tlsf,
    "energy_balance_check": energy_balance_check,
    "tumour_mass_for_dose": tumour_mass_for_dose,
    "sphere_volume": sphere_volume,
    "lung_dose": lung_dose,
    "lung_mass_for_dose": lung_mass_for_dose,
    "lung_shunt_for_dose": lung_shunt_for_dose,
    "lsf_planar_geometric_mean": lsf_planar,
    "lsf_planar_background": lsf_planar,
    "lsf_planar_err": lsf_planar,
    "lsf_spect": lsf_spect,
    "lsf_spect_attenuated_fov": lsf_spect,
    "lung_mass_from_ct": lung_mass_from_ct,
    "lung_mass_from_ct_voxels": lung_mass_from_ct_voxels,
}

OWN = {
    "resin_bsa_double_count_variant": resin_bsa,
    "single_compartment_wrong_variant": lambda i: {
        "activity_GBq": single_compartment_inverse(i)["activity_delivered_GBq"]
    },
    "partition_wrong_variant": lambda i: {"activity_GBq": partition_inverse_target(i)["activity_delivered_GBq"]},
}
