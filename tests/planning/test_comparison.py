"""Comparison of models: their activities, doses by one partition model, exceeded limits, and reasons."""

from __future__ import annotations

import json
import pickle
import re
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patient_samples import GLASS, GLASS_SEGMENT, PRIORS, RESIN
from planning_samples import tumor

from yttria import Advisory, __version__
from yttria._foundation.provenance import RESEARCH_USE
from yttria.errors import ArgumentError, OutOfRangeError, UndefinedError, UnknownNameError
from yttria.planning import (
    PartitionLimits,
    Patient,
    body_surface_area,
    bsa_activity,
    compare_models,
    dose_limits,
    single_compartment_activity,
)


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
        again = RESIN.partition_model().doses(run.delivered_activity_gbq)
        assert run.doses == again
        assert run.why.endswith(".")
        assert "\n" not in run.why
    area = body_surface_area(170, 70).body_surface_area_m2
    own = bsa_activity(area, tumor_volume_ml=350 / 1.05, liver_volume_incl_tumor_ml=1750 / 1.05)
    assert found["bsa"].delivered_activity_gbq == pytest.approx(0.8 * own.delivered_activity_gbq, rel=1e-12)
    assert "takes 20% off" in found["bsa"].why
    single = single_compartment_activity(80, mass_kg=1.25, lung_shunt_fraction=0.12)
    assert found["single_compartment"].delivered_activity_gbq == pytest.approx(single.delivered_activity_gbq, rel=1e-12)
    assert min(found["partition_target"].doses.tumor_doses_gy) == pytest.approx(120, rel=1e-12)
    maximum = found["partition_maximum"]
    assert maximum.doses.normal_perfused_dose_gy == pytest.approx(40, rel=1e-12)
    assert "binding: perfused normal liver" in maximum.why
    with pytest.raises(KeyError):
        found["no such model"]


def test_exceeded_limits_are_those_of_the_table() -> None:
    found = compare_models(RESIN)
    asked = {"guideline": "EANM2022", "device": "resin", "disease": "HCC", "intent": "unilobar"}
    table = {entry.id for entry in dose_limits(**asked).limits}
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


def test_a_limit_with_an_undecided_condition_is_not_exceeded() -> None:
    found = compare_models(replace(RESIN, intent="bilobar", pretreated_or_impaired=None, target_tumor_dose_gy=100))
    states = [s for s in found["partition_target"].limit_states if s.limit.kind == "normal_perfused"]
    assert {s.limit.low: (s.state, s.if_applies) for s in states} == {
        40: ("depends on", "met"),
        30: ("depends on", "above limit"),
    }
    assert not found["partition_target"].breaks
    assert "depends on: The mean dose to the perfused normal liver is 40 Gy" in found.table()


def test_lung_limits_count_doses_of_earlier_treatments() -> None:
    found = compare_models(replace(GLASS, prior_lung_dose_gy=40, target_tumor_dose_gy=205))
    broken = {f.limit.id: f for f in found["partition_target"].breaks}
    assert broken["lung-glass-cumulative"].value == pytest.approx(
        40 + found["partition_target"].doses.lung_dose_gy, rel=1e-12
    )
    assert "lung-glass-cumulative" not in {f.limit.id for f in compare_models(GLASS)["partition_target"].breaks}


def test_limits_that_wait_for_disease_and_intent_share_a_line() -> None:
    text = compare_models(replace(PRIORS, target_tumor_dose_gy=205)).table()
    assert text.count("depends on disease or intent: The mean dose to the perfused volume is 121.1 Gy") == 1
    assert "> 400 Gy (HCC, ICC, mCRC: segmentectomy)" in text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"bilirubin_mg_per_dl": 1.0, "albumin_g_per_dl": 4.0}, "ALBI -2.59 (grade 2a)"),
        ({"bilirubin_umol_per_l": 17.104, "albumin_g_per_l": 40.0}, "ALBI -2.59 (grade 2a)"),
        ({"bilirubin_umol_per_l": 17.104}, "bilirubin 17.104 umol/L"),
    ],
)
def test_laboratory_values_are_taken_in_both_units(given: dict[str, float], shown: str) -> None:
    assert shown in compare_models(replace(GLASS, **{"bilirubin_mg_per_dl": None, **given})).table()


