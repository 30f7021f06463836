"""Residual, spheres and vial timing, as their definitions."""

from __future__ import annotations

import numpy as np

from .decay import decayed_activity


def residual_fraction(before: float, after: float, background: float, elapsed_h: float, half_life_h: float) -> float:
    """Net reading after, decayed back to the time of the net reading before, over that reading."""
    return decayed_activity(after - background, -elapsed_h, half_life_h) / (before - background)


def number_of_spheres(activity_gbq: float, sphere_activity_bq: float) -> float:
    """Activity over activity per sphere."""
    return activity_gbq * 1e9 / sphere_activity_bq


def vial_time(calibration_activity: float, needed_activity: float, half_life_h: float) -> float:
    """The time in hours at which `A_cal 2^(-t/T)` equals the activity needed."""
    return float(half_life_h * np.log(calibration_activity / needed_activity) / np.log(2.0))


def delivered_activity_gbq(vial_activity_gbq: float, residual_fraction: float) -> float:
    """`A_vial (1 - R)`."""
    return vial_activity_gbq * (1 - residual_fraction)


def sphere_activity_bq(activity_gbq: float, spheres: float) -> float:
    """Activity over the number of spheres."""
    return activity_gbq * 1e9 / spheres


def vial_window(
    calibration_activity: float, needed_activity: float, tolerance_fraction: float, half_life_h: float
) -> tuple[float, float]:
    """From when the vial has decayed to `(1 + x) A` until it has decayed to `(1 - x) A`, in hours."""
    return (
        vial_time(calibration_activity, (1 + tolerance_fraction) * needed_activity, half_life_h),
        vial_time(calibration_activity, (1 - tolerance_fraction) * needed_activity, half_life_h),
    )
