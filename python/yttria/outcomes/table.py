"""Tables of outcomes with one row per lesion or case, in CSV or Parquet.

The columns are those of `COLUMNS`. An empty cell means that the value is not known. CSV may have any dialect of a
manifest (`yttria.batch.manifest`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from .._foundation.choices import TARGET_RESPONSES, TargetResponse
from .._foundation.csv_tables import write_csv
from .._foundation.numbers import one_of
from .._foundation.text import did_you_mean
from ..batch.manifest import ManifestError, Problem, number_in_cell
from ..batch.manifest_table import Cells, is_csv, read_table
from ..errors import FileFormatError, YttriaError

#: Meaning of each column, as in docs/outcomes.md.
COLUMNS: dict[str, str] = {
    "case_id": "Case of the manifest.",
    "structure": "Structure of the dose table; empty for an outcome of the whole case.",
    "patient_id": "Patient, if a patient has several cases; the case id if empty.",
    "response": "Response of the lesion: CR, PR, SD, PD or NE (not evaluated).",
    "toxicity_grade": "Worst grade of toxicity, 0 to 5.",
    "survival_months": "Months from treatment to death, or to the last follow-up.",
    "survival_event": "1 if the patient died, 0 if not.",
    "progression_months": "Months from treatment to progression, or to the last image.",
    "progression_event": "1 if there was a progression, 0 if not.",
}
_TEXTS = ("case_id", "structure", "patient_id", "response")
_FLAGS = ("survival_event", "progression_event")
#: Grades of CTCAE.
_GRADES = range(6)
#: Largest time in months, 100 years. A larger number is a time in days.
_MOST_MONTHS = 1200.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Row of a table of outcomes, with None for unknown values.

    Parameters
    ----------
    case_id : str
        Case of the manifest.
    structure : str, default ""
        Structure of the dose table, empty for an outcome of the whole case.
    patient_id : str, default ""
        Name of the patient. If it is empty, the case id is used.
    response : {"CR", "PR", "SD", "PD", "NE"}, optional
        Response of the lesion.
    toxicity_grade : int, optional
        Worst grade of toxicity, 0 to 5.
    survival_months, progression_months : float, optional
        Months from treatment to the event, or to the end of the follow-up.
    survival_event, progression_event : bool, optional
        Whether the months end with death, or with progression.
    """

    case_id: str
    structure: str = ""
    patient_id: str = ""
    response: TargetResponse | None = None
    toxicity_grade: int | None = None
    survival_months: float | None = None
    survival_event: bool | None = None
    progression_months: float | None = None
    progression_event: bool | None = None

    @property
    def patient(self) -> str:
        """Name of the patient, which is `patient_id` or the case id."""
        return self.patient_id or self.case_id


def read_outcomes(path: str | Path) -> list[Outcome]:
    """Read a table of outcomes.

    Parameters
    ----------
    path : str or Path
        The table, `.csv` or `.parquet`, with the column `case_id` and any others of `COLUMNS`.

    Returns
    -------
    list of Outcome
        The rows, in their order.

    Raises
    ------
    ManifestError
        If a column is unknown, missing or repeated, a cell has a wrong value, a time has no event or the reverse, or
        two rows have the same case and structure. `problems` lists all mistakes with row and column.
    FileFormatError
        If the file cannot be read as a table, or has no rows.
    MissingExtraError
        If the table is in Parquet and the extra `batch` is not installed.

    Examples
    --------
    >>> _ = Path("outcomes.csv").write_text("case_id,structure,response\\na,Tumor 1,PR\\na,Tumor 2,SD\\n")
    >>> [(row.structure, row.response) for row in read_outcomes("outcomes.csv")]
    [('Tumor 1', 'PR'), ('Tumor 2', 'SD')]
    """
    path = Path(path)
    names, rows = read_table(path, tuple(COLUMNS))
    problems = [
        Problem(
            row=0, column=name, message=f"unknown column{did_you_mean(name, COLUMNS)}; known are {', '.join(COLUMNS)}"
        )
        for name in names
        if name not in COLUMNS
    ]
    problems += [Problem(row=0, column=n, message="column must occur once") for n, k in Counter(names).items() if k > 1]
    if "case_id" not in names:
        problems.append(Problem(row=0, column="case_id", message="column must be there"))
    found: list[Outcome] = []
    seen: dict[tuple[str, str], int] = {}
    for cells in rows:
        values, wrong = _values(cells)
        problems += wrong
        if wrong or "case_id" not in values:
            continue
        outcome = Outcome(**values)
        place = (outcome.case_id, outcome.structure)
        if place in seen:
            where = f"case '{outcome.case_id}'" + (f" and structure '{outcome.structure}'" if outcome.structure else "")
            problems.append(_problem(cells, "structure", f"{where} has a row already, row {seen[place]}"))
        seen.setdefault(place, cells.row)
        found.append(outcome)
    if problems:
        raise ManifestError(path, sorted(problems, key=lambda problem: problem.row))
    if not found:
        raise FileFormatError(f"{path}: there is no row of outcomes")
    return found


