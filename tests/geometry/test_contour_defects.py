"""Each malformed contour is reported, and none causes damage."""

from __future__ import annotations

import numpy as np
import pytest
from contour_samples import box, grid, ring, sphere, turned
from hypothesis import given, settings
from hypothesis import strategies as st

from yttria import ContourStructure
from yttria.errors import DTypeError, OutOfRangeError, ShapeError, UndefinedError, YttriaError

GOOD = [box((0, 10), (0, 20), z) for z in (0.0, 3, 6)]
VOLUME_ML = 0.2 * 9


def found(*bad, **terms) -> tuple[ContourStructure, dict[str, float]]:
    structure = ContourStructure("x", [*GOOD, *bad], interpolation="none", **terms)
    return structure, {a.code: a.value for a in structure.advisories}


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ([[1, 1, 3], [2, 2, 3]], "contour_too_few_points"),
        ([], "contour_too_few_points"),
        ([[1, 1, 3], [2, np.nan, 3], [4, 4, 3]], "contour_not_finite"),
        ([[1, 1, 3], [2, 1e7, 3], [4, 4, 3]], "contour_not_finite"),
        ([[1, 1, 3], [2, 9, 3.5], [4, 4, 4], [9, 1, 2.5]], "contour_not_planar"),
        ([[1, 1, 0], [1, 9, 0], [1, 9, 6], [1, 1, 6]], "contour_not_parallel"),
        ([[1, 1, 3], [5, 5, 3], [3, 3, 3]], "contour_zero_area"),
        (GOOD[1], "contour_duplicate"),
        (GOOD[1][::-1], "contour_duplicate"),
    ],
)
def test_unusable_contours_are_left_out_and_reported(bad, code: str) -> None:
    structure, codes = found(np.array(bad, dtype=float).reshape(-1, 3))
    assert codes == {code: 1}
    assert structure.volume_ml == pytest.approx(VOLUME_ML)
    assert structure.advisories[0].message.startswith("'x': 1 contour ")


def test_a_closed_contour_and_repeated_points_are_accepted() -> None:
    closed = [np.concatenate([p[:1], p[:1], p, p[:1]]) for p in GOOD]
    structure = ContourStructure("x", closed, interpolation="none")
    assert structure.volume_ml == pytest.approx(VOLUME_ML)
    assert not structure.advisories


def test_a_figure_of_eight_is_read_by_the_even_odd_rule() -> None:
    eight = [np.array([[0, 0, z], [10, 10, z], [10, 0, z], [0, 10, z]], dtype=float) for z in (0, 2)]
    structure = ContourStructure("x", eight)
    assert structure.volume_ml == pytest.approx(4 * 50e-3, rel=2e-3)
    assert [a.code for a in structure.advisories] == ["contour_self_crossing"]
    assert structure.advisories[0].value == 2


def test_overlapping_contours_are_read_by_the_even_odd_rule() -> None:
    structure, codes = found(box((5, 15), (0, 20), 3.0))
    assert codes == {"contours_overlap": 2}
    assert structure.volume_ml == pytest.approx(VOLUME_ML)
    assert structure.voxel_fractions_on(((1, 1, 1), grid((1, 1, 1), (7, 10, 3)))).volume_ml(1) == 0


def test_hopeless_tangles_are_left_out_in_bounded_time() -> None:
    rng = np.random.default_rng(3)
    tangle = np.column_stack([rng.uniform(0, 10, (20_000, 2)), np.full(20_000, 3.0)])
    structure, codes = found(tangle)
    assert codes == {"contour_tangled": 1}
    assert structure.volume_ml == pytest.approx(VOLUME_ML)


def test_no_usable_contour_is_an_error_with_the_reason() -> None:
    with pytest.raises(UndefinedError, match=r"no contour is usable. 1 contour with fewer than 3 points"):
        ContourStructure("x", [[[0, 0, 0], [1, 1, 1]]])
    with pytest.raises(UndefinedError, match="one plane, so that the slice thickness"):
        ContourStructure("x", GOOD[:1])
    assert ContourStructure("x", GOOD[:1], slice_thickness_mm=3).volume_ml == pytest.approx(0.6)


def test_a_structure_without_contours_is_empty() -> None:
    structure = ContourStructure("x", [])
    assert structure.volume_ml == 0
    assert structure.voxel_fractions_on(((2, 3, 4), np.eye(4))).volume_ml(1) == 0
    assert not structure.mask.any()


