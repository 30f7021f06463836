"""First-order uncertainty as its definition: `u^2(f) = g^T V g`, with the derivatives taken numerically."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import erf, exp, log, pi, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray


def relative_sensitivities(f: Callable[..., float], values: Sequence[float]) -> NDArray[np.float64]:
    """`d ln f / d ln x` for each input by central differences, error about 1e-10."""
    step = 1e-4

    def difference(i: int, h: float) -> float:
        up, down = list(values), list(values)
        up[i] *= exp(h)
        down[i] *= exp(-h)
        return (log(f(*up)) - log(f(*down))) / (2 * h)

    # Two steps, extrapolated to none (Richardson).
    return np.array([(4 * difference(i, step / 2) - difference(i, step)) / 3 for i in range(len(values))])


def propagated(sensitivities: ArrayLike, relative: ArrayLike, correlation: ArrayLike | None = None) -> float:
    """`sqrt(g^T V g)` with `V = correlation x u u^T`; independent inputs where no correlation matrix is given."""
    terms = np.asarray(sensitivities, np.float64) * np.asarray(relative, np.float64)
    matrix = np.eye(len(terms)) if correlation is None else np.asarray(correlation, np.float64)
    return float(np.sqrt(terms @ matrix @ terms))


def sphere_volume_uncertainty(diameter_mm: float, voxel_size_mm: float, fwhm_mm: float) -> float:
    """`3 u(d)/d` with `u^2(d) = a^2/6 + FWHM^2/(4 ln 2)`."""
    return 3 * sqrt(voxel_size_mm**2 / 6 + fwhm_mm**2 / (4 * log(2))) / diameter_mm


def count_edge_factor(radius_mm: float, fwhm_mm: float) -> float:
    """`erf(2r/(s sqrt 2)) - 2s/(r sqrt(2 pi)) (1 - e^(-2r^2/s^2))`, `s = FWHM/2.3548`."""
    s = fwhm_mm / sqrt(8 * log(2))
    edge = 2 * s / (radius_mm * sqrt(2 * pi)) * (1 - exp(-2 * radius_mm**2 / s**2))
    return erf(2 * radius_mm / (s * sqrt(2))) - edge


def recovery(volume_ml: float, b1_ml: float, b2: float) -> float:
    """`1 - 1 / (1 + (v/b1)^b2)`."""
    return float(1 - 1 / (1 + (volume_ml / b1_ml) ** b2))


def partition_doses(
    activity_gbq: float,
    lung_shunt_fraction: float,
    tumor_mass_kg: float,
    normal_mass_kg: float,
    tumor_to_normal_ratio: float,
) -> tuple[float, float]:
    """Tumor and normal liver dose of the partition model for a dose factor of 1 Gy kg/GBq."""
    weight = normal_mass_kg + tumor_to_normal_ratio * tumor_mass_kg
    normal = activity_gbq * (1 - lung_shunt_fraction) / weight
    return tumor_to_normal_ratio * normal, normal
