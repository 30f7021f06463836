"""Decay between two times, and what a scanner's own decay correction leaves to be done."""

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
    """`time` as an instant with a UTC offset.

    Takes a `datetime` that carries a zone, or an ISO 8601 text with an offset such as "2024-04-14T12:00:00-04:00". A
    time without a zone, a time that the clocks skip, and a time that they show twice raise `TimeZoneError`: none of
    them names one instant. Any offset is accepted for the fixed ones, which are never ambiguous.
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
    """Hours from `start` to `end` on a clock that no government changes; negative if `end` is earlier.

    Both times must carry a zone, see `require_timezone`. The difference of two wall clocks would be wrong by an hour
    across a change of the clocks (1.1 % of activity), and by the difference between two zones (6.3 % for six hours).
    """
    return (
        require_timezone(end).astimezone(timezone.utc) - require_timezone(start).astimezone(timezone.utc)
    ).total_seconds() / 3600.0


def decayed_activity_gbq(activity_gbq: float, elapsed_h: float, *, nuclide: Nuclide | None = None) -> float:
    """Activity after `elapsed_h` hours in GBq, `A 2^(-t/T)`; a negative time goes back.

    Raises `OutOfRangeError` for a negative or non-finite activity, or a time that is not finite.
    """
    return _core.decayed_activity_gbq(
        number("activity", activity_gbq), number("elapsed time", elapsed_h), default_nuclide(nuclide)
    )


def hours_to_decay(activity_gbq: float, to_activity_gbq: float, *, nuclide: Nuclide | None = None) -> float:
    """Hours in which the first activity decays to the second, `T log2(A/A_to)`; negative if the second is larger.

    Raises `OutOfRangeError` for an activity that is not finite and positive.
    """
    return _core.hours_to_decay(
        number("activity", activity_gbq), number("activity to reach", to_activity_gbq), default_nuclide(nuclide)
    )


def time_integrated_activity_gbq_h(activity_gbq: float, *, nuclide: Nuclide | None = None) -> float:
    """Time-integrated activity of a complete decay in GBq h, `A T / ln 2`; 3.6e12 decays in each.

    Source: MIRD pamphlet 21 (mird21). Raises `OutOfRangeError`.
    """
    return _core.time_integrated_activity_gbq_h(number("activity", activity_gbq), default_nuclide(nuclide))


def historic_dose_factor(delta_g_rad_per_uci_h: float, mean_life_factor: float, half_life_h: float) -> float:
    """Dose factor in Gy kg/GBq from an equilibrium dose constant in g rad/(uCi h): `delta f T / 3.7`.

    With 1.99 g rad/(uCi h), 1.443 for `1/ln 2` and 64.0 h this is 49.67, the factor of the EANM guideline 2022. That
    this is where 49.67 comes from is an inference of this project, not a statement of the guideline. For the physical
    factor from energy and half-life use `Nuclide.from_energy`. Raises `OutOfRangeError`.
    """
    return _core.historic_dose_factor(
        number("equilibrium dose constant", delta_g_rad_per_uci_h),
        number("mean life per half-life", mean_life_factor),
        number("half-life", half_life_h),
    )


def gbq_from_mci(activity_mci: float) -> float:
    """Activity in GBq; 1 mCi is 0.037 GBq exactly."""
    return _core.decayed_activity_gbq(number("activity in mCi", activity_mci) * _core.GBQ_PER_MCI, 0.0, Nuclide())


def mci_from_gbq(activity_gbq: float) -> float:
    """Activity in mCi; 1 mCi is 0.037 GBq exactly."""
    return _core.decayed_activity_gbq(number("activity", activity_gbq), 0.0, Nuclide()) / _core.GBQ_PER_MCI


@dataclass(frozen=True, kw_only=True)
class AdministrationFactor:
    """The factor that takes voxel values of an image to the time of administration."""

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
    """The factor from the voxel values of a DICOM PET image to the activity at administration.

    `decay_correction` is Decay Correction (0054,1102): "ADMIN" 1; "START" `2^(t/T)` with `t` from administration to
    the start of the series; "NONE" `2^(t/T) lambda d / (1 - exp(-lambda d))` with `t` to the start of a frame of
    length `d`, which must be given. `header_half_life_s` is Radionuclide Half Life (0018,1075): more than 1 % off
    the nuclide's is an error, the image was acquired under another nuclide's protocol.

    Sources: DICOM PS3.3 C.8.9.1 (dicom-ps3.3); the mean of a decaying frame follows from the definition. Raises
    `OutOfRangeError`, `UnknownNameError`, or `ArgumentError` if NONE comes without a frame duration.
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
