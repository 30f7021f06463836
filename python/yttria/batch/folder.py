"""A folder of results belongs to one manifest: what marks it, and what of the user's must not be written over."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from .._core import __version__
from ..errors import ResultsExistError
from .files import durable

#: The file that marks a folder of results and names its manifest.
MARK = "batch.json"
#: What a run writes under fixed names: without the mark such a file is somebody else's.
TABLES = ("doses", "dvh", "cases", "quarantine")
_FIXED = (MARK, "status.json", *(f"{name}.parquet" for name in TABLES))


def place_of(manifest: Path, folder: Path) -> str:
    """Start of a manifest's paths, relative to the folder of results: both may be moved together."""
    return _relative(manifest.parent, folder)


def check_folder(folder: Path, manifest: Path, *, overwrite: bool) -> None:
    """Check that results of a manifest may be written into a folder.

    Parameters
    ----------
    folder, manifest : Path
        Both absolute.
    overwrite : bool
        Whether a folder of results of another manifest is taken over. The results in it are kept; the tables become
        those of this manifest.

    Raises
    ------
    ResultsExistError
        If the folder holds results of another manifest and `overwrite` is false, or files of names that a run would
        write over and no sign that a run wrote them.
    """
    found = [name for name in _FIXED if (folder / name).exists()]
    if not found:
        return
    owner = _owner(folder)
    if owner is None:
        if MARK not in found and any((folder / "ledger").glob("*.jsonl")):
            return  # of an earlier version, which made no mark
        raise ResultsExistError(
            f"{folder}: holds {', '.join(found)}, which no batch of yttria is known to have written; choose another "
            "folder (--out)"
        )
    if owner != _relative(manifest, folder) and not overwrite:
        raise ResultsExistError(
            f"{folder}: holds the results of another manifest, {owner}; choose another folder (--out), or replace its "
            "tables by those of this manifest (--overwrite)"
        )


def mark_folder(folder: Path, manifest: Path) -> None:
    """Make the folder, and mark it as one of results of this manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    if _owner(folder) != (owner := _relative(manifest, folder)):
        with durable(folder / MARK) as file:
            file.write((json.dumps({"yttria_batch": __version__, "manifest": owner}) + "\n").encode())


def _owner(folder: Path) -> str | None:
    with suppress(OSError, ValueError):
        stated = json.loads((folder / MARK).read_text(encoding="utf-8"))
        if isinstance(stated, dict) and "yttria_batch" in stated and isinstance(stated.get("manifest"), str):
            return str(stated["manifest"])
    return None


def _relative(path: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive
        return path.as_posix()
