"""Dose maps of a whole cohort in one zarr store: arrays of four axes, one for each grid, in few files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .._core import __version__
from .._foundation.extras import require
from .._foundation.provenance import RESEARCH_USE
from ..errors import ResultsExistError
from ..geometry.image import Image
from ..io import read_image
from .bids_derivatives import check_map
from .finished_cases import FinishedCase, finished_cases
from .summary import finished_folder

#: A file of the store holds as many maps as fit into so many bytes, and not more than so many.
_FILE_BYTES, _FILE_MAPS = 64 << 20, 256
#: Values of the one-dimensional arrays in a file.
_ROWS = 16_384
#: Arrays of texts, one for each case.
_TEXTS = ("case_id", "key", "isotope")
#: What `yttria_doses` is in the attributes of a store that yttria wrote: the version of its layout.
_LAYOUT = 1


def write_zarr(results: str | Path, store: str | Path, *, overwrite: bool = False) -> int:
    """Write the dose maps of a finished batch as one zarr store.

    Parameters
    ----------
    results : str or Path
        Folder of results of `run_manifest`, with dose maps (`maps` as "nii.gz", "nii" or "nrrd").
    store : str or Path
        The folder to write, such as "doses.zarr". It appears when it is complete.
    overwrite : bool, default False
        Replace a store that yttria wrote there before.

    Returns
    -------
    int
        Number of maps.

    Raises
    ------
    ResultsExistError
        If the folder exists; with `overwrite`, if it is no such store.
    FileFormatError
        If the folder of results holds no tables.
    ArgumentError
        If the run wrote no dose maps, or wrote them as DICOM.
    MissingExtraError
        Without the extra `zarr`, which needs Python 3.11.

    Notes
    -----
    The store is of zarr format 3. Cases of one shape and type of values share a group, such as `61x80x80_float32`:

    - `dose_gy`, shape (n, k, j, i): the maps, one chunk each, many chunks a file.
    - `affine_lps`, shape (n, 4, 4): matrix from the indices (i, j, k) to left-posterior-superior millimeters.
    - `case_id`, `key` and `isotope` (texts) and `row`, shape (n,): the cases, in the order of the manifest. Doses of
      different isotopes are not comparable without their half-lives.

    Examples
    --------
    The results are those of the example of `write_bids_derivatives`.

    >>> from yttria.batch import write_zarr
    >>> write_zarr("results", "doses.zarr")  # doctest: +SKIP
    1
    >>> import zarr  # doctest: +SKIP
    >>> ((name, group),) = zarr.open_group("doses.zarr", mode="r").groups()  # doctest: +SKIP
    >>> group["dose_gy"].shape[0], str(group["case_id"][0])  # doctest: +SKIP
    (1, 'a')
    """
    zarr = require("zarr", "zarr")
    results, store = finished_folder(results), Path(store)
    _check_store(zarr, store, overwrite=overwrite)
    for found in finished_cases(results):
        check_map(results, found)
    count = 0
    with _whole_folder(store) as folder:
        root = zarr.create_group(folder, attributes={"yttria_doses": _LAYOUT, "yttria_version": __version__})
        root.attrs["statement"] = RESEARCH_USE
        grids: dict[str, _Grid] = {}
        for count, found in enumerate(finished_cases(results), 1):  # noqa: B007
            image = read_image(check_map(results, found), unit="Gy")
            name = f"{'x'.join(map(str, image.shape))}_{image.array.dtype.name}"
            if name not in grids:
                grids[name] = _Grid(root.create_group(name), image)
            grids[name].add(found, image)
        for grid in grids.values():
            grid.flush()
    return count


class _Grid:
    """Arrays of the cases on grids of one shape, written a whole file of the store at a time."""

    def __init__(self, group: Any, like: Image) -> None:
        """Make the arrays, without a case yet."""
        self._maps_a_file = max(1, min(_FILE_MAPS, _FILE_BYTES // like.array.nbytes))
        shape = like.array.shape
        axes: dict[str, Any] = {
            "shape": (0, *shape),
            "chunks": (1, *shape),
            "shards": (self._maps_a_file, *shape),
            "dimension_names": ("case", "k", "j", "i"),
        }
        self._arrays = {
            "dose_gy": group.create_array("dose_gy", dtype=like.array.dtype.name, attributes={"units": "Gy"}, **axes),
            "affine_lps": group.create_array(
                "affine_lps",
                shape=(0, 4, 4),
                chunks=(_ROWS, 4, 4),
                dtype="float64",
                attributes={"units": "mm"},
                dimension_names=("case", "to", "from"),
            ),
        }
        for name, kind in (("row", "int64"), *((name, str) for name in _TEXTS)):
            self._arrays[name] = group.create_array(
                name, shape=(0,), chunks=(_ROWS,), dtype=kind, dimension_names=("case",)
            )
        self._count = 0
        self._waiting: dict[str, list[Any]] = {name: [] for name in self._arrays}

    def add(self, found: FinishedCase, image: Image) -> None:
        """Add a case; it is written with those of its file."""
        values = {"dose_gy": image.array, "affine_lps": image.affine_lps}
        values |= {"row": found.row, **{name: getattr(found, name) for name in _TEXTS}}  # type: ignore[dict-item]
        for name, value in values.items():
            self._waiting[name].append(value)
        if len(self._waiting["row"]) == self._maps_a_file:
            self.flush()

    def flush(self) -> None:
        """Write the cases that wait."""
        before, self._count = self._count, self._count + len(self._waiting["row"])
        for name, values in self._waiting.items():
            array = self._arrays[name]
            array.resize((self._count, *array.shape[1:]))
            array[before : self._count] = np.array(values, object if name in _TEXTS else None)
            values.clear()


def _check_store(zarr: Any, store: Path, *, overwrite: bool) -> None:
    """Refuse to replace anything but a store of doses that yttria wrote."""
    if not os.path.lexists(store):
        return
    if not overwrite:
        raise ResultsExistError(f"{store}: exists already; give another name, or replace it (--overwrite)")
    try:
        ours = "yttria_doses" in zarr.open_group(store, mode="r").attrs
    except (OSError, ValueError):
        ours = False
    if not ours:
        raise ResultsExistError(f"{store}: exists, and is no store of doses that yttria wrote; give another name")


@contextmanager
def _whole_folder(path: Path) -> Iterator[Path]:
    """Make a folder that takes its name, and the place of an older one, when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}")
    try:
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
