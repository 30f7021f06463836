"""Image: accepted and refused arrays, and images of other libraries."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from image_samples import KINDS, SHAPE, SIZE, affine, values

from yttria import Image, Structure
from yttria._foundation.arrays import empty
from yttria.errors import ArgumentError, DTypeError, GeometryError, InsufficientMemoryError, ShapeError, UnitError


def test_voxel_size_is_in_array_order() -> None:
    image = Image(values(), affine("oblique"), "Bq/mL")
    assert image.shape == SHAPE
    np.testing.assert_allclose(image.voxel_size_mm, SIZE[::-1], rtol=1e-15)
    np.testing.assert_allclose(image.voxel_volume_ml, 1.5 * 2.25 * 3.5e-3, rtol=1e-15)


def test_the_array_is_a_read_only_view_and_the_affine_a_copy() -> None:
    array, matrix = values(), affine("plain")
    image = Image(array, matrix, "Bq/mL")
    matrix[0, 3] = 7.0
    assert np.shares_memory(image.array, array)
    assert array.flags.writeable
    assert image.affine_lps[0, 3] == -101.25
    with pytest.raises(ValueError, match="read-only"):
        image.array[0, 0, 0] = 1


@pytest.mark.parametrize(
    ("array", "error"),
    [
        (np.zeros((4, 5)), ShapeError),
        (np.zeros((4, 0, 5)), ShapeError),
        (np.zeros((2, 4, 5, 6)), ShapeError),
        (1.0, ShapeError),
        (np.zeros((2, 3, 4), complex), DTypeError),
        (np.full((2, 3, 4), None), DTypeError),
        (np.full((2, 3, 4), "a"), DTypeError),
    ],
)
def test_a_wrong_array_is_refused(array: object, error: type[Exception]) -> None:
    with pytest.raises(error, match="image must"):
        Image(array, affine("plain"), "Bq/mL")  # type: ignore[arg-type]


def test_an_image_that_is_too_large_is_refused_at_once() -> None:
    with pytest.raises(ShapeError, match=r"at most 2\^33 voxels"):
        Image(np.broadcast_to(np.float32(1), (10**6, 10**6, 10**6)), affine("plain"), "Bq/mL")
    for shape in ((10**6, 10**6, 10**5), (10**6, 10**6, 10**8)):
        with pytest.raises(InsufficientMemoryError, match=r"the dose needs .* MiB of memory"):
            empty(shape, np.float64, "the dose")


def _changed(row: int, column: int, value: float) -> np.ndarray:
    matrix = affine("plain")
    matrix[row, column] = value
    return matrix


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(3), "4 x 4"),
        ("nothing", "4 x 4"),
        (_changed(0, 3, np.nan), "finite"),
        (_changed(1, 1, np.inf), "finite"),
        (_changed(2, 2, 0.0), "singular"),
        (_changed(3, 0, 1.0), "last row"),
        (_changed(0, 1, 0.003 * SIZE[1]), "shear of 0.003"),
    ],
)
def test_a_wrong_affine_is_refused(matrix: object, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        Image(values(), matrix, "Bq/mL")  # type: ignore[arg-type]


def test_a_shear_of_rounding_is_accepted() -> None:
    Image(values(), _changed(0, 1, 0.0009 * SIZE[1]), "Bq/mL")


@pytest.mark.parametrize("unit", ["BQML", "", "bq/ml", None, "Gy/s"])
def test_an_unknown_unit_names_the_known_ones(unit: str) -> None:
    with pytest.raises(
        UnitError, match="must be one of Bq/mL, kBq/mL, MBq/mL, mGy, Gy, HU, g/mL, counts, fraction, 1, got"
    ):
        Image(values(), affine("plain"), unit)


def test_a_unit_in_another_spelling_gets_a_hint() -> None:
    with pytest.raises(UnitError, match="did you mean 'Bq/mL'"):
        Image(values(), affine("plain"), "BQML")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("a", "b", "factor"), [("MBq/mL", "Bq/mL", 1e6), ("Gy", "mGy", 1e3), ("kBq/mL", "MBq/mL", 1e-3)]
)
def test_units_of_one_quantity_convert(dtype: type, a: str, b: str, factor: float) -> None:
    image = Image(values(dtype), affine("plain"), a)
    converted = image.to(b)
    assert converted.unit == b
    assert converted.array.dtype == dtype
    np.testing.assert_allclose(converted.array, image.array.astype(np.float64) * factor, rtol=np.finfo(dtype).eps)
    assert image.to(a) is image


def test_units_of_different_quantities_do_not_convert() -> None:
    with pytest.raises(UnitError, match=r"counts \(counts\) cannot be converted to Bq/mL"):
        Image(values(), affine("plain"), "counts").to("Bq/mL")


def test_integers_convert_to_float64() -> None:
    converted = Image(values(np.int16), affine("plain"), "MBq/mL").to("kBq/mL")
    assert converted.array.dtype == np.float64
    np.testing.assert_array_equal(converted.array, values(np.int16) * 1e3)


def test_grids_are_equal_within_a_thousandth_of_a_millimeter() -> None:
    image = Image(values(), affine("oblique"), "Bq/mL")
    assert image.same_grid(image.with_array(values() * 2, "Gy"))
    moved = affine("oblique")
    moved[1, 3] += 5e-4
    assert image.same_grid(Image(values(), moved, "Gy"))
    moved[1, 3] += 1e-3
    assert not image.same_grid(Image(values(), moved, "Gy"))
    assert not image.same_grid(Image(values(shape=(4, 5, 8)), affine("oblique"), "Gy"))
    with pytest.raises(ShapeError, match=r"\[4, 5, 7\], got \[7, 5, 4\]"):
        image.with_array(values().T, "Gy")


@pytest.mark.parametrize("kind", KINDS)
def test_a_simpleitk_image_keeps_values_and_positions(kind: str) -> None:
    matrix = affine(kind)
    source = SimpleITK.GetImageFromArray(values())
    source.SetSpacing(SIZE)
    source.SetDirection((matrix[:3, :3] / SIZE).ravel().tolist())
    source.SetOrigin(matrix[:3, 3].tolist())
    image = Image.from_any(source, unit="Bq/mL")
    # The point that SimpleITK itself gives for a corner index (i, j, k), and the value there.
    np.testing.assert_allclose(image.affine_lps @ (6, 2, 3, 1), (*source.TransformIndexToPhysicalPoint((6, 2, 3)), 1))
    assert image.array[3, 2, 6] == source[6, 2, 3]
    del source
    np.testing.assert_array_equal(image.array, values())


def test_simpleitk_images_that_are_no_volume_are_refused() -> None:
    # np.asarray of such an image is an array of shape (24,): nothing here may go through it.
    with pytest.raises(ShapeError, match="got 2 and 1"):
        Image.from_any(SimpleITK.Image(4, 5, SimpleITK.sitkFloat32), unit="Bq/mL")
    with pytest.raises(ShapeError, match="got 3 and 2"):
        Image.from_any(SimpleITK.Image([2, 3, 4], SimpleITK.sitkVectorFloat32, 2), unit="Bq/mL")


@pytest.mark.parametrize("kind", KINDS)
def test_a_nibabel_image_is_a_view_with_the_patient_axes_turned(kind: str) -> None:
    lps = affine(kind)
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps
    array = np.asfortranarray(values().T)
    image = Image.from_any(nibabel.Nifti1Image(array, ras), unit="Bq/mL")
    np.testing.assert_allclose(image.affine_lps, lps, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(image.array, values())
    assert np.shares_memory(image.array, array)
    assert image.array.flags.c_contiguous


def test_a_nibabel_image_without_a_place_or_in_meters_is_refused() -> None:
    image = nibabel.Nifti1Image(values(), np.diag([-1.5, -2.25, 3.5, 1.0]))
    image.header.set_xyzt_units("meter")
    with pytest.raises(GeometryError, match="mm, got meter"):
        Image.from_any(image, unit="Bq/mL")
    image.header.set_xyzt_units("mm")
    image.set_sform(None, code=0)
    image.set_qform(None, code=0)
    with pytest.raises(GeometryError, match="neither sform nor qform"):
        Image.from_any(image, unit="Bq/mL")


def test_more_than_one_volume_is_refused_and_a_length_of_one_is_not() -> None:
    place = np.diag([-1.5, -2.25, 3.5, 1.0])
    assert Image.from_any(nibabel.Nifti1Image(values()[..., None], place), unit="1").shape == SHAPE[::-1]
    with pytest.raises(ShapeError, match="3 dimensions"):
        Image.from_any(nibabel.Nifti1Image(values(shape=(4, 5, 6, 2)), place), unit="1")


def test_an_object_with_array_and_affine_is_read() -> None:
    source = SimpleNamespace(array=values(), affine_lps=affine("oblique"))
    image = Image.from_any(source, unit="counts")
    assert np.shares_memory(image.array, source.array)
    with pytest.raises(UnitError, match=r"in counts, not Bq/mL; convert it with \.to"):
        Image.from_any(image, unit="Bq/mL")


def test_a_pickled_image_is_the_same() -> None:
    image = Image(values(">f4"), affine("oblique"), "Gy")
    copy = pickle.loads(pickle.dumps(image))
    np.testing.assert_array_equal(copy.array, image.array)
    np.testing.assert_array_equal(copy.affine_lps, image.affine_lps)
    assert copy.unit == "Gy"
    assert not copy.array.flags.writeable
    assert not copy.affine_lps.flags.writeable


@pytest.mark.parametrize(
    "obj", [values(), "a path", None, SimpleNamespace(array=values()), SimpleNamespace(affine=np.eye(4))]
)
def test_an_object_without_a_position_is_refused(obj: object) -> None:
    with pytest.raises(ArgumentError, match="does not state its position"):
        Image.from_any(obj, unit="Bq/mL")


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=12, max_size=12),
    st.sampled_from(["Bq/mL", "Gy", "x"]),
)
def test_any_affine_gives_an_image_or_an_error_of_yttria(entries: list[float], unit: str) -> None:
    matrix = np.vstack([np.reshape(entries, (3, 4)), [0, 0, 0, 1]])
    try:
        image = Image(values(), matrix, unit)
    except (GeometryError, UnitError):
        return
    assert all(np.isfinite(size) and size > 0 for size in image.voxel_size_mm)


def test_a_masked_array_is_refused_before_its_mask_is_lost() -> None:
    masked = np.ma.masked_less(values(), 50)
    for make in (lambda: Image(masked, affine("plain"), "Gy"), lambda: Structure("a", masked, affine("plain"))):
        with pytest.raises(DTypeError, match="is a masked array, whose mask would be lost"):
            make()
