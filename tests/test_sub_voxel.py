"""Histograms with the dose interpolated inside voxels: known distributions, agreement, hostile input."""

from __future__ import annotations

import numpy as np
import pytest
from contour_samples import grid, ring, sphere
from hypothesis import given, settings
from hypothesis import strategies as st

from yttria import ContourStructure
from yttria.errors import OutOfRangeError, ShapeError, UndefinedError
from yttria.evaluation import Occupancy, dose_volume_histograms, occupancy, parts_grid, voxel_parts
from yttria.reference import dvh as reference
from yttria.reference.sub_voxel import sub_voxel_samples


def histogram(dose, weights, parts, voxel_ml=1.0, **terms):
    return dose_volume_histograms(dose, {"x": weights}, voxel_volume_ml=voxel_ml, parts=parts, **terms)["x"]


def test_parts_are_even_and_small_enough() -> None:
    assert voxel_parts((3, 2, 1), 0.5) == (6, 4, 2)
    assert voxel_parts((3, 2.01, 0.1), 1.0) == (4, 4, 2)
    for size, part in (((3, 2, 1), 0.0), ((3, 2, -1), 1.0), ((3, 2, 1), np.nan), ((3, 2, 1), 0.01)):
        with pytest.raises(OutOfRangeError, match="sub-voxel size"):
            voxel_parts(size, part)


def test_parts_fill_the_voxels() -> None:
    affine = grid((2, -3, 4), (5, 6, 7))
    shape, fine = parts_grid((3, 4, 5), affine, (4, 2, 6))
    assert shape == (12, 8, 30)
    mask = np.random.default_rng(1).random((3, 4, 5)) < 0.5
    whole = occupancy(mask, affine, shape, fine).to_array()
    np.testing.assert_array_equal(whole, np.kron(mask, np.ones((4, 2, 6))))


def test_a_linear_dose_in_a_box_has_a_linear_histogram() -> None:
    # 10 Gy per voxel along j; the box spans 2.5 voxels of it, the ends inside voxels.
    dose = np.broadcast_to(10.0 * np.arange(6)[None, :, None], (3, 6, 4)).copy()
    weights = np.zeros((6, 24, 16), np.float32)
    weights[2:5, 6:16, 3:9] = 1
    result = histogram(dose, weights, (2, 4, 4), voxel_ml=0.2)
    low, high = 10 * (6 / 4 - 0.5), 10 * (16 / 4 - 0.5)
    assert result.volume_ml == pytest.approx(0.2 * 180 / 32)
    assert result.mean_gy == pytest.approx(0.5 * (low + high))
    assert result.standard_deviation_gy == pytest.approx((high - low) / np.sqrt(12), rel=1e-3)
    for percent in (99, 95, 50, 5, 1):
        exact = high - (high - low) * percent / 100
        assert result.dose_at_volume_percent(percent) == pytest.approx(exact, abs=0.05)
    assert result.minimum_gy == pytest.approx(low, abs=0.05)
    assert result.maximum_gy == pytest.approx(high, abs=0.05)


def test_voxel_means_miss_the_ends_of_a_small_lesion() -> None:
    # 1 Gy/mm across a sphere of 6 mm radius on 4 mm voxels: D98 and D2 lie 0.75 radii off the middle.
    shape, affine = (9, 8, 10), grid((4, 4, 4), (-17, -15, -16))
    dose = np.broadcast_to(50 + affine[0, 3] + 4.0 * np.arange(10), shape).copy()
    lesion = ContourStructure("lesion", sphere(6, np.arange(-5.5, 6, 1)))
    # The cap of height h holds h^2 (3 r - h) / (4 r^3) of the sphere: 2 % at h = 0.1714 r.
    height = 6 * min(np.roots([1, -3, 0, 4 * 0.02]), key=lambda h: abs(h - 0.17))
    exact = 50 + 6 - float(np.real(height))
    parts = voxel_parts((4, 4, 4), 0.5)
    fine = lesion.occupancy_on(parts_grid(shape, affine, parts))
    result = histogram(dose, fine, parts)
    assert result.dose_at_volume_percent(2) == pytest.approx(exact, abs=0.06)
    coarse = dose_volume_histograms(dose, {"x": lesion.occupancy_on((shape, affine))}, voxel_volume_ml=1)["x"]
    assert abs(coarse.dose_at_volume_percent(2) - exact) > 0.5


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), single=st.booleans())
def test_it_agrees_with_the_definition(seed: int, single: bool) -> None:
    rng = np.random.default_rng(seed)
    shape, parts = rng.integers(1, 5, 3), 2 * rng.integers(1, 3, 3)
    dose = rng.gamma(2, 30, shape).astype(np.float32 if single else np.float64)
    weights = np.round(rng.random(shape * parts) * (rng.random(shape * parts) < 0.5), 3).astype(np.float32)
    if not weights.any():
        return
    result = histogram(dose, weights, tuple(int(p) for p in parts), voxel_ml=float(np.prod(parts)))
    # As few parts as these get the most samples each.
    doses, volumes = sub_voxel_samples(dose, Occupancy.from_mask(weights).to_array(), parts, 32)
    assert result.volume_ml == pytest.approx(volumes.sum(), rel=1e-6)
    assert result.mean_gy == pytest.approx(reference.mean_dose(doses, volumes), rel=1e-9)
    assert result.standard_deviation_gy == pytest.approx(reference.standard_deviation(doses, volumes), rel=1e-6)
    assert result.minimum_gy == pytest.approx(doses.min())
    assert result.maximum_gy == pytest.approx(doses.max())
    order = np.argsort(doses)
    hotter = volumes.sum() - np.cumsum(volumes[order]) + volumes[order]
    for percent in (99, 95, 50, 5, 1):
        at = result.dose_at_volume_percent(percent)
        exact = doses[order][np.flatnonzero(hotter >= percent / 100 * volumes.sum() * (1 - 1e-9))[-1]]
        assert at == pytest.approx(exact, rel=1e-6)


def test_a_constant_dose_stays_constant_and_threads_do_not_matter() -> None:
    dose = np.full((3, 4, 5), 7.0)
    weights = np.ones((6, 16, 10), np.float32)
    result = histogram(dose, weights, (2, 4, 2))
    assert (result.minimum_gy, result.mean_gy, result.maximum_gy) == (7, 7, 7)
    noisy = np.random.default_rng(0).random((12, 14, 16))
    body = ContourStructure("x", [ring(14, 13, z, 9) for z in (4.0, 9, 14)])
    fine = body.occupancy_on(parts_grid(noisy.shape, grid((2, 2, 2), (0, 0, 0)), (4, 4, 4)))
    assert histogram(noisy, fine, (4, 4, 4), threads=1) == histogram(noisy, fine, (4, 4, 4), threads=6)


def test_bad_parts_and_doses_are_refused() -> None:
    dose, weights = np.ones((2, 3, 4)), np.ones((4, 6, 8), np.float32)
    for parts in ((1, 2, 2), (2, 3, 2), (0, 2, 2), (2, 2, 66)):
        with pytest.raises(OutOfRangeError, match="parts of a voxel must be an even number"):
            histogram(dose, weights, parts)
    with pytest.raises(ShapeError, match="on the grid of parts"):
        histogram(dose, weights, (2, 2, 4))
    with pytest.raises(UndefinedError, match="occupies no voxel"):
        histogram(dose, np.zeros_like(weights), (2, 2, 2))
    dose[1, 1, 1] = np.nan
    with pytest.raises(OutOfRangeError, match="absorbed dose in Gy in 'x'"):
        histogram(dose, weights, (2, 2, 2))