def test_both_units_select_the_same_limits_and_a_doubtful_unit_warns() -> None:
    milligrams = replace(GLASS, bilirubin_mg_per_dl=1.5, target_perfused_dose_gy=160)
    micromoles = replace(milligrams, bilirubin_mg_per_dl=None, bilirubin_umol_per_l=1.5 * 17.104)
    for one, other in zip(compare_models(milligrams).runs, compare_models(micromoles).runs, strict=True):
        assert one.limit_states == other.limit_states
    doubtful = compare_models(replace(GLASS, bilirubin_mg_per_dl=None, bilirubin_umol_per_l=1.2))
    assert "bilirubin_unit_doubtful" in {a.code for a in doubtful.advisories}
    with pytest.raises(ArgumentError, match="given once"):
        replace(GLASS, bilirubin_mg_per_dl=1.0, bilirubin_umol_per_l=17.104)


def test_a_single_compartment_needs_neither_tumor_nor_ratio() -> None:
    found = compare_models(GLASS_SEGMENT)
    (run,) = found.runs
    assert run.model == "single_compartment"
    assert run.delivered_activity_gbq == pytest.approx(400 * 0.4 / (49.67 * 0.95), rel=1e-12)
    assert run.doses.perfused_mean_dose_gy == pytest.approx(400, rel=1e-12)
    assert run.doses.lung_dose_gy == pytest.approx(49.67 * run.delivered_activity_gbq * 0.05, rel=1e-12)
    assert run.doses.tumor_doses_gy == ()
    reasons = dict(found.not_applicable)
    assert reasons["partition_target"] == "no tumor is given"
    assert "partition_target: not applicable, because no tumor is given." in found.table()
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["models"][0]["lowest_tumor_dose_gy"] is None


def test_limits_of_one_unknown_dose_share_a_line() -> None:
    """The most common glass plan has only the dose to all perfused tissue, and fits a screen."""
    lines = compare_models(replace(GLASS_SEGMENT, intent=None)).table(80).splitlines()
    starts = [line for line in lines if line.startswith("  depends on: ")]
    assert 1 < len(starts) == len(set(starts)) < 5
    text = " ".join(" ".join(lines).split())
    assert text.count("The mean dose to the whole normal liver is not known and cannot be compared with: ") == 1
    assert "< 90 Gy (HCC" in text


def test_normal_liver_alone_is_taken_for_everything_perfused_with_a_warning() -> None:
    found = compare_models(replace(GLASS_SEGMENT, perfused_mass_incl_tumor_kg=None, normal_perfused_mass_kg=0.4))
    assert found["single_compartment"].delivered_activity_gbq == pytest.approx(400 * 0.4 / (49.67 * 0.95), rel=1e-12)
    assert "perfused_mass_without_tumor" in {a.code for a in found.advisories}


def test_a_tumor_without_ratio_stops_only_models_that_need_the_ratio() -> None:
    limits = PartitionLimits(lung_limit_gy=30)
    found = compare_models(replace(RESIN, tumors=(tumor(0.3, None, "right"), tumor(0.05, 2.5)), limits=limits))
    assert dict(found.not_applicable) == {
        "partition_target": "the tumor-to-normal ratio of right is not given",
    }
    maximum = found["partition_maximum"]
    assert maximum.doses.lung_dose_gy == pytest.approx(30, rel=1e-12)
    assert maximum.doses.normal_perfused_dose_gy is None
    assert found["bsa"].delivered_activity_gbq == compare_models(RESIN)["bsa"].delivered_activity_gbq
    limits = PartitionLimits(lung_limit_gy=30, normal_perfused_limit_gy=40)
    reasons = dict(compare_models(replace(RESIN, tumors=(tumor(0.3, None),), limits=limits)).not_applicable)
    assert reasons["partition_maximum"].startswith("the tumor-to-normal ratio of tumor 1 is not given, and a limit")


def test_an_own_limit_of_an_unknown_dose_is_not_left_out_in_silence() -> None:
    found = compare_models(
        replace(GLASS_SEGMENT, limits=PartitionLimits(normal_perfused_limit_gy=75, lung_limit_gy=30))
    )
    codes = [a.code for a in found["single_compartment"].advisories]
    assert codes.count("own_limit_not_compared") == 1
    assert "limit of the normal liver depends on it" in dict(found.not_applicable)["partition_maximum"]


def test_a_model_that_refuses_its_inputs_does_not_stop_the_others() -> None:
    tiny = replace(GLASS_SEGMENT, perfused_mass_incl_tumor_kg=0.005, limits=PartitionLimits(lung_limit_gy=1))
    found = compare_models(tiny)
    assert "within [0.01, 6]" in dict(found.not_applicable)["single_compartment"]
    assert [run.model for run in found.runs] == ["partition_maximum"]


