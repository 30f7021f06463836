"""Planning: mistakes seen in calculators, spreadsheets and theses.

Each docstring says what is done, and where it was seen. "Section 12" is that of the project's formula specification.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...reference import resin_activity
from ...reference.body_surface_area import body_surface_area
from ..records.partition_reference import tissue
from ._registered import Answer, Implementation, Inputs, inputs, outputs, registered, replaced, scaled

SINGLE = ("single_compartment_inverse", "single_compartment_forward")
INVERSE = ("partition_inverse_target", "partition_inverse", "partition_normal_limit")
LUNGS = ("lung_dose_Gy", "lung_dose_Gy_at_1kg", "lung_dose_at_target_Gy")
PARTITION = ("partition_forward", *INVERSE)


def _inverse(i: Inputs, factor: float) -> Inputs:
    """Every activity that an inverse formula finds, times a factor."""
    before = i.get("_inverse", lambda activity, _: activity)
    return {"_inverse": lambda activity, inner: factor * before(activity, inner)}


@registered
def shunt_multiplied_single_compartment(inner: Implementation) -> Implementation:
    """Multiplies by 1 - L where the activity of a single compartment must be divided by it (a web calculator)."""
    return inputs(inner, lambda i: _inverse(i, (1 - i["lung_shunt_fraction"]) ** 2), "single_compartment_inverse")


@registered
def shunt_multiplied_partition(inner: Implementation) -> Implementation:
    """Multiplies by 1 - L where the activity of the partition model must be divided by it (a web calculator)."""
    return inputs(inner, lambda i: _inverse(i, (1 - i["lung_shunt_fraction"]) ** 2), *INVERSE)


@registered
def partition_weight_of_one_mass(inner: Implementation) -> Implementation:
    """Weights with m_N (r + 1) for m_N + r m_T, so that the tumor's mass does not appear (a web calculator)."""

    def change(i: Inputs) -> Inputs:
        masses, ratios, normal = tissue(i)
        weight = normal + sum(r * m for r, m in zip(ratios, masses, strict=True))
        return _inverse(i, normal * (ratios[0] + 1) / weight) if normal > 0 else {}

    return inputs(inner, change, *INVERSE)


@registered
def residual_ignored(inner: Implementation) -> Implementation:
    """Takes what is in the vial for what is delivered (section 12 of the formula specification)."""
    return inputs(
        inner,
        lambda i: replaced(i, "residual_fraction", 0.0),
        *SINGLE,
        "partition_inverse_target",
        "ldm_relative",
        "voxel_dose_relative",
    )


@registered
def lung_dose_from_vial(inner: Implementation) -> Implementation:
    """Lung dose from the activity in the vial, although the residual never reaches the lungs (section 12)."""

    def change(i: Inputs, answer: Answer) -> Answer:
        return scaled(answer, 1 / (1 - i.get("residual_fraction", 0.0)), *LUNGS)

    return outputs(inner, change, *SINGLE, "partition_inverse_target")


@registered
def lung_dose_after_shunt(inner: Implementation) -> Implementation:
    """Lung dose C A L (1 - L) / m: the share of the liver taken off what is already the share of the lungs."""

    def change(i: Inputs, answer: Answer) -> Answer:
        return scaled(answer, 1 - i["lung_shunt_fraction"], *LUNGS)

    return outputs(inner, change, *SINGLE, *PARTITION, "lung_dose")


@registered
def lung_mass_0_822_kg(inner: Implementation) -> Implementation:
    """Lungs of 0.822 kg (Kao 2014) where the case states 1 kg (section 12)."""
    return inputs(inner, lambda i: {"lung_mass_kg": 0.822} if i.get("lung_mass_kg") == 1 else {})


@registered
def activity_ratio_as_tumor_to_normal(inner: Implementation) -> Implementation:
    """A ratio of activities (Kao's R) for the ratio of concentrations (section 12)."""
    return outputs(inner, lambda _, a: {"tnr": a["activity_ratio_R_kao"]}, "tnr_from_counts")


@registered
def limit_to_whole_normal_liver(inner: Implementation) -> Implementation:
    """A limit for the perfused normal liver held against the mean over all normal liver (section 12)."""

    def change(i: Inputs) -> Inputs:
        return {"limit_kind": "whole", "normal_limit_kind": "whole"} if "normal_total_mass_kg" in i else {}

    return inputs(inner, change, "partition_normal_limit", "partition_inverse")


@registered
def tumor_mean_over_whole_lesion(inner: Implementation) -> Implementation:
    """The mean over the whole lesion, unperfused part included, as the perfused tumor's (section 12)."""
    return outputs(
        inner, lambda _, a: {"tumour_perfused_mean_Gy": a["tumour_whole_mean_Gy"]}, "multi_territory_forward"
    )


@registered
def overlap_averaged(inner: Implementation) -> Implementation:
    """The mean of two injections' doses to the same tissue, which must be added (section 12)."""

    def change(i: Inputs, answer: Answer) -> Answer:
        return scaled(answer, 1 / len(i["territories"]), "tumour_dose_Gy")

    return outputs(inner, change, "multi_territory_overlap")


@registered
def tracer_weights_replaced(inner: Implementation) -> Implementation:
    """Splits one scan's lung shunt by the Y-90 activities instead of the tracer's (section 12)."""
    return inputs(inner, lambda i: {"maa_MBq": i["y90_GBq"]}, "lung_shunt_combine")


@registered
def bsa_liver_counts_tumor_twice(inner: Implementation) -> Implementation:
    """Divides the tumor by tumor + liver, although the liver's volume has the tumor in it (section 12)."""

    def change(i: Inputs, answer: Answer) -> Answer:
        tumor, liver = i["tumour_volume_mL"], i["liver_volume_incl_tumour_mL"]
        return {"activity_GBq": answer["activity_GBq"] - tumor / liver + tumor / (tumor + liver)}

    return outputs(inner, change, "resin_bsa")


