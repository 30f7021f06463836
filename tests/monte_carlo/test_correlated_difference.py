"""The correlated difference to a uniform medium: no bias, its stated error, less noise in liver, plain in lung."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from measured_figures import Measured
from numpy.typing import NDArray

from yttria import MonteCarloDose, MonteCarloRun, Nuclide, absorbed_dose, monte_carlo, voxel_s_values
from yttria._foundation.choices import MONTE_CARLO_ESTIMATORS, MonteCarloEstimator
from yttria.errors import OutOfRangeError, UnknownNameError

SEEDS = 40
#: Liver beneath lung; most of the activity is in the liver, whose voxels are of several densities.
SHAPE, SIZE_MM = (8, 7, 7), (4.0, 4.0, 4.0)
LIVER = np.arange(8)[:, None, None] * np.ones(SHAPE) < 5
DENSITY = np.where(LIVER, np.random.default_rng(5).uniform(1.0, 1.12, SHAPE), 0.26)
ACTIVITY = np.where(LIVER, 1.0, 0.1)
TUMOR = np.zeros(SHAPE)
TUMOR[2:4, 2:5, 2:5] = 1


@cache
def _runs(estimator: MonteCarloEstimator) -> tuple[MonteCarloDose, ...]:
    structures = {"tumor": TUMOR, "lung": ~LIVER}
    first = 0 if estimator == "plain" else SEEDS
    return tuple(
        monte_carlo(ACTIVITY, DENSITY, SIZE_MM, histories=20_000, seed=seed, structures=structures, estimator=estimator)
        for seed in range(first, first + SEEDS)
    )


def _maps(estimator: MonteCarloEstimator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    runs = _runs(estimator)
    return np.array([run.dose_gy for run in runs], float), np.array([run.uncertainty_gy for run in runs], float)


@pytest.mark.claim("monte_carlo_error_is_spread")
@pytest.mark.parametrize("estimator", MONTE_CARLO_ESTIMATORS)
@pytest.mark.parametrize("tissue", ["liver", "lung"])
def test_the_standard_error_is_the_spread_of_runs(
    estimator: MonteCarloEstimator, tissue: str, measured: Measured
) -> None:
    dose, sigma = _maps(estimator)
    scored = (LIVER if tissue == "liver" else ~LIVER) & (dose.mean(axis=0) > 0.1 * dose.max())
    departures = (dose - dose.mean(axis=0))[:, scored] / sigma[:, scored]
    spread = np.sqrt(SEEDS / (SEEDS - 1)) * departures.std()
    measured(f"{tissue}, {estimator}", spread, digits=3)
    assert spread == pytest.approx(1.0, abs=0.1)
    # A structure has 40 values only: their spread is known to 11 %.
    for name in ("tumor", "lung"):
        found = [run.structures[name] for run in _runs(estimator)]
        means = np.array([each.mean_gy for each in found])
        errors = np.array([each.uncertainty_gy for each in found])
        assert means.std(ddof=1) / np.sqrt((errors**2).mean()) == pytest.approx(1.0, abs=0.4)


@pytest.mark.claim("difference_unbiased")
def test_both_estimators_have_one_mean(measured: Measured) -> None:
    (plain, of_plain), (difference, of_difference) = _maps("plain"), _maps("correlated_difference")
    scored = plain.mean(axis=0) > 0.02 * plain.max()
    sigma = np.sqrt(((of_plain**2).mean(axis=0) + (of_difference**2).mean(axis=0)) / SEEDS)
    z = ((difference.mean(axis=0) - plain.mean(axis=0)) / sigma)[scored]
    measured("mean of z-scores", z.mean(), signed=True)
    measured("their standard deviation", z.std())
    assert abs(z.mean()) < 0.3
    assert z.std() == pytest.approx(1.0, abs=0.2)


def test_noise_falls_in_liver_and_not_in_lung() -> None:
    (_, plain), (_, difference) = _maps("plain"), _maps("correlated_difference")
    ratio = np.sqrt((plain**2).mean(axis=0) / (difference**2).mean(axis=0))
    inside = np.zeros(SHAPE, bool)
    inside[3, 3, 3] = True
    deep_lung = np.zeros(SHAPE, bool)
    deep_lung[7, 2:5, 2:5] = True
    assert ratio[inside].min() > 4
    assert ratio[deep_lung].min() > 0.9
    weight = _runs("correlated_difference")[0].difference_weight
    assert weight.min() >= 0
    assert weight.max() <= 1
    assert weight[inside].min() > 0.9


@pytest.mark.claim("difference_unbiased")
def test_a_uniform_map_has_the_dose_of_the_convolution_without_noise() -> None:
    shape = (11, 11, 11)
    activity = np.zeros(shape)
    activity[4:7, 4:7, 4:7] = np.arange(1, 28).reshape(3, 3, 3)
    given: dict[str, Any] = {"medium": "liver", "histories": 2000, "structures": {"hot": activity > 0}}
    one, other = (monte_carlo(activity, np.full(shape, 1.06), SIZE_MM, seed=seed, **given) for seed in (1, 2))
    assert (one.reference_medium, one.reference_density_g_per_ml) == ("liver", pytest.approx(1.06))
    np.testing.assert_allclose(one.dose_gy, other.dose_gy, rtol=1e-6)
    assert (one.difference_weight == 1).all()
    assert one.mean_difference_weight == 1
    # The remaining difference is the error of the kernel, which is from 1e7 decays.
    assert 5e-5 < one.relative_uncertainty <= 1.01e-4
    # Convolution and transport have one kernel.
    expected = absorbed_dose(activity, voxel_s_values(SIZE_MM, medium="liver", density_g_per_ml=1.06))
    hot = expected > 0.1 * expected.max()
    assert np.abs(one.dose_gy[hot] / expected[hot] - 1).max() < 1e-5
    hot_dose = one.structures["hot"]
    assert hot_dose.mean_gy == pytest.approx(one.dose_gy[activity > 0].mean(dtype=float), rel=1e-6)
    assert hot_dose.difference_weight == 1


def test_activity_in_proportion_to_density_gives_one_dose() -> None:
    # Fano's theorem in one substance; the map has no voxel of the reference density.
    shape = (17, 17, 17)
    density = np.random.default_rng(1).choice([0.95, 1.05, 1.15], shape)
    inner = np.zeros(shape)
    inner[6:11, 6:11, 6:11] = 1
    structures = {f"{rho}": inner * (density == rho) for rho in (0.95, 1.05, 1.15)}
    given: dict[str, Any] = {"medium": "liver", "histories": 50_000, "structures": structures, "seed": 6}
    found = monte_carlo(density, density, (4.0, 4.0, 4.0), **given)
    mean = sum(estimate.mean_gy for estimate in found.structures.values()) / 3
    for estimate in found.structures.values():
        assert abs(estimate.mean_gy - mean) < 4 * estimate.uncertainty_gy + 1e-4 * mean
        assert estimate.uncertainty_gy < 0.01 * mean
    # 0.4 % of the energy is bremsstrahlung.
    assert mean == pytest.approx(0.9961 * Nuclide().dose_factor_gy_kg_per_gbq, rel=0.01)


def test_the_reference_is_the_medium_with_most_activity() -> None:
    density = np.array([1.0, 1.04, 1.08, 0.26, 0.3, 0.001]).reshape(6, 1, 1)
    activity = np.array([1.0, 2.0, 1.0, 3.0, 0.0, 9.0]).reshape(6, 1, 1)
    given: dict[str, Any] = {"voxel_size_mm": SIZE_MM, "histories": 1000}
    found = monte_carlo(activity, density, **given)
    assert (found.reference_medium, found.reference_density_g_per_ml) == ("liver", pytest.approx(1.04))
    only_gas = monte_carlo(np.where(density < 0.01, 1.0, 0.0), density, **given)
    assert only_gas.reference_medium is None
    assert only_gas.reference_density_g_per_ml is None
    assert (only_gas.difference_weight == 0).all()
    plain = monte_carlo(activity, density, estimator="plain", **given)
    assert plain.reference_medium is None
    assert plain.mean_difference_weight == 0


def test_fewer_than_ten_batches_give_the_plain_estimate() -> None:
    def run(estimator: MonteCarloEstimator) -> MonteCarloDose:
        made = MonteCarloRun(ACTIVITY, DENSITY, SIZE_MM, histories_per_batch=200, seed=3, estimator=estimator)
        made.advance(9)
        return made.result()

    plain, difference = run("plain"), run("correlated_difference")
    np.testing.assert_allclose(difference.dose_gy, plain.dose_gy, rtol=1e-6)
    np.testing.assert_allclose(difference.uncertainty_gy, plain.uncertainty_gy, rtol=1e-5)
    assert (difference.difference_weight == 0).all()


def test_a_map_without_a_uniform_reference_is_refused_with_the_remedy() -> None:
    activity = np.ones((3, 3, 3))
    with pytest.raises(OutOfRangeError, match="estimator='plain'"):
        MonteCarloRun(activity, activity, (0.3, 1.0, 1.0), medium="water")
    MonteCarloRun(activity, activity, (0.3, 1.0, 1.0), medium="water", estimator="plain")
    with pytest.raises(UnknownNameError, match="correlated_difference"):
        MonteCarloRun(activity, activity, SIZE_MM, estimator="difference")  # type: ignore[arg-type]
