"""Union, intersection and difference of structures: on one grid, on several, of contours, and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from contour_samples import sphere
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import KINDS, SHAPE, affine

from yttria import ContourStructure, Image, Structure
from yttria.errors import ArgumentError, GeometryError, UndefinedError
from yttria.geometry import difference, intersection, union
from yttria.geometry.structure_algebra import on_common_grid, shared_volume_ml
from yttria.reference import structure_algebra as definition


def drawn(seed: int, kind: str = "plain", *, fractions: bool = False, **rest: Any) -> Structure:
    values = np.random.default_rng(seed).uniform(size=SHAPE)
    mask: npt.NDArray[Any] = values if fractions else values > 0.5
    return Structure(f"S{seed}", mask, affine(kind), **rest)


@pytest.mark.claim("sets_keep_volumes")
@pytest.mark.parametrize("fractions", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_sets_on_one_grid_are_their_definition(kind: str, fractions: bool) -> None:
    a, b, c = (drawn(seed, kind, fractions=fractions) for seed in (1, 2, 3))
    masks = [each.mask for each in (a, b, c)]
    for made, defined in (
        (union([a, b, c], name="x"), definition.union(masks)),
        (intersection([a, b, c], name="x"), definition.intersection(masks)),
        (difference(a, [b, c], name="x"), definition.difference(masks[0], masks[1:])),
    ):
        np.testing.assert_array_equal(made.mask, defined)
        assert made.mask.dtype.kind == ("f" if fractions else "b")
        np.testing.assert_array_equal(made.affine_lps, a.affine_lps)
        assert made.name == "x"


@pytest.mark.claim("sets_keep_volumes")
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 999), st.integers(0, 999), st.booleans(), st.sampled_from(KINDS))
def test_volumes_of_sets_add_up(first: int, second: int, fractions: bool, kind: str) -> None:
    a, b = drawn(first, kind, fractions=fractions), drawn(second, kind, fractions=fractions)
    both = intersection([a, b], name="both")
    assert both.volume_ml + difference(a, b, name="rest").volume_ml == pytest.approx(a.volume_ml, abs=1e-12)
    assert union([a, b], name="all").volume_ml == pytest.approx(a.volume_ml + b.volume_ml - both.volume_ml, abs=1e-12)


def cube(low: float, high: float, size: float, name: str = "cube") -> Structure:
    """An axis-aligned cube in LPS mm, on voxels of its own."""
    n = round((high - low) / size)
    place = np.diag([size, size, size, 1.0])
    place[:3, 3] = low + size / 2
    return Structure(name, np.ones((n, n, n), bool), place)


@pytest.mark.claim("sets_keep_volumes")
def test_sets_of_structures_on_different_grids_keep_volumes() -> None:
    coarse, fine = cube(0.0, 24.0, 4.0), cube(12.0, 33.0, 1.5)
    both = intersection([coarse, fine], name="both")
    assert both.volume_ml == pytest.approx(12.0**3 / 1e3, rel=1e-6)
    assert union([coarse, fine], name="all").volume_ml == pytest.approx((24.0**3 + 21.0**3 - 12.0**3) / 1e3, rel=1e-6)
    assert difference(coarse, fine, name="rest").volume_ml == pytest.approx((24.0**3 - 12.0**3) / 1e3, rel=1e-6)
    assert np.linalg.norm(both.affine_lps[:3, :3], axis=0) == pytest.approx([1.5] * 3)


@pytest.mark.parametrize("kind", KINDS)
def test_sets_do_not_depend_on_the_directions_of_axes(kind: str) -> None:
    """An oblique small mask in a large one: the difference has the volume of both less the part inside."""
    large = Structure(
        "large", np.ones((40, 40, 40), bool), np.diag([3.0, 3.0, 3.0, 1.0]) + _shift(-160.0, -20.0, -50.0)
    )
    small = Structure("small", np.ones(SHAPE, bool), affine(kind))
    inside = small.volume_ml - difference(small, large, name="outside").volume_ml
    rest = difference(large, small, name="rest")
    assert rest.volume_ml == pytest.approx(large.volume_ml - inside, rel=2e-4)


def _shift(*mm: float) -> npt.NDArray[np.float64]:
    matrix = np.zeros((4, 4))
    matrix[:3, 3] = mm
    return matrix


def test_contours_are_combined_by_their_exact_fractions() -> None:
    ball = ContourStructure("ball", sphere(15.0, np.arange(-14.5, 15.0, 1.0)))
    half = cube(0.0, 40.0, 2.0)
    part = intersection([ball, half], name="part")
    assert part.volume_ml == pytest.approx(ball.volume_ml / 8, rel=0.01)
    assert difference(ball, half, name="rest").volume_ml == pytest.approx(ball.volume_ml * 7 / 8, rel=0.01)


def test_structures_that_lie_apart_have_an_empty_intersection() -> None:
    a, b = cube(0.0, 10.0, 2.0), cube(500.0, 510.0, 2.5)
    assert intersection([a, b], name="none").volume_ml == 0.0
    assert difference(a, b, name="a").volume_ml == pytest.approx(a.volume_ml)


def test_empty_structures_can_be_combined() -> None:
    a = cube(0.0, 10.0, 2.0)
    empty = Structure("empty", np.zeros((3, 3, 3), bool), np.diag([1.0, 1.0, 1.0, 1.0]))
    assert union([empty, a], name="all").volume_ml == pytest.approx(a.volume_ml)
    assert union([empty, empty], name="none").volume_ml == 0.0
    assert difference(empty, a, name="none").volume_ml == 0.0


def test_the_result_keeps_frame_and_patient() -> None:
    a = drawn(1, frame_of_reference_uid="1.2.3", patient_id="P")
    made = union([drawn(2), a], name="x")
    assert (made.frame_of_reference_uid, made.patient_id) == ("1.2.3", "P")


def test_structures_of_two_patients_or_frames_are_not_combined() -> None:
    a = drawn(1, frame_of_reference_uid="1.2.3", patient_id="P")
    with pytest.raises(GeometryError, match="frame of reference"):
        union([a, drawn(2, frame_of_reference_uid="1.2.4")], name="x")
    with pytest.raises(GeometryError, match="one patient"):
        union([a, drawn(2, patient_id="Q")], name="x")
    with pytest.raises(UndefinedError, match="'x' is undefined"):
        union([], name="x")
    with pytest.raises(ArgumentError):
        union([a, "Liver"], name="x")  # type: ignore[list-item]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fractions", [False, True])
def test_cropping_keeps_every_voxel_at_its_position(kind: str, fractions: bool) -> None:
    random = np.random.default_rng(7)
    wide = np.zeros((20, 24, 28))
    wide[5:9, 6:11, 7:14] = random.uniform(0.1, 1.0, (4, 5, 7))
    other = np.roll(wide, (3, 2, 1), axis=(0, 1, 2))
    values = [each if fractions else each > 0.5 for each in (wide, other, np.zeros_like(wide))]
    given = [Structure(f"S{n}", mask, affine(kind), patient_id="P") for n, mask in enumerate(values)]
    small = on_common_grid(given, Image(np.ones((2, 2, 2)), np.eye(4), "1"))
    grid = ((20, 24, 28), affine(kind))
    for before, after in zip(given, small, strict=True):
        assert (after.name, after.patient_id) == (before.name, "P")
        assert after.mask.size < before.mask.size
        np.testing.assert_array_equal(
            after.voxel_fractions_on(grid).to_array(), before.voxel_fractions_on(grid).to_array()
        )
    for first, second in ((0, 1), (1, 0), (0, 2), (2, 0)):
        expected = intersection([given[first], given[second]], name="both").volume_ml
        assert shared_volume_ml(given[first], given[second]) == pytest.approx(expected, rel=1e-12)
        assert shared_volume_ml(small[first], given[second]) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_structures_of_several_grids_keep_their_fractions_of_the_image(kind: str) -> None:
    image = Image(np.ones((9, 11, 8)), affine(kind), "counts")
    center = affine(kind)[:3, :3] @ [3.0, 5.0, 4.0] + affine(kind)[:3, 3]
    place = np.eye(4)
    place[:3, 3] = center
    ball = ContourStructure("ball", sphere(7.0, np.arange(-6.5, 7.0, 1.0), center=tuple(center)))
    beyond = Structure("beyond", np.ones((5, 60, 6), bool), place)
    made = on_common_grid([ball, beyond], image)
    assert all(type(each) is Structure and each.mask.shape == made[0].mask.shape for each in made)
    for before, after in zip((ball, beyond), made, strict=True):
        assert after.volume_ml == pytest.approx(before.volume_ml, rel=2e-3)
        np.testing.assert_allclose(
            after.voxel_fractions_on(image).to_array(), before.voxel_fractions_on(image).to_array(), atol=0.02
        )
    assert on_common_grid([], image) == []
