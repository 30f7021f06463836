"""Scores that a plan cites, as their definitions."""

from __future__ import annotations

import numpy as np


def albi_score(bilirubin_umol_per_l: float, albumin_g_per_l: float) -> float:
    """`0.66 log10(bilirubin) - 0.085 albumin` (Johnson et al. 2015)."""
    return float(0.66 * np.log10(bilirubin_umol_per_l) - 0.085 * albumin_g_per_l)


def albi_grade(score: float) -> str:
    """Grades end at -2.60, -2.270 and -1.39, each boundary in the better grade."""
    return ("1", "2a", "2b", "3")[int(np.searchsorted([-2.60, -2.270, -1.39], score, side="left"))]


def child_pugh_points(
    bilirubin_umol_per_l: float, albumin_g_per_l: float, inr: float, ascites: int, encephalopathy: int
) -> int:
    """Sum of 1, 2 or 3 points for each item; ascites and encephalopathy as 0 (none), 1 or 2."""
    points = 5 + ascites + encephalopathy
    points += int(bilirubin_umol_per_l >= 34) + int(bilirubin_umol_per_l > 50)
    points += int(albumin_g_per_l <= 35) + int(albumin_g_per_l < 28)
    points += int(inr >= 1.7) + int(inr > 2.3)
    return points


def mrecist(baseline: float, nadir: float, current: float, new_lesion: bool) -> str:
    """CR, PD, PR, SD, asked in that order."""
    if current == 0 and not new_lesion:
        return "CR"
    if new_lesion or current - nadir >= 20 * nadir / 100:
        return "PD"
    if baseline - current >= 30 * baseline / 100:
        return "PR"
    return "SD"
