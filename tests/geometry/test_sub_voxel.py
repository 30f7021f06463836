"""Histograms with the dose interpolated inside voxels: known distributions, agreement, hostile input."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from contour_samples import grid, ring, sphere
from hypothesis import given, settings
from hypothesis import strategies as st

from yttria import ContourStructure, Structure
from yttria.errors import OutOfRangeError, ShapeError, UndefinedError
from yttria.evaluation import dose_volume_histograms
from yttria.evaluation import inside_voxels as inside_voxels_module
from yttria.evaluation.inside_voxels import inside_voxels
from yttria.geometry.sub_voxel import subvoxel_counts, subvoxel_grid
from yttria.geometry.voxel_fractions import fractions_of_mask, voxel_fractions
from yttria.reference.dvh import DoseVolumeHistogram
from yttria.reference.sub_voxel import sub_voxel_samples


def histogram(dose, weights, parts, voxel_ml=1.0, **terms):
    return dose_volume_histograms(dose, {"x": weights}, voxel_volume_ml=voxel_ml, subvoxel_counts=parts, **terms)["x"]


def test_sub_voxels_are_even_in_number_and_small_enough() -> None:
    assert subvoxel_counts((3, 2, 1), 0.5) == (6, 4, 2)
    assert subvoxel_counts((3, 2.01, 0.1), 1.0) == (4, 4, 2)
    for size, part in (((3, 2, 1), 0.0), ((3, 2, -1), 1.0), ((3, 2, 1), np.nan), ((3, 2, 1), 0.01)):
        with pytest.raises(OutOfRangeError, match="sub-voxel size"):
            subvoxel_counts(size, part)


def test_sub_voxels_fill_their_voxels() -> None:
    affine = grid((2, -3, 4), (5, 6, 7))
    shape, fine = subvoxel_grid((3, 4, 5), affine, (4, 2, 6))
    assert shape == (12, 8, 30)
    mask = np.random.default_rng(1).random((3, 4, 5)) < 0.5
    whole = voxel_fractions(mask, affine, shape, fine).to_array()
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
    parts = subvoxel_counts((4, 4, 4), 0.5)
    fine = lesion.voxel_fractions_on(subvoxel_grid(shape, affine, parts))
    result = histogram(dose, fine, parts)
    assert result.dose_at_volume_percent(2) == pytest.approx(exact, abs=0.06)
    coarse = dose_volume_histograms(dose, {"x": lesion.voxel_fractions_on((shape, affine))}, voxel_volume_ml=1)["x"]
    assert abs(coarse.dose_at_volume_percent(2) - exact) > 0.5


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), single=st.booleans())
def test_histograms_of_sub_voxels_agree_with_their_definition(seed: int, single: bool) -> None:
    rng = np.random.default_rng(seed)
    shape, parts = rng.integers(1, 5, 3), 2 * rng.integers(1, 3, 3)
    dose = rng.gamma(2, 30, shape).astype(np.float32 if single else np.float64)
    weights = np.round(rng.random(shape * parts) * (rng.random(shape * parts) < 0.5), 3).astype(np.float32)
    if not weights.any():
        return
    result = histogram(dose, weights, tuple(int(p) for p in parts), voxel_ml=float(np.prod(parts)))
    # As few parts as these get the most samples each.
    doses, volumes = sub_voxel_samples(dose, fractions_of_mask(weights).to_array(), parts, 32)
    assert result.volume_ml == pytest.approx(volumes.sum(), rel=1e-6)
    definition = DoseVolumeHistogram(doses, volumes)
    assert result.mean_gy == pytest.approx(definition.mean_gy, rel=1e-9)
    assert result.standard_deviation_gy == pytest.approx(definition.standard_deviation_gy, rel=1e-6)
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
    fine = body.voxel_fractions_on(subvoxel_grid(noisy.shape, grid((2, 2, 2), (0, 0, 0)), (4, 4, 4)))
    assert histogram(noisy, fine, (4, 4, 4), threads=1) == histogram(noisy, fine, (4, 4, 4), threads=6)


def test_impossible_numbers_of_sub_voxels_and_doses_are_refused() -> None:
    dose, weights = np.ones((2, 3, 4)), np.ones((4, 6, 8), np.float32)
    for parts in ((1, 2, 2), (2, 3, 2), (0, 2, 2), (2, 2, 66)):
        with pytest.raises(OutOfRangeError, match="sub-voxels of a voxel must be an even number"):
            histogram(dose, weights, parts)
    with pytest.raises(ShapeError, match="on the grid of sub-voxels"):
        histogram(dose, weights, (2, 2, 4))
    with pytest.raises(UndefinedError, match="occupies no voxel"):
        histogram(dose, np.zeros_like(weights), (2, 2, 2))
    dose[1, 1, 1] = np.nan
    with pytest.raises(OutOfRangeError, match="absorbed dose in Gy in 'x'"):
        histogram(dose, weights, (2, 2, 2))


def sampled(dose: np.ndarray, affine: np.ndarray, structure: Structure, parts: tuple[int, int, int]):
    voxel_ml = abs(float(np.linalg.det(affine[:3, :3]))) * 1e-3
    fine = structure.voxel_fractions_on(subvoxel_grid(dose.shape, affine, parts))
    whole = dose_volume_histograms(dose, {"x": fine}, voxel_volume_ml=voxel_ml, subvoxel_counts=parts)["x"]
    return whole, fine


@pytest.mark.parametrize("kind", ["contours", "mask", "oblique"])
@pytest.mark.parametrize("slab", [1, 5000])
def test_slabs_in_bounded_memory_give_the_histogram_of_all_sub_voxels(kind: str, slab: int, monkeypatch) -> None:
    shape, affine, parts = (9, 12, 11), grid((4, 3, 5), (-20, -18, -20)), (4, 2, 6)
    rng = np.random.default_rng(3)
    dose = rng.gamma(2, 30, shape)
    dose[:, :4] = 25.0  # flat on one side
    structure: Structure = ContourStructure("x", sphere(14, np.arange(-13.5, 14, 3)))
    if kind == "mask":
        structure = Structure("x", rng.random((10, 9, 8)) < 0.6, grid((4.1, 3.3, 2.9), (-15, -14, -12)))
    if kind == "oblique":
        turn = np.eye(4)
        turn[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
        structure = structure.transformed(turn)
    whole, fine = sampled(dose, affine, structure, parts)
    exact = inside_voxels(dose, affine, structure, parts)
    assert exact.histogram == whole
    monkeypatch.setattr(inside_voxels_module, "EXACT_SUBVOXELS", 0)
    monkeypatch.setattr(inside_voxels_module, "SLAB_SUBVOXELS", slab)
    one, many = (inside_voxels(dose, affine, structure, parts, threads=n) for n in (1, 5))
    assert one == many
    assert one.outside_fraction == pytest.approx(fine.outside_fraction, abs=1e-6)
    result, tolerance = one.histogram, 2**-20 * np.ptp(dose)
    assert result is not None
    assert one.volume_ml == pytest.approx(exact.volume_ml, rel=1e-6)
    assert result.volume_ml == pytest.approx(whole.volume_ml, rel=1e-6)
    # Samples per part differ: 2 in slabs, up to 32 in a small structure.
    spread = 0.15 * np.ptp(dose) / 2
    assert result.mean_gy == pytest.approx(whole.mean_gy, abs=tolerance)
    assert result.standard_deviation_gy == pytest.approx(whole.standard_deviation_gy, rel=2e-2)
    for percent in (98, 50, 2):
        at = result.dose_at_volume_percent(percent)
        assert at == pytest.approx(whole.dose_at_volume_percent(percent), abs=spread / 8)


def test_beyond_the_image_the_outermost_dose_counts_and_infinite_doses_are_refused(monkeypatch) -> None:
    shape, affine = (6, 6, 6), grid((4, 4, 4), (0, 0, 0))
    dose = np.arange(216.0).reshape(shape)
    body = Structure("body", np.ones((6, 6, 12), bool), affine)
    monkeypatch.setattr(inside_voxels_module, "EXACT_SUBVOXELS", 0)
    found = inside_voxels(dose, affine, body, (2, 2, 2))
    assert found.volume_ml == pytest.approx(216 * 0.064)
    assert found.outside_fraction == pytest.approx(0.5)
    assert found.histogram is not None
    # Beyond the outermost centers the dose is constant, so that the means of voxels and of sub-voxels agree.
    assert found.histogram.mean_gy == pytest.approx(dose.mean())
    # A dose that is not finite is refused, even if all other doses are equal.
    for around in (dose, np.zeros(shape)):
        around[3, 3, 3] = np.nan
        with pytest.raises(OutOfRangeError, match=r"'body': absorbed dose in Gy must be finite"):
            inside_voxels(around, affine, body, (2, 2, 2))


def test_small_lesions_far_apart_do_not_fill_the_memory(monkeypatch) -> None:
    mask = np.zeros((30, 20, 20), bool)
    mask[1:3, 1:3, 1:3] = mask[27:29, 17:19, 17:19] = True
    affine, dose = grid((4, 4, 4), (0, 0, 0)), np.random.default_rng(5).gamma(2, 30, mask.shape)
    lesions = Structure("lesions", mask, affine)
    whole = inside_voxels(dose, affine, lesions, (4, 4, 4)).histogram
    monkeypatch.setattr(inside_voxels_module, "EXACT_BOX_SUBVOXELS", 10_000)
    slabs = inside_voxels(dose, affine, lesions, (4, 4, 4)).histogram
    assert whole is not None
    assert slabs is not None
    assert slabs != whole
    assert slabs.volume_ml == pytest.approx(whole.volume_ml)
    assert slabs.mean_gy == pytest.approx(whole.mean_gy, abs=1e-4)
    for percent in (98, 50, 2):
        at = slabs.dose_at_volume_percent(percent)
        assert at == pytest.approx(whole.dose_at_volume_percent(percent), abs=2)


def test_a_body_of_many_sub_voxels_takes_little_memory() -> None:
    """5.8e7 parts: all their samples would take more than 2 GB."""
    code = """
import resource, numpy as np
import yttria
from yttria.evaluation.inside_voxels import inside_voxels
i = np.arange(120.0)
dose = np.exp(-((i[:, None, None] - 60) ** 2 + (i[None, :, None] - 50) ** 2 + (i[None, None, :] - 60) ** 2) / 900)
affine = np.diag([3.0, 3, 3, 1])
body = yttria.Structure("body", np.ones((100, 100, 90), bool), affine)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = inside_voxels(dose, affine, body, (4, 4, 4))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, found.volume_ml)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    megabytes, volume_ml = done.stdout.split()
    assert float(volume_ml) == pytest.approx(900_000 * 0.027)
    assert int(megabytes) < 400
