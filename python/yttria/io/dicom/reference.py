"""Attributes that a written object copies from its images: patient, study, frame of reference."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...advisory.warning_filters import quiet
from ...errors import FileFormatError, GeometryError
from .._common import decoding
from .dataset import Dataset, is_dicom, read_dataset, text
from .series import Paths, choose, files, root, scan

#: A DICOM file, a folder of one series, or a pydicom Dataset.
Reference = str | os.PathLike[str] | Dataset
References = Reference | Sequence[Reference]

#: Attributes of type 2 in every object, which must be present but may be empty.
ALWAYS_PRESENT = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PositionReferenceIndicator",
)
_WHERE_KNOWN = ("StudyDescription", "PatientIdentityRemoved", "StudyInstanceUID", "FrameOfReferenceUID")


def referenced(references: References) -> Dataset:
    """Return the first of the references, which must share one patient, study and frame of reference.

    Call it within `quiet()`. `GeometryError` is raised if they differ, and `FileFormatError` if one is not a DICOM file
    or has no study or frame of reference. An absent file raises `FileNotFoundError`.
    """
    return _agreeing([read_header(_files(reference)[0]) for reference in _each(references)])[0]


def referenced_files(references: References) -> list[Dataset]:
    """Return all references; a folder gives every file of the series of its first file."""
    return _agreeing([header for reference in _each(references) for header in _series(reference)])


def _each(references: References) -> Sequence[Reference]:
    return references if isinstance(references, list | tuple) else [references]


def _agreeing(found: list[Dataset]) -> list[Dataset]:
    if not found:
        raise FileFormatError("reference must name at least one DICOM file, got none")
    for keyword in ("FrameOfReferenceUID", "StudyInstanceUID", "PatientID"):
        values = {text(dataset, keyword) for dataset in found}
        if len(values) > 1:
            raise GeometryError(f"references must share one {keyword}, got {len(values)}")
    for keyword in ("FrameOfReferenceUID", "StudyInstanceUID"):
        if text(found[0], keyword) is None:
            raise FileFormatError(f"the reference has no {keyword}: other systems could not overlay the new object")
    return found


def first_file(paths: Paths, series: str | None, modalities: Sequence[str]) -> Path:
    """Find a file of the series that `read_image` would read, as the reference of objects written for it.

    Parameters
    ----------
    paths : path or sequence of path
        A folder (with the folders in it), a file, or several.
    series : str, optional
        UID or number of one series; needed if there are several.
    modalities : sequence of str
        Modalities that may be chosen, such as "PT".

    Returns
    -------
    Path
        The first file of the series.

    Raises
    ------
    FileFormatError, ArgumentError, UnknownNameError, FileNotFoundError
        As for `read_image`.
    MissingExtraError
        If the extra `dicom` is not installed.

    Examples
    --------
    >>> from yttria.phantom import liver_phantom, write_dicom_study
    >>> _ = write_dicom_study(liver_phantom((10.0, 10.0, 10.0)), "study")
    >>> first_file("study", None, ["CT"]).parent.name
    'ct'
    """
    with decoding(root(paths), "DICOM"), quiet():
        return choose(scan(files(paths)), series, modalities, "the image").headers[0].path


def identity(files: Sequence[Path], keywords: Sequence[str]) -> dict[str, str]:
    """Read attributes of the first of several files.

    Parameters
    ----------
    files : sequence of path
        Files of one series.
    keywords : sequence of str
        DICOM keywords, such as "PatientID".

    Returns
    -------
    dict of str to str
        Values of the attributes in the file; empty if there is no file, or it is not DICOM.

    Raises
    ------
    MissingExtraError
        If the extra `dicom` is not installed.

    Examples
    --------
    >>> from yttria.phantom import liver_phantom, write_dicom_study
    >>> written = write_dicom_study(liver_phantom((10.0, 10.0, 10.0)), "study")
    >>> identity(written, ["Modality"])
    {'Modality': 'PT'}
    """
    if not files or not is_dicom(files[0]):
        return {}
    with decoding(files[0], "DICOM"), quiet():
        header = read_dataset(files[0], pixels=False)
        return {keyword: value for keyword in keywords if (value := text(header, keyword)) is not None}


def patient_and_study(source: Dataset | None) -> dict[str, str]:
    """Return the values to be copied as texts; an attribute that must be present is empty if it is not known."""
    values = {
        keyword: text(source, keyword) if source is not None else None for keyword in (*ALWAYS_PRESENT, *_WHERE_KNOWN)
    }
    return {keyword: value or "" for keyword, value in values.items() if value is not None or keyword in ALWAYS_PRESENT}


def set_texts(dataset: Dataset, values: Mapping[str, str]) -> None:
    """Set attributes of a new dataset by keyword, in UTF-8 if ASCII is not sufficient."""
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    if not "".join(values.values()).isascii():
        dataset.SpecificCharacterSet = "ISO_IR 192"


def _series(reference: Reference) -> list[Dataset]:
    first, *others = _files(reference)
    read = read_header(first)
    uid = text(read, "SeriesInstanceUID")
    return [read, *(found for found in map(read_header, others) if text(found, "SeriesInstanceUID") == uid)]


def _files(reference: Reference) -> list[Reference]:
    """Return the files of a folder in the order of their names; any other reference by itself."""
    if not isinstance(reference, str | os.PathLike):
        return [reference]
    path = Path(reference)
    if not path.is_dir():
        return [path]
    inside: list[Reference] = [file for file in sorted(path.iterdir()) if file.is_file() and is_dicom(file)]
    if not inside:
        raise FileFormatError(f"{path}: no DICOM file in this folder")
    return inside


def read_header(reference: Reference) -> Dataset:
    """Return the header of a file, or the Dataset itself; `FileFormatError` for any other object."""
    if isinstance(reference, str | os.PathLike):
        return read_dataset(reference, pixels=False)
    if not hasattr(reference, "get_item"):
        kind = type(reference).__name__
        raise FileFormatError(f"reference must be a DICOM file, a folder or a pydicom Dataset, got {kind}")
    return reference
