"""Known mistakes in planning, seen in calculators, spreadsheets and theses.

Each docstring states the mistake and the place where it was seen. "Section 12" is a section of the project's formula
specification.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...reference import resin_activity
from ...reference.body_surface_area import body_surface_area
from ..records.partition import tissue
from ._registered import (
    Answer,
    Implementation,
    Inputs,
    changed_inputs,
    changed_outputs,
    inputs,
    registered,
    replaced,
    scaled,
)

SINGLE = ("single_compartment_inverse", "single_compartment_forward")
INVERSE = ("partition_inverse_target", "partition_inverse", "partition_normal_limit")
LUNGS = ("lung_dose_Gy", "lung_dose_Gy_at_1kg", "lung_dose_at_target_Gy")
PARTITION = ("partition_forward", *INVERSE)


def _inverse(i: Inputs, factor: float) -> Inputs:
    """Register a factor on every activity that an inverse formula finds."""
    before = i.get("_inverse", lambda activity, _: activity)
    return {"_inverse": lambda activity, inner: factor * before(activity, inner)}


@changed_inputs("single_compartment_inverse")
def shunt_multiplied_single_compartment(i: Inputs) -> Inputs:
    """Multiplies the activity of a single compartment by 1 - L instead of dividing by it (a web calculator)."""
    return _inverse(i, (1 - i["lung_shunt_fraction"]) ** 2)


@changed_inputs(*INVERSE)
def shunt_multiplied_partition(i: Inputs) -> Inputs:
    """Multiplies the activity of the partition model by 1 - L instead of dividing by it (a web calculator)."""
    return _inverse(i, (1 - i["lung_shunt_fraction"]) ** 2)


@changed_inputs(*INVERSE)
def partition_weight_of_one_mass(i: Inputs) -> Inputs:
    """Uses the weight m_N (r + 1) instead of m_N + r m_T, so that the tumor's mass has no effect (a web calculator)."""
    masses, ratios, normal = tissue(i)
    weight = normal + sum(r * m for r, m in zip(ratios, masses, strict=True))
    return _inverse(i, normal * (ratios[0] + 1) / weight) if normal > 0 else {}


@changed_inputs(*SINGLE, "partition_inverse_target", "ldm_relative", "voxel_dose_relative")
def residual_ignored(i: Inputs) -> Inputs:
    """Takes the activity in the vial for the delivered activity (section 12 of the formula specification)."""
    return replaced(i, "residual_fraction", 0.0)


@changed_outputs(*SINGLE, "partition_inverse_target")
def lung_dose_from_vial(i: Inputs, answer: Answer) -> Answer:
    """Computes the lung dose from the activity in the vial, although the residual does not reach the lungs."""
    return scaled(answer, 1 / (1 - i.get("residual_fraction", 0.0)), *LUNGS)


@changed_outputs(*SINGLE, *PARTITION, "lung_dose")
def lung_dose_after_shunt(i: Inputs, answer: Answer) -> Answer:
    """Computes the lung dose as C A L (1 - L) / m, which multiplies the share of the lungs by that of the liver."""
    return scaled(answer, 1 - i["lung_shunt_fraction"], *LUNGS)


@changed_inputs()
def lung_mass_0_822_kg(i: Inputs) -> Inputs:
    """Takes lungs of 0.822 kg (Kao 2014) instead of the stated 1 kg (section 12)."""
    return {"lung_mass_kg": 0.822} if i.get("lung_mass_kg") == 1 else {}


@changed_outputs("tnr_from_counts")
def activity_ratio_as_tumor_to_normal(_: Inputs, a: Answer) -> Answer:
    """Takes a ratio of activities (Kao's R) for the ratio of concentrations (section 12)."""
    return {"tnr": a["activity_ratio_R_kao"]}


@changed_inputs("partition_normal_limit", "partition_inverse")
def limit_to_whole_normal_liver(i: Inputs) -> Inputs:
    """Compares the mean over all normal liver with a limit for the perfused normal liver (section 12)."""
    return {"limit_kind": "whole", "normal_limit_kind": "whole"} if "normal_total_mass_kg" in i else {}


@changed_outputs("multi_territory_forward")
def tumor_mean_over_whole_lesion(_: Inputs, a: Answer) -> Answer:
    """Takes the mean over the whole lesion with its unperfused part for that of the perfused tumor (section 12)."""
    return {"tumour_perfused_mean_Gy": a["tumour_whole_mean_Gy"]}


@changed_outputs("multi_territory_overlap")
def overlap_averaged(i: Inputs, answer: Answer) -> Answer:
    """Averages two injections' doses to the same tissue, which must be added (section 12)."""
    return scaled(answer, 1 / len(i["territories"]), "tumour_dose_Gy")


@changed_inputs("lung_shunt_combine")
def tracer_weights_replaced(i: Inputs) -> Inputs:
    """Splits one scan's lung shunt by the Y-90 activities instead of the tracer's (section 12)."""
    return {"maa_MBq": i["y90_GBq"]}


@changed_outputs("resin_bsa")
def bsa_liver_counts_tumor_twice(i: Inputs, answer: Answer) -> Answer:
    """Divides the tumor by tumor + liver, although the liver's volume includes the tumor (section 12)."""
    tumor, liver = i["tumour_volume_mL"], i["liver_volume_incl_tumour_mL"]
    return {"activity_GBq": answer["activity_GBq"] - tumor / liver + tumor / (tumor + liver)}


