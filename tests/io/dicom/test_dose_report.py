"""Doses as a structured report on segments: written and read back, refusals, and the check by another program."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from image_samples import affine, values

pytest.importorskip("highdicom")
import pydicom
from dicom_samples import write_seg, write_series

from yttria import AbsoluteScaling, dose_image, read_image, read_structures
from yttria.errors import ArgumentError, FileFormatError, UndefinedError, YttriaError
from yttria.evaluation import dose_metric
from yttria.io.dicom import read_dose_report, write_dose_report
from yttria.planning import structure_metrics

METRICS = [dose_metric(text) for text in ("V70", "D0.5mL", "mass", "activity", "BED", "T/N", "NTCP")]
LIVER = ["liver-cremonesi-2008", "normal_liver:td50_gy=52,m=0.28,n=1"]


@pytest.fixture
def pet(tmp_path: Path) -> Path:
    return write_series(tmp_path / "pet", values() * 1e4, affine("plain"))


@pytest.fixture(params=["BINARY", "LABELMAP", "FRACTIONAL"])
def seg(request: pytest.FixtureRequest, tmp_path: Path, pet: Path) -> Path:
    masks = {"Liver": (values() > 40) & (values() <= 80), "Tumor 1": values() > 80}
    return write_seg(tmp_path / "seg.dcm", masks, pet, request.param)


def rows_of(pet: Path, seg: Path) -> tuple[list[dict[str, object]], object]:
    structures = read_structures(seg)
    result = dose_image(read_image(pet), scaling=AbsoluteScaling(3.0))
    metrics = structure_metrics(result, structures, METRICS, parameters=LIVER)
    return [row.as_dict() | dict(metrics.rows[row.structure]) for row in result.table(structures)], result.provenance


@pytest.mark.claim("structured_report")
def test_values_units_and_segments_are_read_back(tmp_path: Path, pet: Path, seg: Path) -> None:
    rows, provenance = rows_of(pet, seg)
    written = write_dose_report(rows, tmp_path / "sr.dcm", segmentation=seg, metrics=METRICS, provenance=provenance)
    back = {each.structure: each for each in read_dose_report(written.path)}
    header = pydicom.dcmread(seg)
    numbers = {item.SegmentLabel: item.SegmentNumber for item in header.SegmentSequence if item.SegmentNumber}
    assert list(back) == list(written.structures) == ["Liver", "Tumor 1"]
    for row in rows:
        found = back[str(row["structure"])]
        assert found.segment_number == numbers[found.structure]
        assert found.segmentation_uid == header.SOPInstanceUID
        assert found.quantities["Mean Absorbed Radiation Dose"] == (pytest.approx(row["mean_gy"]), "Gy")
        assert found.quantities["Volume"] == (pytest.approx(row["volume_ml"]), "mL")
        assert found.quantities["Minimum dose of the hottest 70 % of the volume"][0] == pytest.approx(row["d70_gy"])
        assert found.quantities["Share of the volume that receives at least 70 Gy"][1] == "1"
        assert found.quantities["Mass"] == (pytest.approx(row["mass_kg"]), "kg")
    # Quantities that are not defined for a structure are missing.
    assert "Mean biologically effective dose (BED)" in back["Liver"].quantities
    assert "Mean biologically effective dose (BED)" not in back["Tumor 1"].quantities


def test_patient_and_study_are_those_of_the_segmentation(tmp_path: Path, pet: Path, seg: Path) -> None:
    rows, _ = rows_of(pet, seg)
    written = write_dose_report(rows, tmp_path / "sr.dcm", segmentation=seg)
    report, header = pydicom.dcmread(written.path), pydicom.dcmread(seg)
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID"):
        assert report[keyword].value == header[keyword].value
    assert (report.Modality, report.VerificationFlag) == ("SR", "UNVERIFIED")


def test_rows_without_a_segment_are_left_out_and_reported(tmp_path: Path, pet: Path, seg: Path) -> None:
    rows, _ = rows_of(pet, seg)
    other = rows[0] | {"structure": "Spleen"}
    written = write_dose_report([*rows, other], tmp_path / "sr.dcm", segmentation=seg)
    assert [told.code for told in written.advisories] == ["structure_not_in_segmentation"]
    with pytest.raises(UndefinedError, match="none of Spleen is a segment of the segmentation, which holds Liver"):
        write_dose_report([other], tmp_path / "none.dcm", segmentation=seg)
    assert not (tmp_path / "none.dcm").exists()


def test_a_file_that_is_no_segmentation_is_refused(tmp_path: Path, pet: Path) -> None:
    masks = {"Liver": values() > 40}
    rows = [{"structure": "Liver", "mean_gy": 1.0}]
    with pytest.raises(FileFormatError, match="segmentation must be a DICOM SEG"):
        write_dose_report(rows, tmp_path / "sr.dcm", segmentation=sorted(pet.iterdir())[0])

    def orphan(dataset: pydicom.Dataset, _: int) -> None:
        del dataset.ReferencedSeriesSequence

    seg = write_seg(tmp_path / "seg.dcm", masks, pet, change=orphan)
    with pytest.raises(FileFormatError, match="names no series of source images"):
        write_dose_report(rows, tmp_path / "sr.dcm", segmentation=seg)
    with pytest.raises(ArgumentError, match="description must be a text of at most 64"):
        write_dose_report(rows, tmp_path / "sr.dcm", segmentation=seg, description="x" * 65)


@pytest.mark.claim("structured_report")
def test_other_and_damaged_files_are_refused_by_the_reader(tmp_path: Path, pet: Path, seg: Path) -> None:
    rows, _ = rows_of(pet, seg)
    path = write_dose_report(rows, tmp_path / "sr.dcm", segmentation=seg).path
    with pytest.raises(FileFormatError, match="not a structured report"):
        read_dose_report(seg)
    whole = path.read_bytes()
    rng = np.random.default_rng(5)
    for n in range(60):
        bad = bytearray(whole[: rng.integers(200, len(whole))] if n % 2 else whole)
        for place in rng.integers(140, len(bad), 8):
            bad[place] = rng.integers(256)
        (tmp_path / "bad.dcm").write_bytes(bytes(bad))
        try:
            read_dose_report(tmp_path / "bad.dcm")
        except YttriaError:
            continue


@pytest.mark.claim("structured_report")
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian package dicom3tools) is not installed")
def test_dciodvfy_finds_no_error(tmp_path: Path, pet: Path, seg: Path) -> None:
    rows, provenance = rows_of(pet, seg)
    path = write_dose_report(rows, tmp_path / "sr.dcm", segmentation=seg, metrics=METRICS, provenance=provenance).path

    def output() -> str:
        done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True)
        return done.stdout + done.stderr

    assert "Comprehensive3DSR" in output().split()
    errors = [line for line in output().splitlines() if line.startswith("Error")]
    # The class of labelmaps is younger than the program.
    assert all(line.endswith("SOP Class that is not segmentation") for line in errors)
    assert not errors or pydicom.dcmread(seg).SegmentationType == "LABELMAP"
    # A missing element is an error, so that the program has checked the file.
    dataset = pydicom.dcmread(path)
    del dataset.CompletionFlag
    pydicom.dcmwrite(path, dataset)
    assert "Error - </CompletionFlag" in output()
