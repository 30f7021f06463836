"""NIfTI headers that state a place or a size twice: one reading, a warning with the distance, or a refusal."""

from __future__ import annotations

import struct
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pytest

from yttria import Image, read_image
from yttria.errors import ArgumentError, FileFormatError, GeometryError

VALUES = np.zeros((10, 9, 8), np.float32)
QFORM = np.diag([4.0, 4.0, 4.0, 1.0])


def written(path: Path, sform: npt.ArrayLike, qform: npt.ArrayLike = QFORM, codes: tuple[int, int] = (2, 1)) -> Path:
    image = nibabel.Nifti1Image(VALUES, None)
    image.set_qform(np.array(qform), codes[1])
    image.set_sform(np.array(sform), codes[0])
    nibabel.save(image, path)
    return path


def shifted(*by: float) -> npt.NDArray[np.float64]:
    matrix = QFORM.copy()
    matrix[:3, 3] += by
    return matrix


def turned(degrees: float) -> npt.NDArray[np.float64]:
    t = np.radians(degrees)
    rotation = np.eye(4)
    rotation[:2, :2] = [[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]
    return rotation @ QFORM


def patched(path: Path, *changes: tuple[str, int, tuple[float, ...]]) -> Path:
    data = bytearray(path.read_bytes())
    for form, offset, values in changes:
        struct.pack_into(form, data, offset, *values)
    path.write_bytes(data)
    return path


def test_a_sform_moved_by_a_registration_is_taken_with_the_distance(tmp_path: Path) -> None:
    image = read_image(written(tmp_path / "x.nii", shifted(6, -4, 3)), unit="1")
    (advisory,) = image.advisories
    assert (advisory.code, advisory.severity) == ("sform_and_qform_differ", "warning")
    assert advisory.value == pytest.approx(61**0.5)
    assert "sform (code 2) and qform (code 1)" in advisory.message
    np.testing.assert_allclose(image.affine_lps[:3, 3], (-6, 4, 3))
    chosen = read_image(tmp_path / "x.nii", unit="1", affine="qform")
    np.testing.assert_allclose(chosen.affine_lps[:3, 3], (0, 0, 0))
    assert [(a.code, a.severity) for a in chosen.advisories] == [("affine_chosen", "note")]


@pytest.mark.parametrize(
    ("sform", "severity"),
    [
        (QFORM, None),
        (shifted(0.05, 0, 0), None),
        (shifted(0.3, 0, 0), "note"),
        (shifted(1, 0, 0), "warning"),
        (turned(5), "warning"),
    ],
)
def test_small_differences_are_silent_noted_or_warned_of_by_their_size(
    tmp_path: Path, sform: npt.NDArray[np.float64], severity: str | None
) -> None:
    image = read_image(written(tmp_path / "x.nii", sform), unit="1")
    assert [a.severity for a in image.advisories] == ([] if severity is None else [severity])


@pytest.mark.parametrize(
    ("sform", "message"),
    [
        (np.diag([-4.0, 4, 4, 1]) + np.array([[0, 0, 0, 36.0]] + [[0] * 4] * 3), "left and right are exchanged"),
        (np.diag([4.0, 4, 4.1, 1]), "4 x 4 x 4.1 mm by its sform and 4 x 4 x 4 mm by its qform"),
        (np.diag([-4.0, -4, 4, 1]), "differ by a rotation of 180 degrees"),
        (turned(90), "differ by a rotation of 90 degrees"),
    ],
)
def test_a_contradiction_of_side_size_or_direction_is_refused_unless_the_caller_chooses(
    tmp_path: Path, sform: npt.NDArray[np.float64], message: str
) -> None:
    path = written(tmp_path / "x.nii", sform)
    with pytest.raises(GeometryError, match=message):
        read_image(path, unit="1")
    for choice, matrix in (("sform", sform), ("qform", QFORM)):
        image = read_image(path, unit="1", affine=choice)
        np.testing.assert_allclose(image.affine_lps, np.diag([-1, -1, 1, 1]) @ matrix, atol=1e-6)
    loaded = nibabel.load(path)
    with pytest.raises(GeometryError, match=message):
        Image.from_any(loaded, unit="1")
    assert Image.from_any(loaded, unit="1", affine="sform").same_grid(read_image(path, unit="1", affine="sform"))


def test_voxel_sizes_of_pixdim_against_a_sform_alone_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "x.nii", np.eye(4), codes=(1, 0))
    patched(path, ("<3f", 80, (0.865759, 0.865759, 0.796)))
    with pytest.raises(
        GeometryError, match=r"1 x 1 x 1 mm by its sform and 0\.865759 x 0\.865759 x 0\.796 mm by its pixdim"
    ):
        read_image(path, unit="1")
    assert read_image(path, unit="1", affine="sform").voxel_size_mm == (1, 1, 1)
    with pytest.raises(GeometryError, match="has no qform"):
        read_image(path, unit="1", affine="qform")


