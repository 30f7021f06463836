"""`yttria report`, and `--report` of dose, plan and compare."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

pytest.importorskip("typer")
pytest.importorskip("jinja2")
pytest.importorskip("contourpy")
pytest.importorskip("matplotlib")

from cli_runner import invoke
from html_pages import Page
from report_samples import write_case

from yttria.planning import example_patient_file


def page(path: Path) -> Page:
    found = Page(path.read_text(encoding="utf-8"))
    assert not found.faults
    return found


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of two doses and of their comparison, and a plan, each with its report."""
    folder = tmp_path_factory.mktemp("results")
    case = write_case(folder / "case")
    given = ("-s", case / "structures.seg.nrrd", "--scan-delay-h", "20", "--administered-activity-gbq", "2", "--report")
    limits = ("--limits", "EANM2022", "--device", "glass", "--disease", "HCC", "--metrics", "V50,mass")
    invoke("dose", case / "activity.nrrd", *given, *limits, "-o", folder / "local")
    invoke("dose", case / "activity.nrrd", *given, "--method", "voxel-s-values", "-o", folder / "convolved")
    maps = (folder / "local" / "dose.nrrd", folder / "convolved" / "dose.nrrd")
    invoke("compare", *maps, "-s", case / "structures.seg.nrrd", "-o", folder / "compare", "--report")
    (folder / "patient.toml").write_text(example_patient_file().replace('"right lobe"', '"Tumor 1"'))
    invoke("plan", folder / "patient.toml", "-o", folder / "plan.json", "--report", folder / "plan.html")
    return folder


def test_every_command_writes_its_report(results: Path) -> None:
    titles = {}
    for name in ("local/report.html", "compare/report.html", "plan.html"):
        found = page(results / name)
        titles[name] = found.text.split(" Skip")[0]
    assert "absorbed dose" in titles["local/report.html"]
    assert "Comparison of two dose maps" in titles["compare/report.html"]
    assert "plan" in titles["plan.html"]


def test_the_report_of_a_folder_is_that_of_the_run(results: Path, tmp_path: Path) -> None:
    invoke("report", results / "local", "-o", tmp_path / "again.html")
    one, other = page(results / "local" / "report.html"), page(tmp_path / "again.html")
    assert one.values == other.values
    assert [svg.get("aria-label") for svg in one.all("svg")] == [svg.get("aria-label") for svg in other.all("svg")]


def test_dose_plan_and_comparison_stand_on_one_page(results: Path, tmp_path: Path) -> None:
    invoke("report", results / "local", results / "plan.json", results / "compare", "-o", tmp_path / "all.html")
    found = page(tmp_path / "all.html")
    models = next(table for table in found.tables if table.rows[0][0].text == "Model").records()
    doses = json.loads((results / "local" / "doses.json").read_text())
    (tumor,) = [row for row in doses["structures"] if row["structure"] == "Tumor 1"]
    assert models[-1]["Tumor 1"].value == tumor["mean_gy"]
    assert models[-1]["Perfused normal liver"].value == doses["limits"]["doses"]["normal_perfused_dose_gy"]
    comparison = json.loads((results / "compare" / "comparison.json").read_text())
    differences = next(t for t in found.tables if t.caption.startswith("Differences by structure")).records()
    assert [row["B - A"].value for row in differences] == [
        row["mean_difference_gy"] for row in comparison["differences"]
    ]
    assert len(list(found.all("img"))) == 1


def test_a_voxel_based_plan_stands_beside_the_delivered_dose(results: Path, tmp_path: Path) -> None:
    case = results / "case"
    invoke(
        *("plan-voxels", case / "activity.nrrd", "-s", case / "structures.seg.nrrd", "--unit", "Bq/mL"),
        *("--relative-to", "Liver", "--lung-shunt-fraction", "0.05", "--goal", "Tumor 1: D70"),
        *("--limit", "Normal liver: mean <= 40 Gy", "-o", tmp_path / "plan"),
    )
    plan = json.loads((tmp_path / "plan" / "plan.json").read_text())
    doses = json.loads((results / "local" / "doses.json").read_text())
    invoke("report", results / "local", tmp_path / "plan", "-o", tmp_path / "both.html")
    found = page(tmp_path / "both.html")
    table = next(t for t in found.tables if t.caption.startswith("Planned dose of each structure")).records()
    assert [row["Mean"].value for row in table] == [row["mean_gy"] for row in plan["structures"]]
    given = {row["structure"]: row["mean_gy"] for row in doses["structures"]}
    assert [row["Mean, delivered"].value for row in table] == [given[row["Structure"].text] for row in table]
    limits = next(t for t in found.tables if t.caption == "Limits and targets of the plan.").records()
    assert [row["Value"].value for row in limits] == [each["value"] for each in plan["constraints"]]
    assert limits[0]["State"].text == "holds the plan"
    assert all(sentence in found.text for sentence in plan["explanation"])
    invoke("report", tmp_path / "plan", "--anonymous")
    text = (tmp_path / "plan" / "report.html").read_text()
    assert "activity.nrrd" not in text
    assert "file 1" in text


