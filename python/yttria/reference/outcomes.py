"""Statistics of outcomes as their definitions: loops over observations, pairs and patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def logistic_log_likelihood(intercept: float, slope: float, x: Sequence[float], event: Sequence[bool]) -> float:
    """Sum of `ln P` over events and of `ln (1 - P)` over the others, `P = 1 / (1 + exp(-(b0 + b1 x)))`."""
    total = 0.0
    for value, happened in zip(x, event, strict=True):
        linear = intercept + slope * value
        total -= float(np.logaddexp(0.0, -linear if happened else linear))
    return total


def largest(function: Callable[[float], float], low: float, high: float) -> float:
    """Largest value of a concave function between two ends, by thirds."""
    for _ in range(200):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        if function(first) < function(second):
            low = first
        else:
            high = second
    return function((low + high) / 2)


def robust_covariance(
    intercept: float, slope: float, x: Sequence[float], event: Sequence[bool], patient: Sequence[Any]
) -> Floats:
    """Covariance of a logistic curve's coefficients with several observations of a patient (Mancl and DeRouen 2001).

    `B (sum_i X_i' (I - H_i)^-1 r_i r_i' (I - H_i')^-1 X_i) B` with `B = (X' W X)^-1`, `H_i = W_i X_i B X_i'`.
    """
    design = np.column_stack([np.ones(len(x)), x])
    probability = 1 / (1 + np.exp(-(intercept + slope * np.asarray(x))))
    weight = probability * (1 - probability)
    bread = np.linalg.inv(design.T @ np.diag(weight) @ design)
    meat = np.zeros((2, 2))
    for name in dict.fromkeys(patient):
        rows = [n for n, other in enumerate(patient) if other == name]
        own = design[rows]
        leverage = np.diag(weight[rows]) @ own @ bread @ own.T
        residual = np.linalg.solve(np.eye(len(rows)) - leverage, np.asarray(event, float)[rows] - probability[rows])
        score = own.T @ residual
        meat += np.outer(score, score)
    return np.asarray(bread @ meat @ bread)


def roc_area(dose_gy: Sequence[float], event: Sequence[bool]) -> float:
    """Fraction of the pairs of an event and another in which the event had the higher dose; ties count half."""
    wins = [
        _win(a, b)
        for a, e in zip(dose_gy, event, strict=True)
        if e
        for b, f in zip(dose_gy, event, strict=True)
        if not f
    ]
    return float(np.mean(wins))


def _win(with_event: float, without: float) -> float:
    return 1.0 if with_event > without else 0.5 if with_event == without else 0.0


def roc_area_variance(dose_gy: Sequence[float], event: Sequence[bool], patient: Sequence[Any]) -> float:
    """Variance of the area of clustered observations (Obuchowski 1997); with one each, that of DeLong et al. 1988."""
    area = roc_area(dose_gy, event)
    observations = list(zip(dose_gy, event, patient, strict=True))
    ill, well = [d for d, e, _ in observations if e], [d for d, e, _ in observations if not e]
    names = list(dict.fromkeys(patient))
    sums = {name: [0.0, 0.0] for name in names}
    for dose, happened, name in observations:
        if happened:
            sums[name][0] += float(np.mean([_win(dose, other) for other in well])) - area
        else:
            sums[name][1] += float(np.mean([_win(other, dose) for other in ill])) - area
    count = len(names)
    with_ill = len({name for _, e, name in observations if e})
    with_well = len({name for _, e, name in observations if not e})
    m, n = len(ill), len(well)
    s10 = with_ill / ((with_ill - 1) * m) * sum(a * a for a, _ in sums.values())
    s01 = with_well / ((with_well - 1) * n) * sum(b * b for _, b in sums.values())
    s11 = count / (count - 1) * sum(a * b for a, b in sums.values())
    return s10 / m + s01 / n + 2 * s11 / (m * n)


def kaplan_meier(time_months: Sequence[float], event: Sequence[bool]) -> list[tuple[float, float, float]]:
    """At each time with an event: the time, the product of `1 - d / n` up to it, and Greenwood's variance."""
    found, survival, spread = [], 1.0, 0.0
    pairs = list(zip(time_months, event, strict=True))
    for time in sorted({t for t, e in pairs if e}):
        at_risk = sum(t >= time for t, _ in pairs)
        died = sum(t == time and bool(e) for t, e in pairs)
        survival *= 1 - died / at_risk
        spread += died / (at_risk * (at_risk - died)) if at_risk > died else float("inf")
        found.append((time, survival, survival**2 * spread if survival else 0.0))
    return found


def log_rank(time_months: Sequence[float], event: Sequence[bool], upper: Sequence[bool]) -> float:
    """Chi-squared of two groups: events of one, less those expected, over the hypergeometric variance."""
    rows = list(zip(time_months, event, upper, strict=True))
    excess = variance = 0.0
    for time in sorted({t for t, e, _ in rows if e}):
        n = sum(t >= time for t, _, _ in rows)
        n1 = sum(t >= time and bool(g) for t, _, g in rows)
        d = sum(t == time and bool(e) for t, e, _ in rows)
        excess += sum(t == time and bool(e) and bool(g) for t, e, g in rows) - d * n1 / n
        variance += d * (n1 / n) * (1 - n1 / n) * (n - d) / (n - 1) if n > 1 else 0.0
    return excess**2 / variance


def cox_log_likelihood(
    log_ratio: float, x: Sequence[float], time_months: Sequence[float], event: Sequence[bool]
) -> float:
    """Logarithm of Cox's partial likelihood, with the ties of Efron."""
    rows = list(zip(x, time_months, event, strict=True))
    total = 0.0
    for time in sorted({t for _, t, e in rows if e}):
        died = [v for v, t, e in rows if t == time and e]
        at_risk = sum(np.exp(log_ratio * v) for v, t, _ in rows if t >= time)
        tied = sum(np.exp(log_ratio * v) for v in died)
        total += sum(log_ratio * v for v in died)
        total -= sum(np.log(at_risk - n / len(died) * tied) for n in range(len(died)))
    return float(total)


def cox_robust_variance(
    log_ratio: float, x: Sequence[float], time_months: Sequence[float], event: Sequence[bool], patient: Sequence[Any]
) -> float:
    """Variance of the logarithm of a hazard ratio (Lin and Wei 1989), without ties: `sum_i U_i^2 / I^2`."""
    rows = list(zip(x, time_months, event, patient, strict=True))
    scores = dict.fromkeys(patient, 0.0)
    information = 0.0
    for _, time, happened, _ in rows:
        if not happened:
            continue
        at_risk = [(v, np.exp(log_ratio * v), name) for v, t, _, name in rows if t >= time]
        total = sum(w for _, w, _ in at_risk)
        mean = sum(w * v for v, w, _ in at_risk) / total
        information += sum(w * (v - mean) ** 2 for v, w, _ in at_risk) / total
        for v, w, name in at_risk:
            scores[name] -= (v - mean) * w / total
        died = next((v, name) for v, t, e, name in rows if t == time and e)
        scores[died[1]] += died[0] - mean
    return float(sum(s * s for s in scores.values()) / information**2)