def test_rounded_pixdim_is_no_contradiction(tmp_path: Path) -> None:
    path = written(tmp_path / "x.nii", np.diag([0.9765625, 0.9765625, 3.0, 1.0]), codes=(1, 0))
    image = read_image(patched(path, ("<3f", 80, (0.98, 0.98, 3.0))), unit="1")
    assert image.advisories == ()


@pytest.mark.parametrize("size", [0.0, -4.0, float("nan"), float("inf")])
def test_a_pixdim_that_is_no_size_is_refused(tmp_path: Path, size: float) -> None:
    path = patched(written(tmp_path / "x.nii", QFORM), ("<f", 84, (size,)))
    with pytest.raises((GeometryError, FileFormatError), match=r"x\.nii"):
        read_image(path, unit="1")


def test_a_pixdim_that_is_no_size_leaves_a_sform_that_is_asked_for(tmp_path: Path) -> None:
    path = patched(written(tmp_path / "x.nii", QFORM, codes=(1, 0)), ("<f", 84, (-4.0,)))
    with pytest.raises(GeometryError, match="affine='sform'"):
        read_image(path, unit="1")
    assert read_image(path, unit="1", affine="sform").voxel_size_mm == (4, 4, 4)


@pytest.mark.parametrize("code", [0, 1])
def test_a_handedness_of_zero_is_one_as_the_format_defines(tmp_path: Path, code: int) -> None:
    path = written(tmp_path / "x.nii", QFORM, codes=(code, 1))
    expected = read_image(path, unit="1")
    image = read_image(patched(path, ("<f", 76, (0.0,))), unit="1")
    np.testing.assert_array_equal(image.affine_lps, expected.affine_lps)
    assert image.advisories == ()


def test_a_quaternion_that_is_no_rotation_is_refused_in_plain_words(tmp_path: Path) -> None:
    path = patched(written(tmp_path / "x.nii", QFORM, codes=(0, 1)), ("<2f", 256, (0.9, 0.9)))
    with pytest.raises(GeometryError, match="quaternion of the NIfTI header is longer than 1"):
        read_image(path, unit="1")


@pytest.mark.parametrize(("slope", "intercept"), [(float("inf"), 0.0), (1.0, float("-inf")), (2.0, float("nan"))])
def test_a_slope_that_is_not_finite_is_refused(tmp_path: Path, slope: float, intercept: float) -> None:
    path = patched(written(tmp_path / "x.nii", QFORM), ("<2f", 112, (slope, intercept)))
    with pytest.raises(FileFormatError, match=r"x\.nii"):
        read_image(path, unit="1")


@pytest.mark.parametrize("slope", [0.0, float("nan")])
def test_a_slope_that_is_not_set_leaves_the_values(tmp_path: Path, slope: float) -> None:
    path = patched(written(tmp_path / "x.nii", QFORM), ("<f", 112, (slope,)))
    np.testing.assert_array_equal(read_image(path, unit="1").array, VALUES.T)


def test_formats_that_do_not_state_left_and_right_are_refused() -> None:
    for kind in (nibabel.AnalyzeImage, nibabel.Spm99AnalyzeImage):
        analyze = kind(VALUES, np.diag([-2.0, 3, 4, 1]))
        with pytest.raises(GeometryError, match="states neither its position nor which side is left"):
            Image.from_any(analyze, unit="1")
    mgh = nibabel.MGHImage(VALUES, np.diag([-2.0, 3, 4, 1]))
    assert Image.from_any(mgh, unit="1").voxel_size_mm == (4, 3, 2)


def test_another_choice_is_an_error_that_names_the_two(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="affine must be one of sform, qform, got 'best'"):
        read_image(written(tmp_path / "x.nii", QFORM), unit="1", affine="best")


def test_a_header_whose_values_are_in_another_file_is_refused(tmp_path: Path) -> None:
    path = patched(written(tmp_path / "x.nii", QFORM), ("<4s", 344, (b"ni1\0",)))  # type: ignore[arg-type]
    with pytest.raises(FileFormatError, match="magic number"):
        read_image(path, unit="1")
