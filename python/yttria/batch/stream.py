"""Dose of a stream of cases in their order, without writing files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from itertools import islice

from ..case import Case
from .content_hash import Options
from .executors import Workers, of_executor, threads
from .schedule import Job, Schedule
from .worker import CaseOutcome, Task, dose_all


def run(
    cases: Iterable[Case],
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    dvh_step_gy: float = 1.0,
    ahead: int | None = None,
) -> Iterator[CaseOutcome]:
    """Dose cases and yield their outcomes in the order of the cases, without writing files.

    Parameters
    ----------
    cases : iterable of Case
        The cases, which are read as a stream.
    executor : Executor, optional
        Any `concurrent.futures.Executor`, also that of a dask client. It is left open.
    workers : int, optional
        Number of threads without an executor, within [1, 1024]. Default: one per processor.
    dvh_step_gy : float
        Step of the cumulative histograms in Gy. Default: 1.
    ahead : int, optional
        Largest number of cases begun and not yet yielded, which bounds the memory. Default: four times those in flight.

    Yields
    ------
    CaseOutcome
        The doses as `yttria.case.dose_case` computes them, or the failure of this case.

    Raises
    ------
    OutOfRangeError
        If `workers` is out of range.
    BrokenExecutor
        If the executor breaks.

    Examples
    --------
    >>> from pathlib import Path
    >>> from yttria import write_image, write_structures
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((10.0, 10.0, 10.0))
    >>> write_image(phantom.activity, "pet.nrrd")
    >>> write_structures(phantom.structures, "seg.seg.nrrd")
    >>> case = Case(case_id="a", activity=Path("pet.nrrd"), structures=(Path("seg.seg.nrrd"),), scan_delay_h=20.0)
    >>> (outcome,) = run([case])
    >>> outcome.failure is None
    True
    """
    with ExitStack() as stack:
        pool = stack.enter_context(threads(workers)) if executor is None else of_executor(executor)
        yield from _in_order(cases, pool, Options(dvh_step_gy=dvh_step_gy), ahead)


def _in_order(cases: Iterable[Case], pool: Workers, options: Options, ahead: int | None) -> Iterator[CaseOutcome]:
    waiting: dict[int, CaseOutcome] = {}
    begun = 0
    following = 1

    def jobs() -> Iterator[Job]:
        nonlocal begun
        stream = enumerate(cases, 1)
        while tasks := [Task(row=row, case=case) for row, case in islice(stream, pool.chunk)]:
            begun = tasks[-1].row
            yield Job(function=dose_all, tasks=tasks, arguments=(options, None))

    def too_far() -> bool:
        return begun - following >= (4 * pool.in_flight * pool.chunk if ahead is None else ahead)

    schedule = Schedule(pool, jobs(), hold=too_far)
    try:
        for finished in schedule:
            if finished is None:
                continue
            waiting |= {outcome.row: outcome for outcome in finished[1]}
            while (outcome := waiting.pop(following, None)) is not None:
                following += 1
                yield outcome
    finally:
        schedule.cancel()
