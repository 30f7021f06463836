"""Record of a case: of whom, from which bytes, by which settings and when a result was made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ._core import __version__
from .case import FILE_FIELDS, Case, CaseInputs
from .io import dicom

#: Attributes of the activity's header that say whose and which study it is.
_IDENTITY = ("PatientID", "PatientName", "StudyInstanceUID", "SeriesInstanceUID", "StudyDate")
#: Those of them that are dropped, not hashed, if the record is anonymous: a hash of a name or a date is soon guessed.
_DROPPED = ("PatientName", "StudyDate")


@dataclass(frozen=True, kw_only=True)
class CaseRecord:
    """Identity of a case, for the file that holds its result.

    Parameters
    ----------
    created : str
        Time of the computation, ISO 8601 in UTC.
    patient : mapping of str to str
        What the DICOM header of the activity states; empty for other formats. If anonymous, identifiers are replaced
        by the first 16 digits of their SHA-256, and name and date are left out.
    inputs : mapping of str to object
        For each input its path and its files with name, size in bytes and SHA-256. If anonymous, no path is kept.
    settings : mapping of str to object
        Every other field of the case.
    anonymous : bool
        Whether names and paths were left out.
    """

    created: str
    patient: Mapping[str, str]
    inputs: Mapping[str, Any]
    settings: Mapping[str, Any]
    anonymous: bool

    def as_dict(self) -> dict[str, Any]:
        """The fields as a plain dictionary, with the version of yttria, ready for JSON."""
        return {"yttria_version": __version__, **vars(self)}


def record_case(case: Case, inputs: CaseInputs, *, anonymous: bool = False) -> CaseRecord:
    """Make the record of a case whose files were read.

    Parameters
    ----------
    case : Case
        The declared case.
    inputs : CaseInputs
        What `read_case` returned for it; its `files` are hashed now.
    anonymous : bool, default False
        Leave out names, dates and paths, and replace identifiers by hashes.

    Returns
    -------
    CaseRecord

    Raises
    ------
    OSError
        If a file cannot be read any more.

    Notes
    -----
    A hash of a short identifier can be found by trying; an anonymous record is a pseudonym, not a proof of anonymity.
    """
    patient = dicom.identity(inputs.files.get("activity", ()), _IDENTITY)
    settings = {name: value for name, value in vars(case).items() if name not in FILE_FIELDS}
    if anonymous:
        patient = {k: _hashed(v) for k, v in patient.items() if k not in _DROPPED}
        settings.pop("case_id", None)
    return CaseRecord(
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        patient=patient,
        inputs={role: _input(getattr(case, role), files, anonymous) for role, files in inputs.files.items()},
        settings=settings,
        anonymous=anonymous,
    )


def described(path: Path, name: str) -> dict[str, str | int]:
    """Name, size in bytes and SHA-256 of a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return {"name": name, "bytes": size, "sha256": digest.hexdigest()}


def _input(declared: object, files: Sequence[Path], anonymous: bool) -> dict[str, Any]:
    if anonymous:
        return {"files": [described(file, f"file {n}") for n, file in enumerate(files, 1)]}
    paths = declared if isinstance(declared, tuple) else (declared,)
    return {"path": [str(path) for path in paths], "files": [described(file, file.name) for file in files]}


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
