"""Named stages of a command, timed on request."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter

_seconds: ContextVar[dict[str, float] | None] = ContextVar("yttria_timings", default=None)


@contextmanager
def timings() -> Iterator[dict[str, float]]:
    """Collect the seconds of every `stage` that is entered within the block, by its name."""
    seconds: dict[str, float] = {}
    token = _seconds.set(seconds)
    try:
        yield seconds
    finally:
        _seconds.reset(token)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Add the time of a block to a stage. Times of one name are summed; stages must not be nested."""
    seconds = _seconds.get()
    if seconds is None:
        yield
        return
    start = perf_counter()
    try:
        yield
    finally:
        seconds[name] = seconds.get(name, 0.0) + perf_counter() - start
