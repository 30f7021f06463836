"""Monte Carlo in voxels with the electrons of Ho-166, P-32 and Re-188."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from measured_figures import Measured

from yttria import MonteCarloRun, Nuclide, monte_carlo, voxel_s_values
from yttria._foundation.choices import NuclidePreset
from yttria.errors import UndefinedError, YttriaError
from yttria.kernels import decay_data

PRESETS: tuple[NuclidePreset, ...] = ("HO166", "P32", "RE188")
SIZE_MM = (3.0, 3.0, 3.0)


def _beside_lung() -> tuple[Any, Any]:
    """Activity and density of liver, with a hot block, below lung."""
    density = np.full((12, 9, 9), 0.26)
    density[:6] = 1.06
    activity = np.where(density > 1.0, 1.0, 0.0)
    activity[3:6, 3:6, 3:6] = 6.0
    return activity, density


@pytest.mark.claim("monte_carlo_isotopes")
@pytest.mark.parametrize("preset", PRESETS)
def test_one_source_voxel_has_the_voxel_s_values(preset: NuclidePreset, measured: Measured) -> None:
    """The source voxel and the shells of voxels around it, against the convolution with the isotope's own kernel."""
    nuclide = Nuclide(preset)
    kernel = voxel_s_values(SIZE_MM, medium="liver", nuclide=nuclide).gy_per_mbq_per_ml()
    reach = [min(4, n // 2) for n in kernel.shape]
    expected = kernel[tuple(slice(n // 2 - r, n // 2 + r + 1) for n, r in zip(kernel.shape, reach, strict=True))]
    activity = np.zeros((15, 15, 15))
    activity[7, 7, 7] = 1.0
    wide = np.zeros(activity.shape)
    wide[tuple(slice(7 - r, 7 + r + 1) for r in reach)] = expected
    distance = np.linalg.norm(np.indices(activity.shape).reshape(3, -1).T - 7, axis=1).reshape(activity.shape)
    shells = {"source": distance == 0, "faces": distance == 1, "edges": (distance > 1) & (distance < 1.5)}
    result = monte_carlo(
        activity,
        np.full(activity.shape, 1.06),
        SIZE_MM,
        medium="liver",
        estimator="plain",
        histories=400_000,
        nuclide=nuclide,
        structures=shells,
    )
    for name, mask in shells.items():
        found, exact = result.structures[name], float(wide[mask].mean())
        measured(
            f"{nuclide.isotope}, {name}",
            100 * (found.mean_gy / exact - 1),
            "%",
            signed=True,
            plus_minus=100 * found.uncertainty_gy / exact,
        )
        # The table of the kernel itself is known to 0.03 %.
        assert abs(found.mean_gy - exact) < 0.001 * exact + 4 * found.uncertainty_gy, name


@pytest.mark.claim("monte_carlo_isotopes")
@pytest.mark.parametrize("preset", PRESETS)
def test_energy_is_that_of_the_electrons_and_is_kept(preset: NuclidePreset, measured: Measured) -> None:
    activity, density = _beside_lung()
    nuclide = Nuclide(preset)
    result = monte_carlo(activity, density, SIZE_MM, estimator="plain", histories=20_000, nuclide=nuclide)
    kept = (result.deposited_mev + result.escaped_mev) / result.emitted_mev - 1
    measured(f"energy of {nuclide.isotope}, relative", kept)
    assert abs(kept) < 1e-6
    assert result.emitted_mev == pytest.approx(decay_data(nuclide.isotope).electron_mev, rel=0.01)
    mass_kg = density * np.prod(SIZE_MM) * 1e-6
    total_gbq = activity.sum() * np.prod(SIZE_MM) * 1e-6
    held = (result.dose_gy * mass_kg).sum() / total_gbq / nuclide.dose_factor_gy_kg_per_gbq
    assert held == pytest.approx(result.deposited_mev / decay_data(nuclide.isotope).electron_mev, rel=1e-4)


@pytest.mark.claim("monte_carlo_isotopes")
@pytest.mark.parametrize("preset", PRESETS)
def test_a_uniform_medium_has_the_dose_factor(preset: NuclidePreset, measured: Measured) -> None:
    nuclide = Nuclide(preset)
    shape = (13, 13, 13)
    inner = np.zeros(shape)
    inner[4:9, 4:9, 4:9] = 1
    result = monte_carlo(
        np.ones(shape),
        np.full(shape, 1.06),
        (4.0, 4.0, 4.0),
        medium="liver",
        estimator="plain",
        histories=400_000,
        nuclide=nuclide,
        structures={"inner": inner},
    )
    found = result.structures["inner"]
    held = 1 - voxel_s_values(SIZE_MM, medium="liver", nuclide=nuclide).energy_beyond_fraction
    exact = nuclide.dose_factor_gy_kg_per_gbq / 1.06 * held
    measured(
        f"dose factor of {nuclide.isotope}",
        100 * (found.mean_gy / exact - 1),
        "%",
        signed=True,
        plus_minus=100 * found.uncertainty_gy / exact,
    )
    assert abs(found.mean_gy - exact) < 0.001 * exact + 4 * found.uncertainty_gy


@pytest.mark.parametrize("preset", PRESETS)
def test_the_correlated_difference_is_the_plain_estimate_with_less_noise(preset: NuclidePreset) -> None:
    activity, density = _beside_lung()
    structures = {"hot": activity > 2, "liver": density > 1, "lung": (density < 1) & (np.indices(density.shape)[0] < 8)}
    given: dict[str, Any] = {"histories": 60_000, "nuclide": Nuclide(preset), "structures": structures}
    plain = monte_carlo(activity, density, SIZE_MM, estimator="plain", seed=1, **given)
    correlated = monte_carlo(activity, density, SIZE_MM, seed=2, **given)
    for name in structures:
        one, other = plain.structures[name], correlated.structures[name]
        assert abs(one.mean_gy - other.mean_gy) < 4 * np.hypot(one.uncertainty_gy, other.uncertainty_gy), name
    assert correlated.structures["hot"].uncertainty_gy < plain.structures["hot"].uncertainty_gy


def test_an_isotope_reaches_as_far_into_lung_as_its_energy_allows() -> None:
    """Dose in lung per dose in the liver beside it follows the ranges: P-32, Ho-166, Re-188, Y-90."""
    activity, density = _beside_lung()
    structures = {"liver": density > 1, "lung": density < 1}
    shares = []
    for preset in ("P32", "HO166", "RE188", "EANM2022"):
        found = monte_carlo(
            activity, density, SIZE_MM, histories=40_000, nuclide=Nuclide(preset), structures=structures
        ).structures
        shares.append(found["lung"].mean_gy / found["liver"].mean_gy)
    assert shares[0] < shares[2] < shares[3]
    assert shares[1] < shares[2]


def test_nuclides_without_an_electron_spectrum_are_refused() -> None:
    activity, density = _beside_lung()
    for preset, isotope in (("LU177", "Lu-177"), ("I131", "I-131")):
        message = f"the dose of {isotope} by Monte Carlo is undefined: .*Y-90, Ho-166, P-32, Re-188; local deposition"
        with pytest.raises(UndefinedError, match=message):
            MonteCarloRun(activity, density, SIZE_MM, estimator="plain", nuclide=Nuclide(preset))


def test_a_run_is_not_continued_with_another_isotope(tmp_path: Path) -> None:
    activity, density = _beside_lung()
    run = MonteCarloRun(activity, density, SIZE_MM, histories_per_batch=20, nuclide=Nuclide("HO166"))
    run.advance(2)
    run.save(tmp_path / "state.npz")
    other = MonteCarloRun(activity, density, SIZE_MM, histories_per_batch=20, nuclide=Nuclide("P32"))
    with pytest.raises(YttriaError, match="isotope"):
        other.resume(tmp_path / "state.npz")
