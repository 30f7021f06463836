"""The nuclide: presets, domains, identity."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from yttria import Nuclide, kernels, planning, voxel
from yttria._foundation.choices import NuclidePreset
from yttria.errors import ArgumentError, OutOfRangeError, UndefinedError, UnknownNameError


def test_default_is_the_eanm_2022_convention() -> None:
    nuclide = Nuclide()
    assert nuclide.dose_factor_gy_kg_per_gbq == 49.67
    assert nuclide.half_life_h == 64.1
    assert nuclide == Nuclide("EANM2022")


@pytest.mark.parametrize("name", Nuclide.presets())
def test_a_pickled_preset_is_the_same_nuclide(name: str) -> None:
    nuclide = Nuclide(name)
    assert pickle.loads(pickle.dumps(nuclide)) == nuclide


@pytest.mark.parametrize("half_life_h", [float("nan"), float("inf"), -64.1, 0.0, 2.67, 110.0])
def test_a_half_life_of_another_isotope_is_refused(half_life_h: float) -> None:
    with pytest.raises(OutOfRangeError, match="half-life in h"):
        Nuclide.from_energy(half_life_h, 0.9337)


def test_an_unknown_convention_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"EANM2022, IFU_50, AAPM_49_38, ICRP107, HO166.*, I131, got 'eanm'"):
        Nuclide("eanm")


@pytest.mark.parametrize(
    ("name", "isotope", "half_life_h", "dose_factor"),
    [
        ("HO166", "Ho-166", 26.824, 15.45),
        ("HO166_15_87", "Ho-166", 26.8, 15.87),
        ("P32", "P-32", 342.432, 198.1),
        ("RE188", "Re-188", 17.005, 11.0),
        ("LU177", "Lu-177", 159.463, 19.6),
        ("I131", "I-131", 192.605, 30.9),
    ],
)
def test_other_isotopes_have_their_half_life_and_dose_factor(
    name: NuclidePreset, isotope: str, half_life_h: float, dose_factor: float
) -> None:
    nuclide = Nuclide(name)
    assert nuclide.isotope == isotope
    assert nuclide.half_life_h == half_life_h
    assert nuclide.dose_factor_gy_kg_per_gbq == pytest.approx(dose_factor, rel=5e-3)
    assert nuclide.decay_factor(half_life_h) == 0.5


def test_a_dose_factor_of_another_isotope_is_refused() -> None:
    with pytest.raises(OutOfRangeError, match="mean energy per decay of Ho-166 in MeV"):
        Nuclide.from_dose_factor(26.8, 49.67)
    with pytest.raises(OutOfRangeError, match="mean energy per decay of Y-90 in MeV"):
        Nuclide.from_dose_factor(64.1, 15.87)


def test_transport_refuses_isotopes_without_a_kernel() -> None:
    ones = np.ones((3, 3, 3))
    lutetium = Nuclide("LU177")
    calls = (
        lambda: voxel.superposed_dose(ones, 1.06 * ones, (3.0, 3.0, 3.0), nuclide=lutetium),
        lambda: voxel.MonteCarloRun(ones, 1.06 * ones, (3.0, 3.0, 3.0), nuclide=lutetium),
    )
    for call in calls:
        with pytest.raises(
            UndefinedError, match=r"the dose of Lu-177 by .* is undefined: kernels and transport are made"
        ):
            call()
    with pytest.raises(UndefinedError, match=r"dose point kernel of Lu-177 is undefined"):
        kernels.voxel_s_values((3.0, 3.0, 3.0), medium="liver", nuclide=lutetium)


def test_local_deposition_and_the_models_take_any_isotope() -> None:
    holmium = Nuclide("HO166_15_87")
    assert voxel.local_deposition(np.ones((1, 1, 1)), density_g_per_ml=1.0, nuclide=holmium)[0, 0, 0] == pytest.approx(
        15.87
    )
    assert planning.decayed_activity_gbq(2.0, 26.8, nuclide=holmium) == 1.0
    assert planning.hours_to_decay(2.0, 1.0, nuclide=holmium) == pytest.approx(26.8)


def test_a_patient_with_spheres_of_yttrium_90_refuses_another_isotope() -> None:
    with pytest.raises(ArgumentError, match="glass microspheres must be Y-90, got HO166"):
        planning.Patient(
            device="glass", lung_shunt_fraction=0.05, perfused_mass_incl_tumor_kg=0.4, nuclide=Nuclide("HO166")
        )
