"""How far a run is, for people: a bar on a terminal, else a plain line every so many cases."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from .._foundation.extras import require
from .cohort import RunReport, progress_of
from .runner import Counts, Run

Watch = Callable[[Run, float], None]


@contextmanager
def watching(every: int, file: TextIO | None = None) -> Iterator[Watch]:
    """What `run_manifest` takes as `watch`. `every`: cases from one plain line to the next."""
    file = sys.stderr if file is None else file
    if file.isatty():
        with _bar(file) as watch:
            yield watch
    else:
        yield _lines(every, file)


def in_words(counts: Counts, wall_s: float) -> str:
    """One line: cases, rate, time left, failures."""
    status = progress_of(counts, wall_s)
    left = "" if status["left_s"] is None else f", {_duration(status['left_s'])} left"
    known = f", {counts.known} known before" if counts.known else ""
    return f"{counts.settled}/{counts.total} cases, {status['rate_per_s']:.1f}/s{left}, {counts.failed} failed{known}"


def end_in_words(report: RunReport) -> str:
    """One line: how it ended, and what became of the cases."""
    counts = report.counts
    rate = f" ({report.rate_per_s:.1f}/s)" if counts.done else ""
    known = f", {counts.known} known before" if counts.known else ""
    settled = f"{counts.settled} of {counts.total} cases in {_duration(report.wall_s)}"
    return f"{report.state}: {settled}: {counts.done} dosed{rate}{known}, {counts.failed} failed"


def _lines(every: int, file: TextIO) -> Watch:
    following = every

    def watch(run: Run, wall_s: float) -> None:
        nonlocal following
        if run.counts.settled >= following or run.counts.settled == run.counts.total > following - every:
            following = (run.counts.settled // every + 1) * every
            print(in_words(run.counts, wall_s), file=file, flush=True)

    return watch


@contextmanager
def _bar(file: TextIO) -> Iterator[Watch]:
    require("rich", "batch")
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(file=file)) as progress:
        task = progress.add_task("", total=None)

        def watch(run: Run, wall_s: float) -> None:
            text = in_words(run.counts, wall_s).partition(" cases, ")[2]
            progress.update(task, completed=run.counts.settled, total=run.counts.total, description=text)

        yield watch


def _duration(seconds: float) -> str:
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
