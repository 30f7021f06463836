"""Standard uncertainties of a mean absorbed dose, to first order as in the GUM (gear2018).

Every uncertainty is a relative standard uncertainty (coverage factor 1, a fraction) unless its name ends in a unit.
The sensitivities of the partition model are derived here and checked numerically in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yttria._core as _core

from .._foundation.numbers import number
from ..advisory import Advisory
from .recovery import RecoveryCurve
from .volume_uncertainty import large_uncertainty


@dataclass(frozen=True, kw_only=True)
class DoseUncertainty:
    """Relative standard uncertainties of each quantity between the volume and the mean absorbed dose.

    Parameters
    ----------
    volume, count_rate, recovery, activity, time_integrated_activity, s_value, absorbed_dose : float
        Relative standard uncertainty of each quantity.
    advisories : tuple of Advisory
        `large_uncertainty` if the first order may not be accurate.
    """

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
    """Uncertainties of the doses of the partition model.

    Parameters
    ----------
    tumor_dose, normal_dose, lung_dose : float
        Relative standard uncertainty of each dose.
    tumor_sensitivity, normal_sensitivity : mapping of str to float
        `d ln dose / d ln quantity` of each input.
    advisories : tuple of Advisory
        `large_uncertainty` for each input above 0.30.
    """

    tumor_dose: float
    normal_dose: float
    lung_dose: float
    tumor_sensitivity: Mapping[str, float]
    normal_sensitivity: Mapping[str, float]
    advisories: tuple[Advisory, ...] = ()


def combined_uncertainty(relative: Sequence[float]) -> float:
    """Add independent relative uncertainties in quadrature.

    Parameters
    ----------
    relative : sequence of float
        Relative standard uncertainties, at least 0.

    Returns
    -------
    float
        Square root of the sum of their squares.

    Raises
    ------
    OutOfRangeError
        If an uncertainty is negative or not finite.

    Examples
    --------
    >>> round(combined_uncertainty([0.03, 0.04]), 6)
    0.05
    """
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
    """Compute the uncertainty of the mean absorbed dose of a ball from one image.

    Parameters
    ----------
    volume_ml : float
        Volume in mL, positive.
    volume_uncertainty : float
        Relative standard uncertainty of the volume, at least 0.
    fwhm_mm : float
        Full width at half maximum of the point spread function in mm.
    recovery : RecoveryCurve
        Recovery coefficient against volume.
    calibration_uncertainty : float
        Relative standard uncertainty of the calibration factor, at least 0.
    half_life_uncertainty : float
        Relative standard uncertainty of the half-life. The default of 0.001 is that of yttrium-90.

    Returns
    -------
    DoseUncertainty
        Relative standard uncertainties of each quantity of the chain.

    Raises
    ------
    OutOfRangeError
        If a number is negative or not finite.

    Warns
    -----
    large_uncertainty
        If the relative uncertainty of the volume or of the dose is above 0.30.

    Notes
    -----
    The chain is volume, counts and recovery, activity, time-integrated activity, and dose. Decay is physical, so that
    no curve is fitted. The volume enters the counts (`phi / 2R`), the recovery and the S value (`1 / v`). Their
    correlations are kept. The correlation with the S value is negative, because a volume drawn too large contains too
    much activity and too much mass.

    References
    ----------
    gear2018

    Examples
    --------
    >>> curve = RecoveryCurve(b1_ml=2.0, b2=0.8)
    >>> u = dose_uncertainty(
    ...     14.0, volume_uncertainty=0.2, fwhm_mm=6.0, recovery=curve, calibration_uncertainty=0.05
    ... )
    >>> round(u.absorbed_dose, 3)
    0.133
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
    found = large_uncertainty(volume=u_volume, dose=dose)
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
    """Compute the uncertainty of the doses of the partition model with one tumor, to first order.

    Parameters
    ----------
    lung_shunt_fraction : float
        Lung shunt L as a fraction.
    tumor_mass_kg, normal_mass_kg : float
        Masses of tumor and perfused normal liver in kg, positive.
    tumor_to_normal_ratio : float
        Ratio r of activity concentrations, positive.
    activity_uncertainty, lung_shunt_uncertainty, tumor_mass_uncertainty, normal_mass_uncertainty : float
        Relative standard uncertainty of each input, at least 0.
    ratio_uncertainty, lung_mass_uncertainty : float
        Relative standard uncertainty of the ratio and of the lung mass, at least 0.
    mass_ratio_correlation : float
        Correlation of tumor mass and ratio, within [-1, 1]. It is near -1 if the ratio was found as counts divided by
        the tumor mass.

    Returns
    -------
    PartitionUncertainty
        Relative standard uncertainties of the three doses, and the sensitivities.

    Raises
    ------
    OutOfRangeError
        If a number is outside its domain.

    Warns
    -----
    large_uncertainty
        For each input above 0.30.

    Notes
    -----
    Let `W = m_N + r m_T`. The sensitivities of the tumor dose are 1 for A, `-L / (1 - L)` for L, `-r m_T / W` for m_T,
    `-m_N / W` for m_N and `m_N / W` for r. Those of the normal liver differ only for r, with `-r m_T / W`. The lung
    dose depends on A, L and the lung mass.

    Examples
    --------
    >>> u = partition_uncertainty(
    ...     lung_shunt_fraction=0.05,
    ...     tumor_mass_kg=0.3,
    ...     normal_mass_kg=1.2,
    ...     tumor_to_normal_ratio=4.0,
    ...     activity_uncertainty=0.05,
    ...     lung_shunt_uncertainty=0.2,
    ...     tumor_mass_uncertainty=0.1,
    ...     normal_mass_uncertainty=0.05,
    ...     ratio_uncertainty=0.2,
    ... )
    >>> round(u.tumor_dose, 3), round(u.lung_dose, 3)
    (0.125, 0.206)
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
        advisories=large_uncertainty(**relative, lung_mass=lung_mass),
    )
