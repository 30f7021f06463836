"""Content of a folder of DICOM, and missing information for dosimetry; no pixels are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ...advisory import Advisory
from ...advisory.warning_filters import quiet
from ...errors import UnitError, YttriaError
from ...geometry.affine import voxel_size_mm
from .dataset import items, text
from .image import Described, described
from .nuclide import stated_nuclide
from .rtdose_reader import dose_doubts
from .series import Paths, Series, files, root, scan
from .timing import ACTIVITY_MODALITIES, ActivityTiming, timing_of


@dataclass(frozen=True, kw_only=True)
class SeriesReport:
    """One series with its grid, unit, nuclide, timing, structures, advisories, and the reason if it cannot be read.

    Fields that do not apply are None or empty. `shape` and `voxel_size_mm` are (k, j, i). `place` is the folder of its
    files, or the only file, relative to the folder that was inspected. `name` is modality and number, with as much of
    description, place and UID as distinguishes it from the others.
    """

    uid: str
    modality: str
    number: str
    description: str
    file_count: int
    place: str
    name: str
    frame_of_reference_uid: str | None = None
    unit: str | None = None
    shape: tuple[int, int, int] | None = None
    voxel_size_mm: tuple[float, float, float] | None = None
    acquired: str | None = None
    timing: ActivityTiming | None = None
    timing_problem: str | None = None
    structures: tuple[str, ...] = ()
    problem: str | None = None
    nuclide: str | None = None
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FolderReport:
    """Series of a folder, damaged files, number of files that are not DICOM, and missing information for dosimetry."""

    series: tuple[SeriesReport, ...]
    damaged: tuple[str, ...]
    other_file_count: int
    missing: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.
        """
        found = asdict(self)
        for entry, report in zip(found["series"], self.series, strict=True):
            entry["timing"] = None if report.timing is None else report.timing.as_dict()
        return found


def inspect(paths: Paths) -> FolderReport:
    """List the series of a folder with units, times, geometry and structures, and missing information for dosimetry.

    Parameters
    ----------
    paths : path or sequence of path
        A folder (with the folders in it), a file, or several.

    Returns
    -------
    FolderReport
        The report, which states every problem found.

    Raises
    ------
    FileNotFoundError
        If there is no such path.
    MissingExtraError
        If the extra `dicom` is not installed.

    Examples
    --------
    >>> from yttria.phantom import liver_phantom, write_dicom_study
    >>> _ = write_dicom_study(liver_phantom((10.0, 10.0, 10.0)), "study")
    >>> sorted(series.modality for series in inspect("study").series)
    ['CT', 'PT', 'SEG']
    """
    found, top = files(paths), root(paths).absolute()
    damaged: list[YttriaError] = []
    with quiet():
        series = scan(found, damaged)
        reports = tuple(_named([_report(s, top) for s in series]))
    known = sum(r.file_count for r in reports) + len(damaged)
    return FolderReport(
        series=reports,
        damaged=tuple(map(str, damaged)),
        other_file_count=len(found) - known,
        missing=tuple(_missing(reports)),
    )


def _report(series: Series, top: Path) -> SeriesReport:
    entry: dict[str, Any] = {
        "uid": series.uid,
        "modality": series.modality,
        "number": series.number,
        "description": series.description,
        "file_count": len(series.headers),
        "place": _below(series.place, top),
        "name": "",
    }
    reader = _READERS.get(series.modality)
    try:
        entry["frame_of_reference_uid"] = text(series.headers[0].dataset, "FrameOfReferenceUID")
        entry["acquired"] = _date(series, "Acquisition") or _date(series, "Series") or _date(series, "Study")
        entry |= reader(series) if reader else {"problem": "is not used"}
    except Exception as error:
        entry["problem"] = _error_text(error)
    return SeriesReport(**entry)


def _below(place: Path, top: Path) -> str:
    if place == top:
        return place.name
    return str(place.relative_to(top)) if place.is_relative_to(top) else str(place)


def _named(reports: list[SeriesReport]) -> Iterator[SeriesReport]:
    """Give each series the shortest unique name: modality and number, then with description, place or UID."""
    several = [
        [
            f"{r.modality} series {r.number or r.uid}",
            f"{r.modality} series {r.number or r.uid} '{r.description}'",
            f"{r.modality} series {r.number or r.uid} in {r.place}",
            f"{r.modality} series {r.uid}",
        ]
        for r in reports
    ]
    taken = Counter(name for names in several for name in names)
    for report, names in zip(reports, several, strict=True):
        yield replace(report, name=next((name for name in names if taken[name] == 1), names[-1]))


