"""Tables of a voxel-based plan for a report, from the plan.json of `yttria plan-voxels`, with delivered doses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .dose_section import method_name, method_rules
from .plan_section import limit_table
from .sections import Column, Json

_PLANNED = (
    Column("model", "Structure"),
    Column("volume_ml", "Volume", "mL"),
    Column("mean_gy", "Mean", "Gy"),
    Column("d95_gy", "D95", "Gy"),
    Column("d70_gy", "D70", "Gy"),
    Column("d50_gy", "D50", "Gy"),
    Column("maximum_gy", "Max", "Gy"),
)
_DELIVERED = (
    Column("delivered mean", "Mean, delivered", "Gy"),
    Column("delivered d70", "D70, delivered", "Gy"),
)
_QUANTITY = (Column("quantity", "Quantity"), Column("value", "Value"), Column("unit", "Unit", text=True))


def is_voxel_plan(plan: Json) -> bool:
    """Whether the JSON of a plan is that of `yttria plan-voxels`."""
    return "delivered_activities_gbq" in plan


def voxel_plan_tables(plan: Json, doses: Json | None) -> dict[str, Any]:
    """Make tables of planned doses, delivered ones of the same names, activities, goal, limits and binding limits."""
    delivered = {str(row["structure"]): row for row in (doses or {}).get("structures", ())}
    rows = []
    for row in plan["structures"]:
        given = delivered.get(str(row["structure"]), {})
        found = {column.key: row.get(column.key) for column in _PLANNED} | {"model": row["structure"]}
        rows.append({**found, "delivered mean": given.get("mean_gy"), "delivered d70": given.get("d70_gy")})
    remarks = [f"Planned dose of each structure, voxel by voxel: {method_name(plan)}."]
    if doses is not None:
        remarks.append("Delivered doses are those of structures with the same names.")
    return {
        "columns": [*_PLANNED, *(_DELIVERED if doses is not None else ())],
        "rows": rows,
        "remarks": remarks,
        "words": [str(sentence) for sentence in plan.get("explanation") or ()],
        "tables": [table for table in _further(plan) if table["rows"]],
        "limits": limit_table([]),
        "why": [],
        "not_applicable": [],
        "inputs": method_rules(plan),
    }


def _further(plan: Json) -> list[dict[str, Any]]:
    ranges = plan.get("activity_ranges_gbq") or {}
    activities = [
        {
            "injection": name,
            "gbq": gbq,
            "low": (ranges.get(name) or [None])[0],
            "high": (ranges.get(name) or [None])[-1],
        }
        for name, gbq in plan["delivered_activities_gbq"].items()
    ]
    columns = [Column("injection", "Injection"), Column("gbq", "Delivered", "GBq")]
    if ranges:
        columns += [Column("low", "Equally good from", "GBq"), Column("high", "To", "GBq")]
    lungs = [
        {"quantity": words, "value": plan[key], "unit": unit}
        for words, key, unit in (
            ("Lung dose", "lung_dose_gy", "Gy"),
            ("Lung dose of all treatments", "cumulative_lung_dose_gy", "Gy"),
            ("Lung mass", "lung_mass_kg", "kg"),
        )
        if plan.get(key) is not None
    ]
    binding = plan.get("binding") or ()
    limits = [
        {**each, "binds": "holds the plan" if each["name"] in binding else "met"}
        for each in plan.get("constraints") or ()
    ]
    of_limits = [
        Column("name", "Limit or target"),
        Column("limit", "Limit"),
        Column("value", "Value"),
        Column("unit", "Unit", text=True),
        Column("binds", "State", text=True),
    ]
    quantities = [*(plan.get("goal") or ()), *(plan.get("quantities") or ()), *lungs]
    return [
        _table("Activity of each injection.", columns, activities, "injection"),
        _table("Limits and targets of the plan.", of_limits, limits, "name"),
        _table("Goal, further quantities, and lungs.", _QUANTITY, quantities, "quantity"),
    ]


def _table(caption: str, columns: Sequence[Column], rows: Sequence[Json], name: str) -> dict[str, Any]:
    kept = [{column.key: row.get(column.key) for column in columns} for row in rows]
    return {"caption": caption, "columns": list(columns), "rows": kept, "name": name}
