"""Decay between two times, and the remaining correction after a scanner's decay correction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

import yttria._core as _core

from .._core import Nuclide
from .._foundation.choices import DecayCorrection
from .._foundation.numbers import default_nuclide, number, optional_number
from ..advisory import Advisory, advise
from ..errors import ArgumentError, TimeZoneError


def require_timezone(time: datetime | str) -> datetime:
    """Convert a time to one instant with an offset from UTC.

    Parameters
    ----------
    time : datetime or str
        A `datetime` with a zone, or an ISO 8601 text with an offset, such as "2024-04-14T12:00:00-04:00".

    Returns
    -------
    datetime
        The instant.

    Raises
    ------
    TimeZoneError
        If the time has no zone, is skipped by the clocks, or is shown by them twice.
    ArgumentError
        If the text is not a time.

    Examples
    --------
    >>> require_timezone("2026-11-30T08:00+01:00").isoformat()
    '2026-11-30T08:00:00+01:00'
    """
    if isinstance(time, str):
        text = time.strip()
        try:
            moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)
        except ValueError as error:
            raise ArgumentError(
                f"time must be ISO 8601 with an offset, e.g. 2024-04-14T12:00:00-04:00, got {time!r}"
            ) from error
    elif isinstance(time, datetime):
        moment = time
    else:
        raise ArgumentError(f"time must be a datetime with a zone or an ISO 8601 text, got {time!r}")
    offset = moment.utcoffset()
    if offset is None:
        raise TimeZoneError(f"time {moment.isoformat()} carries no zone; add one, e.g. {moment.isoformat()}+01:00")
    if moment.replace(fold=1 - moment.fold).utcoffset() != offset:
        raise TimeZoneError(
            f"time {moment.replace(tzinfo=None).isoformat()} in {moment.tzinfo} falls in a change of the clocks, where "
            "times are skipped or shown twice; give a fixed offset, e.g. +01:00"
        )
    return moment


def elapsed_h(start: datetime | str, end: datetime | str) -> float:
    """Compute the hours between two instants.

    Parameters
    ----------
    start, end : datetime or str
        Times that carry a zone, as in `require_timezone`.

    Returns
    -------
    float
        Hours from `start` to `end`; negative if `end` is earlier.

    Raises
    ------
    TimeZoneError
        If a time does not name one instant.

    Notes
    -----
    The difference of two wall clock times would be wrong by an hour across a change of the clocks (1.1 % of activity).
    It would also be wrong by the difference between two zones (6.3 % for six hours).

    Examples
    --------
    >>> elapsed_h("2026-11-30T08:00+01:00", "2026-11-30T08:00-05:00")
    6.0
    """
    return (
        require_timezone(end).astimezone(timezone.utc) - require_timezone(start).astimezone(timezone.utc)
    ).total_seconds() / 3600.0


def decayed_activity_gbq(activity_gbq: float, elapsed_h: float, *, nuclide: Nuclide | None = None) -> float:
    """Compute the activity after a time.

    Parameters
    ----------
    activity_gbq : float
        Activity A in GBq, at least 0.
    elapsed_h : float
        Time t in h; negative for a time before.
    nuclide : Nuclide, optional
        Half-life and dose factor; `Nuclide()` if not given.

    Returns
    -------
    float
        Activity `A 2^(-t / T)` in GBq.

    Raises
    ------
    OutOfRangeError
        If the activity is negative or a number is not finite.

    Examples
    --------
    >>> decayed_activity_gbq(3.0, 64.1)
    1.5
    """
    return _core.decayed_activity_gbq(
        number("activity", activity_gbq), number("elapsed time", elapsed_h), default_nuclide(nuclide)
    )


def hours_to_decay(activity_gbq: float, to_activity_gbq: float, *, nuclide: Nuclide | None = None) -> float:
    """Compute the time in which one activity decays to another.

    Parameters
    ----------
    activity_gbq : float
        Activity A in GBq, positive.
    to_activity_gbq : float
        Activity to reach in GBq, positive.
    nuclide : Nuclide, optional
        Half-life and dose factor; `Nuclide()` if not given.

    Returns
    -------
    float
        Hours `T log2(A / A_to)`; negative if the second activity is larger.

    Raises
    ------
    OutOfRangeError
        If an activity is not finite and positive.

    Examples
    --------
    >>> round(hours_to_decay(3.0, 1.5), 6)
    64.1
    """
    return _core.hours_to_decay(
        number("activity", activity_gbq), number("activity to reach", to_activity_gbq), default_nuclide(nuclide)
    )


def time_integrated_activity_gbq_h(activity_gbq: float, *, nuclide: Nuclide | None = None) -> float:
    """Compute the time-integrated activity of a complete decay.

    Parameters
    ----------
    activity_gbq : float
        Activity A in GBq, at least 0.
    nuclide : Nuclide, optional
        Half-life and dose factor; `Nuclide()` if not given.

    Returns
    -------
    float
        `A T / ln 2` in GBq h; 1 GBq h is 3.6e12 decays.

    Raises
    ------
    OutOfRangeError
        If the activity is negative or not finite.

    References
    ----------
    mird21

    Examples
    --------
    >>> round(time_integrated_activity_gbq_h(1.0), 2)
    92.48
    """
    return _core.time_integrated_activity_gbq_h(number("activity", activity_gbq), default_nuclide(nuclide))


def historic_dose_factor(delta_g_rad_per_uci_h: float, mean_life_factor: float, half_life_h: float) -> float:
    """Compute the dose factor from a historic equilibrium dose constant.

    Parameters
    ----------
    delta_g_rad_per_uci_h : float
        Equilibrium dose constant in g rad/(uCi h).
    mean_life_factor : float
        Value taken for 1 / ln 2.
    half_life_h : float
        Half-life T in h.

    Returns
    -------
    float
        `delta f T / 3.7` in Gy kg/GBq.

    Raises
    ------
    OutOfRangeError
        If a number is not finite and positive.

    Notes
    -----
    With 1.99 g rad/(uCi h), 1.443 and 64.0 h this is 49.67, the factor of the EANM guideline of 2022. This origin of
    49.67 is an inference of this project, not a statement of the guideline. `Nuclide.from_energy` gives the physical
    factor.

    Examples
    --------
    >>> round(historic_dose_factor(1.99, 1.443, 64.0), 2)
    49.67
    """
    return _core.historic_dose_factor(
        number("equilibrium dose constant", delta_g_rad_per_uci_h),
        number("mean life per half-life", mean_life_factor),
        number("half-life", half_life_h),
    )


def gbq_from_mci(activity_mci: float) -> float:
    """Convert an activity from mCi to GBq.

    Parameters
    ----------
    activity_mci : float
        Activity in mCi, at least 0.

    Returns
    -------
    float
        Activity in GBq; 1 mCi is 0.037 GBq exactly.

    Raises
    ------
    OutOfRangeError
        If the activity is negative or not finite.

    Examples
    --------
    >>> round(gbq_from_mci(100.0), 9)
    3.7
    """
    return _core.decayed_activity_gbq(number("activity in mCi", activity_mci) * _core.GBQ_PER_MCI, 0.0, Nuclide())


def mci_from_gbq(activity_gbq: float) -> float:
    """Convert an activity from GBq to mCi.

    Parameters
    ----------
    activity_gbq : float
        Activity in GBq, at least 0.

    Returns
    -------
    float
        Activity in mCi; 1 mCi is 0.037 GBq exactly.

    Raises
    ------
    OutOfRangeError
        If the activity is negative or not finite.

    Examples
    --------
    >>> round(mci_from_gbq(3.7), 9)
    100.0
    """
    return _core.decayed_activity_gbq(number("activity", activity_gbq), 0.0, Nuclide()) / _core.GBQ_PER_MCI


@dataclass(frozen=True, kw_only=True)
class AdministrationFactor:
    """Factor from the voxel values of an image to the time of administration.

    Parameters
    ----------
    factor : float
        The factor.
    decay_correction : str
        "ADMIN", "START" or "NONE".
    advisories : tuple of Advisory
        Advisories on values that were not checked.
    """

    factor: float
    decay_correction: DecayCorrection
    advisories: tuple[Advisory, ...]


def factor_to_administration(
    decay_correction: DecayCorrection,
    scan_delay_h: float,
    *,
    frame_duration_h: float | None = None,
    header_half_life_s: float | None = None,
    nuclide: Nuclide | None = None,
) -> AdministrationFactor:
    """Compute the factor from the voxel values of a DICOM PET image to the activity at administration.

    Parameters
    ----------
    decay_correction : {"ADMIN", "START", "NONE"}
        Decay Correction (0054,1102).
    scan_delay_h : float
        Time t in h from administration to the start of the series (START) or of the frame (NONE).
    frame_duration_h : float, optional
        Length d of the frame in h, which NONE needs.
    header_half_life_s : float, optional
        Radionuclide Half Life (0018,1075) in s. More than 1 % off the nuclide's is an error, because the image was
        acquired under the protocol of another nuclide.
    nuclide : Nuclide, optional
        Half-life and dose factor; `Nuclide()` if not given.

    Returns
    -------
    AdministrationFactor
        The factor.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range, or the half-lives differ.
    UnknownNameError
        If there is no such correction.
    ArgumentError
        If NONE comes without a frame duration.

    Notes
    -----
    The factor is 1 for ADMIN and `2^(t / T)` for START. For NONE it is `2^(t / T) lambda d / (1 - exp(-lambda d))`,
    which includes the mean over a decaying frame.

    References
    ----------
    dicom-ps3.3

    Examples
    --------
    >>> round(factor_to_administration("START", 20.0, header_half_life_s=230760.0).factor, 4)
    1.2414
    """
    factor = _core.factor_to_administration(
        decay_correction,
        number("time from administration to scan", scan_delay_h),
        optional_number("frame duration", frame_duration_h),
        optional_number("half-life in the image header", header_half_life_s),
        default_nuclide(nuclide),
    )
    advisories: tuple[Advisory, ...] = ()
    if header_half_life_s is None:
        advisories = (advise("header_half_life_not_checked"),)
    return AdministrationFactor(factor=factor, decay_correction=decay_correction, advisories=advisories)
