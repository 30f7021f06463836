"""Reading of another implementation's answers, in JSON or in CSV of a spreadsheet, with dose maps in further files."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.extras import require
from ..errors import FileFormatError
from ._cases import SuiteCase, cases
from ._cells import flat
from .diagnosis import Answers
from .stated_uncertainty import KEY, Uncertainties, stated_uncertainties

_NAMES = {"results.json", "results.csv"}
MAP_SUFFIXES = (".raw", ".npy", ".csv", ".nii", ".nii.gz")


@dataclass(frozen=True, kw_only=True)
class Results:
    """Answers that were read, with the name of the implementation, and names that are not questions of the suite.

    `uncertainties` are the standard uncertainties of the answers, by case and by quantity or element.
    """

    answers: Answers
    implementation: str
    unknown: tuple[str, ...]
    uncertainties: Mapping[str, Uncertainties] = field(default_factory=dict)


def read_results(source: Mapping[str, Any] | str | os.PathLike[str]) -> Results:
    """Read the answers of another implementation.

    Parameters
    ----------
    source : mapping or path
        A mapping, a `.json` or `.csv` file, or a folder with one `results.json` or `results.csv`.

    Returns
    -------
    Results
        The answers by case and quantity.

    Raises
    ------
    FileFormatError
        If a file does not have the form described below.
    FileNotFoundError
        If there is no file.
    MissingExtraError
        If an answer is in NIfTI and the extra `nifti` is not installed.

    Notes
    -----
    A mapping or JSON holds `{"implementation": text, "answers": {case: {quantity: value}}}`, or only the answers. CSV
    has the columns case, quantity and value, with `doses[0]` and `sensitivity.A` for the elements of lists and tables.
    A value of null or an empty cell counts as not answered. A map is an array, or the name of a file relative to the
    results: `.raw` (float32 or float64, little-endian), `.npy`, `.csv` (columns k, j, i, value), `.nii` or `.nii.gz`.
    If a case must be refused, the answer is `{"error": any text}`.

    An answer may state its standard uncertainty, in the unit of the quantity: `{"standard_uncertainty": {quantity:
    value}}` among the quantities of a case, or the column standard_uncertainty of the CSV file.

    Examples
    --------
    >>> read_results({"implementation": "mine", "answers": {}}).implementation
    'mine'
    """
    if isinstance(source, Mapping):
        return _collected(source, Path.cwd())
    path = Path(source)
    if path.is_dir():
        path = _only(path)
    if path.suffix.casefold() == ".csv":
        return _collected(_from_csv(path), path.parent)
    try:
        given = json.loads(path.read_text("utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileFormatError(f"{path}: must be JSON: {error}") from error
    if not isinstance(given, dict):
        raise FileFormatError(f"{path}: must hold one object, got {type(given).__name__}")
    return _collected(given, path.parent)


def _only(folder: Path) -> Path:
    found = [each for each in sorted(folder.iterdir()) if each.name.casefold() in _NAMES]
    if len(found) != 1:
        names = ", ".join(each.name for each in found) or "neither"
        raise FileFormatError(f"{folder}: must hold either results.json or results.csv, got {names}")
    return found[0]


def _from_csv(path: Path) -> dict[str, Any]:
    answers: dict[str, dict[str, Any]] = {}
    uncertainties: dict[str, dict[str, Any]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            rows = csv.DictReader(file, delimiter=";" if head.count(";") > head.count(",") else ",")
            missing = {"case", "quantity", "value"} - set(rows.fieldnames or ())
            if missing:
                raise FileFormatError(f"{path}: the first line must name case, quantity, value; no {sorted(missing)}")
            for row in rows:
                case, quantity = ((row[name] or "").strip() for name in ("case", "quantity"))
                if (row["value"] or "").strip():
                    answers.setdefault(case, {})[quantity] = row["value"]
                if (row.get(KEY) or "").strip():
                    uncertainties.setdefault(case, {})[quantity] = row[KEY]
    except (csv.Error, UnicodeDecodeError) as error:
        raise FileFormatError(f"{path}: must be CSV: {error}") from error
    for case, stated in uncertainties.items():
        answers.setdefault(case, {})[KEY] = stated
    return {"answers": answers, "implementation": path.stem}


def _collected(given: Mapping[str, Any], folder: Path) -> Results:
    stated = given.get("answers", given)
    if not isinstance(stated, Mapping):
        raise FileFormatError(f"answers must be an object of cases, got {type(stated).__name__}")
    known = {case.id: case for case in cases()}
    answers: Answers = {}
    uncertainties: dict[str, Uncertainties] = {}
    unknown: list[str] = []
    for name, quantities in stated.items():
        if name not in known:
            unknown.append(str(name))
            continue
        if not isinstance(quantities, Mapping):
            raise FileFormatError(f"{name}: must be an object of quantities, got {type(quantities).__name__}")
        uncertainties[name] = stated_uncertainties(name, quantities.get(KEY))
        asked = {quantity: value for quantity, value in quantities.items() if quantity != KEY}
        found, left = _of_case(known[name], asked, folder)
        unknown += [f"{name}/{quantity}" for quantity in left]
        if found:
            answers[name] = found
    return Results(
        answers=answers,
        implementation=_who(given.get("implementation")),
        unknown=tuple(unknown),
        uncertainties={name: each for name, each in uncertainties.items() if each},
    )


def _who(stated: Any) -> str:
    if isinstance(stated, Mapping):
        return " ".join(str(stated[key]) for key in ("name", "version") if stated.get(key))
    return str(stated or "")


def _of_case(case: SuiteCase, given: Mapping[str, Any], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Convert the answers to a case to the expected types, and list quantities that the case does not have."""
    if "error" in case.expected:
        return _of_refusal(case, given), []
    cells = {key: value for name, each in given.items() for key, value in flat(str(name), each)}
    found: dict[str, Any] = {}
    for quantity in case.quantities:
        expected = case.expected[quantity]
        if isinstance(expected, np.ndarray):
            value = cells.pop(quantity, None)
            if value is not None:
                found[quantity] = _map(case, quantity, value, folder)
            continue
        parts = {key: _typed(cells.pop(key, None), model) for key, model in flat(quantity, expected)}
        extra = [key for key in cells if key.startswith((f"{quantity}[", f"{quantity}.")) or key == quantity]
        if any(value is not None for value in parts.values()):
            found[quantity] = _rebuilt(quantity, expected, parts)
            if extra:  # a list that is too long is a wrong answer, not another question
                found[quantity] = [*found[quantity], *(cells[key] for key in extra)]
        for key in extra:
            del cells[key]
    return found, list(cells)


