"""Decay, delivery, vials, limits, scores, territories, optimum."""

from __future__ import annotations

from typing import Any

from yttria import Nuclide
from yttria import planning as p

Inputs = dict[str, Any]

# The table of limits names a tissue; the vectors name what is limited.
LIMIT_NAMES = {
    "tumor": "tumour",
    "perfused": "perfused_volume",
    "normal_perfused": "normal_perfused_liver",
    "normal_whole": "normal_whole_liver",
    "lung": "lung",
}
ENCEPHALOPATHY = {"0": "none", "1": "1-2", "2": "1-2", "3": "3-4", "4": "3-4"}
ASCITES = {"moderate": "moderate-severe", "severe": "moderate-severe"}


def codes(result: Any) -> list[str]:
    return [advisory.code for advisory in result.advisories]


def nuclide(i: Inputs) -> Nuclide:
    return Nuclide.from_dose_factor(i.get("half_life_h", 64.1), i.get("dose_factor_Gy_kg_per_GBq", 49.67))


def dose_factor_historic(i: Inputs) -> Inputs:
    names = ("delta_g_rad_per_uCi_h", "mean_life_factor", "half_life_h")
    return {"dose_factor_Gy_kg_per_GBq": p.historic_dose_factor(*(i[name] for name in names))}


def time_integrated_activity(i: Inputs) -> Inputs:
    gbq_h = p.time_integrated_activity_gbq_h(i["activity_GBq"], nuclide=nuclide(i))
    return {"time_integrated_activity_GBq_h": gbq_h, "decays": gbq_h * 3.6e12}


def unit_conversion(i: Inputs) -> Inputs:
    if "activity_mCi" in i:
        return {"activity_GBq": p.gbq_from_mci(i["activity_mCi"])}
    return {"activity_mCi": p.mci_from_gbq(i["activity_GBq"])}


def decay_factor(i: Inputs) -> Inputs:
    return {"factor": nuclide(i).decay_factor(i["elapsed_h"])}


def calibrated_activity(i: Inputs) -> Inputs:
    vial = p.vial_activity(
        i["calibration_activity_GBq"], i["calibration_time"], i["treatment_time"], nuclide=nuclide(i)
    )
    return {"elapsed_h": vial.elapsed_h, "activity_GBq": vial.vial_activity_gbq, "warnings": codes(vial)}


# The two clock times of the vector that documents this mistake, with their zones.
RIGHT_TIMES = {"calibration_time": "2024-04-14T12:00:00-04:00", "treatment_time": "2024-04-16T10:00:00+02:00"}


def calibrated_activity_naive(i: Inputs) -> Inputs:
    wrong = p.decayed_activity_gbq(i["calibration_activity_GBq"], i["elapsed_h"], nuclide=nuclide(i))
    right = calibrated_activity({**i, **RIGHT_TIMES})["activity_GBq"]
    return {"activity_GBq": wrong, "error_vs_cal_01_relative": wrong / right - 1}


def elapsed_across_dst(i: Inputs) -> Inputs:
    return {"elapsed_h": p.elapsed_h(i["from"], i["to"])}


def glass_vial_time(i: Inputs) -> Inputs:
    n, size = nuclide(i), i["vial_calibration_activity_GBq"]
    timing = p.vial_timing(size, i["activity_needed_in_vial_GBq"], nuclide=n)
    at_calibration = i.get("specific_activity_at_calibration_Bq", 2500)
    return {
        "hours_after_calibration": timing.hours_after_calibration,
        "specific_activity_Bq_per_sphere": p.decayed_activity_gbq(
            at_calibration, timing.hours_after_calibration, nuclide=n
        ),
        "spheres_million": p.number_of_spheres(size, at_calibration) / 1e6,
    }


def glass_vial_window(i: Inputs) -> Inputs:
    timing = p.vial_timing(
        i["vial_calibration_activity_GBq"],
        i["activity_needed_in_vial_GBq"],
        tolerance_fraction=i["tolerance_fraction"],
        nuclide=nuclide(i),
    )
    return {"earliest_h": timing.earliest_h, "latest_h": timing.latest_h}


def number_of_spheres(i: Inputs) -> Inputs:
    return {"spheres": p.number_of_spheres(i["activity_GBq"], i["specific_activity_Bq"])}


def specific_activity(i: Inputs) -> Inputs:
    return {"specific_activity_Bq": p.sphere_activity_bq(i["activity_GBq"], i["spheres"])}


def delivered_fraction(i: Inputs) -> Inputs:
    result = p.residual(
        i["vial_before_uSv_h"],
        i["waste_after_uSv_h"],
        background=i["background_uSv_h"],
        elapsed_h=i.get("elapsed_h", 0),
        nuclide=nuclide(i),
    )
    return {
        "residual_fraction": result.residual_fraction,
        "delivered_fraction": result.delivered_fraction,
        "warnings": codes(result),
    }


