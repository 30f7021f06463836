"""Gamma: closed forms, invariances, agreement with the definition, hostile input.

Against another program: `test_gamma_pymedphys.py`.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from measured_figures import Measured
from numpy.typing import NDArray

from yttria.errors import (
    ArgumentError,
    DTypeError,
    GeometryError,
    OutOfRangeError,
    ShapeError,
    UndefinedError,
    UnitError,
    UnknownNameError,
)
from yttria.evaluation import GammaResult, gamma_index
from yttria.geometry.image import Image
from yttria.reference import gamma as reference

SHAPE = (7, 5, 6)
SIZE_MM = (3.0, 2.0, 2.5)
#: Largest excess over the minimum in the core's contract. The result is never below the minimum.
ABOVE = 1e-4
#: The map is float32.
ROUNDING = 1e-6


def affine(size_mm=SIZE_MM, origin=(0.0, 0.0, 0.0), angles=(0.0, 0.0, 0.0)) -> NDArray[np.float64]:
    """Voxel size (k, j, i), origin (L, P, S) and turns about the three axes."""
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [n for n in range(3) if n != axis]
        r = np.eye(3)
        r[[a, a, b, b], [a, b, a, b]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        turn = turn @ r
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.array(size_mm[::-1])
    matrix[:3, 3] = origin
    return matrix


def positions(shape, matrix) -> NDArray[np.float64]:
    """LPS mm of every voxel, (3, k, j, i)."""
    k, j, i = np.indices(shape)
    return np.einsum("rc,ckji->rkji", matrix[:3], np.stack([i, j, k, np.ones(shape)]))


def linear_dose(shape, matrix, slope_gy_per_mm, at_origin_gy=50.0) -> Image:
    return Image(at_origin_gy + np.tensordot(slope_gy_per_mm, positions(shape, matrix), 1), matrix, "Gy")


def gamma_of_arrays(a, b, **kwargs) -> GammaResult:
    return gamma_index(a, b, **({"voxel_size_mm": SIZE_MM} | kwargs))


# --- closed forms ---


@pytest.mark.claim("gamma_closed_forms")
@pytest.mark.parametrize("scale", [0.94, 0.985, 1.0, 1.012, 1.03])
def test_a_scaled_uniform_dose_differs_in_dose_alone(scale: float) -> None:
    dose = np.full(SHAPE, 80.0)
    result = gamma_of_arrays(dose, scale * dose, dose_difference_fraction=0.03)
    np.testing.assert_allclose(result.gamma, abs(scale - 1) / 0.03, atol=1e-6)
    assert result.passing_fraction == (1.0 if abs(scale - 1) <= 0.0301 else 0.0)


@pytest.mark.claim("gamma_closed_forms")
@pytest.mark.parametrize("slope", [(0.0, 0.0, 2.0), (0.7, -0.4, 0.0), (0.5, 1.1, -3.0)])
@pytest.mark.parametrize("angles", [(0.0, 0.0, 0.0), (0.3, -0.2, 0.5)])
@pytest.mark.parametrize("shift_mm", [(0.0, 0.0, 1.0), (0.4, -0.3, 0.8)])
def test_a_shifted_gradient_has_the_distance_of_a_point_to_a_plane(slope, angles, shift_mm, measured: Measured) -> None:
    # In units of both criteria the evaluated dose is a plane of slope m = |g| dx / dD at height m s / dx, with the
    # shift s along the gradient. The distance of a point to it is height / sqrt(1 + m^2). On another grid, wide enough.
    g, shift = np.array(slope), np.array(shift_mm)
    a = linear_dose((4, 3, 5), affine(), g)
    b = linear_dose((14, 15, 13), affine((2.2, 3.1, 2.9), (-12.0, -19.0, -9.0), angles), g, 50.0 - g @ shift)
    result = gamma_index(a, b, normalization_gy=60.0, distance_mm=2.5, lower_dose_cutoff_fraction=0.0)
    m = np.linalg.norm(g) * 2.5 / (0.03 * 60.0)
    exact = abs(g @ shift) / (0.03 * 60.0) / np.sqrt(1 + m * m)
    measured("shifted gradient", np.abs(result.gamma - exact).max())
    assert result.outside_voxels == 0
    np.testing.assert_allclose(result.gamma, exact, atol=ABOVE)


def test_a_shifted_gradient_with_a_local_criterion() -> None:
    a = linear_dose((6, 4, 5), affine(), (0.0, 0.0, 3.0), 20.0)
    b = linear_dose((30, 14, 15), affine((1.5, 2.0, 2.0), (-8.0, -9.0, -12.0)), (0.0, 0.0, 3.0), 18.0)
    result = gamma_index(a, b, local=True, dose_difference_fraction=0.05, distance_mm=1.5, lower_dose_cutoff_fraction=0)
    criterion = 0.05 * a.array
    exact = 2.0 / criterion / np.sqrt(1 + (3.0 * 1.5 / criterion) ** 2)
    np.testing.assert_allclose(result.gamma, exact, atol=ABOVE)


@pytest.mark.claim("gamma_closed_forms")
def test_gamma_beside_a_step_is_the_distance_to_it() -> None:
    # The agreeing dose begins 2 voxels away, at which the ramp between the last two voxels meets the reference dose.
    a = np.full((3, 3, 9), 100.0)
    b = np.broadcast_to(np.array([0, 0, 0, 0, 0, 0, 100.0, 100, 100]), a.shape)
    result = gamma_of_arrays(a, b, distance_mm=3.0, maximum_gamma=6.0)
    # From voxel 4: 100 Gy are 5 mm away; on the ramp dose and distance trade, m = 40 Gy/mm x 3 mm / 3 Gy.
    m = 40.0
    assert result.gamma[1, 1, 4] == pytest.approx((5.0 / 3.0) * m / np.sqrt(1 + m * m), abs=ABOVE)
    assert result.gamma[1, 1, 0] == pytest.approx((15.0 / 3.0) * m / np.sqrt(1 + m * m), abs=ABOVE)
    assert (result.gamma[:, :, 6:] == 0.0).all()


@pytest.mark.claim("gamma_closed_forms")
def test_gamma_finds_the_minimum_within_a_saddle_of_one_cell(measured: Measured) -> None:
    # D = 10 (2 x - 1)(2 y - 1) in one cell of 10 mm; the reference is at its center. Agreement lies on the axes.
    b = np.array([[[10.0, -10.0], [-10.0, 10.0]]])
    matrix = affine((1.0, 10.0, 10.0))
    a = Image(np.full((1, 1, 1), 4.0), affine((1, 1, 1), (5.0, 5.0, 0.0)), "Gy")
    result = gamma_index(a, Image(b, matrix, "Gy"), dose_difference_fraction=0.05, distance_mm=4.0)
    # Along a diagonal at distance t: D = 0.2 t^2, exhaustive in one dimension.
    t = np.linspace(0, 7.07, 200_001)
    exact = np.sqrt(((0.2 * t**2 - 4.0) / 0.2) ** 2 + (t / 4.0) ** 2).min()
    measured("saddle", result.gamma.item() - exact)
    assert result.gamma.item() == pytest.approx(exact, abs=ABOVE)


# --- invariances ---


def maps(seed: int, shape=SHAPE) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    a = rng.uniform(20, 100, shape)
    return a, a + rng.normal(0, 4, shape)


def test_identical_maps_have_gamma_zero() -> None:
    a, _ = maps(1)
    result = gamma_of_arrays(a, a.copy())
    assert (result.gamma == 0.0).all()
    assert (result.passing_fraction, result.mean_gamma) == (1.0, 0.0)


@pytest.mark.claim("gamma_invariant")
def test_gamma_does_not_depend_on_threads_or_memory_order() -> None:
    a, b = maps(2, (17, 11, 13))
    expected = gamma_of_arrays(a, b, threads=1).gamma
    for threads in (2, 3, 8):
        np.testing.assert_array_equal(gamma_of_arrays(a, b, threads=threads).gamma, expected)
    for form in (np.asfortranarray, lambda x: x.astype(">f8"), lambda x: np.repeat(x, 2, axis=2)[:, :, ::2]):
        np.testing.assert_array_equal(gamma_of_arrays(form(a), form(b)).gamma, expected)


@pytest.mark.claim("gamma_invariant")
def test_gamma_is_the_same_on_flipped_and_permuted_grids() -> None:
    a, b = maps(3)
    expected = gamma_of_arrays(a, b).gamma
    flipped = gamma_of_arrays(a[::-1, :, ::-1], b[::-1, :, ::-1]).gamma[::-1, :, ::-1]
    np.testing.assert_allclose(flipped, expected, atol=2 * ABOVE)
    # The evaluated map alone in another order of axes, placed accordingly.
    matrix = affine()
    moved = matrix[:, [1, 2, 0, 3]]  # its i is the old j, its j the old k, its k the old i
    permuted = Image(np.transpose(b, (2, 0, 1)), moved, "Gy")
    result = gamma_index(Image(a, matrix, "Gy"), permuted).gamma
    np.testing.assert_allclose(result, expected, atol=2 * ABOVE)


def test_single_and_double_precision_agree() -> None:
    a, b = maps(4)
    single = gamma_of_arrays(a.astype(np.float32), b).gamma
    np.testing.assert_allclose(single, gamma_of_arrays(a, b).gamma, atol=2e-4)


def test_gamma_does_not_depend_on_the_unit_of_dose() -> None:
    a, b = maps(5)
    image = Image(a, affine(), "Gy")
    in_mgy = Image(1000 * b, affine(), "mGy")
    np.testing.assert_allclose(gamma_index(image, in_mgy).gamma, gamma_of_arrays(a, b).gamma, atol=ABOVE)


def test_a_wider_criterion_never_raises_gamma_and_the_cap_only_cuts() -> None:
    a, b = maps(6)
    free = gamma_of_arrays(a, b, maximum_gamma=50.0)
    cut = gamma_of_arrays(a, b, maximum_gamma=1.2)
    np.testing.assert_allclose(cut.gamma, np.minimum(free.gamma, np.float32(1.2)), atol=ABOVE)
    assert (cut.passing_voxels, cut.evaluated_voxels) == (free.passing_voxels, free.evaluated_voxels)
    assert (gamma_of_arrays(a, b, distance_mm=5.0, maximum_gamma=50.0).gamma <= free.gamma + ABOVE).all()


# --- which voxels count ---


def test_doses_below_the_cutoff_are_not_evaluated() -> None:
    a = np.array([0.0, 10, 19, 20, 21, 50, 100]).reshape(1, 1, 7)
    result = gamma_of_arrays(a, a, lower_dose_cutoff_fraction=0.2)
    assert np.isnan(result.gamma.ravel()).tolist() == [True] * 3 + [False] * 4
    assert (result.evaluated_voxels, result.below_cutoff_voxels) == (4, 3)
    assert json.loads(json.dumps(result.as_dict()))["normalization_gy"] == 100.0


def test_points_outside_the_evaluated_grid_are_left_out_or_searched_for() -> None:
    a = Image(np.full((1, 1, 8), 50.0), affine((1, 1, 2)), "Gy")
    b = Image(np.full((1, 1, 4), 51.0), affine((1, 1, 2), (4.0, 0.0, 0.0)), "Gy")
    left_out = gamma_index(a, b)
    assert np.isnan(left_out.gamma.ravel()).tolist() == [True, True, False, False, False, False, True, True]
    assert (left_out.outside_voxels, left_out.evaluated_voxels, left_out.below_cutoff_voxels) == (4, 4, 0)
    assert [x.code for x in left_out.advisories] == ["outside_evaluated_grid"]
    searched = gamma_index(a, b, reference_edge="search")
    distance = np.array([4.0, 2, 0, 0, 0, 0, 2, 4])
    np.testing.assert_allclose(searched.gamma.ravel(), np.hypot(distance / 3, 1.0 / 1.5), atol=ABOVE)
    assert (searched.outside_voxels, searched.evaluated_voxels) == (4, 8)
    with pytest.raises(UndefinedError, match="8 are outside"):
        gamma_index(a, Image(b.array, affine((1, 1, 2), (1000.0, 0.0, 0.0)), "Gy"))


# --- the definition ---


def largest_step(b, criterion_gy, size_mm, distance_mm, steps) -> float:
    """Bound the excess of the nearest sample over the minimum by half a step times the steepest gamma."""
    steepest = [np.abs(np.diff(b, axis=n)).max(initial=0.0) / size for n, size in enumerate(size_mm)]
    half = np.array(size_mm) / steps / 2
    return float(np.dot(half, steepest) / criterion_gy + np.linalg.norm(half) / distance_mm)


@pytest.mark.claim("gamma_is_least")
@settings(max_examples=60)
@given(
    st.tuples(*[st.integers(1, 4)] * 3).flatmap(
        lambda s: st.tuples(*[hnp.arrays(np.float64, s, elements=st.floats(1, 100, width=32))] * 2)
    ),
    st.sampled_from([0.02, 0.1, 0.6]),
    st.sampled_from([0.5, 2.0, 9.0]),
    st.booleans(),
)
def test_gamma_is_never_below_its_definition_and_hardly_above_it(doses, fraction, distance_mm, local) -> None:
    a, b = doses
    criteria = {"dose_difference_fraction": fraction, "distance_mm": distance_mm, "local": local, "maximum_gamma": 5.0}
    got = gamma_of_arrays(a, b, **criteria).gamma
    sampled = reference.gamma_index(a, affine(), b, affine(), samples_per_voxel=8, **criteria)
    assert (np.isnan(got) == np.isnan(sampled)).all()
    evaluated = ~np.isnan(got)
    criterion = fraction * (a[evaluated] if local else a.max())
    above = np.vectorize(lambda c: largest_step(b, c, SIZE_MM, distance_mm, 8))(criterion)
    assert (got[evaluated] <= sampled[evaluated] + ABOVE + ROUNDING).all()
    assert (got[evaluated] >= sampled[evaluated] - above - ROUNDING).all()


@pytest.mark.claim("gamma_is_least")
def test_grids_turned_against_each_other_follow_the_definition() -> None:
    rng = np.random.default_rng(9)
    place_a, place_b = affine((3.0, 2.0, 4.0)), affine((2.0, 3.5, 2.5), (-3.0, 1.0, -2.0), (0.2, 0.5, -0.4))
    a, b = rng.uniform(20, 60, (4, 5, 3)), rng.uniform(20, 60, (6, 4, 5))
    for outside in ("exclude", "search"):
        criteria = {"dose_difference_fraction": 0.2, "distance_mm": 4.0, "reference_edge": outside}
        got = gamma_index(Image(a, place_a, "Gy"), Image(b, place_b, "Gy"), **criteria).gamma
        sampled = reference.gamma_index(a, place_a, b, place_b, samples_per_voxel=16, **criteria)
        assert (np.isnan(got) == np.isnan(sampled)).all()
        np.testing.assert_array_less(got, sampled + 2 * ABOVE, err_msg=outside)
        np.testing.assert_allclose(got, sampled, atol=0.12)


# --- refusals ---


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("which", [0, 1])
def test_a_dose_that_is_not_finite_is_refused_by_its_place(value: float, which: int) -> None:
    doses = maps(7)
    doses[which][3, 1, 4] = value
    with pytest.raises(OutOfRangeError, match=r"(reference|evaluated) dose in Gy at \(k, j, i\) = \(3, 1, 4\)"):
        gamma_of_arrays(*doses)


@pytest.mark.parametrize(
    ("criterion", "message"),
    [
        ({"dose_difference_fraction": 3}, "did you mean 0.03"),
        ({"dose_difference_fraction": 0}, "dose difference fraction"),
        ({"distance_mm": -1}, "distance criterion in mm"),
        ({"distance_mm": np.nan}, "distance criterion in mm"),
        ({"lower_dose_cutoff_fraction": 10}, "lower dose cutoff fraction"),
        ({"maximum_gamma": 1.0}, "maximum gamma"),
        ({"normalization_gy": 0.0}, "normalization dose in Gy"),
        ({"threads": 0}, "threads"),
        ({"distance_mm": 500, "maximum_gamma": 100, "shape": (1, 3000, 3000)}, "voxels within"),
    ],
)
def test_a_criterion_outside_its_domain_is_refused(criterion, message: str) -> None:
    others = {name: value for name, value in criterion.items() if name != "shape"}
    doses = np.ones(criterion.get("shape", (2, 3, 4)))
    with pytest.raises(OutOfRangeError, match=message):
        gamma_of_arrays(doses, doses, **others)


def test_maps_without_a_dose_to_compare_have_no_gamma() -> None:
    zero, one = np.zeros((2, 3, 4)), np.ones((2, 3, 4))
    with pytest.raises(UndefinedError, match="positive somewhere"):
        gamma_of_arrays(zero, one)
    some = one.copy()
    some[0, 0, 0] = 0.0
    with pytest.raises(UndefinedError, match="cutoff"):
        gamma_of_arrays(some, one, local=True, lower_dose_cutoff_fraction=0.0)
    with pytest.raises(UndefinedError, match="1e-9 of the largest"):
        gamma_of_arrays(one, 1e12 * one)
    with pytest.raises(UndefinedError, match="no reference voxel"):
        gamma_of_arrays(one, one, normalization_gy=100.0)


def test_inputs_that_are_no_pair_of_dose_maps_are_refused() -> None:
    a, b = maps(8)
    image = Image(a, affine(), "Gy")
    with pytest.raises(ArgumentError, match="voxel_size_mm"):
        gamma_index(a, b)
    with pytest.raises(ArgumentError, match="both be images"):
        gamma_index(image, b)
    with pytest.raises(ArgumentError, match="belongs to arrays"):
        gamma_index(image, image, voxel_size_mm=SIZE_MM)
    with pytest.raises(ArgumentError, match="three numbers"):
        gamma_index(a, b, voxel_size_mm=(1.0, 2.0))
    with pytest.raises(GeometryError, match="singular"):
        gamma_index(a, b, voxel_size_mm=(1.0, 0.0, 2.0))
    frames = [Image(a, affine(), "Gy", frame_of_reference_uid=uid) for uid in ("1.2", "1.3")]
    with pytest.raises(GeometryError, match="frame of reference"):
        gamma_index(*frames)
    with pytest.raises(ShapeError, match="one grid"):
        gamma_of_arrays(a, b[1:])
    with pytest.raises(ShapeError, match="non-empty"):
        gamma_of_arrays(a[:0], b[:0])
    with pytest.raises(ShapeError, match="3 dimensions"):
        gamma_of_arrays(a[0], b[0])
    with pytest.raises(DTypeError):
        gamma_of_arrays(a.astype(complex), b)
    with pytest.raises(ArgumentError):
        gamma_of_arrays(a, b, distance_mm="3")
    with pytest.raises(UnitError):
        gamma_index(image, Image(b, affine(), "Bq/mL"))
    with pytest.raises(UnknownNameError, match="exclude, search"):
        gamma_of_arrays(a, b, reference_edge="skip")


@settings(max_examples=40)
@given(
    hnp.arrays(np.float64, (2, 3, 3), elements=st.floats(-1e30, 1e30) | st.sampled_from([0.0, 1.0, 5e-324, 1e-300])),
    hnp.arrays(np.float32, (3, 2, 2), elements=st.floats(-(2.0**99), 2.0**99, width=32) | st.sampled_from([0.0, 1.0])),
    st.sampled_from([0.01, 1.0, 300.0]),
)
def test_any_finite_doses_give_a_map_or_an_error_of_yttria(a, b, distance_mm: float) -> None:
    grids = affine(), affine((0.4, 9.0, 2.0), (1.0, 1.0, 2.0), (0.1, 0.0, 0.7))
    try:
        result = gamma_index(
            Image(a, grids[0], "Gy"), Image(b, grids[1], "Gy"), distance_mm=distance_mm, reference_edge="search"
        )
    except (OutOfRangeError, UndefinedError):
        return
    values = result.gamma[~np.isnan(result.gamma)]
    assert values.size == result.evaluated_voxels
    assert ((values >= 0.0) & (values <= 2.0)).all()
