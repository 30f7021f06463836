"""Dose read back from its folder as far as possible, for the pictures of a report, with sentences on missing files."""

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
from ..io import read_image, read_structures
from ..voxel.dose_result import DoseResult
from ..voxel.dosed_image import ActivityInField
from .inputs import read_case_ct
from .record import describe_file
from .stored import read_stored_result

#: Names of structures and CT in the demo's folder.
_STRUCTURES, _CT = "structures.seg.nrrd", "ct.nrrd"
_MAPS = ("dose.nrrd", "dose.nii.gz")


@dataclass(frozen=True, eq=False, kw_only=True)
class DrawableDose:
    """Result of `yttria dose` as far as it could be read back.

    Parameters
    ----------
    doses : mapping
        Content of doses.json.
    result : DoseResult or None
        The dose map with its provenance, None without a map.
    structures : list of Structure
        The structures of the table that could be read again.
    background : Image or None
        Background image of the dose, on its grid.
    remarks : tuple of str
        Sentences on files that could not be read, for the reader of a report.
    """

    doses: Mapping[str, Any]
    result: DoseResult | None = None
    structures: list[Structure] = field(default_factory=list)
    background: Image | None = None
    remarks: tuple[str, ...] = ()


def read_drawable_dose(
    index: Path, *, structures: Sequence[Path] = (), background: Path | None = None, threads: int | None = None
) -> DrawableDose:
    """Read a result of `yttria dose` back from its folder, with the images that a report can draw.

    Parameters
    ----------
    index : Path
        The file doses.json.
    structures : sequence of Path
        Files of structures instead of those that the record names.
    background : Path, optional
        Background image in gray, on any grid. Default: the case's CT.
    threads : int, optional
        Number of threads; all processors if not given.

    Returns
    -------
    DrawableDose
        Files that are missing or have changed since the record are not drawn, and a remark states it.

    Raises
    ------
    FileFormatError
        If the index is not a result of `yttria dose`, or the dose map is not the one that it lists.
    YttriaError
        If a file that the caller names cannot be read.
    """
    doses = read_json(index)
    if not isinstance(doses.get("structures"), list) or not isinstance(doses.get("provenance"), dict):
        raise FileFormatError(f"{index}: must be a doses.json of `yttria dose`")
    image = _dose_map(index.parent, doses)
    if image is None:
        return DrawableDose(doses=doses, remarks=("The folder of the result holds no dose map.",))
    result = _result(image, doses["provenance"])
    found: list[Structure] = []
    beneath: Image | None = None
    remarks: tuple[str, ...] = ()
    if structures:
        found = [structure for path in structures for structure in read_structures(path)]
    elif (own := _beside(index.parent, doses, _STRUCTURES)) is not None:
        found = read_structures(own)
        ct = _beside(index.parent, doses, _CT)
        beneath = None if ct is None else read_image(ct, unit="HU")
    else:
        try:
            stored = read_stored_result(index.parent, threads=threads)
            result, found = stored.result, stored.structures
            beneath = None if stored.case.ct is None or background is not None else read_case_ct(stored.case)
        except (YttriaError, OSError) as error:
            reason = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) and error.filename else error
            remarks = (f"Structures and CT of the result could not be read again: {reason}.",)
    if background is not None:
        beneath = read_image(background, unit="HU")
    listed = {str(row["structure"]) for row in doses["structures"]}
    return DrawableDose(
        doses=doses,
        result=result,
        structures=[structure for structure in found if structure.name in listed],
        background=None if beneath is None else on_grid_of(result.image, beneath, threads=threads),
        remarks=remarks,
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object. Any other content raises `FileFormatError`."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise FileFormatError(f"{path}: must hold a JSON object")
    return found


def on_grid_of(dose: Image, background: Image, *, threads: int | None = None) -> Image:
    """Resample a background onto the grid of the dose for a picture. Voxels beyond it are black."""
    if background.same_grid(dose):
        return background
    lowest = float(background.array.min())
    return background.resampled_on(dose, method="linear", fill_value=lowest, threads=threads).image


def _dose_map(folder: Path, doses: Mapping[str, Any]) -> Image | None:
    name = next((name for name in _MAPS if _beside(folder, doses, name)), None)
    return None if name is None else read_image(folder / name, unit="Gy")


def _beside(folder: Path, doses: Mapping[str, Any], name: str) -> Path | None:
    """Find a file that the index of the result lists in its folder. A changed file raises `FileFormatError`."""
    listed = {str(row["name"]): row["sha256"] for row in doses.get("files", ())}
    path = folder / name
    if name not in listed or not path.is_file():
        return None
    if describe_file(path, name)["sha256"] != listed[name]:
        raise FileFormatError(f"{path}: must be the file that doses.json lists, but its SHA-256 differs")
    return path


def _result(image: Image, provenance: Mapping[str, Any]) -> DoseResult:
    known = {f.name: provenance[f.name] for f in fields(Provenance) if f.name in provenance}
    return DoseResult(
        image=image,
        provenance=Provenance(**known),
        advisories=(),
        activity_in_field_mbq=ActivityInField(nan, nan),
    )
