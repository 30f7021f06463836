"""Report of one patient with delivered dose, plan and comparison as one page of HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._foundation.dose_isotope import isotope_of_record
from ..advisory import advise
from ..errors import ArgumentError
from .comparison_section import comparison_tables
from .delivery_section import delivery_tables
from .dose_map import DoseMap
from .dose_section import dose_tables, method_rules, treatment_facts, validation_rows
from .dvh_chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, DvhChart, dvh_chart
from .page import render
from .plan_section import plan_advisories, plan_tables
from .png import INFERNO, data_uri
from .sections import advisory_rows, count_rows, date_words, file_roles, limit_facts, limit_rows, undecided_words
from .slices import slice_pictures
from .territory_section import territory_advisories, territory_tables
from .uncertainty_section import uncertainty_tables
from .voxel_plan_section import is_voxel_plan, voxel_plan_tables
from .words import flat, treatment_words

_NO_MAP = "Histograms and pictures were not drawn because the report was made without the dose map and its structures."


def html_report(
    doses: Mapping[str, Any] | None = None,
    *,
    plan: Mapping[str, Any] | None = None,
    comparison: Mapping[str, Any] | None = None,
    plan_comparison: Mapping[str, Any] | None = None,
    dose_map: DoseMap | None = None,
    isodoses_gy: Sequence[float] | None = None,
    pictures: Mapping[str, bytes] | None = None,
    remarks: Sequence[str] = (),
    created: str | None = None,
) -> str:
    """Write the report of one patient as a page of HTML that needs no network and no script.

    Parameters
    ----------
    doses : mapping, optional
        Content of doses.json, as `yttria dose` writes it.
    plan : mapping, optional
        JSON of `yttria plan` or `yttria plan-voxels`, such as `ModelComparison.as_dict()`. Its doses are shown with the
        delivered ones.
    comparison : mapping, optional
        Content of comparison.json, as `yttria compare` writes it.
    plan_comparison : mapping, optional
        Content of plan_comparison.json, as `yttria compare-plan` writes it.
    dose_map : DoseMap, optional
        Dose, structures and background for histograms and pictures; `yttria.report.dose_map` makes it. Without it the
        report states that they are missing.
    isodoses_gy : sequence of float, optional
        Levels of the isodose lines in Gy, each above 0; round levels if not given.
    pictures : mapping of str to bytes, optional
        PNG files of a result: "dose" in place of pictures of `dose_map`, "plan" and "comparison".
    remarks : sequence of str, default ()
        Sentences on the files, such as why a picture is missing.
    created : str, optional
        Time of the report, ISO 8601; now if not given. Two reports of the same content differ only in it.

    Returns
    -------
    str
        The page.

    Raises
    ------
    ArgumentError
        If neither doses, a plan nor a comparison is given.
    OutOfRangeError
        If an isodose level is not finite and above 0.
    MissingExtraError
        Without jinja2 and contourpy (`pip install 'yttria[report]'`).

    Notes
    -----
    Tables show four significant figures; the `value` of each element holds the number in full. Structures whose
    histogram does not have the mean dose of the table are not drawn, and the report names them.

    Examples
    --------
    >>> from yttria.planning import Patient, compare_models
    >>> patient = Patient(device="glass", lung_shunt_fraction=0.05, perfused_mass_incl_tumor_kg=0.4,
    ...                   target_perfused_dose_gy=400, name="Example")
    >>> page = html_report(plan=compare_models(patient).as_dict())
    >>> "Single compartment" in page and page.startswith("<!DOCTYPE html>")
    True
    """
    others = [part for part in (doses, comparison, plan_comparison) if part is not None]
    given = others if plan is None else [*others, plan]
    if not given:
        raise ArgumentError("html_report must be given doses, a plan or a comparison")
    pictures = pictures or {}
    found = [a for part in others for a in part.get("advisories", ())]
    advisories = advisory_rows(
        [*_patient_doubt(doses, plan), *_nuclide_doubt(doses, plan), *found, *_plan_advisories(plan)]
    )
    compared = (doses or {}).get("limits") or {}
    states = limit_rows(compared.get("states") or ())
    undecided = [row for row in states if row["state"] == "depends on"]
    drawn, no_pictures = _drawable(doses, dose_map)
    chart = None if drawn is None else dvh_chart(drawn.histograms, drawn.order)
    whose = _patient_or_title(doses, plan)
    title = _title(doses, plan, plan_comparison)
    return render(
        "report.html",
        running_title=f"{title}, {whose}" if whose else title,
        created=created,
        title=title,
        subtitle=_computed(given),
        whose=whose,
        identity=_identity(doses, plan, comparison),
        counts=count_rows(advisories, states),
        grave=[row for row in advisories if row["severity"] != "note"],
        notes=[row for row in advisories if row["severity"] == "note"],
        dose=None if doses is None else dose_tables(doses),
        uncertainty=None if doses is None else uncertainty_tables(doses),
        limits=[row for row in states if row not in undecided],
        undecided=undecided,
        undecided_words=undecided_words(undecided),
        limit_facts=limit_facts(compared) if compared else [],
        plan=_plan(plan, doses, pictures),
        chart=None if chart is None else _chart(chart),
        pictures=None if drawn is None else slice_pictures(drawn, isodoses_gy),
        picture=data_uri(pictures["dose"]) if "dose" in pictures else "",
        no_pictures=no_pictures,
        colors=INFERNO,
        comparison=None if comparison is None else _comparison(comparison, pictures),
        delivery=None if plan_comparison is None else delivery_tables(plan_comparison),
        method=[] if doses is None else method_rules(doses),
        validation=[] if doses is None else validation_rows(doses["provenance"]["method"]),
        settings=flat((doses or {}).get("settings") or {}),
        roles=file_roles(_files(others, plan)),
        remarks=[*remarks, *([no_pictures] if drawn is not None and no_pictures else [])],
    )


def _plan(
    plan: Mapping[str, Any] | None, doses: Mapping[str, Any] | None, pictures: Mapping[str, bytes]
) -> dict[str, Any] | None:
    """Make the tables of a plan of one territory, of several, or by voxels."""
    if plan is None:
        return None
    by_voxel = is_voxel_plan(plan)
    tables = voxel_plan_tables if by_voxel else plan_tables if "models" in plan else territory_tables
    picture = data_uri(pictures["plan"]) if "plan" in pictures else ""
    return {**tables(plan, doses), "by_voxel": by_voxel, "picture": picture}


def _plan_advisories(plan: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    if plan is None:
        return []
    if is_voxel_plan(plan):
        return [{**advisory, "message": f"Plan: {advisory['message']}"} for advisory in plan["advisories"]]
    return list(plan_advisories(plan) if "models" in plan else territory_advisories(plan))


def _patient_doubt(doses: Mapping[str, Any] | None, plan: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """Warn if dose and plan state patients whose names have nothing in common."""
    patient = (doses or {}).get("patient") or {}
    named = {key: str(patient[key]) for key in ("PatientID", "PatientName") if patient.get(key)}
    planned = str((plan or {}).get("patient") or "")
    words = [set(re.findall(r"\w+", text.casefold())) for text in (planned, " ".join(named.values()).replace("^", " "))]
    if not planned or not named or words[0] & words[1]:
        return []
    message = f"The plan states the patient '{planned}', the dose '{', '.join(named.values())}'."
    return [{"code": "patients_differ", "message": message, "severity": "warning"}]


def _nuclide_doubt(doses: Mapping[str, Any] | None, plan: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Warn if dose and plan are of different isotopes."""
    isotopes = [isotope_of_record((part or {}).get("provenance") or part or {}) for part in (plan, doses)]
    if None in isotopes or isotopes[0] == isotopes[1]:
        return []
    told = advise(
        "doses_of_different_nuclides", a="The plan", b="the dose", isotope_a=isotopes[0], isotope_b=isotopes[1]
    )
    return [told.as_dict()]


