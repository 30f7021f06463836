"""Budgets to first order against Monte Carlo propagation of the same inputs, if the dose is linear in them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from measured_figures import Measured

from yttria import AbsoluteScaling, DoseResult, Image, RelativeScaling, Structure, dose_image
from yttria.evaluation import RecoveryCurve, UncertaintyInputs
from yttria.phantom import liver_phantom
from yttria.voxel import propagate_uncertainty

PHANTOM = liver_phantom((8.0, 8.0, 8.0))
LIVER, TUMOR = PHANTOM.structures[0], PHANTOM.structures[2]
#: Uncertainties that a budget includes by default and a propagation does not.
NO_DEFAULTS: dict[str, Any] = {"half_life_uncertainty": 0.01, "method_uncertainty": 0.0}


def ratios(
    result: DoseResult, structure: Structure, inputs: UncertaintyInputs, quantities: tuple[str, ...], draws: int
) -> dict[str, float]:
    """Standard uncertainty of each quantity to first order over that of the draws."""
    drawn = propagate_uncertainty(result, [structure], inputs, draws=draws, seed=7)
    found = {}
    for budget in result.uncertainty_budgets([structure], inputs):
        if budget.quantity in quantities:
            u = drawn.of(structure.name, budget.quantity).standard_uncertainty
            assert u is not None
            found[budget.quantity] = budget.standard_uncertainty / u
    assert found.keys() == set(quantities)
    return found


@pytest.mark.claim("budget_and_draws")
@pytest.mark.parametrize(
    ("scaling", "stated"),
    [
        (
            AbsoluteScaling(30.0),
            {
                "calibration_uncertainty": 0.04,
                "count_uncertainty": 0.03,
                "density_uncertainty": 0.02,
                "scan_delay_uncertainty_h": 0.5,
            },
        ),
        (
            AbsoluteScaling(30.0),
            {
                "calibration_uncertainty": 0.04,
                "density_uncertainty": 0.04,
                "correlations": {("calibration", "density"): 0.6},
            },
        ),
        (
            RelativeScaling(LIVER, lung_shunt_fraction=0.1, vial_activity_gbq=2.0, residual_fraction=0.05),
            {"administered_activity_uncertainty": 0.04, "lung_shunt_uncertainty": 0.3, "residual_uncertainty": 0.3},
        ),
    ],
    ids=["absolute", "correlated", "relative"],
)
def test_scaling_has_the_spread_of_the_draws(scaling: Any, stated: dict[str, Any], measured: Measured) -> None:
    result = dose_image(PHANTOM.activity, scaling=scaling)
    inputs = UncertaintyInputs(**stated, **NO_DEFAULTS)
    for ratio in ratios(result, TUMOR, inputs, ("mean_gy", "d70_gy", "d95_gy"), 12_000).values():
        assert ratio == pytest.approx(1.0, abs=0.02)
        measured("scaling, first order over draws", 100 * (ratio - 1), "%", signed=True)


@pytest.mark.claim("budget_and_draws")
@pytest.mark.parametrize(("voxel_mm", "mask_mm"), [(2.5, 2.5), (2.5, 1.0)])
def test_an_outline_has_the_spread_of_the_draws(voxel_mm: float, mask_mm: float, measured: Measured) -> None:
    """A ball with falling activity at its edge; its mask lies half a voxel beside those of the image, or is finer."""
    shape = 26
    affine_lps = np.diag([voxel_mm] * 3 + [1.0])
    affine_lps[:3, 3] = -(shape - 1) / 2 * voxel_mm
    axis = (np.arange(shape) - (shape - 1) / 2) * voxel_mm
    distance = np.sqrt(np.add.outer(np.add.outer(axis**2, axis**2), axis**2))
    activity = Image(1.0 / (1.0 + np.exp((distance - 18.0) / 3.0)), affine_lps, "MBq/mL")
    size = 2 * math.ceil(18.0 / mask_mm) + 5
    mask_affine = np.diag([mask_mm] * 3 + [1.0])
    mask_affine[:3, 3] = -(size - 1) / 2 * mask_mm
    place = (np.arange(size) - (size - 1) / 2) * mask_mm
    inside = np.add.outer(np.add.outer(place**2, place**2), place**2) <= 18.0**2
    result = dose_image(activity, scaling=AbsoluteScaling(0.0))
    curve = RecoveryCurve(b1_ml=2.0, b2=0.9, covariance=((0.04, 0.0), (0.0, 0.01)))
    inputs = UncertaintyInputs(contour_uncertainty_mm=0.8, recovery=curve, **NO_DEFAULTS)
    found = ratios(result, Structure("Ball", inside, mask_affine), inputs, ("mean_gy", "volume_ml"), 1500)
    for quantity, ratio in found.items():
        # Of 1500 draws the standard deviation is known within 1.8 %.
        assert ratio == pytest.approx(1.0, abs=0.05)
        measured(f"outline, {quantity.partition('_')[0]}, first order over draws", 100 * (ratio - 1), "%", signed=True)
