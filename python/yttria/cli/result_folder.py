"""Folder of the results of one run, whose index names each file with its SHA-256."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from .._foundation.whole_files import atomic
from ..case.record import describe_file
from ..errors import ResultsExistError
from .output import as_json


class ResultFolder:
    """Folder of the files of one run; the index is written last and lists the others.

    Parameters
    ----------
    folder : Path
        It is made if it does not exist. Files with other names are not changed.
    index : str
        Name of the JSON file that describes the results, such as "doses.json".
    names : collection of str
        Every name that a run may write in addition to the index.
    overwrite : bool
        Whether existing results are replaced, as a whole set.

    Raises
    ------
    ResultsExistError
        If the folder holds the index or one of the names and `overwrite` is false. Nothing is changed.
    """

    folder: Path
    index: Path

    def __init__(self, folder: Path, index: str, names: Collection[str], *, overwrite: bool) -> None:  # noqa: D107 (see the class)
        self.folder, self.index = folder, folder / index
        self._written: dict[str, Path] = {}
        self._old = [path for name in (index, *names) if (path := folder / name).exists()]
        if self._old and not overwrite:
            found = ", ".join(sorted({path.name for path in self._old}))
            raise ResultsExistError(
                f"{folder}: holds results already ({found}); choose another folder (--out), or replace the whole set "
                "(--overwrite)"
            )

    def path(self, name: str) -> Path:
        """Return the path for a file. The first call removes the results that this run replaces."""
        self._begin()
        self._written[name] = self.folder / name
        return self._written[name]

    def finish(self, result: Mapping[str, Any]) -> list[Path]:
        """Write the index with `result` and the SHA-256 and size of each file; return the paths of all files."""
        self._begin()
        written = [path for path in self._written.values() if path.exists()]
        with atomic(self.index) as file:
            text = as_json({**result, "files": [describe_file(path, path.name) for path in written]})
            file.write((text + "\n").encode())
        return [*written, self.index]

    def _begin(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        # The index is removed first, so that an interruption does not leave an incomplete set that looks complete.
        for path in self._old:
            path.unlink(missing_ok=True)
        self._old = []
