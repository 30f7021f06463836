"""Standard uncertainties of doses for a report, as a table, and the budget of each mean dose as bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._foundation.choices import SOURCES_IN_WORDS
from .._foundation.text import shown_with_uncertainty
from .palette import line_style
from .sections import Column, Json
from .words import heading

#: Start and end of bars, and height of a row, in the drawing's units, which are pixels at full size.
WIDTH, LEFT, RIGHT, ROW = 500.0, 170.0, 410.0, 26.0
_COLUMNS = (
    Column("structure", "Structure"),
    Column("words", "Quantity", text=True),
    Column("value", "Value", uncertainty="standard_uncertainty"),
    Column("percent", "Relative", "%"),
    Column("low", "Interval from"),
    Column("high", "to"),
)


@dataclass(frozen=True, kw_only=True)
class Bar:
    """Bar of a budget: words, length in the drawing's units, value with unit, and origin of the input."""

    words: str
    length: float
    shown: str
    basis: str
    is_sum: bool = False


@dataclass(frozen=True, kw_only=True)
class BudgetChart:
    """Chart of contributions to the standard uncertainty of one dose, the largest first beneath their combination."""

    title: str
    bars: tuple[Bar, ...]
    color: str


def uncertainty_tables(doses: Json) -> dict[str, Any] | None:
    """Make table, charts and sentences of the budgets in doses.json; None if it holds none."""
    budgets = (doses.get("uncertainty") or {}).get("budgets") or []
    if not budgets:
        return None
    left_out = dict.fromkeys(SOURCES_IN_WORDS.get(name, name) for budget in budgets for name in budget["not_included"])
    factor = f"{budgets[0]['coverage_factor']:.3g}"
    means = [budget for budget in budgets if budget["quantity"] == "mean_gy" and budget["components"]]
    return {
        "columns": _COLUMNS,
        "rows": [_row(budget) for budget in budgets],
        "caption": f"Value and standard uncertainty (k = 1), and the interval of k = {factor}.",
        "not_included": f"Not included, and not zero: {', '.join(left_out)}." if left_out else "",
        "charts": [_chart(budget, n) for n, budget in enumerate(means)],
        "frame": {"width": WIDTH, "left": LEFT, "right": RIGHT, "row": ROW},
    }


def _row(budget: Json) -> dict[str, Any]:
    words, unit = heading(str(budget["quantity"]))
    relative = budget["relative_standard_uncertainty"]
    low, high = budget["interval"]
    return {
        "structure": budget["structure"],
        "words": f"{words} / {unit}" if unit else words,
        "value": budget["value"],
        "standard_uncertainty": budget["standard_uncertainty"],
        "percent": None if relative is None else 100.0 * relative,
        "low": low,
        "high": high,
    }


def _chart(budget: Json, n: int) -> BudgetChart:
    unit, combined = str(budget["unit"]), float(budget["standard_uncertainty"])
    parts = sorted(budget["components"], key=lambda part: -abs(part["contribution"]))
    scale = (RIGHT - LEFT) / (max([combined, *(abs(part["contribution"]) for part in parts)]) or 1.0)
    return BudgetChart(
        title=f"{budget['structure']}: {shown_with_uncertainty(budget['value'], combined)} {unit}",
        bars=(
            _bar("all together", combined, unit, "", scale, is_sum=True),
            *(_bar(part["input"], abs(part["contribution"]), unit, part["basis"], scale) for part in parts),
        ),
        color=line_style(n).on_white,
    )


def _bar(words: str, value: float, unit: str, basis: str, scale: float, *, is_sum: bool = False) -> Bar:
    return Bar(
        words=words[:1].upper() + words[1:],
        length=round(value * scale, 1),
        shown=f"{float(f'{value:.2g}'):g} {unit}",
        basis=basis,
        is_sum=is_sum,
    )
