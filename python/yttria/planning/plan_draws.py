"""Draws of a plan's uncertain inputs that keep shares within [0, 1] and masses positive (GUM supplement 1).

A share (lung shunt, residual) has a beta distribution, and other inputs have a log-normal one. The mean is the stated
value, and the standard deviation is the stated standard uncertainty. The inputs are independent. The formulas of the
plan contain the dependence of masses and ratios on each other.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import OutOfRangeError
from .plan_formulas import PlanInput

Floats = NDArray[np.float64]


def draw_inputs(inputs: Sequence[PlanInput], *, draws: int, seed: int) -> Floats:
    """Draw the inputs, shape (inputs, draws); those without a stated uncertainty keep their value.

    Raises `OutOfRangeError` if a share p is too uncertain for a beta distribution, `u^2 >= p (1 - p)`.
    """
    rng = np.random.default_rng(seed)
    found = np.empty((len(inputs), draws))
    for row, each in zip(found, inputs, strict=True):
        if not each.standard_uncertainty:
            row[:] = each.value
        elif each.share:
            a, b = beta_parameters(each)
            row[:] = rng.beta(a, b, draws)
        else:
            variance = np.log1p((each.relative_uncertainty or 0.0) ** 2)
            row[:] = each.value * np.exp(np.sqrt(variance) * rng.standard_normal(draws) - 0.5 * variance)
    return found


def beta_parameters(each: PlanInput) -> tuple[float, float]:
    """The parameters of the beta distribution with the mean and the standard deviation of a share."""
    p, u = each.value, each.standard_uncertainty
    concentration = p * (1.0 - p) / u**2 - 1.0
    if not concentration > 0.0:
        raise OutOfRangeError(
            f"the standard uncertainty of the {each.name} must be below {np.sqrt(p * (1.0 - p)):.3g}, because the "
            f"value of {p:g} is a share within [0, 1]; got {u:.3g}"
        )
    return p * concentration, (1.0 - p) * concentration
