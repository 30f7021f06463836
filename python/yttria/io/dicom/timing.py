"""Reference time of the values of an activity image, and its delay after administration.

DecayCorrection (0054,1102) of PET has three values. With ADMIN, values are corrected to administration. With START,
they are corrected to the start of the scan. With NONE, they are means over the acquisition. The rules are those of
DICOM PS3.3 C.8.9.1 (dicom-ps3.3) and of QIBA's vendor-neutral reading of START (qiba-suv). By the latter, START is the
time of the series. If the series is dated later than the earliest acquisition, because it was reconstructed or
processed again, START is the earliest acquisition.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from ..._foundation.choices import DECAY_CORRECTIONS, DecayCorrection, IsotopeName, Modality
from ...advisory import Advisory, advise
from ...advisory.warning_filters import quiet
from ...errors import FileFormatError, OutOfRangeError, UndefinedError
from ...kernels import Nuclide, decay_data
from .._common import decoding
from .consistency import ONE_SCAN_H
from .dataset import Dataset, items, number, text
from .nuclide import HALF_LIFE_TOLERANCE, expected_in_words, half_life_range_h, is_half_life, nuclide_name
from .series import Paths, Series, choose, files, root, same, scan
from .times import date_and_time, date_time, hours_between, time_of_day_s

#: Positrons per decay (selwyn2007). The value of a header may be off by 5 %.
POSITRON_FRACTION = 3.19e-5
POSITRON_FRACTION_TOLERANCE = 0.05
#: Without decay correction, the times of the slices must agree within this, which is 0.02 % of activity.
_TOGETHER_S = 60.0
#: A series time that precedes the first acquisition by more than this, which is 1 % of activity, gives an advisory.
_EARLY_H = 1.0
#: Two statements of one time of day may differ by this, because of rounding to the minute.
_SAME_CLOCK_S = 60.0
ACTIVITY_MODALITIES: tuple[Modality, ...] = ("PT", "NM")
_ACTIVITY = "the activity"
_ADMINISTRATION = "RadiopharmaceuticalStartDateTime"

#: Words for the decay correction START in the rule of a timing.
_START = "decay correction to the start of the scan (DecayCorrection START)"


@dataclass(frozen=True, kw_only=True)
class ActivityTiming:
    """Reference time of the values of an activity image, from its header.

    Parameters
    ----------
    scan_delay_h : float
        Time in h from administration, for the scaling.
    decay_correction : str
        "ADMIN", "START" or "NONE".
    rule : str
        One sentence on the rule and the times that gave it.
    reference_time, administration_time : datetime or None
        Times with a zone if the header has one.
    half_life_h : float or None
        Half-life of the header in h. Decay is computed with the half-life of the nuclide in yttria.
    administered_activity_gbq : float or None
        RadionuclideTotalDose in GBq, only as a check, because the header does not state when it was measured.
    advisories : tuple of Advisory
        Findings that a reader must know.
    nuclide : str or None
        Name of the nuclide as the header spells it.
    """

    scan_delay_h: float
    decay_correction: DecayCorrection
    rule: str
    reference_time: datetime | None
    administration_time: datetime | None
    half_life_h: float | None
    administered_activity_gbq: float | None
    advisories: tuple[Advisory, ...] = ()
    nuclide: str | None = None

    def __str__(self) -> str:
        return self.rule

    def as_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> from yttria.phantom import liver_phantom, write_dicom_study
        >>> _ = write_dicom_study(liver_phantom((10.0, 10.0, 10.0)), "study")
        >>> round(activity_timing("study/pet").as_dict()["scan_delay_h"], 3)
        20.0
        """
        found = asdict(self)
        for name in ("reference_time", "administration_time"):
            found[name] = found[name].isoformat() if found[name] else None
        return found


