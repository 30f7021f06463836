"""Content hashes, which identify a case by its files, its settings, the options and the version of yttria.

There are three hashes, from the cheapest to the decisive one.
- `entry_of` hashes the declared row without its case id. No file is looked at.
- `signature_of` hashes sizes and times of the files. If entry and signature are equal, the content was hashed before.
- `Identity.key` hashes the content of every file. Equal keys have equal results, on every machine.

The files of a case are those that its readers may open (`yttria.io.sources`). A folder counts as a whole, and a header
counts with its data. `check_read` refuses a case whose readers opened any other file.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .._core import __version__
from ..case import FILE_FIELDS, Case
from ..errors import FileFormatError
from ..io._common import sha256_of
from ..io.sources import sources_of
from ..io.stored_values import open_regular

#: Version of the recipe of keys and entries.
SCHEME = 3
#: A file younger than this when it was hashed has no signature: it may change again within one tick of its clock.
YOUNG_S = 2.0

#: Name, size, time of modification, time of the last change of status, inode.
Stamp = tuple[str, int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class Options:
    """Settings of a run that affect each result, which concern histograms, dose maps and pictures."""

    dvh_step_gy: float = 1.0
    maps: str | None = None
    pictures: bool = False


class Sources(NamedTuple):
    """Files that a field of a case may open, found in one walk through the folders."""

    field: str
    path: Path
    files: list[Path]


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Files of a case with the hashes of their content."""

    key: str
    sha256: dict[str, str]
    sources: list[Sources]
    stamps: list[Stamp]
    signature: str | None


def entry_of(declared: Mapping[str, Any], options: Options, place: str) -> str:
    """Hash a declared row without its case id. Its paths start from the folder `place`."""
    described = [{**declared, "case_id": ""}, place, *vars(options).values(), __version__, SCHEME]
    return _blake2b(json.dumps(described, sort_keys=True))


def named_paths(case: Case) -> Iterator[tuple[str, Path]]:
    """List the files and folders that a case names, by field. Further ones of a field are numbered from 2."""
    for name in FILE_FIELDS:
        declared = getattr(case, name)
        paths = declared if isinstance(declared, tuple) else () if declared is None else (declared,)
        yield from ((name if n == 1 else f"{name} {n}", path) for n, path in enumerate(paths, 1))


def find_sources(case: Case) -> list[Sources]:
    """Walk the folders of a case once. A path that does not exist or cannot be read raises `OSError`."""
    return [Sources(field, path, sources_of(path)) for field, path in named_paths(case)]


def identify(case: Case, options: Options) -> Identity:
    """Hash the files of a case. A file that cannot be read raises `OSError`, a pipe or a device `FileFormatError`."""
    sources = find_sources(case)
    stamps = stamps_of(sources)
    sha256 = _hashes(sources)
    settings = {name: value for name, value in vars(case).items() if name not in (*FILE_FIELDS, "case_id")}
    described = {"inputs": sha256, "settings": settings, "options": asdict(options)}
    key = _digest(described | {"version": __version__, "scheme": SCHEME})
    # The stamps are taken before the hashes. If a file changes in between, the signature does not fit the next run.
    return Identity(
        key=key, sha256=sha256, sources=sources, stamps=stamps, signature=signature_of(stamps, now_s=time.time())
    )


def stamps_of(sources: list[Sources]) -> list[Stamp]:
    """List name, size, times and inode of every file."""
    found = []
    for _, path, files in sources:
        for file in files:
            status = file.stat()
            found.append((_name(file, path), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))
    return found


def signature_of(stamps: list[Stamp], *, now_s: float | None = None) -> str | None:
    """Hash the stamps.

    The result is None if a file was so young at `now_s` that its times cannot show a later change.
    """
    if now_s is not None and any(now_s - max(m, c) * 1e-9 < YOUNG_S for _, _, m, c, _ in stamps):
        return None
    return _digest(stamps)


def check_read(case: Case, identity: Identity, opened: Iterable[Path]) -> None:
    """Check that the files read for a case are those that its key covers.

    Raises `FileFormatError` if a reader opened a file that the key does not cover, or if a file has changed. Files that
    are too young to be identified by their times are hashed again.
    """
    covered = {file.absolute() for found in identity.sources for file in found.files}
    # Links are followed only if a name is not among them, because that takes as long as hashing.
    if others := [path for path in opened if path not in covered]:
        followed = {os.path.realpath(file) for file in covered}
        for path in others:
            if os.path.realpath(path) not in followed:
                raise FileFormatError(
                    f"{case.activity}: {path} was read for this case and is not among the files that identify it; its "
                    "result cannot be kept under the case's key"
                )
    if stamps_of(identity.sources) != identity.stamps or (
        identity.signature is None and _hashes(identity.sources) != identity.sha256
    ):
        raise FileFormatError(f"{case.activity}: a file of the case changed while it was read")


def content_sha256(path: Path, files: list[Path] | None = None) -> str:
    """Compute the SHA-256 of a file, or for several files that of their sums and names in order of name.

    `files` are those that `sources_of` found for the path. They are found again if they are not given.
    """
    files = sources_of(path) if files is None else files
    sums = []
    for each in files:
        with open_regular(each) as file:
            sums.append(sha256_of(file))
    if files == [path]:
        return sums[0]
    lines = (f"{sha256}  {_name(file, path)}" for sha256, file in zip(sums, files, strict=True))
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _hashes(sources: list[Sources]) -> dict[str, str]:
    return {field: content_sha256(path, files) for field, path, files in sources}


def _name(file: Path, path: Path) -> str:
    if file == path:
        return "."
    # The same as relpath for a file in a folder, and several times as fast.
    return str(file.relative_to(path)) if file.is_relative_to(path) else os.path.relpath(file, path)


def _digest(value: object) -> str:
    """Hash the canonical JSON, in which an integer and the same number as a float are equal."""
    return _blake2b(json.dumps(_plain(value), sort_keys=True, ensure_ascii=True, allow_nan=False))


def _blake2b(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _plain(value: object) -> object:
    if value is None or type(value) in (str, float, bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int):
        return str(value) if isinstance(value, Path) else value
    return float(value) if abs(value) < 2**53 else str(value)
