"""Output that every subcommand writes the same way: tables, labelled lines, JSON, progress."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, ProgressColumn
from rich.table import Table
from rich.text import Text

from .._foundation.csv_tables import write_csv
from .._foundation.text import plain, shown
from ..advisory import Advisory, Severity

__all__ = [
    "Row",
    "as_json",
    "bar",
    "print_advisories",
    "print_line",
    "print_table",
    "print_written",
    "printed",
    "progress",
    "shown",
    "write_csv",
]

Row = dict[str, "str | float | int | None"]
#: Label and style of each severity, the gravest first.
_SEVERITIES: dict[Severity, tuple[str, str]] = {
    "error": ("error:", "bold red"),
    "warning": ("warning:", "bold yellow"),
    "note": ("note:", "bold cyan"),
}


def printed(text: object) -> str:
    """Text of a file for use inside rich's markup: no bracket of it is a style, no character of it moves the cursor."""
    return escape(plain(text))


def print_line(label: str, text: object, *, style: str = "dim", wrap: bool = False, error: bool = False) -> None:
    """Print one labelled line; `text` is data and is shown as it is, on the error stream if `error`."""
    line = Text.assemble((f"{label} ", style), plain(text)) if label else Text(plain(text))
    Console(stderr=error).print(line, highlight=False, soft_wrap=not wrap)


def print_written(paths: Iterable[Path]) -> None:
    """Print one line for each file that was written."""
    for path in paths:
        print_line("wrote", path)


def print_table(
    rows: Sequence[Row],
    *,
    title: str,
    headings: dict[str, str],
    folded: Sequence[str] = (),
    to_the_right: Sequence[str] = (),
) -> None:
    """Print the columns named in `headings` (key to heading), numbers to the right with four figures.

    A column of `folded` gives way if the terminal is narrow; the others keep their values whole. Texts of a column of
    `to_the_right` stand there as numbers do.
    """
    table = Table(box=SIMPLE_HEAD, title=Text(plain(title)), title_justify="left", title_style="bold")
    for key, heading in headings.items():
        numeric = key in to_the_right or all(not isinstance(row[key], str) for row in rows)
        width = max((len(shown(row[key])) for row in rows), default=0)
        table.add_column(
            Text(plain(heading), style="bold"),
            justify="right" if numeric else "left",
            overflow="fold",
            min_width=None if key in folded else max(width, *map(len, heading.split())),
        )
    for row in rows:
        table.add_row(*(Text(shown(row[key])) for key in headings))
    console = Console()
    unlimited = console.options.update(width=10_000)
    if console.measure(table, options=unlimited).maximum > console.width:
        # Headings break into lines, and rich takes the rest from the columns without a fixed width alone.
        for column in table.columns:
            column.width = column.min_width
    # A narrow terminal breaks a line rather than losing the last columns without a word.
    needed = console.measure(table, options=unlimited).minimum + 2  # and its edges
    Console(width=max(console.width, needed)).print(table)


def print_advisories(advisories: Iterable[Advisory]) -> None:
    """Print one line for each advisory, the gravest first; they belong to the result and go to the standard output."""
    from .options import in_option_names

    console, order = Console(), list(_SEVERITIES)
    for advisory in sorted(advisories, key=lambda a: order.index(a.severity)):
        label, style = _SEVERITIES[advisory.severity]
        line = Text.assemble(
            (label, style), f" {plain(in_option_names(advisory.message))} ", (f"[{advisory.code}]", "dim")
        )
        console.print(line, highlight=False)


def as_json(value: object) -> str:
    """JSON, indented, full precision; NaN and infinities are refused rather than written as what JSON does not have."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


@contextmanager
def progress(text: str, *, quiet: bool) -> Iterator[None]:
    """A spinner on the error stream while a person waits; silent if the output is for a machine or a file."""
    console = Console(stderr=True)
    # Without a terminal, older versions of rich would leave an empty line.
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(text):
        yield


@contextmanager
def bar(*columns: ProgressColumn) -> Iterator[Progress]:
    """A bar on the error stream, gone when it ends. Without a terminal it would leave an empty line: none is shown."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Progress(disable=True)
        return
    with Progress(*columns, console=console, transient=True) as shown_bar:
        yield shown_bar
