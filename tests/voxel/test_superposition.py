"""Superposition: its definition, Fano's theorem, energy, the uniform map, refusals."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measured_figures import Measured

import yttria
import yttria._core as _core
from yttria import Nuclide, SuperpositionPlan, absorbed_dose, superposed_dose, voxel_s_values
from yttria.errors import DTypeError, OutOfRangeError, ShapeError, UnknownNameError
from yttria.reference import superposition as definition

C = Nuclide().dose_factor_gy_kg_per_gbq
SIZE_MM = (4.0, 3.0, 5.0)


def _blocks(shape: tuple[int, int, int], edge: int, seed: int = 3) -> Any:
    rng = np.random.default_rng(seed)
    small = rng.choice([0.26, 1.06, 1.92], [-(-n // edge) for n in shape])
    return np.kron(small, np.ones((edge,) * 3))[: shape[0], : shape[1], : shape[2]]


def _factor(density: Any) -> Any:
    """`eta` as the tables of bone and liver give it: the energy within 0.15 g/cm2."""
    within = {}
    for medium in ("liver", "bone"):
        kernel = yttria.dose_point_kernel(medium)
        edge = kernel.edge_mm * kernel.density_g_per_ml
        within[medium] = np.interp(1.5, edge, np.concatenate([[0.0], np.cumsum(kernel.energy_mev)]))
    return 1 + np.clip((density - 1.1) / 0.82, 0, 1) * (within["bone"] / within["liver"] - 1)


@pytest.mark.claim("superposition_is_definition")
@pytest.mark.parametrize("shape", [(4, 6, 5), (7, 3, 4)])
def test_superposition_equals_the_sum_over_single_rays(shape: tuple[int, int, int], measured: Measured) -> None:
    density = _blocks(shape, 2)
    activity = np.random.default_rng(5).gamma(1.0, 1.0, shape)
    rays = _core._superposition_rays("fast", shape, SIZE_MM)
    modes = definition.modes_double_integral(*_core._kernel_modes("liver", "Y-90"))
    depth = density * _factor(density)
    energy = definition.superposed_energy(activity, depth, SIZE_MM, rays, modes)
    unblended = SuperpositionPlan(density, SIZE_MM, ray_setting="fast", blended=False).apply(activity)
    measured("relative difference", (unblended * density / (C * energy) - 1).max())
    np.testing.assert_allclose(unblended, C * energy / density, rtol=1e-11)
    bone = definition.modes_double_integral(*_core._kernel_modes("bone", "Y-90"))
    by_bone = definition.superposed_energy(activity, density, SIZE_MM, rays, bone)
    unblended = SuperpositionPlan(density, SIZE_MM, medium="bone", ray_setting="fast", blended=False).apply(activity)
    np.testing.assert_allclose(unblended, C * by_bone / density, rtol=1e-11)

    uniform = np.full(shape, 1.06)
    reference = definition.superposed_energy(activity, uniform, SIZE_MM, rays, modes)
    convolved = absorbed_dose(activity, voxel_s_values(SIZE_MM, medium="liver", density_g_per_ml=1.06))
    expected = definition.superposed_dose(density, C, energy, reference, convolved, 1.06)
    blended = SuperpositionPlan(density, SIZE_MM, ray_setting="fast").apply(activity)
    np.testing.assert_allclose(blended, expected, atol=1e-12 * expected.max(), rtol=0)


@pytest.mark.claim("modes_are_kernel")
def test_the_exponential_modes_are_the_kernel() -> None:
    kernel = yttria.dose_point_kernel("liver")
    table = definition.kernel_double_integral(
        kernel.edge_mm * kernel.density_g_per_ml, kernel.energy_mev / kernel.emitted_mev, 12.0
    )
    modes = definition.modes_double_integral(*_core._kernel_modes("liver", "Y-90"))
    t = np.linspace(0, 30, 3001)
    np.testing.assert_allclose(np.gradient(modes(t), t), np.gradient(table(t), t), atol=1.3e-3)
    shape = (3, 4, 5)
    density = _blocks(shape, 2, 1)
    activity = np.random.default_rng(1).gamma(1.0, 1.0, shape)
    rays = _core._superposition_rays("fast", shape, SIZE_MM)
    by_table, by_modes = (
        definition.superposed_energy(activity, density, SIZE_MM, rays, each) for each in (table, modes)
    )
    np.testing.assert_allclose(by_modes, by_table, rtol=4e-3)


@pytest.mark.claim("fano")
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-6), (np.float64, 1e-10)])
def test_activity_proportional_to_density_gives_a_uniform_dose(
    dtype: Any, tolerance: float, measured: Measured
) -> None:
    shape = (56, 60, 58)
    white = np.random.default_rng(2).uniform(0.5, 2.0, shape)
    for density, size in ((white, (5.0, 4.0, 4.5)), (_blocks(shape, 6), (12.0, 11.0, 10.0))):
        # Relative to bone, the factor of the medium is 1 everywhere.
        density = density.astype(dtype)
        dose = SuperpositionPlan(density, size, medium="bone", ray_setting="fast", blended=False).apply(density)
        inside = dose[26:30, 28:32, 27:31].astype(float)
        measured(f"{np.dtype(dtype)}", np.abs(inside / inside.mean() - 1).max())
        assert np.abs(inside / inside.mean() - 1).max() < tolerance


@pytest.mark.claim("superposition_energy")
def test_deposited_and_escaping_energy_are_the_emitted_energy(measured: Measured) -> None:
    shape = (11, 14, 9)
    density = _blocks(shape, 3)
    activity = np.random.default_rng(4).gamma(0.3, 1.0, shape)
    for dtype, tolerance in ((np.float32, 1e-5), (np.float64, 1e-12)):
        plan = SuperpositionPlan(density.astype(dtype), SIZE_MM, blended=False, gas_density_g_per_ml=0.0)
        dose, balance = plan.apply_with_balance(activity.astype(dtype))
        lost = balance.deposited_fraction + balance.escaped_fraction - 1
        measured(f"{np.dtype(dtype)}", lost)
        assert balance.deposited_fraction + balance.escaped_fraction == pytest.approx(1, abs=tolerance)
        emitted = activity.sum() * (1 - voxel_s_values(SIZE_MM, medium="liver").energy_beyond_fraction) * C
        assert (dose * density).sum() == pytest.approx(balance.deposited_fraction * emitted, rel=1e-6)


@pytest.mark.claim("superposition_uniform")
def test_in_a_uniform_map_superposition_is_the_convolution() -> None:
    activity = np.random.default_rng(6).gamma(0.3, 1.0, (12, 9, 15))
    for medium, rho in (("liver", 1.06), ("liver", 1.0), ("lung", 0.26), ("bone", 1.92)):
        plan = SuperpositionPlan(
            np.full(activity.shape, rho), SIZE_MM, medium=medium, reference_density_g_per_ml=rho, ray_setting="fast"
        )
        expected = absorbed_dose(activity, voxel_s_values(SIZE_MM, medium=medium, density_g_per_ml=rho))
        np.testing.assert_allclose(plan.apply(activity), expected, atol=1e-12 * expected.max())
        single = superposed_dose(
            activity.astype(np.float32),
            np.full(activity.shape, rho),
            SIZE_MM,
            medium=medium,
            reference_density_g_per_ml=rho,
        )
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, expected, atol=2e-6 * expected.max())


@pytest.mark.claim("superposition_turned")
@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 99),
    order=st.permutations([0, 1, 2]),
    flips=st.lists(st.booleans(), min_size=3, max_size=3),
    threads=st.integers(1, 5),
)
def test_a_turned_map_gives_the_turned_dose(seed: int, order: list[int], flips: list[bool], threads: int) -> None:
    shape = (6, 9, 7)
    density, activity = _blocks(shape, 2, seed), np.random.default_rng(seed).gamma(0.5, 1.0, shape)
    step = tuple(slice(None, None, -1 if flip else 1) for flip in flips)
    dose = SuperpositionPlan(density, SIZE_MM).apply(activity)
    turned = SuperpositionPlan(
        density.transpose(order)[step], [SIZE_MM[axis] for axis in order], threads=threads
    ).apply(activity.transpose(order)[step])
    np.testing.assert_allclose(turned, dose.transpose(order)[step], atol=1e-12 * dose.max(), rtol=0)


def test_gas_is_crossed_and_has_no_dose() -> None:
    density = np.full((21, 11, 11), 1.06)
    density[8:14] = 0.0012
    activity = np.zeros(density.shape)
    activity[7, 5, 5] = 1.0
    plan = SuperpositionPlan(density, (3.0, 3.0, 3.0))
    dose = plan.apply(activity)
    assert plan.gas_voxel_count == 6 * 121
    assert not dose[8:14].any()
    assert dose[14].sum() > 0
    filled = SuperpositionPlan(np.full(density.shape, 1.06), (3.0, 3.0, 3.0)).apply(activity)
    assert dose[14].sum() > 1.5 * filled[14].sum()


def test_a_plan_is_pickled_and_described() -> None:
    plan = SuperpositionPlan(_blocks((4, 5, 6), 2).astype(np.float32), SIZE_MM, ray_setting="fine", threads=2)
    again = pickle.loads(pickle.dumps(plan))
    activity = np.ones((4, 5, 6), np.float32)
    assert (again.apply(activity) == plan.apply(activity)).all()
    assert repr(again) == repr(plan)
    assert "fine: 768 directions" in repr(plan)
    assert (plan.shape, plan.dtype, plan.threads, plan.medium) == ((4, 5, 6), np.float32, 2, "liver")
    assert plan.reference_density_g_per_ml == 1.06
    assert 0 < plan.kernel_error_fraction < 0.0015
    assert plan.estimate_memory_bytes() > 4 * 5 * 6 * 4
    out = np.empty((4, 5, 6), np.float32)
    assert plan.apply(activity, out) is out


def test_impossible_densities_and_settings_are_refused() -> None:
    good = np.full((3, 4, 5), 1.0)
    with pytest.raises(ShapeError, match="density in g/mL must have 3 dimensions"):
        SuperpositionPlan(good[0], SIZE_MM)
    with pytest.raises(ShapeError, match="three numbers"):
        SuperpositionPlan(good, (1.0, 2.0))
    with pytest.raises(OutOfRangeError, match=r"voxel size in mm must be within \[0.5, 20\]"):
        SuperpositionPlan(good, (4.0, 4.0, 40.0))
    with pytest.raises(UnknownNameError, match="ray_setting must be one of standard, fast, fine"):
        SuperpositionPlan(good, SIZE_MM, ray_setting="finest")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="medium"):
        SuperpositionPlan(good, SIZE_MM, medium="fat")
    with pytest.raises(OutOfRangeError, match="density of liver in g/mL"):
        SuperpositionPlan(good, SIZE_MM, reference_density_g_per_ml=0.3)
    for bad in (0.0, -1.0, np.nan, 31.0):
        wrong = good.copy()
        wrong[1, 2, 3] = bad
        with pytest.raises(OutOfRangeError, match="density in g/mL of voxel 33"):
            SuperpositionPlan(wrong, SIZE_MM)
    plan = SuperpositionPlan(good, SIZE_MM)
    with pytest.raises(DTypeError, match="convert it explicitly"):
        plan.apply(np.ones((3, 4, 5), np.float32))
    with pytest.raises(ShapeError, match="of the plan's shape"):
        plan.apply(np.ones((5, 4, 3)))
    with pytest.raises(OutOfRangeError, match="of voxel 0"):
        plan.apply(np.full((3, 4, 5), np.inf))
    empty, balance = plan.apply_with_balance(np.zeros((3, 4, 5)))
    assert not empty.any()
    assert balance.escaped_fraction == 0
