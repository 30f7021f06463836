"""Parts of a structure on planes of their own, and outlines drawn twice: read as if each stood alone and once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from contour_samples import box, grid, ring
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from yttria import ContourStructure
from yttria.reference import contours as reference

Array = NDArray[np.float64]

Z = list(range(0, 44, 4))
#: mL, of a prism of 20 x 20 x 44 mm with its caps.
PRISM_ML = 17.6


def prism(x: float, z: Sequence[float]) -> list[Array]:
    return [box((x, x + 20), (0, 20), at) for at in z]


def codes(structure: ContourStructure) -> list[str]:
    return [a.code for a in structure.advisories]


@pytest.mark.claim("parts_keep_volume")
@pytest.mark.parametrize("interpolation", ["shape", "none"])
@pytest.mark.parametrize("offset", [0.0, 0.06, 0.134, 0.5, 1.5, 2.0, 3.9])
def test_a_lobe_on_planes_beside_those_of_another_keeps_its_volume(offset: float, interpolation: str) -> None:
    contours = prism(0, Z) + prism(40, [z + offset for z in Z])
    structure = ContourStructure("x", contours, interpolation=interpolation)
    assert structure.volume_ml == pytest.approx(2 * PRISM_ML, rel=1e-3)
    assert not structure.advisories


@pytest.mark.claim("parts_keep_volume")
@pytest.mark.parametrize("interpolation", ["shape", "none"])
@pytest.mark.parametrize("kept", [Z[:5] + Z[6:], Z[::2], Z[::3], Z[:2] + Z[3:6] + Z[7:]])
def test_a_lobe_on_fewer_planes_is_bridged_and_reported(kept: list[float], interpolation: str) -> None:
    alone = ContourStructure("x", prism(40, kept), interpolation=interpolation).volume_ml
    structure = ContourStructure("x", prism(0, Z) + prism(40, kept), interpolation=interpolation)
    assert structure.volume_ml == pytest.approx(PRISM_ML + alone, rel=1e-3)
    assert codes(structure) == ["contour_spacing_irregular"]
    inside = structure.voxel_fractions_on(((1, 1, 1), grid((2, 2, 2), (50, 10, 20))))
    assert inside.to_array()[0, 0, 0] == pytest.approx(1, abs=1e-3)


prisms = st.lists(
    st.tuples(st.floats(-30, 30), st.floats(1.2, 6), st.integers(4, 9), st.floats(4, 18), st.booleans()),
    min_size=1,
    max_size=4,
)


@pytest.mark.claim("parts_keep_volume")
@settings(max_examples=40)
@given(parts=prisms, interpolation=st.sampled_from(["shape", "none"]), end_caps=st.sampled_from(["half_slice", "none"]))
def test_the_volume_of_separate_prisms_is_the_sum_of_theirs(parts, interpolation: str, end_caps: str) -> None:
    if interpolation == "none":
        end_caps = "half_slice"
    drawn = []
    for n, (start, spacing, count, size, round_) in enumerate(parts):
        z = [start + k * spacing for k in range(count)]
        x = 60.0 * n
        drawn.append([ring(x, 3, at, size / 2) if round_ else box((x, x + size), (-5, 9), at) for at in z])
    # Contours closer together than 0.05 mm lie in one plane: the positions of the parts would no longer be their own.
    positions = np.sort([p[0, 2] for part in drawn for p in part])
    assume(not ((np.diff(positions) > 0) & (np.diff(positions) < 0.051)).any())
    alone = [ContourStructure("x", p, interpolation=interpolation, end_caps=end_caps).volume_ml for p in drawn]
    contours = [p for part in drawn for p in part]
    together = ContourStructure("x", contours, interpolation=interpolation, end_caps=end_caps)
    # Sections between planes reach their area within 5e-4.
    tolerance = 1e-6 if interpolation == "none" else 2e-3
    assert together.volume_ml == pytest.approx(sum(alone), rel=tolerance)


squares = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from([0, 7, 14, 40, 47]), st.sampled_from([0, 9]), st.integers(5, 10)),
    min_size=1,
    max_size=14,
)


@settings(max_examples=80)
@given(drawn=squares, gap=st.sampled_from([3.0, 7.0, 20.0]))
def test_the_matching_of_outlines_between_planes_agrees_with_its_definition(drawn, gap: float) -> None:
    planes: dict[int, list[Array]] = {}
    for k, x, y, size in drawn:
        square = box((x, x + size), (y, y + size), 0)[:, :2]
        # Outlines of one plane are to lie apart: no holes, no crossings.
        if not any(reference.touch(square, other) for other in planes.get(k, [])):
            planes.setdefault(k, []).append(square)
    stack = [(3.0 * k, planes[k]) for k in sorted(planes)]
    contours = [np.column_stack([p, np.full(len(p), z)]) for z, outlines in stack for p in outlines]
    structure = ContourStructure(
        "x", contours, interpolation="none", slice_thickness_mm=3.0, maximum_gap_mm=gap, end_caps="half_slice"
    )
    assert structure.volume_ml * 1e3 == pytest.approx(reference.slab_volume(stack, 3.0, gap), rel=1e-9)


def test_a_hole_ends_where_the_next_plane_is_filled() -> None:
    outer = [box((-10, 10), (-10, 10), z) for z in Z]
    hole = [box((-4, 4), (-4, 4), z) for z in (8, 12, 20, 24)]
    structure = ContourStructure("x", [*outer, *hole])
    # Planes 8 to 12 and 20 to 24, each 8 mm with caps; plane 16 is filled.
    assert structure.volume_ml == pytest.approx(PRISM_ML - 2 * 64 * 8e-3, rel=2e-3)
    filled = structure.voxel_fractions_on(((1, 1, 1), grid((2, 2, 1), (0, 0, 16))))
    assert filled.to_array()[0, 0, 0] == pytest.approx(1)


def test_a_hollow_part_on_fewer_planes_stays_hollow() -> None:
    for kept in (Z, Z[::2]):
        shell = [box((40 - r, 40 + r), (-r, r), z) for r in (10, 4) for z in kept]
        alone = ContourStructure("x", shell).volume_ml
        together = ContourStructure("x", [*prism(0, Z), *shell]).volume_ml
        assert together == pytest.approx(PRISM_ML + alone, rel=1e-3)


def test_lesions_far_apart_are_not_bridged_because_they_lie_above_each_other() -> None:
    liver = [ring(0, 0, z, 60) for z in np.arange(0.0, 120, 3)]
    alone = ContourStructure("x", liver).volume_ml
    for z in ((10.0,), (9.0, 90.0), (9.0, 60.0, 99.0), (9.0, 12.0, 90.0, 93.0, 96.0)):
        islands = [ring(90, 0, at, 5) for at in z]
        expected = len(islands) * np.pi * 25 * 3e-3
        assert ContourStructure("x", [*liver, *islands]).volume_ml == pytest.approx(alone + expected, rel=1e-4)


def test_planes_drawn_twice_a_little_apart_are_one_solid() -> None:
    for offset in (0.06, 0.134, 0.5):
        twice = ContourStructure("x", prism(0, Z) + prism(0, [z + offset for z in Z]))
        # The usual spacing is that between the pairs. The solid is longer by the distance of a pair, and its caps are
        # shorter by as much.
        assert twice.volume_ml == pytest.approx(PRISM_ML, rel=1e-3)
        assert codes(twice) == ["contour_spacing_irregular"]


STARS = st.tuples(
    st.lists(st.floats(4, 12), min_size=5, max_size=24),
    st.integers(0, 30),
    st.booleans(),
    st.booleans(),
    st.integers(0, 3),
    st.sampled_from([0.0, 0.004, 0.02]),
)


@pytest.mark.claim("duplicates_count_once")
@settings(max_examples=60)
@given(star=STARS, seed=st.integers(0, 999))
def test_an_outline_drawn_twice_counts_once(star, seed: int) -> None:
    radii, start, backwards, closed, between, jitter = star
    angle = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    flat = np.stack([np.array(radii) * np.cos(angle), np.array(radii) * np.sin(angle)], axis=1)
    again = np.roll(flat, start, axis=0)
    if between:
        # Points on the lines between its points.
        t = np.arange(between + 1)[:, None] / (between + 1)
        again = np.concatenate([a + t * (b - a) for a, b in zip(again, np.roll(again, -1, axis=0), strict=True)])
    again = again + np.random.default_rng(seed).uniform(-jitter, jitter, again.shape)
    again = np.concatenate([again, again[:1]]) if closed else again
    again = again[::-1] if backwards else again
    solid, twice = ([np.column_stack([p, np.full(len(p), z)]) for z in (0.0, 3, 6)] for p in (flat, again))
    expected = ContourStructure("x", solid).volume_ml
    for contours in ([*solid, *twice], [*twice, *solid]):
        structure = ContourStructure("x", contours)
        assert structure.volume_ml == pytest.approx(expected, rel=1e-9 if jitter == 0 else 2e-2)
        assert [(a.code, a.value) for a in structure.advisories] == [("contour_duplicate", 3)]


def test_a_figure_of_eight_drawn_twice_counts_once() -> None:
    eight = [np.array([[0, 0, z], [10, 10, z], [10, 0, z], [0, 10, z]], dtype=float) for z in (0, 2)]
    expected = ContourStructure("x", eight).volume_ml
    again = [np.roll(p, 1, axis=0)[::-1] + np.array([0.004, -0.003, 0]) for p in eight]
    structure = ContourStructure("x", eight + again)
    assert structure.volume_ml == pytest.approx(expected, rel=1e-9)
    assert codes(structure) == ["contour_duplicate", "contour_self_crossing"]


@pytest.mark.claim("duplicates_count_once")
@pytest.mark.parametrize("again", [slice(None), slice(2, 4), slice(None, None, 2)])
def test_some_planes_drawn_twice_do_not_change_the_volume(again: slice) -> None:
    contours = prism(0, Z)
    twice = [np.roll(p, 1, axis=0) for p in contours[again]]
    structure = ContourStructure("x", [*contours, *twice])
    assert structure.volume_ml == pytest.approx(PRISM_ML, rel=1e-3)
    assert codes(structure) == ["contour_duplicate"]


def test_a_thin_shell_and_a_small_hole_are_no_duplicates() -> None:
    shell = [ring(0, 0, z, r) for r in (20, 19) for z in Z]
    assert ContourStructure("x", shell).volume_ml == pytest.approx(np.pi * (400 - 361) * 44e-3, rel=1e-2)
    small = [box((0, a), (0, a), z) for a in (1.0, 0.8) for z in Z]
    small = [p + 0.1 * (p[2, 0] < 0.9) * np.array([1, 1, 0]) for p in small]
    assert ContourStructure("x", small, interpolation="none").volume_ml == pytest.approx(0.36 * 44e-3, rel=1e-6)
