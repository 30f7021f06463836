"""What a written object takes over from the images it belongs to: patient, study, frame of reference."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import FileFormatError, GeometryError
from .dataset import Dataset, is_dicom, read_dataset, text

#: A DICOM file, a folder of one series, or a pydicom Dataset.
Reference = str | os.PathLike[str] | Dataset
References = Reference | Sequence[Reference]

#: Of type 2 in every object: present, if empty.
_ALWAYS = (
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
    """The first of the references, all of which are of one patient, study and frame of reference.

    To be called within `quiet()`. Raises `GeometryError` where they are not, `FileFormatError` where one is no DICOM
    file or knows no study or frame of reference, and `FileNotFoundError`.
    """
    several: Sequence[Reference] = references if isinstance(references, list | tuple) else [references]
    found = [_dataset(one) for one in several]
    if not found:
        raise FileFormatError("reference must name at least one DICOM file, got none")
    for keyword in ("FrameOfReferenceUID", "StudyInstanceUID", "PatientID"):
        values = {text(dataset, keyword) for dataset in found}
        if len(values) > 1:
            raise GeometryError(f"references must share one {keyword}, got {len(values)}")
    for keyword in ("FrameOfReferenceUID", "StudyInstanceUID"):
        if text(found[0], keyword) is None:
            raise FileFormatError(f"the reference has no {keyword}: nothing could be laid over it")
    return found[0]


def patient_and_study(source: Dataset | None) -> dict[str, str]:
    """The values to be taken over, as texts; what must be present is empty where it is not known."""
    values = {keyword: text(source, keyword) if source is not None else None for keyword in (*_ALWAYS, *_WHERE_KNOWN)}
    return {keyword: value or "" for keyword, value in values.items() if value is not None or keyword in _ALWAYS}


def set_texts(dataset: Dataset, values: Mapping[str, str]) -> None:
    """Set attributes of a new dataset by keyword, in UTF-8 where ASCII does not do."""
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    if not "".join(values.values()).isascii():
        dataset.SpecificCharacterSet = "ISO_IR 192"


def _dataset(reference: Reference) -> Dataset:
    if not isinstance(reference, str | os.PathLike):
        if not hasattr(reference, "get_item"):
            kind = type(reference).__name__
            raise FileFormatError(f"reference must be a DICOM file, a folder or a pydicom Dataset, got {kind}")
        return reference
    path = Path(reference)
    if path.is_dir():
        files = [file for file in sorted(path.iterdir()) if file.is_file() and is_dicom(file)]
        if not files:
            raise FileFormatError(f"{path}: no DICOM file in this folder")
        path = files[0]
    return read_dataset(path, pixels=False)
