"""Tables of evaluations in addition to doses: limits with their states, and further quantities of structures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .._core import DoseVolumeHistogram
from .._foundation.choices import TableFormat
from .._foundation.extras import require
from .._foundation.text import encodable
from .._foundation.whole_files import atomic
from ..evaluation import dvh_table
from ..planning import DeliveredLimits, LimitState, StructureMetrics
from .limits import in_words, print_notes_and_sources
from .output import Row, print_line, print_table, shown, write_csv

_STATES = {"met": "met", "above limit": "ABOVE", "below target": "BELOW", "depends on": "depends"}


def limit_rows(limits: DeliveredLimits) -> list[Row]:
    """Return one row of the table limits.csv for each limit."""
    return [
        {
            "quantity": state.as_dict()["quantity"],
            "value": state.value,
            "unit": state.limit.unit,
            "state": state.state,
            "limit": in_words(state.limit),
            "applies_if": state.limit.condition,
            "depends_on": "; ".join(state.missing),
            "state_if_it_applies": state.if_applies,
            "prior_gy": state.prior_gy,
            "guideline": state.limit.guideline,
            "level_of_evidence": state.limit.level_of_evidence,
            "source": state.limit.source.key,
            "status": state.limit.status,
            "where": state.limit.where,
            "text": str(state),
        }
        for state in limits.states
    ]


def write_dvh(path: Path, histograms: Mapping[str, DoseVolumeHistogram], form: TableFormat) -> None:
    """Write whole cumulative histograms as CSV or Parquet."""
    rows = [row.as_dict() for row in dvh_table(histograms)]
    if form == "csv":
        write_csv(path, rows)
        return
    table = require("pyarrow", "batch").Table.from_pylist(
        [row | {"structure": encodable(str(row["structure"]))} for row in rows]
    )
    with atomic(path) as file:
        require("pyarrow.parquet", "batch").write_table(table, file, compression="zstd")


def print_limits(limits: DeliveredLimits) -> None:
    """Print each limit with value, state and source, and the origin of the doses."""
    notes: dict[str, int] = {}
    rows: list[Row] = [
        {
            "limit": in_words(state.limit),
            "value": _value(state),
            "state": _state_in_words(state),
            "why": _reason(state),
            "source": ", ".join(
                filter(None, (state.limit.guideline, _level(state), "" if state.limit.verified else state.limit.status))
            ),
            "notes": ", ".join(str(notes.setdefault(text, len(notes) + 1)) for text in state.cautions),
        }
        for state in limits.states
    ]
    if not rows:
        print_line("limits", f"no entry of {limits.guideline} applies to the stated patient and treatment")
        return
    print_table(
        rows,
        title=f"Limits and targets, {limits.guideline}, table of {limits.table_version}",
        headings={
            "limit": "Limit",
            "value": "Delivered",
            "state": "State",
            "why": "Condition",
            "source": "Source",
            "notes": "Notes",
        },
        folded=("limit", "state", "why", "source", "notes"),
    )
    print_notes_and_sources(notes, (state.limit.source for state in limits.states))
    for name, origin in limits.origins.items():
        print_line(name.removesuffix("_gy").removesuffix("_gbq").replace("_", " ") + ":", origin, wrap=True)


def print_metrics(metrics: StructureMetrics, rows: list[Row]) -> None:
    """Print further quantities of structures, and the parameters used for them."""
    headings = {
        column.key: column.label + ("" if column.unit == "1" else f" {column.unit}") for column in metrics.columns
    }
    print_table(
        [{key: row[key] for key in ("structure", *headings)} for row in rows],
        title="Further quantities; shares of volumes and probabilities as fractions",
        headings={"structure": "Structure", **headings},
    )
    for parameters in metrics.parameters:
        values = ", ".join(f"{name} {value:g}" for name, value in parameters.values.items())
        print_line(parameters.tissue.replace("_", " "), f"{values} ({', '.join(parameters.sets)})", wrap=True)


def _value(state: LimitState) -> str:
    if state.value is None:
        return "-"
    earlier = f", {shown(state.prior_gy)} of it before" if state.prior_gy else ""
    return f"{shown(state.value)} {state.limit.unit}{earlier}"


def _state_in_words(state: LimitState) -> str:
    if state.if_applies:
        return f"{_STATES[state.state]} ({state.if_applies} if it applies)"
    return _STATES[state.state]


def _reason(state: LimitState) -> str:
    """Return the condition of a limit, or the inputs that must be known to decide it."""
    if not state.missing:
        whatever = ", ".join(dict.fromkeys(condition.whatever for condition in state.undecided))
        return whatever or state.limit.condition
    asked = " and ".join(map(str, state.undecided))
    decided = {condition.quantity_in_words for condition in state.undecided}
    unknown = [name for name in state.missing if name not in decided]
    return "; ".join(filter(None, (f"if {asked}" if asked else "", f"needs {', '.join(unknown)}" if unknown else "")))


def _level(state: LimitState) -> str:
    level = state.limit.level_of_evidence
    return f"level {level}" if level else ""