def test_masses_that_are_not_given_follow_from_those_with_tumor() -> None:
    whole = replace(
        RESIN,
        normal_perfused_mass_kg=None,
        normal_total_mass_kg=None,
        perfused_mass_incl_tumor_kg=1.25,
        liver_mass_incl_tumor_kg=1.75,
    )
    for run, expected in zip(compare_models(whole).runs, compare_models(RESIN).runs, strict=True):
        assert run.delivered_activity_gbq == pytest.approx(expected.delivered_activity_gbq, rel=1e-12)
    with pytest.raises(OutOfRangeError, match=r"must be the sum of its parts, 1\.25, got 1\.5"):
        replace(RESIN, perfused_mass_incl_tumor_kg=1.5)
    with pytest.raises(OutOfRangeError, match="must be at most that of the liver"):
        replace(GLASS_SEGMENT, liver_mass_incl_tumor_kg=0.3)


@pytest.mark.parametrize(
    ("device", "target", "code"), [("resin", 320, True), ("glass", 320, False), ("glass", 1500, True)]
)
def test_every_model_compares_the_vial_with_the_device(device: str, target: float, code: bool) -> None:
    found = compare_models(replace(RESIN, device=device, target_tumor_dose_gy=target))
    run = found["partition_target"]
    (large,) = [a for a in run.advisories if a.code == "activity_above_vial"] or [None]
    assert (large is not None) == code
    if large is not None:
        assert large.value == run.vial_activity_gbq
        assert f"the largest vial of {device} microspheres" in large.message


def test_the_text_shows_the_numbers_of_the_json() -> None:
    found = compare_models(replace(RESIN, lung_shunt_fraction=0.15, tumors=(tumor(0.3, 25, "right"),), name="case 7"))
    text = found.table()
    for run in found.runs:
        for advisory in run.advisories:
            assert f"{advisory.severity}: {advisory.message[:1].upper()}{advisory.message[1:].rstrip('.')}" in text
    assert {"on_boundary", "ratio_above_20"} <= set(re.findall(r"\[(\w+)\]", text))
    for shown in ("case 7", "resin (SIR-Spheres)", "shunt 15 %", "49.67 Gy kg/GBq", "EANM2022, HCC, unilobar"):
        assert shown in text
    assert text.endswith(RESEARCH_USE)
    written = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert written["inputs"]["tumors"] == [{"mass_kg": 0.3, "tumor_to_normal_ratio": 25, "name": "right"}]
    assert set(written["inputs"]) == {f.name for f in fields(Patient)}
    assert written["yttria_version"] == __version__
    assert datetime.fromisoformat(written["created"]).tzinfo is not None
    for width in (80, 120):
        assert max(map(len, found.table(width).splitlines())) <= width


def test_a_comparison_fits_a_screen_and_can_be_pickled() -> None:
    found = compare_models(RESIN)
    assert pickle.loads(pickle.dumps(found)) == found
    assert all(len(repr(value)) < 1200 for value in (found, *found.runs))


def test_the_gravest_advisory_comes_first() -> None:
    found = compare_models(GLASS)
    advisories = (
        Advisory(code="a", message="A note.", severity="note"),
        Advisory(code="b", message="An error.", severity="error"),
    )
    text = replace(found, advisories=advisories).table()
    assert text.index("error: An error. [b]") < text.index("note: A note. [a]")


def test_control_characters_in_names_do_not_reach_the_terminal() -> None:
    text = compare_models(replace(RESIN, name="[bold]x[/]\x1b[2J\nnew", tumors=(tumor(0.3, 4, "a\u202eb"),))).table()
    assert "[bold]x[/]\\x1b[2J\\x0anew" in text
    assert "a\\u202eb" in text
    assert not {"\x1b", "\u202e"} & set(text)


def test_models_without_inputs_or_for_another_device_state_the_reason() -> None:
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
    without_shunt = compare_models(replace(GLASS, lung_shunt_fraction=0.0, limits=PartitionLimits(lung_limit_gy=30)))
    assert "ever reached" in dict(without_shunt.not_applicable)["partition_maximum"]


def test_an_absurd_activity_is_listed_and_not_computed_with() -> None:
    absurd = replace(GLASS, normal_perfused_mass_kg=5.0, normal_total_mass_kg=5.0, lung_shunt_fraction=0.9)
    reasons = dict(compare_models(replace(absurd, target_perfused_dose_gy=2000)).not_applicable)
    assert "must be within [0, 100], got 2154" in reasons["single_compartment"]


