"""`run_manifest`: the whole job, from a manifest to the tables of a cohort."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, OutOfRangeError, UnknownNameError
from .executors import Workers, of_executor, threads
from .keys import Options
from .runner import Counts, Run
from .tables import write_tables

MAPS = ("nii.gz", "nii", "nrrd", "dcm")
#: How often the status file is renewed.
_STATUS_S = 1.0


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """How a run ended.

    `state`: "complete" (every row of the shard has a result or is in quarantine), "interrupted" or "too many failures".
    `quarantined`: rows of the whole manifest without a result; None while the tables wait for other shards.
    """

    state: str
    counts: Counts
    wall_s: float
    quarantined: int | None

    @property
    def rate_per_s(self) -> float:
        """Cases dosed per second."""
        return self.counts.done / self.wall_s if self.wall_s > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return {
            "state": self.state,
            **progress_of(self.counts, self.wall_s),
            "quarantined": self.quarantined,
            "seconds": self.counts.seconds,
        }


def run_manifest(
    manifest: str | Path,
    folder: str | Path,
    *,
    executor: Executor | AbstractContextManager[Workers] | None = None,
    dvh_step_gy: float = 1.0,
    maps: str | None = None,
    shard: tuple[int, int] = (1, 1),
    max_failures: int | None = None,
    rehash: bool = False,
    strict: bool = False,
    overwrite: bool = False,
    anonymous: bool = False,
    watch: Callable[[Run, float], None] | None = None,
) -> RunReport:
    """Dose every case of a manifest into `folder`; what is there already is not done again.

    `executor`: any `concurrent.futures.Executor`, or one of `threads`, `processes`, `dask` of
    `yttria.batch.executors`; threads, one per processor, unless given. `maps`: "nii.gz", "nii", "nrrd" or "dcm"
    (RTDOSE) writes the dose maps as well. `shard` (i, N): only every N-th row, from the i-th. `max_failures`: stop when
    more cases than that have failed. `rehash`: hash every file, also where size and times say that it was hashed
    before. A row that is no case stands in quarantine, with the reason; `strict`: then nothing is begun. `overwrite`:
    take over a folder with the results of another manifest. `anonymous`: tables without case ids, paths, names and
    dates, to be shared without the rest of the folder; not with maps in DICOM. `watch` is called often, with the run
    (its `counts`, its `stop`) and the seconds since it began.

    Raises `ManifestError` before any work if the header is wrong, every row is, or with `strict` any row is. Raises
    `ResultsExistError` if the folder is another manifest's or holds other files of the names of results. Raises
    `OSError` if results cannot be written: everything written before stands, and running again goes on from there.
    """
    if maps is not None and maps not in MAPS:
        raise UnknownNameError(f"maps must be one of {', '.join(MAPS)}, got '{maps}'")
    if anonymous and maps == "dcm":
        raise ArgumentError(
            "an RTDOSE holds the patient's name and identifiers: anonymous tables go without maps in dcm"
        )
    if not 1e-3 <= dvh_step_gy <= 1e3:
        raise OutOfRangeError(f"DVH step in Gy must be within [0.001, 1000], got {dvh_step_gy}")
    manifest, folder, options = (
        Path(manifest).resolve(),
        Path(folder).resolve(),
        Options(dvh_step_gy=float(dvh_step_gy), maps=maps),
    )
    began = time.monotonic()
    with _workers(executor) as workers:
        run = Run(
            manifest,
            folder,
            workers,
            options,
            shard=shard,
            max_failures=max_failures,
            rehash=rehash,
            strict=strict,
            overwrite=overwrite,
        )
        told = -_STATUS_S
        with closing(iter(run)) as steps:
            for counts in steps:
                wall_s = time.monotonic() - began
                if watch is not None:
                    watch(run, wall_s)
                if wall_s - told >= _STATUS_S:
                    told = wall_s
                    _say(run, folder, {"state": "running", **progress_of(counts, wall_s)})
    tables = None
    if run.stop is None:
        run.check_manifest_unchanged()
        tables = write_tables(manifest, folder, options, run.bad_rows, anonymous=anonymous)
    report = RunReport(
        state=run.stop or "complete",
        counts=run.counts,
        wall_s=time.monotonic() - began,
        quarantined=tables.quarantined if tables else None,
    )
    _say(run, folder, report.as_dict())
    return report


def progress_of(counts: Counts, wall_s: float) -> dict[str, Any]:
    """Counts, rate and time left, as plain data."""
    rate = (counts.done + counts.failed) / wall_s if wall_s > 0 else 0.0
    left = counts.total - counts.settled
    return {
        "total": counts.total,
        "done": counts.done,
        "known": counts.known,
        "failed": counts.failed,
        "rate_per_s": rate,
        "left_s": left / rate if rate > 0 else None,
        "wall_s": wall_s,
    }


def _say(run: Run, folder: Path, status: dict[str, Any]) -> None:
    """Tell machines: in the runner's own file, and in `status.json` for those who know of one runner only."""
    status = {**status, "updated": datetime.now(timezone.utc).isoformat(timespec="seconds")}
    # A disk too full for this is too full for results, which say so themselves.
    with suppress(OSError):
        run.runner.say(status)
        temporary = folder / f".status.{run.runner.name}"
        temporary.write_text(json.dumps(status, indent=1) + "\n", encoding="utf-8")
        temporary.replace(folder / "status.json")


@contextmanager
def _workers(executor: Executor | AbstractContextManager[Workers] | None) -> Iterator[Workers]:
    if isinstance(executor, Executor):
        yield of_executor(executor)
    else:
        with threads() if executor is None else executor as workers:
            yield workers
