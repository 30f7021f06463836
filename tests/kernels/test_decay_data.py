"""Decay data and beta spectra: mean energies, normalization, the Coulomb field, hostile inputs."""

from __future__ import annotations

import numpy as np
import pytest
from measured_figures import Measured

from yttria import Nuclide
from yttria._foundation.choices import ISOTOPES, IsotopeName
from yttria.errors import OutOfRangeError, UnknownNameError
from yttria.kernels import beta_spectrum, decay_data
from yttria.reference import beta_spectrum as reference

#: Mean beta energies per decay in MeV as ENSDF states them (LOGFT), for one beta particle per decay.
ENSDF_MEV: dict[IsotopeName, tuple[float, float]] = {
    "Y-90": (0.93231, 1e-3),
    # The unique branch of Ho-166 is 1.1 % below that of LOGFT; the test of the Dirac equation below decides.
    "Ho-166": (0.66501, 6e-3),
    "P-32": (0.69503, 1e-4),
    "Re-188": (0.76277, 3e-4),
    "Lu-177": (0.13364, 1e-3),
    "I-131": (0.18186, 5e-4),
}


@pytest.mark.claim("beta_spectra")
@pytest.mark.parametrize("isotope", ISOTOPES)
def test_mean_beta_energy_is_the_evaluated_one(isotope: IsotopeName, measured: Measured) -> None:
    published, relative = ENSDF_MEV[isotope]
    measured(isotope, 100.0 * (decay_data(isotope).beta_mev / published - 1.0), "%", signed=True)
    assert decay_data(isotope).beta_mev == pytest.approx(published, rel=relative)


@pytest.mark.claim("beta_spectra")
def test_mean_energy_of_yttrium_90_is_that_of_another_evaluation(measured: Measured) -> None:
    measured(
        "Y-90, against ICRP Publication 107", 100.0 * (decay_data("Y-90").beta_mev / 0.932968 - 1.0), "%", signed=True
    )
    # Only the mean is compared. The spectrum may not be distributed, and nothing is computed with it.
    assert decay_data("Y-90").beta_mev == pytest.approx(0.932968, rel=1.5e-3)


@pytest.mark.parametrize("isotope", ISOTOPES)
def test_a_spectrum_integrates_to_one_particle_and_its_mean(isotope: IsotopeName) -> None:
    data = decay_data(isotope)
    highest = max(branch.endpoint_mev for branch in data.branches)
    step = highest / 20000
    energies = (np.arange(20000) + 0.5) * step
    density = beta_spectrum(energies, isotope=isotope)
    assert np.all(density >= 0.0)
    assert density.sum() * step == pytest.approx(1.0, rel=2e-5)
    assert (density * energies).sum() * step == pytest.approx(data.beta_mev, rel=2e-5)
    assert np.all(beta_spectrum([highest, highest + 1.0], isotope=isotope) == 0.0)


def test_impossible_energies_are_refused() -> None:
    for energies in ([-0.1], [np.nan], [np.inf], [[0.1]]):
        with pytest.raises(OutOfRangeError, match="energies in MeV"):
            beta_spectrum(energies, isotope="P-32")
    with pytest.raises(UnknownNameError, match="Y-90, Ho-166"):
        decay_data("Ho-165")  # type: ignore[arg-type]


def test_gamma_function_of_the_reference_has_its_known_values() -> None:
    found = reference.ln_gamma(np.array([5.0 + 0.0j, 1.0 + 1.0j])).real
    assert found[0] == pytest.approx(np.log(24.0), abs=1e-6)
    assert 2.0 * found[1] == pytest.approx(np.log(np.pi / np.sinh(np.pi)), abs=1e-6)


@pytest.mark.claim("shape_factor_of_dirac")
@pytest.mark.parametrize(("charge", "mass_number", "within"), [(40, 90, 0.01), (68, 166, 0.015)])
def test_lambda_is_that_of_the_dirac_equation(charge: int, mass_number: int, within: float, measured: Measured) -> None:
    """The ratio F1 L1 / F0 L0 by integrating the radial Dirac equation in the field of a uniformly charged sphere."""
    integrate = pytest.importorskip("scipy.integrate")
    radius = reference.RADIUS_FM * mass_number ** (1.0 / 3.0) / reference.COMPTON_FM
    strength = reference.FINE_STRUCTURE * charge

    def potential(r: float) -> float:
        inside = (1.5 - 0.5 * (r / radius) ** 2) / radius
        return -strength * (inside if r < radius else 1.0 / r)

    def amplitude(kappa: int, w: float) -> float:
        """`alpha_kappa^2` of the solution whose current at infinity is that of a free electron, up to one factor."""
        k, p = abs(kappa), float(np.sqrt(w * w - 1.0))
        r, v = radius * 1e-3, potential(radius * 1e-3)
        small, first = r**k, r ** (k + 1) / (2 * k + 1)
        start = [small, -(w - 1.0 - v) * first] if kappa < 0 else [(w + 1.0 - v) * first, small]

        def slope(r: float, y: list[float]) -> list[float]:
            v = potential(r)
            return [
                -kappa / r * y[0] + (w + 1.0 - v) * y[1],
                kappa / r * y[1] - (w - 1.0 - v) * y[0],
            ]

        far = 120.0 / p
        solver = {"method": "DOP853", "rtol": 1e-9, "atol": 0.0}
        inner = integrate.solve_ivp(slope, (r, radius), start, **solver).y[:, -1]
        solver["atol"] = 1e-12 * abs(inner[0])
        outer = integrate.solve_ivp(slope, (radius, far), inner, dense_output=True, **solver)
        places = np.linspace(far - 16.0 * np.pi / p, far, 4000)
        large, little = outer.sol(places)
        local = strength / places
        flux = np.sqrt((w + local) ** 2 - 1.0) / p
        return float(1.0 / np.mean(flux * (large**2 / (w + 1.0 + local) + little**2 / (w - 1.0 + local))))

    for energy_mev in (0.2, 0.5, 1.0, 1.5):
        w = 1.0 + energy_mev / reference.ELECTRON_MEV
        waves = {kappa: amplitude(kappa, w) for kappa in (-1, 1, -2, 2)}
        exact = 9.0 / (w * w - 1.0) * (waves[-2] + waves[2]) / (waves[-1] + waves[1])
        at = np.array([w])
        second, first = (reference.fermi_function(k, at, charge, radius)[0] for k in (2, 1))
        measured(f"Z = {charge}", 100.0 * (second / first / exact - 1.0), "%", signed=True)
        assert second / first == pytest.approx(exact, rel=within)


def test_holmium_has_conversion_electrons_and_photons() -> None:
    data = decay_data("Ho-166")
    assert data.conversion_mev == pytest.approx(0.0272, rel=0.01)
    assert 0.002 < data.relaxation_mev < 0.005
    assert data.electron_mev == pytest.approx(data.beta_mev + data.conversion_mev + data.relaxation_mev)
    # 15.87 mJ/MBq of published work is more than its electrons can deposit, and less than all its radiation.
    published = Nuclide("HO166_15_87").mean_energy_mev
    assert data.electron_mev < published < data.electron_mev + data.photon_mev
