"""Convolution with a transform: cases that test_convolution.py does not reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from interrupts import assert_interrupts
from test_convolution import assert_agrees, even_kernel, random_map

from yttria import ConvolutionPlan
from yttria.errors import InsufficientMemoryError, OutOfRangeError

# Long enough for several blocks, plane halves and passes over the ring; no multiple of any vector width.
CASES = [
    ((37, 53, 43), (6, 6, 6)),
    ((5, 700, 19), (2, 5, 1)),
    ((61, 9, 33), (12, 4, 3)),
    ((1, 130, 50), (0, 7, 0)),
    ((19, 1, 90), (4, 0, 9)),
    ((4, 80, 5), (5, 8, 4)),
    ((6, 10, 17), (30, 60, 30)),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "half"), CASES)
def test_the_transform_agrees_with_the_direct_sum(dtype: Any, shape: Any, half: Any) -> None:
    kernel, array = even_kernel(half), random_map(shape, dtype=dtype)
    out = np.full(shape, 9.0, dtype)
    assert_agrees(ConvolutionPlan(shape, kernel, dtype, method="fft_direct").apply(array, out), array, kernel)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "half"), CASES)
def test_the_transform_depends_only_on_the_map(dtype: Any, shape: Any, half: Any) -> None:
    kernel, array = even_kernel(half), random_map(shape, dtype=dtype)
    results = set()
    for threads in range(1, 9):
        plan = ConvolutionPlan(shape, kernel, dtype, threads=threads, method="fft_direct")
        # Another map in between: scratch memory is kept.
        plan.apply(np.full(shape, 7.0, dtype))
        results |= {plan.apply(array).tobytes(), plan.apply(array, np.full(shape, 9.0, dtype)).tobytes()}
        results.add(plan.apply_many([array, array])[1].tobytes())
    assert len(results) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("box", [((0, 20), (0, 10)), ((3, 5), (0, 20)), ((0, 1), (8, 35)), ((15, 20), (30, 43))])
def test_a_plan_keeps_no_voxel_of_an_earlier_map_in_another_place(dtype: Any, box: Any) -> None:
    # The planes and rows of a part of the map lie elsewhere in the scratch memory than those of all of it.
    shape, half = (20, 33, 43), (3, 4, 5)
    kernel, whole, part = even_kernel(half), random_map(shape, dtype=dtype) + dtype(1.0), np.zeros(shape, dtype)
    planes, columns = (slice(*of_axis) for of_axis in box)
    part[planes, :, columns] = whole[planes, :, columns]
    for before, after in [(part, whole), (whole, part)]:
        plan, fresh = (ConvolutionPlan(shape, kernel, dtype, threads=1, method="fft_direct") for _ in range(2))
        plan.apply(before)
        assert np.array_equal(plan.apply(after), fresh.apply(after))


@pytest.mark.parametrize("corner", [(0, 0, 0), (17, 40, 30), (36, 52, 42), (3, 52, 0)])
@pytest.mark.parametrize("size", [1, 3, 14])
def test_voxels_out_of_the_kernels_reach_are_exactly_zero(corner: tuple[int, int, int], size: int) -> None:
    shape, half = (37, 53, 43), (5, 6, 4)
    kernel, array = even_kernel(half), np.zeros(shape, np.float32)
    box = tuple(slice(at, at + size) for at in corner)
    array[box] = random_map(shape, dtype=np.float32)[box] + 0.1
    out = ConvolutionPlan(shape, kernel, np.float32, method="fft_direct").apply(array, np.full(shape, 9.0, np.float32))
    assert_agrees(out, array, kernel)
    reach = tuple(slice(max(at - h, 0), at + size + h) for at, h in zip(corner, half, strict=True))
    assert np.all(out[reach] > 0)
    out[reach] = 0
    assert not out.any()


def test_a_map_of_zeros_gives_zeros() -> None:
    shape = (5, 40, 30)
    plan = ConvolutionPlan(shape, even_kernel((4, 4, 4)), method="fft_direct")
    assert not plan.apply(np.zeros(shape), np.full(shape, 9.0)).any()


@pytest.mark.parametrize("method", ["direct", "fft_direct"])
def test_memory_stays_within_the_estimate_for_every_part_of_the_map(method: str) -> None:
    resource = pytest.importorskip("resource")
    shape = (64, 200, 160)
    plan = ConvolutionPlan(shape, even_kernel((6, 6, 6)), np.float32, threads=2, method=method)
    rng, out = np.random.default_rng(0), np.ones(shape, np.float32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    plan.apply(np.ones(shape, np.float32), out)
    for _ in range(20):
        array = np.zeros(shape, np.float32)
        begin = [int(rng.integers(n)) for n in shape]
        array[tuple(slice(b, b + int(rng.integers(1, 150))) for b in begin)] = 1.0
        plan.apply(array, out)
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    # Two maps at a time, and the interpreter's own growth.
    assert grown < plan.estimate_memory_bytes() + 2 * array.nbytes + 2**22
    assert plan.estimate_memory_bytes() < 2**26


def test_a_plan_for_more_memory_than_available_raises_insufficient_memory() -> None:
    shape = (1_000_000, 30_000, 4_000)
    with pytest.raises(InsufficientMemoryError):
        ConvolutionPlan(shape, np.ones((3, 3, 3)), method="fft_direct").apply(np.broadcast_to(np.float64(1.0), shape))


@pytest.mark.parametrize(
    ("shape", "half", "method"),
    [
        ((128, 192, 200), (2, 2, 2), "direct"),
        ((109, 200, 200), (4, 3, 3), "direct"),
        ((128, 192, 200), (4, 4, 4), "fft_direct"),
        ((128, 192, 200), (6, 6, 6), "fft_direct"),
        ((128, 192, 200), (12, 12, 12), "fft_direct"),
        ((128, 192, 5), (4, 4, 4), "direct"),
        ((9, 9, 9), (0, 0, 0), "direct"),
    ],
)
def test_the_method_of_least_cost_is_chosen_from_the_sizes(shape: Any, half: Any, method: str) -> None:
    assert ConvolutionPlan(shape, even_kernel(half)).method == method


def test_a_call_can_be_interrupted() -> None:
    array = np.ones((64, 256, 256))
    plan, out = (
        ConvolutionPlan(array.shape, even_kernel((6, 6, 6)), method="fft_direct", threads=2),
        np.ones(array.shape),
    )
    plan.apply(array, out)

    def repeat() -> None:
        while True:
            plan.apply(array, out)

    assert_interrupts(repeat, after_s=0.2)


def test_a_transform_that_would_be_too_long_is_refused() -> None:
    with pytest.raises(OutOfRangeError, match="half size along axis 1"):
        ConvolutionPlan((1, 1000, 1), np.ones((1, 1001, 1)), method="fft_direct")
