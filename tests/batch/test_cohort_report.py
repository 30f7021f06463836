"""The report of a cohort: its numbers are those of the tables, and outliers are named with reasons."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("jinja2")
pytest.importorskip("typer")

import pyarrow.parquet as pq
from batch_samples import cohort, rows
from browser import browser, chromium
from cli_runner import invoke
from html_pages import HtmlTable, Page

from yttria.batch import cohort_report, run_manifest, write_manifest
from yttria.batch.summary import summarize
from yttria.errors import FileFormatError

DATE = "2026-11-29T09:00:00+00:00"
HOSTILE = "<img src=x onerror=alert(1)>\u202e"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    manifest = cohort(folder, 1)
    alike = {"activity": "a0.nii.gz", "structures": "s0.nii.gz", "method": "local_deposition"}
    declared = [row | alike for row in rows(40)]
    declared[3]["activity"] = "a9.nii.gz"
    declared[5]["case_id"] = HOSTILE
    declared[7]["administered_activity_gbq"] = 30.0
    write_manifest(declared, manifest)
    run_manifest(manifest, folder / "results")
    return folder / "results"


def table(page: Page, caption: str) -> HtmlTable:
    return next(found for found in page.tables if found.caption.startswith(caption))


@pytest.mark.claim("report_numbers")
def test_statistics_cases_and_outliers_are_those_of_the_tables(results: Path) -> None:
    page, summary = Page(cohort_report(results, created=DATE)), summarize(results)
    assert not page.faults
    statistics = table(page, "Quantiles").records()
    assert [[row[name].value for name in ("Cases", "Min", "Median", "Max")] for row in statistics] == [
        [row[name] for name in ("n", "q0", "q50", "q100")] for row in summary.structures
    ]
    means: dict[str, dict[str, float]] = {}
    for row in pq.read_table(results / "doses.parquet").to_pylist():
        if row["metric"] == "mean_gy":
            means.setdefault(row["case_id"], {})[row["structure"]] = row["value"]
    cases = table(page, "Mean dose of each case").records()
    assert len(cases) == summary.cases == 39
    shown = {HOSTILE: HOSTILE.replace("\u202e", "\\u202e")}
    by_name = {row["Case"].text: row for row in cases}
    for case, doses in means.items():
        row = by_name[shown.get(case, case)]
        assert {name: row[f"Mean, {name}"].value for name in doses} == doses
    outliers = table(page, "Cases with an unusual").records()
    assert [(row["Case"].text, row["Mean"].value, row["Modified z"].value) for row in outliers] == [
        (outlier["case_id"], outlier["mean_gy"], outlier["z"]) for outlier in summary.outliers
    ]
    assert {row["Case"].text for row in outliers} == {"case 0007"}
    assert all("times the median of" in list(row.values())[-1].text for row in outliers)
    quarantine = next(t for t in page.tables if "in quarantine" in t.caption).records()
    assert [row["Case"].text for row in quarantine] == ["case 0003"]


def test_of_many_outliers_the_most_unusual_are_listed(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yttria.report.cohort_html._MOST_OUTLIERS", 1)
    page, outliers = Page(cohort_report(results)), summarize(results).outliers
    listed = table(page, "Cases with an unusual")
    assert listed.caption == f"Cases with an unusual mean dose, the 1 most unusual of {len(outliers)}."
    assert [row["Modified z"].value for row in listed.records()] == [outliers[0]["z"]]


def test_an_anonymous_report_names_rows_of_the_manifest(results: Path) -> None:
    named, anonymous = cohort_report(results), cohort_report(results, anonymous=True)
    for secret in ("case 0003", "case 0007", "onerror", "a9.nii.gz", results.name):
        assert secret in named
        assert secret not in anonymous
    outliers = table(Page(anonymous), "Cases with an unusual").records()
    assert {row["Case"].text for row in outliers} == {"case 8"}
    assert Page(anonymous).values == Page(named).values


@pytest.mark.claim("report_bytes")
def test_two_reports_of_the_same_tables_differ_in_the_date_alone(results: Path) -> None:
    assert cohort_report(results, created=DATE) == cohort_report(results, created=DATE)
    assert cohort_report(results, created=DATE).replace(DATE, "x") == cohort_report(results, created="x")


def test_the_command_reports_a_folder_of_results(results: Path, tmp_path: Path) -> None:
    invoke("report", results, "-o", tmp_path / "cohort.html")
    assert not Page((tmp_path / "cohort.html").read_text()).faults
    text = invoke("report", results, results, "-o", tmp_path / "x.html", code=1)
    assert "a folder of a batch must be the only one" in text
    (tmp_path / "batch.json").write_text("{}")
    assert "has not ended" in " ".join(invoke("report", tmp_path, "-o", tmp_path / "x.html", code=1).split())
    with pytest.raises(FileFormatError, match="no such folder"):
        cohort_report(tmp_path / "nowhere")


@pytest.mark.skipif(chromium() is None, reason="no Chromium is installed: apt-get install chromium")
def test_tables_are_sorted_by_a_click_and_nothing_else_happens(results: Path, tmp_path: Path) -> None:
    (tmp_path / "cohort.html").write_text(cohort_report(results), encoding="utf-8")
    program = chromium()
    assert program is not None
    column = (
        "[...document.querySelectorAll('#cases tbody tr')]"
        ".map((row) => Number(row.cells[1].querySelector('data').value))"
    )
    with browser(program) as tab:
        for width in (1280, 400):
            tab.open(tmp_path / "cohort.html", width)
            assert tab.messages() == []
            assert len(tab.requests()) == 1
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
        before = tab.evaluate(column)
        click = "document.querySelectorAll('#cases thead button')[1].click()"
        tab.evaluate(click)
        assert tab.evaluate(column) == sorted(before)
        tab.evaluate(click)
        assert tab.evaluate(column) == sorted(before, reverse=True)
        assert tab.evaluate("document.querySelector('#cases th[aria-sort]').getAttribute('aria-sort')") == "descending"
        assert before != sorted(before)
