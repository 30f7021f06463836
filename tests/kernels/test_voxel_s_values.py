"""Voxel S values: energy, symmetry, scaling, the nuclide, and hostile arguments."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured_figures import Measured

from yttria import Nuclide, VoxelSValueLibrary, VoxelSValues, YttriaError, dose_point_kernel, media, voxel_s_values
from yttria.errors import DTypeError, InsufficientMemoryError, OutOfRangeError, ShapeError, UnknownNameError
from yttria.reference.voxel_s_values import voxel_s_values as definition

NAMES = [each.name for each in media()]
J_PER_MEV = 1.602176634e-13


def energy_mev(s: VoxelSValues) -> float:
    """Energy per decay that the values hold: sum of dose x mass."""
    mass_kg = np.prod(s.voxel_size_mm) * s.density_g_per_ml * 1e-6
    return float(s.values.sum() * 1e-9 * mass_kg / J_PER_MEV)


@pytest.mark.claim("s_values_conserve_energy")
@pytest.mark.parametrize("tail_folded", [False, True])
@pytest.mark.parametrize("medium", media(), ids=NAMES)
def test_energy_is_conserved(medium, tail_folded: bool, measured: Measured) -> None:
    s = voxel_s_values((2.0, 3.1, 4.5), medium=medium.name, tail_folded=tail_folded)
    expected = s.energy_inside_fraction * s.nuclide.mean_energy_mev
    measured("relative difference", energy_mev(s) / expected - 1)
    assert energy_mev(s) == pytest.approx(s.energy_inside_fraction * s.nuclide.mean_energy_mev, rel=1e-10)
    assert s.energy_beyond_fraction == medium.energy_beyond_fraction
    assert s.energy_inside_fraction == (1.0 if tail_folded else 1.0 - s.energy_beyond_fraction)
    assert s.tail_folded is tail_folded


def test_folding_scales_every_value() -> None:
    left_out = voxel_s_values((2.0, 3.0, 4.0), medium="bone")
    folded = voxel_s_values((2.0, 3.0, 4.0), medium="bone", tail_folded=True)
    np.testing.assert_allclose(folded.values, left_out.values / left_out.energy_inside_fraction, rtol=1e-15)


@pytest.mark.claim("s_values_are_their_definition")
@pytest.mark.parametrize(
    ("size", "medium", "density"), [((3.0, 4.0, 5.5), "water", 1.0), ((2.5, 2.5, 4.0), "bone", 1.8)]
)
def test_voxel_s_values_agree_with_their_definition(
    size: tuple[float, float, float], medium: str, density: float, measured: Measured
) -> None:
    kernel, s = dose_point_kernel(medium), voxel_s_values(size, medium=medium, density_g_per_ml=density)
    scale = kernel.density_g_per_ml / density
    expected = definition(
        kernel.edge_mm * scale,
        kernel.energy_mev * (s.nuclide.mean_energy_mev / kernel.emitted_mev),
        size,
        density,
        support_mm=12.0 / density,
        directions=24,
    )
    assert s.values.shape == expected.shape
    assert s.values.sum() == pytest.approx(expected.sum(), rel=1e-10)
    # The rule of the definition converges slowly: the source voxel is off by 1.3e-4, 3.6e-5, 1.1e-5 at 24, 48, 96
    # directions (bone), the others by at most 2.3e-3, 5e-4, 3e-4.
    carrying = expected > 1e-3 * expected.max()
    np.testing.assert_allclose(s.values[carrying], expected[carrying], rtol=5e-3)
    measured("source voxel, relative difference", s.values.max() / expected.max() - 1)
    assert s.values.max() == pytest.approx(expected.max(), rel=2e-4)


@pytest.mark.claim("s_values_are_their_definition")
def test_the_definition_agrees_with_random_end_points() -> None:
    """The integral equals a count of end points for random points in the source voxel, directions and radii."""
    rng = np.random.default_rng(6)
    size, kernel = np.array([3.0, 4.0, 5.5]), dose_point_kernel("liver")
    inside = kernel.edge_mm[1:] <= 11.3
    shell = rng.choice(np.flatnonzero(inside), 400_000, p=kernel.energy_mev[inside] / kernel.energy_mev[inside].sum())
    radius = kernel.edge_mm[shell] + rng.random(shell.size) * np.diff(kernel.edge_mm)[shell]
    omega = rng.normal(size=(3, shell.size))
    omega /= np.linalg.norm(omega, axis=0)
    end = np.rint((rng.random((3, shell.size)) - 0.5) + radius * omega / size[:, None]).astype(int)
    s = voxel_s_values(size, medium="liver").values
    share, center = s / s.sum(), np.array(s.shape) // 2
    for d in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 1, 1), (-2, 0, 0)]:
        hits, expected = np.mean(np.all(end == np.array(d)[:, None], axis=0)), share[tuple(center + d)]
        assert abs(hits - expected) < 4 * np.sqrt(expected / shell.size), d


def test_values_reach_12_mm_and_equal_their_mirror_images() -> None:
    s = voxel_s_values((2.0, 3.0, 5.0), medium="water")
    assert s.values.shape == (13, 9, 7)  # 12 mm reach 6, 4 and 2.4 voxels
    assert s.values.dtype == np.float64
    for axis in range(3):
        assert np.array_equal(s.values, np.flip(s.values, axis))
    assert s.values.argmax() == s.values.size // 2
    assert np.all(s.values >= 0)


@pytest.mark.parametrize("order", [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_transposed_voxels_have_transposed_values(order: tuple[int, int, int]) -> None:
    size = (1.5, 4.0, 2.5)
    a = voxel_s_values(size, medium="liver").values
    b = voxel_s_values([size[axis] for axis in order], medium="liver").values
    np.testing.assert_allclose(b, a.transpose(order), rtol=1e-15)


def test_a_cube_has_equal_axes() -> None:
    values = voxel_s_values((2.5, 2.5, 2.5), medium="soft_tissue").values
    for order in [(0, 2, 1), (1, 0, 2), (2, 1, 0)]:
        assert np.array_equal(values, values.transpose(order))


@pytest.mark.parametrize(("medium", "density"), [("water", 1.05), ("lung", 0.4), ("bone", 1.6)])
def test_density_scales_lengths(medium: str, density: float) -> None:
    """With r -> r rho, lattices of equal mass thickness share the energy equally. The voxel mass is proportional to
    1/rho^2."""
    a = voxel_s_values((2.0, 3.0, 2.5), medium=medium)
    ratio = density / a.density_g_per_ml
    b = voxel_s_values(np.array(a.voxel_size_mm) / ratio, medium=medium, density_g_per_ml=density)
    np.testing.assert_allclose(b.values, a.values * ratio**2, rtol=1e-12, atol=1e-15 * b.values.max())


def test_a_larger_voxel_is_the_sum_of_smaller_ones() -> None:
    """S of doubled voxels from S of the halves: mean over the 8 source and the 8 target parts."""
    small = voxel_s_values((1.5, 2.0, 1.0), medium="water").values
    large = voxel_s_values((3.0, 4.0, 2.0), medium="water").values
    weight = np.zeros((3, 3, 3))
    for offset in np.ndindex(3, 3, 3):  # parts that lie 2 d + (-1, 0, 1) apart, and how many pairs do
        weight[offset] = np.prod([1 if o != 1 else 2 for o in offset]) / 64
    center = np.array(small.shape) // 2
    for d in [(0, 0, 0), (1, 0, 0), (0, 1, 1), (1, 1, 2)]:
        at = tuple(slice(c + 2 * x - 1, c + 2 * x + 2) for c, x in zip(center, d, strict=True))
        mean = (small[at] * weight).sum()
        assert large[tuple(c + x for c, x in zip(np.array(large.shape) // 2, d, strict=True))] == pytest.approx(
            mean, rel=3e-4
        )


def test_values_are_normalized_to_the_energy_of_the_nuclide() -> None:
    a = voxel_s_values((3.0, 4.0, 5.0), medium="water", nuclide=Nuclide("EANM2022"))
    b = voxel_s_values((3.0, 4.0, 5.0), medium="water", nuclide=Nuclide("IFU_50"))
    np.testing.assert_allclose(b.values, a.values * (50 / 49.67), rtol=1e-13)
    assert voxel_s_values((3.0, 4.0, 5.0), medium="water").nuclide == Nuclide()


def test_bits_do_not_depend_on_the_threads() -> None:
    one = voxel_s_values((1.7, 2.2, 3.0), medium="soft_tissue", threads=1)
    for threads in (2, 5, None):
        assert np.array_equal(voxel_s_values((1.7, 2.2, 3.0), medium="soft_tissue", threads=threads).values, one.values)


def test_values_cannot_be_changed_also_after_pickling() -> None:
    made = voxel_s_values((3.0, 4.0, 5.0), medium="lung", density_g_per_ml=0.3)
    copy = pickle.loads(pickle.dumps(made))
    assert np.array_equal(copy.values, made.values)
    assert repr(copy) == repr(made)
    assert "lung 0.3 g/mL" in repr(made)
    for each in (made, copy):
        with pytest.raises(ValueError, match="read-only"):
            each.values[0, 0, 0] = 1.0
        with pytest.raises(ValueError, match="WRITEABLE"):
            each.values.flags.writeable = True


def test_the_library_computes_each_table_once() -> None:
    library = VoxelSValueLibrary()
    first = library.get((3.0, 4.0, 5.0), medium="water")
    assert library.get(np.array([3, 4, 5]), medium="water", density_g_per_ml=1, nuclide=Nuclide(), threads=1) is first
    different = [
        library.get((3.0, 5.0, 4.0), medium="water"),
        library.get((3.0, 4.0, 5.0), medium="liver"),
        library.get((3.0, 4.0, 5.0), medium="water", density_g_per_ml=1.01),
        library.get((3.0, 4.0, 5.0), medium="water", nuclide=Nuclide("IFU_50")),
        library.get((3.0, 4.0, 5.0), medium="water", tail_folded=True),
    ]
    assert len({id(each) for each in [first, *different]}) == len(library) == 6
    assert len(pickle.loads(pickle.dumps(library))) == 6


def test_threads_share_the_tables_of_a_library() -> None:
    library = VoxelSValueLibrary()
    start, got = threading.Barrier(8), []

    def get() -> None:
        start.wait()
        got.append(library.get((2.0, 3.0, 4.0), medium="liver"))

    threads = [threading.Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(each) for each in got}) == len(library) == 1


def test_the_voxel_size_is_three_numbers() -> None:
    with pytest.raises(ShapeError, match=r"for a cube: \(3, 3, 3\)"):
        voxel_s_values(3, medium="water")  # type: ignore[arg-type]
    for bad in ((), (3.0, 3.0), (3.0,) * 4, np.ones((3, 3))):
        with pytest.raises(ShapeError, match="three numbers in array order"):
            voxel_s_values(bad, medium="water")  # type: ignore[arg-type]
    for bad in ("abc", ("a", "b", "c"), (None, {}, []), [3, [3], 3], (1j, 1j, 1j), object(), (10**400, 1, 1)):
        with pytest.raises(DTypeError, match="voxel size in mm must be three numbers"):
            voxel_s_values(bad, medium="water")  # type: ignore[arg-type]


@pytest.mark.parametrize("density", [1000.0, 0.0, -1.0, float("nan"), float("inf"), 0.5])
def test_a_density_of_another_tissue_is_refused(density: float) -> None:
    with pytest.raises(OutOfRangeError, match=r"density of liver in g/mL must be within \[0.9, 1.2\]"):
        voxel_s_values((3.0, 3.0, 3.0), medium="liver", density_g_per_ml=density)


def test_a_table_that_is_too_large_is_refused() -> None:
    with pytest.raises(InsufficientMemoryError, match="limit 256 MiB"):
        voxel_s_values((0.5, 0.5, 0.5), medium="lung", density_g_per_ml=0.1)
    with pytest.raises(UnknownNameError, match="medium"):
        voxel_s_values((3.0, 3.0, 3.0), medium="air")


@given(
    size=st.lists(st.floats() | st.floats(0.4, 25.0), min_size=3, max_size=3),
    medium=st.sampled_from(NAMES),
    density=st.none() | st.floats() | st.floats(0.05, 2.5),
    threads=st.none() | st.integers(),
)
def test_any_number_gives_values_or_an_error_of_yttria(size, medium, density, threads) -> None:
    valid = all(0.5 <= x <= 20.0 for x in size)
    if valid:
        size = [max(x, 2.0) for x in size]  # a small voxel is right but slow
    if threads is not None and 4 < threads <= 1024:
        threads = 4
    try:
        s = voxel_s_values(size, medium=medium, density_g_per_ml=density, threads=threads)
    except YttriaError:
        low, high = next(each.density_range_g_per_ml for each in media() if each.name == medium)
        assert not valid or (density is not None and not low <= density <= high) or threads not in {None, 1, 2, 3, 4}
    else:
        assert np.all(np.isfinite(s.values))
        assert energy_mev(s) == pytest.approx(s.energy_inside_fraction * s.nuclide.mean_energy_mev, rel=1e-10)
