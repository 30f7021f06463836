"""The estimate of the dose of photons, compared with their transport in water."""

from __future__ import annotations

import numpy as np
import pytest
from measured_figures import Measured
from photon_transport import absorbed_mev

from yttria import Nuclide
from yttria.errors import OutOfRangeError
from yttria.kernels import decay_data, energy_absorption_cm2_per_g, photon_dose, photon_dose_factor

EDGES_CM = np.array([0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0])


@pytest.mark.parametrize("isotope", ["Ho-166", "Re-188", "Lu-177", "I-131"])
def test_lines_carry_the_energy_of_all_photons(isotope: str) -> None:
    data = decay_data(isotope)  # type: ignore[arg-type]
    lines_mev = sum(line.energy_mev * line.probability for line in data.photon_lines)
    # The evaluation rounds the energy of all gamma rays.
    assert lines_mev == pytest.approx(data.photon_mev, rel=2e-4)


@pytest.mark.parametrize("isotope", ["Y-90", "P-32"])
def test_isotopes_without_photons_have_no_photon_dose(isotope: str) -> None:
    assert decay_data(isotope).photon_lines == ()  # type: ignore[arg-type]
    assert photon_dose([10.0], isotope=isotope).tolist() == [0.0]  # type: ignore[arg-type]
    assert photon_dose_factor(1.0, isotope=isotope) == 0.0  # type: ignore[arg-type]


@pytest.mark.claim("photons_of_holmium")
def test_dose_of_photons_is_within_the_stated_factors_of_their_transport(measured: Measured) -> None:
    # 50 keV is the mean of the K X-rays; the others are the gamma rays of Ho-166 and Re-188.
    for energy in (0.0502, 0.080576, 0.155044, 1.379437):
        absorbed = absorbed_mev(energy, EDGES_CM, 40_000, seed=90)
        free = energy * energy_absorption_cm2_per_g(energy) * np.diff(EDGES_CM)
        ratio = absorbed / free
        low, high = (0.45, 1.9) if energy < 0.06 else (0.65, 1.9)
        assert ratio.min() > low, energy
        assert ratio.max() < high, energy
        measured(f"transport over estimate, least, {energy * 1e3:.0f} keV", float(ratio.min()), "", digits=2)
        measured(f"transport over estimate, largest, {energy * 1e3:.0f} keV", float(ratio.max()), "", digits=2)


@pytest.mark.claim("photons_of_holmium")
def test_photons_of_holmium_add_under_one_percent_to_the_dose_of_a_liver(measured: Measured) -> None:
    mass_kg = 1.8
    radius_cm = (3.0 * mass_kg * 1e3 / (4.0 * np.pi)) ** (1.0 / 3.0)
    data, inside = decay_data("Ho-166"), np.array([0.0, radius_cm])
    absorbed = sum(
        line.probability * float(absorbed_mev(line.energy_mev, inside, 40_000, 90, source_radius_cm=radius_cm)[0])
        for line in data.photon_lines
    )
    share = absorbed / data.electron_mev
    estimate = photon_dose_factor(mass_kg, isotope="Ho-166") / Nuclide("HO166").dose_factor_gy_kg_per_gbq
    measured("photons over electrons, 1.8 kg, transport", 100 * share, "%", digits=2)
    measured("photons over electrons, 1.8 kg, estimate", 100 * estimate, "%", digits=2)
    assert 1.0 < share / estimate < 1.3
    assert share < 0.01


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan, np.inf])
def test_radius_must_be_a_positive_number(radius: float) -> None:
    with pytest.raises(OutOfRangeError, match="radii in mm must be finite and > 0"):
        photon_dose([10.0, radius], isotope="Ho-166")


def test_energies_and_masses_outside_their_range_are_refused() -> None:
    with pytest.raises(OutOfRangeError, match=r"photon energies in MeV must be within 0.03 to 2"):
        energy_absorption_cm2_per_g(0.01)
    with pytest.raises(OutOfRangeError, match="mass_kg must be within"):
        photon_dose_factor(0.0, isotope="Ho-166")
