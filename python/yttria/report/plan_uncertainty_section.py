"""Uncertainties of a plan for a report: of each dose, and the share of draws beyond each limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .sections import Column, Json
from .selection import short

_KINDS = {
    "activity": ("Delivered", "GBq"),
    "needed_activity": ("Asked for", "GBq"),
    "tumor": ("Tumor", "Gy"),
    "perfused_mean": ("Everything perfused", "Gy"),
    "normal_perfused": ("Perfused normal liver", "Gy"),
    "normal_whole": ("Whole normal liver", "Gy"),
    "lung": ("Lungs", "Gy"),
}
#: Largest number of characters of a tumor's name in a heading.
_IN_HEADING = 32

Plans = Sequence[tuple[str, Json | None]]
"""Return plans or models by name, each with its uncertainty in the JSON of `yttria plan`."""


def uncertainty_tables(plans: Plans) -> list[dict[str, Any]]:
    """Make one table of the uncertainties of doses and one of limits, if any plan states uncertainties."""
    return [table for table in (_doses(plans), _limits(plans)) if table["rows"]]


def _doses(plans: Plans) -> dict[str, Any]:
    """Make a row for each plan and territory, and a column for each quantity that a stated input affects."""
    columns: dict[str, Column] = {}
    rows: dict[str, dict[str, Any]] = {}
    without: dict[str, None] = {}
    for name, found in plans:
        quantities = [] if found is None else found["quantities"]
        several = any(each["territory"] for each in quantities)
        for each in quantities:
            without |= dict.fromkeys(each["not_included"])
            if not each["budget"]["components"]:
                continue
            words, unit = _KINDS[each["kind"]]
            key = f"{each['kind']} {each['tumor']}"
            columns.setdefault(key, Column(key, short(each["tumor"] or words, _IN_HEADING), unit))
            row = f"{name}: {each['territory'] or 'together'}" if several else name
            rows.setdefault(row, {"model": row})[key] = each["budget"]["standard_uncertainty"]
    order = {f"{kind} ": n for n, kind in enumerate(_KINDS)}
    shown = sorted(columns.values(), key=lambda column: order[f"{column.key.split()[0]} "])
    return {
        "caption": "Standard uncertainties (coverage factor 1) of the numbers above, to first order, for the planned "
        "activity, and of the activity that a target or limit requires. Not included: "
        f"{', '.join(without) or 'nothing'}.",
        "columns": [Column("model", "Plan"), *shown],
        "rows": [{**dict.fromkeys(columns), **row} for row in rows.values()],
        "name": "model",
    }


def _limits(plans: Plans) -> dict[str, Any]:
    """Make a row for each limit or target, and a column for each plan with the share of draws beyond it."""
    rows: dict[str, dict[str, Any]] = {}
    stated = [(f"plan {n}", name, found["limits"]) for n, (name, found) in enumerate(plans) if found]
    for key, _, limits in stated:
        for each in limits:
            row = rows.setdefault(each["clause"], {"clause": each["clause"]})
            row[key] = 100.0 * each["probability"]
    keys = [key for key, *_ in stated]
    return {
        "caption": "Share of draws in which, with the uncertainties stated, ...",
        "columns": [Column("clause", "Compared", text=True), *(Column(key, name, "%") for key, name, _ in stated)],
        "rows": [{**dict.fromkeys(keys), **row} for row in rows.values()],
        "name": "clause",
    }
