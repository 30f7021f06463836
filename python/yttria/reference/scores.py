"""Scores that a plan cites, as their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np


def albi(bilirubin_umol_per_l: float, albumin_g_per_l: float) -> dict[str, Any]:
    """`0.66 log10(bilirubin) - 0.085 albumin` (Johnson et al. 2015), graded before it is rounded."""
    return albi_grade(float(0.66 * np.log10(bilirubin_umol_per_l) - 0.085 * albumin_g_per_l))


def albi_grade(score: float) -> dict[str, Any]:
    """Grades end at -2.60, -2.270 and -1.39, each boundary in the better grade."""
    modified = ("1", "2a", "2b", "3")[int(np.searchsorted([-2.60, -2.270, -1.39], score, side="left"))]
    return {"score": score, "score_2dp": round(score, 2), "grade": int(modified[0]), "modified_grade": modified}


def child_pugh(
    bilirubin_umol_per_l: float, albumin_g_per_l: float, inr: float, ascites: str, encephalopathy: str
) -> dict[str, Any]:
    """Sum of 1, 2 or 3 points for each of five items; A to 6, B to 9, C above."""
    points = 5 + ("none", "mild", "moderate-severe").index(ascites) + ("none", "1-2", "3-4").index(encephalopathy)
    points += int(bilirubin_umol_per_l >= 34) + int(bilirubin_umol_per_l > 50)
    points += int(albumin_g_per_l <= 35) + int(albumin_g_per_l < 28)
    points += int(inr >= 1.7) + int(inr > 2.3)
    return {"points": points, "grade": "A" if points <= 6 else "B" if points <= 9 else "C"}


def mrecist(
    baseline_viable_sum_mm: float,
    current_viable_sum_mm: float,
    nadir_viable_sum_mm: float | None = None,
    new_lesion: bool = False,
) -> dict[str, Any]:
    """CR, PD, PR, SD, asked in that order, and the relative changes; the nadir is the baseline if none is given."""
    baseline, current = baseline_viable_sum_mm, current_viable_sum_mm
    nadir = baseline if nadir_viable_sum_mm is None else nadir_viable_sum_mm
    category = "SD"
    if current == 0 and not new_lesion:
        category = "CR"
    elif new_lesion or current - nadir >= 20 * nadir / 100:
        category = "PD"
    elif baseline - current >= 30 * baseline / 100:
        category = "PR"
    return {
        "category": category,
        "change_from_baseline_fraction": current / baseline - 1,
        "change_from_nadir_fraction": None if nadir == 0 else current / nadir - 1,
    }


def recist(
    baseline_sum_mm: float,
    current_sum_mm: float,
    nadir_sum_mm: float | None = None,
    only_normal_nodes_left: bool = False,
) -> dict[str, Any]:
    """CR, PD, PR, SD, asked in that order; PD needs 20 % and 5 mm above the nadir (Eisenhauer et al. 2009)."""
    baseline, current = baseline_sum_mm, current_sum_mm
    nadir = baseline if nadir_sum_mm is None else nadir_sum_mm
    complete = current == 0 or only_normal_nodes_left
    progressive = current >= nadir + max(5, 20 * nadir / 100)
    partial = baseline - current >= 30 * baseline / 100
    return {
        "category": "CR" if complete else "PD" if progressive else "PR" if partial else "SD",
        "change_from_baseline_fraction": current / baseline - 1,
        "change_from_nadir_fraction": None if nadir == 0 else current / nadir - 1,
    }


#: Overall response without a new lesion: a row per response of the target lesions ("-": there are none), a column per
#: response of the others. RECIST 1.1, tables 1 and 2.
_OTHERS = ("-", "CR", "non-CR/non-PD", "NE", "PD")
_OVERALL = {
    "CR": ("CR", "CR", "PR", "PR", "PD"),
    "PR": ("PR", "PR", "PR", "PR", "PD"),
    "SD": ("SD", "SD", "SD", "SD", "PD"),
    "NE": ("NE", "NE", "NE", "NE", "PD"),
    "PD": ("PD", "PD", "PD", "PD", "PD"),
    "-": (None, "CR", "non-CR/non-PD", "NE", "PD"),
}


def overall_response(target: str | None, non_target: str | None, new_lesion: bool) -> dict[str, Any]:
    """Cell of the table of overall responses; a new lesion is progression."""
    cell = _OVERALL[target or "-"][_OTHERS.index(non_target or "-")]
    return {"category": "PD" if new_lesion else cell}