def test_contours_must_be_lists_of_points() -> None:
    with pytest.raises(ShapeError, match=r"contour 1 of 'x' must be a list of points \(n, 3\), got shape \[4, 2\]"):
        ContourStructure("x", [GOOD[0], np.zeros((4, 2))])
    with pytest.raises(DTypeError, match="contour 0 of 'x' must hold real numbers"):
        ContourStructure("x", [np.array([["a", "b", "c"]])])
    with pytest.raises(ShapeError):
        ContourStructure("x", [[[0, 0, 0], [1, 1]]])


def test_hostile_sizes_are_refused() -> None:
    with pytest.raises(OutOfRangeError, match="number of contours must be at most 20000"):
        ContourStructure("x", [GOOD[0][:3]] * 20_001)
    wide = np.broadcast_to(np.zeros(3), (4_000_001, 3))
    with pytest.raises(OutOfRangeError, match="at most 4000000 points"):
        ContourStructure("x", [wide])


def test_a_giant_polygon_costs_no_more_than_the_grid() -> None:
    giant = [box((-9e5, 8e5), (-9e5, 9e5), z) for z in (-9e5, 0.0, 9e5)]
    structure = ContourStructure("x", giant, maximum_gap_mm=1e6)
    fractions = structure.voxel_fractions_on(((3, 4, 5), grid((1, 2, 3), (7, 8, 9))))
    np.testing.assert_array_equal(fractions.to_array(), np.ones((3, 4, 5), np.float32))
    assert fractions.outside_fraction == pytest.approx(1)


point = st.tuples(*[st.one_of(st.floats(-20, 20), st.integers(-3, 3).map(float), st.floats())] * 2)
contour = st.tuples(st.lists(point, max_size=12), st.sampled_from([0.0, 1.0, 1.0, 3.0, 3.02, 50.0]))


@settings(max_examples=150)
@given(contours=st.lists(contour, max_size=7), interpolation=st.sampled_from(["shape", "none"]))
def test_any_contours_give_fractions_or_an_error_of_yttria(contours, interpolation) -> None:
    points = [[(x, y, z) for x, y in points] for points, z in contours]
    try:
        structure = ContourStructure("x", points, interpolation=interpolation, slice_thickness_mm=2)
    except YttriaError:
        return
    assert np.isfinite(structure.volume_ml)
    weights = structure.voxel_fractions_on(((4, 5, 6), grid((5, 4, 3), (-9, -9, -2)))).to_array()
    assert weights.min() >= 0
    assert weights.max() <= 1


@pytest.mark.parametrize("interpolation", ["shape", "none"])
def test_contours_without_area_enclose_nothing(interpolation: str) -> None:
    tips = [[(0.0, 0.0, z), (0.0, 0.0, z), (1.0, 0.0, z)] for z in (0.0, 1.0)]
    structure = ContourStructure("x", tips, interpolation=interpolation, slice_thickness_mm=2)
    assert structure.volume_ml == 0
    for affine in (grid((5, 4, 3), (-9, -9, -2)), turned((10, 20, 30)) @ grid((5, 4, 3), (-9, -9, -2))):
        assert not structure.voxel_fractions_on(((4, 5, 6), affine)).to_array().any()


def test_a_tip_without_area_is_where_the_structure_ends() -> None:
    z = np.arange(-6.0, 7, 3)
    tip = [np.array([[1.0, 2, s * 9], [1, 2, s * 9], [1, 2, s * 9]]) for s in (-1, 1)]
    body = sphere(9, z, (1, 2, 0))
    structure = ContourStructure("x", [*tip, *body], end_caps="none")
    assert {a.code for a in structure.advisories} == {"contour_zero_area"}
    assert structure.volume_ml == pytest.approx(4 / 3 * np.pi * 729e-3, rel=2e-3)


def test_two_rings_in_one_plane_within_its_tolerance() -> None:
    contours = [ring(0, 0, z, 8) for z in (0.0, 2, 4)] + [ring(0, 0, z + 0.02, 4) for z in (0.0, 2, 4)]
    assert ContourStructure("x", contours, interpolation="none").volume_ml == pytest.approx(6e-3 * np.pi * 48, rel=1e-3)


def test_findings_that_leave_the_volume_as_it_is_are_notes() -> None:
    severities = {}
    for bad in (GOOD[1][::-1], [[1, 1, 3], [5, 5, 3], [3, 3, 3]], [[1, 1, 3], [2, np.nan, 3], [4, 4, 3]]):
        structure, _ = found(np.array(bad, dtype=float))
        severities |= {a.code: a.severity for a in structure.advisories}
    assert severities == {"contour_duplicate": "note", "contour_zero_area": "note", "contour_not_finite": "warning"}