def test_limits_and_further_quantities_are_those_of_the_json(results: Path) -> None:
    found, doses = page(results / "local" / "report.html"), json.loads((results / "local" / "doses.json").read_text())
    states = next(t for t in found.tables if t.rows[0][0].text == "State").records()
    assert [row["Value"].value for row in states] == [state["value"] for state in doses["limits"]["states"]]
    assert [row["State"].text.split(maxsplit=1)[1] for row in states] == [s["state"] for s in doses["limits"]["states"]]
    further = next(t for t in found.tables if t.caption.startswith("Further")).records()
    assert [row["V50"].value for row in further] == [row["v50gy_fraction"] for row in doses["structures"]]
    assert "share of the volume that receives at least 50 Gy" in found.text


@pytest.mark.claim("report_anonymous")
def test_an_anonymous_report_names_no_patient(results: Path, tmp_path: Path) -> None:
    shutil.copytree(results / "local", tmp_path / "JaneDoe_1962")
    shutil.copy(results / "plan.json", tmp_path / "plan.json")
    index = tmp_path / "JaneDoe_1962" / "doses.json"
    doses = json.loads(index.read_text())
    doses["patient"] = {"PatientID": "MRN-0815", "PatientName": "DOE^JANE", "StudyDate": "20260203"}
    doses["advisories"] = [{"code": "x", "message": "Jane Doe was scanned on 2026-02-03.", "severity": "note"}]
    index.write_text(json.dumps(doses))
    plan = json.loads((tmp_path / "plan.json").read_text())
    plan["patient"] = plan["inputs"]["name"] = "Jane Doe"
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    arguments = ("report", tmp_path / "JaneDoe_1962", tmp_path / "plan.json", results / "compare")
    invoke(*arguments, "-o", tmp_path / "named.html")
    invoke(*arguments, "-o", tmp_path / "anonymous.html", "--anonymous")
    named, anonymous = ((tmp_path / f"{name}.html").read_text() for name in ("named", "anonymous"))
    secrets = (
        "MRN-0815",
        "DOE",
        "Jane",
        "JaneDoe_1962",
        "activity.nrrd",
        "structures.seg.nrrd",
        "2026-02-03",
        "patient.toml",
    )
    assert {word for word in secrets if word in named} == {*secrets} - {"JaneDoe_1962"}
    assert not [word for word in secrets if re.search(rf"\b{re.escape(word)}\b", anonymous, flags=re.IGNORECASE)]
    assert "PATIENT was scanned on DATE." in anonymous
    # The picture of the comparison has a title with names of files.
    assert not list(page(tmp_path / "anonymous.html").all("img"))
    assert page(tmp_path / "anonymous.html").values == page(tmp_path / "named.html").values


def test_dose_without_names_reports_without_names(results: Path, tmp_path: Path) -> None:
    case = results / "case"
    invoke(
        *("dose", case / "activity.nrrd", "-s", case / "structures.seg.nrrd", "--scan-delay-h", "20"),
        *("-o", tmp_path, "--anonymous", "--report"),
    )
    text = (tmp_path / "report.html").read_text()
    assert "left out (anonymous)" in text
    assert "activity.nrrd" not in text
    found = page(tmp_path / "report.html")
    assert any("plane through Tumor 1" in svg.get("aria-label", "") for svg in found.all("svg"))
    # Its record names no files; structures are drawn if they are given.
    invoke("report", tmp_path, "-o", tmp_path / "without.html")
    assert "an anonymous result cannot be read back" in page(tmp_path / "without.html").text
    invoke("report", tmp_path, "-s", case / "structures.seg.nrrd", "-o", tmp_path / "with.html")
    assert page(tmp_path / "with.html").values == found.values


def test_the_demo_can_be_reported(tmp_path: Path) -> None:
    invoke("demo", "-o", tmp_path / "demo")
    found = page(tmp_path / "demo" / "report.html")
    assert "Plan beside delivery" in found.text
    again = tmp_path / "again.html"
    invoke("report", tmp_path / "demo", "-o", again)
    assert page(again).values == found.values
    assert any("plane through Tumor 2" in svg.get("aria-label", "") for svg in found.all("svg"))
    assert "The gray image lies beneath the dose." in found.text


def test_files_without_a_result_are_refused_in_one_sentence(results: Path, tmp_path: Path) -> None:
    text = invoke("report", results / "local", results / "convolved", "-o", tmp_path / "x.html", code=1)
    assert "a report must have only one dose, got a second" in text
    assert "exists already" in invoke("report", results / "local", code=1)
    assert "must hold one of doses.json" in " ".join(
        invoke("report", tmp_path, "-o", tmp_path / "x.html", code=1).split()
    )
    (tmp_path / "other.json").write_text('{"a": 1}')
    text = invoke("report", tmp_path / "other.json", "-o", tmp_path / "x.html", code=1)
    assert "must be the JSON of a dose, a plan or a comparison" in " ".join(text.split())
    assert not (tmp_path / "x.html").exists()
    invoke("report", results / "convolved", "--overwrite")
