"""PET, SPECT and CT series as images: known values at known positions, and refusals of ambiguous files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pydicom")

import pydicom
from dicom_samples import FRAME_UID, new_dataset, write_series, write_spect
from image_samples import KINDS, SIZE, affine, values
from pydicom.dataset import Dataset

from yttria import AbsoluteScaling, Image, dose_image, read_image, write_image
from yttria.errors import ArgumentError, FileFormatError, GeometryError, ShapeError, UnitError, UnknownNameError
from yttria.io import dicom

#: Slopes as scanners write them: a whole number first, odd fractions after it.
SLOPES = [1.0, 0.531, 2.7182, 0.5]


def sum_in_mbq(image: Image) -> float:
    return float(image.array.sum(dtype=np.float64)) * image.voxel_volume_ml * 1e-6


def same_place(image: Image, array: np.ndarray, matrix: np.ndarray, tolerance: np.ndarray) -> None:
    """Check that every value keeps its position in mm, with any index."""
    k, j, i = np.indices(array.shape).reshape(3, -1)
    points = matrix @ np.array([i, j, k, np.ones_like(i)])
    back = np.rint((np.linalg.inv(image.affine_lps) @ points)[:3]).astype(int)
    assert np.abs(image.affine_lps @ [*back[:, 7], 1] - points[:, 7]).max() < 1e-6
    assert (np.abs(image.array[back[2], back[1], back[0]] - array[k, j, i]) <= tolerance[k]).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("slopes", [None, SLOPES], ids=["one slope", "a slope a slice"])
def test_pet_values_keep_their_positions(tmp_path: Path, kind: str, slopes: list[float] | None) -> None:
    array, matrix = values(np.float64) * 300, affine(kind)
    image = read_image(write_series(tmp_path, array, matrix, slopes=slopes, order=[2, 0, 3, 1]))
    half_step = np.array(slopes or [1.0] * 4) / 2
    same_place(image, array, matrix, half_step + 1e-2)
    assert (image.unit, image.array.dtype) == ("Bq/mL", np.float32)
    assert image.frame_of_reference_uid == FRAME_UID


def test_fractional_slopes_after_a_whole_first_slope_are_kept(tmp_path: Path) -> None:
    """A whole slope on slice 0 and fractions after it: a reader that keeps slice 0's type loses nearly everything."""
    array = np.full((4, 5, 7), 0.4)
    image = read_image(write_series(tmp_path, array, affine("plain"), slopes=[1.0, 0.001, 0.001, 0.001]))
    assert image.array[1:].min() == pytest.approx(0.4, rel=1e-6)
    assert image.array.sum() == pytest.approx(0.4 * 105, rel=1e-6)


def test_slices_are_ordered_by_position_and_not_by_instance_number(tmp_path: Path) -> None:
    """Numbers that run against the positions, and file names that run otherwise."""
    array = values()
    image = read_image(write_series(tmp_path, array, affine("plain"), slopes=[0.01] * 4, order=[3, 1, 0, 2]))
    assert image.array == pytest.approx(array, abs=0.006)


def test_rows_and_columns_are_not_exchanged(tmp_path: Path) -> None:
    """Neither the array nor the voxel is square."""
    image = read_image(write_series(tmp_path, values(), affine("plain")))
    assert image.shape == (4, 5, 7)
    assert image.voxel_size_mm == pytest.approx(SIZE[::-1])


def test_an_intercept_is_added_once(tmp_path: Path) -> None:
    array = np.rint(values(np.float64)) - 1000
    image = read_image(write_series(tmp_path, array, affine("oblique"), "CT", intercept=-1024))
    assert image.unit == "HU"
    assert (image.array == array).all()


def test_the_dose_is_that_of_the_same_voxels_in_nrrd(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "pet", values(np.float64) * 1e4, affine("plain"), slopes=[20.0, 17.3, 30.1, 9.7])
    pet = read_image(folder)
    write_image(pet, tmp_path / "pet.nrrd")
    doses = [
        dose_image(read_image(path), scaling=AbsoluteScaling(scan_delay_h=3.0)).image.array
        for path in (folder, tmp_path / "pet.nrrd")
    ]
    assert (doses[0] == doses[1]).all()


