"""Comparison of properties that the headers of a series state twice: slice distances, numbering, dates, nuclide."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from ..._foundation.choices import IsotopeName
from ...advisory import Advisory, Severity, advise
from ...errors import FileFormatError, YttriaError
from .dataset import Dataset, number, text
from .nuclide import nuclide_doubts
from .series import Series
from .times import date_and_time

#: Allowed difference between two statements of one distance: 1 %, or rounding to two decimals.
_SAME_PART, _SAME_MM = 0.01, 0.01
#: A scan takes hours. Slices that were acquired further apart in time do not belong to one scan.
ONE_SCAN_H = 12.0


def check_whole(series: Series) -> None:
    """Reject a series if a file in its folder is named like its slices but cannot be read."""
    if series.unread:
        raise FileFormatError(
            f"{series.unread[0]} is named like the slices of the series and is not a readable DICOM file: copy it "
            "again, or move it away if it does not belong to the series"
        )


def series_doubts(series: Series, step_mm: float, isotope: IsotopeName = "Y-90") -> tuple[Advisory, ...]:
    """Compare the stated distances of a series with `step_mm`, and its nuclide with the expected isotope."""
    found = [*_distances(series, step_mm), *_numbering(series)]
    if series.modality in ("PT", "NM"):
        found += [*nuclide_doubts(series.headers[0].dataset, isotope), *scan_dates(series)]
    if series.modality == "PT":
        found += _attenuation(series.headers[0].dataset)
    return tuple(found)


def _attenuation(header: Dataset) -> tuple[Advisory, ...]:
    """Report a PET whose list of corrections lacks that of attenuation, as scanners store it beside the other."""
    corrections = [each.strip() for each in (text(header, "CorrectedImage") or "").split("\\") if each.strip()]
    if not corrections or "ATTN" in corrections:
        return ()
    stated = f"CorrectedImage {', '.join(corrections)} (0028,0051), without ATTN"
    return (advise("not_attenuation_corrected", file="The header", stated=f"{stated:.120}"),)


def _differ(a: float, b: float) -> bool:
    return abs(a - b) > max(_SAME_PART * max(abs(a), abs(b)), _SAME_MM)


def _stated(dataset: Dataset, keyword: str) -> float | None:
    try:
        value = abs(number(dataset, keyword, 0.0))
    except YttriaError:
        return None
    return value or None


def _distances(series: Series, step_mm: float) -> Iterator[Advisory]:
    headers = [header.dataset for header in series.headers]
    spacings = {value for header in headers if (value := _stated(header, "SpacingBetweenSlices")) is not None}
    for value in sorted(spacings, key=lambda spacing: -abs(spacing - step_mm))[:1]:
        if _differ(value, step_mm):
            yield advise("slice_distance_contradicted", "spacing", stated_mm=value, step_mm=step_mm)
    thickness = _stated(headers[0], "SliceThickness")
    if thickness is None or not _differ(thickness, step_mm):
        return
    if series.modality == "NM":
        yield advise("slice_distance_contradicted", "thickness", stated_mm=thickness, step_mm=step_mm)
    elif step_mm > thickness:
        severity: Severity = "warning" if series.modality == "PT" else "note"
        yield advise("gaps_between_slices", severity=severity, step_mm=step_mm, thickness_mm=thickness)


def _numbering(series: Series) -> Iterator[Advisory]:
    """Report gaps of InstanceNumber, because positions cannot show that slices are missing at an end."""
    numbers = []
    for header in series.headers:
        value = _stated(header.dataset, "InstanceNumber")
        if value is not None:
            numbers.append(int(value))
    if len(numbers) != len(series.headers) or len(set(numbers)) != len(numbers) or len(numbers) < 2:
        return
    missing = max(numbers) - min(numbers) + 1 - len(numbers)
    if missing:
        yield advise(
            "slice_numbers_missing",
            "inside",
            severity="warning",
            first=min(numbers),
            last=max(numbers),
            missing=float(missing),
        )
    elif min(numbers) > 1:
        first = min(numbers)
        yield advise("slice_numbers_missing", "first", severity="note", first=first, missing=float(first - 1))


def scan_dates(series: Series) -> tuple[Advisory, ...]:
    """Report slices of one series that were acquired on different days, more than half a day apart."""
    found = set()
    for header in series.headers:
        with suppress(YttriaError):
            found.add(date_and_time(header.dataset, "AcquisitionDate", "AcquisitionTime"))
    days = [day.replace(tzinfo=None) for day in found if day is not None]
    apart_h = (max(days) - min(days)).total_seconds() / 3600.0 if days else 0.0
    if apart_h <= ONE_SCAN_H:
        return ()
    return (advise("acquisitions_apart", apart_h=apart_h, one_scan_h=ONE_SCAN_H, first=min(days), last=max(days)),)
