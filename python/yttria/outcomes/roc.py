"""ROC curve of dose as a test for an event, with its area, the interval of the area, and the threshold of Youden."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._foundation.extras import require
from ..advisory import Advisory, advise
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

#: Number of resamples for the interval of the threshold, and their seed, so that equal data give equal intervals.
_RESAMPLES, _SEED = 2000, 20_261_129
#: Largest number of values in memory for a block of resamples.
_BLOCK = 1_000_000


@dataclass(frozen=True, eq=False, kw_only=True)
class RocCurve:
    """ROC curve of dose as a test, by which an event is expected at the threshold and above it.

    Parameters
    ----------
    observations, events : int
        Numbers of observations and of events.
    patients : int or None
        Number of patients if some have several observations.
    thresholds_gy : ndarray, shape (k,)
        Doses in Gy of the points of the curve, falling. The first is infinite, at which no event is expected.
    sensitivity, specificity : ndarray, shape (k,)
        Fraction of the events at or above each threshold, and of the others below it.
    area : Estimate
        Area under the curve. It is the probability that an observation with the event had a higher dose than one
        without, with ties counted half.
    area_standard_error : float
        Standard error of the area.
    area_method : str
        Method of the area in words.
    threshold_gy : Estimate
        Threshold in Gy with the largest `sensitivity + specificity - 1`. The lowest dose is taken if several are equal.
    threshold_sensitivity, threshold_specificity : Estimate
        Fractions at the threshold, each with Wilson's interval.
    confidence : float
        Level of the intervals.
    advisories : tuple of Advisory
        Advisories on the curve.
    """

    observations: int
    events: int
    patients: int | None
    thresholds_gy: Floats
    sensitivity: Floats
    specificity: Floats
    area: Estimate
    area_standard_error: float
    area_method: str
    threshold_gy: Estimate
    threshold_sensitivity: Estimate
    threshold_specificity: Estimate
    confidence: float
    advisories: tuple[Advisory, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return all fields as plain data, ready for JSON. The infinite threshold is None.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.outcomes.roc_curve`.
        """
        arrays = {name: getattr(self, name).tolist() for name in ("sensitivity", "specificity")}
        thresholds = [None if np.isinf(t) else float(t) for t in self.thresholds_gy]
        found = {"thresholds_gy": thresholds} | arrays
        return asdict(self) | found | {"advisories": [advisory.as_dict() for advisory in self.advisories]}


def roc_curve(
    dose_gy: ArrayLike, event: ArrayLike, *, patient: Labels | None = None, confidence: float = 0.95
) -> RocCurve:
    """Compute the ROC curve of dose for an event, its area, and the threshold of Youden.

    Parameters
    ----------
    dose_gy : array_like, shape (n,)
        Dose of each observation in Gy, not negative.
    event : array_like of bool, shape (n,)
        Whether it had the event.
    patient : sequence, shape (n,), optional
        Label of the patient of each observation. Default: each is a separate patient.
    confidence : float, default 0.95
        Level of the intervals, within [0.5, 1).

    Returns
    -------
    RocCurve
        Points, area and threshold.

    Raises
    ------
    OutOfRangeError
        If a dose is negative or not finite, if an event is not 0 or 1, or if `confidence` is out of range.
    ShapeError
        If numbers of doses, events or labels differ.
    UndefinedError
        If all or none had the event, or patients with several observations are fewer than five.
    MissingExtraError
        If the extra `outcomes` is not installed.

    Warns
    -----
    threshold_from_same_data
        Always, because a threshold is less accurate for other patients.
    few_events_per_variable, observations_share_patients, few_patients
        As `fit_dose_response`.

    Notes
    -----
    The variance of the area is that of delong1988. It is a special case of obuchowski1997, which is used if patients
    have several observations. The interval is symmetric in the logit of the area. It is unbounded if the area is 0 or
    1. The threshold's interval is given by percentiles of 2000 resamples of patients (bootstrap, fixed seed). Resamples
    without both outcomes are left out. Sources: youden1950, wilson1927.

    Examples
    --------
    >>> curve = roc_curve([60, 80, 90, 110, 120, 150, 160, 190], [0, 0, 0, 1, 0, 0, 1, 1])
    >>> round(curve.area.value, 3), curve.threshold_gy.value
    (0.867, 160.0)
    """
    x = doses(dose_gy)
    y, cluster = events(event, len(x)), clusters(patient, len(x))
    level = confidence_level(confidence)
    both_outcomes(y)
    normal: Any = require("scipy.stats", "outcomes").norm
    z = float(normal.ppf(0.5 + level / 2))
    thresholds, sensitivity, specificity = _points(x, y)
    best = _youden(sensitivity, specificity)
    patients = shared_clusters(cluster)
    area, error = _area(x, y, cluster)
    threshold = float(thresholds[best])
    return RocCurve(
        observations=len(x),
        events=int(y.sum()),
        patients=patients,
        thresholds_gy=thresholds,
        sensitivity=sensitivity,
        specificity=specificity,
        area=Estimate(area, *_logit_interval(area, error, z)),
        area_standard_error=error,
        area_method="Obuchowski 1997, clustered by patient" if patients else "DeLong 1988",
        threshold_gy=Estimate(threshold, *_threshold_interval(x, y, cluster, level)),
        threshold_sensitivity=wilson_interval(float(sensitivity[best]), int(y.sum()), z),
        threshold_specificity=wilson_interval(float(specificity[best]), int((~y).sum()), z),
        confidence=level,
        advisories=(
            advise("threshold_from_same_data", threshold_gy=threshold),
            *few_events(y, 1),
            *cluster_advisories(cluster),
        ),
    )


