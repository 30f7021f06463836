# SPDX-License-Identifier: MIT
"""Nodes of 3D Slicer as images and structures of yttria, and back.

Slicer's arrays are (k, j, i), as yttria's are. Its matrices map the indices (i, j, k) to right-anterior-superior mm;
yttria's map them to left-posterior-superior mm, so that the first two rows change their sign. Each function takes
`slicer.util` as an argument, which lets it run outside of Slicer too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import yttria


def lps_from_ras(matrix: Any) -> Any:
    """Turn a matrix to RAS into one to LPS, or one to LPS into one to RAS."""
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.asarray(matrix, float)


def image_of_volume(node: Any, unit: str, util: Any) -> yttria.Image:
    """View a scalar volume as an image.

    Raises `yttria.errors.GeometryError` if the volume lies under a transform, because its matrix then differs from the
    position at which it is shown.
    """
    refuse_transform(node)
    matrix = util.vtkMatrixFromArray(np.eye(4))
    node.GetIJKToRASMatrix(matrix)
    return yttria.Image(util.arrayFromVolume(node), lps_from_ras(util.arrayFromVTKMatrix(matrix)), unit)


def structures_of_segmentation(node: Any, reference: Any, util: Any) -> list[yttria.Structure]:
    """Take the segments of a segmentation as masks on the grid of a reference volume.

    Segments without a voxel on that grid are left out.
    """
    refuse_transform(node)
    place = image_of_volume(reference, "1", util).affine_lps
    segmentation, found = node.GetSegmentation(), []
    for n in range(segmentation.GetNumberOfSegments()):
        segment = segmentation.GetNthSegmentID(n)
        mask = util.arrayFromSegmentBinaryLabelmap(node, segment, reference)
        if mask is not None and np.any(mask):
            name = segmentation.GetSegment(segment).GetName()
            found.append(yttria.Structure(name, np.asarray(mask) > 0, place))
    return found


def show_image(image: yttria.Image, node: Any, util: Any) -> None:
    """Write an image into a scalar volume."""
    # Slicer keeps the array it is given, and an image's is read-only.
    util.updateVolumeFromArray(node, np.array(image.array))
    node.SetIJKToRASMatrix(util.vtkMatrixFromArray(lps_from_ras(image.affine_lps)))
    node.SetAttribute("yttria.unit", image.unit)


def show_table(rows: Sequence[dict[str, Any]], node: Any, string_array: Any) -> None:
    """Write rows into a table node, one column for each key; `string_array` makes a `vtkStringArray`."""
    node.RemoveAllColumns()
    for name in dict.fromkeys(key for row in rows for key in row):
        column = string_array()
        column.SetName(name)
        for row in rows:
            column.InsertNextValue(shown(row.get(name)))
        node.AddColumn(column)


def shown(value: Any) -> str:
    """A value as text, empty if it is not known."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def refuse_transform(node: Any) -> None:
    """Refuse a node whose place is not in its own matrix."""
    if node.GetParentTransformNode() is not None:
        raise yttria.errors.GeometryError(
            f"{node.GetName()} lies under a transform: harden it (Data module, right click, 'Harden transform'), so "
            "that its own matrix states its place"
        )
