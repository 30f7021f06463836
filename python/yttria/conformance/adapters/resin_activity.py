"""Body surface area and resin activities."""

from __future__ import annotations

from typing import Literal

from ... import planning as p
from ._common import Answer, Inputs, codes


def body_surface_area(i: Inputs) -> Answer:
    names: tuple[Literal["dubois", "mosteller", "haycock"], ...] = ("dubois", "mosteller", "haycock")
    return {
        f"{name}_m2": p.body_surface_area(i["height_cm"], i["weight_kg"], formula=name).body_surface_area_m2
        for name in names
    }


def bsa_m2(i: Inputs) -> float:
    return float(i["bsa_m2"] if "bsa_m2" in i else body_surface_area(i)["dubois_m2"])


def resin(result: p.ResinActivity) -> Answer:
    return {"activity_GBq": result.delivered_activity_gbq, "warnings": codes(result)}


def resin_bsa(i: Inputs) -> Answer:
    return resin(
        p.bsa_activity(
            bsa_m2(i),
            tumor_volume_ml=i["tumour_volume_mL"],
            liver_volume_incl_tumor_ml=i["liver_volume_incl_tumour_mL"],
        )
    )


def resin_modified_bsa(i: Inputs) -> Answer:
    return resin(
        p.modified_bsa_activity(
            bsa_m2(i),
            tumor_volume_in_treated_ml=i["tumour_volume_in_treated_mL"],
            treated_volume_incl_tumor_ml=i["treated_volume_incl_tumour_mL"],
            liver_volume_incl_tumor_ml=i["liver_volume_incl_tumour_mL"],
        )
    )


def resin_lobar_simple(i: Inputs) -> Answer:
    return resin(
        p.simple_lobar_bsa_activity(
            bsa_m2(i),
            tumor_volume_ml=i["tumour_volume_mL"],
            treated_volume_incl_tumor_ml=i["treated_volume_incl_tumour_mL"],
            liver_volume_incl_tumor_ml=i["liver_volume_incl_tumour_mL"],
        )
    )


def resin_empirical(i: Inputs) -> Answer:
    return resin(p.empirical_activity(i["tumour_involvement_fraction"]))


def resin_lung_shunt_reduction(i: Inputs) -> Answer:
    lower = p.lung_shunt_reduction(i["lung_shunt_fraction"], boundary="lower_inclusive")
    upper = p.lung_shunt_reduction(i["lung_shunt_fraction"], boundary="upper_inclusive")
    return {
        "factor_lower_inclusive": lower.factor,
        "factor_upper_inclusive": upper.factor,
        "on_boundary": lower.on_boundary,
        "warnings": codes(lower),
    }


def resin_lung_shunt_inverse(i: Inputs) -> Answer:
    lower = p.lung_shunt_reduction(i["lung_shunt_fraction"], boundary="lower_inclusive")
    upper = p.lung_shunt_reduction(i["lung_shunt_fraction"], boundary="upper_inclusive")
    final = i["final_activity_MBq"]
    dose = p.lung_dose(final / 1000, lung_shunt_fraction=i["lung_shunt_fraction"], lung_mass_kg=1.0)
    return {
        "unreduced_MBq": lower.unreduced_activity_gbq(final),
        "unreduced_lower_inclusive_MBq": lower.unreduced_activity_gbq(final),
        "unreduced_upper_inclusive_MBq": upper.unreduced_activity_gbq(final),
        "lung_dose_Gy_at_1kg": dose.lung_dose_gy,
        "warnings": codes(lower),
    }


ADAPTERS = {
    "body_surface_area": body_surface_area,
    "resin_bsa": resin_bsa,
    "resin_bsa_lobar_simple": resin_lobar_simple,
    "resin_empirical": resin_empirical,
    "resin_lung_shunt_inverse": resin_lung_shunt_inverse,
    "resin_lung_shunt_reduction": resin_lung_shunt_reduction,
    "resin_modified_bsa": resin_modified_bsa,
}
