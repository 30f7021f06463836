"""Standard uncertainties of a mean absorbed dose, first order after the GUM.

Every uncertainty is a relative standard uncertainty (coverage factor 1, a fraction) unless its name ends in a unit.
Equations after the EANM guidance on uncertainty (gear2018); the edge factor and the partition sensitivities are derived
here and checked numerically in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

import yttria._core as _core

from .._foundation.numbers import number
from ..advisory import Advisory, advise_if
from ..errors import DTypeError, ShapeError


@dataclass(frozen=True, kw_only=True)
class VolumeUncertainty:
    """Standard uncertainty of a diameter in mm, and relative standard uncertainty of the volume."""

    diameter_uncertainty_mm: float
    relative: float
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RecoveryCurve:
    """Recovery coefficient against volume, `R(v) = 1 - 1 / (1 + (v/b1)^b2)`, with the covariance of its fit.

    `covariance` is that of (b1, b2); zero where not given, which takes the curve for exact.
    """

    b1_ml: float
    b2: float
    covariance: Sequence[Sequence[float]] = ((0.0, 0.0), (0.0, 0.0))

    def recovery(self, volume_ml: float) -> float:
        """`R(v)`. Raises `OutOfRangeError` where a parameter or the volume is not positive."""
        return _core.recovery(number("volume in mL", volume_ml), 0.0, self._numbers())[0]

    def uncertainty(self, volume_ml: float, *, volume_uncertainty: float) -> float:
        """Relative uncertainty of `R(v)`: `u^2(R) = g^T V g + (dR/dv)^2 u^2(v)`.

        Raises `OutOfRangeError` for a negative uncertainty or a covariance that is not positive semi-definite.
        """
        u = number("relative uncertainty of the volume", volume_uncertainty)
        return _core.recovery(number("volume in mL", volume_ml), u, self._numbers())[1]

    def _numbers(self) -> tuple[float, float, list[list[float]]]:
        try:
            covariance = np.asarray(self.covariance, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DTypeError(f"covariance of (b1, b2) must be a 2 x 2 matrix of numbers: {error}") from error
        if covariance.shape != (2, 2):
            raise ShapeError(f"covariance of (b1, b2) must be a 2 x 2 matrix, got shape {covariance.shape}")
        rows: list[list[float]] = covariance.tolist()
        return number("recovery parameter b1 in mL", self.b1_ml), number("recovery parameter b2", self.b2), rows


@dataclass(frozen=True, kw_only=True)
class DoseUncertainty:
    """Relative standard uncertainties along the chain to the mean absorbed dose."""

    volume: float
    count_rate: float
    recovery: float
    activity: float
    time_integrated_activity: float
    s_value: float
    absorbed_dose: float
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PartitionUncertainty:
    """Relative standard uncertainties of the partition model's doses, and `d ln dose / d ln quantity` of each input."""

    tumor_dose: float
    normal_dose: float
    lung_dose: float
    tumor_sensitivity: Mapping[str, float]
    normal_sensitivity: Mapping[str, float]
    advisories: tuple[Advisory, ...] = ()


def sphere_volume_uncertainty(diameter_mm: float, *, voxel_size_mm: float, fwhm_mm: float) -> VolumeUncertainty:
    """A sphere outlined on an image: `u^2(d) = a^2/6 + FWHM^2/(4 ln 2)`, `u(v)/v = 3 u(d)/d`.

    Raises `OutOfRangeError` where a length is not positive (the FWHM may be 0). Advises `large_uncertainty`.
    """
    u = _core.diameter_uncertainty_mm(number("voxel size in mm", voxel_size_mm), number("FWHM in mm", fwhm_mm))
    relative = _core.sphere_volume_uncertainty(number("diameter in mm", diameter_mm), u)
    return VolumeUncertainty(diameter_uncertainty_mm=u, relative=relative, advisories=_large(volume=relative))


def ellipsoid_volume_uncertainty(
    diameters_mm: Sequence[float], *, voxel_size_mm: float, fwhm_mm: float
) -> VolumeUncertainty:
    """An ellipsoid of three diameters measured independently: `u(v)/v = sqrt(sum (u(d_i)/d_i)^2)`.

    Raises `OutOfRangeError` as `sphere_volume_uncertainty`, `ShapeError` for other than three diameters.
    """
    u = _core.diameter_uncertainty_mm(number("voxel size in mm", voxel_size_mm), number("FWHM in mm", fwhm_mm))
    diameters = [number("diameter in mm", d) for d in diameters_mm]
    if len(diameters) != 3:
        raise ShapeError(f"diameters in mm must be three, got {len(diameters)}")
    relative = _core.ellipsoid_volume_uncertainty(diameters, u)
    return VolumeUncertainty(diameter_uncertainty_mm=u, relative=relative, advisories=_large(volume=relative))


