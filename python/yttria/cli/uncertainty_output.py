"""Standard uncertainties in the table of doses, and in words what they hold and what they do not."""

from __future__ import annotations

from collections.abc import Sequence

from .._foundation.choices import SOURCES_IN_WORDS, UncertaintySource
from .._foundation.text import shown_with_uncertainty
from ..case.budgets import CaseUncertainty
from ..evaluation import UncertaintyComponent
from ..evaluation.tables import UNCERTAINTY_COLUMNS
from .output import Row, print_line


def rows_with_uncertainty(rows: Sequence[Row]) -> list[Row]:
    """The rows with each value that has a standard uncertainty as a text of both."""
    found: list[Row] = []
    for row in rows:
        texts: Row = {
            quantity: shown_with_uncertainty(_number(row[quantity]), _number(row.get(column)))
            for quantity, column in UNCERTAINTY_COLUMNS.items()
            if row.get(column)
        }
        found.append(row | texts)
    return found


def print_uncertainty(uncertainty: CaseUncertainty) -> None:
    """Print in one line each what the uncertainties include, which inputs are defaults, and what is not included."""
    doses = [budget for budget in uncertainty.budgets if budget.quantity == "mean_gy"]
    components = [component for budget in doses for component in budget.components]
    included = dict.fromkeys(_words(each.source, each.input) for each in components)
    defaults = dict.fromkeys(
        f"{each.input} {_amount(each)} ({each.basis.removeprefix('default: ')})"
        for each in components
        if each.is_default
    )
    left_out = dict.fromkeys(SOURCES_IN_WORDS[source] for budget in doses for source in budget.not_included)
    for label, words in (("included:", included), ("by default:", defaults), ("not included:", left_out)):
        if words:
            print_line(label, ", ".join(words), wrap=True)


def _words(source: UncertaintySource, name: str) -> str:
    return name if source in ("decay", "method") else SOURCES_IN_WORDS[source]


def _amount(component: UncertaintyComponent) -> str:
    u, unit = component.input_standard_uncertainty, component.input_unit
    return f"{100 * u:.2g} %" if unit == "fraction" else f"{u:.2g} {unit}"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
