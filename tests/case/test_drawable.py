"""Results read back from their folder give the same doses, or a sentence on missing or changed files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")
pytest.importorskip("matplotlib")

from cli_runner import invoke
from report_samples import write_case

import yttria
from yttria.case.anonymous_results import anonymous_doses
from yttria.case.drawable import read_drawable_dose
from yttria.case.pseudonyms import hashed, secrets_of, without_names
from yttria.errors import FileFormatError
from yttria.report import dose_map


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    case = write_case(tmp_path / "case")
    invoke(
        *("dose", case / "activity.nrrd", "-s", case / "structures.seg.nrrd", "--scan-delay-h", "20"),
        *("--ct", case / "ct.nrrd", "--except", "Normal*", "-o", tmp_path / "result"),
    )
    return tmp_path


def test_structures_and_doses_are_those_of_the_table(folder: Path) -> None:
    found = read_drawable_dose(folder / "result" / "doses.json")
    assert not found.remarks
    assert found.result is not None
    assert found.background is not None
    assert found.background.same_grid(found.result.image)
    assert [s.name for s in found.structures] == [row["structure"] for row in found.doses["structures"]]
    assert (
        dose_map(found.result, found.structures, background=found.background).differing(found.doses["structures"]) == []
    )
    means = {row.structure: row.mean_gy for row in found.result.table(found.structures)}
    assert means == pytest.approx({row["structure"]: row["mean_gy"] for row in found.doses["structures"]})


@pytest.mark.thread_unsafe(reason="the fixture writes into one folder for all threads")
def test_files_that_are_gone_or_changed_are_named(folder: Path) -> None:
    index, structures = folder / "result" / "doses.json", folder / "case" / "structures.seg.nrrd"
    changed = yttria.read_structures(structures)
    yttria.write_structures(changed[:2], structures)
    found = read_drawable_dose(index)
    assert found.structures == []
    assert "a file of the result's inputs has changed (structures)" in found.remarks[0]
    structures.unlink()
    found = read_drawable_dose(index)
    assert "could not be read again" in found.remarks[0]
    assert "structures.seg.nrrd" in found.remarks[0]
    given = folder / "other.seg.nrrd"
    yttria.write_structures(changed, given)
    assert {s.name for s in read_drawable_dose(index, structures=[given]).structures} == {"Liver", "Tumor 1", "Tumor 2"}


def test_another_dose_map_is_refused(folder: Path) -> None:
    path = folder / "result" / "dose.nrrd"
    image = yttria.read_image(path)
    yttria.write_image(image.with_array(image.array * np.float32(2.0), image.unit), path)
    with pytest.raises(FileFormatError, match="its SHA-256 differs"):
        read_drawable_dose(folder / "result" / "doses.json")
    path.unlink()
    found = read_drawable_dose(folder / "result" / "doses.json")
    assert found.result is None
    assert found.remarks == ("The folder of the result holds no dose map.",)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"structures": []}', "{" * 100_000, "\ufeff{}"])
def test_a_file_that_is_no_result_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "doses.json").write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match=r"doses\.json"):
        read_drawable_dose(tmp_path / "doses.json")


@pytest.mark.claim("report_anonymous")
def test_an_anonymous_result_holds_no_name_date_or_path() -> None:
    doses = {
        "created": "2026-11-29T08:00:00+00:00",
        "yttria_version": "0.1.0",
        "patient": {
            "PatientID": "P-77",
            "PatientName": "DOE^JANE",
            "StudyDate": "20260203",
            "StudyInstanceUID": "1.2.3",
        },
        "paths": {"activity": ["/data/doe/pet.nrrd"], "structures": ["/data/doe/seg.nrrd"]},
        "inputs": {"activity": [{"name": "pet.nrrd", "bytes": 1, "sha256": "ab20260203cd"}]},
        "settings": {"case_id": "doe", "relative_to": "Liver of Doe"},
        "structures": [{"structure": "Tumor Jane 2026-02-03", "mean_gy": 1.0}],
        "files": [{"name": "dose.nrrd", "bytes": 1, "sha256": "00-20260203-00"}],
        "anonymous": False,
    }
    found, secrets = anonymous_doses(doses)
    text = (
        json.dumps(found["patient"] | found["settings"]) + json.dumps(found["structures"]) + json.dumps(found["paths"])
    )
    assert not [word for word in ("doe", "jane", "P-77", "/data", "0203", "pet.nrrd") if word in text.lower()]
    assert found["inputs"] == {"activity": [{"name": "file 1", "bytes": 1, "sha256": "ab20260203cd"}]}
    assert found["patient"]["PatientID"] == hashed("P-77")
    assert found["files"] == doses["files"]
    assert (
        found["structures"][0]["structure"] == without_names("Tumor Jane 2026-02-03", secrets) == "Tumor PATIENT DATE"
    )
    assert anonymous_doses(found) == (found, ())


def test_words_of_two_letters_are_not_replaced_as_names() -> None:
    secrets = secrets_of({"PatientName": "LI^PO ANNA"}, {})
    assert without_names("Liver of Anna Li", secrets) == "Liver of PATIENT Li"
