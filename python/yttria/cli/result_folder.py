"""A folder of results: it belongs to one run, and its index names each file with its SHA-256."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from .._foundation.whole_files import atomic
from ..case.record import describe_file
from ..errors import ResultsExistError
from .output import as_json


class ResultFolder:
    """Folder into which one run writes its files; the index is written last and lists the others.

    Parameters
    ----------
    folder : Path
        Made if it does not exist. Files of other names in it are left alone.
    index : str
        Name of the JSON file that describes the results, such as "doses.json".
    names : collection of str
        Every name that a run may write beside the index.
    overwrite : bool
        Whether existing results are replaced, as a whole set.

    Raises
    ------
    ResultsExistError
        If the folder holds the index or one of the names and `overwrite` is false. Nothing is touched.
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
        """Path for the file of that name. The first call removes the set that this one replaces."""
        self._begin()
        self._written[name] = self.folder / name
        return self._written[name]

    def finish(self, result: Mapping[str, Any]) -> list[Path]:
        """Write the index: `result`, and the SHA-256 and size of each file; the paths of all that was written."""
        self._begin()
        written = [path for path in self._written.values() if path.exists()]
        with atomic(self.index) as file:
            text = as_json({**result, "files": [describe_file(path, path.name) for path in written]})
            file.write((text + "\n").encode())
        return [*written, self.index]

    def _begin(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        # The index first: what is left if this is interrupted is no whole set and does not look like one.
        for path in self._old:
            path.unlink(missing_ok=True)
        self._old = []
