"""Files that are written whole or not at all, and removal of temporary files that killed processes left."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

#: A temporary file that was not written to for this time is abandoned, also if its process runs on another host.
ABANDONED_S = 86_400.0
#: A dot, the final name of the file, the host and the process that write it, and random digits.
_TEMPORARY = re.compile(r"\..+\.([0-9a-f]{8})-(\d+)-[0-9a-f]{8}", re.DOTALL)


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Open a file that gets the name `path` only when it is complete, and is removed if writing fails."""
    temporary = path.with_name(f".{path.name}.{_host()}-{os.getpid()}-{os.urandom(4).hex()}")
    # The file is opened exclusively, with the permissions of any new file.
    with temporary.open("xb") as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            file.close()
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                file.close()
            with suppress(FileNotFoundError):
                temporary.unlink()
            raise


def remove_abandoned(paths: Iterable[Path]) -> None:
    """Remove the files that `atomic` began and no process will finish; every other file stays.

    A file is abandoned if its process ran on this host and has ended, or if it was not written to for `ABANDONED_S`.
    """
    for path in paths:
        match = _TEMPORARY.fullmatch(path.name)
        if match is None:
            continue
        # Meanwhile the writer may rename the file, or another process may remove it.
        with suppress(FileNotFoundError):
            ended = match[1] == _host() and not _is_alive(int(match[2]))
            if ended or time.time() - path.stat().st_mtime > ABANDONED_S:
                path.unlink()


@cache
def _host() -> str:
    """Return eight digits for this host; they differ between containers of one name with separate process numbers."""
    # These modules take longer to import than the rest of the foundation.
    from hashlib import blake2b
    from socket import gethostname

    numbering = ""
    with suppress(OSError):
        numbering = str(Path("/proc/self/ns/pid").stat().st_ino)
    return blake2b(f"{gethostname()} {numbering}".encode(), digest_size=4).hexdigest()


def _is_alive(process: int) -> bool:
    """Whether a process of this host runs; true if the system gives no answer."""
    if os.name == "nt":
        return True  # On Windows, signal 0 would be Ctrl-C.
    try:
        os.kill(process, 0)
        # A process that has ended is still listed until its parent asks for it.
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
