"""Doses of earlier treatments, from a map to the limits of the next plan."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from yttria import Image, Nuclide, Structure
from yttria.errors import ArgumentError, OutOfRangeError, UnknownNameError
from yttria.planning import (
    Patient,
    PatientTerritories,
    Territory,
    TreatmentDoses,
    Tumor,
    evaluate_limits,
    example_patient_file,
    plan_patient_file,
    prior_doses,
    with_prior_doses,
)

SHAPE = (4, 4, 8)


def box(name: str, start: int, end: int) -> Structure:
    mask = np.zeros(SHAPE, bool)
    mask[..., start:end] = True
    return Structure(name, mask, np.eye(4))


STRUCTURES = [box("Liver", 0, 8), box("Perfused left", 0, 4), box("Tumor", 0, 1)]
#: 10 Gy in the first half but for the tumor, which has 200; 50 Gy in the second.
DOSE = Image(np.tile([200.0, 10, 10, 10, 50, 50, 50, 50], (4, 4, 1)), np.eye(4), "Gy")


def test_each_tissue_of_the_next_plan_has_its_own_dose() -> None:
    found = prior_doses(DOSE, STRUCTURES, lung_doses_gy=[4.0, 7.5])
    assert found.prior_normal_perfused_dose_gy == pytest.approx(10.0)
    assert found.prior_normal_whole_dose_gy == pytest.approx((3 * 10 + 4 * 50) / 7)
    assert found.prior_lung_dose_gy == pytest.approx(11.5)
    assert found.origins["prior_normal_perfused_dose_gy"] == "Perfused left without Tumor"


def test_the_limits_of_the_next_plan_count_prior_doses() -> None:
    found = prior_doses(DOSE, STRUCTURES, lung_doses_gy=[45.0])
    doses = TreatmentDoses(normal_perfused_dose_gy=35.0, lung_dose_gy=10.0)
    known = {"device": "resin", "disease": "HCC", "intent": "unilobar"}
    states = {state.limit.id: state for state in evaluate_limits(doses, **known, **found.keywords())}
    perfused = [s for s in states.values() if s.limit.kind == "normal_perfused" and s.limit.direction == "maximum"]
    assert [(s.value, s.state) for s in perfused] == [(pytest.approx(45.0), "above limit")]
    over = next(s for s in states.values() if s.limit.kind == "lung" and s.limit.over == "all treatments")
    assert (over.value, over.state) == (pytest.approx(55.0), "above limit")


def test_a_patient_takes_prior_doses_by_their_names() -> None:
    patient = Patient(
        device="resin",
        lung_shunt_fraction=0.05,
        tumors=[Tumor(mass_kg=0.1, tumor_to_normal_ratio=4.0)],
        normal_perfused_mass_kg=0.6,
        **prior_doses(DOSE, STRUCTURES, lung_doses_gy=[4.0]).keywords(),
    )
    assert patient.treated_before
    assert patient.prior_dose_gy("normal_perfused") == pytest.approx(10.0)


def test_unknown_prior_doses_are_left_out() -> None:
    assert prior_doses(DOSE, STRUCTURES).prior_lung_dose_gy is None
    assert prior_doses(DOSE, STRUCTURES, lung_doses_gy=[4.0, None]).prior_lung_dose_gy is None
    half = Image(DOSE.array[..., :6], np.eye(4), "Gy")
    found = prior_doses(half, STRUCTURES)
    assert found.prior_normal_whole_dose_gy is None
    assert found.keywords() == {"prior_normal_perfused_dose_gy": pytest.approx(10.0)}
    assert prior_doses(DOSE, STRUCTURES[1:2]).keywords() == {}
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(OutOfRangeError, match="dose to the lungs"):
            prior_doses(DOSE, STRUCTURES, lung_doses_gy=[bad])


def test_a_plan_takes_prior_doses_unless_it_states_others() -> None:
    prior = prior_doses(DOSE, STRUCTURES, lung_doses_gy=[4.0])
    patient = Patient(device="glass", lung_shunt_fraction=0.05, perfused_mass_incl_tumor_kg=0.4)
    assert with_prior_doses(patient, prior).prior_dose_gy("lung_cumulative") == 4.0
    stated = Patient(device="glass", lung_shunt_fraction=0.05, perfused_mass_incl_tumor_kg=0.4, prior_lung_dose_gy=5.0)
    with pytest.raises(ArgumentError, match="prior_lung_dose_gy is given twice: 5 Gy and 4 Gy"):
        with_prior_doses(stated, prior)
    first = Patient(
        device="glass", lung_shunt_fraction=0.05, perfused_mass_incl_tumor_kg=0.4, prior_radioembolization=False
    )
    with pytest.raises(ArgumentError):
        with_prior_doses(first, prior)


def test_with_several_territories_each_has_its_own_prior_dose() -> None:
    prior = prior_doses(DOSE, STRUCTURES, lung_doses_gy=[4.0])
    sides = [
        Territory(name=name, tumors=[], normal_perfused_mass_kg=0.5, lung_shunt_fraction=0.05)
        for name in ("left", "right")
    ]
    patient = PatientTerritories(device="glass", territories=sides)
    with pytest.raises(ArgumentError, match="must be given for each of them"):
        with_prior_doses(patient, prior)
    both = PatientTerritories(device="glass", territories=sides, prior_normal_perfused_dose_gy={"left": 10.0})
    assert with_prior_doses(both, prior).prior_lung_dose_gy == 4.0


def test_doses_of_another_nuclide_are_reported_to_the_next_plan(tmp_path: Path) -> None:
    found = prior_doses(DOSE, STRUCTURES, lung_doses_gy=[4.0], isotopes=["Y-90", "Y-90"])
    assert found.isotopes == ("Y-90",)
    assert "isotopes" not in found.keywords()
    assert found.advisories(Nuclide("ICRP107")) == ()
    (told,) = found.advisories(Nuclide("HO166"))
    assert "earlier treatments are of Y-90, and this treatment is of Ho-166" in told.message
    file = tmp_path / "patient.toml"
    one = (
        "[liver]\nperfused_mass_incl_tumor_kg = 0.4\n[lungs]\nshunt_fraction = 0.05\n[target]\nperfused_dose_gy = 60\n"
    )
    several = example_patient_file(several_territories=True).partition("\n[")[2]
    lungs = replace(found, prior_normal_perfused_dose_gy=None, prior_normal_whole_dose_gy=None)
    for text in (one, f"[{several}"):
        file.write_text(f'device = "holmium"\n{text}', encoding="utf-8")
        for prior, warned in ((lungs, True), (replace(lungs, isotopes=()), False)):
            codes = {each.code for each in plan_patient_file(file, prior=prior).advisories}
            assert ("prior_doses_of_other_nuclide" in codes) == warned


def test_an_isotope_that_is_not_known_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="isotope must be one of Y-90"):
        prior_doses(DOSE, STRUCTURES, isotopes=["F-18"])  # type: ignore[list-item]
