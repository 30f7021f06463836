"""Side by side: each model's own number, one partition model for all doses, the limits they break, and the reasons."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria.errors import OutOfRangeError, UndefinedError, UnknownNameError
from yttria.planning import (
    PartitionLimits,
    Patient,
    Tumor,
    body_surface_area,
    bsa_activity,
    compare_models,
    limits,
    single_compartment_activity,
)

RESIN = Patient(
    "resin",
    (Tumor(0.3, 4, "right"), Tumor(0.05, 2.5, "satellite")),
    0.9,
    1.4,
    0.12,
    height_cm=170,
    weight_kg=70,
    target_perfused_dose_gy=80,
    target_tumor_dose_gy=120,
    limits=PartitionLimits(normal_perfused_gy=40, lung_gy=30, lung_cumulative_gy=50),
    disease="HCC",
    intent="unilobar",
    pretreated_or_impaired=False,
)
GLASS = replace(RESIN, device="glass", target_tumor_dose_gy=205, bilirubin_mg_per_dl=0.6)


def test_every_model_gives_its_own_activity_and_the_partition_models_doses() -> None:
    found = compare_models(RESIN)
    assert [run.model for run in found.runs] == [
        "bsa",
        "modified_bsa",
        "simple_lobar_bsa",
        "empirical",
        "single_compartment",
        "partition_target",
        "partition_maximum",
    ]
    assert not found.not_applicable
    for run in found.runs:
        again = RESIN.partition_model().doses(run.activity_delivered_gbq)
        assert run.doses == again
        assert run.why.endswith(".")
        assert "\n" not in run.why
    area = body_surface_area(170, 70).body_surface_area_m2
    own = bsa_activity(area, tumor_volume_ml=350 / 1.03, liver_volume_incl_tumor_ml=1750 / 1.03)
    assert found["bsa"].activity_delivered_gbq == pytest.approx(0.8 * own.activity_delivered_gbq, rel=1e-12)
    assert "takes 20% off" in found["bsa"].why
    single = single_compartment_activity(80, mass_kg=1.25, lung_shunt_fraction=0.12)
    assert found["single_compartment"].activity_delivered_gbq == pytest.approx(single.activity_delivered_gbq, rel=1e-12)
    assert min(found["partition_target"].doses.tumor_doses_gy) == pytest.approx(120, rel=1e-12)
    maximum = found["partition_maximum"]
    assert maximum.doses.normal_perfused_dose_gy == pytest.approx(40, rel=1e-12)
    assert "what binds: perfused normal liver" in maximum.why
    with pytest.raises(KeyError):
        found["no such model"]


def test_limits_that_are_broken_are_those_of_the_table() -> None:
    found = compare_models(RESIN)
    asked = {"guideline": "EANM2022", "device": "resin", "disease": "HCC", "intent": "unilobar"}
    table = {entry.id for entry in limits(**asked).limits}
    (target,) = found["partition_target"].breaks
    assert target.limit.id == "eanm2022-resin-hcc-unilobar-normal-perfused"
    assert target.certain
    assert target.value == pytest.approx(48, rel=1e-3)
    assert str(target) == ("The mean dose to the perfused normal liver is 48 Gy, above the limit of 40 Gy (EANM2022).")
    (bsa,) = found["bsa"].breaks
    assert bsa.limit.id in table
    assert bsa.state == "below target"
    assert "lowest mean tumor dose" in str(bsa)
    assert not found["partition_maximum"].breaks


def test_an_open_condition_is_not_a_break() -> None:
    found = compare_models(replace(RESIN, intent="bilobar", pretreated_or_impaired=None, target_tumor_dose_gy=100))
    states = [s for s in found["partition_target"].limit_states if s.limit.kind == "normal_perfused"]
    assert {s.limit.low: (s.state, s.if_applies) for s in states} == {
        40: ("depends on", "met"),
        30: ("depends on", "above limit"),
    }
    assert not found["partition_target"].breaks
    assert "depends on: The mean dose to the perfused normal liver is 40 Gy" in found.table()


def test_lung_limits_count_what_was_before() -> None:
    found = compare_models(replace(GLASS, prior_lung_dose_gy=40, target_tumor_dose_gy=205))
    broken = {f.limit.id: f for f in found["partition_target"].breaks}
    assert broken["lung-glass-cumulative"].value == pytest.approx(
        40 + found["partition_target"].doses.lung_dose_gy, rel=1e-12
    )
    assert "lung-glass-cumulative" not in {f.limit.id for f in compare_models(GLASS)["partition_target"].breaks}


def test_models_without_inputs_or_for_another_device_say_why() -> None:
    found = compare_models(GLASS)
    reasons = dict(found.not_applicable)
    assert set(reasons) == {"bsa", "modified_bsa", "simple_lobar_bsa", "empirical"}
    assert set(reasons.values()) == {"it is a rule for resin microspheres"}
    bare = replace(RESIN, height_cm=None, weight_kg=None, target_perfused_dose_gy=None, target_tumor_dose_gy=None)
    found = compare_models(replace(bare, limits=None))
    assert [run.model for run in found.runs] == ["empirical"]
    assert "height and weight" in dict(found.not_applicable)["bsa"]
    shunted = dict(compare_models(replace(RESIN, lung_shunt_fraction=0.25)).not_applicable)
    assert "above 0.20" in shunted["bsa"]
    without_shunt = compare_models(replace(GLASS, lung_shunt_fraction=0.0, limits=PartitionLimits(lung_gy=30)))
    assert "ever reached" in dict(without_shunt.not_applicable)["partition_maximum"]


def test_an_absurd_activity_is_listed_and_not_computed_with() -> None:
    absurd = replace(GLASS, normal_perfused_mass_kg=5.0, normal_total_mass_kg=5.0, lung_shunt_fraction=0.9)
    reasons = dict(compare_models(replace(absurd, target_perfused_dose_gy=2000)).not_applicable)
    assert "GBq, more than 100" in reasons["single_compartment"]


@given(st.floats(0.05, 2), st.floats(0.5, 10), st.floats(0.1, 1.4), st.floats(0, 0.19))
def test_any_patient_gives_a_table(kg: float, ratio: float, normal: float, shunt: float) -> None:
    patient = replace(RESIN, tumors=(Tumor(kg, ratio),), normal_perfused_mass_kg=normal, lung_shunt_fraction=shunt)
    found = compare_models(patient)
    table = found.table()
    assert all(run.model in table and run.why in table for run in found.runs)
    assert len(found.rows()) == len(found.runs)
    plain = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert [m["model"] for m in plain["models"]] == [run.model for run in found.runs]
    assert plain["dose_factor_gy_kg_per_gbq"] == 49.67
    for run in found.runs:
        for broken in run.breaks:
            entry = broken.limit
            if entry.direction == "maximum":
                assert broken.value > entry.low
            if entry.direction == "minimum":
                assert broken.value < entry.low


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"device": "holmium"}, UnknownNameError, "device must be one of glass, resin"),
        ({"liver_density_g_per_ml": 1030}, OutOfRangeError, "liver density"),
        ({"prior_lung_dose_gy": -1}, OutOfRangeError, "prior lung dose"),
        ({"untreated_tumor_mass_kg": float("nan")}, OutOfRangeError, "untreated tumor mass"),
        ({"target_tumor_dose_gy": 0}, OutOfRangeError, "target tumor dose"),
        ({"height_cm": None}, UndefinedError, "needs both height and weight"),
        ({"lung_shunt_fraction": 12}, OutOfRangeError, "did you mean 0.12"),
        ({"normal_perfused_mass_kg": 1.5}, OutOfRangeError, "at least the perfused part, 1.5 kg"),
    ],
)
def test_errors(change: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        replace(RESIN, **change)
    with pytest.raises(UnknownNameError, match="guideline must be one of"):
        compare_models(replace(RESIN, guideline="EANM"))
