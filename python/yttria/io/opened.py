"""Record of the files that the readers open, so that a result can name and hash exactly the bytes it came from."""

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
        The files as absolute paths, each once, in the order of their first opening. It fills while the block runs.

    Notes
    -----
    Every reader of the package calls `record_opened` for each file whose bytes it looks at: headers, detached values,
    sidecars, transforms, tables. A test compares the record with what the interpreter really opens. The record belongs
    to the current context; work that a reader gives to other threads must be recorded by the reader itself.
    """
    found: dict[Path, None] = {}
    token = _records.set((*_records.get(), found))
    try:
        yield found
    finally:
        _records.reset(token)


def record_opened(path: Path) -> Path:
    """Note that `path` is about to be read, in every `opened_files` block that is active; returns `path`."""
    for found in _records.get():
        found.setdefault(path.absolute())
    return path
