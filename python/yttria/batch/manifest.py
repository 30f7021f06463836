"""Manifests with one row per case, in CSV or Parquet. They are read as a stream and checked as a whole before any work.

The columns are the fields of `yttria.case.Case`. An empty cell means that nothing is declared. Paths are relative to
the manifest's folder. CSV may be encoded in UTF-8, UTF-16 with a byte order mark, or Windows-1252. Cells may be
separated by commas, semicolons or tabs; with semicolons, numbers may have decimal commas.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from .._foundation.csv_tables import write_csv
from .._foundation.extras import require
from .._foundation.text import did_you_mean, encodable, plain
from .._foundation.whole_files import atomic
from ..case import FIELDS, FILE_FIELDS, Case, problems
from ..errors import FileFormatError, YttriaError
from .manifest_table import Cells, csv_dialect, is_csv, read_table

#: The first column of a manifest is the name of the case.
COLUMNS = ("case_id", *(name for name in FIELDS if name != "case_id"))
REQUIRED = ("case_id", *(name for name, field in FIELDS.items() if field.required))
NUMBERS = frozenset(name for name, field in FIELDS.items() if field.kind == "number")
_KNOWN = frozenset(COLUMNS)
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*", re.IGNORECASE | re.ASCII)
_COMMA = re.compile(r"\s*[+-]?\d+,\d+(e[+-]?\d+)?\s*", re.IGNORECASE | re.ASCII)
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2},\d{3}\s*", re.ASCII)
_DEFAULTS = {name: field.default for name, field in FIELDS.items() if not field.required}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Mistake in a manifest.

    Parameters
    ----------
    row : int
        Number of the case, from 1; 0 if the mistake is in the header.
    column : str
        Name of the column; empty if the row has too many or too few cells.
    message : str
        Description of the mistake.
    line : int, optional
        Line as a spreadsheet counts it, the header being the first; None in Parquet.
    case_id : str
        The case id, empty if the row has none.
    """

    row: int
    column: str
    message: str
    line: int | None = None
    case_id: str = ""

    def __str__(self) -> str:
        where = "header" if self.row == 0 else f"row {self.row}" if self.line is None else f"line {self.line}"
        case = f" (case '{plain(self.case_id)}')" if self.case_id else ""
        return f"{where}{case}, {plain(self.column)}: {plain(self.message)}"


@dataclass(frozen=True, kw_only=True)
class ManifestRow:
    """Row of a manifest.

    Parameters
    ----------
    row : int
        Number of the case, from 1.
    declared : dict
        The cells that are not empty, by column; numbers as float, paths as they are written.
    case : Case
        The case, with paths that start from the manifest's folder.
    """

    row: int
    declared: dict[str, Any]
    case: Case


class ManifestError(FileFormatError):
    """Error of a manifest that cannot be run. `problems` lists every mistake with row and column."""

    path: Path
    problems: list[Problem]

    def __init__(self, path: Path, found: list[Problem]) -> None:
        """Keep the problems, the first of which the message names."""
        super().__init__(f"{path}: {len(found)} problems, the first: {found[0]}")
        self.path, self.problems = path, found

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path, self.problems)


def read_manifest(path: str | Path, *, without: Collection[int] = ()) -> Iterator[ManifestRow]:
    """Read a manifest row by row.

    Parameters
    ----------
    path : str or Path
        The manifest, `.csv` or `.parquet`.
    without : collection of int
        Numbers of rows that are left out. Default: none.

    Yields
    ------
    ManifestRow
        The rows in their order.

    Raises
    ------
    ManifestError
        If the header is wrong, and at the first row that does not declare a case.
    FileFormatError
        If the file cannot be read as a table.

    Examples
    --------
    >>> row = {"case_id": "a", "activity": "pet.nrrd", "structures": "seg.nrrd", "scan_delay_h": 20.0}
    >>> write_manifest([row, row | {"case_id": "b"}], "m.csv")
    2
    >>> [row.declared["scan_delay_h"] for row in read_manifest("m.csv")]
    [20.0, 20.0]
    """
    path = Path(path)
    for cells in _rows(path):
        if cells.row in without:
            continue
        declared, found = _declared(cells)
        if not found:
            try:
                yield ManifestRow(row=cells.row, declared=declared, case=Case(**_resolved(declared, path.parent)))
                continue
            except YttriaError:
                values = _DEFAULTS | _resolved(declared, path.parent)
                found = [_problem(cells, name, str(error)) for name, error in problems(values)]
        raise ManifestError(path, found)


