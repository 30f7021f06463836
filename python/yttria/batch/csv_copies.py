"""The tables of a cohort as CSV, for spreadsheets, with the same columns as in Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .._foundation.csv_tables import write_csv
from .results_folder import TABLES
from .tables import columns_of, read_rows


def write_csv_copies(folder: Path) -> None:
    """Write each table as CSV too; the values of a list stand in one cell, with blanks between them."""
    for name in TABLES:
        write_csv(folder / f"{name}.csv", _rows(folder, name), columns_of(name))


def remove_csv_copies(folder: Path) -> None:
    """Remove copies of an earlier run, which the tables of this one would contradict."""
    for name in TABLES:
        (folder / f"{name}.csv").unlink(missing_ok=True)


def _rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    for table in read_rows(folder, name, columns_of(name)):
        for row in table.to_pylist():
            yield {key: " ".join(map(repr, cell)) if isinstance(cell, list) else cell for key, cell in row.items()}
