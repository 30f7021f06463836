"""Texts without names, with replacements of a patient's name, identifiers, paths and dates in a record to be shared."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_DATE = re.compile(r"(?<!\d)(19|20)\d{2}-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])(?!\d)")
_UID = re.compile(r"(?<![\d.])[0-2](?:\.\d+){5,}(?![\d.])")
#: Shorter texts identify no person, and would be found in every sentence.
_SHORTEST_SECRET = 3
#: Attributes that are removed and not hashed, because the hash of a name or a date is easily guessed.
_DROPPED = ("PatientName", "StudyDate")

#: Texts to be replaced, the longest first, each with its replacement.
Secrets = tuple[tuple[str, str], ...]


def secrets_of(patient: Mapping[str, str], files: Mapping[str, Iterable[str | Path]]) -> Secrets:
    """Collect the texts that identify a patient or a file, with their replacements.

    Parameters
    ----------
    patient : mapping of str to str
        Attributes of a header, such as PatientID and PatientName.
    files : mapping of str to iterable of str or Path
        Paths and names of files by the role that replaces them.

    Returns
    -------
    tuple of (str, str)
    """
    name = patient.get("PatientName", "")
    names = (name, *re.split(r"[\^=\s]+", name), re.sub(r"[\^=\s]+", " ", name))
    found = dict.fromkeys((*patient.values(), *names), "PATIENT")
    for role, paths in files.items():
        for path in map(Path, paths):
            found |= dict.fromkeys((str(path), str(path.absolute()), path.name), role.upper())
    long = (item for item in found.items() if len(item[0]) >= _SHORTEST_SECRET)
    return tuple(sorted(long, key=lambda item: -len(item[0])))


def without_names(value: Any, secrets: Secrets) -> Any:
    """Replace secrets, UIDs and dates in every text of a value made of dictionaries, lists and texts."""
    if isinstance(value, dict):
        return {key: without_names(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_names(item, secrets) for item in value]
    if isinstance(value, str):
        for secret, instead in secrets:
            value = re.sub(rf"(?<![^\W_]){re.escape(secret)}(?![^\W_])", instead, value, flags=re.IGNORECASE)
        value = _UID.sub(lambda uid: f"UID {hashed(uid[0])}", value)
        return _DATE.sub("DATE", value)
    return value


def pseudonymous(patient: Mapping[str, str]) -> dict[str, str]:
    """Replace the identifiers of a patient by hashes, and remove name and dates."""
    return {key: hashed(value) for key, value in patient.items() if key not in _DROPPED}


def hashed(text: str) -> str:
    """Compute the first 16 digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
