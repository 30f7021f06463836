"""PET, SPECT and CT series as images: values in their unit, on the grid that the slices' positions form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...affine import Affine
from ...errors import FileFormatError, ShapeError, UnitError
from ...image import MAX_VOXELS, Image, empty
from .._common import agreed_unit, decoding
from . import geometry
from .dataset import quiet, text, whole
from .nuclear_medicine import spect_grid, spect_mapping
from .pixels import PixelPlan, plan
from .rescale import Rescale, modality_rescale
from .rtdose_reader import read_rtdose
from .series import Paths, Series, choose, files, root, same, scan

#: What can be read as an image, and as which SOP class each must be stored.
_SOP_CLASS = {
    "PT": ("1.2.840.10008.5.1.4.1.1.128", "PET"),
    "NM": ("1.2.840.10008.5.1.4.1.1.20", "Nuclear Medicine"),
    "CT": ("1.2.840.10008.5.1.4.1.1.2", "CT"),
}
IMAGES = tuple(_SOP_CLASS)
_ENHANCED = {
    "1.2.840.10008.5.1.4.1.1.130": "Enhanced PET",
    "1.2.840.10008.5.1.4.1.1.128.1": "Legacy Converted Enhanced PET",
    "1.2.840.10008.5.1.4.1.1.2.1": "Enhanced CT",
    "1.2.840.10008.5.1.4.1.1.2.2": "Legacy Converted Enhanced CT",
}
#: Units (0054,1001) of PET that are no activity concentration, and why they are not taken for one.
_NOT_ACTIVITY = {
    "GML": "a standardized uptake value, which has been divided by the injected activity per body weight",
    "CM2ML": "a standardized uptake value by body surface area",
    "PCNT": "a percentage",
    "NONE": "without a unit",
}
_COUNTS = ("CNTS", "PROPCNTS", "CPS", "PROPCPS")


def read_image(
    paths: Paths,
    unit: str | None = None,
    *,
    series: str | None = None,
    modalities: Sequence[str] = IMAGES,
) -> Image:
    """A PET, SPECT or CT series as an image, float32, each value computed in float64 and rounded once.

    `paths`: a folder (with the folders in it), a file, or several; `series`: the UID or number of one series, needed
    where there are several of these `modalities`. Slices are sorted by position along their normal. Units: PET in BQML
    is Bq/mL, a slope per slice; PET in counts only where `unit` is "counts"; SPECT is counts, or what its real world
    value mapping says in Bq/ml; CT is HU. The image carries the frame of reference. An RTDOSE, alone or named by
    `series`, comes back in Gy; see `read_rtdose`.

    Raises `UndefinedError` (no series or several), `UnknownNameError` (no such series), `GeometryError` (gap of more
    than 1 %, duplicate, shear, mixed orientations), `UnitError` (another unit, with the reason), `FileFormatError`
    (damaged, mixed, enhanced, gated, incomplete), `ShapeError`, `InsufficientMemoryError`, `FileNotFoundError` and
    `MissingExtraError` (extra `dicom`).
    """
    place = root(paths)
    with decoding(place, "DICOM"):
        with quiet():
            there = scan(files(paths))
            if modalities == IMAGES and {s.modality for s in there} == {"RTDOSE"}:
                modalities = ("RTDOSE",)
            chosen = choose(there, series, modalities, "the image")
            if chosen.modality == "RTDOSE":
                return _dose(chosen, unit)
            found = described(chosen, unit)
            frame = text(chosen.headers[0].dataset, "FrameOfReferenceUID")
        return _filled(found, agreed_unit(place, found.unit, unit).unit, frame)


def _dose(series: Series, unit: str | None) -> Image:
    if len(series.headers) != 1:
        raise FileFormatError(f"an RTDOSE must be one file, got several in one series: {series}")
    path = series.headers[0].path
    agreed_unit(path, "Gy", unit)
    return read_rtdose(path)


class Described(NamedTuple):
    """Everything but the values: where they are stored slice by slice, how each file is rescaled, grid and unit."""

    plans: list[PixelPlan]
    rescale: list[Rescale]
    affine: Affine
    unit: str
    #: Which of the stored frames stands where, in the order of the grid; as they come where None.
    frames: list[int] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(k, j, i)."""
        _, rows, columns = self.plans[0].shape
        return sum(p.shape[0] for p in self.plans), rows, columns


