"""The cases of a finished run, one after another, with everything that its tables hold of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from ..case import Case
from ..errors import FileFormatError
from .manifest import read_manifest
from .results_folder import owner_of
from .summary import finished_folder
from .tables import columns_of, read_rows


@dataclass(frozen=True, kw_only=True)
class FinishedCase:
    """One case of a finished run.

    Parameters
    ----------
    row : int
        Number of the case in the manifest, from 1.
    case_id : str
        Name of the case.
    key : str
        Hash of files, settings, options and version.
    isotope : str
        Isotope of the dose, such as "Y-90".
    sha256 : dict of str to str
        Hash of the content of each input, by the field that names it.
    advisories : list of dict
        Advisories as plain data.
    provenance : dict
        Provenance as plain data.
    dose_map : Path, optional
        The dose map; None if the run wrote none.
    doses : list of dict
        Rows of the table of doses, of this case.
    curves : list of dict
        Rows of the table of histograms, of this case.
    """

    row: int
    case_id: str
    key: str
    isotope: str
    sha256: dict[str, str]
    advisories: list[dict[str, Any]] = field(repr=False)
    provenance: dict[str, Any] = field(repr=False)
    dose_map: Path | None
    doses: list[dict[str, Any]] = field(repr=False)
    curves: list[dict[str, Any]] = field(repr=False)


def finished_cases(folder: str | Path) -> Iterator[FinishedCase]:
    """Read the cases with a result in the order of the manifest; `FileFormatError` if there are no tables."""
    folder = finished_folder(folder)
    doses, curves = _by_case(folder, "doses"), _by_case(folder, "dvh")
    of_doses, of_curves = next(doses, None), next(curves, None)
    for case in _rows(folder, "cases"):
        # A case without structures has no rows in the other tables.
        rows: dict[str, list[dict[str, Any]]] = {"doses": [], "dvh": []}
        if of_doses is not None and of_doses[0] == case["case_id"]:
            rows["doses"], of_doses = of_doses[1], next(doses, None)
        if of_curves is not None and of_curves[0] == case["case_id"]:
            rows["dvh"], of_curves = of_curves[1], next(curves, None)
        yield FinishedCase(
            row=case["row"],
            case_id=case["case_id"],
            key=case["key"],
            isotope=case["isotope"],
            sha256=json.loads(case["sha256"]),
            advisories=json.loads(case["advisories"]),
            provenance=json.loads(case["provenance"]),
            dose_map=None if case["dose_map"] is None else folder / case["dose_map"],
            doses=rows["doses"],
            curves=rows["dvh"],
        )


def declared_cases(folder: str | Path) -> Iterator[Case]:
    """Read the declarations of the cases that `finished_cases` yields, in the same order, from the manifest.

    Raises `FileFormatError` if the folder does not name its manifest, or the manifest cannot be read any more.
    """
    folder = finished_folder(folder)
    lost = {row["row"] for row in _rows(folder, "quarantine")}
    return (row.case for row in read_manifest(manifest_of(folder), without=lost))


def manifest_of(folder: Path) -> Path:
    """The manifest of a folder of results; `FileFormatError` if the folder does not name it."""
    owner = owner_of(folder)
    if owner is None:
        raise FileFormatError(f"{folder}: does not name the manifest of its results")
    return (folder / owner).resolve()


def _by_case(folder: Path, name: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for case_id, rows in groupby(_rows(folder, name), key=lambda row: row["case_id"]):
        yield case_id, list(rows)


def _rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    for table in read_rows(folder, name, columns_of(name)):
        yield from table.to_pylist()