def change(**headers: object):
    """A change of headers: a value, None to leave one out, or {slice: value}."""

    def apply(dataset: Dataset, k: int) -> None:
        for keyword, value in headers.items():
            value = value.get(k, getattr(dataset, keyword, None)) if isinstance(value, dict) else value
            if value is None:
                if keyword in dataset:
                    delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)

    return apply


@pytest.mark.parametrize(
    ("headers", "error", "message"),
    [
        ({"Units": "GML"}, UnitError, "must be BQML, got GML: a standardized uptake value"),
        ({"Units": "CNTS"}, UnitError, r"got CNTS: counts; for relative scaling, request them \(unit='counts'\)"),
        ({"Units": "PROPCNTS"}, UnitError, "got PROPCNTS"),
        ({"Units": "MLMINML"}, UnitError, "not an activity concentration"),
        ({"Units": None}, UnitError, "got None"),
        ({"Units": {2: "GML"}}, FileFormatError, "one Units"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.130"}, FileFormatError, "Enhanced PET is not supported"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.128.1"}, FileFormatError, "Legacy Converted Enhanced PET"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, FileFormatError, "must be stored as PET Image"),
        ({"SeriesType": ["DYNAMIC", "IMAGE"]}, FileFormatError, "got SeriesType DYNAMIC"),
        ({"SeriesType": ["GATED", "IMAGE"]}, FileFormatError, "got SeriesType GATED"),
        ({"NumberOfSlices": 5}, FileFormatError, "has 5 slices, 4 are there"),
        ({"RescaleSlope": None}, FileFormatError, r"no RescaleSlope \(0028,1053\)"),
        ({"RescaleSlope": {1: "0"}}, FileFormatError, "slope must be > 0"),
        ({"RescaleSlope": "-1"}, FileFormatError, "slope must be > 0"),
        ({"ImagePositionPatient": None}, FileFormatError, "no ImagePositionPatient"),
        ({"ImagePositionPatient": ["1", "2", "3"]}, GeometryError, "must lie apart"),
        ({"Rows": {1: 35, 0: 35}}, FileFormatError, "one Rows"),
        ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, FileFormatError, "one gray value each"),
        ({"BitsStored": 12}, FileFormatError, "got 12 bits of 16 below bit 15"),
        ({"BitsAllocated": 64, "BitsStored": 64, "HighBit": 63}, FileFormatError, "got 64 bits of 64"),
        ({"FrameOfReferenceUID": {1: "1.2.3"}}, FileFormatError, "one FrameOfReferenceUID"),
        ({"NumberOfFrames": "2", "Rows": 5, "Columns": 3}, FileFormatError, "one frame"),
        ({"PixelData": None}, FileFormatError, "no pixel data"),
    ],
    ids=lambda v: next(iter(v)) if isinstance(v, dict) else None,
)
def test_a_pet_series_is_refused_with_the_value_that_was_found(
    tmp_path: Path, headers: dict[str, object], error: type[Exception], message: str
) -> None:
    write_series(tmp_path, values(), affine("plain"), change=change(**headers))
    with pytest.raises(error, match=message) as caught:
        read_image(tmp_path)
    assert str(caught.value).startswith(str(tmp_path))


def test_counts_are_read_on_request(tmp_path: Path) -> None:
    write_series(tmp_path, values(), affine("plain"), change=change(Units="CNTS"))
    assert read_image(tmp_path, unit="counts").unit == "counts"
    with pytest.raises(UnitError, match="got CNTS"):
        read_image(tmp_path, unit="Bq/mL")


@pytest.mark.parametrize("unit", ["kBq/mL", "counts", "HU"])
def test_a_unit_that_differs_from_the_header_is_refused(tmp_path: Path, unit: str) -> None:
    write_series(tmp_path, values(), affine("plain"))
    assert read_image(tmp_path, unit="Bq/mL").unit == "Bq/mL"
    with pytest.raises(UnitError, match=f"is in Bq/mL, not {unit}"):
        read_image(tmp_path, unit=unit)


