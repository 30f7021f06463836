"""Files that are whole or not there, also after the power fails."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from .._foundation.whole_files import atomic

#: How names end that `atomic` and the runners give to what is not yet whole.
_TEMPORARY = re.compile(r"\.[0-9a-f]{12}$|\.tmp$")


@contextmanager
def durable(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name when it is written and synced, the name synced too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as file:
        yield file
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last; systems that cannot open a folder do so by themselves."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_ahead(paths: Iterable[Path]) -> None:
    """Ask the system to have these files in memory soon."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in paths:
        # Not blocking: a pipe that nobody writes to would hold the runner for ever.
        with suppress(OSError, ValueError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
            finally:
                os.close(descriptor)


def remove_temporaries(folder: Path, before: float) -> None:
    """Remove what writers that were killed have left half written, last touched `before` that time.

    The time is by the clock of the file system. Who is still writing has touched his file since.
    """
    names = ("parts/*/.*", "maps/*/.*", ".*.parquet.*", ".batch.json.*", ".status.*", "runners/*.tmp")
    for path in (found for name in names for found in folder.glob(name)):
        # Another runner may be removing it, or its writer may give it its name.
        with suppress(FileNotFoundError):
            if _TEMPORARY.search(path.name) and path.stat().st_mtime < before:
                path.unlink()