def _drawable(doses: Mapping[str, Any] | None, dose_map: DoseMap | None) -> tuple[DoseMap | None, str]:
    """Return the map with the structures whose doses agree with the table, and a sentence on those left out."""
    if doses is None or dose_map is None:
        return None, _NO_MAP
    differing = dose_map.differing(doses["structures"])
    listed = {str(row["structure"]) for row in doses["structures"]}
    kept = {name: h for name, h in dose_map.histograms.items() if name in listed and name not in differing}
    if not kept and dose_map.histograms:
        return None, (
            "Histograms and pictures were not drawn because the doses in this map differ from those of the table."
        )
    sentence = f"Not drawn because the dose in this map differs from that of the table: {', '.join(differing)}."
    drawn = replace(dose_map, histograms=kept)
    return drawn, sentence if differing else ""


def _chart(chart: DvhChart) -> dict[str, Any]:
    """Return the chart with its frame, and the points for the script."""
    points = [{"doses": curve.doses_gy, "percents": curve.percents} for curve in chart.curves]
    frame = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM}
    return {**vars(chart), **frame, "points": points}


def _comparison(comparison: Mapping[str, Any], pictures: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        **comparison_tables(comparison),
        "picture": data_uri(pictures["comparison"]) if "comparison" in pictures else "",
        "no_picture": "The picture of the comparison is not part of the report.",
    }


