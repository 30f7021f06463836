"""Draft of a manifest from a tree of files, by their names and headers.

BIDS names (`sub-01_ses-1_pet.nii.gz`, `..._dseg.nii.gz`, also under `derivatives`) are matched by subject and session.
Other files are matched by the folder they share. A folder of DICOM, or each subfolder with DICOM in it, is a case. If
two files fit, neither is taken. The cell then stays empty, and a note states why.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..case import FILE_FIELDS
from ..errors import FileFormatError, YttriaError
from ..io import dicom
from ..io.files import NAME
from ..io.pet_sidecar import read_sidecar, sidecars_of

#: Kinds of files by the last word of their names.
KINDS: dict[str, tuple[str, ...]] = {
    "activity": ("pet", "spect", "nm", "activity"),
    "structures": ("dseg", "seg", "segmentation", "structures", "labels"),
    "ct": ("ct",),
}
_ENTITY = re.compile(r"(?:^|_)(sub|ses|run)-([A-Za-z0-9]+)")


@dataclass(kw_only=True)
class Discovery:
    """Rows for a manifest, and notes on the cells that are left empty."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def discover(folder: str | Path, relative_to: str | Path | None = None) -> Discovery:
    """Make a row for each activity image under a folder.

    Parameters
    ----------
    folder : str or Path
        Folder of DICOM, or a tree of files.
    relative_to : str or Path, optional
        The manifest's folder, to which paths are relative. Default: `folder`.

    Returns
    -------
    Discovery
        The rows. Unit, scan delay and administered activity come from PET-BIDS sidecars that state them. Every other
        value is left to the user, and `check_manifest` reports what is missing.

    Raises
    ------
    FileFormatError
        If there is no activity image.
    """
    folder = Path(folder)
    base = Path(folder if relative_to is None else relative_to).resolve()
    groups: dict[str, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in _files(folder):
        match = NAME.match(path.name)
        kind = _kind(match) if match else None
        if match and kind:
            groups[_group(folder, path, match["stem"])][kind].append(path)
    found = Discovery()
    for group, files in sorted(groups.items()):
        for path in files.get("activity", []):
            name = group if len(files["activity"]) == 1 else path.name[: -len(_end(path))]
            row: dict[str, Any] = {"case_id": name, "activity": _posix(path, base)}
            for kind in KINDS:
                if kind == "activity" or kind not in FILE_FIELDS:
                    continue
                candidates = files.get(kind, [])
                if len(candidates) == 1:
                    row[kind] = _posix(candidates[0], base)
                elif candidates or kind == "structures":
                    found.notes.append(_open_note(name, kind, [_posix(p, base) for p in candidates]))
            found.rows.append(row | _sidecar(path, found.notes))
    for folder_of_case in _dicom_folders(folder):
        _dicom_rows(folder_of_case, folder, base, found)
    _make_ids_unique(found.rows)
    if not found.rows:
        ends = ", ".join(f"*_{word}" for word in KINDS["activity"])
        raise FileFormatError(
            f"{folder}: holds no activity image ({ends} as NIfTI, NRRD, MetaImage or Interfile; DICOM)"
        )
    return found


def _dicom_folders(folder: Path) -> list[Path]:
    """Find the folder itself if DICOM files lie in it, else its subfolders that contain DICOM at any depth."""

    def holds(where: Path, deep: bool) -> bool:
        files = _files(where) if deep else (path for path in sorted(where.iterdir()) if path.is_file())
        return any(not NAME.match(path.name) and dicom.is_dicom(path) for path in files)

    if holds(folder, deep=False):
        return [folder]
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and path.name[0] != "." and holds(path, True)]


def _dicom_rows(case: Path, folder: Path, base: Path, found: Discovery) -> None:
    """Make a row per PET or SPECT series of a case's folder. Its one SEG or RTSTRUCT is found there when it is read."""
    try:
        report = dicom.inspect(case)
    except YttriaError as error:
        found.notes.append(str(error))
        return
    name = case.resolve().name if case == folder else case.name
    activities = [series for series in report.series if series.modality in dicom.ACTIVITY_MODALITIES]
    structures = [series for series in report.series if series.modality in ("SEG", "RTSTRUCT")]
    several = len(activities) > 1
    numbered = len({series.number for series in activities}) == len(activities)
    for n, series in enumerate(activities, 1):
        number = series.number if numbered else n
        row = {"case_id": f"{name}_{number}" if several else name, "activity": _posix(case, base)}
        if several:
            row["series"] = series.uid
        if len(structures) == 1:
            row["structures"] = row["activity"]
        else:
            paths = [dicom.first_file(case, s.uid, (s.modality,)) for s in structures]
            found.notes.append(_open_note(row["case_id"], "structures", [_posix(path, base) for path in paths]))
        for problem in filter(None, (series.problem, series.timing_problem)):
            found.notes.append(f"{row['case_id']}: {problem}")
        found.rows.append(row)


def _open_note(case_id: str, kind: str, candidates: list[str]) -> str:
    """Write the note on a cell that stays empty."""
    if not candidates:
        return f"{case_id}: {kind} is open: there is no file for it"
    return f"{case_id}: {kind} is open, because {len(candidates)} files fit: {', '.join(candidates)}"


def _make_ids_unique(rows: list[dict[str, Any]]) -> None:
    """Number the rows that have the name of an earlier one."""
    taken: set[str] = set()
    for row in rows:
        name, n = row["case_id"], 1
        while row["case_id"] in taken:
            n += 1
            row["case_id"] = f"{name}_{n}"
        taken.add(row["case_id"])


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name[0] != ".")
        yield from (Path(parent, name) for name in sorted(names) if name[0] != ".")


def _kind(match: re.Match[str]) -> str | None:
    word = re.split(r"[_\-. ]", match["stem"].casefold())[-1]
    if match["end"].casefold().startswith(".seg"):
        return "structures"
    return next((kind for kind, words in KINDS.items() if word in words), None)


def _group(folder: Path, path: Path, stem: str) -> str:
    entities = dict(_ENTITY.findall(stem))
    if "sub" in entities:
        return "_".join(f"{name}-{entities[name]}" for name in ("sub", "ses") if name in entities)
    return "_".join(path.parent.relative_to(folder).parts) or folder.resolve().name


def _end(path: Path) -> str:
    match = NAME.match(path.name)
    return match["end"] if match else ""


def _posix(path: Path, base: Path) -> str:
    return Path(os.path.relpath(path.resolve(), base)).as_posix()


def _sidecar(path: Path, notes: list[str]) -> dict[str, Any]:
    """Read the columns that the PET-BIDS sidecars of an image state, next to it and above it in its data set."""
    files = sidecars_of(path)
    row, found = read_sidecar(files) if files else ({}, [])
    notes += found
    return row
