"""Monte Carlo on the command line: progress bar, file of the state, and one line about the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ..case import Case, CaseInputs, DosedCase, dose_case
from ..errors import ResultsExistError
from ..voxel import MonteCarloProgress
from .output import bar

#: Name of the file with the state of a run in the folder of its results, until these are written.
STATE = "monte_carlo_state.npz"
#: Exit code of a run that Ctrl-C has ended, the usual one of a process ended by SIGINT.
INTERRUPTED = 130


@contextmanager
def progress_bar(text: str, *, quiet: bool) -> Iterator[Callable[[MonteCarloProgress], None] | None]:
    """Show a bar on the error stream with histories, time left and uncertainty; None if the output is for a machine."""
    if quiet:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[histories]}"),
        TimeRemainingColumn(),
    )
    with bar(*columns) as simulating:
        task = simulating.add_task(text, total=None, histories="")

        def show(run: MonteCarloProgress) -> None:
            reached = "" if run.relative_uncertainty is None else f", ± {run.relative_uncertainty:.1%}"
            simulating.update(
                task,
                completed=run.histories,
                total=run.expected_histories,
                histories=f"{run.histories:,} histories{reached}",
            )

        yield show


def state_in(folder: Path, *, resume: bool, overwrite: bool) -> Path:
    """Return the file of the state in a folder of results.

    `ResultsExistError` is raised if it exists, unless the run is to be continued or replaced.
    """
    path = folder / STATE
    if path.exists() and not (resume or overwrite):
        raise ResultsExistError(
            f"{folder}: holds the state of a Monte Carlo run that was stopped; continue it (--resume), or begin again "
            "(--overwrite)"
        )
    return path


def simulate_case(
    case: Case, inputs: CaseInputs, state: Path, *, resume: bool, quiet: bool, threads: int | None
) -> DosedCase:
    """Dose a case by Monte Carlo with a progress bar; Ctrl-C ends it with the result so far and keeps the state."""
    if not resume:
        state.unlink(missing_ok=True)
    state.parent.mkdir(parents=True, exist_ok=True)
    with progress_bar("Monte Carlo", quiet=quiet) as show:
        return dose_case(case, inputs, progress=show, state_file=state, on_interrupt="keep", threads=threads)


def in_words(terms: dict[str, Any]) -> str:
    """Describe the run in one sentence from the provenance of a result."""
    return (
        f"{terms['histories']:,} histories in {terms['batches']} batches, seed {terms['seed']}; the voxels above half "
        f"of the largest dose have a standard uncertainty of {terms['relative_uncertainty']:.1%}"
    )
