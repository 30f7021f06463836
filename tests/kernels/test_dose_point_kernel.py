"""Tests of the dose point kernel tables for energy, radii, escaping energy, and write protection."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from measured_figures import Measured

from yttria import dose_point_kernel, media
from yttria._foundation.choices import MediumName
from yttria.errors import UnknownNameError
from yttria.kernels import decay_data

NAMES = [each.name for each in media()]
#: EGSnrc's tables among the test data, by medium.
EGSNRC: dict[MediumName, str] = {
    "water": "water",
    "soft_tissue": "soft_tissue_104",
    "liver": "liver_106",
    "lung": "lung_026",
    "bone": "cortical_bone_192",
}


def test_media_have_their_densities() -> None:
    densities = {each.name: each.density_g_per_ml for each in media()}
    assert densities == {"water": 1.0, "soft_tissue": 1.04, "liver": 1.06, "lung": 0.26, "bone": 1.92}


@pytest.mark.claim("kernel_tables_whole")
@pytest.mark.parametrize("medium", media(), ids=NAMES)
def test_the_energy_is_that_of_the_spectrum_less_escaping_bremsstrahlung(medium, measured: Measured) -> None:
    kernel = dose_point_kernel(medium.name)
    assert kernel.density_g_per_ml == medium.density_g_per_ml
    assert kernel.emitted_mev == pytest.approx(decay_data("Y-90").electron_mev, rel=2e-6)
    # Bremsstrahlung above 20 keV leaves the table; electrons do not.
    leaves = 1 - kernel.energy_mev.sum() / kernel.emitted_mev
    assert leaves == pytest.approx(medium.energy_beyond_fraction, rel=1e-3)
    inside = np.interp(medium.support_mm, kernel.edge_mm, np.append(0.0, kernel.energy_mev.cumsum()))
    measured(f"energy beyond the support, {medium.name}", 100 * (1 - inside / kernel.emitted_mev), "%")
    assert 1 - inside / kernel.emitted_mev == pytest.approx(medium.energy_beyond_fraction, rel=1e-9)
    assert medium.support_mm * medium.density_g_per_ml == pytest.approx(12.0)
    assert medium.energy_beyond_fraction == pytest.approx(0.0069 if medium.name == "bone" else 0.0041, abs=1e-4)


@pytest.mark.claim("kernel_tables_whole")
def test_radii_of_half_and_most_of_the_energy_in_water_are_those_of_egsnrc(measured: Measured) -> None:
    kernel = dose_point_kernel("water")
    cumulative = np.append(0.0, kernel.energy_mev.cumsum()) / kernel.emitted_mev
    x50, x90, x99 = np.interp([0.5, 0.9, 0.99], cumulative, kernel.edge_mm)
    for name, radius in (("X50", x50), ("X90", x90), ("X99", x99)):
        measured(f"{name} of water", radius, "mm", digits=4)
    # EGSnrc with the spectrum of ICRP Publication 107.
    assert x50 == pytest.approx(2.345, rel=2e-3)
    assert x90 == pytest.approx(5.432, rel=2e-3)
    assert x99 == pytest.approx(8.095, rel=3e-3)
    assert kernel.energy_mev[0] / kernel.edge_mm[1] == pytest.approx(0.204, rel=1e-2)


@pytest.mark.claim("kernel_follows_egsnrc")
@pytest.mark.parametrize(("medium", "table"), EGSNRC.items())
def test_energy_by_radius_is_that_of_egsnrc(
    shared_data: Path, medium: MediumName, table: str, measured: Measured
) -> None:
    """Fraction of the emitted energy within any radius, against another code with another spectrum."""
    rows = np.loadtxt(shared_data / f"kernels/dose_point_kernel_y90_{table}.csv", delimiter=",", skiprows=5)
    theirs = np.append(0.0, rows[:, 2].cumsum()) / 0.932968
    kernel = dose_point_kernel(medium)
    ours = np.append(0.0, kernel.energy_mev.cumsum()) / kernel.emitted_mev
    radius_mm = np.linspace(0.0, 12.0 / kernel.density_g_per_ml, 2001)
    difference = np.interp(radius_mm, kernel.edge_mm, ours) - np.interp(radius_mm, np.append(0.0, rows[:, 1]), theirs)
    measured(f"largest difference, {medium}", 100 * np.abs(difference).max(), "% of the energy")
    assert np.abs(difference).max() < 2e-3


@pytest.mark.parametrize(
    ("medium", "eta"), [("soft_tissue", 0.9884), ("liver", 0.9881), ("lung", 0.9897), ("bone", 0.9503)]
)
def test_ranges_in_other_media_follow_mass_thickness(medium: str, eta: float) -> None:
    """Half of the energy within r of water, within r / (rho eta) of another medium: eta differs from 1 by its atoms."""

    def half_g_per_cm2(name: str) -> float:
        kernel = dose_point_kernel(name)
        cumulative = np.append(0.0, kernel.energy_mev.cumsum()) / kernel.emitted_mev
        return float(np.interp(0.5, cumulative, kernel.edge_mm)) * kernel.density_g_per_ml / 10

    assert half_g_per_cm2("water") / half_g_per_cm2(medium) == pytest.approx(eta, abs=5e-4)


@pytest.mark.parametrize("name", NAMES)
def test_shells_touch_and_cannot_be_changed(name: str) -> None:
    kernel = dose_point_kernel(name)
    assert kernel.edge_mm[0] == 0.0
    assert np.all(np.diff(kernel.edge_mm) > 0)
    assert len(kernel.edge_mm) == len(kernel.energy_mev) + 1
    for one in (kernel, pickle.loads(pickle.dumps(kernel))):
        for array in (one.edge_mm, one.energy_mev):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1.0
            with pytest.raises(ValueError, match="WRITEABLE"):
                array.flags.writeable = True
    assert "Fermi's theory" in kernel.source


@pytest.mark.parametrize("name", ["", "Water", "tissue", "water\0", "水" * 1000])
def test_an_unknown_medium_names_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownNameError, match="water, soft_tissue, liver, lung, bone"):
        dose_point_kernel(name)
