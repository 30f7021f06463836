"""Reader of structures from RTSTRUCT files, with the contours of each region of interest."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._foundation.choices import END_CAPS, INTERPOLATIONS, EndCaps, Interpolation
from ...advisory import Advisory, advise
from ...advisory.warning_filters import quiet
from ...errors import FileFormatError, UndefinedError
from ...geometry.affine import check_same_frame
from ...geometry.contours import ContourStructure
from ...geometry.image import Image
from ...geometry.structure_selection import Patterns
from .._common import decoding, positions
from .dataset import Dataset, items, read_dataset, text, whole
from .structure_names import check_count, name_of, told_apart
from .voxel_centers import carried_to_edges

RT_STRUCTURE_SET_STORAGE = "1.2.840.10008.5.1.4.1.1.481.3"
#: Types of closed polygons. The second requires the even-odd rule, which is used for the first too.
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


def read_rtstruct(
    path: str | os.PathLike[str],
    names: Sequence[str] | None = None,
    *,
    only: Patterns = None,
    exclude: Patterns = None,
    end_caps: EndCaps = END_CAPS[0],
    interpolation: Interpolation = INTERPOLATIONS[0],
    slice_thickness_mm: float | None = None,
    maximum_gap_mm: float | None = None,
    voxel_size_mm: float = 1.0,
    through_voxel_centers_of: Image | None = None,
) -> list[ContourStructure]:
    """Read the regions of interest of an RTSTRUCT file; `label` is the ROI number.

    Parameters
    ----------
    path : path
        The file.
    names : sequence of str, optional
        Names of the wanted regions, in this order. Regions that share a name have their number added, "Tumor #2".
    only, exclude : str or sequence of str, optional
        Patterns of names, as in `yttria.select_structures`.
    end_caps, interpolation, slice_thickness_mm, maximum_gap_mm, voxel_size_mm
        As for `ContourStructure`.
    through_voxel_centers_of : Image, optional
        The image whose voxels were outlined, if the contours run through the centers of the outermost voxels instead of
        along their edges. Each contour is then extended to the edges of the voxels that it passes through. Without this
        image, contours are used as drawn.

    Returns
    -------
    list of ContourStructure
        All wanted regions. A region without a volume is returned empty.

    Raises
    ------
    FileFormatError
        If the file is not an RTSTRUCT or is damaged, or a wanted region shares its ROI number with another one.
    UnknownNameError
        If a name or pattern is not in the file.
    ShapeError
        If more than 1000 regions are requested.
    GeometryError
        If contours do not pass through the voxel centers of `through_voxel_centers_of`.
    FileNotFoundError, MissingExtraError
        If there is no file, or the extra `dicom` is not installed.

    Warns
    -----
    contour_not_closed
        Contours that are not closed (points, open lines) are left out.
    contour_no_volume
        The region is empty.
    contour_at_voxel_edges
        Contours were extended to the edges of voxels.
    contour_point_count
        NumberOfContourPoints contradicts the number of points in the file.
    contour_sets_joined
        The contours of the region are in more than one item of the file.
    contours_without_region
        Contours refer to a region that the file does not name; they are left out.

    Notes
    -----
    Codes that `ContourStructure` adds are described in docs/structures.md.
    Source: DICOM PS3.3 C.8.8.5 and C.8.8.6 (dicom-ps3.3).

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Structure
    >>> from yttria.io.dicom import write_rtstruct
    >>> mask = np.zeros((4, 6, 6), bool)
    >>> mask[1:3, 1:5, 1:5] = True
    >>> _ = write_rtstruct([Structure("Tumor", mask, np.diag([2.0, 2.0, 3.0, 1.0]))], "rs.dcm", reference=None)
    >>> [structure.name for structure in read_rtstruct("rs.dcm")]
    ['Tumor']
    """
    path = Path(path)
    terms: dict[str, Any] = {
        "end_caps": end_caps,
        "interpolation": interpolation,
        "slice_thickness_mm": slice_thickness_mm,
        "maximum_gap_mm": maximum_gap_mm,
        "voxel_size_mm": voxel_size_mm,
    }
    # Errors of the caller's arguments are raised before the file is opened.
    ContourStructure("x", _PROBE, **terms)
    dataset = read_dataset(path)
    with decoding(path, "RTSTRUCT"), quiet():
        if text(dataset, "SOPClassUID") != RT_STRUCTURE_SET_STORAGE:
            raise FileFormatError(f"not an RTSTRUCT: its SOP class is {text(dataset, 'SOPClassUID')}")
        regions = items(dataset, "StructureSetROISequence")
        if not regions:
            raise FileFormatError("the structure set has no region of interest")
        if "ROIContourSequence" not in dataset:
            raise FileFormatError("the structure set has no ROIContourSequence: it holds no contours, or is cut short")
        numbers = [whole(region, "ROINumber", 0, 2**31 - 1) for region in regions]
        labels = [name_of(r, "ROIName") or f"ROI {n}" for r, n in zip(regions, numbers, strict=True)]
        labels = told_apart(labels, numbers)
        wanted = positions(path, labels, names, only=only, exclude=exclude)
        check_count(len(wanted), "regions of interest")
        _check_numbers(numbers, labels, wanted)
        drawn: dict[int, list[Dataset]] = {}
        for item in items(dataset, "ROIContourSequence"):
            drawn.setdefault(whole(item, "ReferencedROINumber", 0, 2**31 - 1), []).append(item)
        terms["patient_id"], frame = text(dataset, "PatientID"), _common_frame(dataset)
        lost = _without_region(drawn, numbers)
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
                lost if n == wanted[0] else [],
            )
            for n in wanted
        ]


def _check_numbers(numbers: Sequence[int], labels: Sequence[str], wanted: Sequence[int]) -> None:
    """Check that no two regions share a number, by which contours name their region."""
    owners: dict[int, list[str]] = {}
    for number, label in zip(numbers, labels, strict=True):
        owners.setdefault(number, []).append(label)
    for n in wanted:
        if len(owners[numbers[n]]) > 1:
            shared = " and ".join(f"'{label}'" for label in owners[numbers[n]][:3])
            raise FileFormatError(
                f"ROI number {numbers[n]} is given to {shared}, so that their contours cannot be separated: leave "
                "them out by names= or exclude="
            )


def _without_region(drawn: dict[int, list[Dataset]], numbers: Sequence[int]) -> list[Advisory]:
    lost = sorted(set(drawn) - set(numbers))
    if not lost:
        return []
    return [advise("contours_without_region", count=len(lost), roi_number=lost[0])]


_PROBE = [np.array([[0.0, 0, z], [1, 0, z], [0, 1, z]]) for z in (0, 1)]


def _common_frame(dataset: Dataset) -> str | None:
    frames = {text(item, "FrameOfReferenceUID") for item in items(dataset, "ReferencedFrameOfReferenceSequence")}
    only = frames.pop() if len(frames) == 1 else None
    return only or text(dataset, "FrameOfReferenceUID")


def _structure(
    name: str, drawn: Sequence[Dataset], terms: dict[str, Any], voxels_of: Image | None, advisories: list[Advisory]
) -> ContourStructure:
    contours: list[npt.NDArray[np.float64]] = []
    left_out: dict[str, int] = {}
    miscounted = 0
    for item in drawn:
        for contour in items(item, "ContourSequence"):
            kind = text(contour, "ContourGeometricType") or "of no stated type"
            points = _points(contour) if kind in _CLOSED else None
            if points is None:
                reason = kind if kind not in _CLOSED else "with coordinates that are not a multiple of three"
                left_out[reason] = left_out.get(reason, 0) + 1
            else:
                contours.append(points)
                miscounted += text(contour, "NumberOfContourPoints") not in (None, str(len(points)))
    color = next((c for c in map(_color, drawn) if c is not None), None)
    advisories = advisories + [
        advise(
            "contour_not_closed",
            # A point marks a position, whereas an open line may be meant as an outline.
            severity="note" if kind == "POINT" else "warning",
            structure=name,
            count=count,
            kind=kind,
        )
        for kind, count in left_out.items()
    ]
    if miscounted:
        advisories.append(advise("contour_point_count", structure=name, count=miscounted))
    if len(drawn) > 1:
        advisories.append(advise("contour_sets_joined", structure=name, count=len(drawn)))
    if voxels_of is not None and contours:
        check_same_frame(terms["frame_of_reference_uid"], f"'{name}'", voxels_of.frame_of_reference_uid, "the image")
        contours, voxels = carried_to_edges(contours, voxels_of, name)
        volume_ml = voxels * voxels_of.voxel_volume_ml
        advisories.append(advise("contour_at_voxel_edges", structure=name, voxels=voxels, volume_ml=volume_ml))
    try:
        if contours:
            return ContourStructure(name, contours, color=color, advisories=advisories, **terms)
        reason = "it has no closed contour"
    except UndefinedError as error:
        reason = str(error)
    advisories.append(advise("contour_no_volume", structure=name, reason=reason, volume_ml=0.0))
    return ContourStructure(name, [], color=color, advisories=advisories, **terms)


def _points(contour: Dataset) -> npt.NDArray[np.float64] | None:
    """Read the points; None if their coordinates are not a multiple of three."""
    # The text is parsed as stored, because pydicom would make an object of every number.
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
