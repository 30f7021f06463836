"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the name `path` only when all is written, and is gone if anything fails."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
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
