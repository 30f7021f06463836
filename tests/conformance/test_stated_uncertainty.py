"""Answers with a standard uncertainty: their deviation in units of it, in every form, and hostile input."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from yttria.conformance import case, cases, score
from yttria.errors import FileFormatError

pytest.importorskip("typer")
from typer.testing import CliRunner

from yttria.cli.app import app

ACTIVITY = "activity_delivered_GBq"


def scored_case(report: Any, name: str) -> Any:
    return next(each for each in report.cases if each.id == name)


def test_deviation_is_the_difference_over_the_stated_uncertainty() -> None:
    right = case("mird-01").expected[ACTIVITY]
    found = score({"mird-01": {ACTIVITY: right + 0.03, "standard_uncertainty": {ACTIVITY: 0.02}}})
    (answer,) = scored_case(found, "mird-01").uncertain
    assert answer.quantity == ACTIVITY
    assert answer.deviation == pytest.approx(1.5)
    assert found.uncertainty_summary == {
        "stated": 1,
        "within_2": 1,
        "root_mean_square": pytest.approx(1.5),
        "largest": pytest.approx(1.5),
    }


def test_a_large_uncertainty_lets_no_case_pass_and_a_small_one_fails_none() -> None:
    right = case("mird-01").expected[ACTIVITY]
    far = score({"mird-01": {ACTIVITY: right * 1.1, "standard_uncertainty": {ACTIVITY: 10.0}}})
    near = score({"mird-01": {ACTIVITY: right * (1 + 1e-12), "standard_uncertainty": {ACTIVITY: 1e-15}}})
    assert (scored_case(far, "mird-01").status, scored_case(near, "mird-01").status) == ("fail", "pass")


def test_answers_without_uncertainty_have_no_deviation_of_the_kind() -> None:
    found = score({"mird-01": {ACTIVITY: 1.0}})
    assert scored_case(found, "mird-01").uncertain == ()
    assert found.uncertainty_summary is None
    assert found.as_dict()["stated_uncertainties"] is None


def a_list() -> tuple[str, str, list[float]]:
    for each in cases():
        for quantity, value in each.expected.items():
            if isinstance(value, list) and len(value) > 1 and all(isinstance(v, float) for v in value):
                return each.id, quantity, value
    raise AssertionError


def test_one_uncertainty_holds_for_a_whole_list_or_each_element_has_its_own() -> None:
    name, quantity, values = a_list()
    got = [v + 1.0 for v in values]
    for stated, expected in ((0.5, [2.0] * len(got)), ([0.5, 0.25, *[1.0] * (len(got) - 2)], [2.0, 4.0])):
        found = scored_case(score({name: {quantity: got, "standard_uncertainty": {quantity: stated}}}), name)
        assert [each.deviation for each in found.uncertain][: len(expected)] == pytest.approx(expected)


def test_a_map_is_judged_by_its_farthest_voxel() -> None:
    each = next(c for c in cases() if c.is_map)
    (quantity,) = (q for q in each.quantities if isinstance(each.expected[q], np.ndarray))
    values = each.expected[quantity].astype(np.float64)
    values[0, 0, 0] -= 3.0
    found = scored_case(score({each.id: {quantity: values, "standard_uncertainty": {quantity: 1.5}}}), each.id)
    assert found.uncertain[0].deviation == pytest.approx(-2.0, rel=1e-5)


def test_a_table_of_a_spreadsheet_has_a_column_for_it(tmp_path: Path) -> None:
    right = case("mird-01").expected[ACTIVITY]
    path = tmp_path / "results.csv"
    path.write_text(
        f"case;quantity;value;standard_uncertainty\nmird-01;{ACTIVITY};{right + 0.09};0.05\nmird-02;{ACTIVITY};1.0;\n"
    )
    found = score(path)
    assert scored_case(found, "mird-01").uncertain[0].deviation == pytest.approx(1.8)
    done = CliRunner().invoke(app, ["conformance", "score", str(path)])
    assert "Answers with a standard uncertainty u: 1, of which 1 within 2 u" in " ".join(done.output.split())


@pytest.mark.parametrize("value", [0, -0.1, math.nan, math.inf, "small", True, [0.1, "x"]])
def test_an_uncertainty_that_is_no_positive_number_is_refused(value: object) -> None:
    with pytest.raises(FileFormatError, match="standard_uncertainty must be a number above 0"):
        score({"mird-01": {ACTIVITY: 1.0, "standard_uncertainty": {ACTIVITY: value}}})


def test_uncertainties_must_be_given_by_quantity() -> None:
    with pytest.raises(FileFormatError, match="must be an object of quantities"):
        score({"mird-01": {ACTIVITY: 1.0, "standard_uncertainty": 0.1}})


def test_the_report_is_plain_json() -> None:
    found = score({"mird-01": {ACTIVITY: 1.0, "standard_uncertainty": {ACTIVITY: 0.1}}})
    plain = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    scored = next(each for each in plain["cases"] if each["id"] == "mird-01")
    assert scored["uncertain"][0]["standard_uncertainty"] == 0.1
