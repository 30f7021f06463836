"""Dose maps on plain arrays: uniform media, point sources, energy, agreement with the definition, hostile arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from measured_figures import Measured

from yttria import ConvolutionPlan, Nuclide, VoxelSValueLibrary, YttriaError, absorbed_dose, local_deposition
from yttria.errors import ArgumentError, DTypeError, InsufficientMemoryError, OutOfRangeError, ShapeError
from yttria.reference.absorbed_dose import absorbed_dose as absorbed_dose_definition
from yttria.reference.local_deposition import local_deposition as local_deposition_definition

S = VoxelSValueLibrary()
SIZE = (4.0, 3.0, 2.5)


def s_values(size=SIZE, medium="soft_tissue", **options):
    return S.get(size, medium=medium, **options)


# local deposition


def test_one_mbq_per_ml_of_water_has_its_known_dose() -> None:
    assert local_deposition([1.0], density_g_per_ml=1.0).tolist() == [49.67]
    assert local_deposition([1.0], density_g_per_ml=1.0, nuclide=Nuclide("IFU_50")).tolist() == [50.0]
    assert float(local_deposition(2, density_g_per_ml=1)) == 99.34


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-7), (np.float64, 1e-15)])
@pytest.mark.parametrize("per_voxel", [False, True])
def test_local_deposition_is_its_definition(dtype: type, tolerance: float, per_voxel: bool) -> None:
    rng = np.random.default_rng(1)
    activity = rng.normal(1.0, 2.0, (5, 41, 333)).astype(dtype)
    density = rng.uniform(0.2, 2.0, activity.shape).astype(dtype) if per_voxel else 1.05
    dose = local_deposition(activity, density_g_per_ml=density)
    assert dose.dtype == dtype
    expected = local_deposition_definition(activity, density, 49.67)
    np.testing.assert_allclose(dose, expected, rtol=tolerance)
    for threads in (1, 2, 7):
        assert np.array_equal(local_deposition(activity, density_g_per_ml=density, threads=threads), dose)


@pytest.mark.parametrize(
    "arrange",
    [
        np.asfortranarray,
        lambda a: np.asfortranarray(a).transpose(1, 0, 2),
        lambda a: a[::-1, :, ::-1],
        lambda a: a[::2, 1:, ::3],
        lambda a: a.astype(a.dtype.newbyteorder()),
        lambda a: np.frombuffer(b"x" + a.tobytes(), a.dtype, offset=1).reshape(a.shape),
    ],
    ids=["Fortran", "transposed", "reversed", "strided", "swapped", "unaligned"],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dose_does_not_depend_on_the_memory_order(arrange: Any, dtype: type) -> None:
    rng = np.random.default_rng(2)
    activity = arrange(rng.uniform(0, 5, (6, 7, 9)).astype(dtype))
    density = rng.uniform(0.3, 1.9, activity.shape)
    dose = local_deposition(activity, density_g_per_ml=density)
    assert dose.dtype == np.dtype(dtype)
    plain = local_deposition(np.array(activity, dtype=dtype, order="C"), density_g_per_ml=density)
    assert np.array_equal(dose, plain)
    s = s_values()
    plain = absorbed_dose(np.array(activity, dtype=dtype, order="C"), s)
    assert np.array_equal(absorbed_dose(activity, s), plain)


def test_the_result_has_the_memory_order_of_the_input() -> None:
    plain = np.ones((2, 3, 4))
    for activity in (plain, np.asfortranarray(plain), plain.transpose(1, 2, 0), plain.transpose(2, 0, 1)):
        dose = local_deposition(activity, density_g_per_ml=1.0)
        assert dose.strides == activity.strides


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int64, np.bool_])
def test_integers_become_float64(kind: type) -> None:
    activity = np.array([[[0, 1, 1], [1, 0, 0]]], dtype=kind)
    assert local_deposition(activity, density_g_per_ml=1.0).dtype == np.float64
    dose = absorbed_dose(activity, s_values())
    assert dose.dtype == np.float64
    assert np.array_equal(dose, absorbed_dose(activity.astype(float), s_values()))


def test_out_is_written_and_returned() -> None:
    activity = np.full((2, 3, 4), 2.0, dtype=np.float32)
    out = np.full_like(activity, np.nan)
    assert local_deposition(activity, density_g_per_ml=1.0, out=out) is out
    np.testing.assert_allclose(out, 99.34, rtol=1e-7)
    out = np.full_like(activity, np.nan)
    assert absorbed_dose(activity, s_values(), out=out) is out
    assert np.array_equal(out, absorbed_dose(activity, s_values()))


@pytest.mark.parametrize("dose", [local_deposition, absorbed_dose])
def test_an_out_that_cannot_hold_the_dose_is_refused(dose: Any) -> None:
    options = {"density_g_per_ml": 1.0} if dose is local_deposition else {"s_values": s_values()}
    activity = np.ones((2, 3, 4), dtype=np.float32)
    read_only = np.zeros_like(activity)
    read_only.flags.writeable = False
    with pytest.raises(DTypeError, match="out"):
        dose(activity, out=np.zeros((2, 3, 4)), **options)
    with pytest.raises(DTypeError, match="out"):
        dose(activity, out=[0.0], **options)
    for out in (np.zeros((2, 3, 5), np.float32), read_only, np.zeros((4, 3, 2), np.float32).T, activity):
        with pytest.raises(ShapeError, match="out"):
            dose(activity, out=out, **options)


def test_a_density_of_another_shape_or_of_nothing_is_refused() -> None:
    activity = np.ones((2, 3, 4))
    for density in (np.ones((2, 3, 1)), np.ones(4), np.ones((4, 3, 2))):
        with pytest.raises(ShapeError, match="density must be one number or of the activity's shape"):
            local_deposition(activity, density_g_per_ml=density)
    for value in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(OutOfRangeError, match="density in g/mL must be finite and > 0"):
            local_deposition(activity, density_g_per_ml=value)
        density = np.ones((2, 3, 4))
        density[1, 0, 2] = value
        with pytest.raises(OutOfRangeError, match="density in g/mL of voxel 14"):
            local_deposition(activity, density_g_per_ml=density)
    with pytest.raises(OutOfRangeError, match="within the range of float32"):
        local_deposition(np.full((2, 3, 4), 1e38, np.float32), density_g_per_ml=1.0)

    with pytest.raises(OutOfRangeError, match="density in g/mL of voxel 0"):
        local_deposition(np.ones((1, 1, 1), np.float32), density_g_per_ml=np.full((1, 1, 1), 1e300))


def test_s_values_must_be_those_of_this_package() -> None:
    for bad in (s_values().values, None, "water"):
        with pytest.raises(ArgumentError, match="s_values must be VoxelSValues"):
            absorbed_dose(np.ones((2, 3, 4)), bad)  # type: ignore[arg-type]


# voxel S values


@pytest.mark.claim("uniform_medium")
@pytest.mark.parametrize("medium", ["water", "lung", "bone"])
@pytest.mark.parametrize("tail_folded", [False, True])
def test_both_methods_agree_in_a_uniform_medium(medium: str, tail_folded: bool, measured: Measured) -> None:
    """In the middle of more than the kernel's reach, both methods agree but for the energy beyond the support."""
    s = s_values((9.0, 7.0, 8.0) if medium == "lung" else SIZE, medium, tail_folded=tail_folded)
    activity = np.full([n + 2 for n in s.values.shape], 0.7)
    middle = tuple(n // 2 for n in activity.shape)
    dose = absorbed_dose(activity, s)[middle]
    local = local_deposition(activity, density_g_per_ml=s.density_g_per_ml)[middle]
    measured("relative difference", dose / (local * s.energy_inside_fraction) - 1)
    assert dose == pytest.approx(local * s.energy_inside_fraction, rel=1e-12)
    assert s.energy_inside_fraction == (1.0 if tail_folded else 1.0 - s.energy_beyond_fraction)


@pytest.mark.claim("point_source")
def test_a_point_source_reproduces_the_kernel() -> None:
    s = s_values()
    half = np.array(s.values.shape) // 2
    shape, source = tuple(s.values.shape + np.array([3, 1, 4])), tuple(half + np.array([2, 0, 3]))
    activity = np.zeros(shape)
    volume_ml = np.prod(SIZE) / 1000
    activity[source] = 1.0 / (volume_ml * s.nuclide.mean_life_s)  # 1 MBq s in the voxel
    dose_mgy = 1000 * absorbed_dose(activity, s)
    window = tuple(slice(c - h, c + h + 1) for c, h in zip(source, half, strict=True))
    np.testing.assert_allclose(dose_mgy[window], s.values, rtol=1e-12, atol=1e-14 * s.values.max())
    dose_mgy[window] = 0.0
    assert np.abs(dose_mgy).max() <= 1e-14 * s.values.max()


@pytest.mark.claim("dose_is_energy")
def test_dose_times_mass_is_the_energy_of_a_padded_map(measured: Measured) -> None:
    rng = np.random.default_rng(3)
    s = s_values((5.0, 2.0, 3.0), "liver", density_g_per_ml=1.03)
    pad = [(n // 2, n // 2) for n in s.values.shape]
    activity = np.pad(rng.uniform(0, 3, (3, 8, 5)), pad)
    volume_ml = 30.0 / 1000
    joule = absorbed_dose(activity, s).sum() * volume_ml * 1.03 / 1000
    decays = activity.sum() * volume_ml * 1e6 * s.nuclide.mean_life_s
    expected = decays * s.nuclide.mean_energy_mev * 1.602176634e-13 * s.energy_inside_fraction
    measured("relative difference", joule / expected - 1)
    assert joule == pytest.approx(expected, rel=1e-10)


@pytest.mark.claim("convolution_is_definition")
@given(
    shape=st.tuples(*[st.integers(1, 11)] * 3),
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from([np.float32, np.float64]),
    density=st.floats(0.05, 1.0),
)
def test_absorbed_dose_is_its_definition(shape: tuple[int, int, int], seed: int, dtype: type, density: float) -> None:
    rng = np.random.default_rng(seed)
    activity = (rng.normal(size=shape) * (rng.random(shape) < density)).astype(dtype)
    s = s_values()
    expected = absorbed_dose_definition(activity, s)
    dose = absorbed_dose(activity, s)
    assert dose.dtype == dtype
    tolerance = 1e-6 if dtype == np.float32 else 1e-13
    assert np.abs(dose - expected).max() <= tolerance * max(np.abs(expected).max(), np.abs(activity).max() * 10)


def test_a_prepared_plan_gives_the_same_dose() -> None:
    activity = np.random.default_rng(4).uniform(size=(9, 4, 13)).astype(np.float32)
    plan = ConvolutionPlan(activity.shape, s_values().gy_per_mbq_per_ml(), np.float32)
    assert np.array_equal(plan.apply(activity), absorbed_dose(activity, s_values()))


def test_a_mask_and_a_threshold_leave_out_sources() -> None:
    activity = np.random.default_rng(5).uniform(size=(9, 4, 13))
    mask = activity < 0.8
    dose = absorbed_dose(activity, s_values(), mask=mask, threshold=0.3)
    assert np.array_equal(dose, absorbed_dose(np.where(mask & (activity >= 0.3), activity, 0.0), s_values()))


# hostile arrays


def test_half_precision_becomes_single_precision_without_loss() -> None:
    half = np.random.default_rng(5).uniform(0.0, 3.0, (6, 7, 8)).astype(np.float16)
    single = half.astype(np.float32)
    assert (single.astype(np.float16) == half).all()
    for dose in (
        lambda map_: local_deposition(map_, density_g_per_ml=1.06),
        lambda map_: absorbed_dose(map_, s_values()),
    ):
        assert dose(half).dtype == np.float32
        assert dose(half).tobytes() == dose(single).tobytes()


HOSTILE = [
    ("object", np.array([[[1.0, None]]], dtype=object), DTypeError),
    ("complex", np.ones((2, 2, 2), complex), DTypeError),
    ("text", np.array([[["a"]]]), DTypeError),
    ("dates", np.zeros((2, 2, 2), "datetime64[s]"), DTypeError),
    ("records", np.zeros((2, 2, 2), "f4,f4"), DTypeError),
    ("masked", np.ma.masked_greater(np.ones((2, 2, 2)), 0.5), DTypeError),
    ("ragged", [[1.0], [1.0, 2.0]], ShapeError),
    ("none", None, DTypeError),
    ("zero-strided", np.broadcast_to(np.float32(1.0), (1 << 17, 1 << 17, 1 << 17)), InsufficientMemoryError),
    ("zero-strided integers", np.broadcast_to(np.int8(1), (1 << 20, 1 << 20, 1 << 10)), InsufficientMemoryError),
]


@pytest.mark.parametrize(("array", "error"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_arrays_without_numbers_or_of_a_wrong_shape_are_refused(array: Any, error: type[YttriaError]) -> None:
    with pytest.raises(error):
        local_deposition(array, density_g_per_ml=1.0)
    with pytest.raises((error, ShapeError)):
        absorbed_dose(array, s_values())


def test_empty_maps_and_single_voxels_have_their_dose() -> None:
    assert local_deposition(np.ones((0, 3, 4)), density_g_per_ml=1.0).shape == (0, 3, 4)
    with pytest.raises(ShapeError):
        absorbed_dose(np.ones((0, 3, 4)), s_values())
    for shape in [(), (4,), (2, 3), (2, 2, 2, 2)]:
        assert local_deposition(np.ones(shape), density_g_per_ml=1.0).shape == shape
        with pytest.raises(ShapeError):
            absorbed_dose(np.ones(shape), s_values())
    s = s_values()
    one = absorbed_dose(np.ones((1, 1, 1)), s)
    assert one[0, 0, 0] == pytest.approx(s.values.max() * 0.03 * s.nuclide.mean_life_s / 1000, rel=1e-13)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_activity_that_is_not_finite_is_named(value: float, dtype: type) -> None:
    activity = np.zeros((2, 3, 4), dtype)
    activity[1, 2, 3] = value
    with pytest.raises(OutOfRangeError, match="voxel 23"):
        local_deposition(activity, density_g_per_ml=1.0)
    with pytest.raises(OutOfRangeError, match="finite"):
        absorbed_dose(activity, s_values())


@pytest.mark.filterwarnings("ignore::yttria.errors.ImplausibleValueWarning")
@given(
    array=hnp.arrays(
        dtype=st.one_of(hnp.floating_dtypes(sizes=(32, 64)), hnp.integer_dtypes(), hnp.boolean_dtypes()),
        shape=hnp.array_shapes(min_dims=0, max_dims=5, max_side=5),
    ),
    density=st.one_of(
        st.floats(), hnp.arrays(np.float64, st.just((2, 3)), elements=st.floats(0.01, 3.0)), st.integers(-2, 3)
    ),
    threads=st.none() | st.integers(-3, 5),
)
def test_any_array_gives_a_dose_or_an_error_of_yttria(array: Any, density: Any, threads: int | None) -> None:
    try:
        dose = local_deposition(array, density_g_per_ml=density, threads=threads)
    except YttriaError:
        pass
    else:
        # Below the smallest normal number digits are lost at each step, so that the tolerance is absolute.
        np.testing.assert_allclose(
            dose,
            local_deposition_definition(array, density, 49.67),
            rtol=1e-6 if dose.dtype == np.float32 else 1e-14,
            atol=float(np.finfo(dose.dtype).smallest_normal),
        )
    try:
        dose = absorbed_dose(array, s_values(), threads=threads)
    except YttriaError:
        pass
    else:
        assert dose.shape == array.shape
        assert np.all(np.isfinite(dose))
