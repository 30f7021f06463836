"""Body surface area and resin activities."""

from __future__ import annotations

from collections.abc import Callable

from ...reference import body_surface_area as bsa
from ...reference import resin_activity, single_compartment
from ._common import Answer, Inputs, dose_factor


def body_surface_area(i: Inputs) -> Answer:
    return {
        f"{name}_m2": float(getattr(bsa, f"{name}_m2")(i["height_cm"], i["weight_kg"]))
        for name in ("dubois", "mosteller", "haycock")
    }


def _bsa_m2(i: Inputs) -> float:
    return float(i["bsa_m2"] if "bsa_m2" in i else bsa.dubois_m2(i["height_cm"], i["weight_kg"]))


def resin_bsa(i: Inputs) -> Answer:
    activity = resin_activity.bsa_gbq(_bsa_m2(i), i["tumour_volume_mL"], i["liver_volume_incl_tumour_mL"])
    return {"activity_GBq": float(activity)}


def resin_modified_bsa(i: Inputs) -> Answer:
    volumes = (
        i["tumour_volume_in_treated_mL"],
        i["treated_volume_incl_tumour_mL"],
        i["liver_volume_incl_tumour_mL"],
    )
    return {"activity_GBq": float(resin_activity.modified_bsa_gbq(_bsa_m2(i), *volumes))}


def resin_bsa_lobar_simple(i: Inputs) -> Answer:
    volumes = (i["tumour_volume_mL"], i["treated_volume_incl_tumour_mL"], i["liver_volume_incl_tumour_mL"])
    return {"activity_GBq": float(resin_activity.simple_lobar_bsa_gbq(_bsa_m2(i), *volumes))}


def resin_empirical(i: Inputs) -> Answer:
    return {"activity_GBq": float(resin_activity.empirical_gbq(i["tumour_involvement_fraction"]))}


def resin_lung_shunt_reduction(i: Inputs) -> Answer:
    shunt = i["lung_shunt_fraction"]
    return {
        "factor_lower_inclusive": float(resin_activity.lung_shunt_factor(shunt)),
        "factor_upper_inclusive": float(resin_activity.lung_shunt_factor(shunt, upper_inclusive=True)),
        "on_boundary": shunt in (0.10, 0.15, 0.20),
    }


def resin_lung_shunt_inverse(i: Inputs) -> Answer:
    shunt, final = i["lung_shunt_fraction"], i["final_activity_MBq"]
    lower = final / float(resin_activity.lung_shunt_factor(shunt))
    upper = final / float(resin_activity.lung_shunt_factor(shunt, upper_inclusive=True))
    return {
        "unreduced_MBq": lower,
        "unreduced_lower_inclusive_MBq": lower,
        "unreduced_upper_inclusive_MBq": upper,
        "lung_dose_Gy_at_1kg": float(single_compartment.lung_dose_gy(dose_factor(i), final / 1000, shunt, 1.0)),
    }


DEFINITIONS: dict[str, Callable[[Inputs], Answer]] = {
    "body_surface_area": body_surface_area,
    "resin_bsa": resin_bsa,
    "resin_bsa_lobar_simple": resin_bsa_lobar_simple,
    "resin_empirical": resin_empirical,
    "resin_lung_shunt_inverse": resin_lung_shunt_inverse,
    "resin_lung_shunt_reduction": resin_lung_shunt_reduction,
    "resin_modified_bsa": resin_modified_bsa,
}