def _bsa(inner: Implementation, formula: str) -> Implementation:
    def change(i: Inputs) -> Inputs:
        if "height_cm" not in i:
            return {}
        return {"bsa_m2": float(body_surface_area(i["height_cm"], i["weight_kg"], formula))}

    return inputs(inner, change, "resin_bsa")


@registered
def bsa_by_mosteller(inner: Implementation) -> Implementation:
    """Takes the body surface area of Mosteller in the resin activity instead of that of Du Bois (section 12)."""
    return _bsa(inner, "mosteller")


@registered
def bsa_by_haycock(inner: Implementation) -> Implementation:
    """Takes the body surface area of Haycock in the resin activity instead of that of Du Bois (section 12)."""
    return _bsa(inner, "haycock")


@changed_outputs("resin_modified_bsa")
def lobe_as_share_of_whole_liver(i: Inputs, _: Answer) -> Answer:
    """Multiplies the whole liver's activity by the lobe's share for the modified BSA of a lobe (section 12)."""
    tumor, treated = i["tumour_volume_in_treated_mL"], i["treated_volume_incl_tumour_mL"]
    liver = i["liver_volume_incl_tumour_mL"]
    return {"activity_GBq": float(resin_activity.simple_lobar_bsa_activity(i["bsa_m2"], tumor, treated, liver))}


@changed_outputs("resin_lung_shunt_reduction")
def shunt_boundary_upward(_: Inputs, a: Answer) -> Answer:
    """Puts a lung shunt of exactly 10 or 15 % into the row with the higher activity instead of the lower."""
    return {"factor_lower_inclusive": a["factor_upper_inclusive"]}


@changed_inputs("delivered_fraction")
def residual_without_decay(i: Inputs) -> Inputs:
    """Computes the residual without the decay between the two readings of its survey (section 12)."""
    return replaced(i, "elapsed_h", 0.0)


@changed_inputs("lsf_planar_geometric_mean", "lsf_planar_background")
def anterior_view_alone(i: Inputs) -> Inputs:
    """Computes the lung shunt from the anterior view, without the geometric mean (section 12)."""
    return {f"{organ}_post_counts": i[f"{organ}_ant_counts"] for organ in ("lung", "liver")}


@changed_inputs("lsf_planar_geometric_mean", "lsf_planar_background")
def arithmetic_mean_of_views(i: Inputs) -> Inputs:
    """Computes the lung shunt from the arithmetic mean of the two views."""
    found: dict[str, Any] = {}
    for organ in ("lung", "liver"):
        mean = (i[f"{organ}_ant_counts"] + i[f"{organ}_post_counts"]) / 2
        found |= {f"{organ}_ant_counts": mean, f"{organ}_post_counts": mean}
    return found


@changed_inputs("lsf_planar_background")
def background_not_subtracted(_: Inputs) -> Inputs:
    """Computes the lung shunt from counts with their background."""
    return {"background_counts_per_pixel": 0.0}


@changed_inputs("lsf_spect_attenuated_fov")
def lungs_outside_view_ignored(_: Inputs) -> Inputs:
    """Takes the counts of the lungs in the field of view for those of the whole lungs."""
    return {"lung_fraction_in_fov": 1.0}


@changed_inputs("lung_mass_from_ct_voxels")
def lung_density_not_clipped(_: Inputs) -> Inputs:
    """Computes the lung mass from a CT without clipping, which gives air below -1000 HU a negative mass."""
    return {"density_clip_g_per_mL": [-math.inf, math.inf]}


@changed_outputs("albi")
def albi_by_natural_logarithm(i: Inputs, _: Answer) -> Answer:
    """Computes ALBI with the natural logarithm."""
    score = float(0.66 * np.log(i["bilirubin_umol_L"]) - 0.085 * i["albumin_g_L"])
    return {
        "score": score,
        "score_2dp": round(score, 2),
        "grade": 1 if score <= -2.6 else 2 if score <= -1.39 else 3,
    }


@changed_outputs("albi")
def albi_rounded_before_grading(_: Inputs, answer: Answer) -> Answer:
    """Grades the ALBI score after rounding it to two decimals (section 12)."""
    score = answer["score_2dp"]
    return {"grade": 1 if score <= -2.6 else 2 if score <= -1.39 else 3}


@changed_inputs("child_pugh")
def child_pugh_inr_1_7_normal(i: Inputs) -> Inputs:
    """Gives an INR of exactly 1.7 one point instead of two (section 12)."""
    return {"inr": 1.699} if i["inr"] == 1.7 else {}


@changed_inputs("guideline_limit")
def bilirubin_1_1_normal(i: Inputs) -> Inputs:
    """Takes the higher limit for a bilirubin of exactly 1.1 mg/dL (section 12)."""
    return {"bilirubin_mg_dL": 1.0} if i.get("bilirubin_mg_dL") == 1.1 else {}


@changed_inputs("guideline_limit")
def limits_of_the_other_device(i: Inputs) -> Inputs:
    """Takes limits of resin for glass, and of glass for resin (section 12)."""
    other = {"glass": "resin", "resin": "glass"}
    return {"device": other[i["device"]]}