def decay_correction_to_admin(i: Inputs) -> Inputs:
    hours = {"frame_duration_h": 1, "frame_duration_min": 1 / 60, "frame_duration_s": 1 / 3600}
    frames = [i[name] * unit for name, unit in hours.items() if name in i]
    result = p.factor_to_administration(
        i["DecayCorrection"],
        i["hours_admin_to_scan"],
        frame_duration_h=frames[0] if frames else None,
        header_half_life_s=i.get("header_half_life_s"),
        nuclide=nuclide(i),
    )
    return {"factor": result.factor, "warnings": codes(result)}


def guideline_limit(i: Inputs) -> Inputs:
    query = p.limits(
        guideline=i.get("guideline"),
        device=i.get("device"),
        disease=i.get("disease"),
        intent=i.get("scenario"),
        bilirubin_mg_per_dl=i.get("bilirubin_mg_dL"),
        pretreated_or_impaired=i.get("pretreated_or_impaired"),
    )
    found: Inputs = {"warnings": codes(query)}
    for limit in query.limits:
        value = limit.low if limit.high is None else [limit.low, limit.high]
        found[f"{LIMIT_NAMES[limit.kind]}_{limit.direction[:3]}_{limit.unit}"] = value
    return found


def albi(i: Inputs) -> Inputs:
    return _albi(p.albi(i["bilirubin_umol_L"], i["albumin_g_L"]))


def albi_grade(i: Inputs) -> Inputs:
    return _albi(p.albi_grade(i["score"]))


def _albi(result: p.Albi) -> Inputs:
    return {
        "score": result.score,
        "score_2dp": result.score_2dp,
        "grade": result.grade,
        "modified_grade": result.modified_grade,
        "warnings": codes(result),
    }


def child_pugh(i: Inputs) -> Inputs:
    ascites, encephalopathy = str(i["ascites"]), str(i["encephalopathy"])
    result = p.child_pugh(
        i["bilirubin_umol_L"],
        i["albumin_g_L"],
        i["inr"],
        ascites=ASCITES.get(ascites, ascites),
        encephalopathy=ENCEPHALOPATHY.get(encephalopathy, encephalopathy),
    )
    return {"points": result.points, "class": result.grade, "warnings": codes(result)}


def mrecist(i: Inputs) -> Inputs:
    result = p.mrecist(
        i["baseline_viable_sum_mm"],
        i["current_viable_sum_mm"],
        nadir_viable_sum_mm=i.get("nadir_viable_sum_mm"),
        new_lesion=i.get("new_lesion", False),
    )
    nadir = result.change_from_nadir_fraction
    return {
        "category": result.category,
        "change_from_baseline_percent": 100 * result.change_from_baseline_fraction,
        "change_from_nadir_percent": None if nadir is None else 100 * nadir,
        "warnings": codes(result),
    }


def plan(i: Inputs, mass: str, **extra: Any) -> p.TerritoryPlan:
    """One tumor fed by every territory where masses are portions of it, else one tumor for each."""
    one = mass == "tumour_portion_mass_kg" or "overlap" in i
    territories = [
        p.Territory(
            f"{k}",
            t["lung_shunt_fraction"],
            t["normal_perfused_mass_kg"],
            [p.TumorPortion("tumor" if one else f"tumor {k}", t[mass], t["tnr"])],
        )
        for k, t in enumerate(i["territories"], 1)
    ]
    return p.TerritoryPlan(
        territories,
        overlap=i.get("overlap", "disjoint"),
        lung_mass_kg=i.get("lung_mass_kg", 1.0),
        normal_total_mass_kg=i.get("normal_total_mass_kg"),
        prior_lung_dose_gy=i.get("lung_prior_dose_Gy", 0.0),
        nuclide=nuclide(i),
        **extra,
    )


def multi_territory_forward(i: Inputs) -> Inputs:
    unperfused = {"tumor": i["tumour_unperfused_mass_kg"]} if "tumour_unperfused_mass_kg" in i else {}
    treatment = plan(i, "tumour_portion_mass_kg", unperfused_tumor_mass_kg=unperfused)
    doses = treatment.doses([t["activity_delivered_GBq"] for t in i["territories"]])
    return {
        "tumour_portion_doses_Gy": [portions[0] for portions in doses.tumor_portions_gy],
        "normal_perfused_doses_Gy": list(doses.normal_perfused_gy),
        "tumour_perfused_mean_Gy": doses.tumors[0].perfused_mean_gy,
        "tumour_whole_mean_Gy": doses.tumors[0].whole_mean_gy,
        "normal_whole_mean_Gy": doses.normal_whole_gy,
        "lung_dose_Gy": doses.lung_dose_gy,
        "warnings": codes(doses),
    }


