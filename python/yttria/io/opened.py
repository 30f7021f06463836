"""Record of the files that the readers open, so that a result can name and hash exactly its input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_records: ContextVar[tuple[dict[Path, None], ...]] = ContextVar("yttria_opened_files", default=())


@contextmanager
def opened_files() -> Iterator[dict[Path, None]]:
    """Collect the files that readers open inside the block.

    Yields
    ------
    dict of Path to None
        The files as absolute paths, each once, in the order of their first opening. Files are added while the block
        runs.

    Notes
    -----
    Every reader of the package calls `record_opened` for each file that it reads: headers, detached values, sidecars,
    transforms, tables. A test compares the record with the files that the interpreter opens. The record belongs to the
    current context. If a reader uses other threads, it must record their files itself.
    """
    found: dict[Path, None] = {}
    token = _records.set((*_records.get(), found))
    try:
        yield found
    finally:
        _records.reset(token)


def record_opened(path: Path) -> Path:
    """Record `path` in every active `opened_files` block before it is read, and return it."""
    for found in _records.get():
        found.setdefault(path.absolute())
    return path
