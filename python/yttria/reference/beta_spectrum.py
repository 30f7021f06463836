"""Beta spectra by Fermi's theory, as their definition."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .quadrature import gauss_legendre

ELECTRON_MEV = 0.510_998_95
FINE_STRUCTURE = 7.297_352_569_3e-3
#: Radius of the nucleus over that of the electron's Compton wave: `1.2 fm A^(1/3) / 386.159 fm`.
RADIUS_FM, COMPTON_FM = 1.2, 386.159_267_96
#: Rose's shift of the energy by the screening electrons, `1.13 alpha^2 Z_parent^(4/3)` of `mc^2`.
SCREENING = 1.13

#: End point in MeV, probability per decay, and "allowed" or "unique".
Branch = tuple[float, float, str]


def ln_gamma(z: NDArray[np.complexfloating[Any, Any]]) -> NDArray[np.complex128]:
    """Logarithm of the gamma function for a positive real part.

    Binet's second formula, `(z - 1/2) ln z - z + ln(2 pi)/2 + 2 Int arctan(t / z) / (e^(2 pi t) - 1) dt`, is used. The
    trapezoid rule is in `t = s^2`, after the recurrence has increased the argument by 8.
    """
    shifted = z + 8.0
    s = np.linspace(0.0, 2.6, 521)[1:]
    t = s * s
    weight = 2.0 * s * (s[1] - s[0])
    binet = 2.0 * np.sum(weight * np.arctan(t / shifted[..., None]) / np.expm1(2.0 * np.pi * t), axis=-1)
    # The integrand in `s` starts with 2 s arctan(s^2 / z) / (2 pi s^2), which tends to 0: the end point adds nothing.
    high = (shifted - 0.5) * np.log(shifted) - shifted + 0.5 * np.log(2.0 * np.pi) + binet
    return np.asarray(high - sum(np.log(z + n) for n in range(8)))


def fermi_function(k: int, w: NDArray[np.float64], charge: int, radius: float) -> NDArray[np.float64]:
    """`F_(k-1)` of a point charge, Behrens and Jaenecke 1969: total energy `w` and radius in units of the electron.

    `k (k + g) ((2k - 1)!!)^2 4^k / 2 (2 p R)^(2 (g - k)) e^(pi y) |Gamma(g + i y)|^2 / Gamma(1 + 2 g)^2` with
    `g = sqrt(k^2 - (alpha Z)^2)` and `y = alpha Z w / p`.
    """
    p = np.sqrt(w * w - 1.0)
    g = float(np.sqrt(k * k - (FINE_STRUCTURE * charge) ** 2))
    y = FINE_STRUCTURE * charge * w / p
    odd = factorial(2 * k) // (2**k * factorial(k))
    norm = k * (k + g) * odd**2 * 4.0**k / 2.0
    gammas = 2.0 * ln_gamma(g + 1j * y).real - 2.0 * ln_gamma(np.array([1.0 + 2.0 * g + 0j])).real
    return np.asarray(norm * (2.0 * p * radius) ** (2.0 * (g - k)) * np.exp(np.pi * y + gammas))


def finite_size(w: NDArray[np.float64], charge: int, radius: float) -> NDArray[np.float64]:
    """`L0` of a uniformly charged sphere relative to the point charge, Wilkinson 1990, without its fitted remainder."""
    alpha_z = FINE_STRUCTURE * charge
    g = np.sqrt(1.0 - alpha_z**2)
    return np.asarray(
        1.0
        + 13.0 / 60.0 * alpha_z**2
        - alpha_z * w * radius * (41.0 - 26.0 * g) / (15.0 * (2.0 * g - 1.0))
        - alpha_z * radius * g * (17.0 - 2.0 * g) / (30.0 * w * (2.0 * g - 1.0))
    )


def branch_density(
    energies_mev: NDArray[np.float64], endpoint_mev: float, shape: str, charge: int, mass_number: int
) -> NDArray[np.float64]:
    """Shape of one branch, not normalized: `p w q^2 F0 L0 C`, with the daughter's charge.

    `C` is 1, also for non-unique first-forbidden branches (the xi approximation), and `q^2 + lambda p^2` for unique
    ones, with `lambda = F1 / F0`. Screening takes `p w F0` at the energy less `SCREENING alpha^2 (Z - 1)^(4/3)`, and at
    rest below it.
    """
    inside = energies_mev < endpoint_mev
    radius = RADIUS_FM * mass_number ** (1.0 / 3.0) / COMPTON_FM
    w = 1.0 + np.maximum(energies_mev, 1e-6) / ELECTRON_MEV
    shift = SCREENING * FINE_STRUCTURE**2 * (charge - 1.0) ** (4.0 / 3.0)
    screened = np.maximum(w - shift, 1.0 + 1e-6 / ELECTRON_MEV)
    q = np.maximum(endpoint_mev - energies_mev, 0.0) / ELECTRON_MEV
    wave = np.sqrt(screened**2 - 1.0) * screened * fermi_function(1, screened, charge, radius)
    factor = np.ones_like(w)
    if shape == "unique":
        ratio = fermi_function(2, w, charge, radius) / fermi_function(1, w, charge, radius)
        factor = q * q + ratio * (w * w - 1.0)
    return np.where(inside, wave * q * q * factor * finite_size(w, charge, radius), 0.0)


def beta_spectrum(
    energies_mev: ArrayLike, branches: Sequence[Branch], charge: int, mass_number: int
) -> NDArray[np.float64]:
    """Electrons per decay and MeV at kinetic energies in MeV: each branch normalized to its probability."""
    energies = np.asarray(energies_mev, dtype=np.float64)
    total = np.zeros_like(energies)
    for endpoint, probability, shape in branches:
        density = branch_density(energies, endpoint, shape, charge, mass_number)
        total += probability * density / _moment(0, endpoint, shape, charge, mass_number)
    return total


def mean_beta_energy_mev(branches: Sequence[Branch], charge: int, mass_number: int) -> float:
    """Mean energy of the beta particles per decay in MeV: the first moments of the branches."""
    return float(
        sum(
            probability
            * _moment(1, endpoint, shape, charge, mass_number)
            / _moment(0, endpoint, shape, charge, mass_number)
            for endpoint, probability, shape in branches
        )
    )


@cache
def _moment(power: int, endpoint_mev: float, shape: str, charge: int, mass_number: int) -> float:
    """`Int E^power density dE` by 200 points of Gauss in each of the parts below and above the screening shift."""
    shift = SCREENING * FINE_STRUCTURE**2 * (charge - 1.0) ** (4.0 / 3.0) * ELECTRON_MEV
    edges = [0.0, *([shift] if shift < endpoint_mev else []), endpoint_mev]
    nodes, weights = gauss_legendre(200)
    total = 0.0
    for low, high in pairwise(edges):
        e = 0.5 * (high - low) * nodes + 0.5 * (high + low)
        density = branch_density(e, endpoint_mev, shape, charge, mass_number)
        total += 0.5 * (high - low) * float(np.sum(weights * e**power * density))
    return total
