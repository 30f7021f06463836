"""What a case is known by: the content of its files, its settings, and yttria's version.

Three names, from the cheapest to the one that decides:
- `entry`: the declared row without its case id, the place of its manifest, the version and the options. No file is
  looked at.
- `signature`: size and times of the files. Equal entry and signature: the content was hashed before.
- `key`: SHA-256 of every file's content with settings, options and version. Equal keys, equal results.

The files of a case are those that its readers may open (`yttria.io.sources`): folders whole, headers with their data.
`check_read` refuses a case whose readers opened any other file.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .._core import __version__
from ..case import FILE_FIELDS, Case
from ..errors import FileFormatError
from ..io._common import sha256_of
from ..io.sources import sources_of
from ..io.stored_values import open_regular

#: Changes whenever what a key is made of does.
SCHEME = 2
#: A file younger than this when it was hashed may change again within one tick of its clock: it has no signature.
YOUNG_S = 2.0

Stamp = tuple[str, int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a run adds to its cases, and what of it belongs to a result.

    `dvh_step_gy`: the grid of the cumulative histograms. `maps`: the format of the dose maps ("nii.gz", "nii",
    "nrrd"), none where not given.
    """

    dvh_step_gy: float = 1.0
    maps: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """A plain dictionary, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What the files of a case were when they were hashed."""

    key: str
    sha256: dict[str, str]
    stamps: tuple[Stamp, ...]
    signature: str | None


def entry(declared: Mapping[str, Any], options: Options, place: str) -> str:
    """The name of a declared row, whatever its case is called; `place`: of the folder that its paths start from."""
    described = [{**declared, "case_id": ""}, place, options.dvh_step_gy, options.maps, __version__, SCHEME]
    text = json.dumps(described, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def identify(case: Case, options: Options) -> Identity:
    """Hash the files of a case.

    Raises `FileNotFoundError` and other `OSError`s, and `FileFormatError` where a file changes meanwhile.
    """
    before = stamps(case)
    sha256 = _hashes(case)
    check_unchanged(case, before)
    settings = {name: value for name, value in vars(case).items() if name not in (*FILE_FIELDS, "case_id")}
    key = _digest(
        {"inputs": sha256, "settings": settings, "options": options.as_dict(), "version": __version__, "scheme": SCHEME}
    )
    return Identity(key=key, sha256=sha256, stamps=before, signature=signature(before, time.time()))


def stamps(case: Case) -> tuple[Stamp, ...]:
    """Name, size, times and inode of every file of a case."""
    found = []
    for _, path in files(case):
        for file in sources_of(path):
            status = file.stat()
            name = os.path.relpath(file, path)
            found.append((name, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))
    return tuple(found)


def signature(found: tuple[Stamp, ...], now_s: float | None = None) -> str | None:
    """The stamps in short; None where, at `now_s`, a file was too young to be known by its times."""
    if now_s is not None and any(now_s - max(m, c) * 1e-9 < YOUNG_S for _, _, m, c, _ in found):
        return None
    return _digest(found)


def check_unchanged(case: Case, before: tuple[Stamp, ...]) -> None:
    """Raise `FileFormatError` if a file is not what it was."""
    if stamps(case) != before:
        raise _changed(case)


def check_read(case: Case, identity: Identity, opened: Iterable[Path]) -> None:
    """Check that what was read for a case is what its key stands for.

    Raises `FileFormatError` if a reader opened a file that the key does not cover, or if a file has changed. Files
    whose times do not tell are hashed again.
    """
    _check_covered(case, opened)
    check_unchanged(case, identity.stamps)
    if identity.signature is None and _hashes(case) != identity.sha256:
        raise _changed(case)


def _changed(case: Case) -> FileFormatError:
    return FileFormatError(f"{case.activity}: a file of the case changed while it was read")


def _hashes(case: Case) -> dict[str, str]:
    return {name: content_sha256(path) for name, path in files(case)}


def _check_covered(case: Case, opened: Iterable[Path]) -> None:
    """Raise `FileFormatError` if a reader opened a file that the key of the case does not cover."""
    known = {os.path.realpath(file) for _, path in files(case) for file in sources_of(path)}
    for file in opened:
        if os.path.realpath(file) not in known:
            raise FileFormatError(
                f"{case.activity}: {file} was read for this case and is not among the files that identify it; its "
                "result cannot be kept under the case's key"
            )


def content_sha256(path: Path) -> str:
    """SHA-256 of a file, as `sha256sum` prints it; of several files, that of their sums and names, in order of name."""
    found = sources_of(path)
    sums = [_file_sha256(file) for file in found]
    if len(found) == 1 and found[0] == path:
        return sums[0]
    lines = (f"{sha256}  {os.path.relpath(file, path)}" for sha256, file in zip(sums, found, strict=True))
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _file_sha256(path: Path) -> str:
    with open_regular(path) as file:
        return sha256_of(file)


def files(case: Case) -> Iterable[tuple[str, Path]]:
    """The files and folders that a case names, by field; further ones of a field are numbered from 2."""
    for name in FILE_FIELDS:
        declared = getattr(case, name)
        paths = declared if isinstance(declared, tuple) else () if declared is None else (declared,)
        yield from ((name if n == 1 else f"{name} {n}", path) for n, path in enumerate(paths, 1))


def _digest(value: object) -> str:
    """128 bits of the canonical JSON; an integer and the same number as a float are one."""
    text = json.dumps(_plain(value), sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int):
        return str(value) if isinstance(value, Path) else value
    return float(value) if abs(value) < 2**53 else str(value)
