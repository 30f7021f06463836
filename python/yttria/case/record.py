"""Record of a case with patient, files and their hashes, settings and time of a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._core import __version__
from ..io import dicom
from ..io._common import sha256_of
from .case import FILE_FIELDS, Case
from .inputs import CaseInputs
from .pseudonyms import Secrets, pseudonymous, secrets_of, without_names

#: Attributes of the activity's header that identify patient and study.
_IDENTITY = ("PatientID", "PatientName", "StudyInstanceUID", "SeriesInstanceUID", "StudyDate")


@dataclass(frozen=True, kw_only=True)
class CaseRecord:
    """Identity of a case, for the file that holds its result.

    Parameters
    ----------
    created : str
        Time of the computation, ISO 8601 in UTC.
    patient : mapping of str to str
        Attributes of the DICOM header of the activity, empty for other formats. If anonymous, identifiers are replaced
        by the first 16 digits of their SHA-256, and name and date are left out.
    paths : mapping of str to list of str
        The paths that the case names, by field. It is empty if anonymous.
    inputs : mapping of str to object
        The files that were read for each of them, with name, size in bytes and SHA-256.
    settings : mapping of str to object
        Every other field of the case.
    anonymous : bool
        Whether names and paths were left out.
    secrets : tuple of (str, str)
        Texts that `shareable` replaces, the longest first, each with its replacement.
    """

    created: str
    patient: Mapping[str, str]
    paths: Mapping[str, list[str]]
    inputs: Mapping[str, Any]
    settings: Mapping[str, Any]
    anonymous: bool
    secrets: Secrets = field(default=(), repr=False)

    def shareable(self, value: Any) -> Any:
        """Make the form of a result that may be written.

        An anonymous record removes paths, identifiers and dates from it.

        Parameters
        ----------
        value : object
            Dictionaries, lists and texts, as for JSON.

        Returns
        -------
        object
            The same value. Secrets are replaced in each text if the record is anonymous.

        Examples
        --------
        See `record_case`.
        """
        return without_names(value, self.secrets) if self.anonymous else value

    def as_dict(self) -> dict[str, Any]:
        """Return the fields and the version of yttria as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.case.record_case`.
        """
        kept = {key: value for key, value in vars(self).items() if key != "secrets"}
        return {"yttria_version": __version__, **kept}


def record_case(case: Case, inputs: CaseInputs, *, anonymous: bool = False) -> CaseRecord:
    """Make the record of a case whose files were read.

    Parameters
    ----------
    case : Case
        The declared case.
    inputs : CaseInputs
        Result of `read_case`. Its `files` are hashed now.
    anonymous : bool, default False
        Leave out names, dates and paths, and replace identifiers by hashes.

    Returns
    -------
    CaseRecord

    Raises
    ------
    OSError
        If a file can no longer be read.

    Notes
    -----
    A short identifier can be found from its hash by trying all values. An anonymous record is therefore pseudonymous
    only.

    Examples
    --------
    >>> from yttria import write_image, write_structures
    >>> from yttria.case import Case, read_case
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((10.0, 10.0, 10.0))
    >>> write_image(phantom.activity, "pet.nrrd")
    >>> write_structures(phantom.structures, "seg.seg.nrrd")
    >>> case = Case(activity=Path("pet.nrrd"), structures=(Path("seg.seg.nrrd"),), scan_delay_h=20.0)
    >>> record = record_case(case, read_case(case), anonymous=True)
    >>> record.shareable("dose of pet.nrrd") == "dose of pet.nrrd"
    False
    """
    stated = dicom.identity(inputs.files.get("activity", ()), _IDENTITY)
    patient = stated
    settings = {name: value for name, value in vars(case).items() if name not in FILE_FIELDS}
    if anonymous:
        patient = pseudonymous(stated)
        settings.pop("case_id", None)
    record = CaseRecord(
        created=utc_now(),
        patient=patient,
        paths={} if anonymous else {role: _paths(case, role) for role in inputs.files},
        inputs=describe_inputs(inputs.files, anonymous=anonymous),
        settings=settings,
        anonymous=anonymous,
        secrets=_secrets(case, inputs, stated) if anonymous else (),
    )
    return replace(record, settings=record.shareable(settings))


def _secrets(case: Case, inputs: CaseInputs, stated: Mapping[str, str]) -> Secrets:
    """Collect paths and identifiers with their replacements."""
    files: dict[str, tuple[str | Path, ...]] = {
        role: (*_paths(case, role), *inputs.files.get(role, ())) for role in FILE_FIELDS
    }
    return secrets_of(stated, files)


def utc_now() -> str:
    """Return the current time in UTC to the second, ISO 8601."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def describe_inputs(inputs: Mapping[str, Iterable[Path]], *, anonymous: bool = False) -> dict[str, Any]:
    """Describe the files of each input by name, size and SHA-256. Numbers replace the names if anonymous."""
    return {
        role: [describe_file(file, f"file {n}" if anonymous else file.name) for n, file in enumerate(files, 1)]
        for role, files in inputs.items()
    }


def describe_file(path: Path, name: str) -> dict[str, str | int]:
    """Describe a file by name, size in bytes and SHA-256."""
    with path.open("rb") as file:
        sha256 = sha256_of(file)
        return {"name": name, "bytes": file.tell(), "sha256": sha256}


def _paths(case: Case, role: str) -> list[str]:
    declared = getattr(case, role)
    return [str(path) for path in (declared if isinstance(declared, tuple) else [declared] if declared else [])]
