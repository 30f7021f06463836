"""Single compartment, energy balance, mass, lungs."""

from __future__ import annotations

from collections.abc import Callable

from ...reference import energy_balance, lung, mass, single_compartment
from ._common import Answer, Inputs, dose_factor, inverse


def _mass_kg(i: Inputs) -> float:
    return float(i["mass_kg"] if "mass_kg" in i else mass.mass_from_volume_kg(i["volume_mL"], i["density_g_per_mL"]))


def _single_compartment(i: Inputs, in_vial: float) -> Answer:
    delivered = in_vial * (1 - i.get("residual_fraction", 0.0))
    shunt = i["lung_shunt_fraction"]
    lungs = float(single_compartment.lung_dose_gy(dose_factor(i), delivered, shunt, i.get("lung_mass_kg", 1.0)))
    return {
        "activity_in_vial_at_treatment_GBq": in_vial,
        "activity_delivered_GBq": delivered,
        "perfused_dose_Gy": float(single_compartment.perfused_dose_gy(dose_factor(i), delivered, shunt, _mass_kg(i))),
        "lung_dose_Gy": lungs,
        "lung_dose_Gy_at_1kg": lungs,
    }


def single_compartment_inverse(i: Inputs) -> Answer:
    vial = single_compartment.vial_activity_gbq(
        dose_factor(i),
        i["target_dose_Gy"],
        _mass_kg(i),
        i["lung_shunt_fraction"],
        i.get("residual_fraction", 0.0),
    )
    return _single_compartment(i, inverse(i, vial))


def single_compartment_forward(i: Inputs) -> Answer:
    return _single_compartment(i, i["activity_in_vial_at_treatment_GBq"])


def energy_balance_check(i: Inputs) -> Answer:
    share = energy_balance.fraction_of_liver_energy_in_tumor(
        i["reported_tumour_dose_Gy"],
        i["tumour_mass_kg"],
        dose_factor(i),
        i["activity_delivered_GBq"],
        i["lung_shunt_fraction"],
    )
    return {"fraction_of_liver_energy_in_tumour": float(share)}


def tumour_mass_for_dose(i: Inputs) -> Answer:
    kg = energy_balance.tumor_mass_for_dose_kg(
        i["tumour_dose_Gy"],
        i["fraction_of_liver_activity_in_tumour"],
        dose_factor(i),
        i["activity_delivered_GBq"],
        i["lung_shunt_fraction"],
    )
    return {"tumour_mass_kg": float(kg)}


def sphere_volume(i: Inputs) -> Answer:
    volume = mass.ellipsoid_volume_ml(i["diameter_mm"])
    kg = float(mass.mass_from_volume_kg(volume, i["density_g_per_mL"]))
    uniform = float(single_compartment.perfused_dose_gy(dose_factor(i), 4.7, 0.12, kg))
    return {
        "volume_mL": volume,
        "mass_kg": kg,
        "dose_if_all_liver_activity_uniform_Gy": uniform,
        "dose_if_80_percent_perfused_Gy": uniform / 0.8,
    }


def lung_dose(i: Inputs) -> Answer:
    delivered = (i["activity_delivered_GBq"], i["lung_shunt_fraction"])
    return {"lung_dose_Gy": float(single_compartment.lung_dose_gy(dose_factor(i), *delivered, i["lung_mass_kg"]))}


def lung_mass_for_dose(i: Inputs) -> Answer:
    delivered = (i["activity_delivered_GBq"], i["lung_shunt_fraction"])
    return {"lung_mass_kg": float(lung.lung_mass_for_dose_kg(dose_factor(i), *delivered, i["lung_dose_Gy"]))}


def lung_shunt_for_dose(i: Inputs) -> Answer:
    known = (i["activity_delivered_GBq"], i["lung_mass_kg"], i["lung_dose_Gy"])
    return {"lung_shunt_fraction": float(lung.lung_shunt_for_dose(dose_factor(i), *known))}


def lsf_planar(i: Inputs) -> Answer:
    background = i.get("background_counts_per_pixel", 0.0)
    means = [
        lung.geometric_mean(
            i[f"{organ}_ant_counts"], i[f"{organ}_post_counts"], background, i.get(f"{organ}_pixels", 0.0)
        )
        for organ in ("lung", "liver")
    ]
    return {"lung_shunt_fraction": float(lung.lung_shunt_fraction(*means))}


def lsf_spect(i: Inputs) -> Answer:
    counts = i["lung_counts"] if "lung_counts" in i else i["lung_counts_in_fov"]
    shunt = lung.spect_lung_shunt_fraction(counts, i["liver_counts"], i.get("lung_fraction_in_fov", 1.0))
    return {"lung_shunt_fraction": float(shunt)}


def lung_mass_from_ct(i: Inputs) -> Answer:
    return {"lung_mass_kg": float(lung.lung_mass_kg([i["mean_HU"]], i["lung_volume_mL"]))}


def lung_mass_from_ct_voxels(i: Inputs) -> Answer:
    low, high = i.get("density_clip_g_per_mL", (0.0, 1.1))
    return {"lung_mass_kg": float(lung.lung_mass_kg(i["HU"], i["voxel_volume_mL"], (low, high)))}


DEFINITIONS: dict[str, Callable[[Inputs], Answer]] = {
    "energy_balance_check": energy_balance_check,
    "lsf_planar_background": lsf_planar,
    "lsf_planar_geometric_mean": lsf_planar,
    "lsf_spect": lsf_spect,
    "lsf_spect_attenuated_fov": lsf_spect,
    "lung_dose": lung_dose,
    "lung_mass_for_dose": lung_mass_for_dose,
    "lung_mass_from_ct": lung_mass_from_ct,
    "lung_mass_from_ct_voxels": lung_mass_from_ct_voxels,
    "lung_shunt_for_dose": lung_shunt_for_dose,
    "single_compartment_forward": single_compartment_forward,
    "single_compartment_inverse": single_compartment_inverse,
    "sphere_volume": sphere_volume,
    "tumour_mass_for_dose": tumour_mass_for_dose,
}
