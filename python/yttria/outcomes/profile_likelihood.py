"""Confidence intervals by profile likelihood, for models with one parameter beside the one of interest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.extras import require

Floats = NDArray[np.float64]
Ends = tuple[float | None, float | None]
#: Steps of Newton's method; a concave function of one variable needs fewer than ten.
_STEPS = 100
#: Distance from the estimate, in standard errors, beyond which an interval counts as unbounded.
_FAR = 1e4


def log_likelihood(linear: Floats, event: NDArray[np.bool_]) -> float:
    """Log-likelihood of Bernoulli observations whose log odds are `linear`."""
    return float(np.where(event, linear, 0.0).sum() - np.logaddexp(0.0, linear).sum())


def best_log_likelihood(offset: Floats, regressor: Floats, event: NDArray[np.bool_], start: float) -> float:
    """Largest log-likelihood over `b` of log odds `offset + b regressor`, by Newton's method with halved steps."""
    b, best = start, log_likelihood(offset + start * regressor, event)
    width = float(np.abs(regressor).max())
    for _ in range(_STEPS):
        probability = 0.5 * (1.0 + np.tanh(0.5 * (offset + b * regressor)))
        slope = float(regressor @ (event - probability))
        curvature = float((regressor * regressor) @ (probability * (1.0 - probability)))
        if curvature <= 0.0 or width == 0.0:
            break
        # Log odds move by at most 4 in a step: far from the maximum the curvature all but vanishes.
        step = float(np.clip(slope / curvature, -4.0 / width, 4.0 / width))
        while (found := log_likelihood(offset + (b + step) * regressor, event)) < best and abs(step) * width > 1e-12:
            step /= 2
        b, best = b + step, max(found, best)
        if abs(step) * width < 1e-10:
            break
    return best


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
        return float((gradient @ self.model_covariance @ gradient) / (gradient @ self.covariance @ gradient))

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
        # Without slope all log odds are 0, where Newton's method is safe however far the point is.
        return self._ends(-b0 / b1, np.array([-1.0 / b1, b0 / b1**2]), lambda at: (zero, self.x - at, 0.0))

    def _ends(self, estimate: float, gradient: Floats, terms: Callable[[float], tuple[Floats, Floats, float]]) -> Ends:
        """Ends of the interval; `terms` are offset, regressor and start of the fit with the parameter held."""
        scale = 2.0 * self.adjustment(gradient)
        error = float(np.sqrt(gradient @ self.covariance @ gradient))

        def excess(at: float) -> float:
            offset, regressor, start = terms(at)
            return scale * (self.likelihood - best_log_likelihood(offset, regressor, self.event, start)) - self.quantile

        return _end(excess, estimate, -error), _end(excess, estimate, error)


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
