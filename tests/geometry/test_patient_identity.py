"""Files of two patients never meet in silence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from yttria import Image, Structure
from yttria.errors import GeometryError
from yttria.evaluation import compare_doses
from yttria.geometry.patient_identity import patient_doubts

FRAME = "1.2.3"


def image(patient: str | None, frame: str | None = FRAME) -> Image:
    return Image(np.ones((2, 2, 2)), np.eye(4), "Gy", frame_of_reference_uid=frame, patient_id=patient)


@pytest.mark.parametrize(("a", "b"), [("1", "1"), ("ab ", "AB"), (None, "1"), ("", "1"), (None, None)])
def test_one_patient_or_an_unknown_one_gives_no_advisory(a: str | None, b: str | None) -> None:
    assert patient_doubts(image(a, None), "the activity", [(image(b, None), "the CT")]) == ()


def test_two_patients_in_one_frame_of_reference_are_reported_once() -> None:
    liver = Structure("Liver", np.ones((2, 2, 2), bool), np.eye(4), frame_of_reference_uid=FRAME, patient_id="2")
    (told,) = patient_doubts(image("1"), "the activity", [(liver, "'Liver'"), (image("3"), "the CT")])
    assert (told.code, told.severity) == ("patients_differ", "warning")
    assert told.message.startswith("The activity and 'Liver', the CT state different patients")


@pytest.mark.parametrize("frames", [(None, FRAME), (FRAME, None), (None, None)])
def test_two_patients_without_frames_of_reference_are_refused(frames: tuple[str | None, str | None]) -> None:
    with pytest.raises(GeometryError, match="the activity and the CT must be of one patient"):
        patient_doubts(image("1", frames[0]), "the activity", [(image("2", frames[1]), "the CT")])


def test_a_comparison_reports_doses_of_two_patients() -> None:
    found = compare_doses(image("1"), image("2"))
    assert "patients_differ" in {a.code for a in found.advisories}
    with pytest.raises(GeometryError, match="one patient"):
        compare_doses(image("1", None), image("2", None))
    same = compare_doses(image("1"), replace(image("1")))
    assert "patients_differ" not in {a.code for a in same.advisories}
