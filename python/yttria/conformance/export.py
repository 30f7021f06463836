"""Export of the suite as files for any language, which are JSON, CSV, raw maps, NIfTI, schemas, and a template."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import __version__
from .._foundation.extras import require
from .._foundation.provenance import RESEARCH_USE
from ..kernels import dose_point_kernel
from ._cases import DICOM, FILE_MODELS, NIFTI, SuiteCase, cases
from ._cells import flat
from ._image_files import write_dicom, write_nifti
from .records.voxel import tabulated

_FOLDER = files("yttria").joinpath("data", "conformance")
_SCHEMAS = ("cases.schema.json", "results.schema.json")
_TEXTS = json.loads(_FOLDER.joinpath("texts.json").read_text("utf-8"))


def export(folder: str | os.PathLike[str], *, nifti: bool = False, dicom: bool = False) -> list[Path]:
    """Write the suite into a folder.

    Parameters
    ----------
    folder : path
        The folder.
    nifti : bool
        Whether maps are also written as NIfTI, with the files of the cases that read NIfTI.
    dicom : bool
        Whether the PET series of the cases that read DICOM is written.

    Returns
    -------
    list of Path
        The written files.

    Raises
    ------
    MissingExtraError
        If the extra that `nifti` or `dicom` needs is not installed.

    Notes
    -----
    `cases.json` and `cases.csv` hold questions and answers. `results_template.json` and `.csv` are to be filled in, and
    `schema/` has the JSON Schemas of both. `maps/CASE/` has each map as `.raw` and `.csv`. `kernel/` has the dose point
    kernel and the voxel S values of the expected doses. `README.txt` states the conventions, and `files/CASE/` has the
    files to be read.

    Examples
    --------
    >>> "cases.json" in [path.name for path in export("suite")]
    True
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
        **_TEXTS,
    }
    written += [
        _json(root / "cases.json", {**head, "cases": rows}),
        _csv(root / "cases.csv", ["case", "model", "part", "quantity", "value"], _table(rows)),
        _json(root / "results_template.json", _template()),
        _csv(root / "results_template.csv", ["case", "quantity", "value", "standard_uncertainty"], _empty_rows()),
        *(_text(root / "schema" / name, _FOLDER.joinpath("schema", name).read_text("utf-8")) for name in _SCHEMAS),
        _text(root / "README.txt", _readme()),
    ]
    return written


def _as_json(case: SuiteCase) -> dict[str, Any]:
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
        "exercises": case.checks,
    }


def _reference(case: SuiteCase, name: str, value: NDArray[Any]) -> dict[str, Any]:
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
    """Write a map as NIfTI with a diagonal affine in LPS. The file states no unit, because some maps are not images."""
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
    """Make a template of results without answers. `null` is not an answer."""

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
                yield [case.id, key, "", ""]


def _readme() -> str:
    lines = [f"Conformance suite of yttria {__version__}. {RESEARCH_USE}", ""]
    lines += [f"{name}: {text}" for name, text in _TEXTS["conventions"].items()]
    lines += ["", *(f"{name}: {text}" for name, text in _TEXTS["models"].items())]
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
