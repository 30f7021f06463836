"""Results of a batch as derivatives in BIDS: dose maps with sidecars, tables with a data dictionary.

BIDS has no name for an absorbed dose yet. The suffixes `dosemap`, `doses` and `dvh` are ours; `.bidsignore` names them,
so that a validator checks the rest. Source: BIDS specification 1.10, derivatives, BIDS URIs (bids-derivatives).
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .._core import __version__
from .._foundation.choices import METHOD_NAMES
from .._foundation.provenance import RESEARCH_USE
from .._foundation.whole_files import atomic
from ..case import Case
from ..errors import ArgumentError, FileFormatError, ResultsExistError
from ..io import read_image, write_image
from ..io.bids import DATA_SET, data_set_of, entities_of
from .content_hash import named_paths
from .finished_cases import FinishedCase, declared_cases, finished_cases, manifest_of
from .summary import finished_folder

_VERSION = "1.10.0"
#: Label of the description of an absorbed dose; a case that shares its image with another one gets its row too.
LABEL = "absdose"
_KERNEL = ("kernel_source", "kernel_medium", "density_g_per_ml", "kernel_voxel_size_mm")
SUFFIXES = ("dosemap", "doses", "dvh")
_DOSES = {
    "structure": "Name of the structure.",
    "metric": "Dose or volume of the structure: D95 is the dose that 95 % of its volume receives or exceeds.",
    "value": "Value of the metric in its unit.",
    "unit": "Unit of value and standard_uncertainty.",
    "standard_uncertainty": "Standard uncertainty of the value; n/a if no uncertainties were stated.",
    "coverage_factor": "Factor from the standard uncertainty to the half-width of an interval.",
    "isotope": "Isotope of the dose; doses of different isotopes are not comparable without their half-lives.",
}
_DVH = {
    "structure": "Name of the structure.",
    "dose_gy": "Absorbed dose in Gy.",
    "volume_ml": "Volume of the structure in mL that receives this dose or more.",
}
_README = """Absorbed doses of {count} cases, computed by yttria {version}.

`*_desc-absdose*_dosemap.nii.gz` are absorbed doses in Gy. A JSON sidecar beside each states method, kernel, scaling,
versions, inputs and advisories. `ContentSHA256` of an input is that of its file. If the input has several files, such
as a folder, or an image with tables beside it, it is that of their sums and names.

`*_doses.tsv` are doses and volumes of structures, `*_dvh.tsv` cumulative dose-volume histograms.
`desc-absdose_doses.json` and `desc-absdose_dvh.json` describe their columns.

BIDS {bids} has no name for an absorbed dose. The suffixes dosemap, doses and dvh are not part of the standard, and
`.bidsignore` lists them. The rest follows the standard.

