"""From the vial to the patient: activity at a time, residual, spheres, and when a vial holds what is needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import yttria._core as _core

from .._core import Nuclide
from .._foundation.numbers import default_nuclide, number
from ..advisory import Advisory, advise, advise_if
from .decay import decayed_activity_gbq, elapsed_h


@dataclass(frozen=True, kw_only=True)
class VialActivity:
    """Activity of a vial at treatment; not its activity at calibration, nor what is delivered."""

    vial_activity_gbq: float
    elapsed_h: float
    half_life_h: float
    advisories: tuple[Advisory, ...]


def vial_activity(
    calibration_activity_gbq: float,
    calibration_time: datetime | str,
    treatment_time: datetime | str,
    *,
    nuclide: Nuclide | None = None,
) -> VialActivity:
    """Activity of a vial at treatment, `A_cal 2^(-(t - t_cal)/T)`.

    Both times carry a zone (`yttria.planning.decay.require_timezone`). Raises `TimeZoneError` or `OutOfRangeError`.
    """
    nuclide = default_nuclide(nuclide)
    hours = elapsed_h(calibration_time, treatment_time)
    activity = decayed_activity_gbq(number("activity at calibration", calibration_activity_gbq), hours, nuclide=nuclide)
    advisories: tuple[Advisory, ...] = ()
    if hours < 0.0:
        advisories = (advise("treatment_before_calibration", hours=hours, before_h=-hours),)
    return VialActivity(
        vial_activity_gbq=activity, elapsed_h=hours, half_life_h=nuclide.half_life_h, advisories=advisories
    )


@dataclass(frozen=True, kw_only=True)
class Residual:
    """What stayed behind: `residual_fraction` of the vial's activity; `delivered_fraction` is the rest.

    `measured_fraction` is the residual before it was clamped to [0, 1].
    """

    residual_fraction: float
    delivered_fraction: float
    measured_fraction: float
    advisories: tuple[Advisory, ...]


def residual_fraction(
    vial_before: float,
    waste_after: float,
    *,
    background: float,
    elapsed_h: float,
    noise: float = 0.0,
    nuclide: Nuclide | None = None,
) -> Residual:
    """Residual fraction from a survey before and after, `(after - bg)/(before - bg) 2^(dt/T)`.

    The three readings share one unit (uSv/h, counts/s) and one geometry, each the mean of several angles; `elapsed_h`
    lies between them. A result outside [0, 1] is an error, unless the excess is within `noise`, a reading in the same
    unit: then it is clamped and an advisory says so. Another advisory above 5 %.

    Source: the survey method of the TheraSphere instructions for use (therasphere-survey), which leaves the decay out.
    Raises `OutOfRangeError`, or `UndefinedError` where the reading before does not exceed the background.
    """
    fraction, measured = _core.residual_fractions(
        number("survey reading before", vial_before),
        number("survey reading after", waste_after),
        number("background reading", background),
        number("time between the readings", elapsed_h),
        number("noise of a reading", noise),
        default_nuclide(nuclide),
    )
    advisories = []
    if fraction != measured:
        advisories.append(advise("residual_clamped", measured=measured, residual_fraction=fraction))
    advisories += advise_if("residual_high", residual_fraction=fraction)
    return Residual(
        residual_fraction=fraction,
        delivered_fraction=1.0 - fraction,
        measured_fraction=measured,
        advisories=tuple(advisories),
    )


def delivered_activity_gbq(vial_activity_gbq: float, residual_fraction: float) -> float:
    """Activity that entered the patient in GBq, `A_vial (1 - R)`. Raises `OutOfRangeError`."""
    return _core.delivered_activity_gbq(
        number("vial activity", vial_activity_gbq), number("residual fraction", residual_fraction)
    )


def number_of_spheres(activity_gbq: float, sphere_activity_bq: float) -> float:
    """Spheres in an activity; both at the same time, since only the activity decays. Raises `OutOfRangeError`."""
    return _core.number_of_spheres(number("activity", activity_gbq), number("activity per sphere", sphere_activity_bq))


def sphere_activity_bq(activity_gbq: float, spheres: float) -> float:
    """Activity per sphere in Bq (the specific activity of a product). Raises `OutOfRangeError`."""
    return _core.sphere_activity_bq(number("activity", activity_gbq), number("number of spheres", spheres))


@dataclass(frozen=True, kw_only=True)
class VialTiming:
    """When a vial holds what is needed, in hours after its calibration; negative is before.

    `earliest_h` and `latest_h` bound the time in which it holds the needed activity within the tolerance.
    """

    hours_after_calibration: float
    earliest_h: float
    latest_h: float


def vial_timing(
    calibration_activity_gbq: float,
    needed_activity_gbq: float,
    *,
    tolerance_fraction: float = 0.0,
    nuclide: Nuclide | None = None,
) -> VialTiming:
    """When a vial of `calibration_activity_gbq` holds `needed_activity_gbq`: `T log2(A_cal/((1 +- tolerance) A))`.

    Raises `OutOfRangeError`, also for a vial that held less than `(1 - tolerance) A` at calibration.
    """
    exact, earliest, latest = _core.vial_timing(
        number("activity at calibration", calibration_activity_gbq),
        number("activity needed in the vial", needed_activity_gbq),
        number("tolerance", tolerance_fraction),
        default_nuclide(nuclide),
    )
    return VialTiming(hours_after_calibration=exact, earliest_h=earliest, latest_h=latest)