def _title(doses: Mapping[str, Any] | None, plan: Mapping[str, Any] | None, plan_comparison: object) -> str:
    if doses is not None:
        return f"{treatment_words(doses['provenance'])}: absorbed dose"
    if plan_comparison is not None:
        return "Radioembolization: planned and delivered"
    return (
        f"{treatment_words(plan.get('provenance') or plan)}: plan"
        if plan is not None
        else "Comparison of two dose maps"
    )


def _patient_or_title(doses: Mapping[str, Any] | None, plan: Mapping[str, Any] | None) -> str:
    patient = (doses or {}).get("patient") or {}
    anonymous = bool((doses or {}).get("anonymous"))
    name = patient.get("PatientID") or patient.get("PatientName") or (plan or {}).get("patient") or ""
    if not name and doses is not None:
        inputs = (doses.get("inputs") or {}).get("activity") or ()
        name = next((file["name"] for file in inputs), "") if len(inputs) == 1 and not anonymous else ""
    return str(name)


def _computed(given: Sequence[Mapping[str, Any]]) -> str:
    """State the time and the version of yttria of each part."""
    times = dict.fromkeys(
        f"{part['created']} by yttria {part.get('yttria_version', '')}" for part in given if part.get("created")
    )
    return f"Computed {'; '.join(times)}" if times else "The time of the computation is not recorded"


def _identity(
    doses: Mapping[str, Any] | None, plan: Mapping[str, Any] | None, comparison: Mapping[str, Any] | None
) -> list[tuple[str, Any]]:
    """Return patient, treatment and times for the head."""
    found: list[tuple[str, Any]] = []
    anonymous = bool((doses or plan or {}).get("anonymous"))
    patient = (doses or {}).get("patient") or {}
    if anonymous:
        found.append(("Patient", "left out (anonymous)"))
    words = {
        "PatientID": "Patient ID" if not anonymous else "Patient ID, hashed",
        "PatientName": "Patient name",
        "StudyDate": "Study date",
    }
    found += [(text, date_words(str(patient[key]))) for key, text in words.items() if patient.get(key)]
    if plan is not None and plan.get("patient"):
        found.append(("Patient of the plan", plan["patient"]))
    if not found and comparison is None:
        found.append(("Patient", "not stated by the files"))
    compared = (comparison or {}).get("inputs") or {}
    found += [(f"Dose map {role.upper()}", compared[role][0]["name"]) for role in ("a", "b") if compared.get(role)]
    images = ((doses or {}).get("inputs") or {}).get("activity") or []
    if len(images) == 1 and not anonymous:
        found.append(("Activity image", images[0]["name"]))
    case_id = ((doses or {}).get("settings") or {}).get("case_id")
    if case_id:
        found.append(("Case", case_id))
    stated = ((doses or {}).get("limits") or {}).get("facts") or {}
    device = stated.get("device") or (plan or {}).get("device")
    if device:
        found.append(("Device", f"{device} microspheres"))
    return found + (treatment_facts(doses) if doses is not None else [])


def _files(parts: Sequence[Mapping[str, Any]], plan: Mapping[str, Any] | None) -> dict[str, list[Mapping[str, Any]]]:
    """Return files by role: inputs of each part, and files written with it."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for part in parts:
        for role, files in (part.get("inputs") or {}).items():
            found.setdefault(role, []).extend(files)
    if plan is not None and plan.get("input_file"):
        stated = plan["input_file"]
        found["patient_file"] = [{"name": stated.get("path", ""), "bytes": "", "sha256": stated["sha256"]}]
    if plan is not None and is_voxel_plan(plan):
        found["plan"] = [*plan.get("inputs", ()), *plan.get("files", ())]
    for part in parts:
        found.setdefault("results", []).extend(part.get("files") or ())
    return found