{use}
"""


def write_bids_derivatives(results: str | Path, folder: str | Path, *, overwrite: bool = False) -> int:
    """Write the results of a finished batch as a data set of derivatives in BIDS.

    Parameters
    ----------
    results : str or Path
        Folder of results of `run_manifest`, with dose maps (`maps` as "nii.gz", "nii" or "nrrd").
    folder : str or Path
        The data set to write, such as `derivatives/yttria`.
    overwrite : bool, default False
        Replace the derivatives that yttria wrote there before.

    Returns
    -------
    int
        Number of cases.

    Raises
    ------
    ResultsExistError
        If the folder holds another data set or any other file, or derivatives of yttria and `overwrite` is false.
    FileFormatError
        If the folder of results holds no tables, or its manifest has changed since.
    ArgumentError
        If the run wrote no dose maps, wrote them as DICOM, or wrote anonymous tables.

    Notes
    -----
    Subject, session and further entities are those of the name of the activity image. A case whose image has no such
    name gets a subject made from the letters and digits of its case id. BIDS has no name for an absorbed dose:
    `sub-01_ses-1_desc-absdose_dosemap.nii.gz` and the tables beside it are not part of the standard, and `.bidsignore`
    lists them.

    `Sources` of each sidecar are BIDS URIs. A link of `dataset_description.json` leads to each data set. For inputs in
    none it leads to the folder of the manifest, or to their own folder if they lie outside of that.

    Examples
    --------
    >>> from yttria import write_image, write_structures
    >>> from yttria.batch import run_manifest, write_manifest
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((10.0, 10.0, 10.0))
    >>> write_image(phantom.activity, "sub-01_pet.nii.gz")
    >>> write_structures(phantom.structures[1:], "sub-01_dseg.nii.gz")
    >>> row = {"activity": "sub-01_pet.nii.gz", "structures": "sub-01_dseg.nii.gz", "scan_delay_h": 20.0}
    >>> _ = write_manifest([row | {"case_id": "a"}], "manifest.csv")
    >>> _ = run_manifest("manifest.csv", "results", maps="nii.gz")
    >>> write_bids_derivatives("results", "derivatives/yttria")
    1
    """
    results, folder = finished_folder(results).resolve(), Path(folder).resolve()
    _check_folder(folder, overwrite=overwrite)
    _check_cases(results)
    folder.mkdir(parents=True, exist_ok=True)
    _remove_cases(folder)
    links = _Links(folder, manifest_of(results).parent)
    stems: set[str] = set()
    subjects: dict[str, None] = {}
    # The mark comes first: what is left if this is interrupted is known as ours.
    _write_json(folder / DATA_SET, _description(links))
    count = 0
    for count, (found, case) in enumerate(zip(finished_cases(results), declared_cases(results), strict=True), 1):  # noqa: B007
        place, stem = _place(found, case, stems, subjects)
        subjects[stem.split("_")[0]] = None
        _write_case(folder / place / stem, found, case, links)
    _write_tsv(folder / "participants.tsv", ("participant_id",), ({"participant_id": name} for name in subjects))
    for suffix, columns in (("doses", _DOSES), ("dvh", _DVH)):
        described = {name: {"Description": text} for name, text in columns.items()}
        _write_json(folder / f"desc-{LABEL}_{suffix}.json", described)
    _write_text(folder / ".bidsignore", "".join(f"*_{suffix}.*\n" for suffix in SUFFIXES))
    _write_text(folder / "README.md", _README.format(count=count, version=__version__, bids=_VERSION, use=RESEARCH_USE))
    _write_json(folder / DATA_SET, _description(links))
    return count


class _Links:
    """Names of the data sets that hold the inputs, by which BIDS URIs refer to them."""

    def __init__(self, folder: Path, otherwise: Path) -> None:
        self._folder, self._otherwise = folder, otherwise
        self._names: dict[Path, str] = {}

    def uri(self, path: Path) -> str:
        """BIDS URI of an input. If it lies in no data set, it is that of the manifest's folder, or else of its own."""
        # Links are not followed: in many data sets the files are links to a store elsewhere.
        path = Path(os.path.normpath(path.absolute()))
        data_set = data_set_of(path) or (self._otherwise if path.is_relative_to(self._otherwise) else path.parent)
        name = self._names.get(data_set)
        if name is None:
            label = re.sub(r"[^A-Za-z0-9]", "", data_set.name) or "inputs"
            taken = set(self._names.values())
            name = next(n for n in (label, *(f"{label}{k}" for k in range(2, len(taken) + 3))) if n not in taken)
            self._names[data_set] = name
        return f"bids:{name}:{quote(Path(os.path.relpath(path, data_set)).as_posix())}"

    def as_dict(self) -> dict[str, str]:
        """Relative path of each data set by its name, as `DatasetLinks` has them."""
        return {name: self._link(at) for at, name in self._names.items()}

    def _link(self, data_set: Path) -> str:
        try:
            return quote(Path(os.path.relpath(data_set, self._folder)).as_posix())
        except ValueError:  # on another drive
            return data_set.as_uri()


