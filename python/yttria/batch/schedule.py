"""Jobs run by an executor with a bounded number in flight, in the order in which they finish."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from .executors import Workers
from .worker import Task, failed


@dataclass(eq=False, kw_only=True)
class Job:
    """Tasks with the function of `yttria.batch.worker` that runs them."""

    function: Callable[..., list[Any]]
    tasks: Sequence[Task]
    arguments: tuple[Any, ...] = ()
    suspect: bool = field(default=False, repr=False)


class WorkerDiedError(Exception):
    """Error of a case during which the worker process ended twice."""


class Schedule:
    """Run jobs, `workers.in_flight` at once, and return each with its results when it has finished.

    Jobs in `urgent` run before those of the stream. While `hold()` is true, no job of the stream begins. If a worker
    process ends unexpectedly, its jobs are repeated one case at a time. A case that ends its worker again has failed.
    """

    def __init__(
        self, workers: Workers, jobs: Iterator[Job], *, hold: Callable[[], bool] | None = None, tick_s: float = 0.5
    ) -> None:
        """Keep jobs and workers. No job is submitted yet."""
        self._workers = workers
        self._jobs = jobs
        self._hold = hold
        self._tick_s = tick_s
        self._running: dict[Future[Any], Job] = {}
        self._finished: SimpleQueue[Future[Any]] = SimpleQueue()
        self._suspects: deque[Job] = deque()
        self.urgent: deque[Job] = deque()

    def __iter__(self) -> Iterator[tuple[Job, list[Any]] | None]:
        """Yield jobs with their results.

        After each `tick_s` without a result, None is yielded so that the caller can continue.
        """
        while True:
            self._fill()
            if not self._running:
                if not self._suspects:
                    return
                continue
            try:
                future = self._finished.get(timeout=self._tick_s)
            except Empty:
                yield None
                continue
            if (answer := self._answer(future)) is not None:
                yield answer

    def cancel(self) -> None:
        """Cancel jobs that have not begun."""
        for future in list(self._running):
            future.cancel()

    def rest(self) -> Iterator[tuple[Job, list[Any]]]:
        """Cancel jobs that have not begun, and return those that still finish."""
        self.cancel()
        while self._running:
            future = self._finished.get()
            job = self._running.pop(future, None)
            if job is not None and not future.cancelled() and future.exception() is None:
                yield job, future.result()

    def _fill(self) -> None:
        while len(self._running) < (1 if self._suspects else self._workers.in_flight):
            if self._suspects:
                if self._running:
                    return
                job = self._suspects.popleft()
            elif self.urgent:
                job = self.urgent.popleft()
            elif (self._hold is not None and self._hold()) or (following := next(self._jobs, None)) is None:
                return
            else:
                job = following
            self._submit(job)

    def _submit(self, job: Job) -> None:
        try:
            future = self._workers.executor.submit(job.function, job.tasks, *job.arguments)
        except BrokenExecutor:
            if self._workers.renew is None:
                raise
            self._workers.executor.shutdown(wait=False, cancel_futures=True)
            self._workers.executor = self._workers.renew()
            future = self._workers.executor.submit(job.function, job.tasks, *job.arguments)
        self._running[future] = job
        future.add_done_callback(self._finished.put)

    def _answer(self, future: Future[Any]) -> tuple[Job, list[Any]] | None:
        job = self._running.pop(future)
        error = future.exception()
        if error is None:
            return job, future.result()
        if not (isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker"):
            raise error
        if isinstance(error, BrokenExecutor) and self._workers.renew is None:
            raise error
        if job.suspect:
            died = WorkerDiedError(f"the worker died while it did this case, alone: {error}")
            return job, [failed(task, died) for task in job.tasks]
        self._suspects += [
            Job(function=job.function, tasks=[task], arguments=job.arguments, suspect=True) for task in job.tasks
        ]
        return None
