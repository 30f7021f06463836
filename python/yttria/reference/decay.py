"""Decay of an activity, as its definition."""

from __future__ import annotations

from datetime import datetime, timezone

import numpy as np


def decayed_activity_gbq(activity_gbq: float, elapsed_h: float, half_life_h: float) -> float:
    """`A exp(-ln 2 t / T)`."""
    return float(activity_gbq * np.exp(-np.log(2.0) * elapsed_h / half_life_h))


def decay_factor(elapsed_h: float, half_life_h: float) -> float:
    """`exp(-ln 2 t / T)`."""
    return decayed_activity_gbq(1.0, elapsed_h, half_life_h)


def tracer_decay_factor(elapsed_h: float, *, tracer: str = "Tc-99m") -> float:
    """`exp(-ln 2 t / T)` with 6.0067 h for technetium-99m and 26.824 h for holmium-166."""
    return decay_factor(elapsed_h, {"Tc-99m": 6.0067, "Ho-166": 26.824}[tracer])


def time_integrated_activity_gbq_h(activity_gbq: float, half_life_h: float) -> float:
    """The integral of `A exp(-ln 2 t / T)` from 0 to infinity."""
    return float(activity_gbq * half_life_h / np.log(2.0))


def historic_dose_factor(delta_g_rad_per_uci_h: float, mean_life_factor: float, half_life_h: float) -> float:
    """Dose factor in Gy kg/GBq: 1 g rad = 1e-3 kg 1e-2 Gy, 1 uCi = 3.7e-5 GBq."""
    return delta_g_rad_per_uci_h * 1e-3 * 1e-2 / 3.7e-5 * mean_life_factor * half_life_h


def factor_to_administration(
    decay_correction: str, scan_delay_h: float, frame_duration_h: float | None = None, *, half_life_h: float
) -> float:
    """Activity at administration over the voxel value of a PET image that is corrected to ADMIN, START or NONE.

    Without a correction a frame shows the mean of the decaying activity over its duration.
    """
    if decay_correction == "ADMIN":
        return 1.0
    at_start = decayed_activity_gbq(1.0, scan_delay_h, half_life_h)
    if decay_correction == "START":
        return 1.0 / at_start
    assert frame_duration_h is not None
    per_hour = np.log(2.0) / half_life_h
    mean_over_frame = at_start * (1.0 - np.exp(-per_hour * frame_duration_h)) / (per_hour * frame_duration_h)
    return float(1.0 / mean_over_frame)


def hours_to_decay(activity_gbq: float, to_activity_gbq: float, half_life_h: float) -> float:
    """The time at which `A 2^(-t/T)` is the other activity: `T log2(A / A_to)`."""
    return float(half_life_h * np.log2(activity_gbq / to_activity_gbq))


def elapsed_h(start: str, end: str) -> float:
    """Hours between two ISO 8601 times with offsets, both taken to UTC first."""
    instants = [datetime.fromisoformat(time).astimezone(timezone.utc) for time in (start, end)]
    return (instants[1] - instants[0]).total_seconds() / 3600.0


def vial_activity(
    calibration_activity_gbq: float, calibration_time: str, treatment_time: str, half_life_h: float
) -> dict[str, float]:
    """`A_cal exp(-ln 2 t / T)` after the hours `t` between the two times."""
    hours = elapsed_h(calibration_time, treatment_time)
    decayed = decayed_activity_gbq(calibration_activity_gbq, hours, half_life_h)
    return {"elapsed_h": hours, "vial_activity_gbq": decayed}


def gbq_from_mci(activity_mci: float) -> float:
    """1 Ci is 3.7e10 Bq, so 1 mCi is 0.037 GBq."""
    return activity_mci * 3.7e10 * 1e-3 / 1e9


def mci_from_gbq(activity_gbq: float) -> float:
    """1 GBq over the activity of 1 mCi."""
    return activity_gbq * 1e9 / (3.7e10 * 1e-3)


def dose_factor(half_life_h: float, mean_energy_mev: float) -> float:
    """Dose factor in Gy kg/GBq: energy of a decay in J, times the decays of 1 GBq to nothing (mean life in s)."""
    return float(mean_energy_mev * 1.602176634e-13 * 1e9 * half_life_h * 3600.0 / np.log(2.0))
