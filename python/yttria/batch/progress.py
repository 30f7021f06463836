"""Progress of a run, shown as a bar on a terminal, else as a plain line at regular numbers of cases."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from .._foundation.extras import require
from .run_report import Counts, RunReport
from .runner import Run

OnProgress = Callable[[Run, float], None]


@contextmanager
def progress_reporter(every: int, file: TextIO | None = None) -> Iterator[OnProgress]:
    """Make the `on_progress` of `run_manifest`. `every` is the number of cases between two plain lines."""
    file = sys.stderr if file is None else file
    if file.isatty():
        with _bar(file) as report:
            yield report
    else:
        yield _lines(every, file)


def progress_line(counts: Counts, wall_s: float) -> str:
    """Write one line with cases, rate, time left and failures."""
    status = counts.as_dict(wall_s)
    left = "" if status["left_s"] is None else f", {_duration(status['left_s'])} left"
    known = f", {counts.known} known before" if counts.known else ""
    return f"{counts.finished}/{counts.total} cases, {status['rate_per_s']:.1f}/s{left}, {counts.failed} failed{known}"


def final_line(report: RunReport) -> str:
    """Write one line that states how the run ended, with the numbers of cases dosed, known and failed."""
    counts = report.counts
    rate = f" ({report.rate_per_s:.1f}/s)" if counts.done else ""
    known = f", {counts.known} known before" if counts.known else ""
    finished = f"{counts.finished} of {counts.total} cases in {_duration(report.wall_s)}"
    return f"{report.state}: {finished}: {counts.done} dosed{rate}{known}, {counts.failed} failed"


def _lines(every: int, file: TextIO) -> OnProgress:
    following = every

    def report(run: Run, wall_s: float) -> None:
        nonlocal following
        if run.counts.finished >= following or run.counts.finished == run.counts.total > following - every:
            following = (run.counts.finished // every + 1) * every
            print(progress_line(run.counts, wall_s), file=file, flush=True)

    return report


@contextmanager
def _bar(file: TextIO) -> Iterator[OnProgress]:
    require("rich", "batch")
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(file=file)) as progress:
        task = progress.add_task("", total=None)

        def report(run: Run, wall_s: float) -> None:
            text = progress_line(run.counts, wall_s).partition(" cases, ")[2]
            progress.update(task, completed=run.counts.finished, total=run.counts.total, description=text)

        yield report


def _duration(seconds: float) -> str:
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
