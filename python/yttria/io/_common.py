"""What the formats share: whole files or none, plain errors, and the rule for units."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import (
    ArgumentError,
    FileFormatError,
    InsufficientMemoryError,
    MissingExtraError,
    UnitError,
    UnknownNameError,
    YttriaError,
)
from ..image import UNITS, checked_unit
from ..structure_selection import Patterns, select_structures


@contextmanager
def decoding(path: Path, kind: str) -> Iterator[None]:
    """Every error names the file, and whatever a decoder raises on damaged input becomes a `FileFormatError`."""
    try:
        yield
    except (MissingExtraError, FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except YttriaError as error:
        if str(error).startswith(str(path)):
            raise
        raise type(error)(f"{path}: {error}") from error
    except MemoryError as error:
        raise InsufficientMemoryError(f"{path}: its values need more memory than is available") from error
    except Exception as error:
        raise FileFormatError(f"{path}: not a readable {kind} file: {str(error) or type(error).__name__}") from error


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


def agreed_unit(path: Path, stated: str | None, given: str | None) -> str:
    """The unit that the file states or the caller gives; `UnitError` where there is none or they differ."""
    known = stated if stated in UNITS else None
    if given is None and known is None:
        says = f"states the unit {stated!r}, which is not a known one" if stated else "states no unit"
        raise UnitError(f"{path}: the file {says}; pass unit= one of {', '.join(UNITS)}")
    if given is not None and known is not None and checked_unit(given) != known:
        raise UnitError(f"{path}: the file is in {known}, not {given}")
    return known or checked_unit(str(given))


def positions(
    path: Path,
    known: Sequence[str],
    names: Sequence[str] | None,
    *,
    only: Patterns = None,
    exclude: Patterns = None,
) -> list[int]:
    """Where the wanted names stand among the known ones, in the wanted order; all where none are wanted by name.

    `only` and `exclude` are patterns as in `yttria.select_structures`.
    """
    if names is None:
        kept = set(select_structures(known, only=only, exclude=exclude))
        return [n for n, name in enumerate(known) if name in kept]
    if only is not None or exclude is not None:
        raise ArgumentError("structures are selected either by names, or by the patterns only and exclude")
    for name in names:
        if name not in known:
            raise UnknownNameError(f"{path}: structure must be one of {', '.join(known)}, got '{name}'")
    return [n for name in names for n, other in enumerate(known) if other == name]