def multi_territory_overlap(i: Inputs) -> Inputs:
    doses = plan(i, "tumour_mass_kg").doses([t["activity_delivered_GBq"] for t in i["territories"]])
    return {"tumour_dose_Gy": doses.tumors[0].perfused_mean_gy, "warnings": codes(doses)}


def lung_shunt_combine(i: Inputs) -> Inputs:
    bounds = p.lung_dose_bounds(
        i["lung_shunt_combined"],
        maa_mbq=i["maa_MBq"],
        y90_delivered_gbq=i["y90_GBq"],
        lung_mass_kg=i["lung_mass_kg"],
        nuclide=nuclide(i),
    )
    found: Inputs = {"lung_dose_if_equal_Gy": bounds.lung_dose_equal_gy}
    for k, (shunt, dose) in enumerate(
        zip(bounds.lung_shunt_if_all_from, bounds.lung_dose_if_all_from_gy, strict=True), 1
    ):
        found |= {f"shunt_if_all_from_{k}": shunt, f"lung_dose_if_all_from_{k}_Gy": dose}
    return found


OBJECTIVES = {
    "max_min_tumour_dose": "max_min_tumor_dose",
    "max_total_tumour_energy": "max_tumor_energy",
    "min_lung_energy": "min_lung_energy",
}


def multi_injection_lp(i: Inputs) -> Inputs:
    best = p.optimum(
        plan(i, "tumour_mass_kg"),
        objective=OBJECTIVES[i["objective"]],
        lung_limit_gy=i.get("lung_limit_Gy"),
        lung_cumulative_limit_gy=i.get("lung_cumulative_limit_Gy"),
        normal_perfused_limit_gy=i.get("normal_perfused_limit_Gy"),
        normal_whole_limit_gy=i.get("normal_whole_limit_Gy"),
        activity_limit_gbq=i.get("activity_limit_GBq"),
        target_tumor_dose_gy=i.get("target_tumour_dose_Gy"),
    )
    if best.doses is None:
        return {"status": best.status, "conflict": [c.name for c in best.conflict], "warnings": codes(best)}
    return {
        "status": best.status,
        "activities_GBq": list(best.activities_delivered_gbq),
        "min_tumour_dose_Gy": min(t.perfused_mean_gy for t in best.doses.tumors),
        "tumour_doses_Gy": [t.perfused_mean_gy for t in best.doses.tumors],
        "tumour_energy_J": sum(t.perfused_mean_gy * t.perfused_mass_kg for t in best.doses.tumors),
        "normal_perfused_doses_Gy": list(best.doses.normal_perfused_gy),
        "normal_whole_mean_Gy": best.doses.normal_whole_gy,
        "lung_dose_Gy": best.doses.lung_dose_gy,
        "binding": list(best.binding),
        "warnings": codes(best),
    }


ADAPTERS = {
    "albi": albi,
    "albi_err": albi,
    "albi_grade": albi_grade,
    "calibrated_activity": calibrated_activity,
    "calibrated_activity_err": calibrated_activity,
    "calibrated_activity_naive_variant": calibrated_activity_naive,
    "child_pugh": child_pugh,
    "decay_correction_to_admin": decay_correction_to_admin,
    "decay_correction_wrong_half_life": decay_correction_to_admin,
    "decay_factor": decay_factor,
    "delivered_fraction": delivered_fraction,
    "delivered_fraction_err": delivered_fraction,
    "dose_factor_historic": dose_factor_historic,
    "elapsed_across_dst": elapsed_across_dst,
    "glass_vial_time": glass_vial_time,
    "glass_vial_time_err": glass_vial_time,
    "glass_vial_window": glass_vial_window,
    "guideline_limit": guideline_limit,
    "mrecist": mrecist,
    "lung_shunt_combine": lung_shunt_combine,
    "multi_injection_lp_energy": multi_injection_lp,
    "multi_injection_lp_maxmin": multi_injection_lp,
    "multi_territory_forward": multi_territory_forward,
    "multi_territory_overlap": multi_territory_overlap,
    "number_of_spheres": number_of_spheres,
    "specific_activity": specific_activity,
    "time_integrated_activity": time_integrated_activity,
    "unit_conversion": unit_conversion,
}

# For a model that documents a known mistake: the library's own answer to the same question.
OWN = {"calibrated_activity_naive_variant": lambda i: calibrated_activity({**i, **RIGHT_TIMES})}
