"""Lung shunt fraction, lung mass, lung dose."""

from __future__ import annotations

from ... import planning as p
from ...voxel import lung_mass
from ._common import Answer, Inputs, codes, nuclide


def lung_dose(i: Inputs) -> Answer:
    result = p.lung_dose(
        i["activity_delivered_GBq"],
        lung_shunt_fraction=i["lung_shunt_fraction"],
        lung_mass_kg=i["lung_mass_kg"],
        nuclide=nuclide(i),
    )
    return {"lung_dose_Gy": result.lung_dose_gy, "warnings": codes(result)}


def lung_mass_for_dose(i: Inputs) -> Answer:
    return {
        "lung_mass_kg": p.lung_mass_for_dose_kg(
            i["lung_dose_Gy"],
            delivered_activity_gbq=i["activity_delivered_GBq"],
            lung_shunt_fraction=i["lung_shunt_fraction"],
            nuclide=nuclide(i),
        )
    }


def lung_shunt_for_dose(i: Inputs) -> Answer:
    return {
        "lung_shunt_fraction": p.lung_shunt_for_dose(
            i["lung_dose_Gy"],
            delivered_activity_gbq=i["activity_delivered_GBq"],
            lung_mass_kg=i["lung_mass_kg"],
            nuclide=nuclide(i),
        )
    }


def lsf_planar(i: Inputs) -> Answer:
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


def lsf_spect(i: Inputs) -> Answer:
    result = p.spect_lung_shunt_fraction(
        lung_counts=i["lung_counts"] if "lung_counts" in i else i["lung_counts_in_fov"],
        liver_counts=i["liver_counts"],
        lung_fraction_in_field_of_view=i.get("lung_fraction_in_fov", 1.0),
    )
    return {"lung_shunt_fraction": result.lung_shunt_fraction, "warnings": codes(result)}


def lung_mass_from_ct(i: Inputs) -> Answer:
    result = lung_mass([i["mean_HU"]], voxel_volume_ml=i["lung_volume_mL"])
    return {"lung_mass_kg": result.lung_mass_kg, "warnings": codes(result)}


def lung_mass_from_ct_voxels(i: Inputs) -> Answer:
    low, high = i.get("density_clip_g_per_mL", (0.0, 1.1))
    result = lung_mass(i["HU"], voxel_volume_ml=i["voxel_volume_mL"], density_clip_g_per_ml=(low, high))
    return {"lung_mass_kg": result.lung_mass_kg, "warnings": codes(result)}


ADAPTERS = {
    "lsf_planar_background": lsf_planar,
    "lsf_planar_err": lsf_planar,
    "lsf_planar_geometric_mean": lsf_planar,
    "lsf_spect": lsf_spect,
    "lsf_spect_attenuated_fov": lsf_spect,
    "lung_dose": lung_dose,
    "lung_mass_for_dose": lung_mass_for_dose,
    "lung_mass_from_ct": lung_mass_from_ct,
    "lung_mass_from_ct_voxels": lung_mass_from_ct_voxels,
    "lung_shunt_for_dose": lung_shunt_for_dose,
}
