"""Biological effect of an absorbed dose. `volumes` are in any unit, and equal if none are given."""

from __future__ import annotations

from math import erf, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike


def bed_gy(dose_gy: ArrayLike, alpha_beta_gy: float, repair_half_time_h: float, half_life_h: float) -> Any:
    """`D (1 + D T_rep / ((T_rep + T) (alpha/beta)))`."""
    dose = np.asarray(dose_gy, np.float64)
    return dose * (1 + dose * repair_half_time_h / ((repair_half_time_h + half_life_h) * alpha_beta_gy))


def dose_from_bed_gy(bed_gy: ArrayLike, alpha_beta_gy: float, repair_half_time_h: float, half_life_h: float) -> Any:
    """The positive root of `g D^2 + D - BED = 0`, `g = T_rep / ((T_rep + T) (alpha/beta))`."""
    g = repair_half_time_h / ((repair_half_time_h + half_life_h) * alpha_beta_gy)
    return (np.sqrt(1 + 4 * g * np.asarray(bed_gy, np.float64)) - 1) / (2 * g)


def eqd2_gy(bed_gy: ArrayLike, alpha_beta_gy: float) -> Any:
    """`BED / (1 + 2 / (alpha/beta))`."""
    return np.asarray(bed_gy, np.float64) / (1 + 2 / alpha_beta_gy)


def _mean(values: Any, volumes: ArrayLike | None) -> float:
    part = np.ones(np.shape(values)) if volumes is None else np.asarray(volumes, np.float64)
    return float(np.sum(part * values) / np.sum(part))


def generalized_eud(dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, a: float) -> float:
    """`(sum v D^a)^(1/a)`; a negative power of nothing has the limit 0."""
    if a < 0 and np.any(np.asarray(dose_gy) == 0):
        return 0.0
    return float(_mean(np.asarray(dose_gy, np.float64) ** a, volumes) ** (1 / a))


def survival_eud(dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, alpha_per_gy: float) -> float:
    """`-ln(sum v e^(-alpha D)) / alpha`."""
    return float(-np.log(_mean(np.exp(-alpha_per_gy * np.asarray(dose_gy, np.float64)), volumes)) / alpha_per_gy)


def ntcp_lyman(dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, td50_gy: float, m: float, n: float) -> float:
    """`Phi((gEUD - TD50) / (m TD50))`, `a = 1/n`."""
    z = (generalized_eud(dose_gy, volumes, a=1 / n) - td50_gy) / (m * td50_gy)
    return (1 + erf(z / sqrt(2))) / 2


def ntcp_logistic(dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, d50_gy: float, gamma50: float) -> float:
    """`1 / (1 + (D50/D)^(4 gamma50))` of the mean dose."""
    return float(1 / (1 + (d50_gy / _mean(np.asarray(dose_gy, np.float64), volumes)) ** (4 * gamma50)))


def tcp_logistic(dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, d50_gy: float, gamma50: float) -> float:
    """The same curve for tumor control."""
    return ntcp_logistic(dose_gy, volumes, d50_gy=d50_gy, gamma50=gamma50)


def tcp_poisson(
    dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, alpha_per_gy: float, clonogens: float
) -> float:
    """`exp(-N sum v e^(-alpha D))`."""
    survival = _mean(np.exp(-alpha_per_gy * np.asarray(dose_gy, np.float64)), volumes)
    return float(np.exp(-clonogens * survival))


def effective_uniform_bed(
    dose_gy: ArrayLike,
    volumes: ArrayLike | None = None,
    *,
    alpha_per_gy: float,
    alpha_beta_gy: float,
    repair_half_time_h: float,
    half_life_h: float,
) -> float:
    """The survival EUD of each part's BED."""
    beds = bed_gy(dose_gy, alpha_beta_gy, repair_half_time_h, half_life_h)
    return survival_eud(beds, volumes, alpha_per_gy=alpha_per_gy)


def bed_of_injections(
    dose_gy: ArrayLike, alpha_beta_gy: float, repair_half_time_h: float, half_life_h: float
) -> dict[str, float]:
    """The sum of the BEDs (weeks apart), and the BED of the sum (at once)."""
    apart = bed_gy(dose_gy, alpha_beta_gy, repair_half_time_h, half_life_h)
    together = bed_gy(np.sum(dose_gy), alpha_beta_gy, repair_half_time_h, half_life_h)
    return {"lower_gy": float(np.sum(apart)), "upper_gy": float(together)}
