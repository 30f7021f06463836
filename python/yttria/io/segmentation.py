"""Slicer's `.seg.nrrd`: overlapping segments in layers, told apart by a value that holds within its layer only.

Keys as 3D Slicer writes them: SegmentN_Name, _ID, _Layer, _LabelValue, _Extent, _Color.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import FileFormatError, UnknownNameError
from ..structure import Structure
from . import nrrd
from ._common import positions
from .labelmap import from_labelmap, to_layers


def read_structures(path: Path, names: Sequence[str] | None, labels: Mapping[int, str] | None) -> list[Structure]:
    """See `yttria.io.read_structures`."""
    header, array = nrrd.read(path)
    layers, affine = nrrd.placed(path, header, array)
    if not any(key.startswith("Segment0_") for key in header):
        if len(layers) != 1:
            raise FileFormatError(f"{path}: a labelmap must have one value per voxel, got {len(layers)}")
        return from_labelmap(path, layers[0], affine, names, labels, {})
    if labels is not None:
        raise UnknownNameError(f"{path}: is a segmentation with names of its own; select with names=, not labels=")
    if "fractional" in str(header.get("Segmentation_MasterRepresentation", "")).casefold():
        raise FileFormatError(f"{path}: fractional labelmaps are not supported, only binary ones")
    segments: list[dict[str, str]] = []
    while any(key.startswith(f"Segment{len(segments)}_") for key in header):
        prefix = f"Segment{len(segments)}_"
        segments.append({key.removeprefix(prefix): v for key, v in header.items() if key.startswith(prefix)})
    # Interleaved in the file; side by side, comparing them is several times faster.
    volumes = [np.ascontiguousarray(layer) for layer in layers]
    wanted = positions(path, [_name(segment) for segment in segments], names)
    return [_structure(segments[n], n, volumes, affine) for n in wanted]


def write_structures(structures: Sequence[Structure], path: Path) -> None:
    """See `yttria.io.write_structures`."""
    layers, places = to_layers(structures)
    keys = {
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        "Segmentation_MasterRepresentation": "Binary labelmap",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }
    for n, (structure, (layer, value)) in enumerate(zip(structures, places, strict=True)):
        extent = " ".join(f"{low} {high}" for low, high in reversed(_extent(structure.mask)))
        entry = {
            "ID": f"Segment_{n + 1}",
            "Name": structure.name,
            "Layer": layer,
            "LabelValue": value,
            "Extent": extent,
        }
        if structure.color is not None:
            entry["Color"] = " ".join(repr(float(c)) for c in structure.color)
        keys |= {f"Segment{n}_{key}": str(v) for key, v in entry.items()}
    array = layers[0] if len(layers) == 1 else np.stack(layers, axis=-1)
    nrrd.write(path, array, structures[0].affine_lps, keys)


def _name(segment: Mapping[str, str]) -> str:
    name = segment.get("Name") or segment.get("ID")
    if not name:
        raise ValueError("a segment has neither name nor ID")
    return name


def _structure(
    segment: Mapping[str, str], n: int, layers: Sequence[npt.NDArray[Any]], affine: npt.NDArray[np.float64]
) -> Structure:
    if ("Layer" in segment) != ("LabelValue" in segment):
        raise ValueError(f"segment '{_name(segment)}' has one of Layer and LabelValue without the other")
    # Before layers were shared, segment n was the value 1 in the n-th of a voxel's list.
    layer, value = int(segment.get("Layer", n)), int(segment.get("LabelValue", 1))
    if not 0 <= layer < len(layers):
        raise ValueError(f"segment '{_name(segment)}' is in layer {layer}, there are {len(layers)}")
    mask = layers[layer] == value
    if "Extent" in segment:
        extent = [int(x) for x in segment["Extent"].split()]
        if len(extent) != 6:
            raise ValueError(f"extent of segment '{_name(segment)}' must be six numbers, got {segment['Extent']}")
        # Slicer crops to the extent and other readers do not: where it matters, neither is taken for granted.
        box = tuple(slice(max(extent[n], 0), max(extent[n + 1] + 1, 0)) for n in (4, 2, 0))
        if np.count_nonzero(mask[box]) != np.count_nonzero(mask):
            raise ValueError(f"segment '{_name(segment)}' has voxels outside its extent {segment['Extent']}")
    color = tuple(float(c) for c in segment["Color"].split()) if "Color" in segment else None
    return Structure(_name(segment), mask, affine, label=value, color=color)  # type: ignore[arg-type]


def _extent(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index along each axis with a voxel in the mask; (0, -1) where there is none."""
    found = []
    for axis in range(3):
        line = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        found.append((int(line[0]), int(line[-1])) if line.size else (0, -1))
    return found
