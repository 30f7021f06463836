"""The report of a patient has the numbers of the JSON, its texts are data, and it needs no other file."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import numpy as np
import pytest

pytest.importorskip("jinja2")
pytest.importorskip("contourpy")

import itertools

from html_pages import Page
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import HOSTILE, dosed, hostile_structures, planned, planned_and_delivered, planned_territories

from yttria._foundation.text import encodable, plain, shown
from yttria.errors import ArgumentError, OutOfRangeError
from yttria.report import html_report
from yttria.report.words import heading

DATE = "2026-11-29T09:00:00+00:00"


@pytest.fixture(scope="module")
def page() -> Page:
    doses, drawn = dosed()
    return Page(html_report(doses, plan=planned(), dose_map=drawn, created=DATE))


def numbers_of(structures: list[dict[str, Any]]) -> dict[tuple[str, str], float | None]:
    return {(row["structure"], key): value for row in structures for key, value in row.items() if key != "structure"}


@pytest.mark.claim("report_numbers")
def test_every_number_of_the_table_is_that_of_the_json(page: Page) -> None:
    doses, _ = dosed()
    found: dict[tuple[str, str], float | None] = {}
    words = {heading(key)[0]: key for key in doses["structures"][0]}
    for table in page.tables:
        if table.rows[0][0].text == "Structure" and "Map" not in [cell.text for cell in table.rows[0]]:
            for record in table.records():
                for name, cell in record.items():
                    if name in words and name != "Structure":
                        found[record["Structure"].text, words[name]] = cell.value
                        assert cell.text == ("–" if cell.value is None else shown(cell.value))
    expected = numbers_of(doses["structures"])
    assert {key: value for key, value in expected.items() if value is not None} == {
        key: value for key, value in found.items() if value is not None
    }


@pytest.mark.claim("report_numbers")
def test_each_model_of_the_plan_stands_with_its_doses_and_the_delivered_ones(page: Page) -> None:
    plan, (doses, _) = planned(), dosed()
    table = next(t for t in page.tables if t.rows[0][0].text == "Model")
    records = table.records()
    assert len(records) == len(plan["models"]) + 1
    for record, model in zip(records, plan["models"], strict=False):
        assert record["Delivered"].value == model["delivered_activity_gbq"]
        assert record["Tumor 1"].value == model["tumor_doses_gy"][0]
        assert record["Lungs"].value == model["lung_dose_gy"]
    (tumor,) = [row for row in doses["structures"] if row["structure"] == "Tumor 1"]
    (normal,) = [row for row in doses["structures"] if row["structure"] == "Normal liver"]
    assert records[-1]["Tumor 1"].value == tumor["mean_gy"]
    assert records[-1]["Whole normal liver"].value == normal["mean_gy"]
    assert records[-1]["Perfused normal liver"].value is None


@pytest.mark.claim("report_numbers")
def test_the_limits_of_the_plan_have_the_values_and_states_of_the_json(page: Page) -> None:
    plan = planned()
    table = next(t for t in page.tables if "Limit or target" in [cell.text for cell in t.rows[0]])
    for record in table.records():
        for model, cell in zip(plan["models"], list(record.values())[2:-1], strict=True):
            (state,) = [
                s
                for s in model["limit_states"]
                if s["quantity"] == record["Quantity"].text[:1].lower() + record["Quantity"].text[1:]
            ]
            assert cell.value == state["value"]
            assert (
                cell.text[0] == {"met": "✓", "above limit": "✕", "below target": "▼", "depends on": "?"}[state["state"]]
            )


def test_a_plan_of_several_territories_stands_with_its_doses_limits_and_optimum() -> None:
    plan, (doses, drawn) = planned_territories(), dosed()
    found = Page(html_report(doses, plan=plan, dose_map=drawn))
    assert not found.faults
    table = next(t for t in found.tables if t.rows[0][0].text == "Plan and territory")
    records = {record["Plan and territory"].text: record for record in table.records()}
    for each in plan["plans"]:
        name = each["plan"].capitalize()
        for territory in each["territories"]:
            record = records[f"{name}: {territory['territory']}"]
            assert record["Delivered"].value == territory["delivered_activity_gbq"]
            assert record["Perfused normal liver"].value == territory["normal_perfused_dose_gy"]
            assert record["Tumor 1"].value == territory["tumor_portion_doses_gy"]["Tumor 1"]
        assert records[f"{name}: together"]["Lungs"].value == each["lung_dose_gy"]
    (tumor,) = [row for row in doses["structures"] if row["structure"] == "Tumor 1"]
    assert records["Delivered (this report)"]["Tumor 1"].value == tumor["mean_gy"]
    assert all(sentence in found.text for sentence in plan["optimum"]["in_words"])
    matrices = [t for t in found.tables if "Limit or target" in [cell.text for cell in t.rows[0]]]
    states = [s for each in plan["plans"] for territory in each["territories"] for s in territory["limit_states"]]
    shown_values = {cell.value for matrix in matrices for row in matrix.rows[1:] for cell in row[2:-1]}
    assert shown_values == {state["value"] for state in states}
    vials = next(t for t in found.tables if t.caption.startswith("Vials that fit")).records()
    assert [row["Holds"].value for row in vials] == [
        vial["vial_activity_gbq"] for each in plan["plans"] for t in each["territories"] for vial in t["vials"][:5]
    ]
    assert all(re.fullmatch(r"2026-\d\d-\d\d \d\d:\d\d [+-]\d\d:\d\d", row["Best at"].text) for row in vials)


def test_messages_of_one_code_stand_together_and_each_once() -> None:
    doses, _ = dosed()
    of_one = [{"code": "x", "message": f"message {n % 2}", "severity": "note"} for n in range(4)]
    doses["advisories"] = [*of_one, {"code": "y", "message": "message 0", "severity": "error"}]
    found = Page(html_report(doses))
    assert "1 error 0 warnings 2 notes" in found.text
    assert found.text.count("message 0") == 2
    assert "Note: message 0 message 1 x" in found.text


def test_undecided_limits_stand_apart_with_their_missing_facts() -> None:
    from yttria.report.sections import limit_rows, undecided_words

    states = planned_and_delivered()["limits"]["delivered"]["states"]
    undecided = [row for row in limit_rows(states) if row["state"] == "depends on"]
    missing = {name for state in states if state["state"] == "depends on" for name in state["missing"]}
    words = undecided_words(undecided)
    assert words.startswith(f"{len(undecided)} entries are undecided")
    assert all(name in words for name in missing)
    assert undecided_words(undecided[:1]).startswith("1 entry is undecided")
    broken = [{**row, "if_applies": "above limit"} for row in undecided]
    assert undecided_words(broken).endswith(f"{len(broken)} of them would not be met.")


def test_planned_and_delivered_stand_with_the_causes_of_their_difference() -> None:
    compared = planned_and_delivered()
    found = Page(html_report(plan_comparison=compared))
    assert not found.faults
    doses, ratios, differences = (
        next(t for t in found.tables if t.caption.startswith(caption)).records()
        for caption in ("The same structures", "The ratio", "The difference")
    )
    for row, ratio, difference, expected in zip(doses, ratios, differences, compared["structures"], strict=True):
        assert row["Mean, planned"].value == expected["planned_mean_gy"]
        assert row["D70, delivered"].value == expected["delivered_d70_gy"]
        assert ratio["Delivered / planned"].value == expected["change"]["ratio"]
        assert ratio["Activity"].value == expected["change"]["ratios"]["activity"]
        assert difference["Delivered - planned"].value == expected["change"]["difference_gy"]
        assert difference["Uptake"].value == expected["change"]["parts_gy"]["uptake"]
    matrices = [t for t in found.tables if "Limit or target" in [cell.text for cell in t.rows[0]]]
    limits = [record for matrix in matrices for record in matrix.records()]
    for side in ("planned", "delivered"):
        assert {row[side.capitalize()].value for row in limits} == {
            state["value"] for state in compared["limits"][side]["states"]
        }


def test_the_page_is_whole_and_can_be_read_by_a_machine(page: Page) -> None:
    assert not page.faults
    assert next(page.all("html"))["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert all(th.get("scope") in ("col", "row") for th in page.all("th"))
    assert all(svg.get("aria-label") or svg.get("aria-labelledby") or svg.get("aria-hidden") for svg in page.all("svg"))
    assert all(image.get("alt") for image in page.all("img"))
    assert all(table.rows for table in page.tables)


def test_the_page_loads_nothing_and_runs_only_its_own_script() -> None:
    doses, drawn = dosed()
    html = html_report(doses, dose_map=drawn)
    found = Page(html)
    assert all(address.startswith(("#", "data:image/png;base64,")) for address in found.addresses)
    assert not re.search(r"https?://|@import|url\((?!#)", html)
    (policy,) = (meta["content"] for meta in found.all("meta") if meta.get("http-equiv"))
    script = html.rsplit("<script>", 1)[1].split("</script>", 1)[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


@pytest.mark.claim("report_text")
def test_hostile_names_are_shown_as_text_without_effect() -> None:
    doses, drawn = dosed(hostile_structures())
    doses["patient"] = {"PatientID": HOSTILE[3], "PatientName": HOSTILE[1], "StudyDate": HOSTILE[0]}
    doses["inputs"] = {"activity": [{"name": HOSTILE[0], "bytes": 1, "sha256": "00"}]}
    doses["settings"] = {"relative_to": HOSTILE[2]}
    doses["advisories"] = [
        {"code": HOSTILE[0], "message": HOSTILE[1], "source": HOSTILE[2], "severity": HOSTILE[3], "source_read": None}
    ]
    html = html_report(doses, plan=planned(HOSTILE[3], HOSTILE[0]), dose_map=drawn, remarks=HOSTILE)
    found = Page(html)
    assert not found.faults
    assert [tag for tag, _ in found.elements if tag in ("b", "iframe")] == []
    assert not list(found.all("img"))
    assert html.count("<script") == 2
    assert all(" ".join(plain(name).split()) in found.text for name in HOSTILE)
    assert not re.search("[\x00-\x08\x1b\u202e]", html)
    # The style sheet contains the name at the foot of printed pages.
    style = html.split("<style>", 1)[1].split("</style>", 1)[0]
    assert "bold" in style
    assert "<" not in style


@pytest.mark.claim("report_text")
@given(name=st.text(min_size=1, max_size=40), message=st.text(max_size=80))
@settings(max_examples=40)
def test_any_text_is_shown_as_text(name: str, message: str) -> None:
    row = {"structure": name, "volume_ml": 1.5, "mean_gy": 2.25, "outside_fraction": 0.0}
    doses = {
        "structures": [row],
        "provenance": {"method": "local_deposition", "scaling": {"kind": "absolute"}},
        "patient": {"PatientID": name},
        "advisories": [{"code": name, "message": message, "severity": "warning"}],
    }
    html = html_report(doses, remarks=[message])
    found = Page(html)
    assert not found.faults
    assert html.count("<script") == 1
    assert found.tables[0].records()[0]["Mean"].value == 2.25
    assert " ".join(encodable(plain(name)).split()) in found.text


def test_a_plan_of_another_patient_is_a_warning() -> None:
    doses, _ = dosed()
    doses["patient"] = {"PatientID": "P-77", "PatientName": "DOE^JANE"}
    for name, warned in (("Jane Doe", False), ("p-77", False), ("Smith", True), ("", False)):
        text = Page(html_report(doses, plan=planned(name))).text
        assert ("The plan states the patient 'Smith', the dose 'P-77, DOE^JANE'." in text) == warned
        assert ("patients_differ" in text) == warned
    assert "patients_differ" not in Page(html_report(dosed()[0], plan=planned("Smith"))).text


def test_a_result_without_structures_is_reported() -> None:
    doses, drawn = dosed([])
    assert not Page(html_report(doses, dose_map=drawn)).faults


@pytest.mark.claim("report_bytes")
def test_two_reports_of_the_same_results_differ_in_the_date_alone() -> None:
    (doses, drawn), plan = dosed(), planned()
    one, other = (html_report(doses, plan=plan, dose_map=drawn, created=date) for date in (DATE, "2027-01-01"))
    assert one != other
    assert one.replace(DATE, "2027-01-01") == other
    again, redrawn = dosed()
    assert html_report(again, plan=plan, dose_map=redrawn, created=DATE) == one


def test_each_tumor_has_three_planes_with_a_title(page: Page) -> None:
    labels = [svg["aria-label"] for svg in page.all("svg") if "plane through" in svg.get("aria-label", "")]
    assert [label.split(":")[0] for label in labels] == [
        f"{plane} plane through Tumor {n}" for n in (1, 2) for plane in ("Axial", "Coronal", "Sagittal")
    ]
    assert all("isodose lines at" in label and "Gy" in label for label in labels)


@pytest.mark.parametrize("missing", ["dose_map", "created", "patient", "inputs", "settings", "files", "advisories"])
def test_missing_data_are_left_out_or_reported(missing: str) -> None:
    doses, drawn = dosed()
    doses.pop(missing, None)
    doses["provenance"].pop("evaluation", None)
    found = Page(html_report(doses, dose_map=None if missing == "dose_map" else drawn))
    assert not found.faults
    assert ("without the dose map" in found.text) == (missing == "dose_map")
    if missing == "created":
        assert "The time of the computation is not recorded" in found.text


def test_structures_outside_of_the_image_and_unknown_quantities_are_shown() -> None:
    doses, drawn = dosed()
    row = dict.fromkeys(doses["structures"][0]) | {
        "structure": "Far",
        "volume_ml": 0.0,
        "outside_fraction": 1.0,
    }
    doses["structures"].append(row)
    for each in doses["structures"]:
        each["mean_uncertainty_gy"] = 1.25
        each["v70gy_fraction"] = 0.5
    found = Page(html_report(doses, dose_map=drawn))
    main = found.tables[0].records()
    assert [record["Uncertainty of the mean"].value for record in main] == [1.25] * len(main)
    assert "k = 1" in found.tables[0].caption
    assert [record["V70 Gy"].value for record in found.tables[1].records()] == [0.5] * len(main)
    assert main[-1]["Mean"].text == "–"


def test_a_map_of_other_doses_is_not_drawn() -> None:
    doses, drawn = dosed()
    doses["structures"][2]["mean_gy"] *= 1.01
    name = doses["structures"][2]["structure"]
    found = Page(html_report(doses, dose_map=drawn))
    assert f"Not drawn because the dose in this map differs from that of the table: {name}." in found.text
    for row in doses["structures"]:
        row["mean_gy"] *= 1.01
    found = Page(html_report(doses, dose_map=drawn))
    assert "the doses in this map differ from those of the table" in found.text
    assert not [svg for svg in found.all("svg") if "plane through" in svg.get("aria-label", "")]


def test_a_report_without_a_result_is_refused() -> None:
    with pytest.raises(ArgumentError, match="must be given doses, a plan or a comparison"):
        html_report()
    doses, drawn = dosed()
    with pytest.raises(OutOfRangeError, match="level of an isodose line"):
        html_report(doses, dose_map=drawn, isodoses_gy=[0.0])


@pytest.mark.claim("report_curve")
def test_the_curves_of_the_chart_lie_on_the_histograms() -> None:
    from yttria.report.dvh_chart import dvh_chart

    _, drawn = dosed()
    for curve in dvh_chart(drawn.histograms, drawn.order).curves:
        histogram = drawn.histograms[curve.name]
        at = np.linspace(0.0, 1.3 * histogram.maximum_gy, 400)
        expected = [histogram.volume_at_dose_percent(dose) for dose in at]
        within = at <= curve.doses_gy[-1]
        shown_there = np.interp(at[within], curve.doses_gy, curve.percents)
        # A step of the histogram is drawn within one point of the grid.
        step = curve.doses_gy[-1] / 499
        low = [histogram.volume_at_dose_percent(dose + step) for dose in at[within]]
        high = [histogram.volume_at_dose_percent(max(dose - step, 0.0)) for dose in at[within]]
        assert np.all(shown_there >= np.array(low) - 0.1)
        assert np.all(shown_there <= np.array(high) + 0.1)
        assert curve.percents[0] == pytest.approx(expected[0], abs=0.01)
