"""Tables of cells in Parquet, or in CSV as spreadsheets write it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from .._foundation.csv_tables import as_written, csv_records
from .._foundation.extras import require
from ..errors import FileFormatError
from ..io.stored_values import open_regular

_DELIMITERS = (",", ";", "\t")
_PIECE = 1 << 20
#: First line that Excel writes to name the delimiter.
_SEPARATOR = re.compile(r'"?sep=([,;\t])"?\s*', re.IGNORECASE)
#: Names of encodings as messages show them.
_NAMES = {"utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "Windows-1252"}


class Cells(NamedTuple):
    """Cells of a row, with its number among the cases, from 1, and its line in the spreadsheet (None in Parquet).

    The name "" holds cells beyond the header. It is also present if the row has too few cells. If `decimal_comma` is
    true, numbers may have a decimal comma.
    """

    row: int
    line: int | None
    by_name: dict[str, Any]
    decimal_comma: bool = False


class Dialect(NamedTuple):
    """Dialect of a CSV file."""

    encoding: str
    delimiter: str

    def note(self) -> str | None:
        """State the differences from commas in UTF-8, None without a difference."""
        names = {";": "semicolons", "\t": "tabs", ",": "commas"}
        if self == ("utf-8-sig", ","):
            return None
        return f"read as {_NAMES[self.encoding]} with {names[self.delimiter]} between the cells"


def is_csv(path: Path) -> bool:
    """Decide whether a manifest of this name is CSV. Any name but those of CSV and Parquet raises `FileFormatError`."""
    if path.suffix.casefold() not in (".csv", ".parquet"):
        raise FileFormatError(f"{path}: a manifest must be named .csv or .parquet")
    return path.suffix.casefold() == ".csv"


def read_table(path: Path, known: tuple[str, ...]) -> tuple[list[str], Iterator[Cells]]:
    """Read the names of the columns, and the rows as a stream without those that are empty.

    The column names in `known` decide between delimiters. A table that cannot be read raises `FileFormatError`.
    """
    return _read_csv(path, known) if is_csv(path) else _read_parquet(path)


def csv_dialect(path: Path, known: tuple[str, ...]) -> Dialect:
    """Find delimiter and encoding of a CSV file, which is UTF-8, UTF-16 with a byte order mark, or else Windows-1252.

    A file in another encoding raises `FileFormatError`.
    """
    encoding = _encoding(path)
    with _opened(path, encoding) as text:
        first = text.readline()
        if match := _SEPARATOR.fullmatch(first):
            return Dialect(encoding, match[1])

    def fitting(delimiter: str) -> int:
        names = next(csv.reader([first], delimiter=delimiter), [])
        return sum(name.strip() in known for name in names)

    return Dialect(encoding, max(_DELIMITERS, key=fitting))


def _encoding(path: Path) -> str:
    with open_regular(path) as file:
        head = file.read(_PIECE)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if b"\0" in head.partition(b"\n")[0]:
            raise FileFormatError(f"{path}: not a readable CSV file: it has null characters; save it as CSV in UTF-8")
        decoders = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8-sig", "cp1252")}
        while True:
            for name in list(decoders):
                try:
                    decoders[name].decode(head, final=not head)
                except UnicodeDecodeError:
                    del decoders[name]
            if not decoders:
                raise FileFormatError(
                    f"{path}: not a readable CSV file: neither UTF-8 nor Windows-1252; save it as CSV in UTF-8"
                )
            if not head:
                return next(iter(decoders))
            head = file.read(_PIECE)


def _opened(path: Path, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(open_regular(path), encoding, newline="")


def _records(path: Path, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Read the records that are not empty, with their lines as a spreadsheet counts them."""
    with _opened(path, dialect.encoding) as file:
        try:
            for line, record in enumerate(csv_records(file, delimiter=dialect.delimiter), 1):
                if any(record) and not (line == 1 and _SEPARATOR.fullmatch(dialect.delimiter.join(record))):
                    yield line, record
        except (csv.Error, UnicodeError) as error:
            raise FileFormatError(f"{path}: not a readable CSV file: {error}") from error


def _read_csv(path: Path, known: tuple[str, ...]) -> tuple[list[str], Iterator[Cells]]:
    dialect = csv_dialect(path, known)
    with closing(_records(path, dialect)) as records:  # type: ignore[type-var]
        names = [name.strip() for name in next(records, (0, []))[1]]
    while names and not names[-1]:
        names.pop()

    def rows() -> Iterator[Cells]:
        records = _records(path, dialect)
        next(records, None)
        for row, (line, record) in enumerate(records, 1):
            # Most cells are empty.
            cells: dict[str, Any] = {n: c and as_written(c) for n, c in zip(names, record, strict=False)}
            beyond = record[len(names) :]
            if any(beyond) or len(record) < len(names):
                cells[""] = beyond
            # Spreadsheets separate cells by semicolons if the comma is the decimal sign.
            yield Cells(row, line, cells, dialect.delimiter == ";")

    return names, rows()


def _read_parquet(path: Path) -> tuple[list[str], Iterator[Cells]]:
    arrow, parquet = require("pyarrow", "batch"), require("pyarrow.parquet", "batch")

    def damaged(error: Exception) -> FileFormatError:
        return FileFormatError(f"{path}: not a readable Parquet file: {error}")

    try:
        with open_regular(path) as file:
            names = list(parquet.read_schema(file).names)
    except (arrow.ArrowException, ValueError) as error:
        raise damaged(error) from error

    def rows() -> Iterator[Cells]:
        row = 0
        try:
            with open_regular(path) as file, parquet.ParquetFile(file) as table:
                for batch in table.iter_batches(batch_size=1024):
                    for cells in batch.to_pylist():
                        row += 1
                        yield Cells(row, None, cells)
        # pyarrow raises OSError for damaged pages, and UnicodeDecodeError for damaged text.
        except (arrow.ArrowException, OSError, ValueError) as error:
            if isinstance(error, FileFormatError) or (isinstance(error, OSError) and error.errno is not None):
                raise
            raise damaged(error) from error

    return names, rows()
