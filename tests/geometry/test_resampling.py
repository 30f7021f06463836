"""An image on another grid: agreement with the definition, conservation, voxels beyond the image, hostile input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from image_samples import KINDS, SHAPE, affine, values

from yttria import Image, YttriaError
from yttria.errors import ArgumentError, GeometryError, OutOfRangeError, ShapeError, UnknownNameError
from yttria.reference import resampling as reference


def _image(kind: str = "oblique", array: Any = None, unit: str = "g/mL") -> Image:
    return Image(values() if array is None else array, affine(kind), unit)


def _halves(image: Image) -> tuple[tuple[int, ...], np.ndarray]:
    """A grid of half the voxel size over the same box."""
    matrix = image.affine_lps.copy()
    matrix[:3, 3] -= matrix[:3, :3] @ np.full(3, 0.25)
    matrix[:3, :3] /= 2
    return tuple(2 * n for n in image.shape), matrix


def _turned(image: Image, degrees: float) -> np.ndarray:
    matrix = image.affine_lps.copy()
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ matrix[:3, :3]
    return matrix


@pytest.mark.claim("averaging_keeps_integrals")
@pytest.mark.parametrize("method", ["average", "linear"])
@pytest.mark.parametrize("kind", KINDS)
def test_resampling_onto_parallel_grids_is_its_definition(kind: str, method: str) -> None:
    image = _image(kind, values(np.float64))
    # Voxels of 2, 1.5 and 0.75 of the old size, from 1 and 1/2 voxel beyond the image, axes permuted and one flipped.
    matrix = image.affine_lps @ np.array([[0, -1.5, 0, 5.25], [0, 0, 0.75, -0.625], [2, 0, 0, -0.5], [0, 0, 0, 1.0]])
    shape = (4, 5, 3)
    found = image.resampled_on((shape, matrix), method=method, fill_value=7.0)
    expected = reference.resampled(
        image.array, image.affine_lps, shape, matrix, method=method, fill_value=7.0, samples_per_axis=48
    )
    np.testing.assert_allclose(found.image.array, expected, rtol=1e-10 if method == "linear" else 0.02)
    assert found.outside_voxels > 0
    assert found.image.unit == image.unit


def test_the_average_is_exact_if_the_definition_is() -> None:
    image = _image("permuted", values(np.float64))
    shape, matrix = _halves(image)
    matrix[:3, 3] += matrix[:3, :3] @ [-1.5, 0.5, 2.5]
    found = image.resampled_on((shape, matrix), fill_value=-3.0)
    expected = reference.resampled(image.array, image.affine_lps, shape, matrix, fill_value=-3.0, samples_per_axis=4)
    np.testing.assert_allclose(found.image.array, expected, rtol=1e-12)


@pytest.mark.parametrize("method", ["average", "linear"])
@pytest.mark.parametrize("kind", KINDS)
def test_resampling_onto_its_own_grid_changes_nothing(kind: str, method: str) -> None:
    image = _image(kind)
    found = image.resampled_on(image, method=method)
    np.testing.assert_allclose(found.image.array, image.array, rtol=2e-7)
    assert found.image.array.dtype == np.float32
    assert (found.outside_voxels, found.outside_fraction) == (0, 0.0)
    assert [a.code for a in found.advisories] == ["resampled"]


@pytest.mark.claim("averaging_keeps_integrals")
@settings(max_examples=25)
@given(
    st.tuples(*[st.floats(0.4, 3.1)] * 3),
    st.tuples(*[st.floats(0.5, 1.5)] * 3),
    st.sampled_from(KINDS),
    st.permutations(range(3)),
)
@example(size=(1.0, 1.0, 1.0), shift=(1.0, 1.0, 0.5 + 0.99e-6), kind="plain", order=[0, 1, 2])
def test_averaging_keeps_the_integral(size: Any, shift: Any, kind: str, order: list[int]) -> None:
    image = _image(kind, values(np.float64))
    matrix = image.affine_lps.copy()
    matrix[:3, :3] = matrix[:3, :3] * size
    matrix[:3, 3] -= image.affine_lps[:3, :3] @ (np.multiply(size, 1.5) + shift)
    matrix[:, :3] = matrix[:, order]
    extent = np.array(image.shape[::-1])
    shape = tuple(int(np.ceil((extent[a] + 3) / size[a])) + 3 for a in order)[::-1]
    found = image.resampled_on((shape, matrix), fill_value=0.0)
    integral = float(image.array.sum()) * image.voxel_volume_ml
    assert found.image.array.sum() * found.image.voxel_volume_ml == pytest.approx(integral, rel=1e-9)
    covered = (1 - found.outside_fraction) * found.image.array.size * found.image.voxel_volume_ml
    # A voxel that lacks less than 1e-6 of itself counts as whole.
    assert covered == pytest.approx(image.array.size * image.voxel_volume_ml, rel=1e-6)


@pytest.mark.claim("averaging_keeps_integrals")
def test_a_linear_field_is_exact_on_rotated_grids() -> None:
    smooth = np.add.outer(np.add.outer(np.arange(9.0), 2 * np.arange(11.0)), 3 * np.arange(13.0))
    image = Image(smooth, affine("plain"), "HU")
    matrix = _turned(image, 20)
    inner = matrix.copy()
    inner[:3, 3] = (image.affine_lps @ [6, 5, 4, 1])[:3] - matrix[:3, :3] @ [1, 1, 1]
    # A field linear in space: interpolation is exact, and so is the mean over a box, up to the sampling of steps.
    to_image = np.linalg.inv(image.affine_lps) @ inner
    k, j, i = np.indices((3, 3, 3)).reshape(3, -1)
    at = to_image @ np.stack([i, j, k, np.ones(27)])
    expected = (at[2] + 2 * at[1] + 3 * at[0]).reshape(3, 3, 3)
    linear = image.resampled_on(((3, 3, 3), inner), method="linear").image.array
    np.testing.assert_allclose(linear, expected, rtol=1e-12)
    average = image.resampled_on(((3, 3, 3), inner)).image.array
    np.testing.assert_allclose(average, expected, atol=0.15)
    around = matrix.copy()
    around[:3, 3] = (image.affine_lps @ [6, 5, 4, 1])[:3] - matrix[:3, :3] @ [12, 10, 9]
    whole = image.resampled_on(((19, 21, 25), around), fill_value=0.0)
    assert whole.image.array.sum() == pytest.approx(smooth.sum(), rel=2e-3)
    assert np.array_equal(
        whole.image.array, image.resampled_on(((19, 21, 25), around), fill_value=0.0, threads=1).image.array
    )


def test_voxels_beyond_the_image_need_a_fill_value_and_are_counted() -> None:
    image = _image("plain")
    matrix = image.affine_lps.copy()
    matrix[:3, 3] -= matrix[:3, 0] * 0.25
    with pytest.raises(GeometryError, match="20 of its 140 voxels reach beyond the image"):
        image.resampled_on((SHAPE, matrix))
    found = image.resampled_on((SHAPE, matrix), fill_value=1.0)
    assert found.outside_voxels == 20
    assert found.outside_fraction == pytest.approx(20 * 0.25 / 140)
    np.testing.assert_allclose(found.image.array[:, :, 0], 0.75 * image.array[:, :, 0] + 0.25, rtol=1e-6)
    assert [a.code for a in found.advisories] == ["resampled", "outside_image"]
    # Its center still lies in the outermost voxel.
    assert image.resampled_on((SHAPE, matrix), method="linear").outside_voxels == 0
    far = image.affine_lps.copy()
    far[:3, 3] += 1e4
    for method in ("average", "linear"):
        away = image.resampled_on(((2, 3, 4), far), method=method, fill_value=2.5)
        assert (away.image.array == 2.5).all()
        assert away.outside_fraction == 1.0


def test_resampling_does_not_depend_on_threads_and_keeps_the_type() -> None:
    image = _image("permuted", values(np.int16))
    grid = _halves(image)
    first = image.resampled_on(grid)
    assert first.image.array.dtype == np.float64
    for threads in (2, 5):
        assert np.array_equal(first.image.array, image.resampled_on(grid, threads=threads).image.array)
    swapped = Image(values(">f4"), image.affine_lps, "HU")
    assert np.array_equal(swapped.resampled_on(grid).image.array, _image("permuted").resampled_on(grid).image.array)


def test_two_frames_of_reference_are_refused() -> None:
    here, there = (Image(values(), affine("oblique"), "HU", frame_of_reference_uid=uid) for uid in ("1.2.3", "1.2.4"))
    with pytest.raises(GeometryError, match="share one frame of reference"):
        here.resampled_on(there)
    moved = here.transformed(np.eye(4), frame_of_reference_uid="1.2.4").resampled_on(there)
    assert moved.image.frame_of_reference_uid == "1.2.4"
    assert moved.as_dict()["image_transform_lps"] == np.eye(4).tolist()
    assert here.resampled_on(_image()).image.frame_of_reference_uid == "1.2.3"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"grid": 3}, ArgumentError),
        ({"grid": ((2, 3), np.eye(4))}, ShapeError),
        ({"grid": ((2, 3, 0), np.eye(4))}, ShapeError),
        ({"grid": ((2, 3, 4.5), np.eye(4))}, ShapeError),
        ({"grid": ((2**20, 2**20, 2**20), np.eye(4))}, ShapeError),
        ({"grid": ((2, 3, 4), np.zeros((4, 4)))}, GeometryError),
        ({"grid": ((2, 3, 4), np.diag([1e-9, 1, 1, 1]))}, GeometryError),
        ({"method": "cubic"}, UnknownNameError),
        ({"fill_value": np.nan}, OutOfRangeError),
        ({"fill_value": "air"}, ArgumentError),
        ({"threads": 0}, OutOfRangeError),
    ],
)
def test_impossible_grids_and_options_are_refused(arguments: dict[str, Any], error: type[YttriaError]) -> None:
    image = _image()
    with pytest.raises(error):
        image.resampled_on(**{"grid": image, **arguments})


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_voxel_that_is_not_finite_is_named(bad: float) -> None:
    array = values()
    array[2, 1, 3] = bad
    for degrees in (0.0, 15.0):
        image = _image("plain", array)
        with pytest.raises(OutOfRangeError, match=r"\(2, 1, 3\) must be finite"):
            image.resampled_on((SHAPE, _turned(image, degrees)), fill_value=0.0)


@given(
    kind=st.sampled_from(KINDS),
    method=st.sampled_from(["average", "linear"]),
    shift=st.tuples(*(st.floats(-2.9, 2.9) for _ in range(3))),
    degrees=st.floats(-40, 40),
)
@settings(max_examples=25)
def test_nearest_is_the_image_with_its_edge_repeated(
    kind: str, method: Any, shift: tuple[float, float, float], degrees: float
) -> None:
    image = _image(kind, values(np.float64))
    matrix = _turned(image, degrees)
    matrix[:3, 3] += matrix[:3, :3] @ shift
    found = image.resampled_on((SHAPE, matrix), method=method, fill_value="nearest", threads=1)
    wide = image.affine_lps.copy()
    wide[:3, 3] -= wide[:3, :3] @ np.full(3, 20)
    padded = Image(np.pad(image.array, 20, mode="edge"), wide, image.unit)
    expected = padded.resampled_on((SHAPE, matrix), method=method, threads=1)
    assert found.fill_value == found.as_dict()["fill_value"] == "nearest"
    assert found.outside_voxels == image.resampled_on((SHAPE, matrix), method=method, fill_value=0.0).outside_voxels
    # Samples that lie on a face of two voxels may fall to either.
    np.testing.assert_allclose(found.image.array, expected.image.array, atol=0.05 * np.ptp(image.array))


def test_values_continued_from_the_edge_are_reported() -> None:
    image = _image()
    matrix = image.affine_lps.copy()
    matrix[:3, 3] += matrix[:3, 0]
    found = image.resampled_on((SHAPE, matrix), fill_value="nearest")
    np.testing.assert_allclose(found.image.array[..., -1], image.array[..., -1], rtol=1e-12)
    assert "the nearest value was taken" in found.advisories[1].message
    same = image.resampled_on(image, fill_value="nearest")
    assert (same.outside_voxels, len(same.advisories)) == (0, 1)
    matrix[:3, 3] += 100 * matrix[:3, 0]
    with pytest.raises(GeometryError, match="no nearest value"):
        image.resampled_on((SHAPE, matrix), fill_value="nearest")
