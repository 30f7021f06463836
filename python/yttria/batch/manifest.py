"""The manifest: one row per case, in CSV or Parquet, read as a stream and checked as a whole before any work.

Its columns are the fields of `yttria.case.Case`; `schema()` is the published JSON Schema of a row. An empty cell means
that nothing is declared. Paths are relative to the manifest's folder.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from .._extras import require
from ..case import FILE_FIELDS, Case, problems
from ..errors import FileFormatError, YttriaError

COLUMNS = ("case_id", *(each.name for each in fields(Case) if each.name != "case_id"))
REQUIRED = ("case_id", *(each.name for each in fields(Case) if each.default is MISSING))
NUMBERS = tuple(each.name for each in fields(Case) if "float" in str(each.type))
_DEFAULTS = {each.name: each.default for each in fields(Case) if each.default is not MISSING}


@dataclass(frozen=True)
class Problem:
    """A mistake in a manifest. `row` counts cases from 1; it is 0 where the mistake is the header's."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.message}"


@dataclass(frozen=True)
class ManifestRow:
    """A row as it is declared, without what it leaves out, and the case it means."""

    row: int
    declared: dict[str, Any]
    case: Case


class ManifestError(FileFormatError):
    """A manifest that cannot be run; `problems` says where and why."""

    def __init__(self, path: Path, found: list[Problem]) -> None:
        """The message names the first of the problems."""
        super().__init__(f"{path}: {len(found)} problems, the first: {found[0]}")
        self.problems = found


