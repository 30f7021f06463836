"""Outcomes joined with doses: joined rows, rows that are left out, and refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("statsmodels")

from outcome_samples import lesions, write_doses

from yttria.errors import ArgumentError, FileFormatError, OutOfRangeError, UndefinedError, UnknownNameError, YttriaError
from yttria.outcomes import Outcome, analyze, join_doses

ROWS: list[dict[str, Any]] = [
    {"case_id": case, "structure": name, "dose_gy": dose}
    for case, name, dose in (("a", "T1", 90.0), ("a", "T2", 150.0), ("a", "Liver", 30.0), ("b", "T1", 210.0))
]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write_doses(tmp_path / "results", ROWS)


def responses(*rows: tuple[str, str, Any]) -> list[Outcome]:
    return [Outcome(case_id=case, structure=name, response=response) for case, name, response in rows]


def test_each_lesion_meets_its_dose(results: Path) -> None:
    rows = responses(("b", "T1", "CR"), ("a", "T2", "SD"), ("a", "T1", "PR"))
    data = join_doses(rows, results, endpoint="response")
    assert data.dose_gy.tolist() == [210.0, 150.0, 90.0]
    assert data.event.tolist() == [True, False, True]
    assert data.patients == ("b", "a", "a")
    assert data.advisories == ()
    assert data.event_meaning == "response CR or PR"
    assert data.rows()[1]["dose_gy"] == 150.0


def test_complete_responses_alone_may_count(results: Path) -> None:
    data = join_doses(responses(("a", "T1", "PR")), results, endpoint="response", responders=["CR"])
    assert data.event.tolist() == [False]


def test_a_patient_may_have_several_cases(results: Path) -> None:
    rows = [
        Outcome(case_id="a", structure="T1", response="CR", patient_id="p"),
        Outcome(case_id="b", structure="T1", response="SD", patient_id="p"),
    ]
    assert join_doses(rows, results, endpoint="response").patients == ("p", "p")


def test_toxicity_takes_the_dose_of_the_structure_that_is_named(results: Path) -> None:
    rows = [Outcome(case_id="a", toxicity_grade=2)]
    data = join_doses(rows, results, endpoint="toxicity", structure="Liver", grade=2)
    assert (data.dose_gy.tolist(), data.event.tolist()) == ([30.0], [True])
    assert data.event_meaning == "toxicity of grade 2 or more"
    assert not join_doses(rows, results, endpoint="toxicity", structure="Liver").event.any()


def test_times_are_those_of_the_endpoint(results: Path) -> None:
    rows = [
        Outcome(case_id="a", survival_months=20.0, survival_event=True, progression_months=6.0, progression_event=False)
    ]
    for endpoint, months, event in (("survival", 20.0, True), ("progression", 6.0, False)):
        data = join_doses(rows, results, endpoint=endpoint, structure="T1")  # type: ignore[arg-type]
        assert data.time_months is not None
        assert (data.time_months.tolist(), data.event.tolist()) == ([months], [event])


def test_rows_without_a_dose_or_an_outcome_are_counted_and_named(results: Path) -> None:
    rows = [
        *responses(("a", "T1", "CR"), ("a", "T2", "NE"), ("gone", "T1", "CR"), ("b", "T9", "SD")),
        Outcome(case_id="b", toxicity_grade=1),
    ]
    data = join_doses(rows, results, endpoint="response")
    assert data.case_ids == ("a",)
    assert [(a.code, a.severity) for a in data.advisories] == [
        ("outcomes_left_out", severity) for severity in ("note", "warning", "warning", "warning")
    ]
    told = [a.message for a in data.advisories]
    assert told[0] == "1 rows have no response and were left out."
    assert told[1] == "1 responses are not evaluated (NE) and were left out."
    assert told[2] == "2 rows have an outcome but no dose and were left out: 'gone' T1, 'b' T9."
    assert told[3] == "1 doses of 'T1' have no row of outcomes: 'b' T1."


def test_a_dose_that_is_not_a_number_is_no_dose(tmp_path: Path) -> None:
    rows = [*ROWS, {"case_id": "c", "structure": "T1", "dose_gy": float("nan")}]
    results = write_doses(tmp_path / "r", rows)
    data = join_doses(responses(("a", "T1", "CR"), ("b", "T1", "SD"), ("c", "T1", "CR")), results, endpoint="response")
    assert data.case_ids == ("a", "b")
    assert "no dose" in data.advisories[0].message


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda f: join_doses([Outcome(case_id="a", response="CR")], f, endpoint="response"),
            ArgumentError,
            "name none",
        ),
        (lambda f: join_doses([], f, endpoint="relapse"), UnknownNameError, "response, toxicity"),  # type: ignore[arg-type]
        (lambda f: join_doses([], f, endpoint="response", metric="d70"), UnknownNameError, "mean_gy"),
        (lambda f: join_doses([], f, endpoint="response", metric="volume_ml"), UnknownNameError, "mean_gy"),
        (lambda f: join_doses([], f, endpoint="response", structure="Tumor"), UnknownNameError, "Liver, T1, T2"),
        (lambda f: join_doses([], f, endpoint="toxicity", grade=0), OutOfRangeError, "within"),
        (lambda f: join_doses([], f, endpoint="response", responders=["YES"]), UnknownNameError, "CR, PR"),  # type: ignore[list-item]
        (lambda f: join_doses([], f, endpoint="response"), UndefinedError, "no row has both"),
        (lambda f: join_doses(responses(("x", "T1", "CR")), f, endpoint="response"), UndefinedError, "case 'a'"),
        (lambda f: join_doses([], f / "no", endpoint="response"), FileFormatError, "no such folder"),
    ],
)
def test_wrong_input_is_refused(
    results: Path, call: Callable[[Path], Any], error: type[YttriaError], text: str
) -> None:
    with pytest.raises(error, match=text):
        call(results)


def test_a_cohort_is_analyzed_by_patient(tmp_path: Path) -> None:
    rows = lesions(60)
    results = write_doses(tmp_path / "r", rows)
    outcomes = [Outcome(**{k: v for k, v in row.items() if k != "dose_gy"}) for row in rows]
    found = analyze(join_doses(outcomes, results, endpoint="response"))
    assert found.dose_response is not None
    assert found.roc is not None
    assert found.survival is None
    assert found.dose_response.patients == found.roc.patients == len({row["case_id"] for row in rows})
    d50 = found.dose_response.d50_gy
    assert d50 is not None
    assert d50.lower is not None
    assert d50.upper is not None
    assert d50.lower < 120 < d50.upper
    # A code of both fits is reported once.
    assert [a.code for a in found.advisories].count("observations_share_patients") == 1
    plain = found.as_dict()
    assert plain["observations"] == sum("response" in row for row in rows)
    assert plain["roc"]["area"]["value"] == found.roc.area.value


def test_survival_is_analyzed_by_groups_of_dose(tmp_path: Path) -> None:
    rows = lesions(60)
    results = write_doses(tmp_path / "r", rows)
    outcomes = [Outcome(**{k: v for k, v in row.items() if k != "dose_gy"}) for row in rows]
    data = join_doses(outcomes, results, endpoint="survival")
    found = analyze(data, cuts_gy=[30.0, 60.0])
    assert found.survival is not None
    assert [group.high_gy for group in found.survival.groups] == [30.0, 60.0, None]
    assert sum(group.observations for group in found.survival.groups) == 60
    assert np.isfinite(found.survival.log_rank_p_value)
    with pytest.raises(ArgumentError, match="no times"):
        analyze(join_doses(outcomes, results, endpoint="response"), cuts_gy=[30.0])


@pytest.fixture
def of_two_isotopes(tmp_path: Path) -> Path:
    holmium = [{"case_id": "h", "structure": "T1", "dose_gy": 60.0, "isotope": "Ho-166"}]
    return write_doses(tmp_path / "mixed", [*ROWS, *holmium])


def test_doses_of_several_isotopes_are_not_fitted_together(of_two_isotopes: Path) -> None:
    rows = responses(("a", "T1", "PR"), ("b", "T1", "CR"), ("h", "T1", "SD"))
    with pytest.raises(ArgumentError, match="isotope must be given: the rows have 2 of Y-90 and 1 of Ho-166 doses"):
        join_doses(rows, of_two_isotopes, endpoint="response")
    data = join_doses(rows, of_two_isotopes, endpoint="response", isotope="Y-90")
    assert (data.isotope, data.case_ids) == ("Y-90", ("a", "b"))
    (told,) = data.advisories
    assert told.message == "1 rows have a dose of another isotope than Y-90 and were left out: 'h' T1."
    assert join_doses(rows, of_two_isotopes, endpoint="response", isotope="Ho-166").dose_gy.tolist() == [60.0]


def test_rows_of_one_isotope_need_no_choice_in_a_mixed_cohort(of_two_isotopes: Path) -> None:
    data = join_doses(responses(("h", "T1", "SD")), of_two_isotopes, endpoint="response")
    assert (data.isotope, data.dose_gy.tolist()) == ("Ho-166", [60.0])


def test_an_isotope_without_doses_or_that_is_not_known_is_named(of_two_isotopes: Path) -> None:
    rows = responses(("a", "T1", "PR"))
    with pytest.raises(UndefinedError, match="no row has a dose of Ho-166; the doses are of Y-90"):
        join_doses(rows, of_two_isotopes, endpoint="response", isotope="Ho-166")
    with pytest.raises(UnknownNameError, match="isotope must be one of Y-90"):
        join_doses(rows, of_two_isotopes, endpoint="response", isotope="Tc-99m")  # type: ignore[arg-type]
