"""RTDOSE files as written: valid by the standard, read back within half a step, and read by other programs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_samples import KINDS, SHAPE, affine, values

pydicom = pytest.importorskip("pydicom")
from dicom_samples import FRAME_UID, STUDY_UID, write_series  # noqa: E402
from rtdose_samples import changed_rtdose, dose_of, written_rtdose  # noqa: E402

from yttria import AbsoluteScaling, Image, YttriaError, dose_image, read_image  # noqa: E402
from yttria.errors import (  # noqa: E402
    ArgumentError,
    FileFormatError,
    GeometryError,
    OutOfRangeError,
    ShapeError,
    UnitError,
    UnknownNameError,
)
from yttria.io.dicom import read_rtdose  # noqa: E402


@pytest.fixture(scope="module")
def pet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def name(dataset: Any, k: int) -> None:
        dataset.SpecificCharacterSet = "ISO_IR 100"
        dataset.PatientName = "Müller^Jo"

    return write_series(tmp_path_factory.mktemp("pet"), values(), affine("plain"), change=name)


@pytest.mark.claim("rtdose_round_trip")
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
@pytest.mark.parametrize("kind", KINDS)
def test_a_written_dose_is_read_back_within_half_a_step(tmp_path: Path, pet: Path, kind: str, dtype: Any) -> None:
    dose = dose_of(kind, values(dtype))
    written = written_rtdose(tmp_path, dose, reference=pet)
    back = read_rtdose(written.path)
    assert back.array.dtype == np.float64
    assert back.frame_of_reference_uid == written.frame_of_reference_uid == FRAME_UID
    expected = dose.array if np.linalg.det(dose.affine_lps[:3, :3]) > 0 else dose.array[::-1]
    assert np.abs(back.array - expected).max() <= 0.5 * written.step_gy * (1 + 1e-6)
    assert written.step_gy <= dose.array.max() / (2**32 - 1) * (1 + 2e-9)
    # Every voxel keeps its position, for any order of the frames.
    index = np.array([[0, 0, 0, 1], [6, 0, 3, 1], [2, 4, 1, 1]], float).T
    for i, j, k, _ in index.T.astype(int).tolist():
        place = np.linalg.inv(back.affine_lps) @ dose.affine_lps @ [i, j, k, 1]
        x, y, z = np.rint(place[:3]).astype(int)
        np.testing.assert_allclose(place[:3], [x, y, z], atol=1e-9)
        assert back.array[z, y, x] == pytest.approx(dose.array[k, j, i], abs=written.step_gy)
    assert np.linalg.det(back.affine_lps[:3, :3]) > 0
    assert np.array_equal(read_image(written.path).array, back.array)


def test_dose_types_and_any_size_of_dose_are_written(tmp_path: Path) -> None:
    milligray = dose_of("plain", values() * 1000, "mGy")
    written = written_rtdose(tmp_path, milligray, dose_type="EFFECTIVE")
    np.testing.assert_allclose(read_rtdose(written.path, dose_type="EFFECTIVE").array, values(), rtol=1e-6, atol=1e-6)
    with pytest.raises(UnitError, match=r"must be PHYSICAL, got EFFECTIVE; .*read_rtdose with dose_type='EFFECTIVE'"):
        read_rtdose(written.path)
    nothing = written_rtdose(tmp_path, dose_of(array=np.zeros(SHAPE)))
    assert (read_rtdose(nothing.path).array == 0).all()
    for scale in (1e-12, 1e9):
        tiny = written_rtdose(tmp_path, dose_of(array=values(np.float64) * scale))
        assert np.abs(read_rtdose(tiny.path).array - values(np.float64) * scale).max() <= 0.5001 * tiny.step_gy


def test_negative_doses_are_refused_or_reported(tmp_path: Path) -> None:
    array = values()
    array[1, 2, 3:5] = -0.5
    with pytest.raises(OutOfRangeError, match=r"got 2 negative voxels, the lowest -0.5 Gy"):
        written_rtdose(tmp_path, dose_of(array=array))
    assert not list(tmp_path.iterdir())
    written = written_rtdose(tmp_path, dose_of(array=array), negative_doses="clip")
    assert written.clipped_voxels == 2
    assert "negative_doses_clipped" in [a.code for a in written.advisories]
    assert (read_rtdose(written.path).array[1, 2, 3:5] == 0).all()


def test_the_same_dose_gives_the_same_bytes(tmp_path: Path, pet: Path) -> None:
    first = written_rtdose(tmp_path, reference=pet).path.read_bytes()
    assert written_rtdose(tmp_path, reference=pet).path.read_bytes() == first
    other = values()
    other[0, 0, 0] += 1
    uids = {
        written_rtdose(tmp_path, dose, reference=pet).sop_instance_uid for dose in (dose_of(), dose_of(array=other))
    }
    assert len(uids) == 2


# Header


def test_patient_study_and_frame_are_those_of_the_reference(tmp_path: Path, pet: Path) -> None:
    first = sorted(pet.iterdir())[0]
    for reference in (pet, first, str(first), pydicom.dcmread(first), list(pet.iterdir())):
        dataset = pydicom.dcmread(written_rtdose(tmp_path, reference=reference).path)
        assert str(dataset.PatientName) == "Müller^Jo"
        assert (dataset.StudyInstanceUID, dataset.FrameOfReferenceUID) == (STUDY_UID, FRAME_UID)
        assert dataset.StudyDate == "20260301"
        assert dataset.SeriesInstanceUID != pydicom.dcmread(first).SeriesInstanceUID
    assert dataset.SOPClassUID == "1.2.840.10008.5.1.4.1.1.481.2"
    assert dataset.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
    assert (dataset.DoseUnits, dataset.DoseType, dataset.DoseSummationType) == ("GY", "PHYSICAL", "PLAN")
    assert (dataset.BitsAllocated, dataset.HighBit, dataset.PixelRepresentation) == (32, 31, 0)
    assert dataset.FrameIncrementPointer == 0x3004000C
    assert list(dataset.GridFrameOffsetVector) == [0, 3.5, 7, 10.5]
    assert dataset.ReferencedRTPlanSequence[0].ReferencedSOPClassUID == pydicom.uid.RTPlanStorage


def test_method_density_and_dose_factor_are_written(tmp_path: Path, pet: Path) -> None:
    activity = Image(values(), affine("plain"), "kBq/mL")
    now = AbsoluteScaling(scan_delay_h=0.0)
    dataset = pydicom.dcmread(written_rtdose(tmp_path, dose_image(activity, scaling=now), reference=pet).path)
    assert dataset.DoseComment == "local deposition, 1.05 g/mL; research use"
    assert "49.67 Gy kg/GBq" in dataset.DerivationDescription
    assert dataset.TissueHeterogeneityCorrection == "WATER"
    density = Image(np.full(SHAPE, 1.1), affine("plain"), "g/mL")
    result = dose_image(activity, scaling=now, density=density)
    dataset = pydicom.dcmread(written_rtdose(tmp_path, result, reference=pet).path)
    assert dataset.TissueHeterogeneityCorrection == "IMAGE"
    assert "own densities" in dataset.DoseComment
    for method in ("superposition", "monte_carlo"):
        more: dict[str, Any] = {"histories": 100} if method == "monte_carlo" else {}
        result = dose_image(activity, scaling=now, density=density, method=method, negative_voxels="clip", **more)
        dataset = pydicom.dcmread(written_rtdose(tmp_path, result, reference=pet).path)
        assert dataset.TissueHeterogeneityCorrection == "IMAGE"
    given = written_rtdose(tmp_path, plan_uid="1.2.3.4", tissue_heterogeneity="ROI_OVERRIDE", comment="mine")
    dataset = pydicom.dcmread(given.path)
    assert dataset.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == "1.2.3.4"
    assert (dataset.TissueHeterogeneityCorrection, dataset.DoseComment) == ("ROI_OVERRIDE", "mine")
    assert "ReferencedRTPlanSequence" not in pydicom.dcmread(written_rtdose(tmp_path, plan_reference=False).path)


def test_a_dose_without_a_reference_may_lack_a_frame_of_reference(tmp_path: Path) -> None:
    alone = written_rtdose(tmp_path)
    assert [a.code for a in alone.advisories] == ["no_frame_of_reference"]
    placed = Image(values(), affine("plain"), "Gy", frame_of_reference_uid="1.2.3")
    written = written_rtdose(tmp_path, placed)
    assert written.frame_of_reference_uid == "1.2.3"
    assert not written.advisories


# Others


def _validated(path: Path, folder: Path) -> str:
    """Output of dciodvfy for the file with pixels of 16 bits, because it aborts on any file with 32 bits."""
    dataset = pydicom.dcmread(path)
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelData = bytes(len(dataset.PixelData) // 2)
    dataset["PixelData"].VR = "OW"
    pydicom.dcmwrite(folder / "sixteen.dcm", dataset)
    done = subprocess.run(["dciodvfy", "-new", str(folder / "sixteen.dcm")], capture_output=True, text=True)
    assert done.returncode in (0, 1)
    return done.stdout + done.stderr


@pytest.mark.claim("rtdose_legal")
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian package dicom3tools) is not installed")
def test_dciodvfy_finds_no_error(tmp_path: Path, pet: Path) -> None:
    result = dose_image(Image(values(), affine("oblique"), "kBq/mL"), scaling=AbsoluteScaling(scan_delay_h=0.0))
    for dose, options in (
        (result, {"reference": pet}),
        (dose_of("flipped"), {"reference": pet, "dose_type": "EFFECTIVE"}),
        (dose_of("permuted"), {"reference": None, "tissue_heterogeneity": "IMAGE\\ROI_OVERRIDE"}),
    ):
        output = _validated(written_rtdose(tmp_path, dose, **options).path, tmp_path)
        assert "RTDose" in output.split()
        assert "Error" not in output
        # Without a reference it warns of the patient it does not know.
        assert ("Warning" in output) == (options["reference"] is None)
    # A missing element is an error, so that the program has checked the file.
    output = _validated(written_rtdose(tmp_path, plan_reference=False).path, tmp_path)
    assert "Error - </ReferencedRTPlanSequence" in output


@pytest.mark.claim("rtdose_round_trip")
@pytest.mark.parametrize("kind", KINDS)
def test_simpleitk_reads_positions_and_unscaled_values(tmp_path: Path, kind: str) -> None:
    sitk = pytest.importorskip("SimpleITK")
    dose = dose_of(kind)
    written = written_rtdose(tmp_path, dose)
    image = sitk.ReadImage(str(written.path))
    scaled = sitk.GetArrayFromImage(image) * written.step_gy
    back = read_rtdose(written.path)
    np.testing.assert_allclose(scaled, back.array, rtol=1e-12)
    direction = np.reshape(image.GetDirection(), (3, 3)) * np.array(image.GetSpacing())
    np.testing.assert_allclose(direction, back.affine_lps[:3, :3], atol=1e-5)
    np.testing.assert_allclose(image.GetOrigin(), back.affine_lps[:3, 3], atol=1e-5)


@pytest.mark.claim("rtdose_round_trip")
def test_pymedphys_reads_the_same_doses(tmp_path: Path) -> None:
    dicom = pytest.importorskip("pymedphys.dicom")
    written = written_rtdose(tmp_path, dose_of("plain"))
    (z, y, x), dose = dicom.zyx_and_dose_from_dataset(pydicom.dcmread(written.path))
    assert np.abs(dose - values()).max() <= 0.5 * written.step_gy * (1 + 1e-6)
    for axis, (coordinates, start) in enumerate(zip((x, y, z), affine("plain")[:3, 3], strict=True)):
        np.testing.assert_allclose(coordinates, start + affine("plain")[axis, axis] * np.arange(len(coordinates)))


@pytest.mark.claim("rtdose_round_trip")
def test_pydicom_reads_the_same_doses(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(written_rtdose(tmp_path, dose_of("plain")).path)
    np.testing.assert_allclose(dataset.pixel_array * float(dataset.DoseGridScaling), values(), rtol=1e-7, atol=1e-6)


# Reading


@pytest.mark.parametrize("kind", ["plain", "oblique"])
def test_offsets_may_be_absolute_or_fall(tmp_path: Path, kind: str) -> None:
    def falling(dataset: Any) -> None:
        dataset.GridFrameOffsetVector = [-float(z) for z in dataset.GridFrameOffsetVector]

    back = read_rtdose(changed_rtdose(tmp_path, falling, dose_of(kind)))
    np.testing.assert_allclose(back.array, values()[::-1], atol=1e-6)
    expected = affine(kind)[:3, 3] - 3 * affine(kind)[:3, 2]
    np.testing.assert_allclose(back.affine_lps[:3, 3], expected, atol=1e-6)

    def absolute(dataset: Any) -> None:
        z = float(dataset.ImagePositionPatient[2])
        dataset.GridFrameOffsetVector = [z + float(offset) for offset in dataset.GridFrameOffsetVector]

    changed = changed_rtdose(tmp_path, absolute, dose_of(kind))
    if kind == "plain":
        assert read_rtdose(changed).same_grid(dose_of(kind))
    else:
        with pytest.raises(GeometryError, match="must begin with 0"):
            read_rtdose(changed)


@pytest.mark.claim("rtdose_round_trip")
def test_a_real_dose_is_read_back_within_half_a_step(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "dicom" / "patient_1"
    dose = read_rtdose(folder / "rd.dcm")
    written = written_rtdose(tmp_path, dose, reference=folder / "pet")
    back = read_rtdose(written.path)
    assert np.abs(back.array - dose.array).max() <= 0.5 * written.step_gy * (1 + 1e-6)
    assert back.same_grid(dose)
    assert not written.advisories


# Refusals


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"dose": dose_of(unit="HU")}, UnitError),
        ({"dose": dose_of(array=np.full(SHAPE, np.nan))}, OutOfRangeError),
        ({"dose": dose_of(array=np.full(SHAPE, np.inf))}, OutOfRangeError),
        ({"dose": dose_of(array=np.full(SHAPE, 1e20))}, OutOfRangeError),
        ({"dose": dose_of(array=np.broadcast_to(np.float32(1), (2, 3, 70000)))}, ShapeError),
        ({"dose": dose_of(array=np.broadcast_to(np.float32(1), (4000, 3, 2)))}, ShapeError),
        ({"dose_type": "RELATIVE"}, UnknownNameError),
        ({"negative_doses": "abs"}, UnknownNameError),
        ({"tissue_heterogeneity": "AIR"}, UnknownNameError),
        ({"comment": "x" * 65}, ArgumentError),
        ({"description": "two\nlines"}, ArgumentError),
        ({"reference": []}, FileFormatError),
        ({"reference": 3}, FileFormatError),
        ({"reference": pydicom.Dataset()}, FileFormatError),
    ],
)
def test_impossible_doses_and_options_are_not_written(
    tmp_path: Path, options: dict[str, Any], error: type[YttriaError]
) -> None:
    others = {name: value for name, value in options.items() if name != "dose"}
    with pytest.raises(error):
        written_rtdose(tmp_path, options.get("dose"), **others)
    assert not list(tmp_path.iterdir())


def test_a_grid_or_reference_that_does_not_fit_is_refused(tmp_path: Path, pet: Path) -> None:
    sheared = affine("plain")
    sheared[0, 2] = 0.9e-3 * sheared[2, 2]
    tall = Image(np.ones((40, 2, 3)), sheared, "Gy")
    with pytest.raises(GeometryError, match="along their normal, but"):
        written_rtdose(tmp_path, tall)
    elsewhere = Image(values(), affine("plain"), "Gy", frame_of_reference_uid="1.2.3")
    with pytest.raises(GeometryError, match="one frame of reference"):
        written_rtdose(tmp_path, elsewhere, reference=pet)
    other = pydicom.dcmread(sorted(pet.iterdir())[0])
    other.FrameOfReferenceUID = "1.2.3"
    with pytest.raises(GeometryError, match="must share one FrameOfReferenceUID"):
        written_rtdose(tmp_path, reference=[sorted(pet.iterdir())[1], other])
    with pytest.raises(FileNotFoundError):
        written_rtdose(tmp_path, reference=tmp_path / "none.dcm")
