"""Logistic curves of response or complication against dose, with profile likelihood intervals."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._foundation.choices import DOSE_SCALES, DoseScale
from .._foundation.extras import require
from .._foundation.numbers import one_of
from ..advisory import Advisory, advise
from ..advisory.warning_filters import quiet
from ..errors import UndefinedError
from .observations import (
    Estimate,
    Floats,
    Labels,
    both_outcomes,
    cluster_advisories,
    clusters,
    confidence_level,
    doses,
    events,
    few_events,
    shared_clusters,
)
from .profile_likelihood import FAR_DOSES, CoefficientProfile, log_likelihood

#: Factor beyond the smallest and largest dose from which the interval of D50 counts as unbounded.
_FAR = 1000.0


@dataclass(frozen=True, eq=False, kw_only=True)
class DoseResponse:
    """Logistic curve of the probability of an event against dose.

    Parameters
    ----------
    dose_scale : {"log", "linear"}
        Whether the log odds are linear in the logarithm of the dose in Gy, or in the dose in Gy.
    observations, events : int
        Numbers of observations and of events.
    patients : int or None
        Number of patients if some have several observations, None if each has one.
    intercept, slope : Estimate or None
        Coefficients of the log odds. The slope is per unit of ln(dose) or per Gy. They are None if they do not exist
        (`doses_separate_outcomes`).
    d50_gy : Estimate or None
        Dose in Gy with probability 1/2 (TD50 or TCD50), None if the slope is not positive, or no dose above 0 has it.
    gamma50 : Estimate or None
        Slope of the curve at D50, `D dP/dD`, which is the change of the probability per relative change of the dose.
    p_value : float or None
        Likelihood ratio test of a slope of 0, adjusted for clusters in the same way as the intervals.
    log_likelihood, null_log_likelihood : float
        Logarithm of the likelihood of the fit (None without a curve), and that of one probability for all.
    confidence : float
        Level of the intervals.
    interval_method : str
        Method of the intervals in words.
    covariance : tuple of tuple of float or None
        Covariance of intercept and slope, robust if patients have several observations.
    advisories : tuple of Advisory
        Advisories on the fit.
    """

    dose_scale: DoseScale
    observations: int
    events: int
    patients: int | None
    intercept: Estimate | None
    slope: Estimate | None
    d50_gy: Estimate | None
    gamma50: Estimate | None
    p_value: float | None
    log_likelihood: float | None
    null_log_likelihood: float
    confidence: float
    interval_method: str
    covariance: tuple[tuple[float, float], tuple[float, float]] | None
    advisories: tuple[Advisory, ...]

    def probability(self, dose_gy: ArrayLike) -> Floats | None:
        """Compute the fitted probability at doses.

        Parameters
        ----------
        dose_gy : array_like, shape (k,)
            Doses in Gy; above 0 for the scale "log".

        Returns
        -------
        ndarray, shape (k,), or None
            Probabilities, None if there is no curve.

        Raises
        ------
        OutOfRangeError
            If a dose is not finite, or not in the range of the scale.

        Examples
        --------
        >>> fit = fit_dose_response([60, 80, 110, 120, 150, 190], [0, 0, 1, 0, 1, 1])
        >>> fit.probability([fit.d50_gy.value]).round(6).tolist()
        [0.5]
        """
        if self.intercept is None or self.slope is None:
            return None
        linear = self.intercept.value + self.slope.value * _regressor(dose_gy, self.dose_scale)
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * linear)))

    def probability_interval(self, dose_gy: ArrayLike) -> tuple[Floats, Floats] | None:
        """Compute pointwise limits of the probability.

        Parameters
        ----------
        dose_gy : array_like, shape (k,)
            Doses in Gy; above 0 for the scale "log".

        Returns
        -------
        tuple of ndarray, shape (k,), or None
            Lower and upper limits at the level `confidence`, symmetric in the log odds. They are None if there is no
            curve.

        Raises
        ------
        OutOfRangeError
            If a dose is not finite, or not in the range of the scale.

        Examples
        --------
        >>> fit = fit_dose_response([60, 80, 110, 120, 150, 190], [0, 0, 1, 0, 1, 1])
        >>> lower, upper = fit.probability_interval([110.0])
        >>> bool(lower[0] < fit.probability([110.0])[0] < upper[0])
        True
        """
        if self.intercept is None or self.slope is None or self.covariance is None:
            return None
        x = _regressor(dose_gy, self.dose_scale)
        (v00, v01), (_, v11) = self.covariance
        linear = self.intercept.value + self.slope.value * x
        width = np.sqrt(_quantile(self.confidence, self.patients) * (v00 + 2 * v01 * x + v11 * x * x))
        low, high = (0.5 * (1.0 + np.tanh(0.5 * each)) for each in (linear - width, linear + width))
        return np.asarray(low), np.asarray(high)

    def as_dict(self) -> dict[str, Any]:
        """Return all fields as plain data, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.outcomes.fit_dose_response`.
        """
        return asdict(self) | {"advisories": [advisory.as_dict() for advisory in self.advisories]}


def fit_dose_response(
    dose_gy: ArrayLike,
    event: ArrayLike,
    *,
    patient: Labels | None = None,
    dose_scale: DoseScale = "log",
    confidence: float = 0.95,
) -> DoseResponse:
    """Fit a logistic curve of the probability of an event (TCP or NTCP) against dose.

    Parameters
    ----------
    dose_gy : array_like, shape (n,)
        Dose of each observation (lesion, or patient) in Gy; above 0 for `dose_scale` "log", else not negative.
    event : array_like of bool, shape (n,)
        Whether the observation had the event, which is response for TCP and complication for NTCP.
    patient : sequence, shape (n,), optional
        Label of the patient of each observation. Default: each is a separate patient.
    dose_scale : {"log", "linear"}, default "log"
        Whether the log odds are linear in the logarithm of the dose or in the dose.
    confidence : float, default 0.95
        Level of the intervals, within [0.5, 1).

    Returns
    -------
    DoseResponse
        Coefficients, D50, gamma50, their intervals, and the curve.

    Raises
    ------
    OutOfRangeError
        If a dose is not finite or not in the range of the scale, if an event is not 0 or 1, or if `confidence` is out
        of range.
    ShapeError
        If numbers of doses, events or labels differ.
    UndefinedError
        If all or none had the event, if all doses are equal, or if patients with several observations are fewer than
        five.
    MissingExtraError
        If the extra `outcomes` is not installed.

    Warns
    -----
    doses_separate_outcomes
        If no dose with the event is below one without it, or the reverse. The likelihood then has no maximum.
    few_events_per_variable, observations_share_patients, few_patients
        If there are fewer than ten events or non-events, if patients have several observations, or if there are few
        patients.
    slope_not_positive, d50_outside_doses, interval_unbounded
        If the probability does not rise with dose, if D50 is extrapolated, or if the data do not bound an interval.

    Notes
    -----
    The model is `P = 1 / (1 + exp(-(b0 + b1 x)))` with `x = ln D` or `x = D`. With "log" it is `P = 1 / (1 + (D50/D)^(4
    gamma50))`, the model of `yttria.evaluation.tcp_logistic` and `ntcp_logistic`, with `D50 = exp(-b0/b1)` and `gamma50
    = b1/4`. With "linear", `D50 = -b0/b1` and `gamma50 = -b0/4`. The fit is by maximum likelihood (statsmodels).

    An interval holds the values whose profile deviance is below the quantile of chi-squared with one degree of freedom.
    With "log", an interval of D50 that reaches a thousand times beyond the doses counts as unbounded. If patients have
    several observations, the likelihood takes them as independent. The deviance is then multiplied by the ratio of the
    model's variance to the cluster-robust one (chandler-bate2007), which is that of mancl-derouen2001. It is compared
    with the quantile of F with 1 and (patients - 1) degrees of freedom.

    Examples
    --------
    >>> dose_gy = [60, 80, 90, 110, 120, 150, 160, 190, 210, 260, 300, 350]
    >>> response = [0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 1]
    >>> fit = fit_dose_response(dose_gy, response)
    >>> round(fit.d50_gy.value), round(fit.gamma50.value, 2)
    (153, 0.9)
    >>> [advisory.code for advisory in fit.advisories]
    ['few_events_per_variable']
    """
    scale = one_of("dose_scale", dose_scale, DOSE_SCALES)
    x = _regressor(dose_gy, scale)
    y, cluster = events(event, len(x)), clusters(patient, len(x))
    level = confidence_level(confidence)
    both_outcomes(y)
    if np.ptp(x) == 0.0:
        raise UndefinedError("all doses are equal: how the event depends on dose cannot be estimated")
    patients = shared_clusters(cluster)
    rate = y.mean()
    null = log_likelihood(np.full(len(y), np.log(rate / (1.0 - rate))), y)
    known: dict[str, Any] = {
        "dose_scale": scale,
        "observations": len(y),
        "events": int(y.sum()),
        "patients": patients,
        "null_log_likelihood": null,
        "confidence": level,
        "interval_method": "profile likelihood" + (", adjusted for clusters" if patients else ""),
    }
    found = (*few_events(y, 1), *cluster_advisories(cluster))
    if (separated := _separation(x, y, scale)) is not None:
        absent: dict[str, Any] = dict.fromkeys(("intercept", "slope", "d50_gy", "gamma50", "p_value", "covariance"))
        return DoseResponse(**known, **absent, log_likelihood=None, advisories=(separated, *found))
    coefficients, model_covariance, covariance = _fitted(x, y, cluster if patients else None)
    likelihood = log_likelihood(coefficients[0] + coefficients[1] * x, y)
    profile = CoefficientProfile(x, y, coefficients, model_covariance, covariance, _quantile(level, patients))
    estimates, doubts = _estimates(profile, scale, x)
    test: Any = require("scipy.stats", "outcomes")
    ratio = 2.0 * (likelihood - null) * profile.adjustment(np.array([0.0, 1.0]))
    return DoseResponse(
        **known,
        **estimates,
        p_value=float(test.f.sf(ratio, 1, patients - 1) if patients else test.chi2.sf(ratio, 1)),
        log_likelihood=likelihood,
        covariance=tuple(map(tuple, covariance.tolist())),  # type: ignore[arg-type]
        advisories=(*doubts, *found),
    )


def _regressor(dose_gy: ArrayLike, scale: DoseScale) -> Floats:
    found = doses(dose_gy, positive=scale == "log")
    return np.log(found) if scale == "log" else found


def _quantile(confidence: float, patients: int | None) -> float:
    """Compute the quantile with which a deviance is compared."""
    distributions: Any = require("scipy.stats", "outcomes")
    if patients is None:
        return float(distributions.chi2.ppf(confidence, 1))
    return float(distributions.f.ppf(confidence, 1, patients - 1))


def _separation(x: Floats, event: NDArray[np.bool_], scale: DoseScale) -> Advisory | None:
    """Make an advisory if one dose separates the observations with the event from those without it."""
    ends = [(float(x[~event].max()), float(x[event].min())), (float(x[event].max()), float(x[~event].min()))]
    for form, (low, high) in zip(("above", "below"), ends, strict=True):
        if low <= high:
            low, high = (float(np.exp(end)) if scale == "log" else end for end in (low, high))
            return advise("doses_separate_outcomes", form, low_gy=low, high_gy=high)
    return None


def _fitted(x: Floats, event: NDArray[np.bool_], cluster: NDArray[np.int64] | None) -> tuple[Floats, Floats, Floats]:
    """Fit the coefficients, their covariance by the model, and the covariance to be used (robust for clusters)."""
    models: Any = require("statsmodels.genmod.generalized_linear_model", "outcomes")
    families: Any = require("statsmodels.genmod.families", "outcomes")
    # The regressor is centered and scaled, so that rounding does not depend on the unit of dose.
    center, width = float(x.mean()), float(x.std())
    design, response = np.column_stack([np.ones(len(x)), (x - center) / width]), event.astype(float)
    with np.errstate(all="ignore"), quiet():  # steps may leave the range of floats; the result is checked below
        fit = models.GLM(response, design, family=families.Binomial()).fit(tol=1e-12, maxiter=200)
    coefficients = _at_maximum(np.asarray(fit.params, float), design, response)
    probability = 0.5 * (1.0 + np.tanh(0.5 * (design @ coefficients)))
    model = np.linalg.inv(design.T @ (design * (probability * (1.0 - probability))[:, None]))
    robust = model if cluster is None else _robust(coefficients, design, response, cluster)
    back = np.array([[1.0, -center / width], [0.0, 1.0 / width]])
    return back @ coefficients, back @ model @ back.T, back @ robust @ back.T


def _at_maximum(start: Floats, design: Floats, response: Floats) -> Floats:
    """Find the coefficients of largest likelihood from `start`, which a step that was too long may have missed."""

    def loss(b: Floats) -> float:
        linear = design @ b
        return float(np.logaddexp(0.0, linear).sum() - response @ linear)

    def gradient(b: Floats) -> Floats:
        return np.asarray(design.T @ (0.5 * (1.0 + np.tanh(0.5 * (design @ b))) - response))

    def curvature(b: Floats) -> Floats:
        probability = 0.5 * (1.0 + np.tanh(0.5 * (design @ b)))
        return np.asarray(design.T @ (design * (probability * (1.0 - probability))[:, None]))

    if np.isfinite(start).all() and np.abs(gradient(start)).max() < 1e-8 * len(response):
        return start
    minimize: Any = require("scipy.optimize", "outcomes").minimize
    found = minimize(loss, np.zeros(2), jac=gradient, hess=curvature, method="trust-exact", options={"gtol": 1e-9})
    if np.abs(gradient(found.x)).max() > 1e-6 * len(response):
        raise UndefinedError(FAR_DOSES)
    return np.asarray(found.x)


def _robust(coefficients: Floats, design: Floats, response: Floats, cluster: NDArray[np.int64]) -> Floats:
    """Compute the covariance of estimating equations with working independence, corrected for few clusters."""
    equations: Any = require("statsmodels.genmod.generalized_estimating_equations", "outcomes")
    families: Any = require("statsmodels.genmod.families", "outcomes")
    independent = require("statsmodels.genmod.cov_struct", "outcomes").Independence()
    grouped = equations.GEE(response, design, groups=cluster, family=families.Binomial(), cov_struct=independent)
    robust = np.full((2, 2), np.nan)
    with np.errstate(all="ignore"), quiet(), suppress(np.linalg.LinAlgError):
        robust = np.asarray(grouped.fit(start_params=coefficients, cov_type="bias_reduced").cov_params())
    if not np.isfinite(robust).all() or np.linalg.eigvalsh(robust)[0] <= 0.0:
        raise UndefinedError("one patient alone determines a coefficient: the intervals cannot be clustered by patient")
    return robust


def _estimates(profile: CoefficientProfile, scale: DoseScale, x: Floats) -> tuple[dict[str, Any], tuple[Advisory, ...]]:
    """Estimate coefficients, D50 and gamma50 by their names, with advisories on them."""
    b0, b1 = map(float, profile.coefficients)
    intercept, slope = Estimate(b0, *profile.intercept()), Estimate(b1, *profile.slope())
    found = {"intercept": intercept, "slope": slope, "d50_gy": None, "gamma50": None}
    if b1 <= 0.0:
        return found, (advise("slope_not_positive", slope=b1),)
    gamma50 = _scaled(slope, 0.25) if scale == "log" else _scaled(intercept, -0.25)
    low, high = (float(np.exp(end)) if scale == "log" else float(end) for end in (x.min(), x.max()))
    if scale == "linear" and b0 >= 0.0:  # more than half have the event without dose
        return found, (advise("d50_outside_doses", d50_gy=-b0 / b1, low_gy=low, high_gy=high),)
    ends = profile.midpoint()
    if scale == "log":
        # No observation is near such an end, so that the interval is unbounded.
        near = (x.min() - np.log(_FAR), x.max() + np.log(_FAR))
        ends = tuple(end if end is not None and near[0] < end < near[1] else None for end in ends)  # type: ignore[assignment]
        d50 = Estimate(float(np.exp(-b0 / b1)), *(None if end is None else float(np.exp(end)) for end in ends))
    else:
        d50 = Estimate(-b0 / b1, *(None if end is None else max(end, 0.0) for end in ends))
    doubts: list[Advisory] = []
    if not low <= d50.value <= high:
        doubts.append(advise("d50_outside_doses", d50_gy=d50.value, low_gy=low, high_gy=high))
    if None in (d50.lower, d50.upper):
        doubts.append(advise("interval_unbounded", quantity="D50"))
    return found | {"d50_gy": d50, "gamma50": gamma50}, tuple(doubts)


def _scaled(estimate: Estimate, factor: float) -> Estimate:
    ends = [None if end is None else factor * end for end in (estimate.lower, estimate.upper)]
    lower, upper = ends if factor > 0 else ends[::-1]
    return Estimate(factor * estimate.value, lower, upper)
