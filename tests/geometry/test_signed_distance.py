"""The displaced outline of a structure: balls, slabs and boxes, smooth and as binary masks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measured_figures import Measured
from numpy.typing import NDArray

from yttria._core import SignedDistance, VoxelFractions
from yttria.reference import signed_distance as reference

Size = tuple[float, float, float]
CUBIC: Size = (4.0, 4.0, 4.0)
LONG: Size = (5.0, 2.0, 2.0)
STILL = (0.0, 0.0, 0.0)


def ball(radius_mm: float, size_mm: Size, away: float, room_mm: float = 3.0) -> NDArray[np.float32]:
    """The fractions of a ball by 5^3 points of each voxel; its center lies off those of voxels."""
    shape = [2 * math.ceil((radius_mm + room_mm) / size) + 7 for size in size_mm]
    axes = [
        ((np.arange(5 * n) + 0.5) / 5 - 0.5 * n + away * (axis + 1)) * size
        for axis, (n, size) in enumerate(zip(shape, size_mm, strict=True))
    ]
    squares = np.add.outer(np.add.outer(axes[0] ** 2, axes[1] ** 2), axes[2] ** 2)
    points = (squares <= radius_mm**2).reshape(shape[0], 5, shape[1], 5, shape[2], 5)
    return points.mean(axis=(1, 3, 5)).astype(np.float32)


def voxel_fractions_of(weights: NDArray[np.float32]) -> VoxelFractions:
    return VoxelFractions._rebuild(weights.shape, (0, 0, 0), weights, 0.0)


def distance_of(weights: NDArray[np.float32], size_mm: Size, reach_mm: float = 3.0) -> SignedDistance:
    return SignedDistance(voxel_fractions_of(weights), size_mm, reach_mm)


def volume_ml(distance: SignedDistance, by_mm: float, voxel_volume_ml: float = 1.0) -> float:
    return distance.displaced(by_mm, STILL).volume_ml(voxel_volume_ml)


def area_mm2(weights: NDArray[np.float32], size_mm: Size, step_mm: float) -> float:
    """Change of volume per displacement."""
    distance = distance_of(weights, size_mm)
    larger, smaller = (volume_ml(distance, by, math.prod(size_mm)) for by in (step_mm, -step_mm))
    return (larger - smaller) / (2.0 * step_mm)


@pytest.mark.claim("displaced_outline")
@pytest.mark.parametrize("is_binary", [False, True])
@pytest.mark.parametrize(
    ("size_mm", "radius_mm", "tolerance"), [(CUBIC, 30, 0.02), (CUBIC, 12, 0.06), (LONG, 20, 0.04)]
)
def test_a_ball_grows_by_its_surface(
    size_mm: Size, radius_mm: float, tolerance: float, is_binary: bool, measured: Measured
) -> None:
    for away in (0.0, 0.11, 0.23):
        weights = ball(radius_mm, size_mm, away)
        if is_binary:
            weights = np.rint(weights)
        volume_mm3 = float(weights.sum(dtype=np.float64)) * math.prod(size_mm)
        expected = (36.0 * math.pi) ** (1 / 3) * volume_mm3 ** (2 / 3)
        found = area_mm2(weights, size_mm, 1.5)
        assert found == pytest.approx(expected, rel=tolerance)
        label = f"radius {radius_mm} mm on voxels of {' x '.join(f'{size:g}' for size in size_mm)} mm"
        measured(f"{label}, {'binary' if is_binary else 'fractions'}", 100 * (found / expected - 1), "%", signed=True)


@pytest.mark.claim("displaced_outline")
@pytest.mark.parametrize("is_binary", [False, True])
@pytest.mark.parametrize(("radius_mm", "tolerance_mm"), [(3, 0.8), (5, 0.35), (8, 0.2), (12, 0.2), (20, 0.2)])
def test_a_displaced_ball_is_a_ball_of_another_radius(
    radius_mm: float, tolerance_mm: float, is_binary: bool, measured: Measured
) -> None:
    size_mm = (2.0, 2.0, 2.0)
    for away in (0.0, 0.11, 0.23):
        weights = ball(radius_mm, size_mm, away, room_mm=6.0)
        if is_binary:
            weights = np.rint(weights)
        distance = distance_of(weights, size_mm, 4.0)
        radius = (6.0 / math.pi * float(weights.sum(dtype=np.float64))) ** (1 / 3)
        for by_mm in (-2.0, -1.0, 1.0, 2.0, 4.0):
            found = (6.0 / math.pi * volume_ml(distance, by_mm)) ** (1 / 3)
            if radius + by_mm > 0.0:
                error = found - (radius + by_mm)
                assert abs(error) < tolerance_mm
                label = f"radius {radius_mm} mm on voxels of 2 mm, {'binary' if is_binary else 'fractions'}, depth"
                measured(label, error, "mm", signed=True)


def test_without_displacement_the_fractions_are_kept() -> None:
    for weights in (ball(9.0, CUBIC, 0.2), np.rint(ball(20.0, LONG, 0.1)), ball(3.0, CUBIC, 0.1)):
        same = distance_of(weights, CUBIC).displaced(0.0, STILL).to_array()
        assert same == pytest.approx(weights, abs=1e-6)


def test_a_slab_across_the_grid_grows_at_its_two_faces_alone() -> None:
    weights = np.zeros((20, 9, 8), np.float32)
    weights[6:13] = 1.0
    weights[13] = 0.25
    assert area_mm2(weights, LONG, 1.0) == pytest.approx(2 * 9 * 8 * 4.0, rel=0.03)


def test_a_structure_that_fills_its_grid_has_no_outline() -> None:
    distance = distance_of(np.ones((4, 5, 6), np.float32), CUBIC)
    assert volume_ml(distance, 2.0) == volume_ml(distance, -2.0) == 120.0


def test_single_voxels_and_empty_masks_have_finite_volumes() -> None:
    for weights in (np.zeros((5, 5, 5), np.float32), np.pad(np.ones((1, 1, 1), np.float32), 3)):
        distance = distance_of(weights, CUBIC)
        volumes = [volume_ml(distance, by) for by in (-3.0, 0.0, 3.0)]
        assert volumes == sorted(volumes)
        assert all(map(math.isfinite, volumes))


def test_a_resampled_mask_grows_by_its_surface() -> None:
    mask = np.rint(ball(20.0, CUBIC, 0.0))
    halves = np.pad(mask, 6)
    for axis in range(3):
        halves = 0.5 * (halves + np.roll(halves, 1, axis))
    distance = distance_of(halves.astype(np.float32), CUBIC, 4.0)
    volume = float(halves.sum(dtype=np.float64)) * 64.0
    radius_mm = (3.0 * volume / (4.0 * math.pi)) ** (1 / 3)
    for by_mm in (-4.0, -1.5, 1.5, 4.0):
        change = volume_ml(distance, by_mm, 64.0) - volume
        expected = 4.0 / 3.0 * math.pi * ((radius_mm + by_mm) ** 3 - radius_mm**3)
        assert change == pytest.approx(expected, rel=0.06)


def blob(seed: int, fill: float) -> NDArray[np.float32]:
    """A smooth random structure in a box of 12 x 11 x 10 voxels, which may touch its edge."""
    noise = np.random.default_rng(seed).normal(size=(12, 11, 10))
    smooth = reference.smoothed_fractions(noise, sigma=1.5)
    return np.clip(0.5 + 4.0 * (smooth - np.quantile(smooth, 1.0 - fill)) / smooth.std(), 0.0, 1.0).astype(np.float32)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), fill=st.floats(0.02, 0.5), size_mm=st.sampled_from([CUBIC, LONG, (1.0, 3.0, 2.0)]))
def test_displaced_fractions_are_those_of_the_definition(seed: int, fill: float, size_mm: Size) -> None:
    weights = blob(seed, fill)
    reach_mm = 2.0 * min(size_mm)
    distance = distance_of(weights, size_mm, reach_mm)
    for by_mm in (by * min(size_mm) for by in (-1.5, -0.2, 0.4, 1.3)):
        found = distance.displaced(by_mm, STILL).to_array()
        deviation = np.abs(found - reference.displaced_fractions(weights, size_mm, by_mm, reach_mm))
        # Far from the outline, rounding decides between two points that are equally near.
        assert np.quantile(deviation, 0.995) < 0.02


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), fill=st.floats(0.02, 0.5))
def test_a_structure_grows_with_its_displacement_at_every_voxel(seed: int, fill: float) -> None:
    distance = distance_of(blob(seed, fill), LONG, 6.0)
    smaller, same, larger = (distance.displaced(by, STILL).to_array() for by in (-2.5, 0.0, 4.0))
    assert np.all(smaller <= same)
    assert np.all(same <= larger)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 10**6), axis=st.integers(0, 2))
def test_mirrored_structure_has_the_mirrored_outline(seed: int, axis: int) -> None:
    weights = blob(seed, 0.2)
    one, other = (distance_of(np.ascontiguousarray(each), CUBIC) for each in (weights, np.flip(weights, axis)))
    mirrored = np.flip(other.displaced(2.0, STILL).to_array(), axis)
    assert mirrored == pytest.approx(one.displaced(2.0, STILL).to_array(), abs=1e-4)


@pytest.mark.claim("displaced_outline")
@pytest.mark.parametrize(
    ("radius_mm", "is_binary", "tolerance_mm"),
    [(14.0, False, 0.4), (30.0, False, 0.4), (14.0, True, 1.4), (30.0, True, 0.8)],
)
def test_the_outermost_shell_of_a_displaced_ball_is_that_of_the_ball(
    radius_mm: float, is_binary: bool, tolerance_mm: float, measured: Measured
) -> None:
    size_mm = (3.0, 4.0, 4.0)
    whole = ball(radius_mm, size_mm, 0.11, room_mm=6.0)
    weights = np.rint(whole) if is_binary else whole
    distance = distance_of(weights, size_mm, 4.0)
    radii = distances_from_center(whole, size_mm)
    for by_mm in (-3.0, -1.5, 1.5, 3.0):
        expected = radius_of_share(ball(radius_mm + by_mm, size_mm, 0.11, room_mm=6.0 - by_mm), radii, 0.95)
        found = radius_of_share(distance.displaced(by_mm, STILL).to_array(), radii, 0.95)
        assert found == pytest.approx(expected, abs=tolerance_mm)
        label = (
            f"radius {radius_mm:g} mm on voxels of 3 x 4 x 4 mm, {'binary' if is_binary else 'fractions'}, 95 % shell"
        )
        measured(label, found - expected, "mm", signed=True)


def distances_from_center(weights: NDArray[np.float32], size_mm: Size) -> NDArray[np.float64]:
    """Distance of each voxel from the center of mass in mm."""
    index = np.indices(weights.shape)
    squares = [
        ((axis - np.average(axis, weights=weights)) * size) ** 2 for axis, size in zip(index, size_mm, strict=True)
    ]
    return np.asarray(np.sqrt(sum(squares)))


def radius_of_share(weights: NDArray[np.float32], radii: NDArray[np.float64], share: float) -> float:
    """Radius within which this share of the volume lies; the D95 of a dose that falls outward is the dose there."""
    order = np.argsort(radii, axis=None)
    volume = np.cumsum(weights.ravel()[order], dtype=np.float64)
    return float(np.interp(share * volume[-1], volume, radii.ravel()[order]))
