"""Uncertainties of a plan for a report: of each dose, and how often limits are crossed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .sections import Column, Json

_KINDS = {
    "activity": "Delivered activity",
    "needed_activity": "Activity that the target or limit asks for",
    "perfused_mean": "Everything perfused",
    "tumor": "Tumor",
    "normal_perfused": "Perfused normal liver",
    "normal_whole": "Whole normal liver",
    "lung": "Lungs",
}
_OF_DOSES = (
    Column("model", "Plan"),
    Column("quantity", "Quantity", text=True),
    Column("value", "Value"),
    Column("u", "Standard uncertainty"),
    Column("low", "95 % of draws from"),
    Column("high", "to"),
    Column("unit", "Unit", text=True),
)
_OF_LIMITS = (
    Column("model", "Plan"),
    Column("quantity", "Compared", text=True),
    Column("percent", "Draws beyond it", "%"),
    Column("without", "Not included", text=True),
)


def uncertainty_tables(plans: Sequence[tuple[str, Json | None]]) -> list[dict[str, Any]]:
    """One table of doses and one of limits, if any plan states uncertainties."""
    doses = [row for name, found in plans if found for row in _doses(name, found)]
    limits = [row for name, found in plans if found for row in _limits(name, found)]
    tables = []
    if doses:
        caption = (
            "Standard uncertainties (coverage factor 1) to first order, for the activity that is planned, and the "
            "middle 95 % of the draws."
        )
        tables.append({"caption": caption, "columns": _OF_DOSES, "rows": doses, "name": "model"})
    if limits:
        caption = "Share of draws beyond each limit or target, with the uncertainties stated."
        tables.append({"caption": caption, "columns": _OF_LIMITS, "rows": limits, "name": "model"})
    return tables


def _doses(name: str, found: Json) -> list[dict[str, Any]]:
    """Quantities that anything stated enters."""
    return [
        {
            "model": name,
            "quantity": ", ".join(filter(None, (_KINDS[each["kind"]], each["tumor"], each["territory"]))),
            "value": each["budget"]["value"],
            "u": each["budget"]["standard_uncertainty"],
            "low": each["interval_of_draws"][0],
            "high": each["interval_of_draws"][1],
            "unit": each["budget"]["unit"],
        }
        for each in found["quantities"]
        if each["budget"]["components"]
    ]


def _limits(name: str, found: Json) -> list[dict[str, Any]]:
    return [
        {
            "model": name,
            "quantity": each["clause"],
            "percent": 100.0 * each["probability"],
            "without": ", ".join(each["not_included"]),
        }
        for each in found["limits"]
    ]