def _check_folder(folder: Path, *, overwrite: bool) -> None:
    """Refuse to write over anything but derivatives of yttria."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        stated = json.loads((folder / DATA_SET).read_text(encoding="utf-8"))
        ours = stated["GeneratedBy"][0]["Name"] == "yttria" and stated["DatasetType"] == "derivative"
    except (OSError, ValueError, LookupError, TypeError):
        ours = False
    if not ours:
        raise ResultsExistError(
            f"{folder}: exists, and is no data set of derivatives that yttria wrote; give another folder"
        )
    if not overwrite:
        raise ResultsExistError(
            f"{folder}: holds derivatives of yttria already; give another folder, or replace them (--overwrite)"
        )


def _remove_cases(folder: Path) -> None:
    """Remove the files of cases that were written before, and the folders that this leaves empty."""
    ours = re.compile(rf".*_desc-{LABEL}(row\d+)?_({'|'.join(SUFFIXES)})\.\w+(\.gz)?")
    for at, folders, files in os.walk(folder, topdown=False):
        for name in filter(ours.fullmatch, files):
            Path(at, name).unlink()
        for name in folders:
            with suppress(OSError):
                Path(at, name).rmdir()


def _check_cases(results: Path) -> None:
    """Check before anything is written that every case has a dose map, and is the one that the manifest declares."""
    declared = declared_cases(results)
    for found in finished_cases(results):
        case = next(declared, None)
        if case is None or case.case_id != found.case_id:
            if found.case_id == f"case {found.row}":
                raise ArgumentError(
                    f"{results}: the tables are anonymous, and derivatives in BIDS name subjects and files; run the "
                    "batch again without --anonymous"
                )
            raise FileFormatError(f"{results}: the manifest has changed since the tables were written; run it again")
        check_map(results, found)


def check_map(results: Path, found: FinishedCase) -> Path:
    """The dose map of a case; `ArgumentError` if there is none that can be read as an image."""
    if found.dose_map is None:
        raise ArgumentError(f"{results}: the run wrote no dose maps; run it again with --maps nii.gz")
    if found.dose_map.suffix == ".dcm":
        raise ArgumentError(f"{results}: the dose maps are DICOM; run it again with --maps nii.gz")
    return found.dose_map


def _place(found: FinishedCase, case: Case, stems: set[str], subjects: Collection[str]) -> tuple[str, str]:
    """Folder in the data set and stem of the names of a case's files; no two cases get the same."""
    entities = entities_of(case.activity)
    if "sub" not in entities:
        letters = re.sub(r"[^A-Za-z0-9]", "", found.case_id) or f"row{found.row}"
        # "case 1" and "case-1" are two subjects.
        entities = {"sub": f"{letters}row{found.row}" if f"sub-{letters}" in subjects else letters}
    entities.pop("desc", None)
    named = "_".join(f"{name}-{label}" for name, label in entities.items())
    stem = f"{named}_desc-{LABEL}"
    if stem in stems:
        # Another case of the same image, with other structures or settings.
        stem = f"{named}_desc-{LABEL}row{found.row}"
    stems.add(stem)
    place = "/".join(f"{name}-{entities[name]}" for name in ("sub", "ses") if name in entities)
    return f"{place}/pet", stem


def _write_case(stem: Path, found: FinishedCase, case: Case, links: _Links) -> None:
    stem.parent.mkdir(parents=True, exist_ok=True)
    source, target = found.dose_map, stem.with_name(f"{stem.name}_dosemap.nii.gz")
    assert source is not None
    if source.name.endswith(".nii.gz"):
        with source.open("rb") as stored, atomic(target) as file:
            shutil.copyfileobj(stored, file)
    else:
        write_image(read_image(source, unit="Gy"), target)
    _write_json(stem.with_name(f"{stem.name}_dosemap.json"), _sidecar(found, case, links))
    _write_tsv(stem.with_name(f"{stem.name}_doses.tsv"), tuple(_DOSES), found.doses)
    steps = (
        {"structure": row["structure"], "dose_gy": n * row["dvh_step_gy"], "volume_ml": volume}
        for row in found.curves
        for n, volume in enumerate(row["volume_ml"])
    )
    _write_tsv(stem.with_name(f"{stem.name}_dvh.tsv"), tuple(_DVH), steps)


def _sidecar(found: FinishedCase, case: Case, links: _Links) -> dict[str, Any]:
    provenance = found.provenance
    method = str(provenance["method"])
    inputs = {field: links.uri(path) for field, path in named_paths(case)}
    return {
        "Description": "Absorbed dose of radionuclide therapy",
        "Units": "Gy",
        "Sources": list(inputs.values()),
        "Method": METHOD_NAMES.get(method, method),
        "Kernel": None if provenance["kernel_source"] is None else {name: provenance[name] for name in _KERNEL},
        "Nuclide": provenance["nuclide"],
        "SoftwareName": "yttria",
        "SoftwareVersion": provenance.get("yttria_version", __version__),
        "CaseID": found.case_id,
        "ResultKey": found.key,
        "Inputs": {field: {"URI": uri, "ContentSHA256": found.sha256.get(field)} for field, uri in inputs.items()},
        "Advisories": found.advisories,
        "Provenance": provenance,
    }


def _description(links: _Links) -> dict[str, Any]:
    named = links.as_dict()
    return {
        "Name": "Absorbed doses by yttria",
        "BIDSVersion": _VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [
            {
                "Name": "yttria",
                "Version": __version__,
                "Description": "Dosimetry of radioembolization: absorbed dose maps, doses of structures, histograms",
            }
        ],
        "SourceDatasets": [{"URL": path} for path in named.values()],
        "DatasetLinks": named,
    }


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    _write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _write_text(path: Path, text: str) -> None:
    with atomic(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def _write_tsv(path: Path, columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a table of BIDS: tabs between cells, "n/a" for what is not known, no tab or line end in a cell."""
    lines = ["\t".join(columns)]
    lines += ["\t".join(_cell(row.get(name)) for name in columns) for row in rows]
    _write_text(path, "\n".join(lines) + "\n")


def _cell(value: object) -> str:
    text = "" if value is None or value != value else re.sub(r"[\t\r\n]+", " ", str(value))
    return text or "n/a"
