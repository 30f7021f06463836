"""DICOM dates and times (PS3.5 6.2: DA, TM, DT), never completed by guesses."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from ...errors import FileFormatError, TimeZoneError
from .dataset import Dataset, text

_TIME = r"(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?:(?P<second>[0-5]\d|60)(?:\.(?P<fraction>\d{1,6}))?)?"
_DATE = r"(?P<year>\d{4})(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])"
_ZONE = r"(?P<sign>[+-])(?P<zone_hour>0\d|1[0-4])(?P<zone_minute>[0-5]\d)"


def date_and_time(header: Dataset, date_keyword: str, time_keyword: str) -> datetime | None:
    """Combine a date and a time, in the zone of TimezoneOffsetFromUTC if the header has one.

    The result is None if either is absent. `FileFormatError` is raised if one is not a date, or not a time to the
    minute at least.
    """
    date, time = text(header, date_keyword), text(header, time_keyword)
    if date is None or time is None:
        return None
    # Dates of ACR-NEMA have dots, and its times have colons.
    return _parsed(date.replace(".", "") + time.replace(":", ""), f"{date_keyword} and {time_keyword}", header)


def date_time(header: Dataset, keyword: str, file: Dataset) -> datetime | None:
    """Read a date with time (DT) in its own zone, or in that of the header of the `file` if it states none."""
    value = text(header, keyword)
    return None if value is None else _parsed(value, keyword, file)


def time_of_day_s(value: str, what: str) -> tuple[float, float]:
    """Return the earliest and the latest second of the day of a time (TM), which may lack minutes and seconds."""
    match = re.fullmatch(r"([01]\d|2[0-3])(?:([0-5]\d)(?:([0-5]\d|60)(?:\.(\d{1,6}))?)?)?", value.replace(":", ""))
    if match is None:
        raise FileFormatError(f"{what} must be a time of day (HH, HHMM or HHMMSS.F), got '{value:.40}'")
    hour, minute, second, fraction = match.groups()
    start = int(hour) * 3600.0 + int(minute or 0) * 60.0 + int(second or 0) + float(f"0.{fraction or 0}")
    return start, start + (3600.0 if minute is None else 60.0 if second is None else 0.0)


def hours_between(start: datetime, end: datetime, names: tuple[str, str]) -> float:
    """Return the hours from `start` to `end`; `TimeZoneError` if only one of them has a zone."""
    if (start.tzinfo is None) != (end.tzinfo is None):
        with_zone, without = names if start.tzinfo else names[::-1]
        raise TimeZoneError(
            f"{with_zone} states a time zone and {without} does not (TimezoneOffsetFromUTC (0008,0201) is missing), "
            "so that the hours between them are not known: give the scan delay"
        )
    return (end - start).total_seconds() / 3600.0


def _parsed(value: str, what: str, file: Dataset) -> datetime:
    match = re.fullmatch(f"{_DATE}{_TIME}(?:{_ZONE})?", value)
    if match is None:
        raise FileFormatError(f"{what} must be a date with a time to the minute (YYYYMMDDHHMM...), got '{value:.40}'")
    found = match.groupdict()
    try:
        moment = datetime(
            int(found["year"]), int(found["month"]), int(found["day"]), int(found["hour"]), int(found["minute"])
        )
    except ValueError as error:
        raise FileFormatError(f"{what} must be a date of the calendar, got '{value:.40}'") from error
    # A leap second (60) counts as the first second of the next minute.
    fraction = (found["fraction"] or "").ljust(6, "0")
    moment += timedelta(seconds=int(found["second"] or 0), microseconds=int(fraction))
    zone = _offset(match) if found["sign"] else _file_zone(file)
    return moment if zone is None else moment.replace(tzinfo=zone)


def _file_zone(file: Dataset) -> timezone | None:
    value = text(file, "TimezoneOffsetFromUTC")
    if value is None:
        return None
    match = re.fullmatch(_ZONE, value)
    if match is None:
        raise FileFormatError(f"TimezoneOffsetFromUTC (0008,0201) must be like +0100, got '{value:.20}'")
    return _offset(match)


def _offset(match: re.Match[str]) -> timezone:
    offset = timedelta(hours=int(match["zone_hour"]), minutes=int(match["zone_minute"]))
    return timezone(-offset if match["sign"] == "-" else offset)
