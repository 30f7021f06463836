"""Activity from the vial to the patient, with decay, residual, numbers of spheres, and times of vials."""

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
    """Activity of a vial at treatment, which differs from that at calibration and from the delivered activity.

    Parameters
    ----------
    vial_activity_gbq : float
        Activity in GBq.
    elapsed_h : float
        Time since calibration in h.
    half_life_h : float
        Half-life in h.
    advisories : tuple of Advisory
        `treatment_before_calibration` if the treatment comes first.
    """

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
    """Compute the activity of a vial at treatment.

    Parameters
    ----------
    calibration_activity_gbq : float
        Activity at calibration in GBq.
    calibration_time, treatment_time : datetime or str
        Times that carry a zone, as in `require_timezone`.
    nuclide : Nuclide, optional
        Half-life and dose factor; `Nuclide()` if not given.

    Returns
    -------
    VialActivity
        `A_cal 2^(-(t - t_cal) / T)`.

    Raises
    ------
    TimeZoneError
        If a time does not name one instant.
    OutOfRangeError
        If the activity is negative or not finite.

    Warns
    -----
    treatment_before_calibration
        If the treatment comes first.

    Examples
    --------
    >>> vial = vial_activity(3.0, "2026-11-29T12:00+00:00", "2026-12-01T12:00+00:00")
    >>> round(vial.vial_activity_gbq, 3)
    1.785
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
    """Share of the vial's activity that was not delivered.

    Parameters
    ----------
    residual_fraction : float
        Share that stayed behind, within [0, 1].
    delivered_fraction : float
        Share that was delivered.
    measured_fraction : float
        The residual before it was limited to [0, 1].
    advisories : tuple of Advisory
        Advisories on the result.
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
    """Compute the residual fraction from survey readings before and after the treatment.

    Parameters
    ----------
    vial_before, waste_after : float
        Mean readings of several angles in one geometry, in any one unit.
    background : float
        Background reading in that unit.
    elapsed_h : float
        Time dt between the readings in h.
    noise : float
        A result outside [0, 1] by at most this reading is limited to [0, 1].
    nuclide : Nuclide, optional
        Half-life and dose factor; `Nuclide()` if not given.

    Returns
    -------
    Residual
        The share that stayed behind, and the rest.

    Raises
    ------
    OutOfRangeError
        If the result is outside [0, 1] by more than the noise, or a number is outside its range.
    UndefinedError
        If the reading before does not exceed the background.

    Notes
    -----
    The residual is `(after - background) / (before - background) 2^(dt / T)`. The survey method of the instructions for
    use ignores the decay. Advisories state that a result was limited, and that it is above 5 %.

    References
    ----------
    therasphere-survey

    Examples
    --------
    >>> round(residual_fraction(100.0, 3.0, background=1.0, elapsed_h=0.5).residual_fraction, 4)
    0.0203
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
    """Compute the activity that entered the patient.

    Parameters
    ----------
    vial_activity_gbq : float
        Activity in the vial at treatment in GBq.
    residual_fraction : float
        Share R that stayed behind, within [0, 1].

    Returns
    -------
    float
        `A_vial (1 - R)` in GBq.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range.

    Examples
    --------
    >>> round(delivered_activity_gbq(3.0, 0.02), 6)
    2.94
    """
    return _core.delivered_activity_gbq(
        number("vial activity", vial_activity_gbq), number("residual fraction", residual_fraction)
    )


def number_of_spheres(activity_gbq: float, sphere_activity_bq: float) -> float:
    """Compute the number of microspheres in an activity.

    Parameters
    ----------
    activity_gbq : float
        Activity in GBq.
    sphere_activity_bq : float
        Activity per sphere in Bq at the same time, positive.

    Returns
    -------
    float
        Number of spheres.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range.

    Examples
    --------
    >>> number_of_spheres(3.0, 2500.0)
    1200000.0
    """
    return _core.number_of_spheres(number("activity", activity_gbq), number("activity per sphere", sphere_activity_bq))


def sphere_activity_bq(activity_gbq: float, spheres: float) -> float:
    """Compute the activity per microsphere, the specific activity of a product.

    Parameters
    ----------
    activity_gbq : float
        Activity in GBq.
    spheres : float
        Number of spheres, positive.

    Returns
    -------
    float
        Activity per sphere in Bq.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range.

    Examples
    --------
    >>> sphere_activity_bq(3.0, 1.2e6)
    2500.0
    """
    return _core.sphere_activity_bq(number("activity", activity_gbq), number("number of spheres", spheres))


@dataclass(frozen=True, kw_only=True)
class VialTiming:
    """Times at which a vial contains the needed activity, in hours after its calibration, negative if before it.

    Parameters
    ----------
    hours_after_calibration : float
        Time of the exact activity in h.
    earliest_h, latest_h : float
        Bounds of the time in which it holds the activity within the tolerance, in h.
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
    """Compute the time at which a vial contains the needed activity.

    Parameters
    ----------
    calibration_activity_gbq : float
        Activity at calibration in GBq, positive.
    needed_activity_gbq : float
        Activity A needed in the vial in GBq, positive.
    tolerance_fraction : float
        Allowed deviation as a fraction, within [0, 1).
    nuclide : Nuclide, optional
        Half-life and dose factor; `Nuclide()` if not given.

    Returns
    -------
    VialTiming
        Hours after calibration.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range, or the vial held less than `(1 - tolerance) A` at calibration.

    Notes
    -----
    `T log2(A_cal / ((1 +- tolerance) A))`.

    Examples
    --------
    >>> timing = vial_timing(5.0, 3.0, tolerance_fraction=0.05)
    >>> round(timing.hours_after_calibration, 1), round(timing.earliest_h, 1), round(timing.latest_h, 1)
    (47.2, 42.7, 52.0)
    """
    exact, earliest, latest = _core.vial_timing(
        number("activity at calibration", calibration_activity_gbq),
        number("activity needed in the vial", needed_activity_gbq),
        number("tolerance", tolerance_fraction),
        default_nuclide(nuclide),
    )
    return VialTiming(hours_after_calibration=exact, earliest_h=earliest, latest_h=latest)
