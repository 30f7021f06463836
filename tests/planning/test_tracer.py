"""Decay of the tracer of a planning scan: Tc-99m, or a scout dose of Ho-166."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from yttria import Nuclide
from yttria.case import Case
from yttria.errors import ArgumentError, OutOfRangeError, UndefinedError, UnknownNameError
from yttria.geometry import PlanarViews
from yttria.kernels import decay_data
from yttria.phantom import liver_phantom, write_dicom_study
from yttria.planning import planar_lung_shunt, tracer_decay_factor, tracer_half_life_h


def test_half_lives_are_those_of_the_sources() -> None:
    assert tracer_half_life_h() == 6.0067
    assert tracer_half_life_h("Ho-166") == decay_data("Ho-166").half_life_h


@pytest.mark.parametrize("tracer", ["Tc-99m", "Ho-166"])
def test_after_its_half_life_half_is_left(tracer: str) -> None:
    half_life_h = tracer_half_life_h(tracer)  # type: ignore[arg-type]
    for count in (-2, 0, 1, 5):
        left = tracer_decay_factor(count * half_life_h, tracer=tracer)  # type: ignore[arg-type]
        assert left == pytest.approx(2.0**-count, rel=1e-14)


def test_impossible_times_and_unknown_tracers_are_refused() -> None:
    for elapsed_h in (math.nan, math.inf, -1e9):
        with pytest.raises(OutOfRangeError, match="elapsed time in h"):
            tracer_decay_factor(elapsed_h)
    with pytest.raises(ArgumentError, match="elapsed time in h must be a real number"):
        tracer_decay_factor("3")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="tracer must be one of Tc-99m, Ho-166"):
        tracer_half_life_h("Y-90")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["TC99M", "Tc-99m"])
def test_a_dose_of_technetium_is_refused_with_its_use(name: str) -> None:
    with pytest.raises(UndefinedError, match=r"a dose of Tc-99m is undefined: it is a tracer.*tracer_decay_factor"):
        Nuclide(name)  # type: ignore[arg-type]


def test_a_scout_dose_decays_slower_between_two_views() -> None:
    view = np.array([[10.0, 90.0]])
    regions = {"lungs": np.array([[1, 0]]), "liver": np.array([[0, 1]])}
    delay_h = 2.0
    counts = {}
    for tracer in ("Tc-99m", "Ho-166"):
        half_life_h = tracer_half_life_h(tracer)  # type: ignore[arg-type]
        later = view[:, ::-1] * tracer_decay_factor(delay_h, tracer=tracer)  # type: ignore[arg-type]
        views = PlanarViews(anterior=view, posterior=later, posterior_delay_h=delay_h)
        found = planar_lung_shunt(views, tracer_half_life_h=half_life_h, **regions)
        counts[tracer] = found.liver_counts
        assert found.lung_shunt_fraction == pytest.approx(0.1)
    assert counts["Tc-99m"] == pytest.approx(counts["Ho-166"])


def test_a_case_with_a_tracer_is_refused_with_its_use() -> None:
    with pytest.raises(UndefinedError, match=r"a dose of Tc-99m is undefined"):
        Case(activity="pet.nrrd", structures="seg.nrrd", nuclide="TC99M")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="nuclide must be one of"):
        Case(activity="pet.nrrd", structures="seg.nrrd", nuclide="XX")  # type: ignore[arg-type]


def test_a_pet_study_is_of_yttrium_alone(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError, match="a PET study of Ho-166 is undefined"):
        write_dicom_study(liver_phantom((10.0, 10.0, 10.0), nuclide=Nuclide("HO166")), tmp_path)
