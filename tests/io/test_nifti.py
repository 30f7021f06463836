"""NIfTI images and labelmaps: patient axes, memory order, scaling, units, names, and damaged files."""

from __future__ import annotations

import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import KINDS, SHAPE, SIZE, affine, values

from yttria import Image, Structure, read_image, read_structures, write_image, write_structures
from yttria.errors import DTypeError, FileFormatError, MissingExtraError, UnitError, UnknownNameError, YttriaError


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "u1", ">f4", "<i8"])
def test_a_written_image_is_read_back(tmp_path: Path, name: str, kind: str, dtype: str) -> None:
    image = Image(values(dtype), affine(kind), "Bq/mL")
    write_image(image, tmp_path / name)
    read = read_image(tmp_path / name)
    np.testing.assert_array_equal(read.array, image.array)
    assert read.array.dtype == np.dtype(dtype).newbyteorder("=")
    assert read.array.flags.c_contiguous
    # The format holds the affine in single precision. A second round trip changes nothing more.
    np.testing.assert_array_equal(read.affine_lps, image.affine_lps.astype(np.float32))
    write_image(read, tmp_path / name)
    np.testing.assert_array_equal(read_image(tmp_path / name).affine_lps, read.affine_lps)
    assert read.same_grid(image)
    assert read.unit == "Bq/mL"


@pytest.mark.parametrize("kind", KINDS)
def test_positions_are_those_of_simpleitk_in_reading_and_writing(tmp_path: Path, kind: str) -> None:
    write_image(Image(values(), affine(kind), "Gy"), tmp_path / "x.nii.gz")
    image = SimpleITK.ReadImage(tmp_path / "x.nii.gz")
    np.testing.assert_allclose(image.GetSpacing(), SIZE, rtol=1e-6)
    np.testing.assert_allclose(
        image.TransformIndexToPhysicalPoint((6, 2, 3)), (affine(kind) @ (6, 2, 3, 1))[:3], rtol=1e-5
    )
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), values())
    SimpleITK.WriteImage(image, tmp_path / "y.nii")
    read = read_image(tmp_path / "y.nii", unit="Gy")
    np.testing.assert_array_equal(read.array, values())
    np.testing.assert_allclose(read.affine_lps, affine(kind), rtol=0, atol=1e-4)


def test_stored_integers_are_scaled(tmp_path: Path) -> None:
    nifti = nibabel.Nifti1Image(values(np.int16).T, np.diag([-1.5, -2.25, 3.5, 1.0]))
    nifti.header.set_slope_inter(0.5, -1024)
    nibabel.save(nifti, tmp_path / "x.nii.gz")
    scaled = values(np.int16) * 0.5 - 1024
    np.testing.assert_array_equal(read_image(tmp_path / "x.nii.gz", unit="HU").array, scaled)


def test_a_unit_is_stated_or_given_and_never_guessed(tmp_path: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(values(), np.eye(4)), tmp_path / "x.nii")
    with pytest.raises(UnitError, match=r"x\.nii: the file states no unit; pass unit="):
        read_image(tmp_path / "x.nii")
    write_image(Image(values(), affine("plain"), "Gy"), tmp_path / "x.nii")
    with pytest.raises(UnitError, match="the file is in Gy, not mGy"):
        read_image(tmp_path / "x.nii", unit="mGy")


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
@pytest.mark.parametrize("keep", [0, 20, 352, 500, -1, -9])
def test_a_truncated_file_is_an_error_that_names_it(tmp_path: Path, name: str, keep: int) -> None:
    path = tmp_path / name
    write_image(Image(values(), affine("plain"), "Gy"), path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FileFormatError, match=f"{name}: not a readable NIfTI file"):
        read_image(path)


@given(st.lists(st.tuples(st.integers(0, 399), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=100)
def test_any_header_is_an_image_or_an_error_that_names_the_file(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("nifti") / "x.nii"
    write_image(Image(values(), affine("oblique"), "Gy"), path)
    data = bytearray(path.read_bytes())
    for position, value in changes:
        data[position] = value
    path.write_bytes(data)
    try:
        read_image(path)
    except YttriaError as error:
        assert str(error).startswith(str(path))  # noqa: PT017


def test_files_of_other_formats_and_types_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.nii").write_bytes(b"NRRD0004\n" * 100)
    with pytest.raises(FileFormatError, match=r"x\.nii: not a readable NIfTI file"):
        read_image(tmp_path / "x.nii", unit="1")
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path / "absent.nii", unit="1")
    with pytest.raises(DTypeError, match="NIfTI has no type for bool"):
        write_image(Image(values(bool), affine("plain"), "1"), tmp_path / "y.nii")
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'yttria\[nifti\]'"):
        read_image(tmp_path / "x.nii", unit="1")


def _labelmap() -> np.ndarray:
    labelmap = np.zeros(SHAPE, np.uint8)
    labelmap[1:3, 2:4, 1:6] = 5
    labelmap[3, 4, 6] = 9
    return labelmap


@pytest.mark.parametrize("kind", KINDS)
def test_structures_are_read_back_with_their_names(tmp_path: Path, kind: str) -> None:
    written = [
        Structure("Leber µ", _labelmap() == 5, affine(kind), label=5),
        Structure("Tumor", _labelmap() == 9, affine(kind)),
    ]
    write_structures(written, tmp_path / "x.nii.gz")
    read = read_structures(tmp_path / "x.nii.gz")
    assert [(s.name, s.label) for s in read] == [("Leber µ", 5), ("Tumor", 1)]
    for a, b in zip(read, written, strict=True):
        np.testing.assert_array_equal(a.mask, b.mask)
        np.testing.assert_array_equal(a.affine_lps, b.affine_lps.astype(np.float32))
    assert [s.name for s in read_structures(tmp_path / "x.nii.gz", names=["Tumor"])] == ["Tumor"]
    overlapping = [*written, Structure("all", np.ones(SHAPE, bool), affine(kind))]
    with pytest.raises(FileFormatError, match=r"cannot hold structures that overlap: write a \.seg"):
        write_structures(overlapping, tmp_path / "y.nii.gz")


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_a_labelmap_of_another_program_is_read(tmp_path: Path, dtype: type) -> None:
    nibabel.save(nibabel.Nifti1Image(_labelmap().T.astype(dtype), np.diag([-1.5, -2.25, 3.5, 1])), tmp_path / "x.nii")
    assert [s.name for s in read_structures(tmp_path / "x.nii")] == ["label 5", "label 9"]
    (liver,) = read_structures(tmp_path / "x.nii", labels={5: "Liver"})
    assert (liver.name, liver.label) == ("Liver", 5)
    np.testing.assert_array_equal(liver.mask, _labelmap() == 5)
    with pytest.raises(UnknownNameError, match="label must be one of 5, 9, got 6"):
        read_structures(tmp_path / "x.nii", labels={6: "Lung"})


def test_the_liver_of_a_real_labelmap_has_its_volume(shared_data: Path) -> None:
    path = shared_data / "images" / "totalsegmentator_ct" / "example_seg.nii.gz"
    (liver,) = read_structures(path, labels={5: "Liver"})
    assert liver.volume_ml == pytest.approx(1043.1, abs=0.05)
