"""Superposition with the kernels of Ho-166, P-32 and Re-188: definition, energy, uniform map, lung and bone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from measured_figures import Measured

from yttria import Nuclide, SuperpositionPlan, _core, absorbed_dose, dose_point_kernel, monte_carlo, voxel_s_values
from yttria._foundation.choices import IsotopeName, NuclidePreset
from yttria.conformance.phantoms import monte_carlo_phantom
from yttria.reference import superposition as definition

PRESETS: tuple[NuclidePreset, ...] = ("HO166", "P32", "RE188")
SIZE_MM = (3.0, 4.0, 2.5)


def _blocks(shape: tuple[int, ...], edge: int, seed: int = 1) -> Any:
    rng = np.random.default_rng(seed)
    small = rng.choice([0.26, 1.06, 1.92], [-(-n // edge) for n in shape])
    return np.kron(small, np.ones((edge,) * 3))[: shape[0], : shape[1], : shape[2]]


def _factor(density: Any, isotope: IsotopeName) -> Any:
    """`eta` from the tables of bone and liver: the energy within 0.15 g/cm2."""
    within = {}
    for medium in ("liver", "bone"):
        kernel = dose_point_kernel(medium, isotope=isotope)
        edge = kernel.edge_mm * kernel.density_g_per_ml
        within[medium] = np.interp(1.5, edge, np.concatenate([[0.0], np.cumsum(kernel.energy_mev)]))
    return 1 + np.clip((density - 1.1) / 0.82, 0, 1) * (within["bone"] / within["liver"] - 1)


@pytest.mark.claim("superposition_isotopes")
@pytest.mark.parametrize("preset", PRESETS)
def test_superposition_equals_the_sum_over_single_rays(preset: NuclidePreset, measured: Measured) -> None:
    nuclide = Nuclide(preset)
    shape = (4, 6, 5)
    density, activity = _blocks(shape, 2), np.random.default_rng(5).gamma(1.0, 1.0, shape)
    rays = _core._superposition_rays("fast", shape, SIZE_MM)
    modes = definition.modes_double_integral(*_core._kernel_modes("liver", nuclide.isotope))
    depth = density * _factor(density, nuclide.isotope)
    energy = definition.superposed_energy(activity, depth, SIZE_MM, rays, modes)
    plan = SuperpositionPlan(density, SIZE_MM, ray_setting="fast", blended=False, nuclide=nuclide)
    expected = nuclide.dose_factor_gy_kg_per_gbq * energy / density
    measured(f"definition, {nuclide.isotope}", np.abs(plan.apply(activity) / expected - 1).max())
    np.testing.assert_allclose(plan.apply(activity), expected, rtol=1e-11)


@pytest.mark.claim("superposition_isotopes")
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("medium", ["water", "soft_tissue", "liver", "lung", "bone"])
def test_the_exponential_modes_are_the_kernel(preset: NuclidePreset, medium: Any, measured: Measured) -> None:
    """Energy within any mass depth beyond 0.4 mm at 1 g/mL, within which conversion electrons stop."""
    isotope = Nuclide(preset).isotope
    kernel = dose_point_kernel(medium, isotope=isotope)
    edge = kernel.edge_mm * kernel.density_g_per_ml
    within = np.concatenate([[0.0], np.cumsum(kernel.energy_mev)]) / kernel.emitted_mev
    terms, local = _core._kernel_modes(medium, isotope)
    t = np.arange(0.0 if local == 0.0 else 0.4, 12.0, 0.05)
    fitted = local + sum(
        (complex(c, d) / complex(a, b) * (1 - np.exp(-complex(a, b) * t))).real for a, b, c, d in terms
    )
    error = np.abs(fitted - np.interp(t, edge, within)).max()
    measured(f"{isotope}, kernel and modes", 100 * error, "%", digits=2)
    assert error < 1.25e-3
    # P-32 emits no conversion electrons; of the others as much stays as these and slow beta particles leave.
    assert (local == 0.0) == (isotope == "P-32")
    assert local < 0.06


@pytest.mark.claim("superposition_isotopes")
@pytest.mark.parametrize("preset", PRESETS)
def test_deposited_and_escaping_energy_are_the_emitted_energy(preset: NuclidePreset, measured: Measured) -> None:
    shape = (11, 14, 9)
    activity = np.random.default_rng(4).gamma(0.3, 1.0, shape)
    plan = SuperpositionPlan(
        _blocks(shape, 3), SIZE_MM, blended=False, gas_density_g_per_ml=0.0, nuclide=Nuclide(preset)
    )
    balance = plan.apply_with_balance(activity)[1]
    lost = balance.deposited_fraction + balance.escaped_fraction - 1
    measured(f"energy, {Nuclide(preset).isotope}", lost)
    assert abs(lost) < 1e-10


@pytest.mark.claim("superposition_isotopes")
@pytest.mark.parametrize("preset", PRESETS)
def test_a_uniform_map_is_the_convolution_and_has_the_dose_factor(preset: NuclidePreset, measured: Measured) -> None:
    nuclide = Nuclide(preset)
    shape = (15, 13, 17)
    density = np.full(shape, 1.06)
    activity = np.random.default_rng(6).gamma(0.3, 1.0, shape)
    s = voxel_s_values(SIZE_MM, medium="liver", density_g_per_ml=1.06, nuclide=nuclide)
    plan = SuperpositionPlan(density, SIZE_MM, ray_setting="fast", nuclide=nuclide)
    expected = absorbed_dose(activity, s)
    np.testing.assert_allclose(plan.apply(activity), expected, atol=1e-12 * expected.max())
    rays = SuperpositionPlan(density, (8.0, 8.0, 8.0), ray_setting="fast", blended=False, nuclide=nuclide)
    middle = float(rays.apply(np.ones(shape))[7, 6, 8])
    exact = nuclide.dose_factor_gy_kg_per_gbq / 1.06 * s.energy_inside_fraction
    measured(f"dose factor by rays alone, {nuclide.isotope}", middle / exact - 1)
    assert middle == pytest.approx(exact, rel=1e-6)


@pytest.mark.claim("superposition_isotopes")
@pytest.mark.parametrize("preset", PRESETS)
def test_activity_proportional_to_density_gives_a_uniform_dose(preset: NuclidePreset) -> None:
    shape = (36, 40, 38)
    density = np.random.default_rng(2).uniform(0.5, 2.0, shape)
    plan = SuperpositionPlan(
        density, (6.0, 5.0, 5.5), medium="bone", ray_setting="fast", blended=False, nuclide=Nuclide(preset)
    )
    inside = plan.apply(density)[16:20, 18:22, 17:21]
    assert np.abs(inside / inside.mean() - 1).max() < 1e-10


@pytest.mark.claim("isotopes_beside_tissue")
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("name", ["dome_hot", "rib"])
def test_superposition_follows_monte_carlo_beside_lung_and_bone(
    name: str, preset: NuclidePreset, measured: Measured
) -> None:
    """Means of regions beside lung and bone, against Monte Carlo in the same voxels."""
    phantom = monte_carlo_phantom(name)
    nuclide = Nuclide(preset)
    regions = dict(phantom.regions)
    plan = SuperpositionPlan(phantom.density_g_per_ml, phantom.voxel_size_mm, nuclide=nuclide)
    dose = plan.apply(phantom.activity_mbq_per_ml)
    truth = monte_carlo(
        phantom.activity_mbq_per_ml,
        phantom.density_g_per_ml,
        phantom.voxel_size_mm,
        medium="by_density",
        histories=400_000,
        nuclide=nuclide,
        structures=regions,
        seed=3,
    )
    for region, mask in regions.items():
        found = truth.structures[region]
        deviation = float(dose[mask].mean()) / found.mean_gy - 1
        sigma = found.uncertainty_gy / found.mean_gy
        measured(f"{name}, {nuclide.isotope}, {region}", 100 * deviation, "%", signed=True, plus_minus=100 * sigma)
        limit = {"lung": 0.03, "bone": 0.05, "soft": 0.05}.get(region.split()[0], 0.012)
        assert abs(deviation) < limit + 3 * sigma, (region, deviation, sigma)
