"""The displaced outline of a structure: balls, slabs and boxes, smooth and as binary masks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from measured_figures import Measured
from numpy.typing import NDArray

from yttria._core import SignedDistance, VoxelFractions
from yttria.geometry.outline_depth import outline_depth, smoothed_outline

Size = tuple[float, float, float]
CUBIC: Size = (4.0, 4.0, 4.0)
LONG: Size = (5.0, 2.0, 2.0)


def ball(radius_mm: float, size_mm: Size, away: float) -> NDArray[np.float32]:
    """The fractions of a ball by 5^3 points of each voxel; its center lies off those of voxels."""
    shape = [2 * math.ceil((radius_mm + 3.0) / size) + 7 for size in size_mm]
    axes = [
        ((np.arange(5 * n) + 0.5) / 5 - 0.5 * n + away * (axis + 1)) * size
        for axis, (n, size) in enumerate(zip(shape, size_mm, strict=True))
    ]
    squares = np.add.outer(np.add.outer(axes[0] ** 2, axes[1] ** 2), axes[2] ** 2)
    points = (squares <= radius_mm**2).reshape(shape[0], 5, shape[1], 5, shape[2], 5)
    return points.mean(axis=(1, 3, 5)).astype(np.float32)


def voxel_fractions_of(weights: NDArray[np.float32]) -> VoxelFractions:
    return VoxelFractions._rebuild(weights.shape, (0, 0, 0), weights, 0.0)


def area_mm2(weights: NDArray[np.float32], size_mm: Size, step_mm: float) -> float:
    """Change of volume per displacement."""
    depth = outline_depth(voxel_fractions_of(weights), size_mm)
    larger, smaller = (depth.displaced(by).volume_ml(math.prod(size_mm)) for by in (step_mm, -step_mm))
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


def test_without_displacement_the_volume_is_kept() -> None:
    for weights in (ball(9.0, CUBIC, 0.2), np.rint(ball(20.0, LONG, 0.1))):
        same = outline_depth(voxel_fractions_of(weights), CUBIC).displaced(0.0)
        assert same.volume_ml(1.0) == pytest.approx(float(weights.sum(dtype=np.float64)), rel=1e-5)


def test_a_slab_across_the_grid_grows_at_its_two_faces_alone() -> None:
    weights = np.zeros((20, 9, 8), np.float32)
    weights[6:13] = 1.0
    weights[13] = 0.25
    assert area_mm2(weights, LONG, 1.0) == pytest.approx(2 * 9 * 8 * 4.0, rel=0.03)


def test_a_structure_that_fills_its_grid_has_no_outline() -> None:
    depth = outline_depth(voxel_fractions_of(np.ones((4, 5, 6), np.float32)), CUBIC)
    assert depth.displaced(2.0).volume_ml(1.0) == depth.displaced(-2.0).volume_ml(1.0) == 120.0


def test_single_voxels_and_empty_masks_have_finite_volumes() -> None:
    for weights in (np.zeros((5, 5, 5), np.float32), np.pad(np.ones((1, 1, 1), np.float32), 3)):
        depth = outline_depth(voxel_fractions_of(weights), CUBIC)
        volumes = [depth.displaced(by).volume_ml(1.0) for by in (-3.0, 0.0, 3.0)]
        assert volumes == sorted(volumes)
        assert all(map(math.isfinite, volumes))


def test_a_resampled_mask_without_its_steps_grows_by_its_surface() -> None:
    mask = np.rint(ball(20.0, CUBIC, 0.0))
    halves = np.pad(mask, 6)
    for axis in range(3):
        halves = 0.5 * (halves + np.roll(halves, 1, axis))
    smooth = smoothed_outline(voxel_fractions_of(halves.astype(np.float32)), CUBIC)
    volume = float(halves.sum(dtype=np.float64)) * 64.0
    assert smooth.volume_ml(64.0) == pytest.approx(volume, rel=1e-4)
    radius_mm = (3.0 * volume / (4.0 * math.pi)) ** (1 / 3)
    distance = SignedDistance(smooth, CUBIC, 4.0)
    for by_mm in (-4.0, -1.5, 1.5, 4.0):
        change = distance.displaced(by_mm, (0.0, 0.0, 0.0)).volume_ml(64.0) - volume
        expected = 4.0 / 3.0 * math.pi * ((radius_mm + by_mm) ** 3 - radius_mm**3)
        assert change == pytest.approx(expected, rel=0.05)


def test_a_mask_of_whole_voxels_is_returned_unchanged() -> None:
    mask = voxel_fractions_of(np.rint(ball(12.0, LONG, 0.1)))
    assert smoothed_outline(mask, LONG) is mask
