"""Tests of `yttria dose` with a CT, and with an RTDOSE in addition to the other files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")
pydicom = pytest.importorskip("pydicom")

from cli_runner import invoke  # noqa: E402
from dicom_samples import FRAME_UID, write_series  # noqa: E402
from image_samples import affine, values  # noqa: E402

import yttria  # noqa: E402
from yttria.case import Case, dose_case, problems, read_case  # noqa: E402
from yttria.errors import ArgumentError  # noqa: E402
from yttria.io.dicom import read_rtdose  # noqa: E402


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PET and a finer CT that ends before the PET does, as DICOM and as NRRD, and one structure."""
    folder = tmp_path_factory.mktemp("case")
    activity = values(np.float64) * 1e4
    write_series(folder / "pet", activity, affine("plain"), "PT", slopes=[50.0] * 4)
    yttria.write_image(yttria.Image(activity, affine("plain"), "Bq/mL"), folder / "pet.nrrd")
    finer = affine("plain")
    finer[:3, 3] -= [0.375, 0.5625, 0.875]
    finer[:3, :3] /= 2
    hounsfield = np.full((8, 10, 10), 55, np.int16)
    hounsfield[0, 0, 0] = -1024
    write_series(folder / "ct", hounsfield, finer, "CT", series="2")
    yttria.write_image(yttria.Image(hounsfield, finer, "HU"), folder / "ct.nrrd")
    mask = np.zeros(activity.shape, bool)
    mask[1:3, 1:4, 1:4] = True
    yttria.write_structures([yttria.Structure("Liver", mask, affine("plain"))], folder / "liver.seg.nrrd")
    return folder


def test_each_voxel_by_the_density_of_the_ct(case: Path, tmp_path: Path) -> None:
    arguments = ["-s", case / "liver.seg.nrrd", "--scan-delay-h", "0", "--json", "--overwrite", "-o", tmp_path]
    plain = json.loads(invoke("dose", case / "pet.nrrd", *arguments, "--density-g-per-ml", "1.0"))
    mean_gy = plain["structures"][0]["mean_gy"]
    for pet, ct in (("pet.nrrd", "ct.nrrd"), ("pet", "ct"), ("pet", "ct.nrrd")):
        found = json.loads(invoke("dose", case / pet, *arguments, "--ct", case / ct))
        assert found["structures"][0]["mean_gy"] * 1.061841 == pytest.approx(mean_gy, rel=2e-5)
        terms = found["provenance"]["density_image"]
        assert (terms["curve"], terms["below_voxels"]) == ("schneider_1996", 1)
        # Two of seven columns lie beyond the CT.
        assert terms["resampling"][0]["outside_fraction"] == pytest.approx(2 / 7, rel=1e-6)
        assert terms["resampling"][0]["fill_value"] == 1.05
        assert found["provenance"]["density_g_per_ml"] is None
        codes = {a["code"] for a in found["advisories"]}
        assert {"resampled", "outside_image", "outside_ct_density_curve", "ct_density_not_verified"} <= codes
    by_kao = json.loads(invoke("dose", case / "pet", *arguments, "--ct", case / "ct", "--ct-curve", "kao_2014"))
    assert by_kao["structures"][0]["mean_gy"] * 1.055 == pytest.approx(mean_gy, rel=2e-5)


def test_an_rtdose_is_written_beside_the_other_files(case: Path, tmp_path: Path) -> None:
    arguments = ["-s", case / "liver.seg.nrrd", "--rtdose", "--overwrite", "-o", tmp_path]
    text = invoke("dose", case / "pet", *arguments, "--ct", case / "ct")
    assert "dose.dcm" in text
    assert "no_frame_of_reference" not in text
    dose = read_rtdose(tmp_path / "dose.dcm")
    np.testing.assert_allclose(dose.array, yttria.read_image(tmp_path / "dose.nrrd").array, atol=1e-5)
    dataset = pydicom.dcmread(tmp_path / "dose.dcm")
    assert (dataset.FrameOfReferenceUID, dataset.PatientID) == (FRAME_UID, "1")
    assert dataset.TissueHeterogeneityCorrection == "IMAGE"
    # The reference may be the CT, or none may be given.
    invoke("dose", case / "pet.nrrd", *arguments, "--scan-delay-h", "0", "--ct", case / "ct")
    assert pydicom.dcmread(tmp_path / "dose.dcm").FrameOfReferenceUID == FRAME_UID
    assert "no_frame_of_reference" in invoke("dose", case / "pet.nrrd", *arguments, "--scan-delay-h", "0")


def test_negative_doses_are_kept_in_nrrd_and_their_clipping_in_rtdose_is_reported(case: Path, tmp_path: Path) -> None:
    array = values(np.float64)
    array[0, 0, :2] = -1
    yttria.write_image(yttria.Image(array, affine("plain"), "kBq/mL"), tmp_path / "noisy.nrrd")
    arguments = ["-s", case / "liver.seg.nrrd", "--scan-delay-h", "0", "--rtdose", "-o", tmp_path / "out"]
    assert "2 voxels had negative doses" in invoke("dose", tmp_path / "noisy.nrrd", *arguments)
    assert yttria.read_image(tmp_path / "out" / "dose.nrrd").array.min() < 0
    assert read_rtdose(tmp_path / "out" / "dose.dcm").array.min() == 0
    written = json.loads((tmp_path / "out" / "doses.json").read_text())
    assert "negative_doses_clipped" in [a["code"] for a in written["advisories"]]


def test_a_ct_on_the_grid_itself_is_not_resampled(case: Path, tmp_path: Path) -> None:
    ct = yttria.Image(np.full((4, 5, 7), 55, np.int16), affine("plain"), "HU")
    yttria.write_image(ct, tmp_path / "ct.nrrd")
    declared = Case(
        activity=case / "pet.nrrd", structures=case / "liver.seg.nrrd", scan_delay_h=0.0, ct=tmp_path / "ct.nrrd"
    )
    assert read_case(declared).ct is not None
    result = dose_case(declared).result
    assert result.provenance.density_image is not None
    assert result.provenance.density_image["resampling"] == []


def test_a_ct_is_refused_by_a_method_of_one_density(case: Path) -> None:
    refused = invoke(
        *("dose", case / "pet", "-s", case / "liver.seg.nrrd", "--ct", case / "ct", "--method", "voxel-s-values"),
        code=1,
    )
    assert "one density" in refused
    with pytest.raises(ArgumentError):
        Case(activity=case / "pet", structures=case / "x.nrrd", ct=case / "ct", method="voxel_s_values")
    declared = vars(Case(activity=case / "pet", structures=case / "x.nrrd"))
    bad = {"ct": "", "ct_curve": "icru", "low_density_voxels": "ignore", "ct_series": 2}
    assert {name for name, _ in problems(declared | bad)} == set(bad)
    assert "CT" in invoke("dose", case / "pet", "-s", case / "liver.seg.nrrd", "--ct", case / "pet", code=1)
