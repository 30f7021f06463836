"""Standard uncertainties in the table of doses, and the list of sources that they include or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import floor, log10
from typing import Any

from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeRemainingColumn

from .._foundation.choices import SOURCES_IN_WORDS, UncertaintySource
from .._foundation.text import shown_with_uncertainty
from ..case.budgets import CaseUncertainty
from ..evaluation import UncertaintyComponent
from ..evaluation.tables import UNCERTAINTY_COLUMNS
from .output import Row, bar, print_line, print_table

#: Columns of the intervals by draws.
DRAWN_HEADINGS = {
    "structure": "Structure",
    "volume_ml": "mL",
    "mean_gy": "Mean",
    "recovery_corrected_mean_gy": "Recovered",
    "d95_gy": "D95",
    "d70_gy": "D70",
}


def rows_with_uncertainty(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with each value and its standard uncertainty as one text."""
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
    """Print one line each on the included sources, the inputs that are defaults, and the sources not included."""
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


def print_draws(uncertainty: CaseUncertainty) -> None:
    """Print the coverage intervals by draws, one row for each structure, if the inputs were drawn."""
    drawn = uncertainty.propagated
    if drawn is None:
        return
    rows: dict[str, Row] = {}
    for each in drawn["quantities"]:
        row = rows.setdefault(each["structure"], {"structure": each["structure"]})
        row[each["quantity"]] = _interval(each)
    probability = drawn["quantities"][0]["coverage_probability"]
    headings = {key: words for key, words in DRAWN_HEADINGS.items() if all(key in row for row in rows.values())}
    print_table(
        list(rows.values()),
        title=f"{100 * probability:g} % intervals by {drawn['draws']:,} draws, seed {drawn['seed']}",
        headings=headings,
        to_the_right=tuple(headings)[1:],
    )
    lost = sum(each["undefined_draws"] for each in drawn["quantities"] if each["quantity"] == "mean_gy")
    if lost:
        print_line("draws", f"{lost} draws in which a structure has no volume are left out", wrap=True)


def _interval(drawn: Mapping[str, Any]) -> str:
    """Return the ends of an interval, rounded to the digits of the standard uncertainty."""
    if drawn["interval"] is None or not drawn["standard_uncertainty"]:
        return ""
    places = max(1 - floor(log10(drawn["standard_uncertainty"])), 0)
    low, high = drawn["interval"]
    return f"{low:.{places}f} to {high:.{places}f}"


@contextmanager
def draws_bar(text: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Show a spinner on the error stream, and a bar once inputs are drawn; None if the output is for a machine."""
    if quiet:
        yield None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[draws]}"))
    with bar(*columns, TimeRemainingColumn()) as drawing:
        task = drawing.add_task(text, total=None, draws="")

        def show(made: int, wanted: int) -> None:
            draws = f"{made:,} of {wanted:,}"
            drawing.update(task, description="Drawing uncertainties", completed=made, total=wanted, draws=draws)

        yield show


def _words(source: UncertaintySource, name: str) -> str:
    return name if source in ("decay", "method") else SOURCES_IN_WORDS[source]


def _amount(component: UncertaintyComponent) -> str:
    u, unit = component.input_standard_uncertainty, component.input_unit
    return f"{100 * u:.2g} %" if unit == "fraction" else f"{u:.2g} {unit}"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
