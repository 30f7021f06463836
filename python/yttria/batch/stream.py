"""`yttria.batch.run`: cases in, outcomes out, in order; nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import ExitStack
from itertools import islice

from ..case import Case
from .executors import Workers, of_executor, threads
from .keys import Options
from .outcome import CaseOutcome, Failure
from .schedule import Job, Schedule, WorkerDied
from .work import Task, dose_all


def run(
    cases: Iterable[Case],
    *,
    executor: Executor | None = None,
    workers: int | None = None,
    dvh_step_gy: float = 1.0,
    ahead: int | None = None,
) -> Iterator[CaseOutcome]:
    """Dose cases and yield their outcomes in the order of `cases`, each exactly as `yttria.case.dose_case` doses it.

    `cases` is read as a stream. A case that fails yields an outcome with `failure`, and spoils nothing else.
    `executor`: any `concurrent.futures.Executor` (that of a dask client as well), which is left open; where not given,
    `workers` threads, one per processor unless said otherwise. At most `ahead` cases (four times what is in flight
    unless given) are begun and not yet yielded, which bounds the memory.

    Raises `OutOfRangeError` where `workers` is not within [1, 1024], and whatever breaks the executor itself.
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
            job, outcomes = finished
            waiting |= {outcome.row: outcome for outcome in died(job, outcomes)}
            while (outcome := waiting.pop(following, None)) is not None:
                following += 1
                yield outcome
    finally:
        schedule.cancel()


def died(job: Job, outcomes: list[CaseOutcome] | WorkerDied) -> list[CaseOutcome]:
    """The outcomes themselves, or those of the tasks that a worker died of."""
    if not isinstance(outcomes, WorkerDied):
        return outcomes
    failure = Failure(error="WorkerDied", message=str(outcomes))
    return [CaseOutcome(row=task.row, case_id=task.case.case_id, failure=failure) for task in job.tasks]
