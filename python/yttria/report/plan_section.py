"""Tables of a plan for a report, from the JSON of `yttria plan`, with the delivered doses if they are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .plan_uncertainty_section import uncertainty_tables
from .sections import Column, Json, limit_rows, undecided_words
from .selection import short
from .words import flat, heading

_MODELS = {
    "bsa": "BSA",
    "modified_bsa": "Modified BSA",
    "simple_lobar_bsa": "Simple lobar BSA",
    "empirical": "Empirical",
    "single_compartment": "Single compartment",
    "partition_target": "Partition, target",
    "partition_maximum": "Partition, maximum",
}
#: Quantities of a plan with their words, and the names of structures with the same meaning.
_QUANTITIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "perfused_mean_dose_gy": ("Everything perfused", ("perfused", "perfused volume", "perfused liver")),
    "normal_perfused_dose_gy": (
        "Perfused normal liver",
        ("perfused normal", "perfused normal liver", "normal perfused", "normal perfused liver"),
    ),
    "normal_whole_dose_gy": ("Whole normal liver", ("normal", "normal liver", "whole normal liver", "normal tissue")),
    "lung_dose_gy": ("Lungs", ("lungs", "lung")),
}
_ACTIVITIES = (
    Column("delivered_activity_gbq", "Delivered", "GBq"),
    Column("vial_activity_gbq", "In the vial", "GBq"),
)
#: Largest number of characters of a tumor's name in a heading; the inputs show it whole.
_IN_HEADING = 32
#: Name of the row of delivered doses.
DELIVERED = "Delivered (this report)"


def model_name(model: str) -> str:
    """Return the name of a model for a heading."""
    return _MODELS.get(model) or heading(model)[0]


def plan_tables(plan: Json, doses: Json | None) -> dict[str, Any]:
    """Make rows of the models of a plan and of delivered doses, and one table of the limits of all models."""
    models = plan["models"]
    tumors = _tumor_names(plan)
    columns = [
        Column("model", "Model"),
        *_ACTIVITIES,
        *(Column(f"tumor {n}", short(name, _IN_HEADING), "Gy") for n, name in enumerate(tumors)),
        *(Column(key, words, "Gy") for key, (words, _) in _QUANTITIES.items()),
    ]
    rows = [
        {
            **{column.key: model.get(column.key) for column in columns},
            **{f"tumor {n}": value for n, value in enumerate(model["tumor_doses_gy"])},
            "model": model_name(model["model"]),
        }
        for model in models
    ]
    remarks = ["Activities, and mean doses of this treatment without earlier ones."]
    if doses is not None:
        delivered, matched = delivered_values(tumors, doses)
        rows.append({**{column.key: delivered.get(column.key) for column in columns}, "model": DELIVERED})
        remarks.append(matched)
    shown = [column for column in columns if any(row[column.key] is not None for row in rows)]
    return {
        "columns": shown,
        "rows": rows,
        "remarks": remarks,
        "words": [],
        "limits": limit_table([(model_name(model["model"]), model["limit_states"]) for model in models]),
        "tables": uncertainty_tables([(model_name(model["model"]), model.get("uncertainty")) for model in models]),
        "why": [(model_name(model["model"]), _sentence(model["why"])) for model in models],
        "not_applicable": [(model_name(n["model"]), _sentence(n["reason"])) for n in plan["not_applicable"]],
        "inputs": plan_inputs(plan),
    }


def plan_advisories(plan: Json) -> list[dict[str, Any]]:
    """Return the advisories of a plan: those of the inputs, and those of models with their names."""
    of_models = [(model_name(model["model"]), model["advisories"]) for model in plan["models"]]
    return [*plan["advisories"], *model_advisories(of_models)]


def model_advisories(models: Sequence[tuple[str, Sequence[Json]]]) -> list[dict[str, Any]]:
    """Return the advisories of several models, each once, with the names of its models before the message."""
    concerned: dict[tuple[str, str], list[str]] = {}
    rows: dict[tuple[str, str], Json] = {}
    for name, advisories in models:
        for advisory in advisories:
            key = (advisory["code"], advisory["message"])
            rows.setdefault(key, advisory)
            concerned.setdefault(key, []).append(name)
    return [
        {**row, "message": f"{', '.join(dict.fromkeys(concerned[key]))}: {row['message']}"} for key, row in rows.items()
    ]


def limit_table(models: Sequence[tuple[str, Sequence[Json]]]) -> dict[str, Any]:
    """Make one row for each limit, with its state and value by model, and remarks; undecided ones are separate."""
    rows: dict[str, dict[str, Any]] = {}
    for name, states in models:
        for state, found in zip(states, limit_rows(states), strict=True):
            row = rows.setdefault(state["limit"]["id"], {**found, "states": {}, "remarks": {}})
            row["states"][name] = found
            said = [*found["cautions"], *([f"Depends on {', '.join(state['missing'])}."] if state["missing"] else [])]
            row["remarks"] |= dict.fromkeys(said)
    every = [{**row, "remarks": list(row["remarks"])} for row in rows.values()]
    undecided = [row for row in every if all(state["state"] == "depends on" for state in row["states"].values())]
    return {
        "models": [name for name, _ in models],
        "rows": [row for row in every if row not in undecided],
        "undecided": undecided,
        "undecided_words": undecided_words([state for row in undecided for state in row["states"].values()]),
    }


def plan_inputs(plan: Json) -> list[tuple[str, Any]]:
    """Return every input of the plan, with the tumors one by one."""
    given = dict(plan["inputs"])
    tumors = given.pop("tumors", [])
    given.pop("name", None)
    found = flat(given)
    for tumor, name in zip(tumors, _tumor_names(plan), strict=True):
        found += flat({key: value for key, value in tumor.items() if key != "name"}, name)
    return [*found, ("Version of the table of limits", plan["limits_table_version"])]


def _tumor_names(plan: Json) -> list[str]:
    return [str(tumor.get("name") or f"tumor {n}") for n, tumor in enumerate(plan["inputs"].get("tumors", []), 1)]


def delivered_values(tumors: Sequence[str], doses: Json) -> tuple[dict[str, float], str]:
    """Return delivered values by the keys of the plan, and a sentence on the structure used for each quantity."""
    means = {str(row["structure"]).casefold(): row for row in doses["structures"] if row.get("mean_gy") is not None}
    wanted = {f"tumor {n}": (name, (name,)) for n, name in enumerate(tumors)} | _QUANTITIES
    found: dict[str, float] = {}
    matched = []
    for key, (words, names) in wanted.items():
        row = next((means[name.casefold()] for name in names if name.casefold() in means), None)
        if row is not None:
            found[key] = row["mean_gy"]
            matched.append(f"'{row['structure']}' for {words}")
    compared = doses.get("limits") or {}
    for key, (words, _) in _QUANTITIES.items():
        # The doses that were compared with limits also cover tissues that are not drawn.
        if (value := (compared.get("doses") or {}).get(key)) is not None and key not in found:
            found[key] = value
            matched.append(f"{(compared.get('origins') or {}).get(key, 'the dose compared with limits')} for {words}")
    scaling = doses["provenance"]["scaling"]
    for key in ("delivered_activity_gbq", "administered_activity_gbq"):
        if scaling.get(key) is not None:
            found.setdefault("delivered_activity_gbq", scaling[key])
    if scaling.get("vial_activity_gbq") is not None:
        found["vial_activity_gbq"] = scaling["vial_activity_gbq"]
    if not matched:
        return found, "No structure of the delivered dose has a name of the plan."
    return found, f"Delivered doses were matched with the plan by names of structures: {'; '.join(matched)}."


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}" if text else ""
