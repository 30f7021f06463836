"""Histograms: ranks by hand, closed forms in a gradient, invariances, agreement with the definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from yttria.errors import DTypeError, OutOfRangeError, ShapeError, UndefinedError, UnknownNameError, YttriaError
from yttria.evaluation import DoseVolumeHistogram, dose_volume_histograms
from yttria.geometry.voxel_fractions import fractions_of_mask, voxel_fractions
from yttria.reference import dvh as reference

SHAPE = (4, 5, 7)
DOSES = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    SHAPE,
    elements=st.floats(-64, 1024, width=32) | st.sampled_from([0.0, 7.0]),
)
WEIGHTS = hnp.arrays(np.float32, SHAPE, elements=st.sampled_from([0.0, 1.0]) | st.floats(0, 1, width=16)).filter(np.any)


def histogram(dose, structure, voxel_volume_ml: float = 0.064, threads: int | None = None) -> DoseVolumeHistogram:
    return dose_volume_histograms(dose, {"s": structure}, voxel_volume_ml=voxel_volume_ml, threads=threads)["s"]


def doses_along_i(values: list[float], dtype: type = np.float64) -> NDArray:
    return np.array(values, dtype).reshape(1, 1, -1)


def all_figures(h: DoseVolumeHistogram) -> list[float]:
    summary = [h.volume_ml, h.mean_gy, h.minimum_gy, h.maximum_gy, h.standard_deviation_gy]
    for x in (0, 2, 33, 50, 70, 98, 100):
        summary += [h.dose_at_volume_percent(x), h.dose_at_volume_percent(x, interpolation="linear")]
    return summary + np.concatenate(h.curve()).tolist()


def test_doses_at_volumes_of_ten_voxels_are_their_ranks() -> None:
    h = histogram(doses_along_i([70, 10, 100, 40, 20, 90, 30, 80, 50, 60]), np.ones((1, 1, 10), bool), 0.5)
    assert (h.volume_ml, h.mean_gy, h.minimum_gy, h.maximum_gy) == (5.0, 55.0, 10.0, 100.0)
    assert h.standard_deviation_gy == pytest.approx(np.sqrt(825.0), rel=1e-15)
    ranks = {0: 100, 0.001: 100, 10: 100, 10.001: 90, 50: 60, 55: 50, 70: 40, 90: 20, 90.001: 10, 100: 10}
    assert {x: h.dose_at_volume_percent(x) for x in ranks} == ranks
    assert (h.dose_at_volume_ml(2.5), h.dose_at_volume_ml(2.6), h.dose_at_volume_ml(5.0)) == (60, 50, 10)
    assert (h.volume_at_dose_percent(60), h.volume_at_dose_percent(60, strict=True)) == (50, 40)
    assert (h.volume_at_dose_ml(-5), h.volume_at_dose_ml(100), h.volume_at_dose_ml(100.5)) == (5.0, 0.5, 0.0)
    doses, volumes = h.curve()
    assert doses.tolist() == list(range(10, 101, 10))
    assert volumes.tolist() == list(np.arange(5.0, 0, -0.5))
    assert h.curve(doses_gy=[55, 60, 61])[1].tolist() == [2.5, 2.5, 2.0]


def test_equal_doses_all_count() -> None:
    h = histogram(doses_along_i([5, 5, 5, 9]), np.ones((1, 1, 4), bool), 1.0)
    assert [h.dose_at_volume_percent(x) for x in (25, 26, 100)] == [9, 5, 5]
    assert h.volume_at_dose_percent(5) == 100
    assert [values.tolist() for values in h.curve()] == [[5, 9], [4, 1]]
    assert [values.tolist() for values in h.differential()] == [[5, 9], [3, 1]]


def test_fractions_of_voxels_weight_their_doses() -> None:
    # Hottest first: 0.25 at 40, 1 at 30, 0.75 at 10; 2 voxels in all.
    h = histogram(doses_along_i([10, 40, 30, 99]), doses_along_i([0.75, 0.25, 1.0, 0.0]), 2.0)
    assert (h.volume_ml, h.mean_gy, h.maximum_gy) == (4.0, 23.75, 40.0)
    assert [h.dose_at_volume_percent(x) for x in (12.5, 12.6, 62.5, 62.6)] == [40, 30, 30, 10]
    assert (h.volume_at_dose_ml(30), h.volume_at_dose_percent(31)) == (2.5, 12.5)


def test_every_integer_percentage_of_a_hundred_voxels_is_its_rank() -> None:
    h = histogram(doses_along_i(list(range(1, 101))), np.ones((1, 1, 100), bool), 0.0195)
    assert [h.dose_at_volume_percent(x) for x in range(1, 101)] == [101 - x for x in range(1, 101)]
    assert [h.dose_at_volume_ml(n * 0.0195) for n in range(1, 101)] == [101 - n for n in range(1, 101)]


def test_linear_interpolation_is_the_usual_percentile() -> None:
    rng = np.random.default_rng(8)
    dose, mask = rng.normal(60, 30, (9, 10, 11)), rng.random((9, 10, 11)) < 0.3
    h = histogram(dose, mask)
    for x in (0, 1, 5, 37.5, 50, 90, 95, 100):
        expected = np.percentile(dose[mask], 100 - x)
        assert h.dose_at_volume_percent(x, interpolation="linear") == pytest.approx(expected, rel=1e-12)
        in_ml = h.dose_at_volume_ml(h.volume_ml * x / 100, interpolation="linear")
        assert in_ml == pytest.approx(expected, rel=1e-9)


def gradient(shape, affine, slope: float) -> NDArray[np.float64]:
    """Dose that rises along patient axis S, `slope` Gy/mm from 0 at 0."""
    k = np.arange(shape[0])
    return np.broadcast_to((slope * (affine[2, 2] * k + affine[2, 3]))[:, None, None], shape)


def test_a_ball_in_a_gradient_has_the_closed_form() -> None:
    # Off-center ball of radius r in an anisotropic grid, carried from a finer one. Volume above a plane at height z
    # from its center: pi (r - z)^2 (2 r + z) / 3.
    r, center, slope = 21.0, np.array([3.7, -8.2, 61.3]), 1.7
    fine = np.diag([0.8, 0.9, 0.7, 1.0])
    fine[:3, 3] = center - [25, 27, 26.1]
    k, j, i = np.indices((75, 61, 66))
    x = fine[:3, :3] @ np.stack([i.ravel(), j.ravel(), k.ravel()]) + fine[:3, 3:]
    mask = (((x - center[:, None]) ** 2).sum(0) <= r * r).reshape(k.shape)
    grid = np.diag([3.1, 2.3, 0.4, 1.0])
    grid[:3, 3] = center - [24.4, 25.2, 24.2]
    shape = (121, 23, 17)
    h = histogram(gradient(shape, grid, slope), voxel_fractions(mask, fine, shape, grid), 3.1 * 2.3 * 0.4 * 1e-3)
    volume = 4 / 3 * np.pi * r**3 * 1e-3
    assert h.volume_ml == pytest.approx(volume, rel=2e-3)  # the voxels of the fine mask
    assert h.mean_gy == pytest.approx(slope * center[2], rel=1e-3)
    assert h.standard_deviation_gy == pytest.approx(slope * r / np.sqrt(5), rel=2e-3)
    for z in (-15.0, -4.0, 0.0, 6.0, 17.0):
        above = np.pi * (r - z) ** 2 * (2 * r + z) / 3 * 1e-3
        assert h.volume_at_dose_ml(slope * (center[2] + z)) == pytest.approx(above, abs=0.011 * volume)
        # A plane of voxels is 0.4 mm thick; half of it either way.
        assert h.dose_at_volume_percent(100 * above / volume) == pytest.approx(slope * (center[2] + z), abs=slope * 0.3)


def test_a_cone_in_a_gradient_has_the_closed_form() -> None:
    # Apex at z = 0, base radius R at z = H, dose proportional to z: V(>= z) = V (1 - (z / H)^3), mean at 3/4 H.
    height, radius = 40.0, 18.0
    grid = np.diag([1.1, 0.9, 0.5, 1.0])
    grid[:3, 3] = [-20.3, -21.0, 0.25]
    shape = (80, 47, 37)
    k, j, i = np.indices(shape)
    x, y, z = (grid[:3, :3] @ np.stack([i.ravel(), j.ravel(), k.ravel()]) + grid[:3, 3:]).reshape(3, *shape)
    mask = np.hypot(x, y) <= radius * z / height
    h = histogram(gradient(shape, grid, 2.0), mask, 1.1 * 0.9 * 0.5e-3)
    assert h.volume_ml == pytest.approx(np.pi * radius**2 * height / 3 * 1e-3, rel=2e-3)
    assert h.mean_gy == pytest.approx(2.0 * 0.75 * height, rel=2e-3)
    for percent in (5, 50, 90):
        expected = 2.0 * height * (1 - percent / 100) ** (1 / 3)
        assert h.dose_at_volume_percent(percent) == pytest.approx(expected, abs=0.6)


@settings(deadline=None, max_examples=150)
@given(dose=DOSES, weights=WEIGHTS, x=st.floats(0, 100), threshold=st.floats(-70, 1100))
def test_a_histogram_agrees_with_its_definition(dose, weights, x: float, threshold: float) -> None:
    occupied = fractions_of_mask(weights)
    if not occupied.weights.size:  # a weight below 2^-25 rounds to 0
        return
    h, volume = histogram(dose, occupied, 1.0), occupied.to_array()
    assert h.volume_ml == volume.sum(dtype=np.float64)
    definition = reference.dose_volume_histograms(dose, {"s": volume}, 1.0)["s"]
    assert h.dose_at_volume_percent(x) == definition.dose_at_volume_percent(x)
    for strict in (False, True):
        expected = definition.volume_at_dose_ml(threshold, strict=strict)
        assert h.volume_at_dose_ml(threshold, strict=strict) == expected
    for ours, theirs in zip(
        (*h.curve(), *h.differential()), (*definition.curve(), *definition.differential()), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    scale = 1e-12 * max(1.0, float(np.abs(definition.dose_gy).max()))
    assert h.mean_gy == pytest.approx(definition.mean_gy, abs=scale)
    assert h.standard_deviation_gy == pytest.approx(definition.standard_deviation_gy, abs=1e3 * scale)
    linear = definition.dose_at_volume_percent(x, interpolation="linear")
    # Between two centers 2^-24 voxel apart, rounding of the volume moves the dose along a steep line.
    assert h.dose_at_volume_percent(x, interpolation="linear") == pytest.approx(linear, abs=1e6 * scale)


@settings(deadline=None, max_examples=80)
@given(dose=DOSES, weights=WEIGHTS, seed=st.integers(0, 2**31))
def test_a_histogram_does_not_depend_on_the_positions_of_voxels(dose, weights, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(dose.size)
    occupied = fractions_of_mask(weights)
    if not occupied.weights.size:
        return
    moved = fractions_of_mask(weights.ravel()[order].reshape(SHAPE))
    assert all_figures(histogram(dose, occupied)) == all_figures(histogram(dose.ravel()[order].reshape(SHAPE), moved))


@settings(deadline=None, max_examples=80)
@given(dose=DOSES, mask=hnp.arrays(np.bool_, SHAPE).filter(np.any), factor=st.sampled_from([2.0, 8.0, 64.0]))
def test_scaling_the_dose_scales_every_dose(dose, mask, factor: float) -> None:
    # Powers of two above 1: exact for every dose, also the smallest that a type holds.
    h, scaled = histogram(dose, mask), histogram(dose * dose.dtype.type(factor), mask)
    assert scaled.mean_gy == factor * h.mean_gy
    for x in (0, 1, 50, 99, 100):
        assert scaled.dose_at_volume_percent(x) == factor * h.dose_at_volume_percent(x)
    assert scaled.curve()[1].tolist() == h.curve()[1].tolist()


@settings(deadline=None, max_examples=80)
@given(dose=DOSES, weights=WEIGHTS, thresholds=st.lists(st.floats(-70, 1100), min_size=1, max_size=5))
def test_a_structure_is_the_sum_of_its_parts(dose, weights, thresholds: list[float]) -> None:
    whole, half = weights, weights.copy()
    half[:, 2:] = 0
    rest = whole - half
    if not (fractions_of_mask(half).weights.size and fractions_of_mask(rest).weights.size):
        return
    a, b, both = (histogram(dose, w, 1.0) for w in (half, rest, whole))
    assert a.volume_ml + b.volume_ml == both.volume_ml
    for d in thresholds:
        assert a.volume_at_dose_ml(d) + b.volume_at_dose_ml(d) == both.volume_at_dose_ml(d)
    energy = a.mean_gy * a.volume_ml + b.mean_gy * b.volume_ml
    assert both.mean_gy * both.volume_ml == pytest.approx(energy, abs=1e-9)


@settings(deadline=None, max_examples=80)
@given(dose=DOSES, weights=WEIGHTS, percents=st.lists(st.floats(0, 100), min_size=2, max_size=6))
def test_dose_falls_with_volume_and_dose_at_volume_fits_volume_at_dose(dose, weights, percents: list[float]) -> None:
    occupied = fractions_of_mask(weights)
    if not occupied.weights.size:
        return
    h = histogram(dose, occupied)
    for interpolation in ("rank", "linear"):
        doses = [h.dose_at_volume_percent(x, interpolation=interpolation) for x in sorted(percents)]
        assert doses == sorted(doses, reverse=True)
    for x in percents:
        assert h.volume_at_dose_percent(h.dose_at_volume_percent(x)) >= x - 1e-9
    assert h.minimum_gy <= h.mean_gy <= h.maximum_gy


def test_whole_voxels_are_boolean_selection() -> None:
    rng = np.random.default_rng(3)
    dose, mask = rng.gamma(2, 40, (11, 12, 13)).astype(np.float32), rng.random((11, 12, 13)) < 0.4
    same = [mask, mask.astype(np.uint8), mask.astype(np.float32), mask.astype(np.int64), fractions_of_mask(mask)]
    results = [all_figures(histogram(dose, s)) for s in same]
    assert all(result == results[0] for result in results)
    assert results[0][1] == pytest.approx(dose[mask].mean(dtype=np.float64), rel=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_doses_of_any_sign_and_size_are_sorted(dtype: type) -> None:
    """Enough samples for the radix sort, of both signs and all magnitudes, whole and fractional."""
    rng = np.random.default_rng(4)
    dose = (rng.normal(size=(31, 32, 33)) * 10.0 ** rng.integers(-30, 30, (31, 32, 33))).astype(dtype)
    dose[3:9] = 0.0
    dose[4] = -0.0
    for volume in (np.ones(dose.shape, np.float32), rng.random(dose.shape, np.float32)):
        occupied = fractions_of_mask(volume)
        doses, volumes = histogram(dose, occupied, 1.0).differential()
        expected, where = np.unique(dose, return_inverse=True)
        np.testing.assert_array_equal(doses, expected)
        np.testing.assert_array_equal(volumes, np.bincount(where.ravel(), occupied.to_array().ravel()))


def test_bits_do_not_depend_on_the_threads_and_the_order_is_kept() -> None:
    rng = np.random.default_rng(6)
    dose = rng.gamma(2, 40, (20, 21, 22))
    structures = {f"s{n}": rng.random(dose.shape) * (rng.random(dose.shape) < p) for n, p in enumerate([0.1, 0.9, 0.4])}
    one = dose_volume_histograms(dose, structures, voxel_volume_ml=0.1, threads=1)
    assert list(one) == list(structures)
    for n in (2, 3, 8):
        assert dose_volume_histograms(dose, structures, voxel_volume_ml=0.1, threads=n) == one


def test_a_histogram_does_not_depend_on_memory_order_and_byte_order() -> None:
    rng = np.random.default_rng(7)
    dose, mask = rng.gamma(2, 40, (6, 7, 9)), rng.random((6, 7, 9)) < 0.5
    expected = all_figures(histogram(dose, mask))
    wide = np.zeros((12, 7, 18))
    wide[::2, :, ::2] = dose
    unaligned = np.frombuffer(b"x" + dose.tobytes(), np.uint8)[1:].view(np.float64).reshape(dose.shape)
    for same in (
        np.asfortranarray(dose),
        wide[::2, :, ::2],
        np.flip(np.flip(dose).copy()),
        dose.astype(">f8"),
        unaligned,
    ):
        assert all_figures(histogram(same, mask)) == expected


def test_only_the_voxels_of_the_structure_are_read() -> None:
    dose = np.broadcast_to(np.float32(3.5), (2**20, 2**10, 2**10))
    mask_affine = np.eye(4)
    mask_affine[:3, 3] = [500, 600, 700_000]
    occupied = voxel_fractions(np.ones((2, 3, 4), bool), mask_affine, dose.shape, np.eye(4))
    assert histogram(dose, occupied, 1.0).mean_gy == 3.5


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_dose_that_is_not_finite_is_refused_only_inside_the_structure(bad: float) -> None:
    dose, mask = np.ones(SHAPE), np.zeros(SHAPE, bool)
    mask[1, 2, 3:5] = True
    dose[0, 0, 0] = bad
    assert histogram(dose, mask).mean_gy == 1.0
    dose[1, 2, 4] = bad
    with pytest.raises(OutOfRangeError, match=r"absorbed dose in Gy in 's' must be finite \(1 voxels are not\)"):
        histogram(dose, mask)


@pytest.mark.parametrize(
    ("dose", "structure", "error", "says"),
    [
        (np.ones(SHAPE), np.zeros(SHAPE, bool), UndefinedError, "'s' is undefined"),
        (np.ones(SHAPE), np.ones((5, 4, 7), bool), ShapeError, "on the dose grid"),
        (np.ones(SHAPE), np.full(SHAPE, 5), OutOfRangeError, "'s': structure mask"),
        (np.ones(SHAPE), None, DTypeError, "'s'"),
        (np.ones(SHAPE[1:]), np.ones(SHAPE), ShapeError, "dose_gy must have 3 dimensions"),
        (np.ones(SHAPE, object), np.ones(SHAPE), DTypeError, "dose_gy"),
        (np.ones(SHAPE, complex), np.ones(SHAPE), DTypeError, "dose_gy"),
    ],
)
def test_wrong_doses_and_structures_are_refused(dose, structure, error: type[YttriaError], says: str) -> None:
    with pytest.raises(error, match=says):
        histogram(dose, structure)


def test_volumes_and_doses_outside_their_range_are_refused() -> None:
    h = histogram(doses_along_i([1, 2, 3]), np.ones((1, 1, 3), bool), 1.0)
    for x in (-1, 100.5, np.nan):
        with pytest.raises(OutOfRangeError, match="volume in percent"):
            h.dose_at_volume_percent(x)
    with pytest.raises(OutOfRangeError, match="volume in mL"):
        h.dose_at_volume_ml(3.1)
    with pytest.raises(OutOfRangeError, match="dose in Gy"):
        h.volume_at_dose_ml(np.nan)
    with pytest.raises(UnknownNameError, match="rank, linear, got 'cubic'"):
        h.dose_at_volume_percent(50, interpolation="cubic")
    with pytest.raises(OutOfRangeError, match="voxel volume in mL"):
        histogram(doses_along_i([1.0]), np.ones((1, 1, 1)), 0.0)
    with pytest.raises(OutOfRangeError, match="threads"):
        histogram(doses_along_i([1.0]), np.ones((1, 1, 1)), 1.0, threads=0)
