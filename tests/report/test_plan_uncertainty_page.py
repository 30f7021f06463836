"""The page of a plan shows the uncertainties of the JSON, one row per plan, and none if none is stated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jinja2")

from html_pages import Page

from yttria.planning import example_patient_file, plan_patient_file
from yttria.report import html_report


def page_of(folder: Path, text: str) -> tuple[Page, dict[str, Any]]:
    path = folder / "patient.toml"
    path.write_text(text)
    plan = plan_patient_file(path, draws=2000).as_dict()
    return Page(html_report(plan=plan)), plan


def table_of(page: Page, caption: str) -> Any:
    return next((table for table in page.tables if table.caption.startswith(caption)), None)


def test_each_model_has_the_uncertainties_and_shares_of_the_json(tmp_path: Path) -> None:
    page, plan = page_of(tmp_path, example_patient_file())
    records = table_of(page, "Standard uncertainties").records()
    assert len(records) == len(plan["models"])
    for record, model in zip(records, plan["models"], strict=True):
        assert record["Lungs"].value == model["lung_dose_standard_uncertainty_gy"]
        assert record["Asked for"].value == model["needed_activity_standard_uncertainty_gbq"]
    shares = table_of(page, "Share of draws").records()
    for n, limit in enumerate(plan["models"][-1]["uncertainty"]["limits"]):
        assert shares[n]["Compared"].text == limit["clause"]
        assert shares[n]["Partition, maximum"].value == pytest.approx(100.0 * limit["probability"])


def test_territories_have_rows_of_their_own(tmp_path: Path) -> None:
    page, plan = page_of(tmp_path, example_patient_file(several_territories=True))
    records = {record["Plan"].text: record for record in table_of(page, "Standard uncertainties").records()}
    assert records.keys() == {f"{a}: {b}" for a in ("Stated", "Optimum") for b in ("right", "left", "together")}
    of_lungs = next(q for q in plan["plans"][0]["uncertainty"]["quantities"] if q["kind"] == "lung")
    assert records["Stated: together"]["Lungs"].value == of_lungs["budget"]["standard_uncertainty"]


@pytest.mark.parametrize("several", [False, True])
def test_a_plan_without_uncertainties_has_no_such_table(tmp_path: Path, several: bool) -> None:
    text = example_patient_file(several_territories=several).split("\n[uncertainty]")[0]
    page, _ = page_of(tmp_path, text)
    assert table_of(page, "Standard uncertainties") is None
    assert table_of(page, "Share of draws") is None
