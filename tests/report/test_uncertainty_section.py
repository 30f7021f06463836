"""Uncertainties in a report: the numbers of doses.json, the bars of each budget, and inputs that are not included."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytest.importorskip("jinja2")
pytest.importorskip("contourpy")

from html_pages import Page
from report_samples import dosed, phantom

import yttria
from yttria.evaluation import UncertaintyInputs
from yttria.report import html_report
from yttria.report.uncertainty_section import LEFT, RIGHT, uncertainty_tables


def with_budgets(name: str = "Tumor 1") -> dict[str, Any]:
    doses, _ = dosed()
    made = phantom()
    result = yttria.dose_image(made.activity, scaling=yttria.AbsoluteScaling(scan_delay_h=made.scan_delay_h))
    inputs = UncertaintyInputs(fwhm_mm=6.0, calibration_uncertainty=0.05)
    budgets = result.uncertainty_budgets(made.structures, inputs)
    rows = result.table(made.structures, uncertainty=inputs)
    plain = [budget.as_dict() for budget in budgets]
    for budget in plain:
        budget["structure"] = name if budget["structure"] == "Tumor 1" else budget["structure"]
    return doses | {
        "structures": [row.as_dict() for row in rows],
        "uncertainty": {"inputs": inputs.as_dict(), "budgets": plain},
    }


def test_values_and_uncertainties_are_those_of_the_json() -> None:
    doses = with_budgets()
    page = Page(html_report(doses))
    (table,) = (each for each in page.tables if each.caption.startswith("Value and standard uncertainty"))
    budgets = doses["uncertainty"]["budgets"]
    assert len(table.rows) == 1 + len(budgets)
    for record, budget in zip(table.records(), budgets, strict=True):
        assert record["Structure"].text == budget["structure"]
        assert [record["Interval from"].value, record["to"].value] == budget["interval"]
        value, uncertainty = re.split(r"\s*±\s*", record["Value"].text)
        assert float(value) == pytest.approx(budget["value"], abs=budget["standard_uncertainty"])
        assert float(uncertainty) == pytest.approx(budget["standard_uncertainty"], rel=0.05)


def test_doses_stand_with_their_uncertainty_and_without_columns_for_it() -> None:
    page = Page(html_report(with_budgets()))
    table = next(each for each in page.tables if each.caption.startswith("Dose in Gy to each structure"))
    assert [cell.text for cell in table.rows[0]] == ["Structure", "Volume", "Mean", "D95", "D70", "D50", "D2", "Max"]
    assert all("±" in record["Mean"].text and "±" not in record["D50"].text for record in table.records())
    assert "Uncertainties are standard ones (k = 1)" in table.caption


def test_bars_are_in_proportion_and_the_largest_stands_first() -> None:
    doses = with_budgets()
    found = uncertainty_tables(doses)
    assert found is not None
    means = [budget for budget in doses["uncertainty"]["budgets"] if budget["quantity"] == "mean_gy"]
    for chart, budget in zip(found["charts"], means, strict=True):
        together, *parts = chart.bars
        assert together.is_sum
        lengths = [bar.length for bar in parts]
        assert lengths == sorted(lengths, reverse=True)
        assert max(together.length, *lengths) == pytest.approx(RIGHT - LEFT)
        squares = sum(part["contribution"] ** 2 for part in budget["components"])
        assert sum(length**2 for length in lengths) / together.length**2 == pytest.approx(
            squares / budget["standard_uncertainty"] ** 2, rel=0.02
        )


def test_inputs_that_are_not_included_are_named() -> None:
    text = html_report(with_budgets())
    assert re.search(r"Not included, and not zero: [^.]*registration", text)
    assert uncertainty_tables(dosed()[0]) is None


def test_a_hostile_name_is_text() -> None:
    page = Page(html_report(with_budgets("<script>alert(1)</script>")))
    assert "<script>alert(1)</script>: " in page.text
