"""Run of a manifest into a folder of results.

Results are content-addressed. The key of a result is a hash of everything that it depends on, and each file is complete
or missing. Runners on one folder need not coordinate. If two dose the same case, both write the same bits under the
same key, and the tables hold them once. Shards avoid that double work, but correctness does not depend on them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Any

from .._foundation.extras import require
from .._foundation.whole_files import atomic
from ..errors import ArgumentError, FileFormatError, OutOfRangeError, UnknownNameError
from .content_hash import (
    Identity,
    Options,
    content_sha256,
    entry_of,
    find_sources,
    named_paths,
    signature_of,
    stamps_of,
)
from .csv_copies import remove_csv_copies, write_csv_copies
from .executors import Workers, of_executor, threads
from .ledger import CompletedIndex, Ledger
from .manifest import ManifestError, ManifestRow, Problem, check_manifest, read_manifest
from .named_results import name_results
from .parts import new_part
from .results_folder import check_folder, manifest_place, mark_folder, remove_leftovers
from .run_report import Counts, RunReport
from .schedule import Job, Schedule
from .tables import write_tables
from .worker import CaseOutcome, Task, dose_all, identify_all

MAPS = ("nii.gz", "nii", "nrrd", "dcm")
#: Number of results, and age in s of the first of them, at which results are saved.
GATHERED = 256
OLDEST_S = 5.0
#: Interval in s at which the status file is renewed.
_STATUS_S = 1.0


class Run:
    """One run over a manifest, as an iterator that yields its counts (see `run_manifest`).

    Setting `stop` to a reason ends it soon. Cases in flight are finished, and everything is saved.
    """

    counts: Counts

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
        """Check manifest and folder, and read the results of earlier runs. Both paths are absolute."""
        if not 1 <= shard[0] <= shard[1]:
            raise OutOfRangeError(f"shard must be i/N with 1 <= i <= N, got {shard[0]}/{shard[1]}")
        self._manifest, self._folder, self._workers, self._options = manifest, folder, workers, options
        self._shard, self._max_failures, self._rehash = shard, max_failures, rehash
        self._manifest_sha256 = content_sha256(manifest)
        total, problems = check_manifest(manifest, look_for_files=False)
        #: Problems of rows by their number. Such rows are not dosed and are put into quarantine.
        self.bad_rows: dict[int, list[Problem]] = {}
        for problem in problems:
            self.bad_rows.setdefault(problem.row, []).append(problem)
        if problems and (strict or 0 in self.bad_rows or len(self.bad_rows) == total):
            raise ManifestError(manifest, problems)
        check_folder(folder, manifest, overwrite=overwrite)
        self._place = manifest_place(manifest, folder)
        self.stop: str | None = None
        rows = range(shard[0], total + 1, shard[1])
        self.counts = Counts(total=len(rows), failed=sum(row in rows for row in self.bad_rows))
        self._index = CompletedIndex(folder)
        self._unsaved: list[tuple[str, CaseOutcome]] = []
        self._unsaved_lines: list[dict[str, Any]] = []
        self._oldest = 0.0

    def __iter__(self) -> Generator[Counts, None, None]:
        """Work, and yield the counts whenever they have changed or half a second has passed."""
        mark_folder(self._folder, self._manifest)
        remove_leftovers(self._folder)
        self._ledger = Ledger(self._folder)
        schedule = Schedule(self._workers, self._jobs())
        try:
            for finished in schedule:
                if finished is not None:
                    self._collect(*finished, schedule)
                self._save(everything=False)
                yield self.counts
                if self._max_failures is not None and self.counts.failed > self._max_failures:
                    self.stop = "too many failures"
                if self.stop is not None:
                    break
        finally:
            # Computed results are kept, also after Ctrl-C.
            try:
                for job, results in schedule.rest():
                    self._collect(job, results, schedule)
                self._save(everything=True)
            finally:
                self._ledger.close()

    def write_tables(self, *, anonymous: bool, csv: bool) -> int | None:
        """Write the tables, as `yttria.batch.tables.write_tables`, and what follows from them: copies as CSV, names.

        A manifest that has changed since the run began raises `FileFormatError`.
        """
        if content_sha256(self._manifest) != self._manifest_sha256:
            raise FileFormatError(
                f"{self._manifest}: was changed while its cases were dosed; what is done is kept, run it again"
            )
        folder = self._folder
        quarantined = write_tables(self._manifest, folder, self._options, self.bad_rows, anonymous=anonymous)
        if quarantined is not None:
            if csv:
                write_csv_copies(folder)
            else:
                remove_csv_copies(folder)
            name_results(folder)
        return quarantined

    def write_status(self, status: dict[str, Any]) -> None:
        """Replace the status file, which other programs read. Each shard has its own."""
        name = "status.json" if self._shard[1] == 1 else f"status_{self._shard[0]}_of_{self._shard[1]}.json"
        status = status | {"updated": datetime.now(timezone.utc).isoformat(timespec="seconds")}
        # A disk too full for this file is also too full for results, whose error is raised.
        with suppress(OSError), atomic(self._folder / name) as file:
            file.write((json.dumps(status, indent=1) + "\n").encode())

    def _jobs(self) -> Iterator[Job]:
        """Yield jobs of a few cases without a result.

        Cases that may be among the results are identified, others dosed.
        """
        first, step = self._shard
        rows = (row for row in read_manifest(self._manifest, without=self.bad_rows) if (row.row - first) % step == 0)
        tasks = (task for row in rows if (task := self._task(row)) is not None)
        while chunk := list(islice(tasks, self._workers.chunk)):
            _read_ahead(path for task in chunk for _, path in named_paths(task.case))
            if len(self._index):
                yield Job(function=identify_all, tasks=chunk, arguments=(self._options,))
            else:
                yield Job(function=dose_all, tasks=chunk, arguments=(self._options, self._folder))

    def _task(self, row: ManifestRow) -> Task | None:
        """Make the task of a row, or None if the times of its files show that its result exists."""
        entry = entry_of(row.declared, self._options, self._place)
        if len(self._index) and not self._rehash:
            with suppress(OSError, ValueError):
                signature = signature_of(stamps_of(find_sources(row.case)))
                if self._index.key_of(entry, signature) is not None:
                    self.counts.known += 1
                    return None
        return Task(row=row.row, case=row.case, entry=entry)

    def _collect(self, job: Job, results: list[Identity | CaseOutcome], schedule: Schedule) -> None:
        """Take the results of a job. Identified cases without a result are dosed next."""
        self._oldest = self._oldest if self._unsaved or self._unsaved_lines else time.monotonic()
        unknown: list[Task] = []
        for task, result in zip(job.tasks, results, strict=True):
            if isinstance(result, Identity):
                if self._index.place_of(result.key) is None:
                    unknown.append(replace(task, identity=result))
                else:
                    self.counts.known += 1
                    self._unsaved_lines.append({"entry": task.entry, "signature": result.signature, "key": result.key})
                continue
            for stage, seconds in result.seconds.items():
                self.counts.seconds[stage] = self.counts.seconds.get(stage, 0.0) + seconds
            if result.failure is None:
                self.counts.done += 1
                self._unsaved.append((task.entry, result))
            else:
                self.counts.failed += 1
                line = {"entry": task.entry, "row": result.row, "case_id": result.case_id, "sha256": result.sha256}
                self._unsaved_lines.append(line | vars(result.failure))
        if unknown:
            schedule.urgent.append(Job(function=dose_all, tasks=unknown, arguments=(self._options, self._folder)))

    def _save(self, *, everything: bool) -> None:
        count = len(self._unsaved) + len(self._unsaved_lines)
        if count == 0 or not (everything or count >= GATHERED or time.monotonic() - self._oldest > OLDEST_S):
            return
        if self._unsaved:
            # Results are saved in the order of the manifest where possible, so that the tables are read from few parts
            # at a time.
            self._unsaved.sort(key=lambda saved: saved[1].row)
            with new_part(self._folder, [outcome for _, outcome in self._unsaved]) as part:
                lines = [
                    {"entry": entry, "signature": outcome.signature, "key": outcome.key, "part": part, "at": at}
                    for at, (entry, outcome) in enumerate(self._unsaved)
                ]
                self._ledger.append(self._unsaved_lines + lines)
        else:
            self._ledger.append(self._unsaved_lines)
        self._unsaved, self._unsaved_lines = [], []


def run_manifest(
    manifest: str | Path,
    folder: str | Path,
    *,
    executor: Executor | AbstractContextManager[Workers] | None = None,
    dvh_step_gy: float = 1.0,
    maps: str | None = None,
    pictures: bool = False,
    csv: bool = False,
    shard: tuple[int, int] = (1, 1),
    max_failures: int | None = None,
    rehash: bool = False,
    strict: bool = False,
    overwrite: bool = False,
    anonymous: bool = False,
    on_progress: Callable[[Run, float], None] | None = None,
) -> RunReport:
    """Dose every case of a manifest that has no result yet in a folder of results.

    Parameters
    ----------
    manifest : str or Path
        The manifest, `.csv` or `.parquet`.
    folder : str or Path
        The folder of results.
    executor : Executor or context manager of Workers, optional
        Any `concurrent.futures.Executor`, or one of `threads`, `processes` and `dask` of `yttria.batch.executors`.
        Default: threads, one per processor.
    dvh_step_gy : float
        Step of the cumulative histograms in Gy, within [0.001, 1000]. Default: 1.
    maps : {"nii.gz", "nii", "nrrd", "dcm"}, optional
        Format of the dose maps ("dcm": RTDOSE). Default: none are written. Under `by_case` they have the names of
        their cases.
    pictures : bool
        Draw the dose of each case over its CT, or on black, with the outlines of the structures. Default: False.
    csv : bool
        Write the tables as CSV too. Default: False, and copies of an earlier run are removed.
    shard : (int, int)
        (i, N) doses every N-th row from the i-th. Default: (1, 1), which is all rows.
    max_failures : int, optional
        The run stops when more cases than this have failed.
    rehash : bool
        Hash every file, even if its size and times are those of the last hashing. Default: False.
    strict : bool
        Dose no case if any row of the manifest has a problem. Default: False, which puts such a row into quarantine.
    overwrite : bool
        Allow a folder with the results of another manifest. Default: False.
    anonymous : bool
        Leave case ids, paths, names and dates out of the tables. Default: False.
    on_progress : callable, optional
        Called often with the run (see its `counts` and `stop`) and the time in s since the start.

    Returns
    -------
    RunReport
        How the run ended.

    Raises
    ------
    ManifestError
        Before any work, if the header is wrong, if every row is wrong, or with `strict` if any row is.
    ResultsExistError
        If the folder belongs to another manifest, or holds files with names of results that no run has written.
    UnknownNameError
        If `maps` is not one of the formats.
    ArgumentError
        If `anonymous` is combined with maps in DICOM, which hold the patient's name.
    MissingExtraError
        If `pictures` needs the extra `plot`, which is not installed.
    OutOfRangeError
        If `dvh_step_gy` or `shard` is out of range.
    FileFormatError
        If the manifest cannot be read or has changed during the run, or if results on the disk were damaged.
    OSError
        If results cannot be written. What was written before is kept, and the next run goes on from there.

    Examples
    --------
    >>> from yttria import write_image, write_structures
    >>> from yttria.batch import write_manifest
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((10.0, 10.0, 10.0))
    >>> write_image(phantom.activity, "pet.nrrd")
    >>> write_structures(phantom.structures, "seg.seg.nrrd")
    >>> row = {"case_id": "a", "activity": "pet.nrrd", "structures": "seg.seg.nrrd", "scan_delay_h": 20.0}
    >>> _ = write_manifest([row], "manifest.csv")
    >>> run_manifest("manifest.csv", "results").state
    'complete'
    """
    if maps is not None and maps not in MAPS:
        raise UnknownNameError(f"maps must be one of {', '.join(MAPS)}, got '{maps}'")
    if anonymous and maps == "dcm":
        raise ArgumentError(
            "an RTDOSE holds the patient's name and identifiers: anonymous tables go without maps in dcm"
        )
    if not 1e-3 <= dvh_step_gy <= 1e3:
        raise OutOfRangeError(f"DVH step in Gy must be within [0.001, 1000], got {dvh_step_gy}")
    if pictures:
        require("matplotlib", "plot")
        require("contourpy", "plot")
    began = time.monotonic()
    with _workers(executor) as workers:
        run = Run(
            Path(manifest).resolve(),
            Path(folder).resolve(),
            workers,
            Options(dvh_step_gy=float(dvh_step_gy), maps=maps, pictures=pictures),
            shard=shard,
            max_failures=max_failures,
            rehash=rehash,
            strict=strict,
            overwrite=overwrite,
        )
        status_s = -_STATUS_S
        with closing(iter(run)) as steps:
            for counts in steps:
                wall_s = time.monotonic() - began
                if on_progress is not None:
                    on_progress(run, wall_s)
                if wall_s - status_s >= _STATUS_S:
                    status_s = wall_s
                    run.write_status({"state": "running"} | counts.as_dict(wall_s))
    quarantined = run.write_tables(anonymous=anonymous, csv=csv) if run.stop is None else None
    state = run.stop or "complete"
    report = RunReport(state=state, counts=run.counts, wall_s=time.monotonic() - began, quarantined=quarantined)
    run.write_status(report.as_dict())
    return report


@contextmanager
def _workers(executor: Executor | AbstractContextManager[Workers] | None) -> Iterator[Workers]:
    if isinstance(executor, Executor):
        yield of_executor(executor)
    else:
        with threads() if executor is None else executor as workers:
            yield workers


def _read_ahead(paths: Iterable[Path]) -> None:
    """Let the system read these files into memory soon."""
    if not hasattr(os, "posix_fadvise"):
        return
    for path in paths:
        # Opening must not block, because a pipe without a writer would stop the runner for ever.
        with suppress(OSError, ValueError):
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            try:
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_WILLNEED)
            finally:
                os.close(descriptor)