@given(st.floats(0.05, 2), st.floats(0.5, 10), st.floats(0.1, 1.4), st.floats(0, 0.19))
def test_any_patient_gives_a_table(kg: float, ratio: float, normal: float, shunt: float) -> None:
    patient = replace(RESIN, tumors=(tumor(kg, ratio),), normal_perfused_mass_kg=normal, lung_shunt_fraction=shunt)
    found = compare_models(patient)
    table = found.table()
    assert all(run.model in table and run.why in table for run in found.runs)
    assert [row.model for row in found.rows()] == [run.model for run in found.runs]
    plain = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    for row, model in zip(found.rows(), plain["models"], strict=True):
        assert row.as_dict().items() <= model.items()
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
        ({"device": "wood"}, UnknownNameError, "device must be one of glass, resin, holmium, custom"),
        ({"device": "holmium"}, ArgumentError, "nuclide of holmium microspheres must be Ho-166, got EANM2022"),
        ({"liver_density_g_per_ml": 1030}, OutOfRangeError, "liver density"),
        ({"prior_lung_dose_gy": -1}, OutOfRangeError, "prior lung dose"),
        ({"untreated_tumor_mass_kg": float("nan")}, OutOfRangeError, "untreated tumor mass"),
        ({"target_tumor_dose_gy": 0}, OutOfRangeError, "target tumor dose"),
        ({"height_cm": 1.7}, OutOfRangeError, r"height in cm .*did you mean 170 cm"),
        ({"normal_total_mass_kg": 1400}, OutOfRangeError, r"did you mean 1\.4 kg\? 1400 looks like g"),
        ({"tumors": (tumor(300, 4),)}, OutOfRangeError, r"mass in kg of tumor 1 must be within .*did you mean 0\.3 kg"),
        ({"tumors": tumor(0.3, 4)}, ArgumentError, "tumors must be a sequence of Tumor"),
        ({"tumors": (0.3, 0.4)}, ArgumentError, "each of tumors must be of type Tumor, got 0.3"),
        ({"limits": {"lung_limit_gy": 30}}, ArgumentError, "limits must be of type PartitionLimits"),
        ({"cirrhotic": "no"}, ArgumentError, "cirrhotic must be True, False or None"),
        ({"limits": PartitionLimits(lung_limit_gy=-30)}, OutOfRangeError, "lung_limit_gy of the limits"),
        ({"limits": PartitionLimits(lung_limit_gy=0)}, OutOfRangeError, "lung_limit_gy of the limits"),
        ({"tumors": (tumor(0.3, None), tumor(0.3, float("nan")))}, OutOfRangeError, "ratio of tumor 2"),
        ({"prior_normal_whole_dose_gy": -1}, OutOfRangeError, "prior dose to the whole normal liver"),
        ({"normal_perfused_mass_kg": None}, ArgumentError, "given by perfused_mass_incl_tumor_kg"),
        ({"height_cm": None}, UndefinedError, "needs both height and weight"),
        ({"lung_shunt_fraction": 12}, OutOfRangeError, "did you mean 0.12"),
        ({"normal_perfused_mass_kg": 1.5}, OutOfRangeError, "at least the perfused part, 1.5 kg"),
    ],
)
def test_impossible_and_contradicting_inputs_are_refused(
    change: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        replace(RESIN, **change)
    with pytest.raises(UnknownNameError, match="guideline must be one of"):
        compare_models(replace(RESIN, guideline="EANM"))


def test_only_limits_that_are_compared_with_the_doses_have_advisories() -> None:
    # A reserve of 29 % in the first, of 56 % in the second: the limit whose readings differ belongs to the first alone.
    for normal_total, told in ((1.4, True), (2.5, False)):
        found = compare_models(replace(GLASS, normal_total_mass_kg=normal_total))
        assert ("limit_text_ambiguous" in {advisory.code for advisory in found.advisories}) == told
    spared = replace(GLASS, bilirubin_mg_per_dl=1.1)
    assert "threshold_exactly_on_boundary_conservative_used" in {a.code for a in compare_models(spared).advisories}
    lau = replace(RESIN, guideline="Lau 2012", cirrhotic=True)
    assert [a.code for a in compare_models(lau).advisories] == ["limit_not_verified"]
    again = replace(GLASS, prior_lung_dose_gy=5)
    assert "limit_derived_otherwise" in {a.code for a in compare_models(again).advisories}


def test_a_plan_like_dosisphere_exceeds_no_limit() -> None:
    # 177 Gy to 1.1 kg perfused of a liver of 1.6 kg: 122 Gy to the whole liver.
    patient = replace(
        GLASS,
        tumors=(tumor(0.4, 6.0),),
        normal_perfused_mass_kg=0.7,
        normal_total_mass_kg=1.2,
        lung_shunt_fraction=0.03,
        target_perfused_dose_gy=177,
    )
    run = compare_models(patient)["single_compartment"]
    states = {s.limit.id: s for s in run.limit_states}
    perfused = states["eanm2022-glass-hcc-unilobar-perfused-above-150"]
    assert perfused.value == pytest.approx(177)
    assert perfused.state == "met"
    assert not run.breaks
