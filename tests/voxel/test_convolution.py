"""Convolution: agreement with the definition, conservation, equal bits, hostile input."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interrupts import assert_interrupts
from measured_figures import Measured

from yttria import ConvolutionPlan, YttriaError
from yttria.errors import DTypeError, InsufficientMemoryError, OutOfRangeError, ShapeError, UnknownNameError
from yttria.reference.convolution import convolve

LARGEST = float(np.finfo(np.float32).max) / 2**28
METHODS = ["auto", "definition", "direct", "fft_direct"]
# Of the largest output: rounding of the sums, measured below 3e-7 and 1e-15.
TOLERANCE = {np.dtype(np.float32): 5e-7, np.dtype(np.float64): 1e-14}


def even_kernel(half: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """A positive random kernel, even along each axis, larger at its centre as a dose kernel is."""
    octant = np.random.default_rng(seed).uniform(0.1, 1.0, [h + 1 for h in half])
    for axis, h in enumerate(half):
        octant = np.concatenate([np.flip(np.delete(octant, 0, axis), axis), octant], axis) if h else octant
    distance = np.sqrt(sum(np.square(g) for g in np.meshgrid(*[np.arange(-h, h + 1) for h in half], indexing="ij")))
    return octant * np.exp(-distance)


def random_map(shape: tuple[int, ...], seed: int = 1, dtype: Any = np.float64) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0.0, 1.0, shape)
    values[rng.uniform(size=shape) < 0.3] = 0.0
    return values.astype(dtype)


def assert_agrees(out: np.ndarray, array: np.ndarray, kernel: np.ndarray) -> None:
    expected = convolve(array, kernel)
    scale = max(np.abs(expected).max(), np.finfo(np.float64).tiny)
    assert np.abs(out - expected).max() <= TOLERANCE[out.dtype] * scale


@pytest.mark.claim("convolution_is_definition")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "half"),
    [
        ((9, 14, 37), (3, 3, 3)),
        ((7, 11, 50), (4, 3, 3)),
        ((5, 6, 7), (6, 7, 9)),
        ((1, 1, 1), (3, 2, 1)),
        ((1, 40, 3), (0, 2, 0)),
        ((33, 2, 130), (2, 2, 7)),
        ((5, 6, 90), (2, 1, 19)),
        ((3, 3, 5), (0, 0, 0)),
    ],
)
def test_the_convolution_agrees_with_its_definition(
    method: str, dtype: Any, shape: Any, half: Any, measured: Measured
) -> None:
    kernel, array = even_kernel(half), random_map(shape, dtype=dtype)
    out = ConvolutionPlan(shape, kernel, dtype, method=method).apply(array)
    assert out.dtype == dtype
    expected = convolve(array, kernel)
    measured(f"{np.dtype(dtype)}, relative to the maximum", np.abs(out - expected).max() / np.abs(expected).max())
    assert_agrees(out, array, kernel)


@pytest.mark.claim("convolution_is_definition")
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_the_convolution_agrees_with_its_definition_on_any_shape(data: st.DataObject) -> None:
    axes = st.tuples(st.integers(1, 12), st.integers(1, 20), st.integers(1, 40))
    shape, half = data.draw(axes), data.draw(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 20)))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    seed = data.draw(st.integers(0, 2**32 - 1))
    kernel, array = even_kernel(half, seed), random_map(shape, seed, dtype)
    # Only a part of it is not zero, anywhere.
    corners = [sorted(data.draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for n in shape]
    outside = np.ones(shape, dtype=bool)
    outside[tuple(slice(*corner) for corner in corners)] = False
    array[outside] = 0.0
    method, threads = data.draw(st.sampled_from(METHODS)), data.draw(st.integers(1, 8))
    plan = ConvolutionPlan(shape, kernel, dtype, threads=threads, method=method)
    out = np.full(shape, 99.0, dtype)
    assert_agrees(plan.apply(array, out), array, kernel)
    assert np.array_equal(out, plan.apply(array))


@pytest.mark.claim("point_source")
@pytest.mark.parametrize("method", METHODS)
def test_a_point_source_off_the_centre_reproduces_the_kernel(method: str) -> None:
    kernel = even_kernel((1, 2, 3))
    array = np.zeros((8, 11, 20))
    array[2, 7, 4] = 2.0
    out = ConvolutionPlan(array.shape, kernel, method=method).apply(array)
    # The direct sums add only zeros to the value; a transform rounds.
    tolerance = 1e-14 if method == "fft_direct" else 0.0
    assert np.allclose(out[1:4, 5:10, 1:8], 2.0 * kernel, rtol=0.0, atol=tolerance)
    assert np.count_nonzero(out) == kernel.size


@pytest.mark.parametrize("method", METHODS)
def test_the_sum_is_conserved_if_the_kernel_stays_inside(method: str) -> None:
    kernel = even_kernel((2, 3, 1))
    array = np.zeros((12, 17, 23))
    array[2:-2, 3:-3, 1:-1] = random_map((8, 11, 21))
    out = ConvolutionPlan(array.shape, kernel, method=method).apply(array)
    assert out.sum() == pytest.approx(array.sum() * kernel.sum(), rel=1e-13)


@pytest.mark.claim("threads_do_not_show")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_convolution_does_not_depend_on_the_threads_or_the_run(method: str, dtype: Any) -> None:
    shape, kernel = (37, 21, 45), even_kernel((3, 3, 3))
    array = random_map(shape, dtype=dtype)
    results = [
        ConvolutionPlan(shape, kernel, dtype, threads=n, method=method).apply(array).tobytes()
        for n in (1, 2, 3, 4, 5, 6, 7, 8, 8)
    ]
    assert len(set(results)) == 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("half", [3, 9, 13, 19])
def test_a_plan_keeps_nothing_of_the_map_before(method: str, half: int) -> None:
    kernel = np.abs(np.arange(-half, half + 1.0))[None, None] + 1.0
    point = np.zeros((2, 3, 200))
    point[1, 1, 100] = 1.0
    plan = ConvolutionPlan(point.shape, kernel, method=method, threads=1)
    plan.apply(np.ones(point.shape))
    assert_agrees(plan.apply(point), point, kernel)


def test_one_plan_serves_many_threads() -> None:
    shape, kernel = (20, 21, 45), even_kernel((3, 3, 3))
    plan = ConvolutionPlan(shape, kernel, np.float32, threads=2)
    arrays = [random_map(shape, seed, np.float32) for seed in range(8)]
    results: list[Any] = [None] * 8
    workers = [
        threading.Thread(target=lambda n=n: results.__setitem__(n, plan.apply(arrays[n]))) for n in range(len(arrays))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for array, result in zip(arrays, results, strict=True):
        assert np.array_equal(result, plan.apply(array))


def test_a_batch_equals_single_convolutions() -> None:
    shape, kernel = (9, 21, 45), even_kernel((3, 2, 3))
    arrays = [random_map(shape, seed, np.float32) for seed in range(5)]
    plan = ConvolutionPlan(shape, kernel, np.float32)
    outs = [np.full(shape, 9.0, np.float32) for _ in arrays]
    results = plan.apply_many(arrays, outs)
    assert all(result is out for result, out in zip(results, outs, strict=True))
    for array, result, fresh in zip(arrays, results, plan.apply_many(arrays), strict=True):
        assert np.array_equal(result, plan.apply(array))
        assert np.array_equal(result, fresh)
    assert plan.apply_many([]) == []
    with pytest.raises(ShapeError, match="one per array"):
        plan.apply_many(arrays, outs[:2])
    with pytest.raises(ShapeError, match="overlap each other"):
        plan.apply_many(arrays[:2], [outs[0], outs[0]])


def test_injections_are_combined_before_they_are_convolved() -> None:
    shape, kernel = (9, 11, 13), even_kernel((2, 2, 1))
    first, second = random_map(shape, 1), random_map(shape, 2)
    plan = ConvolutionPlan(shape, kernel)
    out = plan.apply_combined([first, second], [0.25, -3.0])
    assert_agrees(out, 0.25 * first - 3.0 * second, kernel)
    with pytest.raises(ShapeError, match="weights must be one per map"):
        plan.apply_combined([first, second], [1.0])
    with pytest.raises(OutOfRangeError, match="weight must be finite"):
        plan.apply_combined([first], [np.nan])


def test_the_variance_plan_squares_the_kernel() -> None:
    shape, kernel = (9, 11, 13), even_kernel((2, 2, 1))
    variance = random_map(shape)
    assert_agrees(ConvolutionPlan(shape, kernel).variance_plan().apply(variance), variance, kernel**2)


def test_a_mask_and_a_threshold_leave_out_sources_only_on_request() -> None:
    shape, kernel = (9, 11, 13), even_kernel((2, 2, 1))
    array = random_map(shape) - 0.2
    plan, mask = ConvolutionPlan(shape, kernel), random_map(shape, 5) > 0.5
    assert_agrees(plan.apply(array), array, kernel)
    assert_agrees(plan.apply(array, mask=mask), np.where(mask, array, 0.0), kernel)
    assert_agrees(plan.apply(array, threshold=0.3), np.where(array >= 0.3, array, 0.0), kernel)
    both = np.where(mask & (array >= 0.3), array, 0.0)
    assert_agrees(plan.apply(array, mask=mask, threshold=0.3), both, kernel)
    with pytest.raises(DTypeError, match="mask must be boolean"):
        plan.apply(array, mask=mask.astype(int))
    with pytest.raises(ShapeError, match="mask must be of the plan's shape"):
        plan.apply(array, mask=mask[1:])
    with pytest.raises(OutOfRangeError, match="threshold must be finite"):
        plan.apply(array, threshold=np.nan)


def _views(array: np.ndarray) -> dict[str, Any]:
    strided = np.zeros((*array.shape[:2], 2 * array.shape[2]))
    strided[..., ::2] = array
    read_only = array.copy()
    read_only.flags.writeable = False
    return {
        "fortran": np.asfortranarray(array),
        "reversed": np.flip(array).copy()[::-1, ::-1, ::-1],
        "transposed": array.transpose(2, 1, 0).copy().transpose(2, 1, 0),
        "strided": strided[..., ::2],
        "big-endian": array.astype(">f8"),
        "read-only": read_only,
        "list": array.tolist(),
    }


@pytest.mark.parametrize("kind", _views(np.zeros((1, 1, 1))))
def test_the_convolution_does_not_depend_on_the_order_in_memory(kind: str) -> None:
    array, kernel = random_map((5, 8, 11)), even_kernel((1, 2, 3))
    plan = ConvolutionPlan(array.shape, kernel)
    assert np.array_equal(plan.apply(_views(array)[kind]), plan.apply(array))
    assert np.array_equal(ConvolutionPlan(array.shape, _views(kernel)[kind]).apply(array), plan.apply(array))


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.bool_])
def test_integers_become_float64(dtype: Any) -> None:
    array, kernel = (random_map((5, 8, 11)) > 0.5).astype(dtype), even_kernel((1, 2, 3))
    assert_agrees(ConvolutionPlan(array.shape, kernel).apply(array), array.astype(float), kernel)
    with pytest.raises(DTypeError, match="becomes float64"):
        ConvolutionPlan(array.shape, kernel, np.float32).apply(array)


@pytest.mark.parametrize("dtype", [object, np.complex128, "U4", np.float16, np.longdouble, "M8[s]"])
def test_a_dtype_that_does_not_fit_is_refused(dtype: Any) -> None:
    plan = ConvolutionPlan((2, 3, 4), even_kernel((1, 1, 1)))
    with pytest.raises(DTypeError, match="array"):
        plan.apply(np.zeros((2, 3, 4)).astype(dtype))
    with pytest.raises(DTypeError, match="dtype must be float32 or float64"):
        ConvolutionPlan((2, 3, 4), even_kernel((1, 1, 1)), dtype=dtype)


def test_the_other_precision_is_not_converted_silently() -> None:
    with pytest.raises(DTypeError, match="array must be float64, the type of the plan, got float32"):
        ConvolutionPlan((2, 3, 4), np.ones((1, 1, 1))).apply(np.zeros((2, 3, 4), np.float32))


def test_a_masked_array_is_refused() -> None:
    array = np.ma.masked_greater(random_map((2, 3, 4)), 0.5)
    with pytest.raises(DTypeError, match="masked array"):
        ConvolutionPlan((2, 3, 4), np.ones((1, 1, 1))).apply(array)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.01 * LARGEST])
@pytest.mark.parametrize("at", [(0, 0, 0), (3, 1, 36), (4, 6, 40), (2, 3, 17)])
def test_a_value_that_cannot_be_summed_is_named(value: float, at: tuple[int, int, int]) -> None:
    array = random_map((5, 7, 41), dtype=np.float32)
    plan = ConvolutionPlan(array.shape, even_kernel((1, 1, 1)), np.float32)
    array[at] = value
    array[4, 6, 40] = np.nan
    with pytest.raises(OutOfRangeError, match=rf"array value at \({at[0]}, {at[1]}, {at[2]}\) must be finite"):
        plan.apply(array)


@pytest.mark.parametrize("method", METHODS)
def test_the_largest_legal_value_does_not_overflow(method: str) -> None:
    array, kernel = np.full((9, 700, 35), LARGEST, np.float32), even_kernel((1, 2, 3))
    out = ConvolutionPlan(array.shape, kernel, np.float32, method=method).apply(array)
    assert out[4, 350, 17] == pytest.approx(LARGEST * kernel.sum(), rel=1e-5)
    assert np.isfinite(out).all()


def test_negative_values_are_legal() -> None:
    array, kernel = random_map((5, 7, 9)) - 0.5, even_kernel((2, 1, 1))
    out = ConvolutionPlan(array.shape, kernel).apply(array)
    assert (out < 0).any()
    assert np.abs(out - convolve(array, kernel)).max() < 1e-14 * kernel.sum()


@pytest.mark.parametrize(
    ("kernel", "error", "match"),
    [
        (np.ones((3, 3, 4)), ShapeError, "odd along each axis"),
        (np.ones((3, 3)), ShapeError, "three dimensions"),
        (np.ones((0, 3, 3)), ShapeError, "odd along each axis"),
        (np.arange(27.0).reshape(3, 3, 3), OutOfRangeError, "equal to its mirror image"),
        (np.full((1, 1, 1), np.nan), OutOfRangeError, "finite"),
        (np.full((1, 1, 1), 1e300), OutOfRangeError, "within the range of float32"),
        (np.ones((1, 1, 1), complex), DTypeError, "real numbers"),
    ],
)
def test_an_impossible_kernel_is_refused(kernel: Any, error: type[YttriaError], match: str) -> None:
    with pytest.raises(error, match=match):
        ConvolutionPlan((4, 5, 6), kernel, np.float32)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 0), (4, 5, -1), (1.5, 2, 3), (2**40, 1, 1), (2**31, 2**31, 2**31)])
def test_an_impossible_shape_is_refused(shape: Any) -> None:
    with pytest.raises(ShapeError):
        ConvolutionPlan(shape, np.ones((1, 1, 1)))


def test_unknown_methods_and_wrong_shapes_are_refused() -> None:
    kernel = np.ones((1, 1, 1))
    with pytest.raises(UnknownNameError, match=r"one of auto, definition, direct.*got 'fft'"):
        ConvolutionPlan((2, 3, 4), kernel, method="fft")
    for threads in (0, -1, 10**30):
        with pytest.raises(OutOfRangeError, match="threads"):
            ConvolutionPlan((2, 3, 4), kernel, threads=threads)
    plan = ConvolutionPlan((2, 3, 4), kernel)
    for array in (np.zeros((2, 3, 5)), np.zeros(24), np.zeros((0, 3, 4)), 1.0, []):
        with pytest.raises(ShapeError, match="array must be of the plan's shape"):
            plan.apply(array)
    with pytest.raises(ShapeError, match="regular array"):
        plan.apply([[1.0], [2.0, 3.0]])


def test_an_output_that_cannot_be_written_is_refused() -> None:
    shape = (4, 5, 6)
    plan, array = ConvolutionPlan(shape, np.ones((3, 3, 3))), random_map(shape)
    read_only = np.zeros(shape)
    read_only.flags.writeable = False
    for out in (read_only, np.zeros(shape, order="F"), np.zeros((4, 5, 5))):
        with pytest.raises(ShapeError, match="out must be"):
            plan.apply(array, out)
    for out in (np.zeros(shape, np.float32), np.zeros(shape, ">f8"), [[[0.0]]]):
        with pytest.raises(DTypeError, match="out must be"):
            plan.apply(array, out)  # type: ignore[arg-type]
    shared = np.zeros((5, 5, 6))
    for out in (array, shared[1:]):
        with pytest.raises(ShapeError, match="overlap"):
            plan.apply(array if out is array else shared[:-1], out)


def test_a_huge_zero_strided_array_is_an_error_of_memory() -> None:
    shape = (30_000, 30_000, 100_000)
    plan = ConvolutionPlan(shape, np.ones((3, 3, 3)))
    with pytest.raises(InsufficientMemoryError):
        plan.apply(np.broadcast_to(np.float64(1.0), shape))


def test_a_plan_states_its_shape_method_and_memory() -> None:
    plan = ConvolutionPlan((20, 30, 40), even_kernel((3, 3, 3)), np.float32, threads=2)
    assert (plan.shape, plan.dtype, plan.threads) == ((20, 30, 40), np.dtype(np.float32), 2)
    assert plan.method in METHODS[1:]
    assert plan.instruction_set in repr(plan)
    assert 0 < plan.estimate_memory_bytes() < 2**24


def test_a_long_call_can_be_interrupted() -> None:
    # It would take minutes.
    shape = (160, 160, 160)
    plan = ConvolutionPlan(shape, even_kernel((12, 12, 12)), method="definition", threads=2)
    assert_interrupts(lambda: plan.apply(np.ones(shape)), after_s=0.3)