def _of_refusal(case: SuiteCase, given: Mapping[str, Any]) -> dict[str, Any]:
    """Read a refusal, which is any text under "error". Numbers are answers, not refusals."""
    stated = {key: value for key, value in given.items() if value is not None}
    if not stated:
        return {}
    refused = stated.keys() == {"error"} and str(stated["error"]).strip() and stated["error"] is not False
    return {"error": case.expected["error"] if refused else "not refused"}


def _rebuilt(name: str, model: Any, parts: Mapping[str, Any]) -> Any:
    if isinstance(model, list):
        return [_rebuilt(f"{name}[{n}]", each, parts) for n, each in enumerate(model)]
    if isinstance(model, dict):
        return {key: _rebuilt(f"{name}.{key}", each, parts) for key, each in model.items()}
    return parts[name]


def _typed(value: Any, model: Any) -> Any:
    """Convert a cell of a spreadsheet to the expected type. A cell that does not fit is kept, and counts as wrong."""
    if not isinstance(value, str) or isinstance(model, str):
        return str(value) if isinstance(model, str) and isinstance(value, int | float) else value
    text = value.strip()
    if isinstance(model, bool):
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
            text.casefold(), text
        )
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if isinstance(model, int) and number.is_integer() else number


def _map(case: SuiteCase, quantity: str, value: Any, folder: Path) -> Any:
    if not isinstance(value, str):
        return value
    path = folder / value
    shape = case.expected[quantity].shape
    name = path.name.casefold()
    if name.endswith(".raw"):
        return _from_raw(path, shape)
    if name.endswith(".npy"):
        try:
            return np.load(path, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise FileFormatError(f"{path}: must be an array: {error}") from error
    if name.endswith(".csv"):
        return _from_table(path, shape)
    if name.endswith((".nii", ".nii.gz")):
        require("nibabel", "nifti")
        from ..io import read_image

        return read_image(path, unit="Gy").array
    raise FileFormatError(f"{path}: a map must be one of {', '.join(MAP_SUFFIXES)}")


def _from_raw(path: Path, shape: tuple[int, ...]) -> NDArray[Any]:
    data = path.read_bytes()
    count = int(np.prod(shape))
    for kind in ("<f4", "<f8"):
        if len(data) == count * np.dtype(kind).itemsize:
            return np.frombuffer(data, kind).reshape(shape)
    raise FileFormatError(f"{path}: must hold {count} numbers of 4 or 8 bytes for shape {shape}, got {len(data)} bytes")


def _from_table(path: Path, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Read a map from columns k, j, i and value, with every voxel once and rows in any order."""
    values = np.full(shape, np.nan)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                at = (int(row["k"]), int(row["j"]), int(row["i"]))
                if any(not 0 <= a < n for a, n in zip(at, shape, strict=True)):
                    raise FileFormatError(f"{path}: voxel {at} is outside the shape {shape}")
                values[at] = float(row["value"])
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"{path}: must have the columns k, j, i, value with numbers: {error!r}") from error
    if np.isnan(values).any():
        raise FileFormatError(f"{path}: {int(np.isnan(values).sum())} of {values.size} voxels have no value")
    return values
