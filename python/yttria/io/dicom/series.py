"""Series of a folder, and the choice of one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import ArgumentError, FileFormatError, UnknownNameError, YttriaError
from .._common import decoding
from .dataset import Header, read_header, text

#: A folder, a file, or several of them.
Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

#: Attributes that are read from every header; the others are not kept.
_KEYWORDS = (
    "DirectoryRecordSequence SOPClassUID Modality SeriesInstanceUID SeriesNumber SeriesDescription "
    "StudyDate StudyTime FrameOfReferenceUID ImageType "
    "SeriesDate SeriesTime AcquisitionDate AcquisitionTime AcquisitionDateTime TimezoneOffsetFromUTC "
    "ActualFrameDuration DecayCorrection CorrectedImage Units SeriesType NumberOfSlices "
    "RadiopharmaceuticalInformationSequence RealWorldValueMappingSequence DetectorInformationSequence "
    "ImagePositionPatient ImageOrientationPatient PixelSpacing SpacingBetweenSlices SliceThickness InstanceNumber "
    "PatientID StudyInstanceUID DoseSummationType DoseType GridFrameOffsetVector 70530010 70531009 "
    "Rows Columns NumberOfFrames BitsAllocated BitsStored HighBit PixelRepresentation SamplesPerPixel "
    "PhotometricInterpretation RescaleSlope RescaleIntercept RescaleType SegmentSequence "
    "StructureSetROISequence ReferencedFrameOfReferenceSequence FrameIncrementPointer SliceVector DoseUnits"
)


#: Storage classes of objects that belong to a series. Templates and palettes belong to none and have other classes.
_COMPOSITE = "1.2.840.10008.5.1.4.1.1."


@dataclass(frozen=True, kw_only=True)
class Series:
    """Files of one series, in the order of their names."""

    uid: str
    modality: str
    number: str
    description: str
    headers: tuple[Header, ...] = field(repr=False)
    #: Files that are named like those of the series but are not DICOM files, for example after a failed copy.
    unread: tuple[Path, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        named = f" '{self.description}'" if self.description else ""
        count = len(self.headers)
        files_ = f"{count} files in {self.place.name}" if count > 1 else self.place.name
        return f"{self.uid} ({self.modality}, number {self.number or '-'}{named}, {files_})"

    @property
    def place(self) -> Path:
        """Return the folder that holds all of its files, or the only file."""
        paths = [header.path.absolute() for header in self.headers]
        try:
            return Path(os.path.commonpath(paths))
        except ValueError:  # on several drives
            return paths[0]


def files(paths: Paths) -> list[Path]:
    """List every file in a folder and its subfolders, or the given files, including broken links.

    `FileNotFoundError` is raised if there is no file, and `PermissionError` if a folder cannot be listed.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    found: list[Path] = []
    for path in map(Path, given):
        if path.is_dir():
            for folder, inside, names in os.walk(path, onerror=_raise):
                inside.sort()
                found += (p for p in (Path(folder, name) for name in names) if p.is_file() or _leads_nowhere(p))
            found.sort()
        elif path.is_file():
            found.append(path)
        else:
            raise FileNotFoundError(f"{path}: no such file or folder")
    return found


def scan(paths: Iterable[Path], damaged: list[YttriaError] | None = None) -> list[Series]:
    """Find the series among these files, by UID in the order of the files; other files are ignored.

    A damaged DICOM file raises `FileFormatError` with its name, or is collected in `damaged`.
    """
    headers: dict[str, list[Header]] = {}
    others: list[Path] = []
    for path in paths:
        with _collected(damaged), decoding(path, "DICOM"):
            header = None if _leads_nowhere(path) else read_header(path, _KEYWORDS)
            if header is None:
                others.append(path)
            elif header.dataset.get("DirectoryRecordSequence") is None:
                headers.setdefault(_uid(header), []).append(header)
    found: list[Series] = []
    for uid, group in headers.items():
        with _collected(damaged), decoding(group[0].path, "DICOM"):
            found.append(_series(uid, group, others))
    return found


