"""Result of `yttria dose` read back from its folder, with the images and structures from which it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from math import nan
from pathlib import Path
from typing import Any

import numpy as np

from .._foundation.choices import IsotopeName
from .._foundation.provenance import Provenance
from ..errors import FileFormatError, GeometryError, YttriaError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.structure_selection import select_structures
from ..io import read_image
from ..voxel import ActivityInField, DoseResult
from ..voxel.density import LOW_DENSITY_G_PER_ML
from ..voxel.dose_kernel import nuclide_of
from ..voxel.superposition import GAS_DENSITY_G_PER_ML
from .budgets import CaseUncertainty
from .case import FIELDS, FILE_FIELDS, Case
from .dose import density_of_case, patterns_of
from .inputs import CaseInputs, read_case
from .record import describe_file, describe_inputs

#: Names of the dose map in a folder of results.
_MAPS = ("dose.nrrd", "dose.nii.gz")
#: Names of the uncertainty map, which Monte Carlo writes.
_UNCERTAINTIES = ("dose_uncertainty.nrrd", "dose_uncertainty.nii.gz")
#: Records of a folder of results, of `yttria dose` and of `yttria plan-voxels`.
_RECORDS = ("doses.json", "plan.json")


@dataclass(frozen=True, eq=False, kw_only=True)
class StoredResult:
    """Result read back from its folder.

    Parameters
    ----------
    folder : Path
        The folder.
    record : mapping
        Content of its doses.json.
    case : Case
        The case of the result.
    result : DoseResult
        The dose map of the folder, with the activity and the densities from which it was computed.
    structures : list of Structure
        The structures that were reported.
    files : mapping of str to tuple of Path
        The files that were read, by role.
    uncertainty : CaseUncertainty, optional
        The budgets of uncertainty as they were written, None if there were none.
    """

    folder: Path
    record: Mapping[str, Any] = field(repr=False)
    case: Case
    result: DoseResult
    structures: list[Structure]
    files: Mapping[str, tuple[Path, ...]] = field(repr=False)
    uncertainty: CaseUncertainty | None = field(default=None, repr=False)


def read_stored_result(folder: str | Path, *, threads: int | None = None) -> StoredResult:
    """Read back a result of `yttria dose`.

    Parameters
    ----------
    folder : path
        Folder with doses.json and the dose map.
    threads : int, optional
        All processors if not given.

    Returns
    -------
    StoredResult
        The dose is that of the folder. It is not computed again.

    Raises
    ------
    FileFormatError
        If the folder holds no such result, or if its dose map or a file of its inputs has changed. An anonymous result
        names no files and cannot be read back.
    FileNotFoundError
        If a file of the result's inputs is no longer in its place. Relative paths start from the current folder.
    YttriaError
        As `read_case` raises it.

    Examples
    --------
    >>> from yttria.cli import main
    >>> main(["demo", "--json", "-o", "demo"])  # doctest: +SKIP
    >>> stored = read_stored_result("demo/dose")  # doctest: +SKIP
    """
    folder = Path(folder)
    record = _record(folder / "doses.json", ("inputs", "paths", "settings", "anonymous"))
    if record["anonymous"]:
        raise FileFormatError(f"{folder}: an anonymous result cannot be read back, because it names no files")
    path = _map(folder, record)
    case = _case(folder, record)
    inputs = read_case(case)
    if describe_inputs(inputs.files) != record["inputs"]:
        raise FileFormatError(
            f"{folder}: a file of the result's inputs has changed ({_changed(inputs, record)}); the dose must be "
            "computed again"
        )
    dose = read_image(path, unit="Gy")
    if not dose.same_grid(inputs.activity):
        raise GeometryError(f"{folder}: the dose map must lie on the grid of its activity image")
    result = _result(dose, _provenance(record), inputs, case, threads)
    noise = _named(folder, record, _UNCERTAINTIES)
    if noise is not None:
        result = replace(result, uncertainty=result.image.with_array(read_image(noise, unit="Gy").array, "Gy"))
    chosen = select_structures(inputs.structures, only=patterns_of(case.only), exclude=patterns_of(case.exclude))
    files = {role: tuple(paths) for role, paths in inputs.files.items()} | {"result": (folder / "doses.json", path)}
    return StoredResult(
        folder=folder,
        record=record,
        case=case,
        result=result,
        structures=chosen,
        files=files,
        uncertainty=_uncertainty(folder, record),
    )


def isotope_of_map(path: Path) -> IsotopeName | None:
    """Read the isotope of a dose map from the doses.json or plan.json beside it, which must name it; else None."""
    for name in _RECORDS:
        try:
            record = _record(path.parent / name, ())
            if any(each["name"] == path.name for each in record["files"]):
                return nuclide_of(_provenance(record)).isotope
        except (OSError, YttriaError, KeyError, TypeError):
            # Another program may have written a file of this name, and the map needs no record.
            continue
    return None


def _uncertainty(folder: Path, record: Mapping[str, Any]) -> CaseUncertainty | None:
    try:
        return CaseUncertainty.from_dict(record["uncertainty"]) if "uncertainty" in record else None
    except FileFormatError as error:
        raise FileFormatError(f"{folder}: {error}") from error


def read_planned_result(
    folder: str | Path, *, threads: int | None = None
) -> tuple[DoseResult, Mapping[str, tuple[Path, ...]]]:
    """Read back a plan, which is a result of `yttria dose` or `yttria plan-voxels`.

    Parameters
    ----------
    folder : path
        Folder with doses.json or plan.json, and the dose map.
    threads : int, optional
        All processors if not given.

    Returns
    -------
    result : DoseResult
        The result of `plan-voxels` is only the dose map, without its tracer images.
    files : mapping of str to tuple of Path
        The files that were read, by role.

    Raises
    ------
    FileFormatError
        As `read_stored_result`, or if a plan.json was not written by `plan-voxels`.

    Examples
    --------
    See `read_stored_result`, which reads a folder of `yttria dose` in the same way.
    """
    folder = Path(folder)
    if (folder / "doses.json").exists() or not (folder / "plan.json").exists():
        stored = read_stored_result(folder, threads=threads)
        return stored.result, stored.files
    record = _record(folder / "plan.json", ("delivered_activities_gbq",))
    path = _map(folder, record)
    image = read_image(path, unit="Gy")
    result = DoseResult(
        image=image,
        provenance=_provenance(record),
        advisories=(),
        activity_in_field_mbq=ActivityInField(nan, nan),
    )
    return result, {"result": (folder / "plan.json", path)}


_PROVENANCE = {each.name for each in fields(Provenance)}


def _provenance(record: Mapping[str, Any]) -> Provenance:
    return Provenance(**{key: value for key, value in record["provenance"].items() if key in _PROVENANCE})


def _record(path: Path, needed: Sequence[str]) -> Mapping[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record, dict) or not all(key in record for key in ("files", "provenance", *needed)):
            raise ValueError("it must be a result of `yttria dose` or `yttria plan-voxels`")
    except ValueError as error:
        raise FileFormatError(f"{path}: cannot be read as a result: {error}") from error
    except NotADirectoryError:
        raise FileFormatError(f"{path.parent}: must be a folder of results of `yttria dose`") from None
    return record


def _map(folder: Path, record: Mapping[str, Any]) -> Path:
    """Find the dose map that the record names, and check that it is unchanged."""
    path = _named(folder, record, _MAPS)
    if path is None:
        raise FileFormatError(f"{folder}: doses.json or plan.json must name a dose map")
    return path


def _named(folder: Path, record: Mapping[str, Any], names: Sequence[str]) -> Path | None:
    """Find the file of one of these names in the record, and check that it is unchanged.

    The result is None if there is none.
    """
    stated = next((each for each in record["files"] if each["name"] in names), None)
    if stated is None:
        return None
    path = folder / str(stated["name"])
    if describe_file(path, path.name) != stated:
        raise FileFormatError(f"{path}: the file has changed since its record was written")
    return path


def _case(folder: Path, record: Mapping[str, Any]) -> Case:
    paths = {role: tuple(map(Path, given)) for role, given in record["paths"].items() if role in FILE_FIELDS}
    declared: dict[str, Any] = {
        role: given if role == "structures" else given[0] for role, given in paths.items() if given
    }
    declared |= {name: value for name, value in record["settings"].items() if name in FIELDS}
    try:
        return Case(**declared)
    except TypeError as error:
        raise FileFormatError(f"{folder}: doses.json must state every field of a case: {error}") from error


def _changed(inputs: CaseInputs, record: Mapping[str, Any]) -> str:
    now = describe_inputs(inputs.files)
    return ", ".join(role for role in now if now[role] != record["inputs"].get(role)) or "a file is missing"


def _result(dose: Image, provenance: Provenance, inputs: CaseInputs, case: Case, threads: int | None) -> DoseResult:
    activity = inputs.activity
    if case.negative_voxels == "clip":
        activity = activity.with_array(np.maximum(activity.array, 0), activity.unit)
    density = gas = None
    if inputs.ct is not None:
        density = density_of_case(case, activity, inputs.ct, threads).image
        if case.method == "local_deposition" and case.low_density_voxels in ("clip", "zero"):
            density = density.with_array(np.maximum(density.array, LOW_DENSITY_G_PER_ML), "g/mL")
        below = density.array < GAS_DENSITY_G_PER_ML
        gas = below if case.method in ("superposition", "monte_carlo") and below.any() else None
    total = float(activity.array.sum(dtype=np.float64)) * provenance.mbq_per_ml_per_unit * activity.voxel_volume_ml
    return DoseResult(
        image=replace(
            dose,
            affine_lps=activity.affine_lps,
            frame_of_reference_uid=activity.frame_of_reference_uid,
            patient_id=activity.patient_id,
        ),
        provenance=provenance,
        advisories=(),
        activity_in_field_mbq=ActivityInField(total / provenance.decay_factor, total),
        gas=gas,
        activity=activity,
        density=density,
    )
