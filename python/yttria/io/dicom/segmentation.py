"""DICOM segmentations by highdicom: binary, fractional and labelmap, on the grid of the segmentation itself."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._extras import require
from ...affine import Affine
from ...errors import FileFormatError, GeometryError, ShapeError
from ...structure import Structure
from .._common import positions
from .dataset import Dataset, items, number, quiet, read_dataset, text, whole

#: Voxels of one segment's grid; empty slices are not stored, so that a small file may span any volume.
_MAX_VOXELS = 2**31


def read_segmentation(path: Path, names: Sequence[str] | None = None) -> list[Structure]:
    """The segments of a SEG file, in its order or that of `names`; they may overlap, and `label` is their number.

    A fractional segmentation gives fractions, if its type is OCCUPANCY. Segments that share a label carry their number
    as well, "Tumor #2". Slices that the file leaves out are empty.

    Raises `FileFormatError` (damaged, PROBABILITY, more voxels than the file holds), `GeometryError` where the frames
    form no regular volume, `UnknownNameError` where a name is not in the file, `MissingExtraError`.
    """
    seg_module = require("highdicom.seg", "dicom")
    with quiet():
        dataset = read_dataset(path)
        _check_size(dataset)
        kind = text(dataset, "SegmentationType")
        if kind == "FRACTIONAL" and text(dataset, "SegmentationFractionalType") != "OCCUPANCY":
            raise FileFormatError(
                f"a fractional segmentation must be of type OCCUPANCY, got "
                f"{text(dataset, 'SegmentationFractionalType')}: how much of a voxel it takes is not known"
            )
        described = _described(dataset, background=kind == "LABELMAP")
        wanted = positions(path, [name for name, _, _ in described], names)
        seg = seg_module.Segmentation.from_dataset(dataset, copy=False)
        affine = _grid(seg, dataset)
        labelmap = _volume(seg.get_volume(combine_segments=True)) if kind == "LABELMAP" else None
        frame = text(dataset, "FrameOfReferenceUID")
        found = []
        for name, number_, color in (described[n] for n in wanted):
            if labelmap is not None:
                mask: npt.NDArray[Any] = labelmap == number_
            else:
                mask = _volume(seg.get_volume(segment_numbers=[number_]))
                # Fractions are stored as whole parts of a maximum; rounding must not take them past 1.
                mask = mask.view(np.bool_) if kind == "BINARY" else np.minimum(mask, 1, dtype=np.float32)
            found.append(Structure(name, mask, affine, label=number_, color=color, frame_of_reference_uid=frame))
        return found


def _check_size(dataset: Dataset) -> None:
    """What is promised must be there before anything is unpacked."""
    rows, columns = whole(dataset, "Rows", 1, 65535), whole(dataset, "Columns", 1, 65535)
    frames, bits = whole(dataset, "NumberOfFrames", 1, 2**31 - 1), whole(dataset, "BitsAllocated", 1, 16)
    if "TotalPixelMatrixRows" in dataset:
        raise GeometryError("a segmentation in tiles (microscopy) has no place in the patient")
    syntax, data = dataset.file_meta.TransferSyntaxUID, dataset.get("PixelData")
    stored = len(data) if isinstance(data, bytes) else 0
    promised = frames * rows * columns * bits // 8
    if promised > (stored if not syntax.is_compressed else max(2**26, 1000 * stored)):
        raise FileFormatError(f"pixel data of {promised} bytes are promised, there are {stored}")
    groups = items(dataset, "PerFrameFunctionalGroupsSequence")
    if len(groups) != frames:
        raise FileFormatError(f"each of {frames} frames must have its functional groups, got {len(groups)}")


def _described(dataset: Dataset, *, background: bool) -> list[tuple[str, int, tuple[float, float, float] | None]]:
    """Name, number and color of each segment; the background of a labelmap is none."""
    found = []
    for item in items(dataset, "SegmentSequence"):
        segment = whole(item, "SegmentNumber", 0, 65535)
        if segment == 0 and background:
            continue
        found.append((text(item, "SegmentLabel") or f"segment {segment}", segment, _color(item)))
    if not found:
        raise FileFormatError("the segmentation describes no segment")
    labels = [name for name, _, _ in found]
    return [(f"{a} #{n}" if labels.count(a) > 1 else a, n, color) for a, n, color in found]


def _color(item: Dataset) -> tuple[float, float, float] | None:
    values = item.get("RecommendedDisplayCIELabValue")
    with suppress(ValueError, TypeError):
        color = require("highdicom.color", "dicom").CIELabColor.from_dicom_value(tuple(values))
        red, green, blue = (float(c) / 255.0 for c in color.to_rgb(clip=True))
        return red, green, blue
    return None


def _grid(seg: Any, dataset: Dataset) -> Affine:
    """The affine of the volume that the frames form."""
    geometry = seg.get_volume_geometry()
    if geometry is None:
        raise GeometryError("the frames form no volume of parallel slices at one distance")
    shape = geometry.spatial_shape
    if np.prod(shape, dtype=float) > _MAX_VOXELS:
        raise ShapeError(f"a segment must have at most 2^31 voxels, got shape {list(shape)}")
    if shape[0] == 1:
        _check_thickness(dataset)
    # highdicom's affine takes (k, j, i).
    affine = np.array(geometry.affine, dtype=np.float64)[:, [2, 1, 0, 3]]
    if not np.isfinite(affine).all():
        raise GeometryError(f"the affine must be finite, got {affine.tolist()}")
    return affine


def _check_thickness(dataset: Dataset) -> None:
    """A single slice has no neighbor: its thickness must be stated, or it would be taken for 1 mm."""
    groups = [*items(dataset, "SharedFunctionalGroupsSequence"), *items(dataset, "PerFrameFunctionalGroupsSequence")]
    for group in groups:
        for measures in items(group, "PixelMeasuresSequence"):
            if "SpacingBetweenSlices" in measures:
                number(measures, "SpacingBetweenSlices")
                return
    raise GeometryError("a segmentation of one slice must state SpacingBetweenSlices")


def _volume(volume: Any) -> npt.NDArray[Any]:
    """The values (k, j, i) of a highdicom Volume of one channel."""
    array: npt.NDArray[Any] = np.ascontiguousarray(volume.array.reshape(volume.spatial_shape))
    return array
