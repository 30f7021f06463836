"""What every subcommand writes the same way: tables, JSON, progress."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ..advisory import Advisory

Row = dict[str, "str | float | int | None"]


def print_table(rows: Sequence[Row], *, title: str, headings: dict[str, str], folded: Sequence[str] = ()) -> None:
    """Print the columns named in `headings` (key to heading), numbers to the right with four figures.

    A column of `folded` gives way where the terminal is narrow; the others keep their values whole.
    """
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", header_style="bold")
    for key, heading in headings.items():
        numeric = all(not isinstance(row[key], str) for row in rows)
        width = max((len(shown(row[key])) for row in rows), default=0)
        table.add_column(
            heading,
            justify="right" if numeric else "left",
            overflow="fold",
            min_width=None if key in folded else max(width, *map(len, heading.split())),
        )
    for row in rows:
        table.add_row(*(shown(row[key]) for key in headings))
    console = Console()
    # A narrow terminal breaks a line rather than losing the last columns without a word.
    needed = console.measure(table, options=console.options.update(width=10_000)).minimum + 2  # and its edges
    Console(width=max(console.width, needed)).print(table)


def shown(value: str | float | int | None) -> str:
    """A number to four significant figures and at least one decimal below 1000; text as it is."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, int) or value == 0.0 or not math.isfinite(value):
        return str(value)
    magnitude = math.floor(math.log10(abs(value)))
    if -3 <= magnitude <= 5:
        return f"{value:.{min(max(3 - magnitude, 0 if magnitude >= 3 else 1), 6)}f}"
    return f"{value:.3e}"


def print_advisories(advisories: Iterable[Advisory]) -> None:
    """One line an advisory, on the standard output: they belong to the result."""
    console = Console()
    for advisory in advisories:
        console.print(f"[bold yellow]note:[/] {advisory.message} [dim]\\[{advisory.code}][/]", highlight=False)


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """One line a row, full precision."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
        writer.writeheader()
        writer.writerows(rows)


def as_json(value: object) -> str:
    """JSON, indented, full precision; NaN and infinities are refused rather than written as what JSON does not have."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


@contextmanager
def progress(text: str, *, quiet: bool) -> Iterator[None]:
    """A spinner on the error stream while a person waits; silent where the output is for a machine."""
    if quiet:
        yield
        return
    with Console(stderr=True).status(text):
        yield
