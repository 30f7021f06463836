"""Dose factor, decay, vials, residual."""

from __future__ import annotations

from ... import planning as p
from ..._core import Nuclide
from ._common import Answer, Inputs, codes, nuclide


def dose_factor(i: Inputs) -> Answer:
    return {
        "dose_factor_Gy_kg_per_GBq": Nuclide.from_energy(
            i["half_life_h"], i["mean_energy_MeV"]
        ).dose_factor_gy_kg_per_gbq
    }


def dose_factor_historic(i: Inputs) -> Answer:
    names = ("delta_g_rad_per_uCi_h", "mean_life_factor", "half_life_h")
    return {"dose_factor_Gy_kg_per_GBq": p.historic_dose_factor(*(i[name] for name in names))}


def time_integrated_activity(i: Inputs) -> Answer:
    gbq_h = p.time_integrated_activity_gbq_h(i["activity_GBq"], nuclide=nuclide(i))
    return {"time_integrated_activity_GBq_h": gbq_h, "decays": gbq_h * 3.6e12}


def unit_conversion(i: Inputs) -> Answer:
    if "activity_mCi" in i:
        return {"activity_GBq": p.gbq_from_mci(i["activity_mCi"])}
    return {"activity_mCi": p.mci_from_gbq(i["activity_GBq"])}


def decay_factor(i: Inputs) -> Answer:
    return {"factor": nuclide(i).decay_factor(i["elapsed_h"])}


def calibrated_activity(i: Inputs) -> Answer:
    vial = p.vial_activity(
        i["calibration_activity_GBq"], i["calibration_time"], i["treatment_time"], nuclide=nuclide(i)
    )
    return {"elapsed_h": vial.elapsed_h, "activity_GBq": vial.vial_activity_gbq, "warnings": codes(vial)}


def elapsed_across_dst(i: Inputs) -> Answer:
    return {"elapsed_h": p.elapsed_h(i["from"], i["to"])}


def glass_vial_time(i: Inputs) -> Answer:
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


def glass_vial_window(i: Inputs) -> Answer:
    timing = p.vial_timing(
        i["vial_calibration_activity_GBq"],
        i["activity_needed_in_vial_GBq"],
        tolerance_fraction=i["tolerance_fraction"],
        nuclide=nuclide(i),
    )
    return {"earliest_h": timing.earliest_h, "latest_h": timing.latest_h}


def number_of_spheres(i: Inputs) -> Answer:
    return {"spheres": p.number_of_spheres(i["activity_GBq"], i["specific_activity_Bq"])}


def specific_activity(i: Inputs) -> Answer:
    return {"specific_activity_Bq": p.sphere_activity_bq(i["activity_GBq"], i["spheres"])}


def delivered_fraction(i: Inputs) -> Answer:
    result = p.residual_fraction(
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


def decay_correction_to_admin(i: Inputs) -> Answer:
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


ADAPTERS = {
    "calibrated_activity": calibrated_activity,
    "calibrated_activity_err": calibrated_activity,
    "decay_correction_to_admin": decay_correction_to_admin,
    "decay_correction_wrong_half_life": decay_correction_to_admin,
    "decay_factor": decay_factor,
    "delivered_fraction": delivered_fraction,
    "delivered_fraction_err": delivered_fraction,
    "dose_factor": dose_factor,
    "dose_factor_historic": dose_factor_historic,
    "elapsed_across_dst": elapsed_across_dst,
    "glass_vial_time": glass_vial_time,
    "glass_vial_time_err": glass_vial_time,
    "glass_vial_window": glass_vial_window,
    "number_of_spheres": number_of_spheres,
    "specific_activity": specific_activity,
    "time_integrated_activity": time_integrated_activity,
    "unit_conversion": unit_conversion,
}
