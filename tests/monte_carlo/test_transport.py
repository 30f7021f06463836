"""Monte Carlo transport: bits, energy, uncertainty, agreement with the convolution, Fano's theorem, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from measured_figures import Measured

from yttria import MonteCarloRun, Nuclide, absorbed_dose, monte_carlo, voxel_s_values
from yttria.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError, UndefinedError, UnknownNameError
from yttria.kernels import decay_data
from yttria.voxel import MonteCarloProgress

SIZE_MM = (3.0, 4.0, 5.0)


def _blocks(shape: tuple[int, ...], seed: int = 3) -> Any:
    return np.random.default_rng(seed).choice([0.001, 0.26, 1.06, 1.92], shape)


def _sources(shape: tuple[int, ...], seed: int = 4) -> Any:
    return np.random.default_rng(seed).gamma(1.0, 1.0, shape)


@pytest.mark.claim("monte_carlo_bits")
def test_the_bits_do_not_depend_on_threads_or_interruptions() -> None:
    shape = (5, 6, 7)
    given: dict[str, Any] = {"seed": 9, "histories_per_batch": 100, "structures": {"all": np.ones(shape)}}
    whole = MonteCarloRun(_sources(shape), _blocks(shape), SIZE_MM, threads=1, **given)
    whole.advance(12)
    parts = MonteCarloRun(_sources(shape), _blocks(shape), SIZE_MM, threads=3, **given)
    for batches in (1, 7, 4):
        parts.advance(batches)
    one, other = whole.result(), parts.result()
    np.testing.assert_array_equal(one.dose_gy, other.dose_gy)
    np.testing.assert_array_equal(one.uncertainty_gy, other.uncertainty_gy)
    assert one.structures == other.structures
    assert (one.emitted_mev, one.escaped_mev) == (other.emitted_mev, other.escaped_mev)
    assert one.histories == 1200


def test_an_exception_from_progress_leaves_and_the_run_continues() -> None:
    class EnoughError(Exception):
        pass

    def stop(run: MonteCarloProgress) -> None:
        assert run.histories < run.expected_histories == 500
        raise EnoughError

    with pytest.raises(EnoughError):
        monte_carlo(_sources((4, 4, 4)), _blocks((4, 4, 4)), SIZE_MM, histories=500, progress=stop)


@pytest.mark.claim("monte_carlo_bits")
def test_emitted_energy_is_deposited_or_escapes(measured: Measured) -> None:
    shape = (8, 8, 8)
    result = monte_carlo(_sources(shape), _blocks(shape), SIZE_MM, estimator="plain", histories=20_000)
    measured("energy, relative", (result.deposited_mev + result.escaped_mev) / result.emitted_mev - 1)
    assert result.deposited_mev + result.escaped_mev == pytest.approx(result.emitted_mev, rel=1e-6)
    assert result.emitted_mev == pytest.approx(decay_data("Y-90").electron_mev, rel=0.01)
    # The dose holds the deposited energy, by the dose factor of the convention.
    mass_kg = _blocks(shape) * np.prod(SIZE_MM) * 1e-6
    total_gbq = _sources(shape).sum() * np.prod(SIZE_MM) * 1e-6
    energy = (result.dose_gy * mass_kg).sum() / total_gbq / Nuclide().dose_factor_gy_kg_per_gbq
    assert energy == pytest.approx(result.deposited_mev / decay_data("Y-90").electron_mev, rel=1e-4)


@pytest.mark.claim("monte_carlo_uniform")
def test_a_uniform_map_has_the_dose_of_the_convolution(measured: Measured) -> None:
    shape, size = (13, 13, 13), (4.0, 4.0, 4.0)
    activity = np.zeros(shape)
    activity[5:8, 5:8, 5:8] = np.arange(1, 28).reshape(3, 3, 3)
    hot = (activity > 0).astype(float)
    near = np.zeros(shape)
    near[4:9, 4:9, 4:9] = 1
    near -= hot
    result = monte_carlo(
        activity,
        np.full(shape, 1.06),
        size,
        medium="liver",
        estimator="plain",
        histories=200_000,
        structures={"hot": hot, "near": near},
    )
    expected = absorbed_dose(activity, voxel_s_values(size, medium="liver", density_g_per_ml=1.06))
    for name, mask in (("hot", hot), ("near", near)):
        estimate = result.structures[name]
        exact = float((expected * mask).sum() / mask.sum())
        measured(
            name,
            100 * (estimate.mean_gy / exact - 1),
            "%",
            signed=True,
            plus_minus=100 * estimate.uncertainty_gy / exact,
        )
        assert abs(estimate.mean_gy - exact) < 0.004 * exact + 4 * estimate.uncertainty_gy, name
    inside = hot > 0
    z = (result.dose_gy - expected)[inside] / result.uncertainty_gy[inside]
    assert np.abs(z).max() < 5


def test_activity_in_proportion_to_density_gives_one_dose() -> None:
    # Fano's theorem: in one substance the fluence does not depend on the density.
    shape = (17, 17, 17)
    density = np.random.default_rng(1).uniform(0.5, 2.0, shape)
    inner = np.zeros(shape)
    inner[6:11, 6:11, 6:11] = 1
    light, heavy = inner * (density < 1.2), inner * (density >= 1.2)
    result = monte_carlo(
        density,
        density,
        (5.0, 5.0, 5.0),
        medium="liver",
        estimator="plain",
        histories=300_000,
        structures={"a": light, "b": heavy},
    )
    # 0.4 % of the energy is bremsstrahlung.
    exact = Nuclide().dose_factor_gy_kg_per_gbq * 0.996
    for estimate in result.structures.values():
        assert abs(estimate.mean_gy / exact - 1) < 0.004 + 4 * estimate.uncertainty_gy / exact


def test_histories_are_added_until_the_uncertainty_is_reached() -> None:
    seen: list[int] = []
    activity = np.zeros((5, 5, 5))
    activity[2, 2, 2] = 1.0
    result = monte_carlo(
        activity,
        np.ones((5, 5, 5)),
        SIZE_MM,
        medium="water",
        relative_uncertainty=0.001,
        progress=lambda run: seen.append(run.histories),
    )
    assert result.relative_uncertainty <= 0.001
    assert result.batches >= 50
    assert result.batches % 10 == 0
    assert seen == sorted(set(seen))
    assert seen[-1] == result.histories


def test_the_medium_follows_the_density_or_an_array() -> None:
    shape = (4, 4, 4)
    density = _blocks(shape)
    places = np.select([density < 0.01, density < 0.5, density < 1.2], [5, 3, 2], 4)
    given: dict[str, Any] = {"histories": 1000, "seed": 2}
    by_density = monte_carlo(_sources(shape), density, SIZE_MM, **given)
    by_array = monte_carlo(_sources(shape), density, SIZE_MM, medium=places, **given)
    np.testing.assert_array_equal(by_density.dose_gy, by_array.dose_gy)
    all_bone = monte_carlo(_sources(shape), density, SIZE_MM, medium="bone", **given)
    assert not np.array_equal(all_bone.dose_gy, by_array.dose_gy)


def test_a_vacuum_is_crossed_and_has_no_dose() -> None:
    density = np.ones((6, 3, 3))
    density[2:4] = 0.0
    activity = np.zeros((6, 3, 3))
    activity[1, 1, 1] = 1.0
    result = monte_carlo(activity, density, SIZE_MM, medium="water", histories=5000)
    assert (result.dose_gy[2:4] == 0).all()
    assert result.dose_gy[4, 1, 1] > 0


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"density_g_per_ml": np.full((3, 3, 3), -1.0)}, OutOfRangeError),
        ({"density_g_per_ml": np.full((3, 3, 3), np.nan)}, OutOfRangeError),
        ({"density_g_per_ml": np.ones((3, 3, 4))}, ShapeError),
        ({"activity_mbq_per_ml": np.zeros((3, 3, 3))}, UndefinedError),
        ({"activity_mbq_per_ml": -np.ones((3, 3, 3))}, OutOfRangeError),
        ({"activity_mbq_per_ml": np.ones((3, 3))}, ShapeError),
        ({"activity_mbq_per_ml": np.full((3, 3, 3), "a")}, DTypeError),
        ({"voxel_size_mm": (3.0, 3.0)}, ShapeError),
        ({"voxel_size_mm": (3.0, 3.0, 0.0)}, OutOfRangeError),
        ({"medium": "Liver"}, UnknownNameError),
        ({"medium": np.full((3, 3, 3), 6)}, OutOfRangeError),
        ({"medium": np.full((3, 3, 3), 1.5)}, ArgumentError),
        ({"histories": 0}, OutOfRangeError),
        ({"histories": 10.5}, ArgumentError),
        ({"histories": 10, "relative_uncertainty": 0.1}, ArgumentError),
        ({"relative_uncertainty": 0.0}, OutOfRangeError),
        ({"seed": -1}, OutOfRangeError),
        ({"threads": 0}, OutOfRangeError),
        ({"structures": {"a": np.full((3, 3, 3), 2.0)}}, OutOfRangeError),
    ],
)
def test_maps_that_cannot_be_simulated_are_refused(change: dict[str, Any], error: type[Exception]) -> None:
    given: dict[str, Any] = {
        "activity_mbq_per_ml": np.ones((3, 3, 3)),
        "density_g_per_ml": np.ones((3, 3, 3)),
        "voxel_size_mm": (3.0, 3.0, 3.0),
        "medium": "water",
    }
    with pytest.raises(error):
        monte_carlo(**(given | change))


def test_there_is_no_result_before_the_first_batch() -> None:
    run = MonteCarloRun(np.ones((3, 3, 3)), np.ones((3, 3, 3)), SIZE_MM, medium="water")
    with pytest.raises(ArgumentError, match="before the first batch"):
        run.result()
    assert run.histories == run.batches == 0
    assert run.estimate_memory_bytes() > 0
