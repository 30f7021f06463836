"""The phantom as DICOM: valid by the standard, read back as it was, and dosed to its known truth."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from cli_runner import invoke

from yttria import AbsoluteScaling, dose_image, read_image, read_structures
from yttria.phantom import Phantom, PlanningPhantom, liver_phantom, planning_phantom

pytest.importorskip("pydicom")
pytest.importorskip("highdicom")

from yttria.io import dicom
from yttria.phantom import write_dicom_study, write_planning_dicom_study


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return liver_phantom((6.0, 8.0, 10.0))


@pytest.fixture(scope="module")
def planning() -> PlanningPhantom:
    return planning_phantom((8.0, 9.0, 10.0))


@pytest.fixture(scope="module")
def study(phantom: Phantom, planning: PlanningPhantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_dicom_study(phantom, folder / "treatment")
    write_planning_dicom_study(planning, folder / "planning")
    return folder


def test_images_and_structures_are_read_back_as_they_were(study: Path, phantom: Phantom) -> None:
    pet, ct = read_image(study / "treatment/pet"), read_image(study / "treatment/ct")
    assert (pet.unit, ct.unit) == ("Bq/mL", "HU")
    for found, given, tolerance in ((pet, phantom.activity, 1e-5), (ct, phantom.ct, 1e-3)):
        np.testing.assert_allclose(found.affine_lps, given.affine_lps, atol=1e-6)
        assert np.abs(found.array - given.array).max() <= max(tolerance * np.abs(given.array).max(), 0.5)
    for found_structure, given_structure in zip(
        read_structures(study / "treatment/structures.dcm"), phantom.structures, strict=True
    ):
        assert found_structure.name == given_structure.name
        np.testing.assert_allclose(
            found_structure.voxel_fractions_on(phantom.activity).to_array(),
            given_structure.voxel_fractions_on(phantom.activity).to_array(),
            atol=1e-6,
        )


def test_time_and_activity_are_those_of_the_header(study: Path, phantom: Phantom) -> None:
    timing = dicom.activity_timing(study / "treatment/pet")
    assert timing.scan_delay_h == pytest.approx(phantom.scan_delay_h)
    assert timing.administered_activity_gbq == pytest.approx(phantom.administered_activity_gbq)


def test_the_dose_of_the_files_is_the_truth(study: Path, phantom: Phantom) -> None:
    delay = dicom.activity_timing(study / "treatment/pet").scan_delay_h
    assert delay is not None
    result = dose_image(read_image(study / "treatment/pet"), scaling=AbsoluteScaling(delay))
    expected = dose_image(phantom.activity, scaling=AbsoluteScaling(phantom.scan_delay_h))
    structures = read_structures(study / "treatment/structures.dcm")
    for row, right in zip(result.table(structures), expected.table(phantom.structures), strict=True):
        assert row.mean_gy == pytest.approx(right.mean_gy, rel=1e-4)


def test_tracer_scan_keeps_the_shares_of_its_structures(study: Path, planning: PlanningPhantom) -> None:
    spect = read_image(study / "planning/maa.dcm")
    assert spect.unit == "counts"
    np.testing.assert_allclose(spect.affine_lps, planning.maa_of_all.affine_lps, atol=1e-6)
    ratio = spect.array.sum() / planning.maa_of_all.array.sum()
    assert np.abs(spect.array / ratio - planning.maa_of_all.array).max() <= 1e-4 * planning.maa_of_all.array.max()
    names = [structure.name for structure in read_structures(study / "planning/structures.dcm")]
    assert names == [structure.name for structure in planning.structures]


def test_the_same_phantom_is_the_same_study_and_another_one_is_not(tmp_path: Path, phantom: Phantom) -> None:
    import pydicom

    uids = []
    for n, each in enumerate((phantom, phantom, liver_phantom((6.0, 8.0, 10.0), blur_fwhm_mm=5.0))):
        written = write_dicom_study(each, tmp_path / str(n))
        uids.append(pydicom.dcmread(written[0]).StudyInstanceUID)
    assert uids[0] == uids[1] != uids[2]


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian package dicom3tools) is not installed")
def test_dciodvfy_finds_nothing_in_the_study(study: Path) -> None:
    places = ("treatment/pet/PT-003.dcm", "treatment/ct/CT-003.dcm", "treatment/structures.dcm", "planning/maa.dcm")
    for name in places:
        done = subprocess.run(["dciodvfy", "-new", str(study / name)], capture_output=True, text=True)
        assert "Error" not in done.stdout + done.stderr, name


def test_demo_writes_the_study_and_replaces_it_only_on_request(tmp_path: Path) -> None:
    demo = ("demo", "--dicom", "--json", "--out", tmp_path / "demo")
    written = json.loads(invoke(*demo))["written"]
    treatment = tmp_path / "demo" / "dicom" / "treatment"
    assert str(treatment / "structures.dcm") in written
    invoke("dose", treatment / "pet", "-s", treatment / "structures.dcm", "-o", tmp_path / "dose")
    for path in (tmp_path / "demo").glob("*.*"):
        path.unlink()
    assert "holds DICOM already" in invoke(*demo, code=1)
