"""Histograms, radiobiology, uncertainty."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import evaluation as e
from ._common import Answer, Inputs, codes, nuclide


def linear_quadratic(i: Inputs) -> dict[str, Any]:
    return {
        "alpha_beta_gy": i["alpha_beta_Gy"],
        "repair_half_time_h": i["repair_half_time_h"],
        "nuclide": nuclide(i),
    }


def histogram(i: Inputs) -> e.DoseVolumeHistogram:
    dose = np.array(i["doses_Gy"], float).reshape(1, 1, -1)
    return e.dose_volume_histograms(dose, {"s": np.ones(dose.shape, bool)}, voxel_volume_ml=1.0)["s"]


def dvh(i: Inputs) -> Answer:
    h = histogram(i)
    return {
        "mean_Gy": h.mean_gy,
        "D100_Gy": h.dose_at_volume_percent(100),
        **{f"D{x}_Gy_rank": h.dose_at_volume_percent(x) for x in (2, 50, 70, 90, 95, 98)},
        "V60_percent_ge": h.volume_at_dose_percent(60),
        "V60_percent_gt": h.volume_at_dose_percent(60, strict=True),
    }


def dvh_linear(i: Inputs) -> Answer:
    h = histogram(i)
    return {f"D{x}_Gy": h.dose_at_volume_percent(x, interpolation="linear") for x in (2, 50, 70, 90, 95, 98)}


def geud(i: Inputs) -> Answer:
    result = e.generalized_eud(i["doses_Gy"], a=i["a"])
    return {"gEUD_Gy": result.value_gy, "warnings": codes(result)}


def eud(i: Inputs) -> Answer:
    result = e.survival_eud(i["doses_Gy"], alpha_per_gy=i["alpha_per_Gy"])
    return {"EUD_Gy": result.value_gy, "warnings": codes(result)}


def effective_uniform_bed(i: Inputs) -> Answer:
    result = e.effective_uniform_bed(i["doses_Gy"], alpha_per_gy=i["alpha_per_Gy"], **linear_quadratic(i))
    return {"EUBED_Gy": result.value_gy, "warnings": codes(result)}


def bed(i: Inputs) -> Answer:
    bed_gy = e.bed_gy(i["dose_Gy"], **linear_quadratic(i))
    return {"bed_Gy": bed_gy, "eqd2_Gy": e.eqd2_gy(bed_gy, alpha_beta_gy=i["alpha_beta_Gy"])}


def bed_inverse(i: Inputs) -> Answer:
    return {"dose_Gy": e.dose_from_bed_gy(i["bed_Gy"], **linear_quadratic(i))}


def ntcp_lkb(i: Inputs) -> Answer:
    result = e.ntcp_lyman(i["mean_dose_Gy"], td50_gy=i["td50_Gy"], m=i["m"], n=i["n"])
    return {"ntcp": result.probability, "warnings": codes(result)}


def ntcp_logistic(i: Inputs) -> Answer:
    result = e.ntcp_logistic(i["mean_dose_Gy"], d50_gy=i["d50_Gy"], gamma50=i["gamma50"])
    return {"ntcp": result.probability, "warnings": codes(result)}


def tcp_poisson(i: Inputs) -> Answer:
    result = e.tcp_poisson(i["doses_Gy"], alpha_per_gy=i["alpha_per_Gy"], clonogens=i["clonogens"])
    return {"tcp": result.probability, "warnings": codes(result)}


def tcp_logistic(i: Inputs) -> Answer:
    result = e.tcp_logistic(i["dose_Gy"], d50_gy=i["d50_Gy"], gamma50=i["gamma50"])
    return {"tcp": result.probability, "warnings": codes(result)}


def sphere(i: Inputs) -> Answer:
    u = e.sphere_volume_uncertainty(i["diameter_mm"], voxel_size_mm=i["voxel_mm"], fwhm_mm=i["fwhm_mm"])
    return {"u_diameter_mm": u.diameter_uncertainty_mm, "u_volume_relative": u.relative}


def partition(i: Inputs) -> Answer:
    names = {
        "A": "activity",
        "L": "lung_shunt_fraction",
        "mT": "tumor_mass",
        "mN": "normal_mass",
        "r": "tumor_to_normal_ratio",
    }
    u = i["relative_u"]
    result = e.partition_uncertainty(
        lung_shunt_fraction=i["lung_shunt_fraction"],
        tumor_mass_kg=i["tumour_mass_kg"],
        normal_mass_kg=i["normal_mass_kg"],
        tumor_to_normal_ratio=i["tnr"],
        activity_uncertainty=u["A"],
        lung_shunt_uncertainty=u["L"],
        tumor_mass_uncertainty=u["mT"],
        normal_mass_uncertainty=u["mN"],
        ratio_uncertainty=u["r"],
    )
    return {
        "sensitivity_tumour_dose": {short: result.tumor_sensitivity[name] for short, name in names.items()},
        "sensitivity_normal_dose": {short: result.normal_sensitivity[name] for short, name in names.items()},
        "relative_u_tumour_dose": result.tumor_dose,
        "relative_u_normal_dose": result.normal_dose,
    }


def dvh_weighted(i: Inputs) -> Answer:
    dose = np.array(i["doses_Gy"], float).reshape(1, 1, -1)
    weights = np.array(i["occupancy"], float).reshape(dose.shape)
    h = e.dose_volume_histograms(dose, {"s": weights}, voxel_volume_ml=i["voxel_volume_mL"])["s"]
    return {
        "volume_mL": h.volume_ml,
        "mean_Gy": h.mean_gy,
        "minimum_Gy": h.minimum_gy,
        "maximum_Gy": h.maximum_gy,
        **{f"D{x}_Gy": h.dose_at_volume_percent(x) for x in (2, 50, 70, 95, 98)},
        "V100Gy_percent": h.volume_at_dose_percent(100),
    }


def eud_two_tissues(i: Inputs) -> Answer:
    return {
        f"{tissue}_EUD_Gy": e.survival_eud(i["doses_Gy"], alpha_per_gy=i[f"{tissue}_alpha_per_Gy"]).value_gy
        for tissue in ("tumour", "liver")
    }


def bed_two_tissues(i: Inputs) -> Answer:
    found: Answer = {}
    for tissue in ("tumour", "liver"):
        found[f"{tissue}_bed_Gy"] = e.bed_gy(
            i["dose_Gy"],
            alpha_beta_gy=i[f"{tissue}_alpha_beta_Gy"],
            repair_half_time_h=i[f"{tissue}_repair_half_time_h"],
            nuclide=nuclide(i),
        )
    return found


ADAPTERS = {
    "bed_two_tissues": bed_two_tissues,
    "dvh_weighted": dvh_weighted,
    "EUBED": effective_uniform_bed,
    "EUD_survival": eud,
    "EUD_two_tissues": eud_two_tissues,
    "bed_y90": bed,
    "bed_y90_inverse": bed_inverse,
    "combine_independent": lambda i: {"relative_total": e.combined_uncertainty(i["relative"])},
    "count_edge_factor_phi": lambda i: {"phi": e.count_edge_factor(radius_mm=i["radius_mm"], fwhm_mm=i["fwhm_mm"])},
    "dvh_metrics": dvh,
    "dvh_metrics_interp": dvh_linear,
    "gEUD": geud,
    "gEUD_err": geud,
    "ntcp_lkb": ntcp_lkb,
    "ntcp_logistic": ntcp_logistic,
    "partition_uncertainty": partition,
    "tcp_logistic": tcp_logistic,
    "tcp_poisson": tcp_poisson,
    "volume_uncertainty_sphere": sphere,
}
