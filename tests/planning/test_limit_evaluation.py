"""Doses compared with limits: certain states, states that depend on a missing fact, and states that exceed no limit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from yttria.planning import LimitState, TreatmentDoses, evaluate_limits

GLASS: dict[str, Any] = {"device": "glass", "disease": "HCC", "intent": "unilobar"}
RESIN: dict[str, Any] = {"device": "resin", "disease": "HCC", "intent": "unilobar"}
ICC: dict[str, Any] = {**GLASS, "disease": "ICC"}


def _states(doses: TreatmentDoses, kind: str, **known: Any) -> list[LimitState]:
    return [state for state in evaluate_limits(doses, **known) if state.limit.kind == kind]


def _one(doses: TreatmentDoses, kind: str, **known: Any) -> LimitState:
    (state,) = _states(doses, kind, **known)
    return state


@pytest.mark.claim("conditions_decide")
def test_a_plan_like_dosisphere_exceeds_no_limit() -> None:
    doses = TreatmentDoses(
        perfused_mean_dose_gy=177,
        whole_liver_dose_gy=122,
        normal_perfused_dose_gy=90,
        normal_whole_dose_gy=48,
        tumor_doses_gy=[331],
        lung_dose_gy=8,
    )
    states = evaluate_limits(doses, **GLASS, hepatic_reserve_fraction=0.31, bilirubin_mg_per_dl=0.8)
    assert {state.state for state in states} <= {"met", "depends on"}
    perfused = next(state for state in states if state.limit.kind == "perfused")
    assert (perfused.state, perfused.limit.low, [a.low for a in perfused.alternatives]) == ("met", 150, [80])
    assert str(perfused) == (
        "The mean dose to the perfused volume is 177 Gy, which reaches the target of 150 Gy (EANM2022). "
        "This applies because the mean dose to the whole liver is below 150 Gy."
    )


@pytest.mark.parametrize(
    ("perfused", "whole_liver", "state", "value"),
    [
        (177, 122, "met", 150),
        (177, 150, "above limit", 80),
        (177, 160, "above limit", 80),
        (177, None, "depends on", 150),
        (150, None, "met", 80),
        (100, None, "met", 80),
        (79, None, "below target", 80),
        (79, 60, "below target", 80),
    ],
)
def test_more_than_150_gy_needs_less_than_150_gy_to_the_whole_liver(
    perfused: float, whole_liver: float | None, state: str, value: float
) -> None:
    found = _one(TreatmentDoses(perfused_mean_dose_gy=perfused, whole_liver_dose_gy=whole_liver), "perfused", **GLASS)
    assert (found.state, found.limit.low) == (state, value)
    assert found.missing == (("the mean dose to the whole liver",) if state == "depends on" else ())
    assert found.broken == (state in ("above limit", "below target"))


def test_the_whole_liver_dose_and_the_reserve_come_from_the_masses() -> None:
    doses = TreatmentDoses(perfused_mean_dose_gy=177, normal_perfused_dose_gy=130)
    perfused, normal = (
        _one(doses, kind, **GLASS, perfused_mass_kg=1.1, liver_mass_kg=1.5) for kind in ("perfused", "normal_perfused")
    )
    assert perfused.state == "met"  # 130 Gy to the whole liver
    assert normal.state == "above limit"  # a reserve of 27 %
    assert not _states(doses, "normal_perfused", **GLASS, perfused_mass_kg=0.9, liver_mass_kg=1.5)
    above = _one(doses, "perfused", **GLASS, perfused_mass_kg=1.4, liver_mass_kg=1.5)
    assert above.state == "above limit"  # 165 Gy to the whole liver


@pytest.mark.claim("conditions_decide")
@pytest.mark.parametrize(
    ("kind", "known", "name", "values"),
    [
        ("normal_perfused", GLASS, "hepatic_reserve_fraction", (0.25, 0.35)),
        ("normal_whole", {**GLASS, "intent": "bilobar"}, "bilirubin_mg_per_dl", (2.0, 0.5)),
        ("normal_perfused", {**RESIN, "intent": "lobectomy"}, "hepatic_reserve_fraction", (0.4, 0.2)),
        ("normal_perfused", {**RESIN, "intent": "bilobar"}, "pretreated_or_impaired", (True, False)),
        ("normal_perfused", {**RESIN, "guideline": "Lau 2012"}, "cirrhotic", (True, False)),
        ("normal_perfused", {**GLASS, "guideline": "Salem 2022"}, "hepatic_reserve_fraction", (0.4, 0.2)),
    ],
)
def test_each_condition_decides_if_it_is_known_and_is_named_if_it_is_not(
    kind: str, known: dict[str, Any], name: str, values: tuple[Any, Any]
) -> None:
    doses = TreatmentDoses(
        normal_perfused_dose_gy=35 if name == "pretreated_or_impaired" else 65, normal_whole_dose_gy=65
    )
    holding = _states(doses, kind, **known, **{name: values[0]})
    failing = _states(doses, kind, **known, **{name: values[1]})
    unknown = _states(doses, kind, **known)
    assert len(holding) == 1
    assert holding[0].certain
    assert holding[0].limit not in [state.limit for state in failing]
    assert all(state.certain for state in failing)
    assert {state.state for state in unknown} <= {"depends on", "above limit", "met"}
    assert holding[0].limit in [state.limit for state in unknown]
    assert all(not state.broken for state in unknown if not state.certain)
    for state in unknown:
        assert state.certain or state.missing
        assert state.certain or "This depends on" in str(state)


def test_a_dose_above_every_limit_that_may_apply_is_certain() -> None:
    known = {**GLASS, "intent": "bilobar"}
    above = _one(TreatmentDoses(normal_whole_dose_gy=95), "normal_whole", **known)
    assert (above.state, above.limit.low, above.broken) == ("above limit", 90, True)
    assert str(above).endswith("above the limit of 90 Gy (EANM2022), whatever the bilirubin is.")
    resin = _one(TreatmentDoses(normal_perfused_dose_gy=65), "normal_perfused", **{**RESIN, "intent": "bilobar"})
    assert str(resin).endswith(", whether or not the liver is pretreated or its function compromised.")
    met = _one(TreatmentDoses(normal_whole_dose_gy=45), "normal_whole", **known)
    assert (met.state, met.limit.low) == ("met", 50)
    between = _states(TreatmentDoses(normal_whole_dose_gy=60), "normal_whole", **known)
    assert {s.limit.low: (s.state, s.if_applies) for s in between} == {
        50: ("depends on", "above limit"),
        90: ("depends on", "met"),
    }


def test_the_middle_value_is_for_plans_without_bilirubin_and_not_for_bilobar_hcc() -> None:
    doses = TreatmentDoses(normal_whole_dose_gy=80)
    assert 75 in {s.limit.low for s in _states(doses, "normal_whole", **GLASS)}
    assert 75 not in {s.limit.low for s in _states(doses, "normal_whole", **{**GLASS, "intent": "bilobar"})}
    assert _one(doses, "normal_whole", **GLASS, bilirubin_mg_per_dl=0.6).state == "met"
    assert _one(doses, "normal_whole", **GLASS, bilirubin_umol_per_l=34.2).state == "above limit"


def test_a_doubtful_unit_of_the_bilirubin_is_reported_with_the_limits_it_decides() -> None:
    doses = TreatmentDoses(normal_whole_dose_gy=60, tumor_doses_gy=[205])
    state = _one(doses, "normal_whole", **GLASS, bilirubin_umol_per_l=2)
    assert "bilirubin_unit_doubtful" in {advisory.code for advisory in state.advisories}
    assert not any(s.advisories for s in _states(doses, "tumor", **GLASS, bilirubin_umol_per_l=2))


def test_contradicting_readings_of_a_source_exceed_no_limit_unless_they_agree() -> None:
    known = {**ICC, "bilirubin_mg_per_dl": 0.6}
    states = _states(TreatmentDoses(normal_whole_dose_gy=80), "normal_whole", **known)
    assert {s.limit.low: (s.state, s.if_applies) for s in states} == {
        75: ("depends on", "above limit"),
        90: ("depends on", "met"),
    }
    assert all("not reconciled" in str(state) for state in states)
    assert _one(TreatmentDoses(normal_whole_dose_gy=91), "normal_whole", **known).broken
    assert _one(TreatmentDoses(normal_whole_dose_gy=74), "normal_whole", **known).state == "met"


@pytest.mark.parametrize("left_out", ["device", "disease", "intent"])
def test_without_device_disease_or_intent_nothing_that_belongs_to_one_is_certain(left_out: str) -> None:
    doses = TreatmentDoses(
        perfused_mean_dose_gy=500,
        normal_perfused_dose_gy=200,
        normal_whole_dose_gy=200,
        whole_liver_dose_gy=400,
        tumor_doses_gy=[10],
        lung_dose_gy=5,
        lung_activity_gbq=0.1,
    )
    known = {**GLASS, left_out: None}
    for state in evaluate_limits(doses, **known):
        belongs = {
            "device": state.limit.device,
            "disease": state.limit.disease,
            "intent": state.limit.intents,
        }[left_out]
        assert state.certain == (not belongs), str(state)
        assert state.certain or any(left_out in name for name in state.missing)


def test_maxima_are_above_the_limit_and_minima_below_the_target() -> None:
    doses = TreatmentDoses(normal_perfused_dose_gy=48, tumor_doses_gy=[150, 90])
    normal, tumor = (_one(doses, kind, **RESIN) for kind in ("normal_perfused", "tumor"))
    assert str(normal) == "The mean dose to the perfused normal liver is 48 Gy, above the limit of 40 Gy (EANM2022)."
    assert str(tumor) == "The lowest mean tumor dose is 90 Gy, below the target of 100 to 120 Gy (EANM2022)."
    assert (normal.state, tumor.state) == ("above limit", "below target")


def test_a_dose_between_the_two_values_of_a_target_reaches_its_lower_end() -> None:
    tumor = _one(TreatmentDoses(tumor_doses_gy=[110]), "tumor", **RESIN)
    assert tumor.state == "met"
    assert "reaches the lower end of the target of 100 to 120 Gy" in str(tumor)


def test_a_missed_aim_is_not_a_missed_target() -> None:
    required, aim = _states(TreatmentDoses(tumor_doses_gy=[220]), "tumor", **GLASS)
    assert (required.state, aim.state) == ("met", "below target")
    assert not aim.broken
    assert "below the aim of 250 to 300 Gy" in str(aim)


def test_a_lung_limit_of_another_guideline_is_not_compared() -> None:
    doses = TreatmentDoses(lung_dose_gy=28)
    lungs = _states(doses, "lung", **RESIN)
    assert {(state.limit.low, state.state) for state in lungs} == {(30, "met"), (50, "met")}
    own = _states(doses, "lung", **{**RESIN, "guideline": "older SIR-Spheres partition guidance"})
    assert {state.limit.low for state in own if state.broken} == {25}
    assert all("not verified" in str(state) for state in own if state.broken)


def test_a_reported_association_is_no_limit() -> None:
    doses = TreatmentDoses(perfused_mean_dose_gy=140, tumor_doses_gy=[120])
    target = evaluate_limits(doses, **{**GLASS, "guideline": "TARGET 2022"})
    assert {state.limit.kind for state in target} == {"lung"}
    assert not _states(doses, "perfused", **{**GLASS, "guideline": "DOSISPHERE-01"})


def test_earlier_doses_count_towards_maxima_and_not_towards_targets() -> None:
    doses = TreatmentDoses(normal_perfused_dose_gy=30, normal_whole_dose_gy=20, lung_dose_gy=12, tumor_doses_gy=[90])
    known = {**RESIN, "prior_normal_perfused_dose_gy": 30, "prior_lung_dose_gy": 40}
    normal = _one(doses, "normal_perfused", **known)
    assert (normal.state, normal.value, normal.prior_gy) == ("above limit", 60, 30)
    assert "60 Gy, of which earlier treatments gave 30 Gy, above the limit of 40 Gy" in str(normal)
    assert {s.limit.low: (s.state, s.value) for s in _states(doses, "lung", **known)} == {
        30: ("met", 12),
        50: ("above limit", 52),
    }
    assert _one(doses, "tumor", **known).value == 90
    target = _one(doses, "normal_perfused", **{**known, "disease": "ICC", "intent": "lobectomy"})
    assert (target.state, target.value) == ("below target", 30)


def test_an_unknown_earlier_dose_makes_a_maximum_uncertain_unless_it_is_exceeded_anyway() -> None:
    known = {**RESIN, "prior_radioembolization": True}
    state = _one(TreatmentDoses(normal_perfused_dose_gy=30), "normal_perfused", **known)
    assert state.state == "depends on"
    assert state.missing == ("the mean dose to the perfused normal liver in earlier treatments",)
    assert _one(TreatmentDoses(normal_perfused_dose_gy=45), "normal_perfused", **known).broken
    # The whole normal liver received at most what its perfused part did.
    known = {**GLASS, "prior_normal_perfused_dose_gy": 20, "bilirubin_mg_per_dl": 0.5}
    assert _one(TreatmentDoses(normal_whole_dose_gy=65), "normal_whole", **known).state == "met"
    assert _one(TreatmentDoses(normal_whole_dose_gy=75), "normal_whole", **known).state == "depends on"
    known["prior_normal_whole_dose_gy"] = 10
    assert _one(TreatmentDoses(normal_whole_dose_gy=75), "normal_whole", **known).state == "met"


def test_earlier_radioembolization_is_reported_for_limits_derived_without_it() -> None:
    doses = TreatmentDoses(normal_whole_dose_gy=20)
    known = {**GLASS, "bilirubin_mg_per_dl": 0.5}
    known_before = _one(doses, "normal_whole", **known, prior_normal_whole_dose_gy=5)
    assert [advisory.code for advisory in known_before.advisories] == ["limit_derived_otherwise"]
    assert not _one(doses, "normal_whole", **known).advisories
    derived = "The value was derived from treatments without prior radioembolization."
    assert derived in _one(doses, "normal_whole", **known).cautions
    assert derived in _one(doses, "normal_whole", **known, prior_normal_whole_dose_gy=5).cautions
    assert not _one(doses, "normal_whole", **known, prior_radioembolization=False).cautions
    bilobar = _one(doses, "normal_whole", **{**known, "intent": "bilobar", "prior_radioembolization": False})
    assert bilobar.cautions == ("The value was derived from unilobar treatments.",)


def test_earlier_radioembolization_is_a_pretreatment() -> None:
    doses = TreatmentDoses(normal_perfused_dose_gy=35)
    known = {**RESIN, "intent": "bilobar", "prior_normal_perfused_dose_gy": 1}
    assert _one(doses, "normal_perfused", **known).limit.low == 30
    assert _one(doses, "normal_perfused", **known, pretreated_or_impaired=False).limit.low == 40


def test_no_reading_is_certain_while_another_waits_for_an_earlier_dose() -> None:
    known = {**ICC, "bilirubin_mg_per_dl": 0.6, "prior_radioembolization": True}
    states = _states(TreatmentDoses(normal_whole_dose_gy=80), "normal_whole", **known)
    assert {state.limit.low for state in states} == {75, 90}
    assert not any(state.certain for state in states)
    assert _one(TreatmentDoses(normal_whole_dose_gy=91), "normal_whole", **known).broken


def test_without_an_intent_alternatives_still_count_as_one() -> None:
    doses = TreatmentDoses(perfused_mean_dose_gy=177, whole_liver_dose_gy=122)
    states = _states(doses, "perfused", device="glass", disease="HCC")
    assert [(s.limit.intents, s.if_applies) for s in states] == [
        (("segmentectomy",), "below target"),
        (("lobectomy",), "met"),
        (("unilobar",), "met"),
        (("bilobar",), "above limit"),
    ]
    assert str(states[-1]) == (
        "The mean dose to the perfused volume is 177 Gy, above the limit of 150 Gy (EANM2022) for bilobar treatment. "
        "This depends on the intent of treatment."
    )


def test_without_an_intent_the_other_conditions_are_named_too() -> None:
    doses = TreatmentDoses(normal_whole_dose_gy=60)
    states = _states(doses, "normal_whole", device="glass", disease="HCC")
    bilobar = [state for state in states if state.limit.intents == ("bilobar",)]
    assert [state.missing for state in bilobar] == 2 * [("the intent of treatment", "the bilirubin")]
    assert "for bilobar treatment if the bilirubin is above 1.1 mg/dL" in str(bilobar[0])


def test_an_unknown_dose_is_named() -> None:
    for state in evaluate_limits(TreatmentDoses(), **RESIN):
        assert state.state == "depends on"
        assert state.missing
        assert "is not known" in str(state)


def test_a_dose_at_the_limit_meets_it_within_rounding() -> None:
    for dose in (40.0, 40.0 * (1 + 1e-12)):
        assert _one(TreatmentDoses(normal_perfused_dose_gy=dose), "normal_perfused", **RESIN).state == "met"
    above = _one(TreatmentDoses(normal_perfused_dose_gy=40.0003), "normal_perfused", **RESIN)
    assert "is 40.0003 Gy, above the limit of 40 Gy" in str(above)
    segment = {**GLASS, "intent": "segmentectomy"}
    assert _one(TreatmentDoses(perfused_mean_dose_gy=400), "perfused", **segment).state == "met"


def test_every_state_can_be_written_as_json() -> None:
    doses = TreatmentDoses(
        perfused_mean_dose_gy=177,
        normal_perfused_dose_gy=60,
        normal_whole_dose_gy=80,
        whole_liver_dose_gy=None,
        tumor_doses_gy=(190, 230),
        lung_dose_gy=12,
        lung_activity_gbq=0.7,
    )
    for known in ({}, GLASS, ICC, {"device": "resin"}, {**RESIN, "guideline": "DOORwaY90"}):
        plain = json.loads(json.dumps([s.as_dict() for s in evaluate_limits(doses, **known)], allow_nan=False))
        assert all(entry["limit"]["source"]["citation"] for entry in plain)
        assert all(entry["text"].endswith(".") for entry in plain)
        assert {entry["state"] for entry in plain} <= {"met", "above limit", "below target", "depends on"}
