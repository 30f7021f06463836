"""Reader of folders of masks, with one file for each structure, whose name is the file's name without its ending."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..advisory import advise
from ..errors import DuplicateNameError, FileFormatError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.structure_selection import Patterns
from ._common import ReadOptions, positions
from .dicom import is_dicom
from .labelmap import MAX_STRUCTURES, Labelmap, SharedMask, checked_name, label_counts


def is_mask_folder(path: Path, name: re.Pattern[str]) -> bool:
    """Whether a path is a folder that holds files of these names and no DICOM."""
    # Names are checked first, because a folder of DICOM may hold thousands of files, none of which has such a name.
    if not path.is_dir() or not any(name.match(f.name) for f in path.iterdir()):
        return False
    files = _files(path)
    return any(name.match(f.name) for f in files) and not any(not name.match(f.name) and is_dicom(f) for f in files)


def _files(path: Path) -> list[Path]:
    return sorted(f for f in path.iterdir() if f.name[0] != "." and f.is_file())


def read_structures(
    path: Path,
    name: re.Pattern[str],
    read: Callable[[Path, ReadOptions], Image],
    options: ReadOptions,
    *,
    names: Sequence[str] | None,
    only: Patterns,
    exclude: Patterns,
) -> list[Structure]:
    """Read structures; see `yttria.io.read_structures`. Only the files of wanted structures are read."""
    found: dict[str, Path] = {}
    for file in _files(path):
        if match := name.match(file.name):
            stem = match["stem"].strip()
            if stem in found:
                raise DuplicateNameError(
                    f"{path}: structure '{stem}' must be in one file, got {found[stem].name} and {file.name}"
                )
            found[stem] = file
    stems = list(found)
    wanted = positions(path, stems, names, only=only, exclude=exclude)
    if len(wanted) > MAX_STRUCTURES:
        raise FileFormatError(f"{path}: at most {MAX_STRUCTURES} masks are read at once, got {len(wanted)}")
    return [_structure(found[stems[n]], stems[n], read(found[stems[n]], options)) for n in wanted]


def _structure(path: Path, stem: str, image: Image) -> Structure:
    name, advisories = checked_name(path, stem)
    known: dict[str, Any] = {"advisories": (*image.advisories, *advisories)}
    array = image.array
    if array.dtype.kind == "f" and ((array > 0) & (array < 1)).any():
        if not (array.min() >= 0 and array.max() <= 1):
            raise FileFormatError(
                f"{path}: a mask must hold 0 and one other value, or fractions within [0, 1], got {array.min():g} to "
                f"{array.max():g}: is this an image?"
            )
        known["advisories"] += (advise("mask_of_fractions", file=path.name),)
        return Structure(name, array, image.affine_lps, **known)
    (labelmap,) = Labelmap.layers_of(array[np.newaxis])
    values = list(label_counts(path, labelmap.values))
    if len(values) > 1:
        raise FileFormatError(
            f"{path}: a mask must hold 0 and one other value, got {len(values)} others: is it a labelmap?"
        )
    return SharedMask(name, partial(labelmap.mask, *values or [1]), image.affine_lps, **known)  # type: ignore[arg-type]
