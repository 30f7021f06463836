"""Records of decay, delivery, lungs, resin activities, masses, scores and the single compartment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import planning
from .._record import CORE, Answer, Inputs, Side, in_room, named, parameter, value_of, warnings

GBQ, LUNG_GBQ, DOSE = (0.3, 6.0), (0.3, 4.0), (40.0, 400.0)
SHUNT, MASS, LUNG_KG, VOLUME = (0.0, 0.3), (0.1, 2.0), (0.5, 1.5), (1000.0, 2500.0)
HOURS: dict[str, float] = {"frame_duration_h": 1, "frame_duration_min": 1 / 60, "frame_duration_s": 1 / 3600}
FORMULAS = ["dubois", "mosteller", "haycock"]
GRADES = [-3.59, -2.61, -2.60, -2.59, -2.27, -2.26, -1.39, -1.38, 0.5]
SHUNTS = [0.0, 0.05, 0.0999, 0.1, 0.12, 0.15, 0.17, 0.1999, 0.2]
ENCEPHALOPATHY = {"0": "none", "1": "1-2", "2": "1-2", "3": "3-4", "4": "3-4"}
ASCITES = {"moderate": "moderate-severe", "severe": "moderate-severe"}
ALBI = {"score": "score", "score_2dp": "score_2dp", "grade": "grade", "modified_grade": "modified_grade"}
RESIDUAL = {"residual_fraction": "residual_fraction", "delivered_fraction": "delivered_fraction"}
SINGLE = {
    "activity_in_vial_at_treatment_GBq": "vial_activity_gbq",
    "activity_delivered_GBq": "delivered_activity_gbq",
    "perfused_dose_Gy": "perfused_dose_gy",
    "lung_dose_Gy": "lung_dose_gy",
    "lung_dose_Gy_at_1kg": "lung_dose_gy",
}
PLANAR: dict[str, Any] = {
    "lung_ant_counts": (3e4, 9e4),
    "lung_post_counts": (3e4, 9e4),
    "liver_ant_counts": (5e5, 1e6),
    "liver_post_counts": (5e5, 1e6),
    "background_counts_per_pixel": (0.0, 4.0),
    "lung_pixels": 4000,
    "liver_pixels": 3000,
    "lung_transmission": (0.3, 1.0),
    "liver_transmission": (0.02, 0.5),
}
ACTIVITY, SHUNT_ALONE = {"activity_GBq": "delivered_activity_gbq"}, {"lung_shunt_fraction": "lung_shunt_fraction"}

_RNG, COUNT = np.random.default_rng(22), 20_000
TISSUE: dict[str, Any] = {
    "tumor_mass_kg": _RNG.uniform(0.05, 0.8, (COUNT, 3)),
    "tumor_to_normal_ratio": _RNG.uniform(1.0, 9.0, (COUNT, 3)),
    "normal_perfused_mass_kg": _RNG.uniform(0.2, 2.0, COUNT),
    "lung_shunt_fraction": _RNG.uniform(0.0, 0.3, COUNT),
}


def _frame(_: Side, i: Inputs) -> Inputs:
    hours = [i[name] * unit for name, unit in HOURS.items() if name in i]
    return i | {"frame_duration_h": hours[0] if hours else None}


def _words(_: Side, i: Inputs) -> Inputs:
    """Translate the words of a published Child-Pugh case to those of the API."""
    ascites, encephalopathy = str(i["ascites"]), str(i["encephalopathy"])
    return i | {
        "ascites": ASCITES.get(ascites, ascites),
        "encephalopathy": ENCEPHALOPATHY.get(encephalopathy, encephalopathy),
    }


def _mass(side: Side, i: Inputs) -> Inputs:
    """Read a mass, which may be given as volume and density."""
    if "mass_kg" in i:
        return i
    return i | {
        "mass_kg": side("mass_from_volume_kg", i, volume_ml=i["volume_mL"], density_g_per_ml=i["density_g_per_mL"])
    }


def body_surface_area(side: Side, i: Inputs) -> Answer:
    """Answer the body surface area by every formula."""
    found = {}
    for formula in FORMULAS:
        result = side("body_surface_area", i, height_cm=i["height_cm"], weight_kg=i["weight_kg"], formula=formula)
        found[f"{formula}_m2"] = float(value_of(result, "body_surface_area_m2"))
    return found


def _area(side: Side, i: Inputs) -> Inputs:
    """Read the body surface area, which may be given as height and weight."""
    return i if "bsa_m2" in i else i | {"bsa_m2": body_surface_area(side, i)["dubois_m2"]}


_record = in_room("planning")
SINGLE_TERMS = {"mass_kg": (0.2, 2.0), "lung_shunt_fraction": SHUNT, "residual_fraction": (0.0, 0.3)}
FORWARD = _record(
    "single_compartment_dose",
    {"activity_in_vial_at_treatment_GBq": (0.1, 1.0), **SINGLE_TERMS, "lung_mass_kg": LUNG_KG},
    SINGLE,
    "single_compartment_forward",
    given=_mass,
)
INVERSE = _record(
    "single_compartment_activity",
    {"target_dose_Gy": DOSE, **SINGLE_TERMS, "lung_mass_kg": LUNG_KG},
    SINGLE,
    given=_mass,
)

# fmt: off
RECORDS = (
    _record("body_surface_area", {"height_cm": (130.0, 210.0), "weight_kg": (35.0, 160.0), "formula": FORMULAS},
            "body_surface_area_m2"),
    _record("bsa_activity", {"bsa_m2": (1.3, 2.4), "tumour_volume_mL": (20.0, 300.0),
            "liver_volume_incl_tumour_mL": VOLUME}, ACTIVITY, "resin_bsa", given=_area),
    _record("modified_bsa_activity", {"bsa_m2": (1.3, 2.4), "tumour_volume_in_treated_mL": (20.0, 300.0),
            "treated_volume_incl_tumour_mL": (400.0, 900.0), "liver_volume_incl_tumour_mL": VOLUME}, ACTIVITY,
            "resin_modified_bsa", given=_area),
    _record("simple_lobar_bsa_activity", {"bsa_m2": (1.3, 2.4), "tumour_volume_mL": (20.0, 300.0),
            "treated_volume_incl_tumour_mL": (400.0, 900.0), "liver_volume_incl_tumour_mL": VOLUME}, ACTIVITY,
            "resin_bsa_lobar_simple", given=_area),
    _record("empirical_activity", {"tumour_involvement_fraction": [0.0, 0.2, 0.25, 0.26, 0.5, 0.51, 1.0]}, ACTIVITY,
            "resin_empirical"),
    _record("lung_shunt_reduction", {"boundary": ["lower_inclusive", "upper_inclusive"],
            "lung_shunt_fraction": SHUNTS}, "factor"),
    _record("mass_from_volume_kg", {"volume_mL": (10.0, 2500.0), "density_g_per_mL": (0.9, 1.2)}, "mass_kg"),
    _record("energy_balance", {"reported_tumour_dose_Gy": DOSE, "tumour_mass_kg": MASS,
            "activity_delivered_GBq": GBQ, "lung_shunt_fraction": SHUNT}, "fraction_of_liver_energy_in_tumour",
            "energy_balance_check"),
    _record("tumor_mass_for_dose_kg", {"tumour_dose_Gy": DOSE, "fraction_of_liver_activity_in_tumour": (0.1, 1.0),
            "activity_delivered_GBq": GBQ, "lung_shunt_fraction": SHUNT}, "tumour_mass_kg", "tumour_mass_for_dose"),
    _record("tumor_to_normal_ratio", {"tumour_counts": (3e5, 9e5), "tumour_mass_kg": MASS, "normal_counts": (2e5,
            5e5), "normal_mass_kg": MASS}, {"tnr": "tumor_to_normal_ratio",
            "activity_ratio_R_kao": "activity_ratio"}, "tnr_from_counts"),
    _record("tumor_to_normal_ratio_from_activity_ratio", {"activity_ratio": (0.5, 4.0), "tumor_mass_kg": MASS,
            "normal_mass_kg": MASS}, "tnr"),
    _record("kao_activities", {"tumour_activity_GBq": GBQ, "activity_ratio_R": (0.5, 4.0),
            "tumour_lung_shunt_fraction": SHUNT}, {"normal_activity_GBq": "normal_activity_gbq",
            "lung_activity_GBq": "lung_activity_gbq", "total_activity_GBq": "total_activity_gbq",
            "equivalent_liver_lung_shunt_fraction": "lung_shunt_fraction"}, "kao_tlsf"),
    _record("albi", {"bilirubin_umol_L": (4.0, 200.0), "albumin_g_L": (20.0, 50.0)}, ALBI, "albi"),
    _record("albi_grade", {"score": GRADES}, ALBI, "albi_grade"),
    _record("child_pugh", {"bilirubin_umol_L": (5.0, 90.0), "albumin_g_L": (20.0, 48.0), "inr": (1.0, 3.0),
            "ascites": ["none", "mild", "moderate-severe"], "encephalopathy": ["none", "1-2", "3-4"]},
            {"points": "points", "class": "grade"}, "child_pugh", given=_words),
    _record("mrecist", {"baseline_viable_sum_mm": (80.0, 100.0), "nadir_viable_sum_mm": (20.0, 80.0),
            "current_viable_sum_mm": (0.0, 130.0), "new_lesion": [False, True]}, {"category": "category"}),
    _record("decayed_activity_gbq", {"activity_GBq": GBQ, "elapsed_h": (-200.0, 600.0)}, "activity_GBq"),
    _record("hours_to_decay", {"activity_GBq": (3.0, 20.0), "to_activity_gbq": (0.2, 2.5)}, "hours"),
    _record("factor_to_administration", {"hours_admin_to_scan": (0.0, 40.0), "frame_duration_h": (0.05, 2.0),
            "DecayCorrection": ["ADMIN", "START", "NONE"]}, "factor", "decay_correction_to_admin",
            "decay_correction_wrong_half_life", given=_frame),
    _record("gbq_from_mci", {"activity_mCi": (1.0, 500.0)}, "activity_GBq"),
    _record("mci_from_gbq", {"activity_GBq": GBQ}, "activity_mCi"),
    _record("historic_dose_factor", {"delta_g_rad_per_uCi_h": (1.8, 2.2), "mean_life_factor": (1.44, 1.45),
            "half_life_h": (63.5, 65.0)}, "dose_factor_Gy_kg_per_GBq", "dose_factor_historic"),
    _record("time_integrated_activity_gbq_h", {"activity_GBq": GBQ}, "time_integrated_activity_GBq_h"),
    _record("delivered_activity_gbq", {"vial_activity_gbq": GBQ, "residual_fraction": (0.0, 0.4)}, "activity_GBq"),
    _record("number_of_spheres", {"activity_GBq": GBQ, "specific_activity_Bq": (40.0, 2600.0)}, "spheres",
            "number_of_spheres"),
    _record("sphere_activity_bq", {"activity_GBq": GBQ, "spheres": (1e6, 5e7)}, "specific_activity_Bq",
            "specific_activity"),
    _record("residual_fraction", {"vial_before_uSv_h": (80.0, 120.0), "waste_after_uSv_h": (3.0, 9.0),
            "background_uSv_h": (0.5, 2.0), "elapsed_h": (0.0, 6.0)}, RESIDUAL, "delivered_fraction",
            given=lambda _, i: {"elapsed_h": 0.0} | i),
    _record("vial_timing", {"vial_calibration_activity_GBq": (8.0, 20.0), "activity_needed_in_vial_GBq": (1.0, 5.0),
            "tolerance_fraction": (0.01, 0.2)}, {"hours_after_calibration": "hours_after_calibration",
            "earliest_h": "earliest_h", "latest_h": "latest_h"}, "glass_vial_window"),
    _record("planar_lung_shunt_fraction", PLANAR, SHUNT_ALONE, "lsf_planar_background", "lsf_planar_geometric_mean"),
    _record("spect_lung_shunt_fraction", {"lung_counts": (100.0, 900.0), "liver_counts": (5000.0, 9000.0),
            "lung_fraction_in_fov": (0.55, 1.0)}, SHUNT_ALONE, "lsf_spect", "lsf_spect_attenuated_fov"),
    _record("scatter_corrected_counts", {"main_window_counts": (5e4, 9e4), "lower_window_counts": (1e3, 2e4),
            "main_window_kev": (25.0, 32.0), "lower_window_kev": (10.0, 16.0)}, "counts"),
    _record("lung_dose", {"activity_delivered_GBq": LUNG_GBQ, "lung_shunt_fraction": SHUNT, "lung_mass_kg": LUNG_KG},
            "lung_dose_Gy", "lung_dose"),
    _record("lung_mass_for_dose_kg", {"activity_delivered_GBq": LUNG_GBQ, "lung_shunt_fraction": (0.02, 0.3),
            "lung_dose_Gy": (5.0, 30.0)}, "lung_mass_kg", "lung_mass_for_dose"),
    _record("lung_shunt_for_dose", {"activity_delivered_GBq": (2.0, 4.0), "lung_mass_kg": LUNG_KG,
            "lung_dose_Gy": (5.0, 30.0)}, SHUNT_ALONE, "lung_shunt_for_dose"),
    _record("partition_doses", {"delivered_activity_gbq": _RNG.uniform(0.5, 5.0, COUNT), **TISSUE,
            "lung_mass_kg": _RNG.uniform(0.5, 1.5, COUNT)}, named("normal_perfused_dose_gy", "tumor_doses_gy",
            "lung_dose_gy")),
    _record("partition_activities", {"target_tumor_dose_gy": _RNG.uniform(50.0, 300.0, COUNT), **TISSUE, "tumor": 2},
            ACTIVITY),
    FORWARD,
    INVERSE,
)
# fmt: on


def single_compartment_inverse(side: Side, i: Inputs) -> Answer:
    """Answer the activity. `_inverse` is an activity that only the known errors give."""
    found = INVERSE.answer(side, i)
    if "_inverse" not in i:
        return found
    vial = i["_inverse"](found["activity_in_vial_at_treatment_GBq"], i)
    return FORWARD.answer(side, i | {"activity_in_vial_at_treatment_GBq": vial})


def dose_factor(side: Side, i: Inputs) -> Answer:
    """Answer the dose factor of a half-life and a mean energy."""
    energy = i["mean_energy_MeV"]
    return {"dose_factor_Gy_kg_per_GBq": side("dose_factor", i, half_life_h=i["half_life_h"], mean_energy_mev=energy)}


def unit_conversion(side: Side, i: Inputs) -> Answer:
    """Answer a conversion of units in either direction."""
    if "activity_mCi" in i:
        return {"activity_GBq": side("gbq_from_mci", i, activity_mci=i["activity_mCi"])}
    return {"activity_mCi": side("mci_from_gbq", i, activity_gbq=i["activity_GBq"])}


def time_integrated_activity(side: Side, i: Inputs) -> Answer:
    """Answer the time-integrated activity in GBq h, and as decays."""
    gbq_h = side("time_integrated_activity_gbq_h", i, activity_gbq=i["activity_GBq"])
    return {"time_integrated_activity_GBq_h": gbq_h, "decays": gbq_h * 3.6e12}


def calibrated_activity(side: Side, i: Inputs) -> Answer:
    """Answer the activity of a vial at the time of treatment."""
    times = {name: i[name] for name in ("calibration_time", "treatment_time")}
    vial = side("vial_activity", i, calibration_activity_gbq=i["calibration_activity_GBq"], **times)
    found = {"elapsed_h": value_of(vial, "elapsed_h"), "activity_GBq": value_of(vial, "vial_activity_gbq")}
    return found | warnings(vial)


def glass_vial_time(side: Side, i: Inputs) -> Answer:
    """Answer the time at which a vial has decayed to the needed activity, and its number of spheres then."""
    size, at_calibration = i["vial_calibration_activity_GBq"], i.get("specific_activity_at_calibration_Bq", 2500)
    timing = side("vial_timing", i, calibration_activity_gbq=size, needed_activity_gbq=i["activity_needed_in_vial_GBq"])
    hours = value_of(timing, "hours_after_calibration")
    return {
        "hours_after_calibration": hours,
        "specific_activity_Bq_per_sphere": side(
            "decayed_activity_gbq", i, activity_gbq=at_calibration, elapsed_h=hours
        ),
        "spheres_million": side("number_of_spheres", i, activity_gbq=size, sphere_activity_bq=at_calibration) / 1e6,
    }


def mrecist(side: Side, i: Inputs) -> Answer:
    """Answer with changes in percent."""
    asked = {parameter(name): value for name, value in i.items()}
    result = side("mrecist", i, **{"new_lesion": False} | asked)
    changes = {n: value_of(result, f"change_from_{n}_fraction") for n in ("baseline", "nadir")}
    found = {f"change_from_{n}_percent": None if c is None else 100 * c for n, c in changes.items()}
    return {"category": value_of(result, "category"), **found} | warnings(result)


def resin_lung_shunt_reduction(side: Side, i: Inputs) -> Answer:
    """Answer by either rule for a shunt on a boundary of the printed table."""
    shunt = i["lung_shunt_fraction"]
    lower, upper = (
        side("lung_shunt_reduction", i, lung_shunt_fraction=shunt, boundary=f"{which}_inclusive")
        for which in ("lower", "upper")
    )
    return {
        "factor_lower_inclusive": float(value_of(lower, "factor")),
        "factor_upper_inclusive": float(value_of(upper, "factor")),
        "on_boundary": lower.on_boundary if side is CORE else shunt in (0.10, 0.15, 0.20),
    } | warnings(lower)


def resin_lung_shunt_inverse(side: Side, i: Inputs) -> Answer:
    """Answer the activity before the reduction."""
    final, reduced = i["final_activity_MBq"], resin_lung_shunt_reduction(side, i)
    dose = side("lung_dose", i, delivered_activity_gbq=final / 1000, lung_shunt_fraction=i["lung_shunt_fraction"])
    lower, upper = (final / reduced[f"factor_{which}_inclusive"] for which in ("lower", "upper"))
    return {
        "unreduced_MBq": lower,
        "unreduced_lower_inclusive_MBq": lower,
        "unreduced_upper_inclusive_MBq": upper,
        "lung_dose_Gy_at_1kg": float(value_of(dose, "lung_dose_gy")),
        "warnings": reduced.get("warnings", []),
    }


def sphere_volume(side: Side, i: Inputs) -> Answer:
    """Answer the doses of the published third patient, with 4.7 GBq and a shunt of 12 %, in 100 or 80 % of a sphere."""
    volume = side("ellipsoid_volume_ml", i, diameter_mm=i["diameter_mm"])
    kg = side("mass_from_volume_kg", i, volume_ml=volume, density_g_per_ml=i["density_g_per_mL"])
    terms = {"vial_activity_gbq": 4.7, "lung_shunt_fraction": 0.12}
    whole, part = (
        value_of(side("single_compartment_dose", i, mass_kg=share * kg, **terms), "perfused_dose_gy")
        for share in (1.0, 0.8)
    )
    return {
        "volume_mL": volume,
        "mass_kg": kg,
        "dose_if_all_liver_activity_uniform_Gy": float(whole),
        "dose_if_80_percent_perfused_Gy": float(part),
    }


def lung_shunt_combine(side: Side, i: Inputs) -> Answer:
    """Answer the shunt of several injections from one scan."""
    found = side("lung_dose_bounds", i, **{parameter(name): value for name, value in i.items()})
    answer = {"lung_dose_if_equal_Gy": value_of(found, "lung_dose_equal_gy")}
    doses = value_of(found, "lung_dose_if_all_from_gy")
    for k, (shunt, dose) in enumerate(zip(value_of(found, "lung_shunt_if_all_from"), doses, strict=True), 1):
        answer |= {f"shunt_if_all_from_{k}": shunt, f"lung_dose_if_all_from_{k}_Gy": dose}
    return answer


def lung_mass(side: Side, i: Inputs) -> Answer:
    """Answer the lung mass from CT numbers, or from their mean."""
    asked = {parameter(name): value for name, value in i.items()}
    asked["ct"] = i["HU"] if "HU" in i else [i["mean_HU"]]
    if "density_clip_g_per_mL" in i:
        asked["density_clip_g_per_ml"] = tuple(i["density_clip_g_per_mL"])
    result = side("lung_mass", i, **asked)
    return {"lung_mass_kg": float(value_of(result, "lung_mass_kg"))} | warnings(result)


LIMIT_NAMES = {
    "tumor": "tumour",
    "perfused": "perfused_volume",
    "normal_perfused": "normal_perfused_liver",
    "normal_whole": "normal_whole_liver",
    "lung": "lung",
}


def guideline_limit(_: Side, i: Inputs) -> Answer:
    """Answer a limit of a guideline. A table has no formula, so that yttria's table is the definition."""
    asked = ("guideline", "device", "disease", "scenario", "bilirubin_mg_dL", "pretreated_or_impaired")
    query = planning.dose_limits(**{parameter(name): i.get(name) for name in asked})
    found: Answer = warnings(query)
    for limit in query.limits:
        if not limit.aim and limit.direction != "association":
            value = limit.low if limit.high is None else [limit.low, limit.high]
            found[f"{LIMIT_NAMES[limit.kind]}_{limit.direction[:3]}_{limit.unit}"] = value
    return found


MODELS: dict[str, Callable[[Side, Inputs], Answer]] = {
    "body_surface_area": body_surface_area,
    "calibrated_activity": calibrated_activity,
    "decay_factor": lambda side, i: {"factor": side("decay_factor", i, elapsed_h=i["elapsed_h"])},
    "dose_factor": dose_factor,
    "elapsed_across_dst": lambda side, i: {"elapsed_h": side("elapsed_h", i, start=i["from"], end=i["to"])},
    "glass_vial_time": glass_vial_time,
    "guideline_limit": guideline_limit,
    "lung_mass_from_ct": lung_mass,
    "lung_mass_from_ct_voxels": lung_mass,
    "lung_shunt_combine": lung_shunt_combine,
    "mrecist": mrecist,
    "resin_lung_shunt_inverse": resin_lung_shunt_inverse,
    "resin_lung_shunt_reduction": resin_lung_shunt_reduction,
    "single_compartment_inverse": single_compartment_inverse,
    "sphere_volume": sphere_volume,
    "time_integrated_activity": time_integrated_activity,
    "unit_conversion": unit_conversion,
}
