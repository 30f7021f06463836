"""Executors that dose cases: threads, processes, a dask cluster, or any executor of the caller."""

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

#: Interval in s between two queries of the size of a cluster, and the number of threads assumed before any has joined.
_RECOUNT_S = 2.0
_ASSUMED_THREADS = 8
#: Parameters of mallopt (<malloc.h>), and the threshold in bytes.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _KEPT_BYTES = -1, -3, 1 << 30


@dataclass(kw_only=True)
class Workers:
    """An executor with its capacity.

    Parameters
    ----------
    executor : Executor
        The executor.
    chunk : int
        Cases per task.
    capacity : callable
        Returns the number of tasks that it works on at once. It is called repeatedly, because a cluster may grow.
    renew : callable, optional
        Makes another executor if this one breaks. Without it, a broken executor ends the run.
    """

    executor: Executor
    chunk: int
    capacity: Callable[[], int]
    renew: Callable[[], Executor] | None = None

    @property
    def in_flight(self) -> int:
        """Largest number of tasks submitted at once. No worker waits, and no memory is taken for more."""
        return 2 * max(self.capacity(), 1)


def processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def threads(count: int | None = None) -> Iterator[Workers]:
    """Dose one case per thread; the core, decompression and hashing release the GIL."""
    count = _checked(count)
    pool = ThreadPoolExecutor(count, "yttria-batch")
    try:
        yield Workers(executor=pool, chunk=1, capacity=lambda: count)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def processes(count: int | None = None) -> Iterator[Workers]:
    """Dose one case per process, a few cases per task."""
    count = _checked(count)

    def make() -> ProcessPoolExecutor:
        # A process with threads must not be forked.
        context = get_context("forkserver" if os.name == "posix" else "spawn")
        return ProcessPoolExecutor(count, context, initializer=_prepare)

    workers = Workers(executor=make(), chunk=4, capacity=lambda: count, renew=make)
    try:
        yield workers
    finally:
        workers.executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def dask(address: str, count: int | None = None) -> Iterator[Workers]:
    """Use the dask cluster of the scheduler at `address`, or a new one of `count` processes here if it is "local"."""
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
    """Use the workers that a dask client reaches. Workers may still join later."""

    counted, at = 0, -math.inf

    def capacity() -> int:
        nonlocal counted, at
        if time.monotonic() - at > _RECOUNT_S:
            counted, at = sum(client.nthreads().values()) or _ASSUMED_THREADS, time.monotonic()
        return counted

    return Workers(executor=client.get_executor(pure=False), chunk=16, capacity=capacity)


def of_executor(executor: Executor) -> Workers:
    """Use an executor of the caller, with the number of workers that it states, or else the number of processors."""
    client = getattr(executor, "_client", None)
    if client is not None and hasattr(client, "scheduler_info"):
        return of_client(client)
    count = getattr(executor, "_max_workers", None) or processors()
    return Workers(
        executor=executor, chunk=1 if isinstance(executor, ThreadPoolExecutor) else 4, capacity=lambda: count
    )


def keep_memory() -> None:
    """Let the C library keep freed memory for the next case, if it is glibc.

    Without this, the memory of every image goes back to the system and is fetched again page by page. That takes as
    long as dosing the case. The setting concerns the whole process. The command line and the workers made here call it,
    but a library must not.
    """
    # Windows has no library without a name, which was a TypeError before Python 3.14.
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def preload() -> None:
    """Start the server from which worker processes are forked, and let it import what they need meanwhile.

    Nothing happens on systems without such a server. There is one server per process, and every pool of the process
    receives its imports. The command line calls this, but a library must not.
    """
    if os.name == "posix":
        # A module that is not installed is ignored.
        forkserver.set_forkserver_preload(["yttria.batch.worker", "nibabel.nifti1", "zlib_ng.gzip_ng"])
        forkserver.ensure_running()


def _prepare() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # only the runner handles Ctrl-C
    threading.Thread(target=_exit_with_runner, daemon=True).start()
    keep_memory()


def _exit_with_runner() -> None:
    """End this worker when the runner ends. A killed runner cannot end its workers, and they would wait for ever."""
    if (runner := parent_process()) is not None:
        wait([runner.sentinel])
        os._exit(1)


def _checked(count: int | None) -> int:
    if count is None:
        return processors()
    if not 1 <= count <= 1024:
        raise OutOfRangeError(f"workers must be within [1, 1024], got {count}")
    return count
