"""Decay data and beta spectra of the isotopes in use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

import yttria._core as _core

from .._foundation.choices import ISOTOPES, IsotopeName, SpectrumShape
from .._foundation.numbers import one_of
from ..errors import OutOfRangeError


@dataclass(frozen=True, kw_only=True)
class BetaBranch:
    """One beta transition.

    Parameters
    ----------
    endpoint_mev : float
        Largest kinetic energy in MeV.
    probability : float
        Probability per decay, at most 1.
    shape : {"allowed", "unique"}
        Shape factor. "allowed" is 1, also for non-unique first-forbidden transitions; "unique" is that of unique
        first-forbidden ones.
    """

    endpoint_mev: float
    probability: float
    shape: SpectrumShape


@dataclass(frozen=True, kw_only=True)
class PhotonLine:
    """Photons of one energy.

    Parameters
    ----------
    energy_mev : float
        Energy in MeV.
    probability : float
        Photons per decay.
    """

    energy_mev: float
    probability: float


@dataclass(frozen=True, kw_only=True)
class DecayData:
    """Half-life, beta branches and mean energies per decay of an isotope.

    Parameters
    ----------
    isotope : str
        Name, such as "Ho-166".
    half_life_h : float
        Half-life in h.
    daughter_charge, mass_number : int
        Atomic number of the daughter, and mass number.
    branches : tuple of BetaBranch
        Beta branches of at least 1e-4 per decay.
    beta_mev : float
        Mean energy of the beta particles in MeV per decay, from the spectra by Fermi's theory.
    conversion_mev : float
        Energy of conversion electrons in MeV per decay.
    relaxation_mev : float
        Energy of Auger electrons and soft X-rays in MeV per decay.
    photon_mev : float
        Energy of gamma rays and K X-rays in MeV per decay. No dose includes it; `photon_dose` estimates its dose.
    photon_lines : tuple of PhotonLine
        Its lines: K X-rays at their mean energy, gamma rays of converted transitions, and all others at 1 MeV.
    source : str
        Keys of `yttria.sources`.
    """

    isotope: IsotopeName
    half_life_h: float
    daughter_charge: int
    mass_number: int
    branches: tuple[BetaBranch, ...]
    beta_mev: float
    conversion_mev: float
    relaxation_mev: float
    photon_mev: float
    photon_lines: tuple[PhotonLine, ...]
    source: str

    @property
    def electron_mev(self) -> float:
        """Energy in MeV per decay that electrons deposit.

        Returns
        -------
        float
            `beta_mev + conversion_mev + relaxation_mev`.

        Examples
        --------
        >>> round(decay_data("P-32").electron_mev, 3)
        0.695
        """
        return self.beta_mev + self.conversion_mev + self.relaxation_mev


def decay_data(isotope: IsotopeName) -> DecayData:
    """Look up the decay data of an isotope, with mean energies from its own beta spectra.

    Parameters
    ----------
    isotope : {"Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"}
        Name; hyphens and underscores are the same.

    Returns
    -------
    DecayData
        Half-life in h, branches, energies in MeV per decay.

    Raises
    ------
    UnknownNameError
        If there is no such isotope.

    References
    ----------
    ensdf, bearden1967, bambynek1972

    Examples
    --------
    >>> data = decay_data("Ho-166")
    >>> data.half_life_h, round(data.beta_mev, 3), round(data.conversion_mev, 3)
    (26.824, 0.662, 0.027)
    """
    name = one_of("isotope", isotope, ISOTOPES)
    half_life_h, (charge, mass_number), branches, energies, lines = _core._decay_data(name)
    beta, conversion, relaxation, photon = energies
    return DecayData(
        isotope=name,
        half_life_h=half_life_h,
        daughter_charge=charge,
        mass_number=mass_number,
        branches=tuple(BetaBranch(endpoint_mev=e, probability=p, shape=shape) for e, p, shape in branches),
        beta_mev=beta,
        conversion_mev=conversion,
        relaxation_mev=relaxation,
        photon_mev=photon,
        photon_lines=tuple(PhotonLine(energy_mev=e, probability=p) for p, e in lines),
        source="ensdf, bearden1967, bambynek1972",
    )


def beta_spectrum(energies_mev: ArrayLike, *, isotope: IsotopeName) -> NDArray[np.float64]:
    """Compute the spectrum of the beta particles of an isotope by Fermi's theory.

    Parameters
    ----------
    energies_mev : array_like of one axis
        Kinetic energies in MeV, each finite and at least 0.
    isotope : {"Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"}
        Name; hyphens and underscores are the same.

    Returns
    -------
    float64 array
        Beta particles per decay and MeV at each energy; 0 beyond the end points. The integral is 1.

    Raises
    ------
    UnknownNameError
        If there is no such isotope.
    OutOfRangeError
        If an energy is negative or not finite, or the array does not have one axis.

    Notes
    -----
    `dN/dW = p W q^2 F0 L0 C` with the total energy `W`, the momentum `p`, the neutrino's energy `q`, the function `F0`
    of a point charge, the correction `L0` for a uniformly charged sphere, and the shape factor `C`. `C` is 1, or
    `q^2 + lambda p^2` with `lambda = F1 / F0` for unique first-forbidden branches. For screening, `p W F0` is evaluated
    at an energy that is lower by `1.13 alpha^2 (Z - 1)^(4/3)` electron masses. Radiative corrections and the exchange
    with bound electrons are left out.

    References
    ----------
    behrens1969, wilkinson1990, rose1936

    Examples
    --------
    >>> density = beta_spectrum([0.5, 1.0, 2.0], isotope="P-32")
    >>> density.shape, float(density[2])
    ((3,), 0.0)
    """
    name = one_of("isotope", isotope, ISOTOPES)
    energies = np.ascontiguousarray(energies_mev, dtype=np.float64)
    if energies.ndim != 1 or not np.all(np.isfinite(energies) & (energies >= 0.0)):
        raise OutOfRangeError("energies in MeV must be finite and >= 0, in an array of one axis")
    return _core._beta_spectrum(name, energies)
