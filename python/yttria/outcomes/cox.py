"""Cox's proportional hazards, with a robust covariance if patients have several observations."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.extras import require
from ..advisory.warning_filters import quiet
from .observations import Estimate, Floats

#: Largest standardized coefficient or standard error of an estimate. Beyond it, the likelihood has no maximum.
_NO_MAXIMUM = 20.0
#: Largest logarithm of a ratio that is an estimate. A step of dose far beyond the doses gives larger ones.
_LARGEST_LOG = 100.0


@dataclass(frozen=True, eq=False, kw_only=True)
class CoxFit:
    """Logarithms of hazard ratios, with the data of their tests.

    Parameters
    ----------
    coefficients : ndarray, shape (k,)
        Logarithms of the hazard ratios, NaN without a finite estimate.
    covariance : ndarray, shape (k, k)
        Their covariance.
    patients : int or None
        Number of patients if some have several observations.
    residuals : ndarray, shape (d, k)
        Schoenfeld residuals of the events.
    event_times : ndarray, shape (d,)
        Their times.
    information : ndarray, shape (k, k)
        Observed information.
    """

    coefficients: Floats
    covariance: Floats
    patients: int | None
    residuals: Floats
    event_times: Floats
    information: Floats

    def ratio(self, n: int, confidence: float, factor: float = 1.0) -> tuple[Estimate | None, float | None]:
        """Compute the hazard ratio of `factor` units of the n-th regressor, and the p-value of a ratio of 1.

        The ratio is None without a finite estimate."""
        value = float(self.coefficients[n])
        if not np.isfinite(value):
            return None, None
        distributions: Any = require("scipy.stats", "outcomes")
        law = distributions.norm if self.patients is None else distributions.t(self.patients - 1)
        error = float(np.sqrt(self.covariance[n, n]))
        width = float(law.ppf(0.5 + confidence / 2)) * error
        low, high = sorted(factor * (value + side) for side in (-width, width))
        if max(-low, high) > _LARGEST_LOG:
            return None, None
        ratio = Estimate(float(np.exp(factor * value)), float(np.exp(low)), float(np.exp(high)))
        return ratio, float(2.0 * law.sf(abs(value) / error))


def cox(regressors: Floats, time: Floats, event: NDArray[np.bool_], cluster: NDArray[np.int64] | None) -> CoxFit:
    """Fit the partial likelihood with Efron's ties. The covariance for clusters is that of Lin and Wei.

    `regressors` have shape (n, k). There must be an event.
    """
    hazards: Any = require("statsmodels.duration.hazard_regression", "outcomes")
    center, width = regressors.mean(axis=0), regressors.std(axis=0)
    width[width == 0.0] = 1.0
    # Observations that end before the first event are in no risk set. statsmodels has no score residual for them.
    kept = time >= time[event].min()
    standard = ((regressors - center) / width)[kept]
    model = hazards.PHReg(time[kept], standard, status=event[kept].astype(float), ties="efron")
    count, size = int(event[kept].sum()), standard.shape[1]
    coefficients, residuals = np.full(size, np.nan), np.full((count, size), np.nan)
    covariance = information = np.full((size, size), np.nan)
    # A likelihood without a maximum or without curvature gives values beyond these bounds.
    with np.errstate(all="ignore"), quiet(), suppress(np.linalg.LinAlgError):
        fit = model.fit(groups=None if cluster is None else cluster[kept], disp=False)
        information = -np.asarray(model.hessian(fit.params), float)
        covariance = np.asarray(fit.cov_params(), float)
        residuals = np.asarray(fit.schoenfeld_residuals, float)[event[kept]]
        coefficients = np.asarray(fit.params, float)
    patients = None
    if cluster is not None:
        patients = len(np.unique(cluster))
        covariance = covariance * (patients / (patients - 1))
    errors = np.sqrt(np.abs(np.diag(covariance)))
    found = np.isfinite(errors) & (np.abs(coefficients) < _NO_MAXIMUM) & (errors < _NO_MAXIMUM) & (errors > 1e-8)
    coefficients = np.where(found, coefficients, np.nan)
    return CoxFit(
        coefficients=coefficients / width,
        covariance=covariance / np.outer(width, width),
        patients=patients,
        residuals=residuals * width,
        event_times=time[kept][event[kept]],
        information=information * np.outer(width, width),
    )


def proportionality_p_value(fit: CoxFit) -> float | None:
    """Test proportional hazards of the first regressor by its scaled residuals against the rank of time.

    The p-value is None with fewer than three events, or without a finite estimate. Source: grambsch-therneau1994.
    """
    statistics: Any = require("scipy.stats", "outcomes")
    residual, count = fit.residuals[:, 0], len(fit.residuals)
    rank = statistics.rankdata(fit.event_times)
    rank = rank - rank.mean()
    if count < 3 or not np.isfinite(fit.coefficients[0]) or not rank.any():
        return None
    value = count * float(rank @ residual) ** 2 / (float(fit.information[0, 0]) * float(rank @ rank))
    # Lesions of a patient that fail together increase the residuals in the same way as the variance of the ratio.
    value /= float(fit.covariance[0, 0] * fit.information[0, 0])
    return float(statistics.chi2.sf(value, 1))
