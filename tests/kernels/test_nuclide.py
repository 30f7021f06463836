"""The nuclide: presets, domains, identity."""

from __future__ import annotations

import pickle

import pytest

from yttria import Nuclide
from yttria.errors import OutOfRangeError, UnknownNameError


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
def test_a_half_life_of_something_else_is_refused(half_life_h: float) -> None:
    with pytest.raises(OutOfRangeError, match="half-life in h"):
        Nuclide.from_energy(half_life_h, 0.9337)


def test_an_unknown_convention_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="EANM2022, IFU_50, AAPM_49_38, ICRP107, got 'eanm'"):
        Nuclide("eanm")
