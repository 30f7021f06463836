"""Estimate of the dose of photons, which travel beyond the range of the electrons."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._foundation.choices import IsotopeName
from .._foundation.numbers import number
from ..errors import OutOfRangeError
from .decay_data import decay_data

#: Electron's rest energy in MeV, classical electron radius squared in cm2, electrons per g of water.
_REST_MEV, _RADIUS2_CM2, _ELECTRONS_PER_G = 0.510_998_95, 7.940_787e-26, 3.3428e23
#: Photoelectric absorption of water at 0.1 MeV in cm2/g, and the power of the energy (elam2002).
_PHOTOELECTRIC_CM2_PER_G, _PHOTOELECTRIC_POWER = 0.002_76, -3.29
#: Dose in Gy of 1 MeV in 1 g (bipm2019).
_GY_G_PER_MEV = 1.602_176_634e-10


def energy_absorption_cm2_per_g(energies_mev: ArrayLike) -> NDArray[np.float64]:
    """Compute the mass energy-absorption coefficient of water for photons.

    Parameters
    ----------
    energies_mev : array_like
        Photon energies in MeV, each within 0.03 to 2.

    Returns
    -------
    float64 array
        Coefficient in cm2/g at each energy.

    Raises
    ------
    OutOfRangeError
        If an energy is outside its range.

    Notes
    -----
    The sum of the energy that Compton scattering transfers, by the integrated cross section of Klein and Nishina for
    free electrons, and of photoelectric absorption, a power of the energy. Fluorescence and bremsstrahlung, which leave
    less than 1 % of this energy elsewhere, are neglected.

    References
    ----------
    kleinnishina1929, elam2002

    Examples
    --------
    >>> energy_absorption_cm2_per_g([0.1, 1.0]).round(4).tolist()
    [0.0255, 0.0311]
    """
    energies = np.asarray(energies_mev, np.float64)
    if not ((energies >= 0.03) & (energies <= 2.0)).all():
        raise OutOfRangeError(f"photon energies in MeV must be within 0.03 to 2, got {energies_mev!r:.80}")
    a = energies / _REST_MEV
    b = 1.0 + 2.0 * a
    compton = (
        2.0
        * math.pi
        * _RADIUS2_CM2
        * _ELECTRONS_PER_G
        * (
            2.0 * (1.0 + a) ** 2 / (a**2 * b)
            - (1.0 + 3.0 * a) / b**2
            - (1.0 + a) * (2.0 * a**2 - 2.0 * a - 1.0) / (a**2 * b**2)
            - 4.0 * a**2 / (3.0 * b**3)
            - ((1.0 + a) / a**3 - 1.0 / (2.0 * a) + 1.0 / (2.0 * a**3)) * np.log(b)
        )
    )
    return np.asarray(compton + _PHOTOELECTRIC_CM2_PER_G * (energies / 0.1) ** _PHOTOELECTRIC_POWER)


def photon_dose(radii_mm: ArrayLike, *, isotope: IsotopeName) -> NDArray[np.float64]:
    """Estimate the dose that the photons of one decay leave in water at a distance, without attenuation.

    Parameters
    ----------
    radii_mm : array_like
        Distances in mm, each finite and above 0.
    isotope : {"Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"}
        Name; hyphens and underscores are the same.

    Returns
    -------
    float64 array
        Dose in Gy per decay at each distance. It is 0 for isotopes without photons.

    Raises
    ------
    OutOfRangeError
        If a distance is outside its range.
    UnknownNameError
        If there is no such isotope.

    Notes
    -----
    `D(r) = sum_n p_n E_n (mu_en/rho)_n / (4 pi r^2)` over the lines of the isotope. Attenuation and scattered photons,
    which compensate each other in part, are left out. The transport of photons in water gives 0.7 to 1.8 times the
    estimate of a gamma line within 20 cm. Use the estimate beyond the range of the electrons, to see what the doses of
    this package leave out. Bremsstrahlung is not in it.

    Examples
    --------
    >>> ratio = photon_dose([30.0, 60.0], isotope="Ho-166")
    >>> round(float(ratio[0] / ratio[1]), 6)
    4.0
    """
    radii = np.asarray(radii_mm, np.float64)
    if not (np.isfinite(radii) & (radii > 0.0)).all():
        raise OutOfRangeError(f"radii in mm must be finite and > 0, got {radii_mm!r:.80}")
    per_cm2_g = sum(mev * coefficient for mev, coefficient in _absorbed(isotope))
    return np.asarray(_GY_G_PER_MEV * per_cm2_g / (4.0 * math.pi * (radii / 10.0) ** 2))


def photon_dose_factor(mass_kg: float, *, isotope: IsotopeName) -> float:
    """Estimate what photons add to the dose factor of an organ, a sphere of water with uniform activity.

    Parameters
    ----------
    mass_kg : float
        Mass in kg, within 1e-6 to 10.
    isotope : {"Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"}
        Name; hyphens and underscores are the same.

    Returns
    -------
    float
        Gy kg/GBq, to compare with `Nuclide.dose_factor_gy_kg_per_gbq`.

    Raises
    ------
    OutOfRangeError
        If the mass is outside its range.
    UnknownNameError
        If there is no such isotope.

    Notes
    -----
    Without attenuation a photon travels three quarters of the radius R on average before it leaves the sphere, so
    that the absorbed fraction is `3 R (mu_en/rho) rho / 4`. The transport of photons in water gives 1.0 to 1.3 times
    the estimate for Ho-166 in spheres of up to 2 kg, because it counts scattered photons.

    Examples
    --------
    >>> from yttria import Nuclide
    >>> share = photon_dose_factor(1.8, isotope="Ho-166") / Nuclide("HO166").dose_factor_gy_kg_per_gbq
    >>> round(share, 3)
    0.007
    """
    mass = number("mass_kg", mass_kg)
    if not 1e-6 <= mass <= 10.0:
        raise OutOfRangeError(f"mass_kg must be within 1e-6 to 10 kg, got {mass:g} kg")
    radius_cm = (3.0 * mass * 1000.0 / (4.0 * math.pi)) ** (1.0 / 3.0)
    absorbed_mev = 0.75 * radius_cm * sum(mev * coefficient for mev, coefficient in _absorbed(isotope))
    decays_per_gbq = 1e9 * decay_data(isotope).half_life_h * 3600.0 / math.log(2.0)
    return float(decays_per_gbq * absorbed_mev * _GY_G_PER_MEV / 1000.0)


def _absorbed(isotope: IsotopeName) -> list[tuple[float, float]]:
    """Energy in MeV per decay of each line with its coefficient in cm2/g."""
    lines = [(line.probability * line.energy_mev, line.energy_mev) for line in decay_data(isotope).photon_lines]
    return [(mev, float(energy_absorption_cm2_per_g(energy))) for mev, energy in lines]
