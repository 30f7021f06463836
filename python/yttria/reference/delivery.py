"""Residual, spheres and vial timing, as their definitions."""

from __future__ import annotations

import numpy as np

from .decay import decayed_activity_gbq


def residual_fraction(
    vial_before: float, waste_after: float, background: float, elapsed_h: float = 0.0, *, half_life_h: float
) -> dict[str, float]:
    """Net reading after, decayed back to the time of the net reading before, over that reading."""
    left = decayed_activity_gbq(waste_after - background, -elapsed_h, half_life_h) / (vial_before - background)
    return {"residual_fraction": left, "delivered_fraction": 1 - left}


def number_of_spheres(activity_gbq: float, sphere_activity_bq: float) -> float:
    """Activity over activity per sphere."""
    return activity_gbq * 1e9 / sphere_activity_bq


def sphere_activity_bq(activity_gbq: float, spheres: float) -> float:
    """Activity over the number of spheres."""
    return activity_gbq * 1e9 / spheres


def delivered_activity_gbq(vial_activity_gbq: float, residual_fraction: float) -> float:
    """`A_vial (1 - R)`."""
    return vial_activity_gbq * (1 - residual_fraction)


def vial_timing(
    calibration_activity_gbq: float, needed_activity_gbq: float, tolerance_fraction: float = 0.0, *, half_life_h: float
) -> dict[str, float]:
    """The hours at which `A_cal 2^(-t/T)` is the activity needed, `(1 + x)` times that, and `(1 - x)` times that."""

    def hours(needed_gbq: float) -> float:
        return float(half_life_h * np.log(calibration_activity_gbq / needed_gbq) / np.log(2.0))

    return {
        "hours_after_calibration": hours(needed_activity_gbq),
        "earliest_h": hours((1 + tolerance_fraction) * needed_activity_gbq),
        "latest_h": hours((1 - tolerance_fraction) * needed_activity_gbq),
    }
