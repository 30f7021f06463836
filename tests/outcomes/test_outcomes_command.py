"""`yttria batch outcomes`: files, table, refusals and pictures."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("typer")
pytest.importorskip("pyarrow")
pytest.importorskip("statsmodels")

from cli_runner import invoke
from outcome_samples import lesions, write_doses

from yttria.outcomes import analyze, join_doses, outcome_figure, read_outcomes, write_outcomes


@pytest.fixture
def cohort(tmp_path: Path) -> tuple[Path, Path]:
    rows = lesions(40)
    write_outcomes([{k: v for k, v in row.items() if k != "dose_gy"} for row in rows], tmp_path / "outcomes.csv")
    return write_doses(tmp_path / "results", rows), tmp_path / "outcomes.csv"


@pytest.mark.parametrize("endpoint", ["response", "toxicity", "survival"])
def test_one_endpoint_gives_json_a_table_and_a_picture(
    cohort: tuple[Path, Path], tmp_path: Path, endpoint: str
) -> None:
    results, table = cohort
    text = invoke("batch", "outcomes", results, table, "--endpoint", endpoint, "-o", tmp_path / "out")
    found = json.loads((tmp_path / "out" / f"{endpoint}.json").read_text())
    data = join_doses(read_outcomes(table), results, endpoint=endpoint)  # type: ignore[arg-type]
    assert found == json.loads(json.dumps(analyze(data).as_dict()))
    with (tmp_path / "out" / f"{endpoint}.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["dose_gy"]) for row in rows] == data.dose_gy.tolist()
    assert (tmp_path / "out" / f"{endpoint}.png").read_bytes().startswith(b"\x89PNG")
    assert f"{data.event_meaning}: {data.event.sum()} of {len(data.event)} observations" in text
    assert "hazard ratio, per 10 Gy" in text if endpoint == "survival" else "D50 / Gy" in text
    assert "dose: mean_gy of " in text


def test_json_is_printed_alone(cohort: tuple[Path, Path]) -> None:
    printed = json.loads(invoke("batch", "outcomes", *cohort, "--endpoint", "response", "--json"))
    assert printed["event"] == "response CR or PR"
    assert (cohort[0] / "outcomes" / "response.json").is_file()


def test_options_reach_the_fits(cohort: tuple[Path, Path]) -> None:
    options = ("--cut-gy", "30", "--cut-gy", "60", "--trend-step-gy", "20", "--confidence", "0.9", "--json")
    survival = json.loads(invoke("batch", "outcomes", *cohort, "--endpoint", "survival", *options))["survival"]
    assert (survival["cuts_gy"], survival["trend_step_gy"], survival["confidence"]) == ([30.0, 60.0], 20.0, 0.9)
    options = ("--responders", "cr", "--dose-scale", "linear", "--json")
    response = json.loads(invoke("batch", "outcomes", *cohort, "--endpoint", "response", *options))
    assert (response["event"], response["dose_response"]["dose_scale"]) == ("response CR", "linear")
    toxicity = json.loads(invoke("batch", "outcomes", *cohort, "--endpoint", "toxicity", "--grade", "2", "--json"))
    assert toxicity["event"] == "toxicity of grade 2 or more"


def test_a_template_has_a_row_for_each_case_and_structure(cohort: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "template.csv"
    assert "116 rows" in invoke("batch", "outcomes", cohort[0], "--template", path)
    rows = read_outcomes(path)
    assert {(row.case_id, row.structure) for row in rows} == {(r["case_id"], r["structure"]) for r in lesions(40)}
    assert all(row.response is row.toxicity_grade is None for row in rows)
    assert "may have been filled in" in invoke("batch", "outcomes", cohort[0], "--template", path, code=1)


def test_refusals_are_one_sentence(cohort: tuple[Path, Path], tmp_path: Path) -> None:
    results, table = cohort
    (tmp_path / "bad.csv").write_text("case_id,response\na,GOOD\n")
    text = invoke("batch", "outcomes", results, tmp_path / "bad.csv", "--endpoint", "response", code=1)
    assert "problem: line 2 (case 'a'), response: response must be one of CR, PR, SD, PD, NE, got 'GOOD'" in text
    text = invoke("batch", "outcomes", results, table, "--endpoint", "response", "--metric", "d70", code=1)
    assert "error: --metric" in text or "metric must be one of mean_gy" in text
    (tmp_path / "all.csv").write_text("case_id,structure,response\ncase 000,Tumor 1,CR\ncase 001,Tumor 1,CR\n")
    text = invoke("batch", "outcomes", results, tmp_path / "all.csv", "--endpoint", "response", code=1)
    assert "all of 2 observations had the event" in text
    assert not (results / "outcomes").exists()
    assert "--endpoint" in invoke("batch", "outcomes", results, table, code=2)
    assert "--template" in invoke("batch", "outcomes", results, "--endpoint", "response", code=2)


def test_separated_doses_have_a_picture_too(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"case_id": f"c{n}", "structure": "T$_1$", "dose_gy": 50.0 + 10 * n, "response": "CR" if n > 5 else "SD"}
        for n in range(12)
    ]
    results = write_doses(tmp_path / "r", rows)
    write_outcomes([{k: v for k, v in row.items() if k != "dose_gy"} for row in rows], tmp_path / "o.csv")
    text = invoke("batch", "outcomes", results, tmp_path / "o.csv", "--endpoint", "response")
    assert "doses_separate_outcomes" in text
    assert "1.000" in text


def test_a_picture_shows_the_dose_the_fit_and_the_numbers_at_risk(cohort: tuple[Path, Path]) -> None:
    pytest.importorskip("matplotlib")
    results, table = cohort
    rows = read_outcomes(table)
    figure = outcome_figure(analyze(join_doses(rows, results, endpoint="toxicity"), dose_scale="linear"))
    curve, roc = figure.axes
    assert curve.get_xlabel() == "Mean dose of Normal liver / Gy"
    assert "D50" in " ".join(curve.get_legend_handles_labels()[1])
    assert roc.get_title(loc="left").startswith("Area 0.")
    figure = outcome_figure(analyze(join_doses(rows, results, endpoint="survival")))
    top, below = figure.axes
    assert len([line for line in top.lines if line.get_drawstyle() == "steps-post"]) == 2
    assert "20" in {text.get_text() for text in below.texts}


def test_a_cohort_of_two_isotopes_needs_the_choice_of_one(tmp_path: Path) -> None:
    rows = [row | {"isotope": "Ho-166" if n % 4 == 0 else "Y-90"} for n, row in enumerate(lesions(60))]
    named = ("dose_gy", "isotope")
    write_outcomes([{k: v for k, v in row.items() if k not in named} for row in rows], tmp_path / "outcomes.csv")
    results = write_doses(tmp_path / "results", rows)
    arguments = ("batch", "outcomes", results, tmp_path / "outcomes.csv", "--endpoint", "response")
    assert "isotope must be given" in invoke(*arguments, code=1)
    text = invoke(*arguments, "--isotope", "Y-90")
    assert "(Y-90)" in text
    assert "another isotope than Y-90" in " ".join(text.split())
    found = json.loads((results / "outcomes" / "response.json").read_text())
    assert found["isotope"] == "Y-90"
    assert found["observations"] == sum("response" in row and row["isotope"] == "Y-90" for row in rows)
    assert "must be one of" in invoke(*arguments, "--isotope", "F-18", code=2)
