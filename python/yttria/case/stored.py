"""Results read back from their folder, for a report: the record, and what is needed to draw the dose again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import nan
from pathlib import Path
from typing import Any

from .._foundation.provenance import Provenance
from ..errors import FileFormatError, YttriaError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.structure_selection import select_structures
from ..io import read_image, read_structures
from ..io.opened import opened_files
from ..voxel.dose_result import ActivityInField, DoseResult
from .case import FIELDS, Case
from .dose import split_patterns
from .inputs import read_case_ct, read_case_structures
from .record import describe_file, describe_inputs

#: Names under which the demo's folder holds structures and CT.
_BESIDE = {"structures": "structures.seg.nrrd", "ct": "ct.nrrd"}
_MAPS = ("dose.nrrd", "dose.nii.gz")


@dataclass(frozen=True, eq=False, kw_only=True)
class StoredDose:
    """Result of `yttria dose` read back from its folder.

    Parameters
    ----------
    doses : mapping
        Content of doses.json.
    result : DoseResult or None
        The dose map with its provenance; None without a map.
    structures : list of Structure
        The structures of the table that could be read again.
    ct : Image or None
        The CT of the case on the dose grid, or the background that was given.
    remarks : tuple of str
        Sentences on what could not be read, for the reader of a report.
    """

    doses: Mapping[str, Any]
    result: DoseResult | None = None
    structures: list[Structure] = field(default_factory=list)
    ct: Image | None = None
    remarks: tuple[str, ...] = ()


def read_stored_dose(
    index: Path, *, structures: Sequence[Path] = (), background: Path | None = None, threads: int | None = None
) -> StoredDose:
    """Read a result of `yttria dose` back from its folder.

    Parameters
    ----------
    index : Path
        The file doses.json.
    structures : sequence of Path
        Files of structures in place of those that the record names.
    background : Path, optional
        Image in gray for beneath the dose, on any grid; the case's CT if not given.
    threads : int, optional
        Number of threads; all processors if not given.

    Returns
    -------
    StoredDose
        If structures or CT that the record names are gone or have changed, they are left out with a remark.

    Raises
    ------
    FileFormatError
        If the index is no result of `yttria dose`, or the dose map is not the one that it lists.
    YttriaError
        If a file that the caller names cannot be read.
    """
    doses = read_json(index)
    if not isinstance(doses.get("structures"), list) or not isinstance(doses.get("provenance"), dict):
        raise FileFormatError(f"{index}: is no doses.json of `yttria dose`")
    image = _dose_map(index.parent, doses)
    if image is None:
        return StoredDose(doses=doses, remarks=("The folder of the result holds no dose map.",))
    remarks: list[str] = []
    if structures:
        found = [structure for path in structures for structure in read_structures(path)]
    else:
        found = _attempt(remarks, "structures", lambda: _structures(index.parent, doses, image)) or []
    if background is not None:
        ct: Image | None = read_image(background, unit="HU")
    else:
        ct = _attempt(remarks, "CT", lambda: _ct(index.parent, doses))
    listed = {str(row["structure"]) for row in doses["structures"]}
    return StoredDose(
        doses=doses,
        result=_result(image, doses["provenance"]),
        structures=[structure for structure in found if structure.name in listed],
        ct=None if ct is None else on_grid_of(image, ct, threads=threads),
        remarks=tuple(remarks),
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object; `FileFormatError` if it does not."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise FileFormatError(f"{path}: must hold a JSON object")
    return found


def on_grid_of(dose: Image, background: Image, *, threads: int | None = None) -> Image:
    """A background on the grid of the dose, for a picture; what lies beyond it is black."""
    if background.same_grid(dose):
        return background
    lowest = float(background.array.min())
    return background.resampled_on(dose, method="linear", fill_value=lowest, threads=threads).image


def _attempt(remarks: list[str], words: str, read: Any) -> Any:
    """What `read` returns, or None with a remark if the files are gone or changed."""
    try:
        return read()
    except (YttriaError, OSError) as error:
        reason = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) and error.filename else error
        remarks.append(f"The {words} of the result could not be read again: {reason}.")
        return None


def _dose_map(folder: Path, doses: Mapping[str, Any]) -> Image | None:
    hashes = {str(row["name"]): row["sha256"] for row in doses.get("files", ())}
    name = next((name for name in _MAPS if name in hashes and (folder / name).is_file()), None)
    if name is None:
        return None
    if describe_file(folder / name, name)["sha256"] != hashes[name]:
        raise FileFormatError(f"{folder / name}: is not the dose map that doses.json lists: its SHA-256 differs")
    return read_image(folder / name, unit="Gy")


def _result(image: Image, provenance: Mapping[str, Any]) -> DoseResult:
    known = {f.name: provenance[f.name] for f in fields(Provenance) if f.name in provenance}
    return DoseResult(
        image=image,
        provenance=Provenance(**known),
        advisories=(),
        activity_in_field_mbq=ActivityInField(nan, nan),
    )


def _case_of(doses: Mapping[str, Any]) -> Case | None:
    """The case as it was declared; None if the record does not name its files."""
    paths, settings = doses.get("paths") or {}, doses.get("settings") or {}
    if not paths.get("structures") or not paths.get("activity"):
        return None
    single = {role: found[0] for role, found in paths.items() if role != "structures" and found and role in FIELDS}
    stated = {name: value for name, value in settings.items() if name in FIELDS}
    return Case(**{**stated, **single, "structures": tuple(paths["structures"])})


def _structures(folder: Path, doses: Mapping[str, Any], image: Image) -> list[Structure]:
    case = _case_of(doses)
    if case is None:
        beside = _beside(folder, doses, "structures")
        if beside is None:
            raise FileFormatError("the record names no files of structures; give them (structures)")
        return read_structures(beside)
    found, files = read_case_structures(case, image.frame_of_reference_uid)
    for role, opened in files.items():
        _check_hashes(role, describe_inputs({role: opened})[role], doses)
    return select_structures(found, only=split_patterns(case.only), exclude=split_patterns(case.exclude))


def _ct(folder: Path, doses: Mapping[str, Any]) -> Image | None:
    case = _case_of(doses)
    if case is None:
        beside = _beside(folder, doses, "ct")
        return None if beside is None else read_image(beside, unit="HU")
    if case.ct is None:
        return None
    with opened_files() as opened:
        image = read_case_ct(case)
    _check_hashes("ct", describe_inputs({"ct": opened})["ct"], doses)
    return image


def _beside(folder: Path, doses: Mapping[str, Any], role: str) -> Path | None:
    """A file of the result's own folder that its index lists, unchanged."""
    name = _BESIDE[role]
    listed = {str(row["name"]): row["sha256"] for row in doses.get("files", ())}
    path = folder / name
    if name not in listed or not path.is_file():
        return None
    if describe_file(path, name)["sha256"] != listed[name]:
        raise FileFormatError(f"{path}: has changed since the result was computed")
    return path


def _check_hashes(role: str, opened: Sequence[Mapping[str, Any]], doses: Mapping[str, Any]) -> None:
    """Refuse files that are not those of the record."""
    recorded = {row["sha256"] for row in (doses.get("inputs") or {}).get(role, ())}
    changed = [str(row["name"]) for row in opened if row["sha256"] not in recorded]
    if changed:
        raise FileFormatError(f"{', '.join(changed[:3])} changed since the result was computed")
