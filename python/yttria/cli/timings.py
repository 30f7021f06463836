"""The table of `--timings`."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter

from rich.console import Console

from . import STARTED

#: Stages in which the core computes. The others read, draw, write and import.
_COMPUTING = ("dose", "table")


def print_timings(seconds: Mapping[str, float]) -> None:
    """Print the seconds of each stage, of the rest and in total, with the share of computing, on the error stream."""
    total = perf_counter() - STARTED
    rows = dict(seconds) | {"imports and the rest": total - sum(seconds.values()), "total": total}
    console = Console(stderr=True)
    for name, value in rows.items():
        console.print(f"{name:<22}{value:8.3f} s{value / total:8.1%}", highlight=False)
    computing = sum(seconds.get(name, 0.0) for name in _COMPUTING)
    console.print(f"computing is {computing / total:.1%} of the total", highlight=False)
