"""Uncertainties in the comparison of models, in plans of territories, and in patient files: values, words, forms."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from yttria.errors import ArgumentError, FileFormatError, OutOfRangeError, UnknownNameError
from yttria.planning import (
    PartitionLimits,
    Patient,
    PatientTerritories,
    PlanUncertaintyInputs,
    Territory,
    Tumor,
    compare_models,
    example_patient_file,
    plan_patient_file,
    plan_territories,
    read_patient,
)

PATIENT = Patient(
    device="glass",
    tumors=(Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0), Tumor(name="B", mass_kg=0.05, tumor_to_normal_ratio=2.5)),
    normal_perfused_mass_kg=1.2,
    normal_total_mass_kg=1.5,
    lung_shunt_fraction=0.08,
    target_tumor_dose_gy=120.0,
    target_perfused_dose_gy=80.0,
    limits=PartitionLimits(lung_limit_gy=30.0, normal_perfused_limit_gy=40.0),
    uncertainties=PlanUncertaintyInputs(
        lung_shunt_uncertainty=0.2, tumor_to_normal_ratio_uncertainty={"tumor 1": 0.2, "B": 0.1}
    ),
)


def test_without_uncertainties_no_dose_has_one_and_the_table_states_it() -> None:
    found = compare_models(replace(PATIENT, uncertainties=None))
    assert all(run.uncertainty is None for run in found.runs)
    assert "uncertainties    none stated, so that no number here has one" in found.table()
    assert found.rows()[0].lung_dose_standard_uncertainty_gy is None


def test_the_single_compartment_needs_an_activity_as_uncertain_as_mass_and_shunt() -> None:
    patient = Patient(
        device="glass",
        lung_shunt_fraction=0.1,
        perfused_mass_incl_tumor_kg=0.4,
        target_perfused_dose_gy=150,
        uncertainties=PlanUncertaintyInputs(perfused_mass_uncertainty=0.1, lung_shunt_uncertainty=0.3),
    )
    run = compare_models(patient)["single_compartment"]
    expected = math.hypot(0.1, 0.3 * 0.1 / 0.9)
    needed = run.uncertainty.get("needed_activity")
    assert needed.budget.value == pytest.approx(run.delivered_activity_gbq, rel=1e-12)
    assert needed.budget.relative_standard_uncertainty == pytest.approx(expected, rel=1e-12)
    assert run.uncertainty.get("perfused_mean").budget.relative_standard_uncertainty == pytest.approx(expected)
    assert run.uncertainty.get("tumor") is None


def test_activity_meter_and_residual_belong_to_the_dose_and_not_to_the_needed_activity() -> None:
    stated = PlanUncertaintyInputs(administered_activity_uncertainty=0.05, residual_uncertainty=0.5)
    run = compare_models(replace(PATIENT, residual_fraction=0.02, uncertainties=stated))["partition_target"]
    needed = run.uncertainty.get("needed_activity")
    assert needed.budget.components == ()
    assert needed.standard_deviation_of_draws == pytest.approx(0.0, abs=1e-9)
    expected = math.hypot(0.05, 0.5 * 0.02 / 0.98)
    assert run.uncertainty.get("activity").budget.relative_standard_uncertainty == pytest.approx(expected, rel=1e-9)
    assert run.uncertainty.get("lung").budget.relative_standard_uncertainty == pytest.approx(expected, rel=1e-9)


def test_the_target_is_that_of_the_tumor_that_takes_up_least() -> None:
    found = compare_models(PATIENT)["partition_target"]
    needed = found.uncertainty.get("needed_activity")
    dose = found.uncertainty.get("tumor", tumor="B")
    assert dose.budget.value == pytest.approx(120.0)
    assert needed.budget.relative_standard_uncertainty == pytest.approx(
        dose.budget.relative_standard_uncertainty, rel=1e-12
    )


def test_the_largest_activity_follows_the_binding_limit_and_its_draws_the_least_of_all_limits() -> None:
    found = compare_models(PATIENT)["partition_maximum"]
    needed, normal = (found.uncertainty.get(kind) for kind in ("needed_activity", "normal_perfused"))
    assert needed.budget.value == pytest.approx(found.delivered_activity_gbq, rel=1e-12)
    assert needed.budget.relative_standard_uncertainty == pytest.approx(
        normal.budget.relative_standard_uncertainty, rel=1e-12
    )
    # A limit that binds is exceeded in about half of the draws, and a looser one seldom.
    shares = {each.threshold.kind: each.probability for each in found.uncertainty.limits}
    assert 0.35 < shares["normal_perfused"] < 0.65
    assert shares["lung"] < 0.01


def test_rules_of_body_size_have_uncertain_doses_and_no_needed_activity() -> None:
    found = compare_models(replace(PATIENT, device="resin", height_cm=170, weight_kg=70))["bsa"]
    assert found.uncertainty.get("needed_activity") is None
    assert found.uncertainty.standard_uncertainty("lung") == pytest.approx(0.2 * found.doses.lung_dose_gy)


def test_an_activity_of_zero_has_no_uncertainty() -> None:
    limits = PartitionLimits(cumulative_lung_limit_gy=50, prior_lung_dose_gy=60)
    found = compare_models(replace(PATIENT, limits=limits))["partition_maximum"]
    assert found.delivered_activity_gbq == 0.0
    assert found.uncertainty is None


def test_doses_of_earlier_treatments_count_in_every_share() -> None:
    with_prior = compare_models(
        replace(PATIENT, limits=PartitionLimits(normal_perfused_limit_gy=40.0), prior_normal_perfused_dose_gy=20.0)
    )["partition_target"]
    (limit,) = (each for each in with_prior.uncertainty.limits if each.threshold.named == "")
    assert limit.threshold.prior_gy == 20.0
    assert limit.probability > 0.99
    assert "with 20 Gy of earlier treatments," in str(limit)


def test_an_own_limit_that_a_guideline_states_too_stands_once_with_both_names() -> None:
    found = compare_models(PATIENT)["partition_target"]
    named = [each.threshold.named for each in found.uncertainty.limits if each.threshold.kind == "lung"]
    assert named[0] == "own limit, limit of common practice"
    assert len({(t.kind, t.value, t.sign) for t in (e.threshold for e in found.uncertainty.limits)}) == len(
        found.uncertainty.limits
    )


def test_table_and_json_state_the_same_numbers() -> None:
    found = compare_models(PATIENT)
    plain = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    for run, model in zip(found.runs, plain["models"], strict=True):
        assert model["lung_dose_standard_uncertainty_gy"] == pytest.approx(run.uncertainty.standard_uncertainty("lung"))
        assert model["coverage_factor"] == 1.96
        assert model["uncertainty"]["seed"] == run.uncertainty.seed
    text = found.table()
    assert text.count("\n  u ") == len(found.runs)
    assert "lung shunt 20 %, tumor-to-normal ratio 20 % of 'tumor 1' and 10 % of 'B'" in text
    (sentence,) = re.findall(r"Not included in u and in the draws: (.*?)\.", text)
    assert {"activity meter", "residual", "the model itself", "mass of the lungs"} <= set(sentence.split(", "))


def test_the_comparison_is_the_same_each_time_and_follows_its_seed() -> None:
    one, same, other = (compare_models(PATIENT, seed=seed, draws=2000) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_keys_of_one_tumor_override_those_of_all(tmp_path: Path) -> None:
    path = tmp_path / "patient.toml"
    text = example_patient_file().replace("# mass_uncertainty = 0.1", "mass_uncertainty = 0.1")
    path.write_text(text)
    found = read_patient(path).uncertainties
    assert found is not None
    assert found.tumor_mass_uncertainty == {"right lobe": 0.15, "satellite": 0.1}
    assert found.basis_of("tumor_mass_uncertainty") == "patient file"


def test_uncertainties_of_the_caller_override_the_file(tmp_path: Path) -> None:
    path = tmp_path / "patient.toml"
    path.write_text(example_patient_file())
    found = plan_patient_file(path, uncertainties={"lung_shunt_uncertainty": 0.4, "lung_mass_uncertainty": None})
    given = found.patient.uncertainties
    assert given is not None
    assert (given.lung_shunt_uncertainty, given.lung_mass_uncertainty) == (0.4, 0.2)
    assert given.basis_of("lung_shunt_uncertainty") == "stated by the caller"


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("[uncertainty]\nlung_shunt = 0.2", FileFormatError, "did you mean .*lung_shunt_uncertainty"),
        ("[uncertainty]\nlung_shunt_uncertainty = '20 %'", FileFormatError, "must be a number"),
        ("[uncertainty]\nlung_shunt_uncertainty = 20", OutOfRangeError, "20 % is 0.2"),
        ("[uncertainty]\nlung_shunt_uncertainty = nan", OutOfRangeError, "within"),
        ("[uncertainty]\nratio_from_counts = 1", FileFormatError, "must be true or false"),
        ("[uncertainty]\nlung_shunt_uncertainty = [0.1]", FileFormatError, "must be a number"),
    ],
)
def test_hostile_files_are_refused_in_one_sentence(tmp_path: Path, text: str, error: Any, words: str) -> None:
    path = tmp_path / "patient.toml"
    path.write_text(example_patient_file().split("\n[uncertainty]")[0] + "\n" + text)
    with pytest.raises(error, match=words):
        plan_patient_file(path)


def test_uncertainties_of_unknown_tumors_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="must be of one of tumor 1, B, got 'C'"):
        replace(PATIENT, uncertainties=PlanUncertaintyInputs(tumor_mass_uncertainty={"C": 0.1}))
    with pytest.raises(ArgumentError, match="nothing here has a name"):
        replace(PATIENT, uncertainties=PlanUncertaintyInputs(lung_shunt_uncertainty={"right": 0.1}))
    with pytest.raises(ArgumentError, match="uncertainties must be"):
        replace(PATIENT, uncertainties={"lung_shunt_uncertainty": 0.1})  # type: ignore[arg-type]


def test_territories_have_uncertain_doses_under_their_own_names() -> None:
    territories = [
        Territory(
            name=name,
            tumors=[Tumor(name=tumor, mass_kg=0.1, tumor_to_normal_ratio=4.0)],
            normal_perfused_mass_kg=0.6,
            lung_shunt_fraction=0.05,
        )
        for name, tumor in (("right", "A"), ("left", "B"))
    ]
    patient = PatientTerritories(
        device="glass",
        territories=territories,
        activities_gbq={"right": 1.5, "left": 1.0},
        objective="max_min_tumor_dose",
        limits=PartitionLimits(normal_perfused_limit_gy=70, lung_limit_gy=30),
        target_tumor_dose_gy=150,
        uncertainties=PlanUncertaintyInputs(lung_shunt_uncertainty={"right": 0.2}, tumor_mass_uncertainty={"B": 0.15}),
    )
    found = plan_territories(patient)
    stated = found["stated"].uncertainty
    right = stated.get("tumor", territory="right")
    assert right.budget.relative_standard_uncertainty == pytest.approx(0.2 * 0.05 / 0.95, rel=1e-9)
    assert "lung shunt of 'left'" in stated.get("tumor", territory="left").open_inputs
    assert "lung shunt of 'left'" in stated.get("lung").open_inputs
    sentences = " ".join(str(each) for each in stated.limits)
    assert "the mean dose to the perfused normal liver of 'left' exceeds 70 Gy (own limit)" in sentences
    assert "the lowest mean tumor dose is below 150 Gy (own target)" in sentences
    table = found.table()
    assert table.count("\n    u ") == 2 * len(found.plans)
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["plans"][0]["uncertainty"]["draws"] == 100_000