def described(series: Series, unit: str | None) -> Described:
    """What the headers of a series say, once it all fits; see `read_image`. To be called within `quiet()`."""
    check_class(series)
    for keyword in ("Rows", "Columns", "FrameOfReferenceUID"):
        same(series, keyword)
    if series.modality == "NM":
        return _spect(series)
    stated = _pet_unit(series, unit) if series.modality == "PT" else _ct_unit(series)
    return _stacked(series, stated)


def check_class(series: Series) -> None:
    """Whether the series is of a kind that can be read; `FileFormatError` with what it is where not."""
    sop_class = same(series, "SOPClassUID") or ""
    if sop_class in _ENHANCED:
        raise FileFormatError(
            f"{_ENHANCED[sop_class]} is not supported: its frames carry units and times of their own. Export the "
            "series as one file a slice"
        )
    if series.modality not in _SOP_CLASS:
        raise FileFormatError(f"an image must be one of {', '.join(_SOP_CLASS)}, got {series}")
    expected, name = _SOP_CLASS[series.modality]
    if sop_class != expected:
        raise FileFormatError(f"a {series.modality} series must be stored as {name} Image, got SOP class {sop_class}")


def _filled(found: Described, unit: str, frame: str | None) -> Image:
    if math.prod(found.shape) > MAX_VOXELS:
        raise ShapeError(f"an image must have at most 2^33 voxels, got shape {list(found.shape)}")
    array: npt.NDArray[np.float32] = empty(found.shape, np.float32, "the image")
    first, scratch = 0, np.empty(found.shape[1:], np.float64)
    for plan_, rescale in zip(found.plans, found.rescale, strict=True):
        with decoding(plan_.path, "DICOM"):
            stored = plan_.read()
            rescale.check(stored)
        for n, values in enumerate(stored):
            place = found.frames[n] if found.frames else first + n
            rescale.into(array[place], values, scratch)
        first += len(stored)
    return Image(array, found.affine, unit, frame_of_reference_uid=frame)


def _pet_unit(series: Series, unit: str | None) -> str:
    kind = (text(series.headers[0].dataset, "SeriesType") or "").split("\\")
    if kind[0] in ("DYNAMIC", "GATED") or kind[-1] == "REPROJECTION":
        raise FileFormatError(f"a PET series must be of one image in slices, got SeriesType {' '.join(kind)}")
    stated = whole(series.headers[0].dataset, "NumberOfSlices", 0, 65535, default=0)
    if len(series.headers) < stated:
        raise FileFormatError(f"the series has {stated} slices, {len(series.headers)} are there")
    units = same(series, "Units")
    if units == "BQML":
        return "Bq/mL"
    if units in _COUNTS and unit == "counts":
        return "counts"
    hint = "counts; for relative scaling say so (unit='counts')" if units in _COUNTS else _NOT_ACTIVITY.get(units or "")
    raise UnitError(f"PET Units (0054,1001) must be BQML, got {units}: {hint or 'not an activity concentration'}")


def _ct_unit(series: Series) -> str:
    rescale_type = same(series, "RescaleType")
    if rescale_type not in (None, "HU"):
        raise UnitError(f"CT RescaleType (0028,1054) must be HU, got {rescale_type}")
    return "HU"


def _stacked(series: Series, unit: str) -> Described:
    """One slice a file, sorted along the normal."""
    planes, rescale, plans = [], [], []
    for header in series.headers:
        with decoding(header.path, "DICOM"):
            if whole(header.dataset, "NumberOfFrames", 1, 2**31 - 1, default=1) != 1:
                raise FileFormatError("a slice must have one frame")
            planes.append(geometry.plane(header.dataset))
            rescale.append(modality_rescale(header.dataset))
            plans.append(plan(header))
    order, affine = geometry.stacked(planes)
    return Described([plans[n] for n in order], [rescale[n] for n in order], affine, unit)


def _spect(series: Series) -> Described:
    if len(series.headers) != 1:
        raise FileFormatError(f"a SPECT series must be one file with many frames, got {len(series.headers)} files")
    (header,) = series.headers
    with decoding(header.path, "DICOM"):
        source = plan(header)
        affine, frames = spect_grid(header.dataset, source.shape[0])
        rescale, unit = spect_mapping(header.dataset)
    return Described([source], [rescale], affine, unit, frames)