def activity_timing(paths: Paths, *, series: str | None = None, isotope: IsotopeName = "Y-90") -> ActivityTiming:
    """Read the timing of a PET series, or of a SPECT that states a DecayCorrection.

    Parameters
    ----------
    paths : path or sequence of path
        A folder (with the folders in it), a file, or several.
    series : str, optional
        UID or number of one series; needed if there are several.
    isotope : {"Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"}
        Isotope whose half-life the header must state. Its half-life is used for the decay within a frame.

    Returns
    -------
    ActivityTiming
        For `AbsoluteScaling(timing.scan_delay_h, time_basis=timing.rule)`.

    Raises
    ------
    OutOfRangeError
        If the half-life of the header is off by more than 1 %, as with a protocol of another nuclide.
    UndefinedError
        If the delay does not follow from the header, or the header contradicts itself.
    TimeZoneError
        If only one of two times has a zone.
    FileFormatError, ArgumentError, UnknownNameError, FileNotFoundError, MissingExtraError
        As for `read_image`.

    References
    ----------
    dicom-ps3.3

    Examples
    --------
    >>> from yttria.phantom import liver_phantom, write_dicom_study
    >>> _ = write_dicom_study(liver_phantom((10.0, 10.0, 10.0)), "study")
    >>> round(activity_timing("study/pet").scan_delay_h, 3)
    20.0
    """
    with decoding(root(paths), "DICOM"), quiet():
        return timing_of(choose(scan(files(paths)), series, ACTIVITY_MODALITIES, _ACTIVITY), isotope)


def check_nuclide(paths: Paths, *, series: str | None = None, isotope: IsotopeName = "Y-90") -> tuple[Advisory, ...]:
    """Compare the half-life of a header with that of an isotope, if the scan delay is known from elsewhere.

    Parameters
    ----------
    paths : path or sequence of path
        A folder (with the folders in it), a file, or several.
    series : str, optional
        UID or number of one series; needed if there are several.
    isotope : {"Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"}
        Isotope whose half-life the header must state.

    Returns
    -------
    tuple of Advisory
        Doubts about the nuclide; empty if there are none, or if the header of a SPECT does not state it.

    Raises
    ------
    OutOfRangeError
        If the half-life of the header is off by more than 1 %.

    Examples
    --------
    >>> from yttria.phantom import liver_phantom, write_dicom_study
    >>> _ = write_dicom_study(liver_phantom((10.0, 10.0, 10.0)), "study")
    >>> check_nuclide("study/pet")
    ()
    """
    with decoding(root(paths), "DICOM"), quiet():
        chosen = choose(scan(files(paths)), series, ACTIVITY_MODALITIES, _ACTIVITY)
        stated = items(chosen.headers[0].dataset, "RadiopharmaceuticalInformationSequence")
        return _checked_nuclide(_drug(chosen), isotope)[1] if stated or chosen.modality == "PT" else ()


def timing_of(series: Series, isotope: IsotopeName = "Y-90") -> ActivityTiming:
    """Read the timing as `activity_timing` does; call it within `quiet()`."""
    correction = same(series, "DecayCorrection")
    if correction is None and series.modality == "NM":
        raise UndefinedError("a SPECT header does not state the time to which its values refer: give the scan delay")
    known = next((each for each in DECAY_CORRECTIONS if each == correction), None)
    if known is None:
        raise FileFormatError(f"DecayCorrection (0054,1102) must be ADMIN, START or NONE, got {correction}")
    corrected = (same(series, "CorrectedImage") or "").split("\\")
    if corrected != [""] and ("DECY" in corrected) != (correction != "NONE"):
        raise UndefinedError(
            f"the header contradicts itself: DecayCorrection is {correction}, CorrectedImage is {' '.join(corrected)}"
        )
    first = series.headers[0].dataset
    drug = _drug(series)
    half_life_h, advisories = _checked_nuclide(drug, isotope)
    administration = _administration(drug, first)
    activity_gbq, doubt = _administered(drug)
    if correction == "ADMIN":
        hours, reference = 0.0, administration
        rule = "decay correction to administration (DecayCorrection ADMIN)"
        rule += f", {_shown(administration)}" if administration else " (its time is not needed)"
    else:
        reference, rule, early = _start(series) if correction == "START" else _mean_time(series, isotope)
        advisories += early
        if administration is None:
            raise UndefinedError(_no_administration(drug))
        hours = hours_between(administration, reference, (_ADMINISTRATION, "the scan's time"))
        if hours < 0:
            raise UndefinedError(
                f"administration ({_shown(administration)}) is later than the time that the values refer to "
                f"({_shown(reference)}; {rule}): one of the two is wrong"
            )
        rule += f"; administration at {_shown(administration)}, {hours:.4f} h before"
    return ActivityTiming(
        scan_delay_h=hours,
        decay_correction=known,
        rule=rule,
        reference_time=reference,
        administration_time=administration,
        half_life_h=half_life_h,
        administered_activity_gbq=activity_gbq,
        advisories=advisories + doubt,
        nuclide=nuclide_name(drug),
    )


