"""Known mistakes with histograms and radiobiology."""

from __future__ import annotations

import numpy as np

from ...reference.dvh import DoseVolumeHistogram
from ._registered import Answer, Inputs, changed_inputs, changed_outputs

HISTOGRAMS = ("dvh_metrics", "dvh_weighted")
BIN_GY = 1.0
"""Width in Gy of the bins of the histograms in these mistakes."""


@changed_outputs(*HISTOGRAMS)
def doses_half_a_bin_high(_: Inputs, answer: Answer) -> Answer:
    """Reads doses from a histogram with bins of 1 Gy, half a bin too high (DVH codes)."""
    doses = [name for name in answer if name.startswith(("D", "mean", "minimum", "maximum"))]
    return {name: answer[name] + BIN_GY / 2 for name in doses}


@changed_inputs(*HISTOGRAMS)
def hottest_voxel_dropped(i: Inputs) -> Inputs:
    """Leaves out the voxel with the highest dose, because the last bin excludes its right edge (DVH codes)."""
    part = np.asarray(i.get("occupancy", np.ones(len(i["doses_Gy"]))), np.float64)
    hottest = int(np.argmax(np.where(part > 0, i["doses_Gy"], -np.inf)))
    kept = [n for n in range(len(i["doses_Gy"])) if n != hottest]
    found: Inputs = {"doses_Gy": [i["doses_Gy"][n] for n in kept]}
    return found | ({"occupancy": [i["occupancy"][n] for n in kept]} if "occupancy" in i else {})


@changed_inputs("dvh_weighted")
def voxels_by_their_centers(i: Inputs) -> Inputs:
    """Counts a voxel as whole if at least half of it is inside, and ignores it otherwise (DVH codes)."""
    return {"occupancy": [float(w >= 0.5) for w in i["occupancy"]]}


@changed_inputs("dvh_weighted")
def occupancy_ignored(i: Inputs) -> Inputs:
    """Counts every voxel that a structure touches as whole (DVH codes)."""
    return {"occupancy": [float(w > 0.0) for w in i["occupancy"]]}


@changed_outputs(*HISTOGRAMS)
def percentiles_interpolated(i: Inputs, answer: Answer) -> Answer:
    """Computes D_x by interpolated percentiles instead of the rank (section 12)."""
    dose = np.asarray(i["doses_Gy"], np.float64)
    part = np.asarray(i.get("occupancy", np.ones(dose.size)), np.float64)
    dose, part = dose[part > 0], part[part > 0]
    h = DoseVolumeHistogram(dose, part)
    percents = {name: float(name.removeprefix("D").split("_")[0]) for name in answer if name.startswith("D")}
    return {name: h.dose_at_volume_percent(x, interpolation="linear") for name, x in percents.items()}


@changed_outputs("dvh_metrics")
def volume_strictly_above(_: Inputs, a: Answer) -> Answer:
    """Computes V_d as the volume with more than d instead of at least d (section 12)."""
    return {"V60_percent_ge": a["V60_percent_gt"]}


def _exchanged(i: Inputs, quantity: str) -> Inputs:
    tumor, liver = f"tumour_{quantity}", f"liver_{quantity}"
    return {tumor: i[liver], liver: i[tumor]}


@changed_inputs("bed_two_tissues")
def alpha_beta_exchanged(i: Inputs) -> Inputs:
    """Takes the liver's alpha/beta for the tumor, and the tumor's for the liver (a published code)."""
    return _exchanged(i, "alpha_beta_Gy")


@changed_inputs("bed_two_tissues")
def repair_half_times_exchanged(i: Inputs) -> Inputs:
    """Takes the liver's repair half-time for the tumor, and the tumor's for the liver (a published code)."""
    return _exchanged(i, "repair_half_time_h")


@changed_inputs("bed_y90", "bed_y90_inverse", "bed_two_tissues")
def liver_repairs_in_1_5_h(i: Inputs) -> Inputs:
    """Takes a repair half-time of 1.5 h for the liver instead of the stated 2.5 h (section 12)."""
    names = ("repair_half_time_h", "liver_repair_half_time_h")
    return {name: 1.5 for name in names if i.get(name) == 2.5}


@changed_outputs("EUD_two_tissues")
def survival_over_liver_alpha(i: Inputs, answer: Answer) -> Answer:
    """Divides the logarithm of the tumor's survival by the liver's alpha (a published EUD code)."""
    return {"tumour_EUD_Gy": answer["tumour_EUD_Gy"] * i["tumour_alpha_per_Gy"] / i["liver_alpha_per_Gy"]}


@changed_inputs("EUD_two_tissues")
def alpha_exchanged(i: Inputs) -> Inputs:
    """Takes the liver's alpha for the tumor, and the tumor's for the liver."""
    return _exchanged(i, "alpha_per_Gy")


@changed_outputs("EUD_survival")
def cold_voxels_survive_nothing(i: Inputs, answer: Answer) -> Answer:
    """Leaves voxels without dose out of the surviving fraction, but not out of the volume (a published EUD code)."""
    dose = np.asarray(i["doses_Gy"], np.float64)
    surviving = np.sum(np.exp(-i["alpha_per_Gy"] * dose[dose > 0])) / dose.size
    return {"EUD_Gy": float(-np.log(surviving) / i["alpha_per_Gy"])} if np.any(dose == 0) else {}


@changed_inputs("EUD_survival")
def cold_voxels_left_out(i: Inputs) -> Inputs:
    """Leaves voxels without dose out of the volume (EUD codes)."""
    return {"doses_Gy": [d for d in i["doses_Gy"] if d > 0]}
