"""Records of decay data and beta spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._foundation.choices import ISOTOPES, IsotopeName
from ...kernels import decay_data
from ...reference import beta_spectrum as reference
from ...reference import photon_dose as photons
from .._record import Record, in_room

_kernels = in_room("kernels")


def _branches(isotope: IsotopeName) -> tuple[list[reference.Branch], int, int]:
    """Normalize the branches to one beta particle per decay, and read the daughter's charge and the mass number."""
    data = decay_data(isotope)
    per_decay = sum(branch.probability for branch in data.branches)
    branches: list[reference.Branch] = [
        (branch.endpoint_mev, branch.probability / per_decay, branch.shape) for branch in data.branches
    ]
    return branches, data.daughter_charge, data.mass_number


def _spectrum(energies_mev: NDArray[np.float64], isotope: IsotopeName) -> NDArray[np.float64]:
    return reference.beta_spectrum(energies_mev, *_branches(isotope))


def _mean(isotope: IsotopeName) -> dict[str, Any]:
    return {"beta_mev": reference.mean_beta_energy_mev(*_branches(isotope))}


def _lines(isotope: IsotopeName) -> list[photons.Line]:
    return [(line.probability, line.energy_mev) for line in decay_data(isotope).photon_lines]


def _photon_dose(radii_mm: NDArray[np.float64], isotope: IsotopeName) -> NDArray[np.float64]:
    return photons.photon_dose(radii_mm, _lines(isotope))


def _photon_dose_factor(mass_kg: float, isotope: IsotopeName) -> float:
    return photons.photon_dose_factor(mass_kg, _lines(isotope), decay_data(isotope).half_life_h)


def records() -> tuple[Record, ...]:
    """List the records of this file."""
    isotopes = list(ISOTOPES)
    energies = np.linspace(0.0, 2.3, 47)
    return (
        _kernels("decay_data", {"isotope": isotopes}, {"beta_mev": "beta_mev"}, relative=1e-6, reference=_mean),
        _kernels(
            "beta_spectrum",
            {"energies_mev": energies, "isotope": isotopes},
            {"density": ""},
            relative=1e-5,
            of_maximum=1e-9,
            reference=_spectrum,
        ),
        _kernels(
            "energy_absorption_cm2_per_g",
            {"energies_mev": [np.linspace(0.03, 2.0, 50)]},
            {"coefficient_cm2_per_g": ""},
            relative=1e-8,
            reference=photons.energy_absorption_cm2_per_g,
        ),
        _kernels(
            "photon_dose",
            {"radii_mm": [np.array([5.0, 20.0, 100.0])], "isotope": isotopes},
            {"dose_gy": ""},
            relative=1e-8,
            reference=_photon_dose,
        ),
        _kernels(
            "photon_dose_factor",
            {"mass_kg": [1e-3, 1.8], "isotope": isotopes},
            {"dose_factor_gy_kg_per_gbq": ""},
            relative=1e-5,
            reference=_photon_dose_factor,
        ),
    )