def _start(series: Series) -> tuple[datetime, str, tuple[Advisory, ...]]:
    first = series.headers[0].dataset
    for keyword in ("SeriesDate", "SeriesTime"):
        same(series, keyword)
    stated = date_and_time(first, "SeriesDate", "SeriesTime")
    acquisitions = _acquisitions(series)
    acquired, last = min(acquisitions), max(acquisitions)
    if (last - acquired).total_seconds() > ONE_SCAN_H * 3600.0:
        raise UndefinedError(
            f"slices of one scan must be acquired within {ONE_SCAN_H:g} h, got {_shown(acquired)} and {_shown(last)}: "
            "a date is wrong, or the slices are of several scans; give the scan delay"
        )
    if stated is None:
        return acquired, f"{_START}: the earliest acquisition, {_shown(acquired)}, because the series has no time", ()
    early_h = hours_between(stated, acquired, ("the series' time", "the acquisition's time"))
    if early_h < 0:
        rule = f"{_START}: the earliest acquisition, {_shown(acquired)}, because the series is dated later"
        rule += f" ({_shown(stated)})"
        return acquired, rule, ()
    rule = f"{_START}: the series' time, {_shown(stated)}"
    if early_h <= _EARLY_H:
        return stated, rule, ()
    return stated, rule, (advise("series_time_early", early_h=early_h, limit_h=_EARLY_H),)


def _mean_time(series: Series, isotope: IsotopeName) -> tuple[datetime, str, tuple[Advisory, ...]]:
    """Find the time of the mean activity of a scan of duration d: ln(x / (1 - exp(-x))) / lambda, x = lambda d."""
    half_life_h = Nuclide().half_life_h if isotope == "Y-90" else decay_data(isotope).half_life_h
    decay_per_s = math.log(2) / (half_life_h * 3600.0)
    acquired = _acquisitions(series)
    duration_s = [number(h.dataset, "ActualFrameDuration") / 1000.0 for h in series.headers]
    if not 0 < min(duration_s) <= max(duration_s) <= 86400:
        raise FileFormatError(f"ActualFrameDuration (0018,1242) must be within (0, 24 h], got {min(duration_s):g} s")
    spread_s = max((max(acquired) - min(acquired)).total_seconds(), max(duration_s) - min(duration_s))
    if spread_s > _TOGETHER_S:
        raise UndefinedError(
            f"values without decay correction (NONE) must be of one acquisition: slices differ by {spread_s:.0f} s, "
            "as with several bed positions; reconstruct with decay correction"
        )
    x = decay_per_s * duration_s[0]
    after_s = math.log(x / -math.expm1(-x)) / decay_per_s
    reference = min(acquired) + timedelta(seconds=after_s)
    rule = "no decay correction (DecayCorrection NONE): the mean of the acquisition holds "
    rule += f"{after_s:.1f} s after its start, {_shown(min(acquired))}, for a duration of {duration_s[0]:.0f} s"
    return reference, rule, ()


def _acquisitions(series: Series) -> list[datetime]:
    found = []
    for header in series.headers:
        with decoding(header.path, "DICOM"):
            together = date_time(header.dataset, "AcquisitionDateTime", header.dataset)
            apart = date_and_time(header.dataset, "AcquisitionDate", "AcquisitionTime")
            time = together or apart
            if time is None:
                raise UndefinedError("the header has no date with time of the acquisition: give the scan delay")
            if together and apart and _apart_s(together, apart) > _TOGETHER_S:
                raise UndefinedError(
                    f"the header contradicts itself: AcquisitionDateTime is {_shown(together)}, AcquisitionDate and "
                    f"AcquisitionTime are {_shown(apart)}; give the scan delay"
                )
            found.append(time)
    if len({t.tzinfo is None for t in found}) > 1:
        raise UndefinedError("some slices state a time zone and others do not")
    return found


