"""Dose maps and pictures under the names of their cases, beside the same files under the keys of their results."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from unicodedata import normalize

from .._foundation.csv_tables import as_written, write_csv
from .._foundation.whole_files import atomic
from .tables import read_rows

#: The folder, and the list of what is in it.
BY_CASE, LIST = "by_case", "names.csv"
#: Most cases whose files share one folder.
_IN_ONE_FOLDER = 1000
#: Characters of a file's name that no system refuses and no shell takes for something else; letters of any script.
_UNSAFE = re.compile(r"[^\w .,=+@()-]")
_LONGEST = 80
#: Names that Windows keeps for devices.
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def file_stem(case_id: str, row: int) -> str:
    """A file's name for a case: its id, and the row of the manifest if the id cannot be the whole name.

    Examples
    --------
    >>> file_stem("patient 3", 7), file_stem("../a:b", 7), file_stem("", 7)
    ('patient 3', '_a_b_row_7', 'row_7')
    """
    # One system takes composed and decomposed letters for two names, another for one.
    safe = _UNSAFE.sub("_", normalize("NFC", case_id)).strip(" .")[:_LONGEST].rstrip(" .")
    if safe == case_id and safe and not _DEVICE.fullmatch(safe) and not safe.startswith("-"):
        return safe
    return "_".join(filter(None, (safe.lstrip("-"), f"row_{row}")))


def name_results(folder: Path) -> int:
    """Give every dose map and picture of the tables a second name after its case.

    Parameters
    ----------
    folder : Path
        Folder of results with its tables.

    Returns
    -------
    int
        Number of files in `by_case`; more than 1000 cases are in a folder for each thousand rows of the manifest.
        `names.csv` lists them with case id, row and key. Files that an earlier list names and this one does not are
        removed. Without maps and pictures nothing is made.

    Notes
    -----
    The second name is a hard link, so that it takes no space and can be moved. On file systems without hard links it is
    a symbolic link, or else a copy.
    """
    inside = folder / BY_CASE
    before, now = set(_listed(inside)), {row["file"] for row in _names(folder)}
    if not before and not now:
        return 0
    inside.mkdir(exist_ok=True)
    for name in before - now:
        (inside / name).unlink(missing_ok=True)
    write_csv(inside / LIST, _linked(folder), ("file", "row", "case_id", "key", "result"), one_line=False)
    for emptied in {(inside / name).parent for name in before - now} - {inside}:
        with suppress(OSError):
            emptied.rmdir()
    return len(now)


def _linked(folder: Path) -> Iterator[dict[str, str]]:
    for row in _names(folder):
        _link(folder / row["result"], folder / BY_CASE / row["file"])
        yield row


def _names(folder: Path) -> Iterator[dict[str, str]]:
    taken: set[str] = set()
    columns = ("row", "case_id", "key", "dose_map", "picture")
    last = max((table["row"][-1].as_py() for table in read_rows(folder, "cases", ("row",)) if len(table)), default=0)
    for table in read_rows(folder, "cases", columns):
        rows = table.to_pydict()
        for row, case_id, key, *results in zip(*(rows[name] for name in columns), strict=True):
            stem = file_stem(case_id, row)
            # Some systems take two spellings for one name.
            if stem.casefold() in taken:
                stem = f"{stem}_row_{row}"
            taken.add(stem.casefold())
            first = (row - 1) // _IN_ONE_FOLDER * _IN_ONE_FOLDER + 1
            room = f"rows_{first}_to_{first + _IN_ONE_FOLDER - 1}/" if last > _IN_ONE_FOLDER else ""
            for result in filter(None, results):
                ending = Path(result).name.partition(".")[2]
                yield {
                    "file": f"{room}{stem}.{ending}",
                    "row": str(row),
                    "case_id": case_id,
                    "key": key,
                    "result": result,
                }


def _listed(inside: Path) -> Iterator[str]:
    """Files that an earlier list names; a name that would lie elsewhere is passed over."""
    with suppress(OSError, ValueError, csv.Error), (inside / LIST).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = as_written(row.get("file") or "")
            if name and not Path(name).is_absolute() and ".." not in Path(name).parts:
                yield name


def _link(source: Path, name: Path) -> None:
    name.parent.mkdir(exist_ok=True)
    for make in (os.link, _symbolic):
        # Another runner that ends now may have made it meanwhile.
        if _is_same(source, name):
            return
        name.unlink(missing_ok=True)
        with suppress(OSError):
            make(source, name)
            return
    if not _is_same(source, name):
        with source.open("rb") as stored, atomic(name) as file:
            shutil.copyfileobj(stored, file)


def _symbolic(source: Path, name: Path) -> None:
    name.symlink_to(os.path.relpath(source, name.parent))


def _is_same(source: Path, name: Path) -> bool:
    try:
        return source.samefile(name)
    except OSError:
        return False
