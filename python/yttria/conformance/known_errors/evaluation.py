"""Histograms and radiobiology."""

from __future__ import annotations

import numpy as np

from ...reference import dvh
from ._registered import Answer, Implementation, Inputs, inputs, outputs, registered

HISTOGRAMS = ("dvh_metrics", "dvh_weighted")
BIN_GY = 1.0
"""Width of the bins in which the histograms of these mistakes are kept."""


@registered
def doses_half_a_bin_high(inner: Implementation) -> Implementation:
    """Reads doses from a histogram with bins of 1 Gy, half a bin too high (DVH codes)."""

    def change(_: Inputs, answer: Answer) -> Answer:
        doses = [name for name in answer if name.startswith(("D", "mean", "minimum", "maximum"))]
        return {name: answer[name] + BIN_GY / 2 for name in doses}

    return outputs(inner, change, *HISTOGRAMS)


@registered
def hottest_voxel_dropped(inner: Implementation) -> Implementation:
    """Leaves out the voxel with the highest dose, as the last bin's right edge does (DVH codes)."""

    def change(i: Inputs) -> Inputs:
        part = np.asarray(i.get("occupancy", np.ones(len(i["doses_Gy"]))), np.float64)
        hottest = int(np.argmax(np.where(part > 0, i["doses_Gy"], -np.inf)))
        kept = [n for n in range(len(i["doses_Gy"])) if n != hottest]
        found: Inputs = {"doses_Gy": [i["doses_Gy"][n] for n in kept]}
        return found | ({"occupancy": [i["occupancy"][n] for n in kept]} if "occupancy" in i else {})

    return inputs(inner, change, *HISTOGRAMS)


@registered
def voxels_by_their_centers(inner: Implementation) -> Implementation:
    """Counts a voxel whole where at least half of it is inside, and not at all elsewhere (DVH codes)."""
    return inputs(inner, lambda i: {"occupancy": [float(w >= 0.5) for w in i["occupancy"]]}, "dvh_weighted")


@registered
def occupancy_ignored(inner: Implementation) -> Implementation:
    """Counts every voxel that a structure touches whole (DVH codes)."""
    return inputs(inner, lambda i: {"occupancy": [float(w > 0.0) for w in i["occupancy"]]}, "dvh_weighted")


@registered
def percentiles_interpolated(inner: Implementation) -> Implementation:
    """D_x by interpolated percentiles where the rank is asked (section 12)."""

    def change(i: Inputs, answer: Answer) -> Answer:
        dose = np.asarray(i["doses_Gy"], np.float64)
        part = np.asarray(i.get("occupancy", np.ones(dose.size)), np.float64)
        dose, part = dose[part > 0], part[part > 0]
        names = [name for name in answer if name.startswith("D")]
        share = {name: float(name.removeprefix("D").split("_")[0]) / 100 for name in names}
        return {name: dvh.dose_at_volume_linear(dose, part, share[name] * part.sum()) for name in names}

    return outputs(inner, change, *HISTOGRAMS)


@registered
def volume_strictly_above(inner: Implementation) -> Implementation:
    """V_d as the volume with more than d, where at least d is asked (section 12)."""
    return outputs(inner, lambda _, a: {"V60_percent_ge": a["V60_percent_gt"]}, "dvh_metrics")


def _exchanged(i: Inputs, quantity: str) -> Inputs:
    tumor, liver = f"tumour_{quantity}", f"liver_{quantity}"
    return {tumor: i[liver], liver: i[tumor]}


@registered
def alpha_beta_exchanged(inner: Implementation) -> Implementation:
    """The liver's alpha/beta for the tumor, and the tumor's for the liver (a published code)."""
    return inputs(inner, lambda i: _exchanged(i, "alpha_beta_Gy"), "bed_two_tissues")


@registered
def repair_half_times_exchanged(inner: Implementation) -> Implementation:
    """The liver's repair half-time for the tumor, and the tumor's for the liver (a published code)."""
    return inputs(inner, lambda i: _exchanged(i, "repair_half_time_h"), "bed_two_tissues")


@registered
def liver_repairs_in_1_5_h(inner: Implementation) -> Implementation:
    """A repair half-time of 1.5 h for the liver where 2.5 h is stated (section 12)."""
    names = ("repair_half_time_h", "liver_repair_half_time_h")
    return inputs(
        inner,
        lambda i: {name: 1.5 for name in names if i.get(name) == 2.5},
        "bed_y90",
        "bed_y90_inverse",
        "bed_two_tissues",
    )


@registered
def survival_over_liver_alpha(inner: Implementation) -> Implementation:
    """Divides the logarithm of the tumor's survival by the liver's alpha (a published EUD code)."""

    def change(i: Inputs, answer: Answer) -> Answer:
        return {"tumour_EUD_Gy": answer["tumour_EUD_Gy"] * i["tumour_alpha_per_Gy"] / i["liver_alpha_per_Gy"]}

    return outputs(inner, change, "EUD_two_tissues")


@registered
def alpha_exchanged(inner: Implementation) -> Implementation:
    """The liver's alpha for the tumor, and the tumor's for the liver."""
    return inputs(inner, lambda i: _exchanged(i, "alpha_per_Gy"), "EUD_two_tissues")


@registered
def cold_voxels_survive_nothing(inner: Implementation) -> Implementation:
    """Leaves voxels without dose out of the surviving fraction, but not out of the volume (a published EUD code)."""

    def change(i: Inputs, answer: Answer) -> Answer:
        dose = np.asarray(i["doses_Gy"], np.float64)
        surviving = np.sum(np.exp(-i["alpha_per_Gy"] * dose[dose > 0])) / dose.size
        return {"EUD_Gy": float(-np.log(surviving) / i["alpha_per_Gy"])} if np.any(dose == 0) else {}

    return outputs(inner, change, "EUD_survival")


@registered
def cold_voxels_left_out(inner: Implementation) -> Implementation:
    """Leaves voxels without dose out of the volume (EUD codes)."""
    return inputs(inner, lambda i: {"doses_Gy": [d for d in i["doses_Gy"] if d > 0]}, "EUD_survival")
