"""Dose point kernels and voxel S values of Ho-166, P-32 and Re-188."""

from __future__ import annotations

import numpy as np
import pytest
from measured_figures import Measured

from yttria import Nuclide, _core, dose_point_kernel, media, voxel_s_values
from yttria._foundation.choices import IsotopeName, MediumName, NuclidePreset
from yttria.kernels import decay_data

ISOTOPES: dict[IsotopeName, NuclidePreset] = {"Ho-166": "HO166", "P-32": "P32", "Re-188": "RE188"}
NAMES = [each.name for each in media()]


@pytest.mark.claim("kernels_of_isotopes")
@pytest.mark.parametrize("isotope", ISOTOPES)
@pytest.mark.parametrize("medium", NAMES)
def test_a_kernel_holds_the_energy_of_its_electrons(
    isotope: IsotopeName, medium: MediumName, measured: Measured
) -> None:
    kernel = dose_point_kernel(medium, isotope=isotope)
    assert kernel.emitted_mev == pytest.approx(decay_data(isotope).electron_mev, rel=2e-6)
    cumulative = np.append(0.0, kernel.energy_mev.cumsum()) / kernel.emitted_mev
    # The escaping energy is bremsstrahlung. It is less than that of Y-90, whose electrons have more energy.
    assert 0.0 < 1.0 - np.interp(12.0 / kernel.density_g_per_ml, kernel.edge_mm, cumulative) < 0.006
    if medium == "water":
        measured(f"X90 of {isotope} in water", np.interp(0.9, cumulative, kernel.edge_mm), "mm", digits=4)


@pytest.mark.claim("kernels_of_isotopes")
def test_ranges_follow_the_energies() -> None:
    """90 % of the energy stays within a radius that grows with the energy of the electrons."""
    radii = []
    for isotope in ("P-32", "Ho-166", "Re-188"):
        kernel = dose_point_kernel("water", isotope=isotope)
        radii.append(np.interp(0.9, np.append(0.0, kernel.energy_mev.cumsum()) / kernel.emitted_mev, kernel.edge_mm))
    assert 3.6 < radii[0] < radii[1] < radii[2] < 5.432


@pytest.mark.claim("s_values_of_isotopes")
@pytest.mark.parametrize("isotope", ISOTOPES)
@pytest.mark.parametrize("size_mm", [(3.0, 3.0, 3.0), (4.42, 4.07, 2.0)])
def test_voxel_s_values_conserve_energy(
    isotope: IsotopeName, size_mm: tuple[float, float, float], measured: Measured
) -> None:
    nuclide = Nuclide(ISOTOPES[isotope])
    s = voxel_s_values(size_mm, medium="liver", nuclide=nuclide)
    mass_kg = float(np.prod(size_mm)) * 1.06e-6
    # mGy/(MBq s) times kg is 1e-9 J per decay.
    mev = s.values.sum() * mass_kg * 1e-9 / 1.602176634e-13
    relative = mev / (nuclide.mean_energy_mev * s.energy_inside_fraction) - 1.0
    measured("relative difference", relative, "", digits=2)
    assert abs(relative) < 1e-10
    # A uniform medium receives the dose factor times concentration over density.
    uniform = s.gy_per_mbq_per_ml().sum()
    assert uniform == pytest.approx(nuclide.dose_factor_gy_kg_per_gbq / 1.06 * s.energy_inside_fraction, rel=1e-10)
    assert isotope in s.source


@pytest.mark.claim("s_values_of_isotopes")
@pytest.mark.parametrize("preset", ["EANM2022", *ISOTOPES.values()])
def test_convolution_and_monte_carlo_have_one_kernel(preset: NuclidePreset) -> None:
    """The dose in a uniform medium that Monte Carlo adds is that of the voxel S values."""
    size = (3.0, 3.0, 3.0)
    theirs, _, _ = _core._monte_carlo_voxel_s_values(size, "liver", 1.06, Nuclide(preset), 1)
    ours = voxel_s_values(size, medium="liver", nuclide=Nuclide(preset)).values
    np.testing.assert_array_equal(theirs, ours)