def declared_rows(path: Path, found: list[Problem] | None = None) -> Iterator[tuple[Cells, dict[str, Any]]]:
    """Read the rows with the values that they declare. `found` has the meaning that it has in `_rows`."""
    return ((cells, _declared(cells)[0]) for cells in _rows(path, found))


def manifest_note(path: str | Path) -> str | None:
    """Describe the form of a manifest that is neither plain CSV in UTF-8 nor Parquet, None otherwise."""
    path = Path(path)
    return csv_dialect(path, COLUMNS).note() if is_csv(path) else None


def check_manifest(path: str | Path, *, look_for_files: bool = True) -> tuple[int, list[Problem]]:
    """Check a manifest as a whole without reading any image.

    Parameters
    ----------
    path : str or Path
        The manifest, `.csv` or `.parquet`.
    look_for_files : bool
        Whether a file that does not exist is a problem. Default: True.

    Returns
    -------
    count : int
        Number of cases.
    problems : list of Problem
        Every unknown column, wrong value, repeated case id and missing file, in the order of the rows.

    Raises
    ------
    FileFormatError
        If the file cannot be read as a table.

    Examples
    --------
    >>> row = {"case_id": "a", "activity": "pet.nrrd", "structures": "seg.nrrd", "scan_delay_h": 20.0}
    >>> _ = write_manifest([row], "m.csv")
    >>> count, found = check_manifest("m.csv")
    >>> count, found[0].column
    (1, 'activity')
    """
    path = Path(path)
    found: list[Problem] = []
    ids = bytearray()
    count = 0
    for cells in _rows(path, found):
        count = cells.row
        declared, wrong = _declared(cells)
        seen = {problem.column for problem in wrong} | {name for name in REQUIRED if name not in cells.by_name}
        wrong += [
            _problem(cells, name, str(error))
            for name, error in problems(_DEFAULTS | dict.fromkeys(REQUIRED) | _resolved(declared, path.parent))
            if name not in seen
        ]
        seen = {problem.column for problem in wrong}
        if look_for_files:
            wrong += [
                _problem(cells, name, f"no such file: {path.parent / declared[name]}")
                for name in FILE_FIELDS
                if name not in seen
                and isinstance(declared.get(name), str)
                and not os.path.exists(path.parent / declared[name])  # noqa: PTH110 (a name too long is not there)
            ]
        found += wrong
        ids += _short(declared.get("case_id"))
    repeated = _repeated(ids)
    if repeated:
        ids_of = ((cells, declared.get("case_id")) for cells, declared in declared_rows(path, []))
        named = Counter(name for _, name in ids_of if _short(name) in repeated)
        found += [
            _problem(cells, "case_id", f"case ids must be unique, got '{name}' {named[name]} times")
            for cells, declared in declared_rows(path, [])
            if (name := declared.get("case_id")) and named[name] > 1
        ]
    if count == 0 and not found:
        found.append(Problem(row=0, column="case_id", message="there is no case in the manifest"))
    return count, sorted(found, key=lambda problem: problem.row)


def write_manifest(rows: Iterable[Case | Mapping[str, Any]], path: str | Path) -> int:
    """Write a manifest without checking it.

    Parameters
    ----------
    rows : iterable of Case or mapping
        The cases, or what is declared of them by column.
    path : str or Path
        The file to write, `.csv` or `.parquet`. If writing fails, an earlier file of that name stays as it is.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    FileFormatError
        If the name ends in neither `.csv` nor `.parquet`.
    OSError
        If the file cannot be written.

    Notes
    -----
    In CSV, a text that a spreadsheet would take for a formula gets a leading apostrophe, which `read_manifest` removes.

    Examples
    --------
    >>> row = {"case_id": "a", "activity": "pet.nrrd", "structures": "seg.nrrd", "scan_delay_h": 20.0}
    >>> write_manifest([row], "m.csv")
    1
    >>> [row.declared["case_id"] for row in read_manifest("m.csv")]
    ['a']
    """
    path = Path(path)
    declared = ({c: None if (v := _get(row, c)) is None else _cell(c, v) for c in COLUMNS} for row in rows)
    if is_csv(path):
        return write_csv(path, declared, COLUMNS, one_line=False)
    arrow, parquet = require("pyarrow", "batch"), require("pyarrow.parquet", "batch")
    kinds = arrow.schema([(c, arrow.float64() if c in NUMBERS else arrow.string()) for c in COLUMNS])
    count = 0
    with atomic(path) as file, parquet.ParquetWriter(file, kinds) as writer:
        while batch := list(islice(declared, 8192)):
            writer.write_table(arrow.Table.from_pylist(batch, kinds))
            count += len(batch)
    return count