def schema() -> dict[str, Any]:
    """The JSON Schema of a row, as published with the package."""
    text = files("yttria").joinpath("data", "manifest.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def read_manifest(path: str | Path) -> Iterator[ManifestRow]:
    """The rows one by one; raises `ManifestError` at the first that is no case, and `FileFormatError`."""
    path = Path(path)
    for row, raw in _raw_rows(path):
        declared, found = _declared(row, raw)
        if not found:
            try:
                yield ManifestRow(row, declared, Case(**_resolved(declared, path.parent)))
                continue
            except YttriaError:
                values = _DEFAULTS | _resolved(declared, path.parent)
                found = [Problem(row, name, str(error)) for name, error in problems(values)]
        raise ManifestError(path, found)


def declared_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a manifest that was checked, numbered from 1, as they are declared."""
    return ((row, _declared(row, raw)[0]) for row, raw in _raw_rows(path))


def check_manifest(path: str | Path, *, look_for_files: bool = True) -> tuple[int, list[Problem]]:
    """How many cases there are, and every problem: unknown columns, values, case ids that repeat, files not there.

    Raises `FileFormatError` where the file cannot be read as a table at all.
    """
    path = Path(path)
    found: list[Problem] = []
    ids = bytearray()
    count = 0
    for count, raw in _raw_rows(path, found):
        declared, wrong = _declared(count, raw)
        seen = {problem.column for problem in wrong}
        wrong += [
            Problem(count, name, str(error))
            for name, error in problems(_DEFAULTS | dict.fromkeys(REQUIRED) | _resolved(declared, path.parent))
            if name not in seen
        ]
        if look_for_files:
            wrong += [
                Problem(count, name, f"no such file: {path.parent / declared[name]}")
                for name in FILE_FIELDS
                if isinstance(declared.get(name), str) and not (path.parent / declared[name]).exists()
            ]
        found += wrong
        ids += _short(declared.get("case_id"))
    repeated = _repeated(ids)
    if repeated:
        named = Counter(raw.get("case_id") for _, raw in _raw_rows(path, []) if _short(raw.get("case_id")) in repeated)
        more = {name for name, n in named.items() if n > 1 and name}
        found += [
            Problem(row, "case_id", f"case ids must be unique, got '{raw['case_id']}' {named[raw['case_id']]} times")
            for row, raw in _raw_rows(path, [])
            if raw.get("case_id") in more
        ]
    if count == 0 and not found:
        found.append(Problem(0, "case_id", "there is no case in the manifest"))
    return count, sorted(found, key=lambda problem: problem.row)


def write_manifest(rows: Iterable[Case | Mapping[str, Any]], path: str | Path) -> int:
    """Write cases, or rows declared as mappings, to `.csv` or `.parquet`; how many. Nothing is checked."""
    path = Path(path)
    declared = ({c: None if (v := _get(row, c)) is None else _cell(c, v) for c in COLUMNS} for row in rows)
    count = 0
    if _is_csv(path):
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            for count, row in enumerate(declared, 1):  # noqa: B007
                writer.writerow(row)
        return count
    arrow, parquet = require("pyarrow", "batch"), require("pyarrow.parquet", "batch")
    kinds = arrow.schema([(c, arrow.float64() if c in NUMBERS else arrow.string()) for c in COLUMNS])
    with parquet.ParquetWriter(path, kinds) as writer:
        while batch := list(islice(declared, 8192)):
            writer.write_table(arrow.Table.from_pylist(batch, kinds))
            count += len(batch)
    return count


def _get(row: Case | Mapping[str, Any], column: str) -> Any:
    return getattr(row, column) if isinstance(row, Case) else row.get(column)


def _cell(column: str, value: Any) -> Any:
    return float(value) if column in NUMBERS else str(value)


def _is_csv(path: Path) -> bool:
    if path.suffix.casefold() not in (".csv", ".parquet"):
        raise FileFormatError(f"{path}: a manifest must be named .csv or .parquet")
    return path.suffix.casefold() == ".csv"


def _raw_rows(path: Path, found: list[Problem] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Cells by column, numbered from 1. What is wrong with the header is added to `found`, or raised without it."""
    names, rows = _csv_rows(path) if _is_csv(path) else _parquet_rows(path)
    wrong = [
        Problem(0, name, f"unknown column; known are {', '.join(COLUMNS)}") for name in names if name not in COLUMNS
    ]
    wrong += [Problem(0, name, "column must occur once") for name, n in Counter(names).items() if n > 1]
    wrong += [Problem(0, name, "column must be there") for name in REQUIRED if name not in names]
    if wrong and found is None:
        raise ManifestError(path, wrong)
    if wrong and found is not None:
        found += wrong
    yield from enumerate(rows, 1)


def _csv_rows(path: Path) -> tuple[list[str], Iterator[dict[str, Any]]]:
    names = next(iter(_csv_lines(path)), [])
    return names, (
        dict(zip(names, line, strict=False)) | ({"": line[len(names) :]} if len(line) != len(names) else {})
        for n, line in enumerate(_csv_lines(path))
        if n > 0 and line
    )


def _csv_lines(path: Path) -> Iterator[list[str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            yield from csv.reader(file, strict=True)
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileFormatError(f"{path}: not a readable CSV file: {error}") from error


def _parquet_rows(path: Path) -> tuple[list[str], Iterator[dict[str, Any]]]:
    arrow, parquet = require("pyarrow", "batch"), require("pyarrow.parquet", "batch")
    try:
        with path.open("rb") as file:
            names = list(parquet.read_schema(file).names)
    except arrow.ArrowException as error:
        raise FileFormatError(f"{path}: not a readable Parquet file: {error}") from error

    def rows() -> Iterator[dict[str, Any]]:
        with parquet.ParquetFile(path) as table:
            for batch in table.iter_batches(batch_size=1024):
                yield from batch.to_pylist()

    return names, rows()


def _declared(row: int, raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The cells that are not empty, numbers as numbers, and what is wrong with them by themselves."""
    declared: dict[str, Any] = {}
    found: list[Problem] = []
    for name, cell in raw.items():
        if name == "":
            found.append(Problem(row, "", f"must have as many cells as the header, got {cell} beyond or too few"))
        elif name not in COLUMNS or cell is None or cell == "":
            continue
        elif name in NUMBERS and isinstance(cell, str | int | float):
            try:
                declared[name] = float(cell)
            except (ValueError, OverflowError):
                found.append(Problem(row, name, f"must be a number, got '{cell}'"))
        else:
            declared[name] = cell
    for name in REQUIRED:
        if name not in declared and name in raw:
            found.append(Problem(row, name, "must be given"))
    return declared, found


def _resolved(declared: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    return {n: folder / v if n in FILE_FIELDS and isinstance(v, str) else v for n, v in declared.items()}


def _short(case_id: object) -> bytes:
    return hashlib.blake2b(str(case_id).encode(), digest_size=8).digest()


def _repeated(ids: bytearray) -> set[bytes]:
    values, counts = np.unique(np.frombuffer(ids, dtype=np.uint64), return_counts=True)
    return {value.tobytes() for value in values[counts > 1]}
