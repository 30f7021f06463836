"""Dose factor, decay, vials, residual, scores."""

from __future__ import annotations

import math
from collections.abc import Callable

from ...reference import decay, delivery, scores
from ..adapters import scores as tables
from ._common import Answer, Inputs, half_life


def dose_factor_of(i: Inputs) -> Answer:
    return {"dose_factor_Gy_kg_per_GBq": decay.dose_factor(i["half_life_h"], i["mean_energy_MeV"])}


def dose_factor_historic(i: Inputs) -> Answer:
    names = ("delta_g_rad_per_uCi_h", "mean_life_factor", "half_life_h")
    return {"dose_factor_Gy_kg_per_GBq": decay.historic_dose_factor(*(i[n] for n in names))}


def time_integrated_activity(i: Inputs) -> Answer:
    gbq_h = decay.time_integrated_activity(i["activity_GBq"], half_life(i))
    return {"time_integrated_activity_GBq_h": gbq_h, "decays": gbq_h * 1e9 * 3600}


def unit_conversion(i: Inputs) -> Answer:
    if "activity_mCi" in i:
        return {"activity_GBq": decay.gbq_from_mci(i["activity_mCi"])}
    return {"activity_mCi": decay.mci_from_gbq(i["activity_GBq"])}


def decay_factor(i: Inputs) -> Answer:
    return {"factor": decay.decayed_activity(1.0, i["elapsed_h"], half_life(i))}


def calibrated_activity(i: Inputs) -> Answer:
    hours = decay.elapsed_h(i["calibration_time"], i["treatment_time"])
    return {
        "elapsed_h": hours,
        "activity_GBq": decay.decayed_activity(i["calibration_activity_GBq"], hours, half_life(i)),
    }


def elapsed_across_dst(i: Inputs) -> Answer:
    return {"elapsed_h": decay.elapsed_h(i["from"], i["to"])}


def glass_vial_time(i: Inputs) -> Answer:
    size, at_calibration = i["vial_calibration_activity_GBq"], i.get("specific_activity_at_calibration_Bq", 2500)
    hours = delivery.vial_time(size, i["activity_needed_in_vial_GBq"], half_life(i))
    return {
        "hours_after_calibration": hours,
        "specific_activity_Bq_per_sphere": decay.decayed_activity(at_calibration, hours, half_life(i)),
        "spheres_million": delivery.number_of_spheres(size, at_calibration) / 1e6,
    }


def glass_vial_window(i: Inputs) -> Answer:
    known = (i["vial_calibration_activity_GBq"], i["activity_needed_in_vial_GBq"], i["tolerance_fraction"])
    earliest, latest = delivery.vial_window(*known, half_life(i))
    return {"earliest_h": earliest, "latest_h": latest}


def number_of_spheres(i: Inputs) -> Answer:
    return {"spheres": delivery.number_of_spheres(i["activity_GBq"], i["specific_activity_Bq"])}


def specific_activity(i: Inputs) -> Answer:
    return {"specific_activity_Bq": delivery.sphere_activity_bq(i["activity_GBq"], i["spheres"])}


def delivered_fraction(i: Inputs) -> Answer:
    readings = (i["vial_before_uSv_h"], i["waste_after_uSv_h"], i["background_uSv_h"])
    residual = delivery.residual_fraction(*readings, i.get("elapsed_h", 0), half_life(i))
    return {"residual_fraction": residual, "delivered_fraction": 1 - residual}


def decay_correction_to_admin(i: Inputs) -> Answer:
    hours = {"frame_duration_h": 1, "frame_duration_min": 1 / 60, "frame_duration_s": 1 / 3600}
    frames = [i[name] * unit for name, unit in hours.items() if name in i]
    factor = decay.factor_to_administration(
        i["DecayCorrection"], i["hours_admin_to_scan"], frames[0] if frames else math.nan, half_life(i)
    )
    return {"factor": factor}


def albi(i: Inputs) -> Answer:
    score = scores.albi_score(i["bilirubin_umol_L"], i["albumin_g_L"])
    return {"score": score, "score_2dp": round(score, 2), **albi_grade({"score": score})}


def albi_grade(i: Inputs) -> Answer:
    modified = scores.albi_grade(i["score"])
    return {"grade": int(modified[0]), "modified_grade": modified}


def child_pugh(i: Inputs) -> Answer:
    ascites, encephalopathy = str(i["ascites"]), str(i["encephalopathy"])
    points = scores.child_pugh_points(
        i["bilirubin_umol_L"],
        i["albumin_g_L"],
        i["inr"],
        ("none", "mild", "moderate-severe").index(tables.ASCITES.get(ascites, ascites)),
        ("none", "1-2", "3-4").index(tables.ENCEPHALOPATHY.get(encephalopathy, encephalopathy)),
    )
    return {"points": points, "class": "A" if points <= 6 else "B" if points <= 9 else "C"}


def mrecist(i: Inputs) -> Answer:
    baseline, current = i["baseline_viable_sum_mm"], i["current_viable_sum_mm"]
    nadir = i.get("nadir_viable_sum_mm") or baseline
    return {
        "category": scores.mrecist(baseline, nadir, current, i.get("new_lesion", False)),
        "change_from_baseline_percent": 100 * (current / baseline - 1),
        "change_from_nadir_percent": 100 * (current / nadir - 1),
    }


DEFINITIONS: dict[str, Callable[[Inputs], Answer]] = {
    "albi": albi,
    "albi_grade": albi_grade,
    "calibrated_activity": calibrated_activity,
    "child_pugh": child_pugh,
    "decay_correction_to_admin": decay_correction_to_admin,
    "decay_factor": decay_factor,
    "delivered_fraction": delivered_fraction,
    "dose_factor": dose_factor_of,
    "dose_factor_historic": dose_factor_historic,
    "elapsed_across_dst": elapsed_across_dst,
    "glass_vial_time": glass_vial_time,
    "glass_vial_window": glass_vial_window,
    # A table has no formula: the core's is the definition.
    "guideline_limit": tables.guideline_limit,
    "mrecist": mrecist,
    "number_of_spheres": number_of_spheres,
    "specific_activity": specific_activity,
    "time_integrated_activity": time_integrated_activity,
    "unit_conversion": unit_conversion,
}
