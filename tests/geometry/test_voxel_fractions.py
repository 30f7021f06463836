"""Voxel fractions: known overlaps, kept volume, any turn of the grid, hostile masks, agreement with the definition."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from contour_samples import turned
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from yttria.errors import DTypeError, GeometryError, OutOfRangeError, ShapeError, YttriaError
from yttria.geometry.voxel_fractions import fractions_of_mask, voxel_fractions
from yttria.reference import voxel_fractions as reference

FINE = np.array([[1.5, 0, 0, -7], [0, 2.0, 0, 3], [0, 0, 3.0, 11], [0, 0, 0, 1]])


def affine(size_ijk: tuple[float, float, float], origin: tuple[float, float, float]) -> NDArray[np.float64]:
    matrix = np.diag([*size_ijk, 1.0])
    matrix[:3, 3] = origin
    return matrix


def ball(shape: tuple[int, int, int], matrix: NDArray[np.float64], center: tuple[float, float, float], r: float):
    k, j, i = np.indices(shape)
    x = matrix @ np.stack([i.ravel(), j.ravel(), k.ravel(), np.ones(i.size)])
    return (((x[:3] - np.array(center)[:, None]) ** 2).sum(0) <= r * r).reshape(shape)


def voxel_ml(matrix: NDArray[np.float64]) -> float:
    return abs(float(np.linalg.det(matrix[:3, :3]))) * 1e-3


def test_one_voxel_split_between_two_and_partly_outside() -> None:
    # Along i the mask voxel spans -1 .. 3 mm; dose voxels (2 mm) span -1.5 .. 0.5, 0.5 .. 2.5, 2.5 .. 4.5.
    mask = np.ones((1, 1, 1), bool)
    result = voxel_fractions(mask, affine((4, 1, 1), (1, 0, 0)), (1, 1, 3), affine((2, 1, 1), (-0.5, 0, 0)))
    np.testing.assert_array_equal(result.to_array(), np.float32([[[0.75, 1.0, 0.25]]]))
    assert result.outside_fraction == 0.0
    cut = voxel_fractions(mask, affine((4, 1, 1), (1, 0, 0)), (1, 1, 2), affine((2, 1, 1), (-0.5, 0, 0)))
    assert cut.outside_fraction == pytest.approx(0.125, abs=1e-7)
    assert (cut.origin, cut.weights.shape, cut.shape) == ((0, 0, 0), (1, 1, 2), (1, 1, 2))


def test_the_same_grid_returns_the_mask_and_a_tight_box() -> None:
    mask = np.zeros((7, 9, 11), bool)
    mask[2:5, 3, 4:8] = True
    mask[3, 5, 4] = True
    result = voxel_fractions(mask, FINE, mask.shape, FINE)
    assert (result.origin, result.weights.shape) == ((2, 3, 4), (3, 3, 4))
    np.testing.assert_array_equal(result.to_array(), mask.astype(np.float32))
    assert result == fractions_of_mask(mask)


@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (1, -1, -1), (-1, -1, -1)])
@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_permuted_and_flipped_grids_are_the_same_grid(axes: tuple[int, int, int], flips: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(5)
    mask = rng.random((5, 6, 8)) * (rng.random((5, 6, 8)) < 0.4)
    dose_grid, shape = affine((4, 3, 5), (-6, 5, 13)), (4, 6, 3)
    expected = voxel_fractions(mask, FINE, shape, dose_grid)
    # The same structure stored along other axes: reorder the array and the affine's columns together.
    moved, matrix = mask.transpose(axes), FINE.copy()
    matrix[:, :3] = FINE[:, [2 - axes[2], 2 - axes[1], 2 - axes[0]]]
    for axis, flip in enumerate(flips):
        if flip < 0:
            moved = np.flip(moved, axis)
            matrix[:, 3] += matrix[:, 2 - axis] * (moved.shape[axis] - 1)
            matrix[:, 2 - axis] *= -1
    result = voxel_fractions(moved, matrix, shape, dose_grid)
    assert result.origin == expected.origin
    np.testing.assert_allclose(result.weights, expected.weights, rtol=0, atol=2**-23)


@pytest.mark.parametrize(
    ("mask_size", "dose_size"), [((1, 2, 3), (4, 2, 6)), ((4, 6, 2), (2, 2, 1)), ((3, 1, 2), (2, 3, 2))]
)
def test_parallel_grids_agree_with_the_definition(mask_size, dose_size) -> None:
    rng = np.random.default_rng(1)
    mask = rng.random((4, 5, 6))
    mask_affine, dose_affine = affine(mask_size, (0.5, 1, 0.5)), affine(dose_size, (2, 0, 2))
    # Faces lie on multiples of 0.5 mm and a dose voxel's part is a divisor of that: the definition is exact.
    expected = reference.voxel_fractions(mask, mask_affine, (5, 4, 7), dose_affine, samples_per_axis=12)
    result = voxel_fractions(mask, mask_affine, (5, 4, 7), dose_affine)
    np.testing.assert_allclose(result.to_array(), expected, rtol=0, atol=2**-24)


@pytest.mark.parametrize("angles", [(0.1, 0, 0), (20, -35, 70), (0, 0, 45)])
def test_oblique_grids_agree_with_the_definition(angles: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(2)
    mask = (rng.random((5, 6, 7)) < 0.6).astype(np.float64)
    dose_affine = turned(angles) @ affine((4, 3, 3.5), (0, 0, 0))
    dose_affine[:3, 3] = np.array([-2.5, 8.0, 16.5]) - dose_affine[:3, :3] @ [2, 2, 2]
    expected = reference.voxel_fractions(mask, FINE, (6, 5, 4), dose_affine, samples_per_axis=24)
    result = voxel_fractions(mask, FINE, (6, 5, 4), dose_affine)
    # Both sample a mask that is all faces; between nearly parallel grids the definition resolves a face to 1/48.
    np.testing.assert_allclose(result.to_array(), expected, rtol=0, atol=0.03)
    assert result.to_array().sum() == pytest.approx(expected.sum(), rel=5e-3)


@settings(deadline=None, max_examples=40)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    mask_size=st.tuples(*[st.floats(0.8, 6)] * 3),
    dose_size=st.tuples(*[st.floats(1.5, 9)] * 3),
    shift=st.tuples(*[st.floats(-4, 4)] * 3),
    flip=st.sampled_from([-1.0, 1.0]),
    parallel=st.booleans(),
)
# Turned about one axis, with the other grid's spacing along it: the samples of that axis are in step with the mask.
@example(
    angles=(0.0, 0.0, -146.0),
    mask_size=(1.0, 1.0, 2.0),
    dose_size=(8.0, 7.0, 2.0),
    shift=(0.0, 0.0, 0.0),
    flip=1.0,
    parallel=False,
)
def test_the_volume_of_a_structure_is_kept_on_any_grid(angles, mask_size, dose_size, shift, flip, parallel) -> None:
    mask_affine = affine(mask_size, (0, 0, 0))
    shape = tuple(int(60 / s) for s in reversed(mask_size))
    mask = ball(shape, mask_affine, (31, 28, 30), 17.0)
    dose_affine = np.eye(4) if parallel else turned(angles)
    dose_affine = dose_affine @ affine((flip * dose_size[0], *dose_size[1:]), (0, 0, 0))
    # A dose grid that is centered near the ball and holds it whole.
    grid = tuple(int(130 / s) + 2 for s in reversed(dose_size))
    middle = dose_affine[:3, :3] @ (np.array(grid[::-1]) / 2)
    dose_affine[:3, 3] = np.array([30, 30, 30]) + shift - middle
    result = voxel_fractions(mask, mask_affine, grid, dose_affine)
    volume = mask.sum() * voxel_ml(mask_affine)
    assert result.outside_fraction == 0.0
    assert result.volume_ml(voxel_ml(dose_affine)) == pytest.approx(volume, rel=1e-6 if parallel else 2e-3)


def test_the_part_outside_of_the_grid_is_counted() -> None:
    mask = ball((20, 22, 24), FINE, (8, 22, 40), 12.0)
    for matrix in (affine((4, 4, 4), (8, 0, 0)), turned((10, 25, 5)) @ affine((4, 4, 4), (0, 0, 0))):
        result = voxel_fractions(mask, FINE, (12, 13, 14), matrix)
        inside = result.volume_ml(0.064) / (mask.sum() * voxel_ml(FINE))
        assert 0.05 < result.outside_fraction < 0.95
        assert inside + result.outside_fraction == pytest.approx(1.0, abs=1e-6)


def test_a_structure_elsewhere_or_empty_occupies_no_voxel() -> None:
    far = voxel_fractions(np.ones((2, 3, 4), bool), FINE, (5, 6, 7), affine((1, 1, 1), (900, 0, 0)))
    assert (far.outside_fraction, far.weights.size, far.volume_ml(1.0)) == (1.0, 0, 0.0)
    empty = voxel_fractions(np.zeros((2, 3, 4), bool), FINE, (5, 6, 7), FINE)
    assert (empty.outside_fraction, empty.weights.size, empty.to_array().sum()) == (0.0, 0, 0.0)


@pytest.mark.parametrize("degrees", [(0, 0, 0), (12, 5, -40)])
def test_voxel_fractions_do_not_depend_on_the_threads(degrees: tuple[float, float, float]) -> None:
    mask = ball((20, 22, 24), FINE, (8, 22, 40), 12.0)
    grid = turned(degrees) @ affine((2.2, 3.1, 2.7), (-10, 5, 10))
    one = voxel_fractions(mask, FINE, (19, 17, 23), grid, threads=1)
    assert all(voxel_fractions(mask, FINE, (19, 17, 23), grid, threads=n) == one for n in (2, 3, 8))


def test_voxel_fractions_do_not_depend_on_memory_order_type_or_byte_order() -> None:
    mask = ball((9, 10, 11), FINE, (0, 12, 24), 6.0)
    expected = voxel_fractions(mask, FINE, (8, 9, 10), affine((2, 2, 2), (-6, 4, 14)))
    wide = np.zeros((18, 10, 22), np.float32)
    wide[::2, :, ::2] = mask
    read_only = mask.copy()
    read_only.flags.writeable = False
    unaligned = (
        np.frombuffer(b"x" + mask.astype(np.float64).tobytes(), np.uint8)[1:].view(np.float64).reshape(mask.shape)
    )
    for same in (
        np.asfortranarray(mask),
        wide[::2, :, ::2],
        mask.astype(">f8"),
        mask.astype(np.int16),
        mask.astype(np.uint8),
        np.flip(np.flip(mask).copy()),
        read_only,
        unaligned,
        mask.tolist(),
    ):
        assert voxel_fractions(same, FINE, (8, 9, 10), affine((2, 2, 2), (-6, 4, 14))) == expected


def test_pickled_voxel_fractions_are_the_same() -> None:
    result = voxel_fractions(
        ball((9, 10, 11), FINE, (0, 12, 24), 6.0), FINE, (8, 9, 10), affine((2, 2, 2), (-6, 4, 14))
    )
    assert pickle.loads(pickle.dumps(result)) == result


@pytest.mark.parametrize("bad", [2.0, -0.25, np.nan, np.inf, 255.0])
def test_values_that_are_no_fractions_are_counted_and_shown(bad: float) -> None:
    mask = np.zeros((3, 4, 5))
    mask[1, 2, 3] = mask[0, 0, 1] = bad
    mask[2, 2, 2] = 1.0
    for call in (lambda: fractions_of_mask(mask), lambda: voxel_fractions(mask, FINE, (3, 4, 5), FINE)):
        with pytest.raises(OutOfRangeError, match=r"within \[0, 1\] \(2 voxels are not\), got") as caught:
            call()
        assert str(bad).removesuffix(".0").lower() in str(caught.value).lower()


@pytest.mark.parametrize(
    ("matrix", "says"),
    [
        (np.diag([0.0, 2, 3, 1]), "singular"),
        (FINE @ np.array([[1, 0.1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), "sheared"),
        (np.ones((3, 4)), "4 x 4"),
        (FINE + np.array([[0] * 4] * 3 + [[0, 0, 0, 1]]), "last row"),
        ("RAS", "4 x 4"),
        (None, "4 x 4"),
    ],
)
def test_an_impossible_affine_is_refused(matrix: object, says: str) -> None:
    for arguments in ((matrix, (2, 3, 4), FINE), (FINE, (2, 3, 4), matrix)):
        with pytest.raises(GeometryError, match=says):
            voxel_fractions(np.ones((2, 3, 4), bool), *arguments)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_an_affine_that_is_not_finite_is_refused(bad: float) -> None:
    matrix = FINE.copy()
    matrix[1, 3] = bad
    with pytest.raises(OutOfRangeError, match="mask_affine_lps"):
        voxel_fractions(np.ones((2, 3, 4), bool), matrix, (2, 3, 4), FINE)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 0), (2, 3, -1), (2, 3, 4.0), None, (2**62, 2**62, 2**62)])
def test_an_impossible_grid_is_refused(shape: object) -> None:
    with pytest.raises(ShapeError):
        voxel_fractions(np.ones((2, 3, 4), bool), FINE, shape, FINE)


@pytest.mark.parametrize(
    ("mask", "error"),
    [
        (np.ones((2, 3), bool), ShapeError),
        (np.ones((2, 0, 3), bool), ShapeError),
        (np.ones((2, 2, 2), object), DTypeError),
        (np.ones((2, 2, 2), complex), DTypeError),
        (np.full((2, 2, 2), "liver"), DTypeError),
        ([[[1, 0], [1]]], ShapeError),
        (True, ShapeError),
    ],
)
def test_an_impossible_mask_is_refused(mask: object, error: type[YttriaError]) -> None:
    with pytest.raises(error):
        fractions_of_mask(mask)


@pytest.mark.parametrize("name", ["Liver", "Tumor 2"])
def test_volume_of_a_real_segment_is_kept(shared_data: Path, name: str) -> None:
    nrrd = pytest.importorskip("nrrd")
    images = shared_data / "images"
    data, header = nrrd.read(str(images / "patient_1_Segmentation.seg.nrrd"))
    pet = nrrd.read_header(str(images / "patient_1_Y90_PET.nrrd"))
    number = next(n for n in range(20) if header[f"Segment{n}_Name"] == name)
    layer, label = int(header[f"Segment{number}_Layer"]), int(header[f"Segment{number}_LabelValue"])
    mask = (data[layer] == label).transpose()  # a view: the file's order is (i, j, k)

    def lps(head) -> NDArray[np.float64]:
        directions = np.asarray(head["space directions"], float)
        assert head["space"] == "left-posterior-superior"
        matrix = np.eye(4)
        matrix[:3, :3] = directions[~np.isnan(directions).any(axis=1)].T
        matrix[:3, 3] = head["space origin"]
        return matrix

    expected = {"Liver": 1488.5, "Tumor 2": 209.6}[name]
    volume = mask.sum() * voxel_ml(lps(header))
    assert volume == pytest.approx(expected, abs=0.06)
    shape = tuple(int(n) for n in pet["sizes"][::-1])
    # As it lies, and on the PET grid turned about its center.
    for angles in ((0, 0, 0), (7, -4, 11)):
        grid = lps(pet)
        center = grid @ [*(np.array(shape[::-1]) / 2), 1]
        back = np.eye(4)
        back[:3, 3] = center[:3]
        grid = back @ turned(angles) @ np.linalg.inv(back) @ grid
        result = voxel_fractions(mask, lps(header), shape, grid)
        assert result.outside_fraction < 1e-6
        assert result.volume_ml(voxel_ml(grid)) == pytest.approx(volume, rel=3e-5)


@pytest.mark.parametrize("shape", [(2**20, 2**10, 2**10), (2**33, 1, 1)])
def test_a_mask_that_only_pretends_to_be_huge_is_refused_at_once(shape: tuple[int, int, int]) -> None:
    for dtype in (np.bool_, np.float32):
        with pytest.raises(ShapeError, match=r"at most 2\^32 voxels"):
            fractions_of_mask(np.broadcast_to(dtype(1), shape))
