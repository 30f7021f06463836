"""Checks of the arguments of the fits, which are doses, events, times and the patients to whom they belong."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._foundation.arrays import flat
from .._foundation.numbers import number
from ..advisory import Advisory, advise, advise_if
from ..errors import ArgumentError, OutOfRangeError, ShapeError, UndefinedError

Floats = NDArray[np.float64]
#: Smallest number of patients from whose spread a robust covariance of two coefficients is estimated.
_FEWEST_PATIENTS = 5
Labels = Sequence[Hashable] | NDArray[np.generic]


@dataclass(frozen=True)
class Estimate:
    """Estimate with its confidence interval.

    Parameters
    ----------
    value : float
        The estimate.
    lower, upper : float or None
        Ends of the interval, None if it is not bounded on that side.
    """

    value: float
    lower: float | None
    upper: float | None


def doses(dose_gy: ArrayLike, *, positive: bool = False) -> Floats:
    """Check that doses are finite and not negative, or above 0 if `positive`."""
    found = flat("dose_gy", dose_gy)
    if not np.isfinite(found).all():
        raise OutOfRangeError(
            f"dose_gy must be finite, got {np.count_nonzero(~np.isfinite(found))} values that are not"
        )
    if positive and (found <= 0).any():
        raise OutOfRangeError(
            f"dose_gy must be above 0 for a curve in the logarithm of dose, got {np.count_nonzero(found <= 0)} values "
            "that are not; dose_scale='linear' takes a dose of 0"
        )
    if (found < 0).any():
        raise OutOfRangeError(f"dose_gy must not be negative, got {np.count_nonzero(found < 0)} negative values")
    return found


def events(event: ArrayLike, count: int) -> NDArray[np.bool_]:
    """Check that events are truth values, or numbers equal to 0 or 1."""
    found = np.asarray(event)
    if found.dtype.kind not in "biuf" or found.ndim != 1:
        raise ArgumentError("event must be a sequence of true and false, or of 0 and 1")
    if found.shape != (count,):
        raise ShapeError(f"event must have one value for each of {count} observations, got {found.size}")
    if not np.isin(found, (0, 1)).all():
        wrong = found[~np.isin(found, (0, 1))]
        raise OutOfRangeError(f"event must be 0 or 1, got {wrong.size} other values, the first {wrong[0]}")
    return found.astype(bool)


def times(time_months: ArrayLike, count: int) -> Floats:
    """Check that times are finite and not negative."""
    found = flat("time_months", time_months)
    if found.shape != (count,):
        raise ShapeError(f"time_months must have one value for each of {count} observations, got {found.size}")
    wrong = ~np.isfinite(found) | (found < 0)
    if wrong.any():
        raise OutOfRangeError(
            f"time_months must be finite and not negative, got {np.count_nonzero(wrong)} values that are not"
        )
    return found


def clusters(patient: Labels | None, count: int) -> NDArray[np.int64]:
    """Number the patients. Without labels, each observation is a separate patient."""
    if patient is None:
        return np.arange(count)
    labels = list(patient)
    if len(labels) != count:
        raise ShapeError(f"patient must have one label for each of {count} observations, got {len(labels)}")
    if any(label is None or label != label for label in labels):
        raise ArgumentError("patient must name every observation's patient, got one without a name")
    numbers = {label: n for n, label in enumerate(dict.fromkeys(labels))}
    return np.array([numbers[label] for label in labels], np.int64)


def confidence_level(confidence: float) -> float:
    """Check a level of confidence."""
    level = number("confidence", confidence)
    if not 0.5 <= level < 1.0:
        raise OutOfRangeError(f"confidence must be within [0.5, 1), such as 0.95, got {level:g}")
    return level


def both_outcomes(event: NDArray[np.bool_]) -> None:
    """Refuse observations of which all or none had the event, because nothing can be estimated from them."""
    if not len(event):
        raise UndefinedError("there are no observations")
    if event.all() or not event.any():
        which = "all" if event.all() else "none"
        raise UndefinedError(
            f"{which} of {len(event)} observations had the event: how it depends on dose cannot be estimated"
        )


def shared_clusters(cluster: NDArray[np.int64]) -> int | None:
    """Count the patients if any has several observations, None otherwise.

    Too few patients for an estimate of their spread raise `UndefinedError`.
    """
    count = int(cluster.max()) + 1
    if count == len(cluster):
        return None
    if count < _FEWEST_PATIENTS:
        raise UndefinedError(
            f"{len(cluster)} observations are of {count} patients: at least {_FEWEST_PATIENTS} patients are needed to "
            "account for it"
        )
    return count


def cluster_advisories(cluster: NDArray[np.int64]) -> tuple[Advisory, ...]:
    """State that observations share patients, and warn if there are few patients."""
    count = shared_clusters(cluster)
    if count is None:
        return ()
    return (
        advise("observations_share_patients", observations=len(cluster), patients=count),
        *advise_if("few_patients", patients=count),
    )


def few_events(event: NDArray[np.bool_], variables: int, *, survival: bool = False) -> tuple[Advisory, ...]:
    """Warn of few events for each estimated effect. Without times, the rarer of the two outcomes is counted."""
    count = int(event.sum())
    if not survival:
        count = min(count, len(event) - count)
    return advise_if("few_events_per_variable", events_per_variable=count / variables, events=count)
