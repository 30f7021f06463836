"""CSV files of the package, written whole or not at all, in which no text is a formula."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .text import plain
from .whole_files import atomic

#: A cell that begins with one of these is a formula in a spreadsheet. Some spreadsheets accept the full-width forms
#: too.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

#: It stands for a null character while CPython 3.10 has the text, whose `csv` can neither write nor read one. It is in
#: no text that was decoded from a file.
_NULL = "\ud800"


def neutral(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet could take for a formula.

    Parameters
    ----------
    text : str
        Any text; a number in it stays as it is.

    Returns
    -------
    str
        The text, with one apostrophe before it if its first character, apart from blanks and apostrophes, is one of
        ``= + - @``, a tab or a line end. `as_written` takes that apostrophe away.

    Notes
    -----
    The rule is that of OWASP, "CSV Injection". Spreadsheets do not show the apostrophe of a text cell.

    Examples
    --------
    >>> neutral("=1+1"), neutral("-0.5"), neutral("Tumor - left")
    ("'=1+1", '-0.5', 'Tumor - left')
    """
    return f"'{text}" if _could_be_formula(text) and not _is_number(text) else text


def as_written(text: str) -> str:
    """Undo `neutral`.

    Examples
    --------
    >>> as_written(neutral("=1+1")), as_written("'quoted'")
    ('=1+1', "'quoted'")
    """
    return text[1:] if text[:1] == "'" and neutral(text[1:]) == text else text


def write_csv(
    path: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str] | None = None, *, one_line: bool = True
) -> int:
    """Write a table as CSV in UTF-8, with numbers in full precision; every table of the package is written by it.

    Parameters
    ----------
    path : Path
        The file. It appears whole; if writing fails, an earlier file of this name stays unchanged.
    rows : iterable of mapping
        Cells by column. None is an empty cell.
    columns : sequence of str, optional
        The columns in their order; by default those of the first row.
    one_line : bool, default True
        Spell out line ends and other control characters of texts (`_text.plain`), so that every row is one line.

    Returns
    -------
    int
        Number of rows.

    Notes
    -----
    Texts pass through `neutral`: a cell that a spreadsheet would calculate gets an apostrophe before it. Numbers, also
    negative ones, stay as they are.
    """
    rows = list(rows) if columns is None else rows
    names = list(rows[0]) if columns is None and rows else list(columns or ())  # type: ignore[index]
    count = 0

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return neutral(plain(value) if one_line else value)

    with atomic(path) as file:
        text = io.TextIOWrapper(file, "utf-8", errors="backslashreplace", newline="", write_through=True)
        # Without an escape character, CPython 3.10 takes the null character for one, and refuses it.
        writer = csv.writer(text, escapechar=None if sys.version_info >= (3, 11) else _NULL)
        writer.writerow([cell(name) for name in names])
        for count, row in enumerate(rows, 1):  # noqa: B007
            writer.writerow([cell(row.get(name)) for name in names])
        text.detach()
    return count


def csv_records(lines: Iterable[str], *, delimiter: str = ",") -> Iterator[list[str]]:
    """Read the records of a CSV file strictly; a null character is one like any other.

    Parameters
    ----------
    lines : iterable of str
        The lines, with their ends.
    delimiter : str, default ","
        The character between cells.

    Yields
    ------
    list of str
        The cells of one record.

    Raises
    ------
    csv.Error
        If text follows the closing quotation mark of a cell, or if that mark is missing.

    Examples
    --------
    >>> list(csv_records(["a,b\\n", "1,'2'\\n"]))
    [['a', 'b'], ['1', "'2'"]]
    """
    if sys.version_info >= (3, 11):
        yield from csv.reader(lines, strict=True, delimiter=delimiter)
        return
    for record in csv.reader((line.replace("\0", _NULL) for line in lines), strict=True, delimiter=delimiter):
        yield [cell.replace(_NULL, "\0") for cell in record]


def _could_be_formula(text: str) -> bool:
    return text.lstrip(" '").startswith(_FORMULA)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.strip() == text