def _error_text(error: Exception) -> str:
    """Return the text of an error; an error of pydicom on a damaged value is reported as a damaged header."""
    return str(error) if isinstance(error, YttriaError) else f"damaged header: {error or type(error).__name__}"


def _image(series: Series) -> dict[str, Any]:
    try:
        found = described(series, None)
    except UnitError as error:
        # These can be read on request, so their grid is shown.
        found = described(series, "HU" if series.modality == "CT" else "counts")
        return _described(found) | {"problem": str(error)}
    return _described(found)


def _described(found: Described) -> dict[str, Any]:
    return {
        "unit": found.unit,
        "advisories": found.advisories,
        "shape": found.shape,
        "voxel_size_mm": voxel_size_mm(found.affine),
    }


def _activity(series: Series) -> dict[str, Any]:
    entry = _image(series) | {"nuclide": stated_nuclide(series.headers[0].dataset)}
    try:
        return entry | {"timing": timing_of(series)}
    except Exception as error:
        return entry | {"timing_problem": _error_text(error)}


def _segments(series: Series) -> dict[str, Any]:
    entries = [item for h in series.headers for item in items(h.dataset, "SegmentSequence")]
    # Number 0 is the background of a labelmap.
    names = [text(item, "SegmentLabel") for item in entries if text(item, "SegmentNumber") != "0"]
    return {"structures": tuple(name or "-" for name in names)}


def _contours(series: Series) -> dict[str, Any]:
    names = [text(item, "ROIName") for h in series.headers for item in items(h.dataset, "StructureSetROISequence")]
    frames = {
        text(item, "FrameOfReferenceUID")
        for h in series.headers
        for item in items(h.dataset, "ReferencedFrameOfReferenceSequence")
    }
    frame = {"frame_of_reference_uid": frames.pop()} if len(frames) == 1 else {}
    return {"structures": tuple(name or "-" for name in names)} | frame


def _dose(series: Series) -> dict[str, Any]:
    first = series.headers[0].dataset
    unit = text(first, "DoseUnits")
    return {"unit": {"GY": "Gy"}.get(unit or "", unit), "advisories": dose_doubts(first)}


_READERS: dict[str, Callable[[Series], dict[str, Any]]] = {
    "PT": _activity,
    "NM": _activity,
    "CT": _image,
    "SEG": _segments,
    "RTSTRUCT": _contours,
    "RTDOSE": _dose,
}


def _missing(reports: tuple[SeriesReport, ...]) -> list[str]:
    """List the information that dosimetry needs and the folder lacks, one sentence each."""
    found: list[str] = []
    activities = [r for r in reports if r.modality in ACTIVITY_MODALITIES]
    usable = [r for r in activities if r.problem is None]
    if not activities:
        found.append("no activity: there is no PET or SPECT series")
    for report in activities:
        name = report.name
        if report.problem:
            found.append(f"{name} cannot be used as it is: {report.problem}")
        elif report.unit == "counts":
            found.append(
                f"{name} is in counts: relative scaling (--relative-to, --administered-activity-gbq, "
                "--lung-shunt-fraction), or "
                "a calibration to Bq/mL"
            )
        elif report.timing_problem:
            found.append(f"the time of {name}: {report.timing_problem} (--scan-delay-h)")
    if len(usable) > 1:
        found.append(
            "a choice between PET or SPECT series (--series): " + "; ".join(f"{r.uid}, {r.name}" for r in usable)
        )
    structures = [r for r in reports if r.structures]
    if not structures:
        found.append("no structures: there is no SEG or RTSTRUCT")
    frames = {r.frame_of_reference_uid for r in usable}
    for report in (r for r in structures + [r for r in reports if r.modality == "CT"] if frames):
        if report.frame_of_reference_uid and report.frame_of_reference_uid not in frames | {None}:
            found.append(f"a registration: {report.name} is in another frame of reference than the activity")
    return found


def _date(series: Series, kind: str) -> str | None:
    """Return the earliest date and time of a kind, as the headers have them, for display."""
    found = [
        (date, text(h.dataset, f"{kind}Time") or "") for h in series.headers if (date := text(h.dataset, f"{kind}Date"))
    ]
    if not found:
        return None
    date, time = min(found)
    return f"{date[:4]}-{date[4:6]}-{date[6:8]} {time[:2]}:{time[2:4]}".removesuffix(" :")
