"""Tables of a plan of several territories for a report, from its JSON, with delivered doses if they are given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .plan_section import DELIVERED, delivered_values, limit_table, model_advisories
from .plan_uncertainty_section import uncertainty_tables
from .sections import Column, Json
from .selection import short
from .words import flat

_PLANS = {"stated": "Stated", "optimum": "Optimum"}
_OF_TERRITORY = (
    Column("delivered_activity_gbq", "Delivered", "GBq"),
    Column("vial_activity_gbq", "In the vial", "GBq"),
    Column("perfused_mean_dose_gy", "Everything perfused", "Gy"),
    Column("normal_perfused_dose_gy", "Perfused normal liver", "Gy"),
)
_OF_ALL = (
    Column("normal_whole_dose_gy", "Whole normal liver", "Gy"),
    Column("lung_dose_gy", "Lungs", "Gy"),
    Column("cumulative_lung_dose_gy", "Lungs, all treatments", "Gy"),
)
_VIALS = (
    Column("model", "Plan and territory"),
    Column("vial_size_gbq", "Vial", "GBq"),
    Column("calibration_time", "Calibrated", text=True),
    Column("time", "Best at", text=True),
    Column("vial_activity_gbq", "Holds", "GBq"),
    Column("sphere_activity_bq", "Bq a sphere"),
)
#: Largest numbers of characters of a tumor's name in a heading, and of vials of a territory in a table.
_IN_HEADING, _MOST_VIALS = 32, 5


def territory_tables(plan: Json, doses: Json | None) -> dict[str, Any]:
    """Make rows of the plans by territory and of delivered doses, binding limits in words, and limits."""
    tumors = list(dict.fromkeys(str(tumor["tumor"]) for each in plan["plans"] for tumor in each["tumors"]))
    columns = [
        Column("model", "Plan and territory"),
        *_OF_TERRITORY,
        *(Column(f"tumor {n}", short(name, _IN_HEADING), "Gy") for n, name in enumerate(tumors)),
        *_OF_ALL,
    ]
    rows: list[dict[str, Any]] = []
    for each in plan["plans"]:
        for territory in each["territories"]:
            portions = territory["tumor_portion_doses_gy"]
            rows.append({**territory, **{f"tumor {n}": portions.get(name) for n, name in enumerate(tumors)}})
            rows[-1]["model"] = f"{_name(each)}: {territory['territory']}"
        means = {str(tumor["tumor"]): tumor["perfused_mean_dose_gy"] for tumor in each["tumors"]}
        rows.append({**each, **{f"tumor {n}": means.get(name) for n, name in enumerate(tumors)}})
        rows[-1] |= {
            column.key: sum(territory[column.key] for territory in each["territories"]) for column in _OF_TERRITORY[:2]
        }
        rows[-1]["model"] = f"{_name(each)}: together"
    remarks = [
        "Activities, and mean doses of this treatment without earlier ones. A tumor of two territories has the dose "
        "of each portion, and in the row of both the mean of its perfused tissue."
    ]
    if doses is not None:
        delivered, matched = delivered_values(tumors, doses)
        rows.append({**delivered, "model": DELIVERED})
        remarks.append(matched)
    return {
        "columns": [column for column in columns if any(row.get(column.key) is not None for row in rows)],
        "rows": [{column.key: row.get(column.key) for column in columns} for row in rows],
        "remarks": remarks,
        "words": _words(plan),
        "limits": limit_table(_by_territory(plan)),
        "tables": [
            *uncertainty_tables([(_name(each), each.get("uncertainty")) for each in plan["plans"]]),
            *_vial_tables(plan),
        ],
        "why": [],
        "not_applicable": [],
        "inputs": _inputs(plan["inputs"]),
    }


def _vial_tables(plan: Json) -> list[dict[str, Any]]:
    vials = _vials(plan)
    caption = "Vials that fit. The JSON of the plan lists all."
    return [{"caption": caption, "columns": _VIALS, "rows": vials, "name": "model"}] if vials else []


def territory_advisories(plan: Json) -> list[dict[str, Any]]:
    """Return the advisories of the inputs, and those of each plan with its name."""
    of_plans = [(_name(each), each["advisories"]) for each in plan["plans"]]
    told = {(advisory["code"], advisory["message"]) for _, advisories in of_plans for advisory in advisories}
    others = [advisory for advisory in plan["advisories"] if (advisory["code"], advisory["message"]) not in told]
    return [*others, *model_advisories(of_plans)]


def _name(plan: Json) -> str:
    return _PLANS.get(plan["plan"], str(plan["plan"]).capitalize())


def _words(plan: Json) -> list[str]:
    """Return the optimum in words, or the reason why there is none."""
    if plan.get("optimum"):
        return [str(sentence) for sentence in plan["optimum"]["in_words"]]
    return [f"There is no optimum: {plan['no_optimum']}."] if plan.get("no_optimum") else []


def _by_territory(plan: Json) -> list[tuple[str, Sequence[Json]]]:
    """Return states of limits with their plan and territory."""
    return [
        (f"{_name(each)}: {territory['territory']}", territory["limit_states"])
        for each in plan["plans"]
        for territory in each["territories"]
    ]


def _vials(plan: Json) -> list[dict[str, Any]]:
    """Return vials that fit, by plan and territory, at most `_MOST_VIALS` of each."""
    rows = []
    for each in plan["plans"]:
        for territory in each["territories"]:
            for vial in territory["vials"][:_MOST_VIALS]:
                times = {key: _to_the_minute(str(vial[key])) for key in ("calibration_time", "time")}
                name = f"{_name(each)}: {territory['territory']}"
                rows.append({column.key: vial.get(column.key) for column in _VIALS} | times | {"model": name})
    return rows


def _to_the_minute(time: str) -> str:
    """Return a time of ISO 8601 as "2026-03-04 00:22 +01:00"; another text unchanged."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*([+-]\d\d:\d\d|Z)?", time)
    return time if found is None else " ".join(part for part in found.groups() if part)


def _inputs(inputs: Json) -> list[tuple[str, Any]]:
    """Return every input, with territories and tumors one by one."""
    given = {key: value for key, value in inputs.items() if key not in ("name", "territories")}
    found: list[tuple[str, Any]] = []
    for territory in inputs["territories"]:
        own = {key: value for key, value in territory.items() if key not in ("name", "tumors")}
        found += flat(own, str(territory["name"]))
        for tumor in territory["tumors"]:
            of_tumor = {key: value for key, value in tumor.items() if key != "name"}
            found += flat(of_tumor, f"{territory['name']}, {tumor['name']}")
    return found + flat(given)
