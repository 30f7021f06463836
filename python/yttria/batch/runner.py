"""A manifest into a folder of results: nothing is lost, nothing is done twice, one bad case spoils only itself."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import FileFormatError, OutOfRangeError
from .claims import Claims, Runner
from .executors import Workers
from .files import read_ahead, remove_temporaries
from .folder import check_folder, mark_folder, place_of
from .keys import Identity, Options, content_sha256, entry, files, signature, stamps
from .ledger import Known, Ledger
from .manifest import ManifestError, ManifestRow, Problem, check_manifest, read_manifest
from .outcome import CaseOutcome
from .parts import write_part
from .schedule import Job, Schedule, WorkerDied
from .stream import died
from .work import Task, dose_all, identify_all

#: Rows that are claimed together.
BLOCK = 64
#: A temporary file that nobody has touched for so long is nobody's, also while other runners are at work.
ABANDONED_S = 3600.0
#: Results are written when so many have gathered, or the first of them is so old.
GATHERED = 256
OLDEST_S = 5.0


@dataclass(kw_only=True)
class Counts:
    """How far a run is. `total`: rows of this shard; `known`: done before, or by another runner meanwhile."""

    total: int = 0
    done: int = 0
    known: int = 0
    failed: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def settled(self) -> int:
        """Rows about which there is nothing left to do."""
        return self.done + self.known + self.failed


class Run:
    """One run over a manifest, as an iterator that yields how far it is; see `run_manifest`.

    Setting `stop` to a reason ends it soon: what is in flight is finished, and everything is saved.
    """

    def __init__(
        self,
        manifest: Path,
        folder: Path,
        workers: Workers,
        options: Options,
        *,
        shard: tuple[int, int] = (1, 1),
        max_failures: int | None = None,
        rehash: bool = False,
        strict: bool = False,
        overwrite: bool = False,
    ) -> None:
        """Check the manifest, and read what was done before.

        Raises `ManifestError` if the header is wrong, every row is or, with `strict`, any row is; `ResultsExistError`
        if the folder belongs to another manifest or is not one of results; and `OutOfRangeError`.
        """
        if not 1 <= shard[0] <= shard[1]:
            raise OutOfRangeError(f"shard must be i/N with 1 <= i <= N, got {shard[0]}/{shard[1]}")
        self._manifest, self._folder, self._workers, self._options = manifest, folder, workers, options
        self._shard, self._max_failures, self._rehash = shard, max_failures, rehash
        self._manifest_sha256 = content_sha256(manifest)
        total, problems = check_manifest(manifest, look_for_files=False)
        #: What is wrong with rows, by their number: they are not dosed and stand in quarantine.
        self.bad_rows: dict[int, list[Problem]] = {}
        for problem in problems:
            self.bad_rows.setdefault(problem.row, []).append(problem)
        if problems and (strict or 0 in self.bad_rows or len(self.bad_rows) == total):
            raise ManifestError(manifest, problems)
        check_folder(folder, manifest, overwrite=overwrite)
        self.place = place_of(manifest, folder)
        self.stop: str | None = None
        rows = range(shard[0], total + 1, shard[1])
        self.counts = Counts(total=len(rows), failed=sum(row in rows for row in self.bad_rows))
        self.began = time.monotonic()
        self._known = Known(folder)
        self._entries: dict[int, str] = {}
        self._left: dict[int, int] = {}
        self._unsaved: list[CaseOutcome] = []
        self._unsaved_lines: list[dict[str, Any]] = []
        self._oldest = 0.0

    def __iter__(self) -> Generator[Counts, None, None]:
        """Work, and yield how far it is whenever that has changed or half a second has passed."""
        mark_folder(self._folder, self._manifest)
        self.runner = Runner(self._folder)
        self._ledger = Ledger(self._folder)
        work = hashlib.sha256(f"{self._manifest_sha256} {self.place}".encode()).hexdigest()[:16]
        self._claims = Claims(self._folder, f"{work}-{self._shard[0]}-{self._shard[1]}", self.runner)
        try:
            # Where nobody else is at work, all that is older than this runner; else what no writer can be at any more.
            others = self.runner.others()
            remove_temporaries(self._folder, self.runner.started - (ABANDONED_S if others else 0.0))
            yield from self._passes()
            if self.stop is None:
                self._claims.clear()
        finally:
            self._ledger.close()
            self.runner.end()

    def check_manifest_unchanged(self) -> None:
        """Raise `FileFormatError` if the manifest is not the one that this run began with."""
        if content_sha256(self._manifest) != self._manifest_sha256:
            raise FileFormatError(
                f"{self._manifest}: was changed while its cases were dosed; what is done is kept, run it again"
            )

    def _passes(self) -> Iterator[Counts]:
        deferred: list[int] = []
        yield from self._pass(None, deferred)
        while deferred and self.stop is None:
            # Another runner has these; what it has done by now is in its ledger.
            free = {block for block in deferred if self._claims.is_free(block)}
            if not free:
                time.sleep(0.5)
                yield self.counts
                continue
            self._known = Known(self._folder)
            # What is found from here on comes after all that was just read.
            self._ledger.close()
            self._ledger = Ledger(self._folder)
            blocks, deferred = free, [block for block in deferred if block not in free]
            yield from self._pass(blocks, deferred)

    def _pass(self, only: set[int] | None, deferred: list[int]) -> Iterator[Counts]:
        schedule = Schedule(self._workers, self._jobs(only, deferred))
        try:
            for finished in schedule:
                if finished is not None:
                    self._take(*finished, schedule)
                self._save(everything=False)
                yield self.counts
                if self._max_failures is not None and self.counts.failed > self._max_failures:
                    self.stop = "too many failures"
                if self.stop is not None:
                    break
        finally:
            # Also on Ctrl-C: what is computed is kept.
            for job, results in schedule.rest():
                if job.function is dose_all:
                    self._collect(job, results)
            self._save(everything=True)

    def _jobs(self, only: set[int] | None, deferred: list[int]) -> Iterator[Job]:
        first, step = self._shard
        rows = (row for row in read_manifest(self._manifest, without=self.bad_rows) if (row.row - first) % step == 0)
        block = -1
        function = identify_all if len(self._known) else dose_all
        arguments = (self._options,) if len(self._known) else (self._options, self._folder)
        while block_rows := list(islice(rows, BLOCK)):
            block += 1
            if only is not None and block not in only:
                continue
            tasks = [task for row in block_rows if (task := self._unknown(row)) is not None]
            if tasks and not self._claims.take(block, also_done=only is not None):
                deferred.append(block)
                continue
            self.counts.known += len(block_rows) - len(tasks)
            if not tasks:
                continue
            self._left[block] = len(tasks)
            for at in range(0, len(tasks), self._workers.chunk):
                job = Job(
                    function=function, tasks=tasks[at : at + self._workers.chunk], arguments=arguments, note=block
                )
                read_ahead([path for task in job.tasks for _, path in files(task.case)])
                yield job

    def _unknown(self, row: ManifestRow) -> Task | None:
        """The task for a row, or None where its result is known by the times of its files."""
        name = entry(row.declared, self._options, self.place)
        if len(self._known) and not self._rehash:
            try:
                mark = signature(stamps(row.case))
            except (OSError, ValueError):
                mark = None
            if mark is not None and self._known.key_of(name, mark) is not None:
                return None
        self._entries[row.row] = name
        return Task(row=row.row, case=row.case)

    def _take(self, job: Job, results: list[Any] | WorkerDied, schedule: Schedule) -> None:
        if job.function is identify_all and not isinstance(results, WorkerDied):
            unknown: list[Task] = []
            settled: list[CaseOutcome] = []
            for task, found in zip(job.tasks, results, strict=True):
                if isinstance(found, CaseOutcome):
                    settled.append(found)
                elif self._known.place_of(found.key) is None:
                    unknown.append(Task(row=task.row, case=task.case, identity=found))
                else:
                    self._again(job.note, task, found)
            if settled:
                self._collect(job, settled)
            if unknown:
                schedule.urgent.append(
                    Job(function=dose_all, tasks=unknown, arguments=(self._options, self._folder), note=job.note)
                )
        else:
            self._collect(job, died(job, results))

    def _again(self, block: int, task: Task, identity: Identity) -> None:
        """A result that is there already, reached by files that were not known by their times."""
        self.counts.known += 1
        name = self._entries.pop(task.row)
        self._line({"entry": name, "signature": identity.signature, "key": identity.key})
        self._left[block] -= 1

    def _collect(self, job: Job, outcomes: list[CaseOutcome]) -> None:
        for outcome in outcomes:
            for stage, seconds in outcome.seconds.items():
                self.counts.seconds[stage] = self.counts.seconds.get(stage, 0.0) + seconds
            if outcome.failure is None:
                self.counts.done += 1
                self._oldest = self._oldest if self._unsaved or self._unsaved_lines else time.monotonic()
                self._unsaved.append(outcome)
            else:
                self.counts.failed += 1
                line = {"entry": self._entries.pop(outcome.row), "row": outcome.row, "case_id": outcome.case_id}
                self._line(line | vars(outcome.failure) | {"sha256": outcome.sha256})
        self._left[job.note] -= len(outcomes)

    def _line(self, line: dict[str, Any]) -> None:
        self._oldest = self._oldest if self._unsaved or self._unsaved_lines else time.monotonic()
        self._unsaved_lines.append(line)

    def _save(self, *, everything: bool) -> None:
        count = len(self._unsaved) + len(self._unsaved_lines)
        if count == 0 or not (everything or count >= GATHERED or time.monotonic() - self._oldest > OLDEST_S):
            return
        lines = self._unsaved_lines
        if self._unsaved:
            # In the order of the manifest as far as it goes, so that the tables are read from few parts at a time.
            self._unsaved.sort(key=lambda outcome: outcome.row)
            part = write_part(self._folder, self._unsaved)
            lines = lines + [
                {
                    "entry": self._entries[outcome.row],
                    "signature": outcome.signature,
                    "key": outcome.key,
                    "part": part,
                    "at": at,
                }
                for at, outcome in enumerate(self._unsaved)
            ]
        self._ledger.append(lines)
        for outcome in self._unsaved:
            del self._entries[outcome.row]
        self._unsaved, self._unsaved_lines = [], []
        for block in [block for block, left in self._left.items() if left == 0]:
            del self._left[block]
            self._claims.done(block)
