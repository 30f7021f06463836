"""Number of microspheres, and the spread of doses that it causes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from measured_figures import Measured

import yttria
from yttria import AbsoluteScaling, Image, Structure, dose_image
from yttria.errors import ArgumentError, OutOfRangeError
from yttria.planning import product
from yttria.reference import microspheres as reference
from yttria.voxel import DoseResult, microsphere_spread

SIZE_MM = (5.0, 4.0, 6.0)
AFFINE = np.diag([*SIZE_MM[::-1], 1.0])
SHAPE = (6, 7, 8)
METHODS: tuple[dict[str, Any], ...] = ({}, {"method": "voxel_s_values", "medium": "liver", "density_g_per_ml": 1.06})


def result_of(array: Any, affine: Any = AFFINE, **terms: Any) -> DoseResult:
    return dose_image(Image(array, affine, "MBq/mL"), scaling=AbsoluteScaling(0.0), **terms)


def activity() -> Any:
    rng = np.random.default_rng(5)
    return rng.gamma(1.0, 2.0, SHAPE) * (rng.random(SHAPE) < 0.7)


def structure() -> Structure:
    return Structure("Tumor", np.random.default_rng(6).random(SHAPE), AFFINE)


@pytest.mark.claim("microsphere_spread")
@pytest.mark.parametrize("terms", METHODS, ids=["local_deposition", "voxel_s_values"])
def test_the_spread_is_its_definition(terms: dict[str, Any]) -> None:
    result = result_of(activity(), **terms)
    found = microsphere_spread(result, [structure()], sphere_activity_bq=900.0)
    volume_ml = np.prod(SIZE_MM) / 1000.0

    def dose_of(activity_mbq: Any) -> Any:
        return result_of(activity_mbq / volume_ml, **terms).image.array

    weights = result.voxel_fractions([structure()])["Tumor"].to_array()
    of_voxels, of_mean = reference.microsphere_spread(activity() * volume_ml, 900.0, dose_of, weights)
    np.testing.assert_allclose(found.uncertainty.array, of_voxels, rtol=1e-9)
    np.testing.assert_allclose(found.structures[0].mean_uncertainty_gy, of_mean, rtol=1e-9)


@pytest.mark.claim("microsphere_spread")
def test_drawn_numbers_of_microspheres_spread_as_computed(measured: Measured) -> None:
    terms = METHODS[1]
    result = result_of(activity(), **terms)
    found = microsphere_spread(result, [structure()], sphere_activity_bq=2500.0)
    rng, per_ml = np.random.default_rng(7), 2500e-6 / (np.prod(SIZE_MM) / 1000.0)
    weights = result.voxel_fractions([structure()])["Tumor"].to_array()
    s_values = yttria.voxel_s_values(SIZE_MM, medium="liver", density_g_per_ml=1.06)
    plan = yttria.ConvolutionPlan(SHAPE, s_values.gy_per_mbq_per_ml())
    doses = np.array([plan.apply(rng.poisson(found.spheres.array) * per_ml) for _ in range(3000)])
    # A standard deviation of 3000 draws is within 1.3 % (k = 1).
    measured("voxels, 3000 draws", 100 * (doses.std(axis=0) / found.uncertainty.array - 1).max(), "%")
    np.testing.assert_allclose(doses.std(axis=0), found.uncertainty.array, rtol=0.07)
    means = np.einsum("nkji,kji->n", doses, weights) / weights.sum()
    np.testing.assert_allclose(means.std(), found.structures[0].mean_uncertainty_gy, rtol=0.05)


@pytest.mark.claim("microsphere_spread")
@pytest.mark.parametrize(("device", "relative"), [("glass", 0.12), ("resin", 0.019)])
def test_a_voxel_of_100_gy_without_transport_spreads_as_its_number(
    device: Any, relative: float, measured: Measured
) -> None:
    """Glass of 2500 Bq: 73 microspheres in 4.42 mm; resin of 68 Bq: 2680."""
    bq = product(device).value("sphere_activity_at_calibration_bq")
    array = np.full((3, 4, 5), 100.0 * 1.05 / 49.67)
    result = result_of(array, np.diag([4.42, 4.42, 4.42, 1.0]))
    found = microsphere_spread(result, sphere_activity_bq=bq)
    measured(f"100 Gy in 4.42 mm, {device}", found.uncertainty.array[1, 1, 1], "%")
    assert result.image.array[1, 1, 1] == pytest.approx(100.0)
    assert found.uncertainty.array[1, 1, 1] / 100.0 == pytest.approx(relative, rel=0.03)
    assert found.uncertainty.array[1, 1, 1] / 100.0 == pytest.approx(found.spheres.array[1, 1, 1] ** -0.5)


@pytest.mark.claim("microsphere_spread")
def test_the_quoted_spread_of_resin_is_that_of_50_bq_without_transport(measured: Measured) -> None:
    array, affine = np.full((21, 21, 21), 100.0 * 1.05 / 49.67), np.diag([4.42, 4.42, 4.42, 1.0])
    found = {}
    for name, bq in (("resin of 50 Bq", 50.0), ("glass of 2500 Bq", 2500.0)):
        for words, terms in (("", {}), (", voxel S values", METHODS[1])):
            result = result_of(array, affine, **terms)
            spread = microsphere_spread(result, sphere_activity_bq=bq).uncertainty.array[10, 10, 10]
            found[name + words] = spread / result.image.array[10, 10, 10]
            if name + words != "glass of 2500 Bq":
                measured(f"100 Gy in 4.42 mm, {name}{words}", 100 * found[name + words], "%", digits=3)
    assert found["resin of 50 Bq"] == pytest.approx(0.01655, abs=2e-5)
    assert found["glass of 2500 Bq"] == pytest.approx(0.117, abs=5e-4)
    for name in ("resin of 50 Bq", "glass of 2500 Bq"):
        assert found[f"{name}, voxel S values"] < 0.7 * found[name]


def test_transport_smooths_the_spread() -> None:
    array, affine = np.full((21, 21, 21), 2.0), np.diag([4.42, 4.42, 4.42, 1.0])
    alone = microsphere_spread(result_of(array, affine), sphere_activity_bq=2500.0)
    shared = microsphere_spread(result_of(array, affine, **METHODS[1]), sphere_activity_bq=2500.0)
    assert shared.uncertainty.array[10, 10, 10] < 0.7 * alone.uncertainty.array[10, 10, 10]
    assert "liver" in shared.transport


def test_a_structure_outside_has_no_microspheres_and_negative_voxels_hold_none() -> None:
    far = AFFINE.copy()
    far[:3, 3] = 1000.0
    array = activity()
    array[0] = -1.0
    found = microsphere_spread(
        result_of(array), [Structure("Far", np.ones((1, 1, 1), bool), far)], sphere_activity_bq=50.0
    )
    assert found.structures[0].spheres == 0.0
    assert found.structures[0].mean_gy is None
    assert found.spheres.array.min() == 0.0
    assert not np.isnan(found.uncertainty.array).any()


@pytest.mark.parametrize("bq", [0.0, -1.0, np.nan, np.inf])
def test_an_impossible_activity_of_a_microsphere_is_refused(bq: float) -> None:
    with pytest.raises(OutOfRangeError, match="activity of a microsphere in Bq must be finite and > 0"):
        microsphere_spread(result_of(activity()), sphere_activity_bq=bq)


def test_a_result_without_its_activity_is_refused() -> None:
    from dataclasses import replace

    with pytest.raises(ArgumentError, match="must hold its activity image"):
        microsphere_spread(replace(result_of(activity()), activity=None), sphere_activity_bq=50.0)
