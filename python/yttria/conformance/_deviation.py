"""Deviation of an answer from the expected one, in units of its noise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._cases import SuiteCase, real_array

WORST = 1e6
"""Deviation of an answer that cannot be measured, because it has another word or shape, or is missing."""

SOUND = 0.25
"""Share of a map's tolerance that is taken as one standard deviation of a correct kernel, because kernels of codes
differ."""


def deviations(case: SuiteCase, got: dict[str, Any], predicted: dict[str, Any], noise: float) -> list[float]:
    """Compute deviations of `got` from `predicted` in standard deviations, for a map that of the worst voxel.

    The standard deviation is `noise` times the predicted value. For a map it is at least a share of the case's
    tolerance.
    """
    found: list[float] = []
    for quantity, value in got.items():
        if quantity in case.expected and quantity != "warnings":
            found += _distances(value, predicted.get(quantity), noise, case.tolerance)
    return found


def _distances(got: Any, predicted: Any, noise: float, tolerance: dict[str, float]) -> list[float]:
    if isinstance(got, np.ndarray) or isinstance(predicted, np.ndarray):
        return [_of_map(got, predicted, noise, tolerance)]
    if isinstance(got, list) and isinstance(predicted, list) and len(got) == len(predicted):
        if len(got) > 1 and all(_is_number(value) for value in (*got, *predicted)):
            return [_of_map(got, predicted, noise, tolerance)]
        return [d for g, p in zip(got, predicted, strict=True) for d in _distances(g, p, noise, tolerance)]
    if isinstance(got, dict) and isinstance(predicted, dict) and got.keys() == predicted.keys():
        return [d for k in got for d in _distances(got[k], predicted[k], noise, tolerance)]
    if _is_number(got) and _is_number(predicted):
        sigma = max(noise, tolerance.get("rel", 0.0)) * abs(predicted) + max(tolerance.get("abs", 0.0), 1e-12)
        return [min(abs(got - predicted) / sigma, WORST) if math.isfinite(got) else WORST]
    return [0.0 if type(got) is type(predicted) and got == predicted else WORST]


def _of_map(got: Any, predicted: Any, noise: float, tolerance: dict[str, float]) -> float:
    values, center = real_array(got), real_array(predicted)
    if values is None or center is None or values.shape != center.shape or not np.all(np.isfinite(values)):
        return WORST
    largest = float(np.abs(center).max())
    floor = SOUND * tolerance.get("of_maximum", 0.0) * largest
    sigma = np.hypot(max(noise, tolerance.get("rel", 0.0)) * np.abs(center), floor) + 1e-7 * largest + 1e-12
    return float(min(np.max(np.abs(values - center) / sigma), WORST))


def relative_deviation(got: Any, expected: Any) -> float:
    """Compute the relative deviation, for lists and maps the largest one over the largest expected value.

    It is infinite if it cannot be measured."""
    try:
        values, right = np.asarray(_numbers(got)), np.asarray(_numbers(expected))
    except (TypeError, ValueError):
        return 0.0 if type(got) is type(expected) and not isinstance(got, np.ndarray) and got == expected else math.inf
    if values.shape != right.shape or not np.all(np.isfinite(values)):
        return math.inf
    largest = float(np.abs(right).max(initial=0.0))
    apart = float(np.abs(values - right).max(initial=0.0))
    return apart / largest if largest > 0 else (0.0 if apart == 0 else math.inf)


def _numbers(value: Any) -> Any:
    if isinstance(value, bool | str) or value is None:
        raise TypeError
    if isinstance(value, dict):
        return [float(each) for each in value.values()]
    return np.asarray(value, dtype=np.float64)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
