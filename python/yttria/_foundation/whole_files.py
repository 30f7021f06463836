"""Files that are written whole or not at all, and removal of what killed writers have left."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

#: A temporary file that has not been touched for so long is abandoned, also if its host cannot be asked.
ABANDONED_S = 86_400.0
#: A dot, the name that the file will take, the host and the process that write it, and random digits.
_TEMPORARY = re.compile(r"\..+\.([0-9a-f]{8})-(\d+)-[0-9a-f]{8}", re.DOTALL)


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes the name `path` only when all is written, and is gone if anything fails."""
    temporary = path.with_name(f".{path.name}.{_host()}-{os.getpid()}-{os.urandom(4).hex()}")
    # Exclusive, and with the permissions that any new file would get.
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
    """Remove those files that `atomic` began and that no process will finish; every other file stays.

    A file is abandoned if its process is of this host and has ended, or if nobody has touched it for `ABANDONED_S`.
    """
    for path in paths:
        match = _TEMPORARY.fullmatch(path.name)
        if match is None:
            continue
        # The writer may give it its name meanwhile, or another process may remove it.
        with suppress(FileNotFoundError):
            ended = match[1] == _host() and not _is_alive(int(match[2]))
            if ended or time.time() - path.stat().st_mtime > ABANDONED_S:
                path.unlink()


@cache
def _host() -> str:
    """Eight digits for this host; containers with one name differ if their processes are numbered separately."""
    # These take longer to import than the rest of the package's foundation.
    from hashlib import blake2b
    from socket import gethostname

    numbering = ""
    with suppress(OSError):
        numbering = str(Path("/proc/self/ns/pid").stat().st_ino)
    return blake2b(f"{gethostname()} {numbering}".encode(), digest_size=4).hexdigest()


def _is_alive(process: int) -> bool:
    """Whether a process of this host runs; true if the system does not tell."""
    if os.name == "nt":
        return True  # signal 0 would be Ctrl-C there
    try:
        os.kill(process, 0)
        # A process that has ended is still listed until its parent asks for it.
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
