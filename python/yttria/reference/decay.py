"""Decay of an activity, as its definition."""

from __future__ import annotations

import numpy as np


def decayed_activity(activity: float, elapsed_h: float, half_life_h: float) -> float:
    """`A exp(-ln 2 t / T)`, in the unit of `activity`."""
    return float(activity * np.exp(-np.log(2.0) * elapsed_h / half_life_h))


def time_integrated_activity(activity: float, half_life_h: float) -> float:
    """The integral of `A exp(-ln 2 t / T)` from 0 to infinity, in the unit of `activity` times hours."""
    return float(activity * half_life_h / np.log(2.0))


def historic_dose_factor(delta_g_rad_per_uci_h: float, mean_life_factor: float, half_life_h: float) -> float:
    """Dose factor in Gy kg/GBq: 1 g rad = 1e-3 kg 1e-2 Gy, 1 uCi = 3.7e-5 GBq."""
    return delta_g_rad_per_uci_h * 1e-3 * 1e-2 / 3.7e-5 * mean_life_factor * half_life_h


def factor_to_administration(
    decay_correction: str, hours_after_administration: float, frame_duration_h: float, half_life_h: float
) -> float:
    """Activity at administration over the voxel value of a PET image that is corrected to ADMIN, START or NONE.

    Without a correction a frame shows the mean of the decaying activity over its duration.
    """
    if decay_correction == "ADMIN":
        return 1.0
    at_start = decayed_activity(1.0, hours_after_administration, half_life_h)
    if decay_correction == "START":
        return 1.0 / at_start
    per_hour = np.log(2.0) / half_life_h
    mean_over_frame = at_start * (1.0 - np.exp(-per_hour * frame_duration_h)) / (per_hour * frame_duration_h)
    return float(1.0 / mean_over_frame)