def _drug(series: Series) -> Dataset:
    """Return the only item of RadiopharmaceuticalInformationSequence, which must be the same in all files."""
    first: Dataset | None = None
    for header in series.headers:
        found = items(header.dataset, "RadiopharmaceuticalInformationSequence")
        if len(found) != 1:
            raise UndefinedError(f"the header must state one radiopharmaceutical, got {len(found)}")
        first = found[0] if first is None else first
        for keyword in (_ADMINISTRATION, "RadiopharmaceuticalStartTime", "RadionuclideHalfLife"):
            if text(found[0], keyword) != text(first, keyword):
                raise UndefinedError(
                    f"a series must have one {keyword}, got {text(first, keyword)} and {text(found[0], keyword)}"
                )
    return first


def _administration(drug: Dataset, file: Dataset) -> datetime | None:
    moment = date_time(drug, _ADMINISTRATION, file)
    clock = text(drug, "RadiopharmaceuticalStartTime")
    if moment is None or clock is None or (text(drug, _ADMINISTRATION) or "")[-5:-4] in ("+", "-"):
        # A time of day cannot be compared with a date that has its own zone.
        return moment
    earliest, latest = time_of_day_s(clock, "RadiopharmaceuticalStartTime")
    of_day_s = moment.hour * 3600.0 + moment.minute * 60.0 + moment.second + moment.microsecond * 1e-6
    # The stated time of day may be less precise; "11" is any time from 11:00 to 12:00.
    half_day_s = 43200.0
    off_s = max(earliest - of_day_s, of_day_s - latest, 0.0)
    if min(off_s, 2 * half_day_s - off_s) > _SAME_CLOCK_S:
        raise UndefinedError(
            f"the header contradicts itself: {_ADMINISTRATION} is {_shown(moment)}, RadiopharmaceuticalStartTime is "
            f"{clock:.20}"
        )
    return moment


def _no_administration(drug: Dataset) -> str:
    clock = text(drug, "RadiopharmaceuticalStartTime")
    found = f"only a time of day, {clock:.20}, without a date" if clock else "no time of administration"
    return f"the header has {found} ({_ADMINISTRATION} (0018,1078) is missing): give the scan delay"


def _checked_nuclide(drug: Dataset, isotope: IsotopeName) -> tuple[float | None, tuple[Advisory, ...]]:
    advisories: tuple[Advisory, ...] = ()
    half_life_h = None
    if text(drug, "RadionuclideHalfLife") is None:
        advisories += (advise("half_life_missing"),)
    else:
        half_life_h = number(drug, "RadionuclideHalfLife") / 3600.0
        if not is_half_life(half_life_h, isotope):
            low, high = half_life_range_h(isotope)
            published = f"{low} h" if low == high else f"{low} to {high} h"
            raise OutOfRangeError(
                f"the header's half-life must be that of {expected_in_words(isotope)}, {published} within "
                f"{HALF_LIFE_TOLERANCE:.0%}, got {half_life_h:.4g} h: the scan used the protocol of another nuclide, "
                "whose decay and branching ratio are in the values"
            )
    if isotope == "Y-90" and text(drug, "RadionuclidePositronFraction") is not None:
        fraction = number(drug, "RadionuclidePositronFraction")
        if abs(fraction / POSITRON_FRACTION - 1) > POSITRON_FRACTION_TOLERANCE:
            advisories += (advise("positron_fraction", positron_fraction=fraction, yttrium_fraction=POSITRON_FRACTION),)
    return half_life_h, advisories


def _administered(drug: Dataset) -> tuple[float | None, tuple[Advisory, ...]]:
    """Read RadionuclideTotalDose in GBq; the standard's unit is Bq, but older headers have MBq without stating it."""
    if text(drug, "RadionuclideTotalDose") is None or number(drug, "RadionuclideTotalDose") == 0:
        return None, ()
    becquerel = number(drug, "RadionuclideTotalDose")
    if 1e6 <= becquerel <= 1e11:
        return becquerel * 1e-9, ()
    return None, (advise("total_dose_unit", total_dose_bq=becquerel),)


def _apart_s(a: datetime, b: datetime) -> float:
    """Return the seconds between two times; 0 if only one has a zone, so that they cannot be compared."""
    return abs((a - b).total_seconds()) if (a.tzinfo is None) == (b.tzinfo is None) else 0.0


def _shown(time: datetime) -> str:
    return time.isoformat(sep=" ", timespec="seconds")
