"""Tables of a planned and delivered treatment for a report, from the content of plan_comparison.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._foundation.choices import METHOD_NAMES
from .plan_section import limit_table
from .sections import Column, Json
from .words import with_unit

_DOSES = (
    Column("structure", "Structure"),
    Column("planned_volume_ml", "Volume, planned", "mL"),
    Column("delivered_volume_ml", "Volume, delivered", "mL"),
    Column("planned_mean_gy", "Mean, planned", "Gy"),
    Column("delivered_mean_gy", "Mean, delivered", "Gy"),
    Column("planned_d70_gy", "D70, planned", "Gy"),
    Column("delivered_d70_gy", "D70, delivered", "Gy"),
    Column("planned_mass_kg", "Mass, planned", "kg"),
    Column("delivered_mass_kg", "Mass, delivered", "kg"),
    Column("planned_activity_mbq", "Activity, planned", "MBq"),
    Column("delivered_activity_mbq", "Activity, delivered", "MBq"),
)


def delivery_tables(compared: Json) -> dict[str, Any]:
    """Make tables of activity, shunt and method of both sides, of doses, their change by causes, and limits."""
    facts: list[tuple[str, Any]] = []
    for side in ("planned", "delivered"):
        for key, value in compared[side].items():
            words = with_unit(key) if key != "delivered_activity_gbq" else "Activity to the patient / GBq"
            shown = METHOD_NAMES.get(value, value) if key == "method" else value
            facts.append(
                (f"{side.capitalize()}: {words[:1].lower()}{words[1:]}", "not known" if value is None else shown)
            )
    rows = [{column.key: row.get(column.key) for column in _DOSES} for row in compared["structures"]]
    sides = [(side.capitalize(), found["states"]) for side, found in compared["limits"].items() if found is not None]
    tables = [
        {
            "caption": "The same structures in the dose of the plan and of the delivery.",
            "columns": [column for column in _DOSES if any(row[column.key] is not None for row in rows)],
            "rows": rows,
            "name": "structure",
        },
        _change(
            compared["structures"], "ratio", "ratios", "", "The ratio of the mean doses is the product of its causes."
        ),
        _change(
            compared["structures"],
            "difference_gy",
            "parts_gy",
            "Gy",
            "The difference of the mean doses is the sum of its causes.",
        ),
    ]
    return {
        "facts": facts,
        "tables": [table for table in tables if len(table["columns"]) > 1],
        "limits": limit_table(sides),
    }


def _change(structures: Sequence[Json], whole: str, parts: str, unit: str, caption: str) -> dict[str, Any]:
    """Make the table of the change of each structure and its causes."""
    known = [row["change"] for row in structures if row["change"] is not None]
    causes = list(dict.fromkeys(cause for change in known for cause in change[parts]))
    rows = [
        {
            "structure": row["structure"],
            "whole": None if row["change"] is None else row["change"][whole],
            **{cause: None if row["change"] is None else row["change"][parts].get(cause) for cause in causes},
        }
        for row in structures
    ]
    columns = [Column("structure", "Structure")]
    if known:
        columns.append(Column("whole", "Delivered - planned" if unit else "Delivered / planned", unit))
        columns += [Column(cause, cause.capitalize(), unit) for cause in causes]
    return {"caption": caption, "columns": columns, "rows": rows, "name": "structure"}
