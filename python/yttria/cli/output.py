"""Output that all subcommands write in the same way: tables, labelled lines, JSON, progress."""

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
#: Least width of a column whose texts are broken over lines.
_LEAST_FOLDED = 12
#: Label and style of each severity, the most serious first.
_SEVERITIES: dict[Severity, tuple[str, str]] = {
    "error": ("error:", "bold red"),
    "warning": ("warning:", "bold yellow"),
    "note": ("note:", "bold cyan"),
}


def printed(text: object) -> str:
    """Prepare a text of a file for rich's markup: its brackets are no styles, and no character moves the cursor."""
    return escape(plain(text))


def print_line(label: str, text: object, *, style: str = "dim", wrap: bool = False, error: bool = False) -> None:
    """Print one labelled line, on the error stream if `error`; `text` is shown literally."""
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
    """Print the columns named in `headings` (key to heading), numbers right-aligned with four figures.

    A column of `folded` becomes narrower if the terminal is narrow; the others keep their values whole. Texts of a
    column of `to_the_right` are right-aligned like numbers.
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
        # Headings are broken into lines, and rich takes the missing width only from columns without a fixed width.
        for column in table.columns:
            column.width = column.min_width
    needed = console.measure(table, options=unlimited).minimum + 2  # and its edges
    if needed > console.width and folded:
        # A long word, such as the name of a file, is broken over lines, because a cut name could not be found again.
        columns = [column for key, column in zip(headings, table.columns, strict=True) if key in folded]
        for column in columns:
            column.width = 1
        others = console.measure(table, options=unlimited).minimum + 2 - len(columns)
        for column in columns:
            column.width = max(_LEAST_FOLDED, (console.width - others) // len(columns))
        needed = console.measure(table, options=unlimited).minimum + 2
    # In a narrow terminal, lines are broken, so that the last columns are not lost.
    Console(width=max(console.width, needed)).print(table)


def print_advisories(advisories: Iterable[Advisory]) -> None:
    """Print one line for each advisory, the most serious first, on the standard output, as a part of the result."""
    from .options import in_option_names

    console, order = Console(), list(_SEVERITIES)
    for advisory in sorted(advisories, key=lambda a: order.index(a.severity)):
        label, style = _SEVERITIES[advisory.severity]
        line = Text.assemble(
            (label, style), f" {plain(in_option_names(advisory.message))} ", (f"[{advisory.code}]", "dim")
        )
        console.print(line, highlight=False)


def as_json(value: object) -> str:
    """Write indented JSON in full precision; NaN and infinities are errors, because JSON does not have them."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


@contextmanager
def progress(text: str, *, quiet: bool) -> Iterator[None]:
    """Show a spinner on the error stream while a person waits; nothing if the output is for a machine or a file."""
    console = Console(stderr=True)
    # Without a terminal, older versions of rich would leave an empty line.
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(text):
        yield


@contextmanager
def bar(*columns: ProgressColumn) -> Iterator[Progress]:
    """Show a bar on the error stream, removed at its end; without a terminal it would leave an empty line."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Progress(disable=True)
        return
    with Progress(*columns, console=console, transient=True) as shown_bar:
        yield shown_bar
