"""Where cases are dosed: threads by default, processes, a dask cluster, or any executor that a caller brings."""

from __future__ import annotations

import ctypes
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import forkserver, get_context, parent_process
from multiprocessing.connection import wait
from typing import Any

from .._foundation.extras import require
from ..errors import OutOfRangeError

#: How often a cluster is asked for its size, and what is taken for it before there is any worker.
_RECOUNT_S = 2.0
_BEFORE_ANY = 8
#: From <malloc.h>; and one GiB.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _KEEP = -1, -3, 1 << 30


@dataclass(kw_only=True)
class Workers:
    """An executor, how much to give it, and how to get a new one when it broke.

    `chunk`: cases per task. `capacity`: how many tasks it works on at once, asked again and again, for a cluster may
    grow. `renew`: makes another executor; without it a broken one ends the run.
    """

    executor: Executor
    chunk: int
    capacity: Callable[[], int]
    renew: Callable[[], Executor] | None = None

    @property
    def in_flight(self) -> int:
        """Tasks to have submitted at once: enough that nobody waits, and no more, for they take memory."""
        return 2 * max(self.capacity(), 1)


def processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def threads(count: int | None = None) -> Iterator[Workers]:
    """One map per thread. The core, decompression and hashing release the GIL."""
    count = _checked(count)
    pool = ThreadPoolExecutor(count, "yttria-batch")
    try:
        yield Workers(executor=pool, chunk=1, capacity=lambda: count)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def processes(count: int | None = None) -> Iterator[Workers]:
    """One map per process, a few cases per task."""
    count = _checked(count)

    def make() -> ProcessPoolExecutor:
        # Not forked: this process has threads.
        context = get_context("forkserver" if os.name == "posix" else "spawn")
        return ProcessPoolExecutor(count, context, initializer=_prepare)

    workers = Workers(executor=make(), chunk=4, capacity=lambda: count, renew=make)
    try:
        yield workers
    finally:
        workers.executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def dask(address: str, count: int | None = None) -> Iterator[Workers]:
    """The workers of a dask cluster: of the scheduler at `address`, or "local" for one of `count` processes here."""
    distributed = require("distributed", "cluster")
    if address == "local":
        local = distributed.LocalCluster(
            n_workers=_checked(count), threads_per_worker=1, processes=True, dashboard_address=None
        )
        with local as cluster, distributed.Client(cluster) as client:
            yield of_client(client)
    else:
        with distributed.Client(address) as client:
            yield of_client(client)


def of_client(client: Any) -> Workers:
    """The workers that a dask client reaches; there may be none yet, and more later."""

    counted, at = 0, -math.inf

    def capacity() -> int:
        nonlocal counted, at
        if time.monotonic() - at > _RECOUNT_S:
            counted, at = sum(client.nthreads().values()) or _BEFORE_ANY, time.monotonic()
        return counted

    return Workers(executor=client.get_executor(pure=False), chunk=16, capacity=capacity)


def of_executor(executor: Executor) -> Workers:
    """An executor of the caller's; its number of workers where it tells, else that of the processors."""
    client = getattr(executor, "_client", None)
    if client is not None and hasattr(client, "scheduler_info"):
        return of_client(client)
    count = getattr(executor, "_max_workers", None) or processors()
    return Workers(
        executor=executor, chunk=1 if isinstance(executor, ThreadPoolExecutor) else 4, capacity=lambda: count
    )


def keep_memory() -> None:
    """Let the C library keep what is freed for the next case, where it is glibc; else nothing.

    Without this the memory of every image goes back to the system and is fetched again page by page, which takes as
    long as dosing the case. It concerns the whole process: the command line and the workers made here do it, a library
    must not.
    """
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _KEEP)
        mallopt(_M_TRIM_THRESHOLD, _KEEP)


def preload() -> None:
    """Start the server that worker processes are forked from, and let it import what they need, while this one goes on.

    Where there is such a server; else nothing. It is one per process, and what it has imported any pool of the process
    gets: the command line does this, a library must not.
    """
    if os.name == "posix":
        # One that is not installed is passed over.
        forkserver.set_forkserver_preload(["yttria.batch.work", "nibabel.nifti1", "zlib_ng.gzip_ng"])
        forkserver.ensure_running()


def _prepare() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the runner alone
    threading.Thread(target=_end_with_the_runner, daemon=True).start()
    keep_memory()


def _end_with_the_runner() -> None:
    """A killed runner cannot end its workers, and a pool's workers would wait for it for ever."""
    if (runner := parent_process()) is not None:
        wait([runner.sentinel])
        os._exit(1)


def _checked(count: int | None) -> int:
    if count is None:
        return processors()
    if not 1 <= count <= 1024:
        raise OutOfRangeError(f"workers must be within [1, 1024], got {count}")
    return count
