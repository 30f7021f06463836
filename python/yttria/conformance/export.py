"""The suite as files that any language reads: JSON, CSV, raw maps, NIfTI where asked, schemas, a results template."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import __version__
from .._foundation.extras import require
from .._foundation.provenance import RESEARCH_USE
from ..kernels import dose_point_kernel
from ._cases import DICOM, FILE_MODELS, NIFTI, Case, cases
from ._image_files import write_dicom, write_nifti
from .records.voxel_reference import tabulated
from .results import flat

CONVENTIONS = {
    "fractions": "fractions, never percent, unless a name says percent",
    "units": "the unit ends the name",
    "arrays": "axes (k, j, i) = (slice, row, column); voxel_size_mm[n] belongs to axis n",
    "raw": "float32, little-endian, k slowest, i fastest",
    "maps_csv": "columns k, j, i, value, counted from 0",
    "tolerance": (
        "passes if |got - expected| <= rel |expected|, or <= abs, or, for maps, <= of_maximum max |expected|; "
        "1e-12 where 0 is expected; texts and truth values must be equal"
    ),
    "error": 'expected.error: no number may be given; answer {"error": any text}',
    "warnings": "codes of yttria; another implementation need not have them, they are not scored",
    "S": "voxel S values: one octant, source voxel first; in mGy/(MBq s)",
    "field": "nothing lies outside an activity map: no activity, no dose",
}

MODELS = {
    "voxel_s_values": "uniform activity in one voxel, mean dose in another, from the dose point kernel in kernel/",
    "voxel_dose_kernel": "c = value 2^(hours / T); D[n] = sum_m S[n - m] c[m] V T / ln 2, in the stated medium",
    "voxel_dose_local": "c = value 2^(hours / T); D = C c / rho; rho stated, or linear in HU between the table's "
    "entries and constant beyond its ends",
    "voxel_dose_relative": "c = counts / (sum of counts in the mask) A_vial (1 - R) (1 - L) / V; D = C c / rho; "
    "negative counts stay negative",
    "activity_from_dicom": "a PET series: header values by slice, and what is stored; slices in the order of instance "
    "numbers; as files in files/CASE with --dicom",
    "activity_from_nifti": "header values of a NIfTI file, and what is stored; as a file in files/CASE with --nifti; "
    "the sidecar states the unit",
    "activity_from_...": "asked: activity at administration in the field, its center, and the concentration at "
    "administration of the voxel in which each point lies; points and center in LPS mm",
    "all others": "the planning and evaluation models of yttria.reference, see docs/reference.md of yttria",
}


def export(folder: str | os.PathLike[str], *, nifti: bool = False, dicom: bool = False) -> list[Path]:
    """Write the suite into `folder` and return the files' paths.

    `cases.json` and `cases.csv` hold questions and answers, `results_template.json` and `.csv` what to fill in,
    `schema/` the JSON Schemas of both, `maps/CASE/` each map as `.raw` and `.csv` (and `.nii.gz` with `nifti`),
    `kernel/` the dose point kernel and the voxel S values behind the expected doses, `README.txt` the conventions.
    The cases that ask for a file to be read have it in `files/CASE/`: NIfTI with `nifti`, a PET series with `dicom`.

    Raises `MissingExtraError` where `nifti` is asked and not installed.
    """
    if nifti:
        require("nibabel", "nifti")
    if dicom:
        require("pydicom", "dicom")
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    written = [*_maps(root, nifti), *_files(root, nifti, dicom), *_kernels(root)]
    rows = [_as_json(case) for case in cases()]
    head = {
        "schema_version": 1,
        "yttria_version": __version__,
        "statement": RESEARCH_USE,
        "conventions": CONVENTIONS,
        "models": MODELS,
    }
    written += [
        _json(root / "cases.json", {**head, "cases": rows}),
        _csv(root / "cases.csv", ["case", "model", "part", "quantity", "value"], _table(rows)),
        _json(root / "results_template.json", _template()),
        _csv(root / "results_template.csv", ["case", "quantity", "value"], _empty_rows()),
        _json(root / "schema" / "cases.schema.json", CASES_SCHEMA),
        _json(root / "schema" / "results.schema.json", RESULTS_SCHEMA),
        _text(root / "README.txt", _readme()),
    ]
    return written


def _as_json(case: Case) -> dict[str, Any]:
    def part(values: dict[str, Any]) -> dict[str, Any]:
        return {
            name: _reference(case, name, value) if isinstance(value, np.ndarray) else value
            for name, value in values.items()
        }

    return {
        "id": case.id,
        "model": case.model,
        "inputs": part(case.inputs),
        "expected": part(case.expected),
        "tolerance": case.tolerance,
        "source": case.source,
        "exercises": case.exercises,
    }


def _reference(case: Case, name: str, value: NDArray[Any]) -> dict[str, Any]:
    return {"file": f"maps/{case.id}/{name}.raw", "shape": list(value.shape), "dtype": "float32"}


def _maps(root: Path, nifti: bool) -> Iterator[Path]:
    for case in cases():
        for name, value in (*case.inputs.items(), *case.expected.items()):
            if not isinstance(value, np.ndarray):
                continue
            stem = root / "maps" / case.id / name
            stem.parent.mkdir(parents=True, exist_ok=True)
            raw = stem.with_suffix(".raw")
            raw.write_bytes(value.astype("<f4").tobytes())
            yield raw
            lines = ([k, j, i, repr(float(v))] for (k, j, i), v in np.ndenumerate(value))
            yield _csv(stem.with_suffix(".csv"), ["k", "j", "i", "value"], lines)
            if nifti and case.model not in FILE_MODELS:
                yield _nifti(stem.with_name(f"{name}.nii.gz"), value, case.inputs["voxel_size_mm"])


def _files(root: Path, nifti: bool, dicom: bool) -> Iterator[Path]:
    for case in cases():
        folder = root / "files" / case.id
        if nifti and case.model == NIFTI:
            folder.mkdir(parents=True, exist_ok=True)
            yield write_nifti(folder / "image.nii.gz", case.inputs)
        if dicom and case.model == DICOM:
            yield from write_dicom(folder, case.inputs)


def _nifti(path: Path, value: NDArray[Any], voxel_size_mm: list[float]) -> Path:
    """Without a unit in the file: some of these are no image of any. The affine is diagonal, in LPS."""
    from ..geometry.affine import flip_lps_ras

    nibabel = require("nibabel", "nifti")
    affine = flip_lps_ras(np.diag([*reversed(voxel_size_mm), 1.0]))
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(value.transpose(2, 1, 0)), affine), path)
    return path


def _kernels(root: Path) -> Iterator[Path]:
    kernel = dose_point_kernel("liver")
    edges = [repr(float(mm)) for mm in kernel.edge_mm]
    shells = zip(edges, edges[1:], (repr(float(mev)) for mev in kernel.energy_mev), strict=False)
    names = ["r_inner_mm", "r_outer_mm", "energy_mev_per_decay"]
    yield _csv(root / "kernel" / "dose_point_kernel_liver.csv", names, map(list, shells))
    yield _text(root / "kernel" / "SOURCE.txt", f"{kernel.source}\n")
    used = {tuple(case.inputs["voxel_size_mm"]) for case in cases() if "medium" in case.inputs}
    for size in sorted(used):
        name = "x".join(f"{mm:g}" for mm in size)
        lines = ([k, j, i, repr(float(s))] for (k, j, i), s in np.ndenumerate(tabulated()[size]))
        path = root / "kernel" / f"s_values_liver_{name}mm.csv"
        yield _csv(path, ["k", "j", "i", "s_mgy_per_mbq_s"], lines)


def _table(rows: list[dict[str, Any]]) -> Iterator[list[Any]]:
    for row in rows:
        for part in ("inputs", "expected", "tolerance"):
            for name, value in row[part].items():
                if isinstance(value, dict) and "file" in value:
                    yield [row["id"], row["model"], part, name, value["file"]]
                    continue
                for key, each in flat(name, value):
                    yield [row["id"], row["model"], part, key, repr(each) if isinstance(each, float) else each]


def _template() -> dict[str, Any]:
    """Everything unanswered; `null` is no answer."""

    def blank(value: Any) -> Any:
        if isinstance(value, list):
            return [blank(each) for each in value]
        return {key: blank(each) for key, each in value.items()} if isinstance(value, dict) else None

    return {
        "implementation": {"name": "", "version": ""},
        "answers": {case.id: {q: blank(case.expected[q]) for q in case.quantities} for case in cases()},
    }


def _empty_rows() -> Iterator[list[Any]]:
    for case in cases():
        for quantity in case.quantities:
            for key, _ in flat(quantity, case.expected[quantity]) if not case.is_map else [(quantity, None)]:
                yield [case.id, key, ""]


def _readme() -> str:
    lines = [f"Conformance suite of yttria {__version__}. {RESEARCH_USE}", ""]
    lines += [f"{name}: {text}" for name, text in CONVENTIONS.items()]
    lines += ["", *(f"{name}: {text}" for name, text in MODELS.items())]
    lines += [
        "",
        "Fill in results_template.json or results_template.csv, save it as results.json or results.csv, put dose maps",
        "beside it, and run: yttria conformance score results.json",
    ]
    return "\n".join(lines) + "\n"


def _json(path: Path, value: Any) -> Path:
    return _text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def _text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def _csv(path: Path, names: list[str], rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
    return path


_MAP = {
    "type": "object",
    "required": ["file", "shape", "dtype"],
    "properties": {
        "file": {"type": "string"},
        "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 3, "maxItems": 3},
        "dtype": {"const": "float32"},
    },
}
_VALUE = {"type": ["number", "string", "boolean", "array", "object", "null"]}

CASES_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Cases of the yttria conformance suite",
    "type": "object",
    "required": ["schema_version", "yttria_version", "conventions", "cases"],
    "properties": {
        "schema_version": {"const": 1},
        "yttria_version": {"type": "string"},
        "conventions": {"type": "object", "additionalProperties": {"type": "string"}},
        "models": {"type": "object", "additionalProperties": {"type": "string"}},
        "cases": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "model", "inputs", "expected", "tolerance", "source", "exercises"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string"},
                    "model": {"type": "string"},
                    "inputs": {"type": "object", "additionalProperties": {"anyOf": [_MAP, _VALUE]}},
                    "expected": {"type": "object", "additionalProperties": {"anyOf": [_MAP, _VALUE]}},
                    "tolerance": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {name: {"type": "number", "minimum": 0} for name in ("rel", "abs", "of_maximum")},
                    },
                    "source": {"type": "string"},
                    "exercises": {"type": "string"},
                },
            },
        },
    },
}

RESULTS_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Answers of one implementation to the yttria conformance suite",
    "type": "object",
    "required": ["answers"],
    "properties": {
        "implementation": {
            "type": ["object", "string"],
            "properties": {"name": {"type": "string"}, "version": {"type": "string"}},
        },
        "answers": {
            "type": "object",
            "description": "by case id; a map is the name of a file beside this one, null is no answer",
            "additionalProperties": {"type": "object", "additionalProperties": _VALUE},
        },
    },
}
