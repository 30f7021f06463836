"""Structures from an RTSTRUCT file: the contours of each region of interest, rasterized by our own core."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...advisory import Advisory
from ...affine import check_same_frame
from ...contours import END_CAPS, INTERPOLATIONS, ContourStructure
from ...errors import FileFormatError, UndefinedError
from ...image import Image
from .._common import decoding, positions
from .dataset import Dataset, items, quiet, read_dataset, text, whole
from .voxel_centers import carried_to_edges

RT_STRUCTURE_SET_STORAGE = "1.2.840.10008.5.1.4.1.1.481.3"
#: Closed polygons; the second says outright what is done with the first as well.
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


def read_rtstruct(
    path: str | os.PathLike[str],
    names: Sequence[str] | None = None,
    *,
    end_caps: str = END_CAPS[0],
    interpolation: str = INTERPOLATIONS[0],
    slice_thickness_mm: float | None = None,
    maximum_gap_mm: float | None = None,
    voxel_size_mm: float = 1.0,
    through_voxel_centers_of: Image | None = None,
) -> list[ContourStructure]:
    """The regions of interest of an RTSTRUCT file, in its order or that of `names`; `label` is the ROI number.

    Regions that share a name carry their number as well, "Tumor #2". What is no closed contour (points, open lines) is
    left out, and so is a region without a volume: it comes back empty, so that none goes missing. Both stand in the
    structure's `advisories`, as does whatever was wrong with its contours. The keywords are `ContourStructure`'s, but
    for `through_voxel_centers_of`: the image whose voxels were outlined, where the contours were drawn through the
    centers of the outermost voxels instead of along their edges. Each contour is then carried out to the edges of the
    voxels that it goes through (`contour_at_voxel_edges` in `advisories`). Without it, contours are taken as drawn.

    Raises `FileFormatError` (no RTSTRUCT, damaged), `UnknownNameError` where a name is not in the file, `GeometryError`
    where contours do not go through the voxel centers of `through_voxel_centers_of`, whatever `ContourStructure`
    raises for the keywords, `FileNotFoundError` and `MissingExtraError` (extra `dicom`).

    Source: DICOM PS3.3 C.8.8.5 and C.8.8.6 (from memory, unverified but for files of three other programs).
    """
    path = Path(path)
    terms: dict[str, Any] = {
        "end_caps": end_caps,
        "interpolation": interpolation,
        "slice_thickness_mm": slice_thickness_mm,
        "maximum_gap_mm": maximum_gap_mm,
        "voxel_size_mm": voxel_size_mm,
    }
    # The keywords are the caller's, not the file's: their errors come before it is opened.
    ContourStructure("x", _PROBE, **terms)
    dataset = read_dataset(path)
    with decoding(path, "RTSTRUCT"), quiet():
        if text(dataset, "SOPClassUID") != RT_STRUCTURE_SET_STORAGE:
            raise FileFormatError(f"not an RTSTRUCT: its SOP class is {text(dataset, 'SOPClassUID')}")
        regions = items(dataset, "StructureSetROISequence")
        if not regions:
            raise FileFormatError("the structure set has no region of interest")
        drawn: dict[int, list[Dataset]] = {}
        for item in items(dataset, "ROIContourSequence"):
            drawn.setdefault(whole(item, "ReferencedROINumber", 0, 2**31 - 1), []).append(item)
        numbers = [whole(region, "ROINumber", 0, 2**31 - 1) for region in regions]
        labels = [text(region, "ROIName") or f"ROI {number}" for region, number in zip(regions, numbers, strict=True)]
        labels = [f"{a} #{n}" if labels.count(a) > 1 else a for a, n in zip(labels, numbers, strict=True)]
        frame = _common_frame(dataset)
        return [
            _structure(
                labels[n],
                drawn.get(numbers[n], []),
                terms
                | {
                    "label": numbers[n] or None,
                    "frame_of_reference_uid": text(regions[n], "ReferencedFrameOfReferenceUID") or frame,
                },
                through_voxel_centers_of,
            )
            for n in positions(path, labels, names)
        ]


_PROBE = [np.array([[0.0, 0, z], [1, 0, z], [0, 1, z]]) for z in (0, 1)]


def _common_frame(dataset: Dataset) -> str | None:
    frames = {text(item, "FrameOfReferenceUID") for item in items(dataset, "ReferencedFrameOfReferenceSequence")}
    only = frames.pop() if len(frames) == 1 else None
    return only or text(dataset, "FrameOfReferenceUID")


def _structure(name: str, drawn: Sequence[Dataset], terms: dict[str, Any], voxels_of: Image | None) -> ContourStructure:
    contours: list[npt.NDArray[np.float64]] = []
    left_out: dict[str, int] = {}
    for item in drawn:
        for contour in items(item, "ContourSequence"):
            kind = text(contour, "ContourGeometricType") or "of no stated type"
            points = _points(contour) if kind in _CLOSED else None
            if points is None:
                reason = kind if kind not in _CLOSED else "with coordinates that are not a multiple of three"
                left_out[reason] = left_out.get(reason, 0) + 1
            else:
                contours.append(points)
    color = next((c for c in map(_color, drawn) if c is not None), None)
    advisories = [
        Advisory("contour_not_closed", f"'{name}': {count} contours {kind} bound no volume and were left out.", count)
        for kind, count in left_out.items()
    ]
    if voxels_of is not None and contours:
        check_same_frame(terms["frame_of_reference_uid"], f"'{name}'", voxels_of.frame_of_reference_uid, "the image")
        contours, voxels = carried_to_edges(contours, voxels_of, name)
        volume_ml = voxels * voxels_of.voxel_volume_ml
        message = (
            f"'{name}': contours through voxel centers were carried out to the edges of the voxels, {voxels} in all."
        )
        advisories.append(Advisory("contour_at_voxel_edges", message, volume_ml))
    try:
        if contours:
            return ContourStructure(name, contours, color=color, advisories=advisories, **terms)
        reason = "it has no closed contour"
    except UndefinedError as error:
        reason = str(error)
    advisories.append(Advisory("contour_no_volume", f"'{name}' is empty: {reason}", 0.0))
    return ContourStructure(name, [], color=color, advisories=advisories, **terms)


def _points(contour: Dataset) -> npt.NDArray[np.float64] | None:
    """The points, or None where their coordinates do not come in threes."""
    # As stored: pydicom would make an object of every number.
    element = contour.get_item("ContourData")
    value = None if element is None else element.value
    if isinstance(value, bytes):
        value = value.decode("ascii").strip(" \0").split("\\")
    values = np.array([] if value is None or value == [""] else value, dtype=np.float64).ravel()
    return values.reshape(-1, 3) if len(values) % 3 == 0 else None


def _color(item: Dataset) -> tuple[float, float, float] | None:
    value = item.get("ROIDisplayColor")
    try:
        red, green, blue = (min(max(int(v) / 255, 0.0), 1.0) for v in value)
    except (TypeError, ValueError):
        return None
    return red, green, blue
