"""Files that may be opened when a path is read, found without reading values; they identify the input of a case."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from .label_names import table_of_names
from .pet_sidecar import sidecars_of

#: Most bytes of a header that are searched for the names of data files, and the bytes that nearly every header fits.
_HEADER, _SHORT = 1 << 20, 1 << 14
#: NRRD, MetaImage and Interfile name the file with their values in a line of the header.
_NAMES_DATA = re.compile(rb"^\s*!?(?:data ?file|elementdatafile|name of data file)\s*:?=?\s*(.*?)\s*$", re.I | re.M)
#: Tables of label names and sidecars beside a file in NIfTI.
_SIDECARS = (".tsv", ".json")


def sources_of(path: Path) -> list[Path]:
    """List every file that the readers may open for `path`.

    Parameters
    ----------
    path : Path
        A file or a folder, as a case names it.

    Returns
    -------
    list of Path
        For a folder, every regular file in it and its subfolders, by name. For a file, the file itself, the data files
        that its header names, tables of label names beside it, and its PET-BIDS sidecars, if they exist.

    Raises
    ------
    OSError
        If the path does not exist or cannot be read.

    Notes
    -----
    The list may hold files that are not opened, but must hold every file that is. A batch compares it with the files
    that the readers report (`yttria.io.opened`), and rejects a case whose readers opened another file.
    """
    if path.is_dir():
        inside = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
        return sorted(file for file in inside if _is_regular(file))
    path.stat()
    return list(dict.fromkeys([path, *(file for file in _files_beside(path) if _is_regular(file))]))


def _files_beside(path: Path) -> Iterator[Path]:
    name = path.name.casefold()
    if name.endswith((".nii", ".nii.gz")):
        stem = re.sub(r"\.nii(\.gz)?$", "", path.name, flags=re.I)
        yield from (path.with_name(stem + suffix) for suffix in _SIDECARS)
        yield from sidecars_of(path)
        if table := table_of_names(path):
            yield table
        return
    if not _is_regular(path):
        return
    with path.open("rb") as file:
        head = file.read(_SHORT)
        if head[128:132] == b"DICM":
            return
        if b"\0" not in head:
            head += file.read(_HEADER - len(head))
    # Headers are text: what follows a zero byte is values, which would take milliseconds to search.
    head = head.partition(b"\0")[0]
    for found in _NAMES_DATA.finditer(head):
        named = os.fsdecode(found.group(1))
        words = named.split()
        if words[:1] == ["LIST"]:
            rest = head[found.end() :].decode("utf-8", "surrogateescape")
            yield from (path.parent / line.strip() for line in rest.splitlines() if line.strip() and "\0" not in line)
        elif "%" in named and words:
            # For a numbered sequence, this finds every file that the pattern can name.
            pattern = re.compile(re.sub(r"%0?\d*d", r"\\d+", re.escape(Path(words[0]).name).replace(r"\%", "%")))
            folder = (path.parent / words[0]).parent
            if folder.is_dir():
                yield from (file for file in sorted(folder.iterdir()) if pattern.fullmatch(file.name))
        elif named and "\0" not in named:
            yield path.parent / named


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False
