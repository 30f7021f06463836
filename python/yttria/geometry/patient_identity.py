"""Comparison of the patients that the files of one case state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..advisory import Advisory, advise
from ..errors import GeometryError


class OfPatient(Protocol):
    """Image or structure that states its patient and the patient space."""

    @property
    def patient_id(self) -> str | None:
        """Identifier of the patient; None if it is not known."""

    @property
    def frame_of_reference_uid(self) -> str | None:
        """The patient space; None if it is not known."""


def patient_doubts(first: OfPatient, owner: str, others: Sequence[tuple[OfPatient, str]]) -> tuple[Advisory, ...]:
    """Compare the patient of an image with those of other images and structures.

    Parameters
    ----------
    first : Image or Structure
        Image or structure with which the others are compared.
    owner : str
        Its name in messages, such as "the activity".
    others : sequence of (Image or Structure, str)
        The others, each with its name in messages.

    Returns
    -------
    tuple of Advisory
        One advisory for all others with a different identifier.

    Raises
    ------
    GeometryError
        If identifiers differ, and the two do not share a known frame of reference.

    Warns
    -----
    patients_differ
        Identifiers differ in one frame of reference, as after an anonymization of one of the files.

    Notes
    -----
    Blanks around identifiers and their case are ignored. The message does not contain identifiers, because results are
    passed on.
    """
    differing = [(other, name) for other, name in others if _differ(first.patient_id, other.patient_id)]
    for other, name in differing:
        if first.frame_of_reference_uid is None or other.frame_of_reference_uid is None:
            raise GeometryError(
                f"{owner} and {name} must be of one patient, got two PatientID (0010,0020) without a common frame of "
                "reference"
            )
    if not differing:
        return ()
    names = ", ".join(dict.fromkeys(name for _, name in differing))
    owner = f"{owner[:1].upper()}{owner[1:]}"
    return (advise("patients_differ", owner=owner, others=names, count=float(len(differing))),)


def _differ(a: str | None, b: str | None) -> bool:
    known = [text.strip().casefold() for text in (a, b) if text is not None and text.strip()]
    return len(known) == 2 and known[0] != known[1]
