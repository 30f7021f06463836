"""Calls in processes that have little memory, or no more threads: `python exhaustion.py CALL EDGE LIMIT...`.

Each limit is a number of MiB by which the memory of the process may grow, or "threads", with which it may start none.
One line is printed for each limit: the limit, then "done", the class of a yttria error or a `MemoryError`, or
"unexpected" with the reason.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import traceback
from pathlib import Path

from long_calls import CALLS

from yttria.errors import YttriaError


def outcome(call_name: str, edge: int, limit: str) -> str:
    """Run the call in a separate process, and return its outcome."""
    # The first call imports modules and reads files.
    CALLS[call_name](16)()
    call = CALLS[call_name](edge)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        text = "died"
        try:
            limited(limit)
            call()
            text = "done"
        except (YttriaError, MemoryError) as error:
            text = type(error).__name__
        except BaseException:
            text = "unexpected: " + traceback.format_exc()[-400:]
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        text = pipe.read().decode()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return text if status == 0 else f"unexpected: exit status {status}"


def limited(limit: str) -> None:
    """Apply the limit to this process."""
    if limit == "threads":
        if os.geteuid() == 0:
            # The limit does not hold for the superuser.
            os.setresuid(65534, 65534, 65534)
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        return
    # Freed memory goes back to the system, so that the limit has an effect.
    ctypes.CDLL(None).malloc_trim(0)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most = size + int(float(limit) * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    for each in sys.argv[3:]:
        print(f"{each}\t{outcome(sys.argv[1], int(sys.argv[2]), each)!r}", flush=True)
