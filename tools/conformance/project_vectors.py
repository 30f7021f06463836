"""Make the planning cases of this project, which concern questions beyond the published vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

FACTOR = {"dose_factor_Gy_kg_per_GBq": 49.67}
#: Values of published work on holmium spheres.
HOLMIUM = {"half_life_h": 26.8, "dose_factor_Gy_kg_per_GBq": 15.87}
SOURCE = "yttria.reference"


def project_vectors() -> list[dict[str, Any]]:
    """List the cases without their answers, otherwise in the form of the published vectors."""
    rng = np.random.default_rng(9)
    doses = np.round(rng.gamma(3.0, 35.0, 60), 2).tolist()
    occupancy = (np.round(np.clip(rng.uniform(-0.3, 1.4, 60), 0.0, 1.0) * 64) / 64).tolist()
    tissues = {
        "dose_Gy": 80,
        "tumour_alpha_beta_Gy": 10.0,
        "liver_alpha_beta_Gy": 2.5,
        "tumour_repair_half_time_h": 1.5,
        "liver_repair_half_time_h": 2.5,
        "half_life_h": 64.1,
    }
    rows: list[tuple[str, str, dict[str, Any], str]] = [
        (
            "own-decay-long",
            "decay_factor",
            {"elapsed_h": 640, "half_life_h": 64.1},
            "the half-life, magnified seven times",
        ),
        (
            "own-decay-holmium",
            "decay_factor",
            {"elapsed_h": 24, **HOLMIUM},
            "the half-life of holmium-166",
        ),
        (
            "own-dose-factor-holmium",
            "dose_factor",
            {"half_life_h": 26.824, "mean_energy_MeV": 0.6922},
            "the dose factor of the electrons of holmium-166",
        ),
        (
            "own-single-holmium",
            "single_compartment_forward",
            {
                "activity_in_vial_at_treatment_GBq": 6.0,
                "mass_kg": 1.4,
                "lung_shunt_fraction": 0.04,
                "residual_fraction": 0.02,
                "lung_mass_kg": 1.0,
                **HOLMIUM,
            },
            "the dose factor of holmium-166",
        ),
        (
            "own-vial-holmium",
            "calibrated_activity",
            {
                "calibration_activity_GBq": 12.0,
                "calibration_time": "2026-11-30T12:00:00+01:00",
                "treatment_time": "2026-12-01T10:30:00+01:00",
                **HOLMIUM,
            },
            "the half-life of the vial's own nuclide",
        ),
        (
            "own-bsa-large",
            "resin_bsa",
            {"height_cm": 185, "weight_kg": 110, "tumour_volume_mL": 200, "liver_volume_incl_tumour_mL": 2100},
            "which formula of body surface area is behind the activity",
        ),
        (
            "own-bsa-lobe",
            "resin_modified_bsa",
            {
                "bsa_m2": 1.9,
                "tumour_volume_in_treated_mL": 150,
                "treated_volume_incl_tumour_mL": 700,
                "liver_volume_incl_tumour_mL": 1700,
            },
            "the lobe's own tumor involvement",
        ),
        (
            "own-single-residual",
            "single_compartment_forward",
            {
                "activity_in_vial_at_treatment_GBq": 2.0,
                "mass_kg": 0.8,
                "lung_shunt_fraction": 0.09,
                "residual_fraction": 0.15,
                "lung_mass_kg": 1.0,
                **FACTOR,
            },
            "the residual: no dose to liver or lungs comes from it",
        ),
        (
            "own-bed-tissues",
            "bed_two_tissues",
            tissues,
            "parameters of tumor and liver, each in its place",
        ),
        (
            "own-eud-cold",
            "EUD_survival",
            {"doses_Gy": [0, 0, 60, 80, 100, 120], "alpha_per_Gy": 0.03},
            "parts without dose count in full",
        ),
        (
            "own-eud-cold-2",
            "EUD_survival",
            {"doses_Gy": [0, 100], "alpha_per_Gy": 0.03},
            "parts without dose count in full",
        ),
        (
            "own-eud-tissues",
            "EUD_two_tissues",
            {"doses_Gy": [30, 55, 90, 140], "tumour_alpha_per_Gy": 0.01, "liver_alpha_per_Gy": 0.003},
            "alpha of tumor and liver, each in its place",
        ),
        (
            "own-shunt-boundary",
            "resin_lung_shunt_reduction",
            {"lung_shunt_fraction": 0.15},
            "a lung shunt that the printed table has in two rows",
        ),
        (
            "own-dvh-weighted",
            "dvh_weighted",
            {"doses_Gy": doses, "occupancy": occupancy, "voxel_volume_mL": 0.064},
            "volumes by voxel fractions, doses without bins",
        ),
        (
            "own-albi-boundary",
            "albi",
            {"bilirubin_umol_L": 12.2, "albumin_g_L": 39},
            "the score is graded before it is rounded",
        ),
        (
            "own-child-pugh-inr",
            "child_pugh",
            {"bilirubin_umol_L": 12, "albumin_g_L": 40, "inr": 1.7, "ascites": "none", "encephalopathy": "none"},
            "an INR of 1.7 has two points",
        ),
        (
            "own-partition-two",
            "partition_forward",
            {
                "activity_delivered_GBq": 2.5,
                "lung_shunt_fraction": 0.07,
                "lung_mass_kg": 1.0,
                "tumours": [{"mass_kg": 0.2, "tnr": 5.0}, {"mass_kg": 0.1, "tnr": 2.0}],
                "normal_perfused_mass_kg": 0.9,
                **FACTOR,
            },
            "two tumors share with one normal liver",
        ),
    ]
    return [
        {"id": name, "model": model, "inputs": inputs, "tolerance": {"rel": 1e-9}, "source": SOURCE, "exercises": text}
        for name, model, inputs, text in rows
    ]
