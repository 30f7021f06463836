"""One lung shunt fraction for several injections, as its definition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def combined_lung_shunt_fraction(lung_shunt_fractions: Sequence[float], weights: Sequence[float]) -> float:
    """`sum_k w_k L_k / sum_k w_k`: all activity in the lungs over all activity."""
    return float(np.dot(lung_shunt_fractions, weights) / np.sum(weights))


def lung_shunt_if_all_from(combined_lung_shunt_fraction: float, weights: Sequence[float], injection: int) -> float:
    """`L sum_k w_k / w_i`: the shunt of injection `i` if the lungs hold nothing from the others."""
    return float(combined_lung_shunt_fraction * np.sum(weights) / weights[injection])
