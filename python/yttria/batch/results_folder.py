"""Folder of results of one manifest. A file in it is complete or missing, also after a power failure."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .._core import __version__
from .._foundation.whole_files import atomic, remove_abandoned
from ..errors import ResultsExistError

#: Name of the file that marks a folder of results and names its manifest.
MARK = "batch.json"
TABLES = ("doses", "dvh", "cases", "quarantine")
#: Names of files that a run writes. Without the mark, a file of such a name belongs to the user.
_FIXED = (MARK, "status.json", *(f"{name}.{ending}" for name in TABLES for ending in ("parquet", "csv")), "by_case")


@contextmanager
def durable(path: Path) -> Iterator[BinaryIO]:
    """Open a file that gets its name when it is written and synced. The name is synced too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        yield file
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Sync the names in a folder. Systems that cannot open a folder sync them by themselves."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Remove half-written files of killed runs. Files of a running process stay."""
    rooms = (".*", "parts/*/.*", "maps/*/.*", "pictures/*/.*", "by_case/.*")
    remove_abandoned(path for room in rooms for path in folder.glob(room))


def manifest_place(manifest: Path, folder: Path) -> str:
    """Find the folder from which a manifest's paths start, relative to the results. Both can then be moved together."""
    return _relative(manifest.parent, folder)


def check_folder(folder: Path, manifest: Path, *, overwrite: bool) -> None:
    """Check that results of a manifest may be written into a folder. Both paths are absolute.

    With `overwrite`, a folder of another manifest may be used. Its results are kept, and its tables become those of
    this manifest.

    Raises `ResultsExistError` if the folder holds results of another manifest and `overwrite` is false. It is also
    raised if the folder holds files that a run would write over, without the mark that a run wrote them.
    """
    found = [name for name in _FIXED if (folder / name).exists()]
    if not found:
        return
    owner = owner_of(folder)
    if owner is None:
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
    """Make the folder, and mark it as the results of this manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    if owner_of(folder) != (owner := _relative(manifest, folder)):
        with durable(folder / MARK) as file:
            file.write((json.dumps({"yttria_batch": __version__, "manifest": owner}) + "\n").encode())


def owner_of(folder: Path) -> str | None:
    """The manifest to which a folder of results belongs, relative to the folder; None if it names none."""
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
