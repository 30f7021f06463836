"""Properties of the comparison with limits: any doses, any facts, and inputs that must be refused."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from yttria.errors import ArgumentError, OutOfRangeError, UnknownNameError
from yttria.planning import LimitState, TreatmentDoses, evaluate_limits
from yttria.planning.limit_table import limit_table

GLASS: dict[str, Any] = {"device": "glass", "disease": "HCC", "intent": "unilobar"}
RESIN: dict[str, Any] = {"device": "resin", "disease": "HCC", "intent": "unilobar"}
ICC: dict[str, Any] = {**GLASS, "disease": "ICC"}


dose = st.one_of(st.none(), st.floats(0, 600), st.sampled_from([30.0, 40, 50, 75, 80, 88, 90, 120, 140, 150, 205]))
state_of_the_liver = st.fixed_dictionaries(
    {
        "device": st.sampled_from([None, "glass", "resin", "holmium"]),
        "disease": st.sampled_from([None, "HCC", "ICC", "mCRC"]),
        "intent": st.sampled_from([None, "segmentectomy", "lobectomy", "unilobar", "bilobar"]),
        "guideline": st.sampled_from(sorted({limit.guideline for limit in limit_table()[1]})),
        "hepatic_reserve_fraction": st.sampled_from([None, 0.1, 0.3, 0.5]),
        "perfused_mass_kg": st.sampled_from([None, 0.6, 1.2]),
        "liver_mass_kg": st.just(1.5),
        "bilirubin_mg_per_dl": st.sampled_from([None, 0.5, 1.1, 2.0]),
        "pretreated_or_impaired": st.sampled_from([None, True, False]),
        "cirrhotic": st.sampled_from([None, True, False]),
        "prior_normal_perfused_dose_gy": st.sampled_from([None, 0.0, 20.0]),
        "prior_lung_dose_gy": st.sampled_from([None, 0.0, 20.0]),
    }
)
FIELDS = (
    "perfused_mean_dose_gy",
    "normal_perfused_dose_gy",
    "normal_whole_dose_gy",
    "whole_liver_dose_gy",
    "lung_dose_gy",
    "lung_activity_gbq",
)


def _exceeded(states: tuple[LimitState, ...]) -> set[str]:
    """Limits that are certainly exceeded, by tissue and conditions."""
    return {s.limit.case_of or s.limit.alternative_of or s.limit.id for s in states if s.state == "above limit"}


@given(state_of_the_liver, st.tuples(dose, dose, dose, dose, dose, dose), st.sampled_from(FIELDS), st.floats(0, 200))
@example({**GLASS, "guideline": "EANM2022"}, (160.0, None, None, 150.0, None, None), "perfused_mean_dose_gy", 20.0)
def test_a_higher_dose_never_meets_a_limit_that_a_lower_one_exceeds(
    known: dict[str, Any], values: tuple[float | None, ...], field: str, more: float
) -> None:
    doses = TreatmentDoses(**dict(zip(FIELDS, values, strict=True)), tumor_doses_gy=[120.0])
    before = getattr(doses, field)
    if before is None:
        return
    higher = replace(doses, **{field: before + more})
    assert _exceeded(evaluate_limits(doses, **known)) <= _exceeded(evaluate_limits(higher, **known))


@given(state_of_the_liver, st.tuples(dose, dose, dose, dose, dose, dose))
def test_a_certain_state_stays_certain_if_more_is_known(
    known: dict[str, Any], values: tuple[float | None, ...]
) -> None:
    doses = TreatmentDoses(**dict(zip(FIELDS, values, strict=True)), tumor_doses_gy=[120.0])
    first = {s.limit.case_of or s.limit.alternative_of or s.limit.id: s for s in evaluate_limits(doses, **known)}
    for name, value in (("bilirubin_mg_per_dl", 0.5), ("bilirubin_mg_per_dl", 2.0), ("pretreated_or_impaired", True)):
        if known[name] is None:
            for state in evaluate_limits(doses, **{**known, name: value}):
                then = first[state.limit.case_of or state.limit.alternative_of or state.limit.id]
                # Contradicting readings stay open, and certain states stay certain.
                assert not then.certain or state.state == then.state, (str(then), str(state))


@given(state_of_the_liver, st.tuples(dose, dose, dose, dose, dose, dose))
def test_every_sentence_can_be_read(known: dict[str, Any], values: tuple[float | None, ...]) -> None:
    doses = TreatmentDoses(**dict(zip(FIELDS, values, strict=True)))
    for state in evaluate_limits(doses, **known):
        text = str(state)
        assert text[0].isupper()
        assert text.endswith(".")
        assert "None" not in text
        assert "_" not in text
        # Two conditions and a dose of earlier treatments make the longest; a usual sentence has 30 words at most.
        assert max(len(sentence.split()) for sentence in text.split(". ")) <= 50, text


@pytest.mark.parametrize(
    ("doses", "known", "error", "message"),
    [
        ({"lung_dose_gy": -1}, {}, OutOfRangeError, "lung dose in Gy must be finite and >= 0, got -1"),
        ({"perfused_mean_dose_gy": math.nan}, {}, OutOfRangeError, "mean perfused dose in Gy"),
        ({"tumor_doses_gy": [1, math.inf]}, {}, OutOfRangeError, "tumor dose in Gy"),
        ({"tumor_doses_gy": ["x"]}, {}, ArgumentError, "tumor dose in Gy must be a real number"),
        ({}, {"guideline": "EANM"}, UnknownNameError, "guideline must be one of"),
        ({}, {"intent": "cure"}, UnknownNameError, "intent must be one of"),
        ({}, {"hepatic_reserve_fraction": 30}, OutOfRangeError, "hepatic reserve fraction must be within"),
        ({}, {"perfused_mass_kg": 2, "liver_mass_kg": 1}, OutOfRangeError, "the mass of the liver, got 2"),
        ({}, {"perfused_mass_kg": 0, "liver_mass_kg": 1}, OutOfRangeError, "mass of the perfused volume"),
        ({}, {"perfused_mass_kg": 1, "liver_mass_kg": 0}, OutOfRangeError, "mass of the liver in kg"),
        ({}, {"bilirubin_mg_per_dl": 1, "bilirubin_umol_per_l": 17}, ArgumentError, "bilirubin must be given once"),
        ({}, {"prior_lung_dose_gy": -1}, OutOfRangeError, "earlier treatments to the lungs"),
        ({}, {"prior_radioembolization": "yes"}, ArgumentError, "prior_radioembolization must be True"),
        (
            {},
            {"prior_radioembolization": False, "prior_lung_dose_gy": 5},
            ArgumentError,
            "a dose of earlier treatments is given",
        ),
    ],
)
def test_impossible_doses_and_facts_are_refused(
    doses: dict[str, Any], known: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        evaluate_limits(TreatmentDoses(**doses), **known)
