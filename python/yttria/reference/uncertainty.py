"""First-order uncertainty as its definition: `u^2(f) = g^T V g`, with the derivatives taken numerically."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import erf, exp, log, pi, sqrt
from typing import Any

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


def combined_standard_uncertainty(contributions: Sequence[float], correlation: ArrayLike | None = None) -> float:
    """`sqrt(sum_i sum_j c_i r_ij c_j)`: the variance of a sum, term by term."""
    n = len(contributions)
    matrix = np.eye(n) if correlation is None else np.asarray(correlation, np.float64)
    pairs = [contributions[i] * matrix[i][j] * contributions[j] for i in range(n) for j in range(n)]
    return sqrt(max(float(sum(pairs)), 0.0))


def sphere_volume_uncertainty(diameter_mm: float, voxel_size_mm: float, fwhm_mm: float) -> dict[str, float]:
    """`3 u(d)/d` with `u^2(d) = a^2/6 + FWHM^2/(4 ln 2)`."""
    u = diameter_uncertainty_mm(voxel_size_mm, fwhm_mm)
    return {"diameter_uncertainty_mm": u, "relative": 3 * u / diameter_mm}


def combined_uncertainty(relative: Sequence[float]) -> float:
    """`sqrt(sum u_i^2)` of independent factors."""
    return propagated(np.ones(len(relative)), relative)


def count_edge_factor(radius_mm: float, fwhm_mm: float) -> float:
    """`erf(2r/(s sqrt 2)) - 2s/(r sqrt(2 pi)) (1 - e^(-2r^2/s^2))`, `s = FWHM/2.3548`."""
    s = fwhm_mm / sqrt(8 * log(2))
    edge = 2 * s / (radius_mm * sqrt(2 * pi)) * (1 - exp(-2 * radius_mm**2 / s**2))
    return erf(2 * radius_mm / (s * sqrt(2))) - edge


def recovery(volume_ml: float, b1_ml: float, b2: float) -> float:
    """`1 - 1 / (1 + (v/b1)^b2)`."""
    return float(1 - 1 / (1 + (volume_ml / b1_ml) ** b2))


def diameter_uncertainty_mm(voxel_size_mm: float, fwhm_mm: float) -> float:
    """`sqrt(a^2/6 + FWHM^2/(4 ln 2))`: two edges, each uniform over half a voxel and blurred."""
    return sqrt(voxel_size_mm**2 / 6 + fwhm_mm**2 / (4 * log(2)))


def ellipsoid_volume_uncertainty(diameters_mm: Sequence[float], voxel_size_mm: float, fwhm_mm: float) -> float:
    """`sqrt(sum (u(d_i)/d_i)^2)`."""
    u = diameter_uncertainty_mm(voxel_size_mm, fwhm_mm)
    return propagated(np.ones(3), u / np.asarray(diameters_mm, dtype=np.float64))


@dataclass(frozen=True, kw_only=True)
class RecoveryCurve:
    """Recovery by volume, with the covariance of its fit."""

    b1_ml: float
    b2: float
    covariance: ArrayLike = ((0.0, 0.0), (0.0, 0.0))

    def recovery(self, volume_ml: float) -> float:
        """`1 - 1 / (1 + (v/b1)^b2)`."""
        return recovery(volume_ml, self.b1_ml, self.b2)

    def uncertainty(self, volume_ml: float, *, volume_uncertainty: float) -> float:
        """Relative: `g^T V g` of (v, b1, b2), the volume independent of the fit, the gradient taken numerically."""
        values = (volume_ml, self.b1_ml, self.b2)
        gradient = relative_sensitivities(recovery, values) / np.array(values)
        v = np.zeros((3, 3))
        v[0, 0] = (volume_uncertainty * volume_ml) ** 2
        v[1:, 1:] = self.covariance
        return float(np.sqrt(gradient @ v @ gradient))


def dose_uncertainty(
    volume_ml: float,
    volume_uncertainty: float,
    fwhm_mm: float,
    recovery: RecoveryCurve,
    calibration_uncertainty: float,
    half_life_uncertainty: float = 0.001,
) -> dict[str, float]:
    """Relative, of the mean dose `D = Q T C(v) / (R(v, b1, b2) v)` of a ball, all inputs but (b1, b2) independent.

    `d ln C / d ln v = phi / (2 R)` by the edge factor; the rest of the gradient is numerical.
    """
    radius_mm = (3 * volume_ml * 1e3 / (4 * pi)) ** (1 / 3)
    counts = count_edge_factor(radius_mm, fwhm_mm) / (2 * recovery.recovery(volume_ml))
    (by_v,) = relative_sensitivities(recovery.recovery, (volume_ml,))
    volume = (counts - by_v - 1) * volume_uncertainty
    fit = recovery.uncertainty(volume_ml, volume_uncertainty=0.0)
    terms = (volume, fit, calibration_uncertainty, half_life_uncertainty)
    return {"absorbed_dose": propagated(np.ones(4), terms)}


def partition_uncertainty(
    lung_shunt_fraction: float,
    tumor_mass_kg: float,
    normal_mass_kg: float,
    tumor_to_normal_ratio: float,
    activity_uncertainty: float,
    lung_shunt_uncertainty: float,
    tumor_mass_uncertainty: float,
    normal_mass_uncertainty: float,
    ratio_uncertainty: float,
    mass_ratio_correlation: float = 0.0,
) -> dict[str, Any]:
    """Sensitivities and relative uncertainty of `D_N = A (1 - L) / (m_N + r m_T)` and of the tumor's `r D_N`.

    Only the tumor's mass and the ratio may be correlated.
    """
    names = ("activity", "lung_shunt_fraction", "tumor_mass", "normal_mass", "tumor_to_normal_ratio")
    values = (1.0, lung_shunt_fraction, tumor_mass_kg, normal_mass_kg, tumor_to_normal_ratio)
    u = (
        activity_uncertainty,
        lung_shunt_uncertainty,
        tumor_mass_uncertainty,
        normal_mass_uncertainty,
        ratio_uncertainty,
    )
    correlation = np.eye(5)
    correlation[2, 4] = correlation[4, 2] = mass_ratio_correlation

    def normal_dose(a: float, shunt: float, tumor: float, normal: float, ratio: float) -> float:
        return a * (1 - shunt) / (normal + ratio * tumor)

    def tumor_dose(a: float, shunt: float, tumor: float, normal: float, ratio: float) -> float:
        return ratio * normal_dose(a, shunt, tumor, normal, ratio)

    found: dict[str, Any] = {}
    for tissue, dose in (("tumor", tumor_dose), ("normal", normal_dose)):
        g = relative_sensitivities(dose, values)
        found[f"{tissue}_sensitivity"] = dict(zip(names, g.tolist(), strict=True))
        found[f"{tissue}_dose"] = propagated(g, u, correlation)
    return found


def dose_of_scaling(
    image: float,
    density: float,
    half_life_h: float,
    scan_delay_h: float,
    administered_activity: float,
    residual_fraction: float,
    lung_shunt_fraction: float,
    *,
    is_absolute: bool,
) -> float:
    """The dose of local deposition in proportion to `s c T / rho`, with every input of its scaling.

    Absolute scaling corrects for the decay to the scan, `2^(t / T)`. Relative scaling has the activity that reached the
    liver, `A (1 - R) (1 - L)`, whatever the time and the calibration.
    """
    if is_absolute:
        scale = image * 2 ** (scan_delay_h / half_life_h)
    else:
        scale = image * administered_activity * (1 - residual_fraction) * (1 - lung_shunt_fraction)
    return float(scale * half_life_h / density)


def shift_uncertainty(dose: Callable[[NDArray[np.float64]], float], standard_deviation_mm: float) -> float:
    """Standard deviation of a dose over normal shifts along three axes, by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(9)
    weights = weights / weights.sum()
    grid = np.stack(np.meshgrid(nodes, nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 3) * standard_deviation_mm
    of_node = np.einsum("i,j,k->ijk", weights, weights, weights).ravel()
    values = np.array([dose(shift) for shift in grid])
    mean = float(of_node @ values)
    return sqrt(float(of_node @ (values - mean) ** 2))
