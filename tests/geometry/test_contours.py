"""Structures from contours: known volumes, exact areas, any grid, agreement with the definition."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from contour_samples import box, grid, ring, sphere, stack, turned
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from yttria import ContourStructure, Image
from yttria.errors import ArgumentError, GeometryError, OutOfRangeError, UnknownNameError
from yttria.reference import contours as reference

Array = NDArray[np.float64]


def slabs(contours: list[Array], **terms) -> ContourStructure:
    return ContourStructure("x", contours, interpolation="none", **terms)


def total_ml(structure: ContourStructure, shape: tuple[int, int, int], affine: Array) -> float:
    fractions = structure.voxel_fractions_on((shape, affine))
    return fractions.volume_ml(abs(float(np.linalg.det(affine[:3, :3]))) * 1e-3)


@pytest.mark.claim("coverage_is_area")
def test_a_pixel_s_weight_is_its_area_inside_a_triangle() -> None:
    # Right triangle with legs of 2 mm over 1 mm voxels: whole, halved, halved.
    triangle = np.array([[0.0, 0, 0], [2, 0, 0], [0, 2, 0]])
    structure = slabs([triangle, triangle + np.array([0, 0, 2])])
    fractions = structure.voxel_fractions_on(((3, 3, 4), grid((1, 1, 2), (-0.5, 0.5, -2))))
    assert structure.volume_ml == pytest.approx(2 * 4e-3, rel=1e-12)
    expected = np.zeros((3, 3, 4), np.float32)
    # Slabs span z = -1 to 3; the grid's planes -3 to -1, -1 to 1 and 1 to 3.
    expected[1:, 0, 1:3] = [1, 0.5]
    expected[1:, 1, 1] = 0.5
    np.testing.assert_array_equal(fractions.to_array(), expected)
    assert fractions.outside_fraction == 0.0


@pytest.mark.claim("coverage_is_area")
@settings(max_examples=40)
@given(
    angles=st.lists(st.floats(0, 2 * np.pi), min_size=3, max_size=9, unique=True),
    radii=st.lists(st.floats(0.3, 6), min_size=9, max_size=9),
    shift=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
)
def test_coverage_is_the_polygon_clipped_to_each_pixel(angles, radii, shift) -> None:
    angles = np.sort(angles)
    if np.diff([*angles, angles[0] + 2 * np.pi]).min() < 1e-3:
        return
    spokes = np.array(radii[: len(angles)])
    # Star-shaped about a point, and therefore simple if the angles leave less than half a turn.
    flat = np.stack([6 + shift[0] + spokes * np.cos(angles), 5 + shift[1] + spokes * np.sin(angles)], axis=1)
    if np.diff([*angles, angles[0] + 2 * np.pi]).max() > np.pi - 1e-3 or reference.polygon_area(flat) < 1e-2:
        return
    contour = np.column_stack([flat, np.zeros(len(flat))])
    structure = slabs([contour], slice_thickness_mm=2)
    fractions = structure.voxel_fractions_on(((1, 10, 13), grid((1, 1, 2), (0.5, 0.5, 0))))
    expected = reference.pixel_coverage(flat, 10, 13)
    np.testing.assert_allclose(fractions.to_array()[0], expected, rtol=0, atol=1e-6)
    area = reference.polygon_area(flat)
    assert structure.volume_ml == pytest.approx(2e-3 * area, rel=1e-6)
    # The part outside the grid is counted.
    assert fractions.volume_ml(2e-3) / (1 - fractions.outside_fraction) == pytest.approx(2e-3 * area, rel=1e-4)


def test_slabs_agree_with_the_definition_also_with_holes_and_uneven_planes() -> None:
    outer = [box((-7, 9), (-5, 6), z) for z in (0.0, 2.5, 7.0)]
    hole = [ring(1.3, 0.4, z, 3.1, 2.2, n=24) for z in (0.0, 2.5)]
    structure = slabs([*hole, *outer])
    shape, affine = (5, 5, 6), grid((3.3, 2.9, 2.1), (-8.1, -5.6, -1.7))
    planes = [(0.0, [outer[0], hole[0]]), (2.5, [outer[1], hole[1]]), (7.0, [outer[2]])]
    flat = [(z, [p[:, :2] for p in polygons]) for z, polygons in planes]
    # The usual spacing is the lower median, 2.5 mm; caps are half of it.
    expected = reference.slab_voxel_fractions(flat, (1.25, 1.25), shape, affine, samples_per_axis=20)
    np.testing.assert_allclose(structure.voxel_fractions_on((shape, affine)).to_array(), expected, rtol=0, atol=0.03)
    assert total_ml(structure, (9, 9, 12), grid((2, 2, 2), (-9, -8, -4))) == pytest.approx(
        structure.volume_ml, rel=1e-6
    )


@pytest.mark.claim("coverage_is_area")
@pytest.mark.parametrize("flip", [(1, 1, 1), (-1, 1, 1), (1, -1, -1)])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_permuted_and_left_handed_grids_are_the_same_grid(order, flip) -> None:
    contours = [ring(1 + 0.2 * z, 2, z, 9 - 0.1 * z * z, 6) for z in np.arange(-6.0, 7, 3)]
    structure = ContourStructure("x", contours)
    shape, affine = (8, 9, 14), grid((1.9, 2.3, 2.7), (-11, -7, -9.5))
    expected = structure.voxel_fractions_on((shape, affine)).to_array()
    matrix, array = affine[:, [*order, 3]].copy(), expected.transpose([2 - order[n] for n in (2, 1, 0)])
    for axis in range(3):
        if flip[axis] < 0:
            matrix[:, 3] += matrix[:, axis] * (array.shape[2 - axis] - 1)
            matrix[:, axis] *= -1
            array = np.flip(array, 2 - axis)
    result = structure.voxel_fractions_on((array.shape, matrix)).to_array()
    np.testing.assert_allclose(result, array, rtol=0, atol=2**-23)


@pytest.mark.claim("coverage_is_area")
def test_a_turn_about_the_normal_is_exact_and_another_turn_keeps_the_volume() -> None:
    structure = ContourStructure("x", sphere(11, np.arange(-10.5, 11, 3), (3, -2, 1)))
    for angles, tolerance in (((0, 0, 31), 1e-6), ((20, -35, 70), 2e-3)):
        affine = turned(angles) @ grid((2.1, 1.7, 2.9), (0, 0, 0))
        shape = (13, 20, 17)
        affine[:3, 3] = np.array([3, -2, 1]) - affine[:3, :3] @ (np.array(shape[::-1]) / 2 - 0.3)
        assert total_ml(structure, shape, affine) == pytest.approx(structure.volume_ml, rel=tolerance)
        assert structure.voxel_fractions_on((shape, affine)).outside_fraction == pytest.approx(0, abs=tolerance)


@settings(max_examples=15)
@given(
    turn=st.tuples(*[st.floats(-180, 180)] * 3),
    shift=st.tuples(*[st.floats(-50, 50)] * 3),
    backwards=st.booleans(),
)
def test_the_volume_does_not_depend_on_place_direction_or_order(turn, shift, backwards) -> None:
    contours = [ring(2 - z, 0.4 * z, z, 8 - 0.2 * z, 5, n=30) for z in (-4.0, -1, 1.5, 5)]
    expected = ContourStructure("x", contours).volume_ml
    matrix = turned(turn)
    moved = [p @ matrix[:3, :3].T + np.array(shift) for p in contours]
    moved = [p[::-1] for p in moved][::-1] if backwards else moved
    # The lattice between planes turns with the frame: sections differ by their resolution.
    assert ContourStructure("x", moved).volume_ml == pytest.approx(expected, rel=1e-3)
    again = ContourStructure("x", contours).transformed(matrix)
    assert again.volume_ml == pytest.approx(expected, rel=1e-3)


def rotated_cylinder(z: float) -> Array:
    h = max(float(np.sqrt(max(144 - z * z, 0))), 1e-3)
    return box((-12, 12), (-h, h), z)


def rotated_cone(z: float) -> Array:
    """Apex at x = -12, base of 12 mm at x = 12: sections are hyperbolas."""
    x = np.linspace(2 * min(abs(z), 11.999), 24, 60)
    y = np.sqrt(np.maximum((x / 2) ** 2 - z * z, 0)) + 1e-4
    return np.column_stack([np.r_[x, x[::-1]] - 12, np.r_[y, -y[::-1]], np.full(2 * len(x), z)])


SOLIDS = {
    "sphere": (lambda z: ring(0, 0, z, max(float(np.sqrt(max(144 - z * z, 0))), 0.1)), 4 / 3 * np.pi * 1728),
    "ellipsoid": (
        lambda z: ring(
            0,
            0,
            z,
            20 * max(float(np.sqrt(max(1 - z * z / 144, 0))), 0.01),
            8 * max(float(np.sqrt(max(1 - z * z / 144, 0))), 0.01),
        ),
        4 / 3 * np.pi * 12 * 160,
    ),
    "cone": (lambda z: ring(0, 0, z, max((z + 12) / 2, 1e-3)), np.pi * 144 * 8),
    "oblique cylinder": (lambda z: ring(0.8 * z, 0, z, 8), np.pi * 64 * 24),
    "cylinder across": (rotated_cylinder, np.pi * 144 * 24),
    "cone across": (rotated_cone, np.pi * 144 * 8),
}


@pytest.mark.claim("sections_restore_solid")
@pytest.mark.parametrize(("spacing", "limit"), [(1, 0.005), (2, 0.01), (3, 0.01)])
@pytest.mark.parametrize("solid", SOLIDS)
def test_sections_between_planes_restore_the_solid(solid: str, spacing: float, limit: float) -> None:
    section, volume = SOLIDS[solid]
    structure = ContourStructure("x", stack(section, np.arange(-12, 12.1, spacing)), end_caps="none")
    assert structure.volume_ml == pytest.approx(1e-3 * volume, rel=limit)


def test_a_stack_of_slabs_loses_volume_that_interpolation_keeps() -> None:
    contours = stack(SOLIDS["sphere"][0], np.arange(-12, 12.1, 3))
    volume = SOLIDS["sphere"][1] * 1e-3
    assert slabs(contours).volume_ml / volume == pytest.approx(1 - 0.0157, abs=1e-3)
    assert ContourStructure("x", contours).volume_ml / volume == pytest.approx(1, abs=1.5e-3)


def test_a_section_between_planes_agrees_with_the_definition() -> None:
    discs = [(0.0, 3.0, 5.0), (4.0, 5.0, 9.0), (7.0, 8.0, 8.0), (11.0, 8.0, 2.0)]
    contours = [ring(x, 0, z, r) for z, x, r in discs]
    structure = ContourStructure("x", contours)
    # Thin voxels about z = 5.5 of the gap between 4 and 7, and the function at their centers.
    shape, affine = (1, 60, 70), grid((0.5, 0.5, 1e-2), (-8, -15, 5.5))
    fractions = structure.voxel_fractions_on((shape, affine)).to_array()[0]
    j, i = np.indices(fractions.shape)
    points = np.stack([affine[0, 3] + 0.5 * i.ravel(), affine[1, 3] + 0.5 * j.ravel()], axis=1)
    functions = [reference.section_function(points, c[:, :2], r) for c, (_, _, r) in zip(contours, discs, strict=True)]
    z = [z for z, _, _ in discs]
    value = reference.between_planes(5.5, z, functions, 1).reshape(fractions.shape)
    areas = [np.array([np.pi * r * r]) for _, _, r in discs]
    target = float(reference.between_planes(5.5, z, areas, 1)[0])
    level = reference.level_for_area(value, 0.25, target)
    # The centers do not lie on a line: by F alone the section would be too small.
    assert 0.25 * (value > 0).sum() < 0.98 * target
    clear = np.abs(value - level) > 2 * 9 * 0.4
    np.testing.assert_array_equal(fractions[clear], value[clear] > level)
    assert fractions.sum() * 0.25 == pytest.approx(target, rel=1e-3)


def test_end_caps_are_half_a_slice_or_none() -> None:
    contours = [box((0, 10), (0, 20), z) for z in (5.0, 8, 11, 14)]
    assert slabs(contours).volume_ml == pytest.approx(0.2 * 12)
    assert ContourStructure("x", contours).volume_ml == pytest.approx(0.2 * 12, rel=1e-3)
    assert slabs(contours, end_caps="none").volume_ml == pytest.approx(0.2 * 9)
    assert slabs(contours, slice_thickness_mm=1).volume_ml == pytest.approx(0.2 * 10)


def test_a_gap_splits_and_a_missing_plane_does_not() -> None:
    contours = [box((0, 10), (0, 20), z) for z in (0.0, 3, 9, 12, 30, 33)]
    structure = slabs(contours)
    # 0 to 12 with caps of 1.5 mm, and 30 to 33 with theirs.
    assert structure.volume_ml == pytest.approx(0.2 * (15 + 6))
    codes = {a.code: a for a in structure.advisories}
    assert codes["contour_spacing_irregular"].value == pytest.approx(6)
    assert codes["contour_gap"].value == 1
    assert slabs(contours, maximum_gap_mm=20).volume_ml == pytest.approx(0.2 * 36)


def test_islands_appear_and_disappear_with_caps_of_their_own() -> None:
    large = [ring(0, 0, z, 20) for z in (0.0, 3, 6, 9, 12)]
    island = [ring(60, 5, z, 4) for z in (6.0, 9)]
    structure = ContourStructure("x", [*large, *island])
    expected = ContourStructure("x", large).volume_ml + ContourStructure("x", island).volume_ml
    assert structure.volume_ml == pytest.approx(expected, rel=1e-6)
    assert ContourStructure("x", island).volume_ml == pytest.approx(1e-3 * np.pi * 16 * 6, rel=1e-3)


def test_a_branching_structure_is_continuous() -> None:
    stem = [ring(0, 0, z, 10, 5) for z in (0.0, 3, 6)]
    arms = [ring(x, 0, z, 4) for z in (9.0, 12) for x in (-6, 6)]
    structure = ContourStructure("x", [*stem, *arms])
    low, high = 2 * np.pi * 16, np.pi * 50
    assert 1e-3 * (low * 4.5 + high * 7.5 + low * 3) < structure.volume_ml < 1e-3 * (low * 4.5 + high * 10.5)


def test_holes_and_keyholes_are_the_same_and_stay_holes_between_planes() -> None:
    z = np.arange(-9.0, 10, 3)
    outer, inner = sphere(16, z, (2, 1, 0)), sphere(8, z, (2, 1, 0))
    holes = ContourStructure("x", [*outer, *inner])
    shell = 4 / 3 * np.pi * (0 - 8**3) * 1e-3
    solid = ContourStructure("x", outer)
    # The cavity's ends have half-slice caps of their own.
    assert holes.volume_ml - solid.volume_ml == pytest.approx(shell, rel=0.1)
    keyholes = []
    for p in outer:
        match = [q for q in inner if q[0, 2] == p[0, 2]]
        keyholes.append(np.concatenate([p, p[:1], match[0][::-1], match[0][-1:]]) if match else p)
    opened = ContourStructure("x", keyholes)
    assert opened.volume_ml == pytest.approx(holes.volume_ml, rel=1e-4)
    assert not opened.advisories
    center = opened.voxel_fractions_on(((1, 1, 1), grid((2, 2, 2), (2, 1, 0)))).to_array()
    assert center[0, 0, 0] == 0


def test_an_island_in_a_hole_counts() -> None:
    rings = [box((-r, r), (-r, r), z) for r in (10, 6, 2) for z in (0.0, 2, 4)]
    for interpolation in ("none", "shape"):
        structure = ContourStructure("x", rings, interpolation=interpolation)
        assert structure.volume_ml == pytest.approx(1e-3 * 6 * (400 - 144 + 16), rel=2e-3)


@pytest.mark.claim("any_contours")
def test_fractions_of_contours_do_not_depend_on_threads() -> None:
    structure = ContourStructure("x", [ring(z, 0, z, 9, 5) for z in np.arange(0.0, 12, 2.5)])
    one, many = (
        structure.voxel_fractions_on(((12, 20, 22), grid((1, 1.1, 1.2), (-9, -9, -2))), threads=n) for n in (1, 5)
    )
    assert one == many


def test_the_mask_is_the_structure_on_a_grid_of_its_own() -> None:
    structure = ContourStructure("lesion", sphere(9, np.arange(-8.0, 9, 2), (40, -20, 7)), voxel_size_mm=1.5)
    assert structure.mask.sum() * 1.5**3 * 1e-3 == pytest.approx(structure.volume_ml, rel=1e-6)
    assert not structure.mask.flags.writeable
    shape, affine = (9, 10, 11), grid((2, 2.2, 2.4), (30, -31, -3))
    direct = structure.voxel_fractions_on((shape, affine)).volume_ml(2 * 2.2 * 2.4e-3)
    assert direct == pytest.approx(structure.volume_ml, rel=1e-6)


def test_a_structure_of_contours_can_be_pickled_and_transformed() -> None:
    structure = ContourStructure(
        "lesion", sphere(9, np.arange(-8.0, 9, 2)), color=(1, 0, 0), frame_of_reference_uid="1.2.3"
    )
    copy = pickle.loads(pickle.dumps(structure))
    assert (copy.name, copy.color, copy.frame_of_reference_uid) == ("lesion", (1, 0, 0), "1.2.3")
    assert copy.volume_ml == structure.volume_ml
    shift = np.eye(4)
    shift[:3, 3] = 5, 6, 7
    moved = structure.transformed(shift, frame_of_reference_uid="4.5")
    assert moved.frame_of_reference_uid == "4.5"
    here, there = (Image(np.zeros((9, 9, 9)), grid((3, 3, 3), o), "Gy") for o in ((-12, -12, -12), (-7, -6, -5)))
    np.testing.assert_allclose(
        moved.voxel_fractions_on(there).to_array(), structure.voxel_fractions_on(here).to_array(), atol=1e-6
    )
    with pytest.raises(GeometryError, match="frame of reference"):
        structure.voxel_fractions_on(Image(np.zeros((9, 9, 9)), np.eye(4), "Gy", frame_of_reference_uid="9"))


def test_impossible_rules_and_lengths_are_refused() -> None:
    contours = sphere(9, np.arange(-8.0, 9, 2))
    with pytest.raises(UnknownNameError, match="half_slice, none"):
        ContourStructure("x", contours, end_caps="round")
    with pytest.raises(UnknownNameError, match="shape, none"):
        ContourStructure("x", contours, interpolation="linear")
    for terms in ({"slice_thickness_mm": 0.0}, {"maximum_gap_mm": np.nan}, {"voxel_size_mm": -1.0}):
        with pytest.raises(OutOfRangeError, match="mm must be"):
            ContourStructure("x", contours, **terms)
    with pytest.raises(ArgumentError, match="structure name"):
        ContourStructure("", contours)
