"""Confidence intervals by profile likelihood, for models with one parameter beside the one of interest."""

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
#: Most steps, each four times the one before, that look for the other side of a maximum.
_STEPS = 60
#: Distance from the estimate, in standard errors, beyond which an interval counts as unbounded.
_FAR = 1e4


def log_likelihood(linear: Floats, event: NDArray[np.bool_]) -> float:
    """Log-likelihood of Bernoulli observations whose log odds are `linear`."""
    return float(np.where(event, linear, 0.0).sum() - np.logaddexp(0.0, linear).sum())


def best_log_likelihood(offset: Floats, regressor: Floats, event: NDArray[np.bool_], start: float) -> float:
    """Largest log-likelihood over `b` of log odds `offset + b regressor`, where its slope falls through 0.

    The slope falls as `b` rises, so that steps that grow find the two sides of its zero from any start, however far
    beyond the others an observation is. If it has no zero, the likelihood rises to a limit.
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
    """Profile likelihood of the two coefficients of a logistic curve, and of the point where its log odds are 0.

    Parameters
    ----------
    x : ndarray, shape (n,)
        The regressor.
    event : ndarray of bool, shape (n,)
        The events.
    coefficients : ndarray, shape (2,)
        Intercept and slope of largest likelihood.
    model_covariance, covariance : ndarray, shape (2, 2)
        Their covariance by the likelihood, and that which the intervals shall have.
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
        """Variance of a parameter by the likelihood over that which it shall have, from the parameter's gradient."""
        return _variance(self.model_covariance, gradient) / _variance(self.covariance, gradient)

    def intercept(self) -> Ends:
        """Interval of the intercept."""
        b0, b1 = self.coefficients
        center = float(self.x.mean())

        def terms(at: float) -> tuple[Floats, Floats, float]:
            # A slope that keeps the log odds at the mean of the regressor is a start near the best.
            start = b1 + (b0 - at) / center if center else b1
            return np.full(len(self.x), at), self.x, start

        return self._ends(b0, np.array([1.0, 0.0]), terms)

    def slope(self) -> Ends:
        """Interval of the slope."""
        b0, b1 = self.coefficients
        # About the mean of the regressor, so that the parameter beside the slope hardly depends on it.
        center = float(self.x.mean())
        ones = np.ones(len(self.x))
        return self._ends(b1, np.array([0.0, 1.0]), lambda at: (at * (self.x - center), ones, b0 + b1 * center))

    def midpoint(self) -> Ends:
        """Interval of the regressor at which the log odds are 0; the slope is the parameter beside it."""
        b0, b1 = self.coefficients
        zero = np.zeros(len(self.x))
        return self._ends(-b0 / b1, np.array([-1.0 / b1, b0 / b1**2]), lambda at: (zero, self.x - at, 0.0))

    def _ends(self, estimate: float, gradient: Floats, terms: Callable[[float], tuple[Floats, Floats, float]]) -> Ends:
        """Ends of the interval; `terms` are offset, regressor and start of the fit with the parameter held."""
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
    """Zero of `excess` on the side of `step`; None if it stays below 0 as far as is looked."""
    brentq: Any = require("scipy.optimize", "outcomes").brentq
    inside, distance = estimate, step
    while abs(distance) <= _FAR * abs(step):
        outside = estimate + distance
        if excess(outside) > 0.0:
            low, high = sorted((inside, outside))
            return float(brentq(excess, low, high, xtol=1e-10 * abs(step), rtol=1e-12))
        inside, distance = outside, 1.5 * distance
    return None