def test_a_missing_or_doubled_slice_is_refused(tmp_path: Path) -> None:
    folder = write_series(tmp_path, values(), affine("oblique"), change=change(NumberOfSlices=None))
    files = sorted(folder.iterdir())
    with pytest.raises(GeometryError, match="there are 7 mm"):
        dicom.read_image([files[0], files[1], files[3]])
    with pytest.raises(GeometryError, match="must lie apart"):
        dicom.read_image([*files, files[2]])
    with pytest.raises(GeometryError, match="at least two slices"):
        read_image(files[0])
    assert dicom.read_image(files[:3]).shape == (3, 5, 7)


def test_several_series_are_listed_and_one_is_picked(tmp_path: Path) -> None:
    write_series(tmp_path / "a", values(), affine("plain"), change=change(SeriesDescription="Y90 late"))
    write_series(tmp_path / "b", values() - 50, affine("plain"), "CT", series="7")
    (tmp_path / "notes.txt").write_text("not DICOM")
    listed = "got 2.*PT, number 1 'Y90 late', 4 files in a.*CT, number 7, 4 files in b"
    with pytest.raises(ArgumentError, match=listed):
        read_image(tmp_path)
    assert read_image(tmp_path, series="7").unit == "HU"
    uid = pydicom.dcmread(next((tmp_path / "a").iterdir())).SeriesInstanceUID
    assert read_image(tmp_path, series=uid).unit == "Bq/mL"
    # A number that series of other kinds have too means the one that can be read.
    write_spect(tmp_path / "nm.dcm", values(), affine("plain"))
    dicom.write_rtdose(Image(values(), affine("plain"), "Gy"), tmp_path / "dose.dcm", reference=None)
    assert dicom.read_image(tmp_path, series="1", modalities=("PT",)).unit == "Bq/mL"
    with pytest.raises(ArgumentError, match=r"several have '1': .*PT.*NM"):
        read_image(tmp_path, series="1")
    with pytest.raises(UnknownNameError, match="none has '8'"):
        read_image(tmp_path, series="8")
    with pytest.raises(FileFormatError, match="must be a series of PT or NM or CT, got no DICOM file"):
        dicom.read_image(tmp_path / "notes.txt")


def test_a_series_can_be_selected_only_in_dicom(tmp_path: Path) -> None:
    write_image(Image(values(), affine("plain"), "HU"), tmp_path / "ct.nrrd")
    with pytest.raises(ArgumentError, match="series= is for DICOM"):
        read_image(tmp_path / "ct.nrrd", series="1")


def test_unused_bits_are_ignored_and_signs_extended(tmp_path: Path) -> None:
    def twelve_bits(dataset: Dataset, k: int) -> None:
        stored = np.frombuffer(dataset.PixelData, "<i2") & 0x0FFF | 0x5000
        dataset.PixelData = stored.astype("<i2").tobytes()
        dataset.BitsStored, dataset.HighBit = 12, 11

    array = np.rint(values(np.float64)) * 20 - 1500
    image = read_image(write_series(tmp_path, array, affine("plain"), "CT", change=twelve_bits))
    assert (image.array == array).all()


@pytest.mark.parametrize("syntax", [pydicom.uid.ExplicitVRBigEndian, pydicom.uid.ImplicitVRLittleEndian])
def test_other_encodings_are_read(tmp_path: Path, syntax: str) -> None:
    def encode(dataset: Dataset, k: int) -> None:
        dataset.file_meta.TransferSyntaxUID = syntax
        order = "<" if syntax.is_little_endian else ">"
        pixels = np.frombuffer(dataset.PixelData, "<u2").astype(f"{order}u2").tobytes()
        dataset["PixelData"] = pydicom.DataElement("PixelData", "OW", pixels)

    array = np.rint(values(np.float64)) * 500
    assert (read_image(write_series(tmp_path, array, affine("plain"), change=encode)).array == array).all()


def test_compressed_slices_are_decoded(tmp_path: Path) -> None:
    def rle(dataset: Dataset, k: int) -> None:
        dataset.compress(pydicom.uid.RLELossless, generate_instance_uid=False)

    array = np.rint(values(np.float64)) * 500
    assert (read_image(write_series(tmp_path, array, affine("plain"), change=rle)).array == array).all()


