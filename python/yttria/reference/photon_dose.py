"""Dose of photons in water without attenuation, as its definition."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .quadrature import gauss_legendre

REST_MEV, RADIUS2_CM2, ELECTRONS_PER_G = 0.510_998_95, 7.940_787e-26, 3.3428e23
#: Dose in Gy of 1 MeV in 1 g.
GY_G_PER_MEV = 1.602_176_634e-10

#: Photons per decay, and their energy in MeV.
Line = tuple[float, float]


def energy_absorption_cm2_per_g(energies_mev: ArrayLike) -> NDArray[np.float64]:
    """Integrate the energy transfer of Compton scattering over all angles, and add photoelectric absorption.

    `mu_en/rho = N 2 pi Int (d sigma / d Omega) (1 - P) d cos(theta) + 0.00276 (E / 0.1 MeV)^-3.29 cm2/g` with
    `d sigma / d Omega = r^2/2 P^2 (P + 1/P - sin^2 theta)` and `P = 1 / (1 + E/mc^2 (1 - cos theta))`.
    """
    energies = np.asarray(energies_mev, np.float64)
    cosine, weight = gauss_legendre(60)
    kept = 1.0 / (1.0 + energies[..., None] / REST_MEV * (1.0 - cosine))
    per_angle = RADIUS2_CM2 / 2.0 * kept**2 * (kept + 1.0 / kept - 1.0 + cosine**2)
    compton = 2.0 * np.pi * ELECTRONS_PER_G * (per_angle * (1.0 - kept) * weight).sum(axis=-1)
    return np.asarray(compton + 0.002_76 * (energies / 0.1) ** -3.29)


def photon_dose(radii_mm: ArrayLike, lines: Sequence[Line]) -> NDArray[np.float64]:
    """Dose in Gy of one decay at a distance: fluence times energy times mass energy-absorption coefficient."""
    fluence_per_cm2 = 1.0 / (4.0 * np.pi * (np.asarray(radii_mm, np.float64) / 10.0) ** 2)
    return np.asarray(GY_G_PER_MEV * fluence_per_cm2 * _absorbed_mev_cm2_per_g(lines))


def photon_dose_factor(mass_kg: float, lines: Sequence[Line], half_life_h: float) -> float:
    """Dose factor in Gy kg/GBq of a sphere of water: the mean path to its surface times the absorption.

    From a point at the distance r of the center, the mean path over all directions is
    `L(r) = R/2 + (R^2 - r^2) / (4 r) ln((R + r) / (R - r))`; its mean over the sphere is `3 Int L(r) r^2 dr / R^3`.
    """
    radius_cm = float((3000.0 * mass_kg / (4.0 * np.pi)) ** (1.0 / 3.0))
    x, weight = gauss_legendre(400)
    r = (x + 1.0) / 2.0
    path = radius_cm * (0.5 + (1.0 - r**2) / (4.0 * r) * np.log((1.0 + r) / (1.0 - r)))
    mean_cm = 3.0 * float((path * r**2 * weight / 2.0).sum())
    decays = 1e9 * half_life_h * 3600.0 / float(np.log(2.0))
    return decays * _absorbed_mev_cm2_per_g(lines) * mean_cm * GY_G_PER_MEV / 1000.0


def _absorbed_mev_cm2_per_g(lines: Sequence[Line]) -> float:
    return sum(photons * mev * float(energy_absorption_cm2_per_g(mev)) for photons, mev in lines)