def _points(dose: Floats, event: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """List the thresholds, from infinity down through every dose, with sensitivity and specificity."""
    distinct, place = np.unique(-dose, return_inverse=True)
    hits, alarms = (np.bincount(place, each, len(distinct)).cumsum() for each in (event, ~event))
    thresholds = np.concatenate([[np.inf], -distinct])
    return thresholds, np.append(0.0, hits / hits[-1]), np.append(1.0, 1.0 - alarms / alarms[-1])


def _youden(sensitivity: Floats, specificity: Floats) -> int:
    """Find the point of the largest index except the infinite threshold.

    The lowest dose is taken if several are equal.
    """
    index = np.round(sensitivity + specificity, 12)[1:]
    return int(len(index) - np.argmax(index[::-1]))


def _area(dose: Floats, event: NDArray[np.bool_], cluster: NDArray[np.int64]) -> tuple[float, float]:
    """Compute area and standard error by placement values, summed over each patient."""
    ill, well = dose[event], dose[~event]
    m, n = len(ill), len(well)
    ordered = np.sort(well)
    v10 = (np.searchsorted(ordered, ill, "left") + np.searchsorted(ordered, ill, "right")) / (2.0 * n)
    ordered = np.sort(ill)
    v01 = 1.0 - (np.searchsorted(ordered, well, "left") + np.searchsorted(ordered, well, "right")) / (2.0 * m)
    area = float(v10.mean())
    count = int(cluster.max()) + 1
    d10 = np.bincount(cluster[event], v10 - area, count)
    d01 = np.bincount(cluster[~event], v01 - area, count)
    i10, i01 = len(np.unique(cluster[event])), len(np.unique(cluster[~event]))
    if min(i10, i01) < 2:
        return area, 0.0 if area in (0.0, 1.0) else float("nan")
    s10 = i10 / ((i10 - 1) * m) * float(d10 @ d10)
    s01 = i01 / ((i01 - 1) * n) * float(d01 @ d01)
    s11 = count / (count - 1) * float(d10 @ d01)
    return area, float(np.sqrt(max(s10 / m + s01 / n + 2.0 * s11 / (m * n), 0.0)))


def _logit_interval(area: float, error: float, z: float) -> tuple[float | None, float | None]:
    if not 0.0 < area < 1.0 or not np.isfinite(error):
        return None, None
    middle, width = np.log(area / (1.0 - area)), z * error / (area * (1.0 - area))
    return float(1.0 / (1.0 + np.exp(width - middle))), float(1.0 / (1.0 + np.exp(-width - middle)))


def wilson_interval(fraction: float, count: int, z: float) -> Estimate:
    """Compute Wilson's interval for a fraction of a count."""
    middle = (fraction + z * z / (2 * count)) / (1 + z * z / count)
    width = z / (1 + z * z / count) * np.sqrt(fraction * (1 - fraction) / count + z * z / (4 * count * count))
    return Estimate(
        fraction, min(max(float(middle - width), 0.0), fraction), max(min(float(middle + width), 1.0), fraction)
    )


def _threshold_interval(
    dose: Floats, event: NDArray[np.bool_], cluster: NDArray[np.int64], confidence: float
) -> tuple[float, float]:
    """Compute percentiles of the threshold over resamples of patients."""
    generator = np.random.default_rng(_SEED)
    order = np.argsort(dose, kind="stable")
    ill, member = event[order].astype(float), cluster[order]
    # From the first place of each distinct dose, all observations are at this dose or above it.
    distinct, first = np.unique(dose[order], return_index=True)
    count = int(cluster.max()) + 1
    block = max(1, _BLOCK // len(dose))
    found: list[Floats] = []
    for start in range(0, _RESAMPLES, block):
        resamples = min(block, _RESAMPLES - start)
        weight = generator.multinomial(count, np.full(count, 1.0 / count), resamples)[:, member].astype(float)
        hits, alarms = (np.cumsum((weight * each)[:, ::-1], axis=1)[:, ::-1][:, first] for each in (ill, 1.0 - ill))
        both = (hits[:, 0] > 0) & (alarms[:, 0] > 0)
        index = hits[both] / hits[both, :1] - alarms[both] / alarms[both, :1]
        found.append(distinct[np.argmax(np.round(index, 12), axis=1)])
    ends = np.quantile(np.concatenate(found), (0.5 - confidence / 2, 0.5 + confidence / 2), method="inverted_cdf")
    return float(ends[0]), float(ends[1])