def _bsa(inner: Implementation, formula: str) -> Implementation:
    def change(i: Inputs) -> Inputs:
        if "height_cm" not in i:
            return {}
        return {"bsa_m2": float(body_surface_area(i["height_cm"], i["weight_kg"], formula))}

    return inputs(inner, change, "resin_bsa")


@registered
def bsa_by_mosteller(inner: Implementation) -> Implementation:
    """Body surface area after Mosteller in the resin activity, where Du Bois is asked (section 12)."""
    return _bsa(inner, "mosteller")


@registered
def bsa_by_haycock(inner: Implementation) -> Implementation:
    """Body surface area after Haycock in the resin activity, where Du Bois is asked (section 12)."""
    return _bsa(inner, "haycock")


@registered
def lobe_as_share_of_whole_liver(inner: Implementation) -> Implementation:
    """The whole liver's activity times the lobe's share, for the modified BSA of a lobe (section 12)."""

    def change(i: Inputs, _: Answer) -> Answer:
        tumor, treated = i["tumour_volume_in_treated_mL"], i["treated_volume_incl_tumour_mL"]
        liver = i["liver_volume_incl_tumour_mL"]
        return {"activity_GBq": float(resin_activity.simple_lobar_bsa_activity(i["bsa_m2"], tumor, treated, liver))}

    return outputs(inner, change, "resin_modified_bsa")


@registered
def shunt_boundary_upward(inner: Implementation) -> Implementation:
    """Puts a lung shunt of exactly 10 or 15 % into the row with the higher activity, where the lower is asked."""
    return outputs(
        inner, lambda _, a: {"factor_lower_inclusive": a["factor_upper_inclusive"]}, "resin_lung_shunt_reduction"
    )


@registered
def residual_without_decay(inner: Implementation) -> Implementation:
    """The residual's survey without the decay between the two readings (section 12)."""
    return inputs(inner, lambda i: replaced(i, "elapsed_h", 0.0), "delivered_fraction")


@registered
def anterior_view_alone(inner: Implementation) -> Implementation:
    """Lung shunt from the anterior view, without the geometric mean (section 12)."""
    return inputs(
        inner,
        lambda i: {f"{organ}_post_counts": i[f"{organ}_ant_counts"] for organ in ("lung", "liver")},
        "lsf_planar_geometric_mean",
        "lsf_planar_background",
    )


@registered
def arithmetic_mean_of_views(inner: Implementation) -> Implementation:
    """Lung shunt from the arithmetic mean of the two views."""

    def change(i: Inputs) -> Inputs:
        found: dict[str, Any] = {}
        for organ in ("lung", "liver"):
            mean = (i[f"{organ}_ant_counts"] + i[f"{organ}_post_counts"]) / 2
            found |= {f"{organ}_ant_counts": mean, f"{organ}_post_counts": mean}
        return found

    return inputs(inner, change, "lsf_planar_geometric_mean", "lsf_planar_background")


@registered
def background_not_subtracted(inner: Implementation) -> Implementation:
    """Lung shunt from counts with their background."""
    return inputs(inner, lambda _: {"background_counts_per_pixel": 0.0}, "lsf_planar_background")


@registered
def lungs_outside_view_ignored(inner: Implementation) -> Implementation:
    """Counts of the lungs in the field of view taken for those of all lungs."""
    return inputs(inner, lambda _: {"lung_fraction_in_fov": 1.0}, "lsf_spect_attenuated_fov")


@registered
def lung_density_not_clipped(inner: Implementation) -> Implementation:
    """Lung mass from a CT without clipping: air below -1000 HU weighs less than nothing."""
    return inputs(inner, lambda _: {"density_clip_g_per_mL": [-math.inf, math.inf]}, "lung_mass_from_ct_voxels")


@registered
def albi_by_natural_logarithm(inner: Implementation) -> Implementation:
    """ALBI with the natural logarithm."""

    def change(i: Inputs, _: Answer) -> Answer:
        score = float(0.66 * np.log(i["bilirubin_umol_L"]) - 0.085 * i["albumin_g_L"])
        return {
            "score": score,
            "score_2dp": round(score, 2),
            "grade": 1 if score <= -2.6 else 2 if score <= -1.39 else 3,
        }

    return outputs(inner, change, "albi")


@registered
def albi_rounded_before_grading(inner: Implementation) -> Implementation:
    """Grades the ALBI score after it was rounded to two decimals (section 12)."""

    def change(_: Inputs, answer: Answer) -> Answer:
        score = answer["score_2dp"]
        return {"grade": 1 if score <= -2.6 else 2 if score <= -1.39 else 3}

    return outputs(inner, change, "albi")


@registered
def child_pugh_inr_1_7_normal(inner: Implementation) -> Implementation:
    """An INR of exactly 1.7 with one point instead of two (section 12)."""
    return inputs(inner, lambda i: {"inr": 1.699} if i["inr"] == 1.7 else {}, "child_pugh")


@registered
def bilirubin_1_1_normal(inner: Implementation) -> Implementation:
    """A bilirubin of exactly 1.1 mg/dL with the higher limit (section 12)."""
    return inputs(
        inner, lambda i: {"bilirubin_mg_dL": 1.0} if i.get("bilirubin_mg_dL") == 1.1 else {}, "guideline_limit"
    )


@registered
def limits_of_the_other_device(inner: Implementation) -> Implementation:
    """Limits of resin for glass, and of glass for resin (section 12)."""
    other = {"glass": "resin", "resin": "glass"}
    return inputs(inner, lambda i: {"device": other[i["device"]]}, "guideline_limit")