@pytest.mark.parametrize("step", [3.5, -3.5])
def test_spect_frames_follow_along_the_normal_or_against_it(tmp_path: Path, step: float) -> None:
    """A negative SpacingBetweenSlices is legal in nuclear medicine, and makes a left-handed grid."""
    matrix = affine("oblique")
    if step < 0:
        matrix[:3, 2] *= -np.sign(np.linalg.det(matrix[:3, :3]))
    elif np.linalg.det(matrix[:3, :3]) < 0:
        matrix[:3, 2] *= -1
    array = np.rint(values(np.float64))
    image = read_image(write_spect(tmp_path / "nm.dcm", array, matrix, order=[2, 0, 3, 1]))
    assert image.unit == "counts"
    assert image.affine_lps == pytest.approx(matrix, abs=1e-6)
    assert np.sign(np.linalg.det(image.affine_lps[:3, :3])) == np.sign(step)
    assert (image.array == array).all()


def test_a_real_world_value_mapping_makes_counts_a_concentration(tmp_path: Path) -> None:
    array = np.rint(values(np.float64))
    path = write_spect(tmp_path / "nm.dcm", array, affine("plain"), mapping=(813.5, 2.0, "Bq/ml"))
    image = read_image(path)
    assert image.unit == "Bq/mL"
    assert image.array == pytest.approx(array * 813.5 + 2.0, rel=1e-6)
    assert (
        read_image(write_spect(tmp_path / "k.dcm", array, affine("plain"), mapping=(2.0, 0.0, "kBq/ml"))).unit
        == "kBq/mL"
    )
    # A mapping to another unit is not taken for one to this.
    other = write_spect(tmp_path / "suv.dcm", array, affine("plain"), mapping=(2.0, 0.0, "g/ml"))
    assert read_image(other).unit == "counts"


@pytest.mark.parametrize(
    ("headers", "error", "message"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]}, FileFormatError, "RECON TOMO.*got TOMO"),
        ({"ImageType": ["ORIGINAL", "PRIMARY"]}, FileFormatError, "got none"),
        ({"SliceVector": [1, 2, 2, 4]}, FileFormatError, "from 1 to 4"),
        ({"SliceVector": [1, 2, 3]}, FileFormatError, "4 finite numbers"),
        ({"FrameIncrementPointer": [0x00540010, 0x00540080]}, FileFormatError, "SliceVector"),
        ({"SpacingBetweenSlices": "0"}, GeometryError, "must not be zero"),
        ({"SpacingBetweenSlices": None}, FileFormatError, "no SpacingBetweenSlices"),
        ({"DetectorInformationSequence": None}, FileFormatError, "one position and orientation"),
        ({"NumberOfFrames": "1000000"}, FileFormatError, "are promised"),
        ({"NumberOfFrames": "2147483647"}, ShapeError, r"at most 2\^33 voxels"),
    ],
    ids=lambda v: next(iter(v)) if isinstance(v, dict) else None,
)
def test_a_spect_is_refused_with_the_value_that_was_found(
    tmp_path: Path, headers: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_image(write_spect(tmp_path / "nm.dcm", values(), affine("plain"), change=change(**headers)))


def test_values_outside_the_mapped_range_are_refused(tmp_path: Path) -> None:
    path = write_spect(tmp_path / "nm.dcm", values(), affine("plain"), mapping=(2.0, 0.0, "Bq/ml"), last=50)
    with pytest.raises(FileFormatError, match="within the mapped range 0 to 50, got"):
        read_image(path)


def test_a_secondary_capture_of_a_scan_is_refused(tmp_path: Path) -> None:
    dataset = new_dataset("1.2.840.10008.5.1.4.1.1.7", "OT")
    pydicom.dcmwrite(tmp_path / "picture.dcm", dataset)
    with pytest.raises(FileFormatError, match=r"must be a series of PT or NM or CT, got .*\(OT"):
        read_image(tmp_path)