def _get(row: Case | Mapping[str, Any], column: str) -> Any:
    return getattr(row, column) if isinstance(row, Case) else row.get(column)


def _cell(column: str, value: Any) -> Any:
    return float(value) if column in NUMBERS else encodable(str(value))


def _rows(path: Path, found: list[Problem] | None = None) -> Iterator[Cells]:
    """Read the rows as cells. Problems of the header are added to `found`, or raised without it."""
    names, rows = read_table(path, COLUMNS)
    wrong = [
        Problem(
            row=0, column=name, message=f"unknown column{did_you_mean(name, COLUMNS)}; known are {', '.join(COLUMNS)}"
        )
        for name in names
        if name not in COLUMNS
    ]
    wrong += [
        Problem(row=0, column=name, message="column must occur once") for name, n in Counter(names).items() if n > 1
    ]
    wrong += [Problem(row=0, column=name, message="column must be there") for name in REQUIRED if name not in names]
    if wrong and found is None:
        raise ManifestError(path, wrong)
    if found is not None:
        found += wrong
    yield from rows


def _problem(cells: Cells, column: str, message: str) -> Problem:
    return Problem(
        row=cells.row, column=column, message=message, line=cells.line, case_id=str(cells.by_name.get("case_id") or "")
    )


def _declared(cells: Cells) -> tuple[dict[str, Any], list[Problem]]:
    """Collect the cells that are not empty, numbers as float, and the problems of single cells."""
    declared: dict[str, Any] = {}
    found: list[Problem] = []
    for name, cell in cells.by_name.items():
        if cell is None or cell == "":
            continue
        if name == "":
            found.append(_problem(cells, "", f"must have as many cells as the header, got {cell} beyond or too few"))
        elif name not in _KNOWN:
            continue
        elif name in NUMBERS:
            try:
                declared[name] = number_in_cell(cell, decimal_comma=cells.decimal_comma)
            except (ValueError, OverflowError) as error:
                found.append(_problem(cells, name, str(error)))
        elif isinstance(cell, int) and not isinstance(cell, bool):
            declared[name] = str(cell)  # a column of numbers in Parquet
        else:
            declared[name] = cell
    for name in REQUIRED:
        if name not in declared and name in cells.by_name:
            found.append(_problem(cells, name, "must be given"))
    return declared, found


def number_in_cell(cell: object, *, decimal_comma: bool) -> float:
    """Read the number in a cell.

    A text that is not a number, or that can be read as two numbers, raises `ValueError`.
    """
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise ValueError(f"must be a number, got {cell!r:.80}")
    if not isinstance(cell, str):
        return float(cell)
    if _NUMBER.fullmatch(cell):
        return float(cell)
    if _COMMA.fullmatch(cell):
        if not decimal_comma:
            raise ValueError(f"must be a number with a decimal point, got '{cell.strip()}'")
        if _THOUSANDS.fullmatch(cell):
            raise ValueError(
                f"must be a number with a decimal point: '{cell.strip()}' could be {cell.strip().replace(',', '.')} "
                f"or {cell.strip().replace(',', '')}"
            )
        return float(cell.replace(",", "."))
    raise ValueError(f"must be a number, got '{cell:.80}'")


def _resolved(declared: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return {n: folder / v if n in FILE_FIELDS and isinstance(v, str) else v for n, v in declared.items()}


def _short(case_id: object) -> bytes:
    return hashlib.blake2b(str(case_id).encode(), digest_size=8).digest()


def _repeated(ids: bytearray) -> set[bytes]:
    values, counts = np.unique(np.frombuffer(ids, dtype=np.uint64), return_counts=True)
    return {value.tobytes() for value in values[counts > 1]}
