"""Uncertainty of a difference as its definition: the variances of both less twice their covariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any


def uncertain_difference(
    a: tuple[float, Mapping[Any, float]], b: tuple[float, Mapping[Any, float]], common: Sequence[str] = ()
) -> tuple[float, float]:
    """Standard uncertainty of B - A, and the difference in units of it.

    Each side is its value and the signed contribution of each of its independent inputs. Inputs that are common to both
    make their covariance.
    """
    variances = (sum(c * c for c in contributions.values()) for _, contributions in (a, b))
    covariance = sum(a[1].get(name, 0.0) * b[1].get(name, 0.0) for name in common)
    u = sqrt(sum(variances) - 2 * covariance)
    return u, (b[0] - a[0]) / u