def _raise(error: OSError) -> None:
    raise error


def _leads_nowhere(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def _uid(header: Header) -> str:
    """Return the UID of the series; `FileFormatError` if an object that belongs to one does not state it."""
    uid = text(header.dataset, "SeriesInstanceUID")
    if uid is None and (text(header.dataset, "SOPClassUID") or _COMPOSITE).startswith(_COMPOSITE):
        raise FileFormatError("the header is damaged: it has no SeriesInstanceUID (0020,000E)")
    return uid or ""


def _unread(headers: list[Header], others: list[Path]) -> Iterator[Path]:
    """Return files in the folders of the series that are named like its slices."""
    known = {(h.path.parent, _kind_of_name(h.path)) for h in headers} if others else set()
    suffixes = {(h.path.parent, h.path.suffix.casefold()) for h in headers} if others else set()
    for path in others:
        suffix = path.suffix.casefold()
        named = suffix in (".dcm", ".ima") and (path.parent, suffix) in suffixes and not path.name.startswith(".")
        if named or (path.parent, _kind_of_name(path)) in known:
            yield path


def _kind_of_name(path: Path) -> str:
    return re.sub(r"\d+", "#", path.name.casefold())


@contextmanager
def _collected(errors: list[YttriaError] | None) -> Iterator[None]:
    """Errors are collected in the list, if it is given."""
    try:
        yield
    except YttriaError as error:
        if errors is None:
            raise
        errors.append(error)


def choose(found: Sequence[Series], series: str | None, modalities: Sequence[str], what: str) -> Series:
    """Choose the series with this UID or number, or else the only one of these modalities.

    If series of several kinds have that number, the one of these modalities is chosen. `FileFormatError` is raised if
    there is none, `ArgumentError` if there are several, and `UnknownNameError` if none has that name. The messages list
    the series found.
    """
    fitting = [s for s in found if s.modality in modalities]
    there = "; ".join(map(str, found)) or "no DICOM file"
    if series is not None:
        named = (
            [s for s in found if series == s.uid]
            or [s for s in fitting if series == s.number]
            or [s for s in found if series == s.number]
        )
        if len(named) != 1:
            what = "series must be the UID or number of one series"
            if named:
                raise ArgumentError(f"{what}, but several have '{series}': {'; '.join(map(str, named))}")
            raise UnknownNameError(f"{what}, but none has '{series}': {there}")
        return named[0]
    if not fitting:
        raise FileFormatError(f"{what} must be a series of {' or '.join(modalities)}, got {there}")
    if len(fitting) > 1:
        raise ArgumentError(
            f"{what} must be one series, got {len(fitting)}; name one by its UID or number (series): "
            + "; ".join(map(str, fitting))
        )
    return fitting[0]


def same(series: Series, keyword: str) -> str | None:
    """Return a value as text that all files of a series must share; otherwise `FileFormatError` names two files."""
    values: dict[str | None, Path] = {}
    for header in series.headers:
        values.setdefault(text(header.dataset, keyword), header.path)
    if len(values) > 1:
        (a, first), (b, other), *_ = values.items()
        raise FileFormatError(f"a series must have one {keyword}: {first.name} has {a}, {other.name} has {b}")
    return next(iter(values))


def _series(uid: str, headers: list[Header], others: list[Path]) -> Series:
    first = headers[0].dataset
    modality, number, description = (
        text(first, keyword) or "" for keyword in ("Modality", "SeriesNumber", "SeriesDescription")
    )
    return Series(
        uid=uid,
        modality=modality,
        number=number,
        description=description,
        headers=tuple(headers),
        unread=tuple(_unread(headers, others)),
    )


def root(paths: Paths) -> Path:
    """Return the path that errors name: the given one, or the folder of the first of several."""
    if isinstance(paths, str | os.PathLike):
        return Path(paths)
    return Path(next(iter(paths), Path())).parent
