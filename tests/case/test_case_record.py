"""A result names its patient, its files and its settings. An anonymous one names no person, date or path."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")
pytest.importorskip("highdicom")

from dicom_samples import write_series
from image_samples import affine, values
from typer.testing import CliRunner

import yttria
from yttria.cli.app import app


def invoke(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200", "TERM": "dumb"})
    assert result.exit_code == code, result.output
    return result.output


def names_patient(dataset: object, _: int) -> None:
    dataset.PatientID = "SECRET-ID-4711"  # type: ignore[attr-defined]
    dataset.PatientName = "Secret^Name"  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("Secret Folder")
    write_series(folder / "pet", (values() % 1000).astype(np.uint16), affine("plain"), "PT", change=names_patient)
    mask = np.zeros(values().shape, bool)
    mask[1:3, 1:4, 1:4] = True
    yttria.write_structures([yttria.Structure("Liver", mask, affine("plain"))], folder / "secret liver.seg.nrrd")
    return folder


def test_a_result_names_patient_files_settings_and_itself(case: Path, tmp_path: Path) -> None:
    invoke("dose", case / "pet", "-s", case / "secret liver.seg.nrrd", "--only", "liver", "-o", tmp_path)
    found = json.loads((tmp_path / "doses.json").read_text())
    assert (found["patient"]["PatientID"], found["patient"]["PatientName"]) == ("SECRET-ID-4711", "Secret^Name")
    assert found["paths"]["activity"] == [str(case / "pet")]
    slices = {entry["name"]: entry["sha256"] for entry in found["inputs"]["activity"]}
    assert slices == {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (case / "pet").iterdir()}
    assert [entry["name"] for entry in found["inputs"]["structures"]] == ["secret liver.seg.nrrd"]
    assert (found["settings"]["only"], found["settings"]["method"]) == ("liver", "local_deposition")
    assert found["created"].endswith("+00:00")
    files = {entry["name"]: entry["sha256"] for entry in found["files"]}
    assert files == {
        name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        for name in ("dose.nrrd", "doses.csv", "dose.png")
    }


def test_an_anonymous_result_names_no_patient(case: Path, tmp_path: Path) -> None:
    arguments = ["dose", case / "pet", "-s", case / "secret liver.seg.nrrd", "--anonymous", "-o", tmp_path]
    text = invoke(*arguments, "--json")
    for shown in (text, (tmp_path / "doses.json").read_text(), (tmp_path / "doses.csv").read_text()):
        assert "secret" not in shown.casefold()
        assert "2026-" not in shown.replace(json.loads(text)["created"], "")
    found = json.loads(text)
    assert found["patient"]["PatientID"] == hashlib.sha256(b"SECRET-ID-4711").hexdigest()[:16]
    assert set(found["patient"]) <= {"PatientID", "StudyInstanceUID", "SeriesInstanceUID"}
    assert "PatientName" not in text
    assert "give either --rtdose or --anonymous" in invoke(*arguments, "--overwrite", "--rtdose", code=1)


def test_names_of_patients_in_structures_are_replaced_and_short_identifiers_are_kept(
    case: Path, tmp_path: Path
) -> None:
    """A structure may be named after its patient. A folder or an identifier of one letter is not replaced."""
    mask = np.zeros(values().shape, bool)
    mask[1:3, 1:4, 1:4] = True
    named = [
        yttria.Structure(name, mask, affine("plain")) for name in ("SECRET_20260301 tumor", "Local 1", "Liver of Name")
    ]
    yttria.write_structures(named, tmp_path / "l.seg.nrrd")
    out = tmp_path / "out"
    uid = json.loads(invoke("inspect", case / "pet", "--json"))["series"][0]["uid"]
    arguments = ("-s", tmp_path / "l.seg.nrrd", "--anonymous", "--series", uid, "-o", out)
    invoke("dose", case / "pet", *arguments)
    for file in out.iterdir():
        content = file.read_bytes()
        assert b"SECRET" not in content.upper(), file
        assert b"20260301" not in content, file
        assert uid.encode() not in content, file
    rows = json.loads((out / "doses.json").read_text())["structures"]
    names = [row["structure"] for row in rows]
    assert names == ["PATIENT_PATIENT tumor", "Local 1", "Liver of PATIENT"]
    assert all(name in (out / "doses.csv").read_text() for name in names)


def test_a_scan_delay_that_contradicts_the_header_is_shown_with_both(case: Path, tmp_path: Path) -> None:
    arguments = ["dose", case / "pet", "-s", case / "secret liver.seg.nrrd", "--overwrite", "--json", "-o", tmp_path]
    by_header = json.loads(invoke(*arguments))
    hours = by_header["provenance"]["scaling"]["scan_delay_h"]
    codes = {a["code"]: a for a in json.loads(invoke(*arguments, "--scan-delay-h", f"{hours + 20}"))["advisories"]}
    advisory = codes["scan_delay_differs_from_header"]
    assert (advisory["value"], advisory["limit"]) == (pytest.approx(hours + 20), pytest.approx(hours))
    assert "field_total_differs_from_administered" in codes
    same = json.loads(invoke(*arguments, "--scan-delay-h", f"{hours + 0.01}"))["advisories"]
    assert "scan_delay_differs_from_header" not in {a["code"] for a in same}


def test_a_comparison_names_its_files(case: Path, tmp_path: Path) -> None:
    invoke("dose", case / "pet", "-s", case / "secret liver.seg.nrrd", "-o", tmp_path / "a")
    dose = tmp_path / "a" / "dose.nrrd"
    named = json.loads(invoke("compare", dose, dose, "--json", "-o", tmp_path / "b"))
    assert [entry["name"] for entry in named["inputs"]["a"]] == ["dose.nrrd"]
    unnamed = json.loads(invoke("compare", dose, dose, "--json", "--anonymous", "-o", tmp_path / "c"))
    assert [entry["name"] for entry in unnamed["inputs"]["b"]] == ["file 1"]
    assert not any("/" in path for path in unnamed["written"])
