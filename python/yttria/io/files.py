"""Reading and writing by the file's name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import FileFormatError, UnknownNameError
from ..image import Image
from ..structure import Structure
from ..structure_selection import Patterns, select_structures
from . import dicom, nifti, nrrd, segmentation
from ._common import decoding
from .labelmap import check_writable

_NRRD = (".nrrd", ".nhdr")
_NIFTI = (".nii", ".nii.gz")


def read_image(path: str | os.PathLike[str], *, unit: str | None = None, series: str | None = None) -> Image:
    """An image from `.nrrd`, `.nhdr`, `.nii` or `.nii.gz`, in native byte order and otherwise as it is stored.

    A folder, a `.dcm` file, or any other DICOM file is read by `yttria.io.dicom.read_image`, which takes several files
    too; `series` names one of several by its UID or number.

    The unit comes from the file where it states one of `yttria.image.UNITS` (as `write_image` does), else from `unit`.

    Raises `UnitError` where neither gives a unit or both do and differ, `GeometryError` where the file does not say
    where it lies, `FileFormatError` where it is damaged or of another kind, `FileNotFoundError`, and
    `MissingExtraError` (extras `nrrd`, `nifti`).
    """
    path = Path(path)
    kind = _kind(path, reading=True)
    if kind == "DICOM":
        return dicom.read_image(path, unit, series=series)
    _check_no_series(path, series)
    read = nrrd.read_image if kind == "NRRD" else nifti.read_image
    with decoding(path, kind):
        return read(path, unit)


def write_image(image: Image, path: str | os.PathLike[str]) -> None:
    """Write an image to `.nrrd`, `.nhdr` (data beside it in `.raw.gz`), `.nii` or `.nii.gz`, with its unit.

    The file appears whole or not at all. NRRD keeps every bit of values and affine; NIfTI keeps the values, and the
    affine in single precision. Raises `DTypeError` where the format has no such type, `FileFormatError` for another
    name, and `MissingExtraError` (extra `nifti`).
    """
    path = Path(path)
    (nrrd if _kind(path) == "NRRD" else nifti).write_image(image, path)


def read_structures(
    path: str | os.PathLike[str],
    *,
    names: Sequence[str] | None = None,
    labels: Mapping[int, str] | None = None,
    series: str | None = None,
    only: Patterns = None,
    exclude: Patterns = None,
) -> list[Structure]:
    """Structures from a Slicer segmentation (`.seg.nrrd`) or from a labelmap (`.nrrd`, `.nii`, `.nii.gz`).

    A DICOM file, or a folder with one SEG or RTSTRUCT among its files, is read by `yttria.io.dicom.read_structures`;
    `series` names one of several by its UID or number.

    `names` selects structures and gives their order; `only` and `exclude` select by patterns instead, as in
    `yttria.select_structures`. `labels` names the values of a labelmap, {5: "Liver"}, and
    selects them; without it each value n > 0 becomes the structure the file names, or "label n".

    Raises `UnknownNameError` where a name or label is not in the file, or where `labels` is given for a segmentation,
    which carries its own names; and whatever `read_image` raises.
    """
    path = Path(path)
    kind = _kind(path, reading=True)
    if isinstance(names, str):
        raise UnknownNameError(f"names must be a list of names, got the text '{names}'")
    if kind == "DICOM":
        return dicom.read_structures(path, names, labels, series=series, only=only, exclude=exclude)
    _check_no_series(path, series)
    read = segmentation.read_structures if kind == "NRRD" else nifti.read_structures
    with decoding(path, kind):
        return select_structures(read(path, names, labels), only=only, exclude=exclude)


def write_structures(structures: Sequence[Structure], path: str | os.PathLike[str]) -> None:
    """Write structures to a Slicer segmentation (`.seg.nrrd`, `.nrrd`) or a labelmap with names (`.nii`, `.nii.gz`).

    In a segmentation they may overlap: as few layers as that needs are written. Each keeps its `label` where that is
    given and free; the others are numbered. The file appears whole or not at all.

    Raises `GeometryError` where they do not share one grid, `DTypeError` where a mask holds fractions, and
    `FileFormatError` where they overlap in a labelmap or the name is another.
    """
    path = Path(path)
    structures = list(structures)
    check_writable(structures)
    (segmentation if _kind(path) == "NRRD" else nifti).write_structures(structures, path)


def may_be_dicom(path: str | os.PathLike[str]) -> bool:
    """Whether a path of this name would be read as DICOM: any but those of the research formats."""
    return not Path(path).name.casefold().endswith((*_NRRD, *_NIFTI))


def _kind(path: Path, *, reading: bool = False) -> str:
    name = path.name.casefold()
    if name.endswith(_NRRD):
        return "NRRD"
    if name.endswith(_NIFTI):
        return "NIfTI"
    if reading and (name.endswith(".dcm") or path.is_dir() or (path.is_file() and dicom.is_dicom(path))):
        return "DICOM"
    more = " (or be a folder or a file in DICOM)" if reading else ""
    raise FileFormatError(f"{path}: the name must end in {', '.join((*_NRRD, *_NIFTI))}{more}")


def _check_no_series(path: Path, series: str | None) -> None:
    if series is not None:
        raise UnknownNameError(f"{path}: series= is for DICOM, this file holds one image")
