"""Records of histograms, radiobiology and uncertainty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._record import Answer, Inputs, Side, in_room, named, plain, published, value_of

_RNG = np.random.default_rng(25)
DOSES: dict[str, Any] = {"dose_gy": _RNG.uniform(1.0, 300.0, 4000)}
PARTS: dict[str, Any] = DOSES | {"volumes": _RNG.uniform(0.1, 2.0, 4000)}
LINEAR_QUADRATIC = {"alpha_beta_gy": 8.0, "repair_half_time_h": 1.7}
TISSUES = ("tumour", "liver")
PERCENTS = (2, 50, 70, 90, 95, 98)
SHORT = {
    "A": "activity",
    "L": "lung_shunt_fraction",
    "mT": "tumor_mass",
    "mN": "normal_mass",
    "r": "tumor_to_normal_ratio",
}
PARTITION = {
    "lung_shunt_fraction": 0.05,
    "tumor_mass_kg": 0.3,
    "normal_mass_kg": 1.2,
    "tumor_to_normal_ratio": 4.0,
    "activity_uncertainty": 0.10,
    "lung_shunt_uncertainty": 0.30,
    "tumor_mass_uncertainty": 0.15,
    "normal_mass_uncertainty": 0.10,
    "ratio_uncertainty": 0.20,
}
CORRELATION = np.array([[1.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 1.0]])
SENSITIVITIES = {name: name for name in ("tumor_sensitivity", "tumor_dose", "normal_sensitivity", "normal_dose")}


_record = in_room("evaluation")

# fmt: off
RECORDS = (
    _record("bed_gy", {**DOSES, **LINEAR_QUADRATIC}, {"bed_Gy": "bed_gy"}),
    _record("dose_from_bed_gy", {"bed_gy": DOSES["dose_gy"], **LINEAR_QUADRATIC}, {"dose_Gy": "dose_gy"},
            "bed_y90_inverse", relative=1e-11),
    _record("eqd2_gy", {"bed_gy": DOSES["dose_gy"], "alpha_beta_gy": 8.0}, {"eqd2_Gy": "eqd2_gy"}),
    _record("bed_of_injections", {"dose_gy": np.array([40.0, 75.0]), **LINEAR_QUADRATIC}, {"lower_Gy": "lower_gy",
            "upper_Gy": "upper_gy"}),
    _record("generalized_eud", {**PARTS, "a": [-5.0, 1.0, 2.5]}, {"gEUD_Gy": "value_gy"}, "gEUD", relative=1e-11),
    _record("survival_eud", {**PARTS, "alpha_per_gy": 0.02}, {"EUD_Gy": "value_gy"}, "EUD_survival", relative=1e-11),
    _record("effective_uniform_bed", {**PARTS, "alpha_per_gy": 0.02, **LINEAR_QUADRATIC}, {"EUBED_Gy": "value_gy"},
            "EUBED", relative=1e-11),
    _record("ntcp_lyman", {**PARTS, "td50_gy": 140.0, "m": 0.3, "n": 0.8}, {"ntcp": "probability"}, "ntcp_lkb",
            relative=1e-9),
    _record("ntcp_logistic", {**PARTS, "d50_gy": 120.0, "gamma50": 1.2}, {"ntcp": "probability"}, "ntcp_logistic"),
    _record("tcp_logistic", {**PARTS, "d50_gy": 180.0, "gamma50": 1.7}, {"tcp": "probability"}, "tcp_logistic"),
    _record("tcp_poisson", {**PARTS, "alpha_per_gy": 0.1, "clonogens": 40.0}, {"tcp": "probability"}, "tcp_poisson",
            relative=1e-10),
    _record("sphere_volume_uncertainty", {"diameter_mm": (10.0, 90.0), "voxel_mm": (1.0, 6.0), "fwhm_mm": (0.0,
            12.0)}, {"u_diameter_mm": "diameter_uncertainty_mm", "u_volume_relative": "relative"},
            "volume_uncertainty_sphere"),
    _record("ellipsoid_volume_uncertainty", {"diameters_mm": np.array([30.0, 45.0, 70.0]), "voxel_size_mm": 3.0,
            "fwhm_mm": 6.0}, {"u_volume_relative": "relative"}),
    _record("count_edge_factor", {"radius_mm": (10.0, 90.0), "fwhm_mm": (0.5, 12.5)}, {"phi": "phi"},
            "count_edge_factor_phi", relative=1e-9),
    _record("combined_uncertainty", {"relative": np.array([0.1, 0.05, 0.2])}, {"relative_total": "relative_total"},
            "combine_independent"),
    _record("combined_standard_uncertainty", {"contributions": np.array([3.0, -4.0, 1.5]), "correlation": CORRELATION},
            {"standard_uncertainty": "standard_uncertainty"}),
    _record("coverage_interval", {"draws": _RNG.gamma(3.0, 20.0, 999), "probability": [0.5, 0.9, 0.95],
            "interval_kind": ["symmetric", "shortest"]}, {"interval": "interval"}),
    _record("partition_uncertainty", PARTITION, SENSITIVITIES, relative=1e-8),
)
# fmt: on


def _histogram(side: Side, i: Inputs) -> Any:
    dose = np.asarray(i["doses_Gy"], np.float64).reshape(1, 1, -1)
    inside = np.asarray(i.get("occupancy", np.ones(dose.size)), np.float64).reshape(dose.shape)
    voxel_ml = i.get("voxel_volume_mL", 1.0)
    return side("dose_volume_histograms", i, dose_gy=dose, structures={"s": inside}, voxel_volume_ml=voxel_ml)["s"]


def dvh_metrics(side: Side, i: Inputs) -> Answer:
    """Answer D by rank, and volumes with at least and with more than 60 Gy."""
    h = _histogram(side, i)
    return {
        "mean_Gy": h.mean_gy,
        "D100_Gy": h.dose_at_volume_percent(100),
        **{f"D{x}_Gy_rank": h.dose_at_volume_percent(x) for x in PERCENTS},
        "V60_percent_ge": h.volume_at_dose_percent(60),
        "V60_percent_gt": h.volume_at_dose_percent(60, strict=True),
    }


def dvh_linear(side: Side, i: Inputs) -> Answer:
    """Answer doses interpolated between ranks."""
    h = _histogram(side, i)
    return {f"D{x}_Gy": h.dose_at_volume_percent(x, interpolation="linear") for x in PERCENTS}


def dvh_weighted(side: Side, i: Inputs) -> Answer:
    """Answer for voxels that lie partly in the structure."""
    h = _histogram(side, i)
    found = published(h, named("volume_mL", "mean_Gy", "minimum_Gy", "maximum_Gy"))
    found |= {f"D{x}_Gy": h.dose_at_volume_percent(x) for x in (2, 50, 70, 95, 98)}
    return found | {"V100Gy_percent": h.volume_at_dose_percent(100)}


def bed(side: Side, i: Inputs) -> Answer:
    """Answer the BED with the EQD2 of the same effect."""
    terms = {"alpha_beta_gy": i["alpha_beta_Gy"], "repair_half_time_h": i["repair_half_time_h"]}
    bed_gy = float(side("bed_gy", i, dose_gy=i["dose_Gy"], **terms))
    return {"bed_Gy": bed_gy, "eqd2_Gy": float(side("eqd2_gy", i, bed_gy=bed_gy, alpha_beta_gy=i["alpha_beta_Gy"]))}


def bed_two_tissues(side: Side, i: Inputs) -> Answer:
    """Of the tumor and of the liver."""
    found = {}
    for tissue in TISSUES:
        names = {"alpha_beta_gy": f"{tissue}_alpha_beta_Gy", "repair_half_time_h": f"{tissue}_repair_half_time_h"}
        terms = {name: i[published] for name, published in names.items()}
        found[f"{tissue}_bed_Gy"] = float(side("bed_gy", i, dose_gy=i["dose_Gy"], **terms))
    return found


def eud_two_tissues(side: Side, i: Inputs) -> Answer:
    """Of the tumor and of the liver."""
    found = {}
    for tissue in TISSUES:
        result = side("survival_eud", i, dose_gy=i["doses_Gy"], alpha_per_gy=i[f"{tissue}_alpha_per_Gy"])
        found[f"{tissue}_EUD_Gy"] = value_of(result, "value_gy")
    return found


def partition_uncertainty(side: Side, i: Inputs) -> Answer:
    """Answer with sensitivities by the published short names."""
    names = {"A": "activity", "L": "lung_shunt", "mT": "tumor_mass", "mN": "normal_mass", "r": "ratio"}
    result = side(
        "partition_uncertainty",
        i,
        lung_shunt_fraction=i["lung_shunt_fraction"],
        tumor_mass_kg=i["tumour_mass_kg"],
        normal_mass_kg=i["normal_mass_kg"],
        tumor_to_normal_ratio=i["tnr"],
        **{f"{name}_uncertainty": i["relative_u"][short] for short, name in names.items()},
    )
    found: Answer = {}
    for tissue, spelled in (("tumor", "tumour"), ("normal", "normal")):
        sensitivity = value_of(result, f"{tissue}_sensitivity")
        found[f"sensitivity_{spelled}_dose"] = {short: sensitivity[name] for short, name in SHORT.items()}
        found[f"relative_u_{spelled}_dose"] = plain(value_of(result, f"{tissue}_dose"))
    return found


MODELS: dict[str, Callable[[Side, Inputs], Answer]] = {
    "EUD_two_tissues": eud_two_tissues,
    "bed_two_tissues": bed_two_tissues,
    "bed_y90": bed,
    "dvh_metrics": dvh_metrics,
    "dvh_metrics_interp": dvh_linear,
    "dvh_weighted": dvh_weighted,
    "partition_uncertainty": partition_uncertainty,
}