def write_outcomes(rows: Iterable[Outcome | Mapping[str, Any]], path: str | Path) -> int:
    """Write a table of outcomes as CSV without checking it.

    Parameters
    ----------
    rows : iterable of Outcome or mapping
        The rows, by column.
    path : str or Path
        The file to write, `.csv`. If writing fails, an earlier file of that name stays as it is.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    FileFormatError
        If the name does not end in `.csv`.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> write_outcomes([Outcome(case_id="a", structure="Tumor", response="CR")], "outcomes.csv")
    1
    >>> read_outcomes("outcomes.csv")[0].response
    'CR'
    """
    path = Path(path)
    if not is_csv(path):
        raise FileFormatError(f"{path}: a table of outcomes must be named .csv")
    cells = (asdict(row) if isinstance(row, Outcome) else dict(row) for row in rows)
    return write_csv(path, ({name: _cell(row.get(name)) for name in COLUMNS} for row in cells), list(COLUMNS))


def _cell(value: Any) -> Any:
    return None if value == "" else int(value) if isinstance(value, bool) else value


def _values(cells: Cells) -> tuple[dict[str, Any], list[Problem]]:
    """Read the cells that are not empty, and collect the problems of the row."""
    found: dict[str, Any] = {}
    wrong: list[Problem] = []
    for name, cell in cells.by_name.items():
        if name == "":
            wrong.append(_problem(cells, "", f"must have as many cells as the header, got {cell} beyond or too few"))
        elif name in COLUMNS and cell is not None and cell != "" and cell == cell:
            try:
                found[name] = _value(name, cell, decimal_comma=cells.decimal_comma)
            except (YttriaError, ValueError, OverflowError) as error:
                wrong.append(_problem(cells, name, str(error)))
    if "case_id" not in found and "case_id" in cells.by_name and not wrong:
        wrong.append(_problem(cells, "case_id", "must be given"))
    columns = {problem.column for problem in wrong}
    for end in ("survival", "progression"):
        pair = (f"{end}_months", f"{end}_event")
        if len(columns & set(pair)) == 0 and len(found.keys() & set(pair)) == 1:
            given, missing = sorted(pair, key=lambda name: name not in found)
            wrong.append(_problem(cells, missing, f"must be given with {given}"))
    return found, wrong


def _value(name: str, cell: Any, *, decimal_comma: bool) -> Any:
    if name in _TEXTS:
        text = str(cell).strip()
        return one_of("response", text.upper(), TARGET_RESPONSES) if name == "response" else text
    if isinstance(cell, bool) and name in _FLAGS:
        return cell
    value = number_in_cell(cell, decimal_comma=decimal_comma)
    if name in _FLAGS:
        if value not in (0.0, 1.0):
            raise ValueError(f"must be 0 or 1, got {value:g}")
        return bool(value)
    if name == "toxicity_grade":
        if value not in _GRADES:
            raise ValueError(f"must be a grade from 0 to 5, got {value:g}")
        return int(value)
    if not 0.0 <= value <= _MOST_MONTHS:
        raise ValueError(f"must be within [0, {_MOST_MONTHS:g}] months, got {value:g}")
    return value


def _problem(cells: Cells, column: str, message: str) -> Problem:
    return Problem(
        row=cells.row, column=column, message=message, line=cells.line, case_id=str(cells.by_name.get("case_id") or "")
    )


assert tuple(COLUMNS) == tuple(field.name for field in fields(Outcome))