def count_edge_factor(*, radius_mm: float, fwhm_mm: float) -> float:
    """Edge factor `phi` of the counts in a uniform ball: `u(C)/C = phi/(2R) u(v)/v`.

    `phi = erf(2r/(s sqrt 2)) - 2s/(r sqrt(2 pi)) (1 - e^(-2r^2/s^2))` with `s = FWHM / 2.3548`: twice the density at
    the edge by that of the unblurred ball. 1 for a large ball, 0 for a small one. Raises `OutOfRangeError`.
    """
    return _core.count_edge_factor(number("radius in mm", radius_mm), number("FWHM in mm", fwhm_mm))


def combined_uncertainty(relative: Sequence[float]) -> float:
    """Independent relative uncertainties in quadrature. Raises `OutOfRangeError` where one is negative."""
    return _core.combined_uncertainty([number("relative uncertainty", u) for u in relative])


def dose_uncertainty(
    volume_ml: float,
    *,
    volume_uncertainty: float,
    fwhm_mm: float,
    recovery: RecoveryCurve,
    calibration_uncertainty: float,
    half_life_uncertainty: float = 0.001,
) -> DoseUncertainty:
    """The chain volume -> counts and recovery -> activity -> time-integrated activity -> dose, for a ball.

    One image and physical decay, so no curve fit. The volume enters counts (`phi/2R`), recovery and S value (`1/v`);
    their correlations are kept, the last one being negative: a volume drawn too large gets too much activity, but
    spreads it over too much mass. `half_life_uncertainty` is that of Y-90, 0.1 %.

    Raises `OutOfRangeError` for what is negative or not finite. Advises `large_uncertainty` above 0.30.
    """
    u_volume = number("relative uncertainty of the volume", volume_uncertainty)
    count_rate, recovered, activity, integrated, s_value, dose = _core.dose_uncertainty(
        number("volume in mL", volume_ml),
        u_volume,
        number("FWHM in mm", fwhm_mm),
        recovery._numbers(),
        number("relative uncertainty of the calibration", calibration_uncertainty),
        number("relative uncertainty of the half-life", half_life_uncertainty),
    )
    found = _large(volume=u_volume, dose=dose)
    return DoseUncertainty(
        volume=u_volume,
        count_rate=count_rate,
        recovery=recovered,
        activity=activity,
        time_integrated_activity=integrated,
        s_value=s_value,
        absorbed_dose=dose,
        advisories=found,
    )


def partition_uncertainty(
    *,
    lung_shunt_fraction: float,
    tumor_mass_kg: float,
    normal_mass_kg: float,
    tumor_to_normal_ratio: float,
    activity_uncertainty: float,
    lung_shunt_uncertainty: float,
    tumor_mass_uncertainty: float,
    normal_mass_uncertainty: float,
    ratio_uncertainty: float,
    lung_mass_uncertainty: float = 0.0,
    mass_ratio_correlation: float = 0.0,
) -> PartitionUncertainty:
    """First-order uncertainty of the partition model with one tumor.

    With `W = m_N + r m_T`: `d ln D_T` is 1 for A, -L/(1-L) for L, -r m_T/W for m_T, -m_N/W for m_N, +m_N/W for r;
    `d ln D_N` likewise but -r m_T/W for r; the lung dose goes with A, L and 1/m_lung. `mass_ratio_correlation` is that
    of tumor mass and ratio: near -1 where the ratio was found as counts divided by the tumor mass.

    Raises `OutOfRangeError` for what is outside its domain. Advises `large_uncertainty` for an input above 0.30.
    """
    inputs = {
        "activity": activity_uncertainty,
        "lung_shunt_fraction": lung_shunt_uncertainty,
        "tumor_mass": tumor_mass_uncertainty,
        "normal_mass": normal_mass_uncertainty,
        "tumor_to_normal_ratio": ratio_uncertainty,
    }
    relative = {name: number(f"relative uncertainty of {name}", u) for name, u in inputs.items()}
    lung_mass = number("relative uncertainty of the lung mass", lung_mass_uncertainty)
    tumor, normal, doses = _core.partition_uncertainty(
        number("lung shunt fraction", lung_shunt_fraction),
        [number("tumor mass in kg", tumor_mass_kg), number("normal liver mass in kg", normal_mass_kg)],
        number("tumor-to-normal ratio", tumor_to_normal_ratio),
        list(relative.values()),
        lung_mass,
        number("correlation of tumor mass and ratio", mass_ratio_correlation),
    )
    return PartitionUncertainty(
        tumor_dose=doses[0],
        normal_dose=doses[1],
        lung_dose=doses[2],
        tumor_sensitivity=dict(zip(relative, tumor, strict=True)),
        normal_sensitivity=dict(zip(relative, normal, strict=True)),
        advisories=_large(**relative, lung_mass=lung_mass),
    )


def _large(**relative: float) -> tuple[Advisory, ...]:
    return tuple(
        advisory
        for name, u in relative.items()
        for advisory in advise_if("large_uncertainty", quantity=name.replace("_", " "), relative_uncertainty=u)
    )
