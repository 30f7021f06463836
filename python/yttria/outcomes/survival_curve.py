"""Survival of one group of observations by the Kaplan-Meier curve, with its limits and median."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._foundation.arrays import flat
from .._foundation.extras import require
from ..advisory.warning_filters import quiet
from ..errors import UndefinedError
from .observations import Estimate, Floats, confidence_level, events, times


@dataclass(frozen=True, eq=False, kw_only=True)
class SurvivalCurve:
    """Kaplan-Meier curve of a group of doses.

    Parameters
    ----------
    label : str
        Doses of the group in words.
    low_gy, high_gy : float or None
        Lowest dose of the group in Gy, and the dose below which the group lies. None stands for no bound.
    observations, events : int
        Numbers of observations and of events.
    times_months : ndarray, shape (k,)
        Times of the steps in months, beginning with 0.
    probability, lower, upper : ndarray, shape (k,)
        Probability of no event up to each time, with pointwise limits (symmetric in `log(-log)`).
    ends_months : ndarray, shape (n,)
        Times of all observations in months, rising.
    censored_months : ndarray
        Times of the observations without the event in months, rising.
    median_months : Estimate or None
        First time in months at which the probability is at most 1/2, None if it is not reached. An end of the interval
        is None if the data do not bound it.
    """

    label: str
    low_gy: float | None
    high_gy: float | None
    observations: int
    events: int
    times_months: Floats
    probability: Floats
    lower: Floats
    upper: Floats
    ends_months: Floats
    censored_months: Floats
    median_months: Estimate | None

    def probability_at(self, time_months: ArrayLike) -> Floats:
        """Look up the probability of no event up to given times.

        Parameters
        ----------
        time_months : array_like, shape (k,)
            Times in months.

        Returns
        -------
        ndarray, shape (k,)
            Probabilities.

        Examples
        --------
        >>> kaplan_meier([2, 4, 6, 8], [1, 0, 1, 0]).probability_at([1, 2, 7]).tolist()
        [1.0, 0.75, 0.375]
        """
        place = np.searchsorted(self.times_months, flat("time_months", time_months), "right") - 1
        return np.asarray(self.probability[place])

    def at_risk(self, time_months: ArrayLike) -> NDArray[np.int64]:
        """Count the observations at risk at given times, which are those that last at least so long.

        Parameters
        ----------
        time_months : array_like, shape (k,)
            Times in months.

        Returns
        -------
        ndarray of int, shape (k,)
            Numbers at risk.

        Examples
        --------
        >>> kaplan_meier([2, 4, 6, 8], [1, 0, 1, 0]).at_risk([0, 4, 5]).tolist()
        [4, 3, 2]
        """
        before = np.searchsorted(self.ends_months, flat("time_months", time_months), "left")
        return np.asarray(self.observations - before)


def kaplan_meier(time_months: ArrayLike, event: ArrayLike, *, confidence: float = 0.95) -> SurvivalCurve:
    """Compute the Kaplan-Meier curve of all observations.

    Parameters
    ----------
    time_months : array_like, shape (n,)
        Time in months from treatment to the event, or to the end of the follow-up, not negative.
    event : array_like of bool, shape (n,)
        Whether the time ends with the event.
    confidence : float, default 0.95
        Level of the limits, within [0.5, 1).

    Returns
    -------
    SurvivalCurve
        The curve, its limits and its median. Without events it stays at 1.

    Raises
    ------
    OutOfRangeError
        If a time is negative or not finite, an event is not 0 or 1, or `confidence` is out of range.
    ShapeError
        If numbers of times and events differ.
    UndefinedError
        If there is no observation.
    MissingExtraError
        If the extra `outcomes` is not installed.

    Notes
    -----
    The variance is Greenwood's, and the limits are symmetric in `log(-log S)`. The median has the interval of
    Brookmeyer and Crowley on the same scale (statsmodels). Source: kaplan-meier1958.

    Examples
    --------
    >>> curve = kaplan_meier([6, 7, 10, 13, 16, 22, 23], [1, 1, 0, 1, 1, 0, 1])
    >>> curve.median_months.value, [round(float(p), 3) for p in curve.probability_at([6, 12])]
    (16.0, [0.857, 0.714])
    """
    found = flat("time_months", time_months)
    months = times(found, len(found))
    return survival_curve("all", None, None, months, events(event, len(months)), confidence_level(confidence))


def survival_curve(
    label: str, low: float | None, high: float | None, time: Floats, event: NDArray[np.bool_], confidence: float
) -> SurvivalCurve:
    """Make the curve of observations whose doses are at least `low` and below `high`."""
    if not len(time):
        raise UndefinedError("there are no observations")
    steps, probability, lower, upper = (np.array([value]) for value in (0.0, 1.0, 1.0, 1.0))
    median = None
    if event.any():
        functions: Any = require("statsmodels.duration.survfunc", "outcomes")
        normal: Any = require("scipy.stats", "outcomes").norm
        found = functions.SurvfuncRight(time, event.astype(float))
        survival, error = np.asarray(found.surv_prob), np.asarray(found.surv_prob_se)
        z = float(normal.ppf(0.5 + confidence / 2))
        inside = survival > 0.0
        safe = np.where(inside, survival, 0.5)
        width = z * np.where(inside, error, 0.0) / np.abs(safe * np.log(safe))
        # The variance is not known when no observation is left. The upper limit then keeps its last value, and the
        # lower one is 0.
        lowest, highest = np.where(inside, safe ** np.exp(width), 0.0), np.where(inside, safe ** np.exp(-width), np.nan)
        steps = np.append(steps, found.surv_times)
        probability = np.append(probability, survival)
        lower, upper = np.append(1.0, lowest), _held(np.append(1.0, highest))
        median = _median(found, survival, confidence)
    return SurvivalCurve(
        label=label,
        low_gy=low,
        high_gy=high,
        observations=len(time),
        events=int(event.sum()),
        times_months=steps,
        probability=probability,
        lower=lower,
        upper=upper,
        ends_months=np.sort(time),
        censored_months=np.sort(time[~event]),
        median_months=median,
    )


def _held(values: Floats) -> Floats:
    """Replace unknown values by the last known one."""
    known = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))
    return values[known]


def _median(found: Any, survival: Floats, confidence: float) -> Estimate | None:
    """Find the first time at which the probability is at most 1/2, with the interval of Brookmeyer and Crowley."""
    reached = np.flatnonzero(survival <= 0.5 + 1e-12)
    if not len(reached):
        return None
    with quiet(), np.errstate(all="ignore"):
        low, high = found.quantile_ci(0.5, alpha=1.0 - confidence)
    ends = [float(end) if np.isfinite(end) else None for end in (low, high)]
    return Estimate(float(found.surv_times[reached[0]]), *ends)
