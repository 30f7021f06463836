"""Confidence intervals by profile likelihood, for models with one nuisance parameter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.extras import require
from ..errors import UndefinedError

Floats = NDArray[np.float64]
Ends = tuple[float | None, float | None]
FAR_DOSES = "the likelihood has no maximum that can be found: a few doses are far beyond all others"
#: Largest number of steps, each four times the previous one, in the search for the other side of a maximum.
_STEPS = 60
#: Distance from the estimate, in standard errors, beyond which an interval counts as unbounded.
_FAR = 1e4


def log_likelihood(linear: Floats, event: NDArray[np.bool_]) -> float:
    """Compute the log-likelihood of Bernoulli observations whose log odds are `linear`."""
    return float(np.where(event, linear, 0.0).sum() - np.logaddexp(0.0, linear).sum())


def best_log_likelihood(offset: Floats, regressor: Floats, event: NDArray[np.bool_], start: float) -> float:
    """Find the largest log-likelihood over `b` of log odds `offset + b regressor`, at which its slope is 0.

    The slope falls as `b` rises. Growing steps therefore find the two sides of its zero from any start, also with an
    observation far from the others. If it has no zero, the likelihood rises to a limit.
    """
    brentq: Any = require("scipy.optimize", "outcomes").brentq
    width = float(np.abs(regressor).max())

    def slope(b: float) -> float:
        return float(regressor @ (event - 0.5 * (1.0 + np.tanh(0.5 * (offset + b * regressor)))))

    side = float(np.sign(slope(start)))
    if width == 0.0 or side == 0.0:
        return log_likelihood(offset + start * regressor, event)
    near, step = start, side / width
    for _ in range(_STEPS):
        far = near + step
        if side * slope(far) <= 0.0:
            best = float(brentq(slope, *sorted((near, far)), xtol=1e-11 / width, rtol=1e-13))
            return log_likelihood(offset + best * regressor, event)
        near, step = far, 4.0 * step
    return log_likelihood(offset + near * regressor, event)


class CoefficientProfile:
    """Profile likelihood of the two coefficients of a logistic curve, and of the point at which its log odds are 0.

    Parameters
    ----------
    x : ndarray, shape (n,)
        The regressor.
    event : ndarray of bool, shape (n,)
        The events.
    coefficients : ndarray, shape (2,)
        Intercept and slope of largest likelihood.
    model_covariance, covariance : ndarray, shape (2, 2)
        Their covariance by the likelihood, and the covariance for the intervals.
    quantile : float
        Deviance at the ends of an interval.
    """

    x: Floats
    event: NDArray[np.bool_]
    coefficients: Floats
    model_covariance: Floats
    covariance: Floats
    quantile: float
    likelihood: float

    def __init__(
        self,
        x: Floats,
        event: NDArray[np.bool_],
        coefficients: Floats,
        model_covariance: Floats,
        covariance: Floats,
        quantile: float,
    ) -> None:
        """Keep the fit."""
        self.x, self.event, self.coefficients = x, event, coefficients
        self.model_covariance, self.covariance, self.quantile = model_covariance, covariance, quantile
        self.likelihood = log_likelihood(coefficients[0] + coefficients[1] * x, event)

    def adjustment(self, gradient: Floats) -> float:
        """Compute the ratio of a parameter's variance by the likelihood to that for the intervals."""
        return _variance(self.model_covariance, gradient) / _variance(self.covariance, gradient)

    def intercept(self) -> Ends:
        """Compute the interval of the intercept."""
        b0, b1 = self.coefficients
        center = float(self.x.mean())

        def terms(at: float) -> tuple[Floats, Floats, float]:
            # A slope that keeps the log odds at the mean of the regressor is a start near the maximum.
            start = b1 + (b0 - at) / center if center else b1
            return np.full(len(self.x), at), self.x, start

        return self._ends(b0, np.array([1.0, 0.0]), terms)

    def slope(self) -> Ends:
        """Compute the interval of the slope."""
        b0, b1 = self.coefficients
        # The regressor is centered at its mean, so that the nuisance parameter hardly depends on the slope.
        center = float(self.x.mean())
        ones = np.ones(len(self.x))
        return self._ends(b1, np.array([0.0, 1.0]), lambda at: (at * (self.x - center), ones, b0 + b1 * center))

    def midpoint(self) -> Ends:
        """Compute the interval of the regressor at which the log odds are 0, with the slope as nuisance parameter."""
        b0, b1 = self.coefficients
        zero = np.zeros(len(self.x))
        return self._ends(-b0 / b1, np.array([-1.0 / b1, b0 / b1**2]), lambda at: (zero, self.x - at, 0.0))

    def _ends(self, estimate: float, gradient: Floats, terms: Callable[[float], tuple[Floats, Floats, float]]) -> Ends:
        """Find the ends of an interval.

        `terms` gives offset, regressor and start of the fit with the parameter fixed.
        """
        scale = 2.0 * self.adjustment(gradient)
        error = float(np.sqrt(_variance(self.covariance, gradient)))

        def excess(at: float) -> float:
            offset, regressor, start = terms(at)
            return scale * (self.likelihood - best_log_likelihood(offset, regressor, self.event, start)) - self.quantile

        return _end(excess, estimate, -error), _end(excess, estimate, error)


def _variance(covariance: Floats, gradient: Floats) -> float:
    found = float(gradient @ covariance @ gradient)
    if not 0.0 < found < np.inf:
        raise UndefinedError(FAR_DOSES)
    return found


def _end(excess: Callable[[float], float], estimate: float, step: float) -> float | None:
    """Find the zero of `excess` on the side of `step`, None if it stays below 0 within the range of the search."""
    brentq: Any = require("scipy.optimize", "outcomes").brentq
    inside, distance = estimate, step
    while abs(distance) <= _FAR * abs(step):
        outside = estimate + distance
        if excess(outside) > 0.0:
            low, high = sorted((inside, outside))
            return float(brentq(excess, low, high, xtol=1e-10 * abs(step), rtol=1e-12))
        inside, distance = outside, 1.5 * distance
    return None
