"""Reader and writer of Slicer's `.seg.nrrd`, in which a segment is a value within one of several layers.

The keys are those of 3D Slicer: SegmentN_Name, _ID, _Layer, _LabelValue, _Extent, _Color.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..advisory import Advisory, advise
from ..errors import ArgumentError, FileFormatError
from ..geometry.image import Image
from ..geometry.structure import Structure
from . import nrrd
from ._common import ReadOptions, positions
from .labelmap import MAX_STRUCTURES, Labelmap, extent, from_labelmap, label_counts, structure_of_label, to_layers


def read_structures(
    path: Path, names: Sequence[str] | None, labels: Mapping[int, str] | None, options: ReadOptions
) -> list[Structure]:
    """Read structures; see `yttria.io.read_structures`."""
    header, array = nrrd.read(path, options)
    layers, affine = nrrd.placed(path, header, array)
    segments = _segments(header)
    _check_binary(path, header)
    if not segments:
        if len(layers) != 1:
            raise FileFormatError(f"{path}: a labelmap must have one value per voxel, got {len(layers)}")
        image = Image(layers[0], affine, "1")
        return from_labelmap(path, image, names, labels, {}, unit=nrrd.stated_unit_of(path, header))
    if labels is not None:
        raise ArgumentError(f"{path}: a segmentation has its own names: select structures by names=, not labels=")
    if len(segments) > MAX_STRUCTURES:
        raise FileFormatError(
            f"{path}: a segmentation must have at most {MAX_STRUCTURES} segments, got {len(segments)}"
        )
    numbered = list(segments) == list(range(len(segments)))
    if not (numbered or all("Layer" in segment for segment in segments.values())):
        raise FileFormatError(f"{path}: segments without a layer must be numbered 0, 1, ..., got {_listed(segments)}")
    labelmaps = Labelmap.layers_of(layers)
    places = {n: _place(segment, n, len(labelmaps)) for n, segment in segments.items()}
    advisories = [] if numbered else [_gap(path, segments)]
    counts = [label_counts(path, labelmap.values) for labelmap in labelmaps]
    advisories += _unnamed(path, counts, list(places.values()))
    order = list(segments)
    wanted = positions(path, [_name(segments[n]).strip() for n in order], names)
    for n in wanted:
        layer, value = places[order[n]]
        _check_extent(segments[order[n]], labelmaps[layer], value, counts[layer].get(value, 0))
    return [_structure(path, segments[order[n]], labelmaps, places[order[n]], affine, advisories) for n in wanted]


def _segments(header: Mapping[str, Any]) -> dict[int, dict[str, str]]:
    """Return the keys of each segment by its number, in order."""
    found: dict[int, dict[str, str]] = {}
    for key, value in header.items():
        if match := nrrd.SEGMENT_KEY.fullmatch(key):
            found.setdefault(int(match[1]), {})[match[2]] = str(value)
    return dict(sorted(found.items()))


def _check_binary(path: Path, header: Mapping[str, Any]) -> None:
    """Check that a layer is binary, because Slicer stores fractions as 0 to 216 or -108 to 108, like labels."""
    for key in ("Segmentation_MasterRepresentation", "Segmentation_SourceRepresentation"):
        kind = str(header.get(key, "Binary labelmap"))
        if kind.strip().casefold() != "binary labelmap":
            raise FileFormatError(f"{path}: {kind}s are not supported: convert it to a binary one in the program")


def _listed(segments: Mapping[int, object]) -> str:
    numbers = [str(n) for n in segments]
    return ", ".join(numbers if len(numbers) <= 10 else [*numbers[:9], "..."])


def _gap(path: Path, segments: Mapping[int, object]) -> Advisory:
    return advise("segment_numbers_with_gaps", file=path.name, numbers=_listed(segments))


def _unnamed(path: Path, counts: Sequence[Mapping[int, int]], places: Sequence[tuple[int, int]]) -> list[Advisory]:
    """Report values of a layer that no segment names, and segments with the same voxels."""
    found = []
    for n, counted in enumerate(counts):
        left = sorted(counted.keys() - {value for layer, value in places if layer == n})
        if left:
            values = _listed(dict.fromkeys(left))
            found.append(
                advise("values_without_a_segment", file=path.name, layer=n, values=values, count=float(len(left)))
            )
    if len(set(places)) < len(places):
        found.append(advise("segments_are_the_same", file=path.name))
    return found


def write_structures(structures: Sequence[Structure], path: Path) -> None:
    """Write structures; see `yttria.io.write_structures`."""
    layers, places = to_layers(structures)
    keys = {
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        "Segmentation_MasterRepresentation": "Binary labelmap",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }
    for n, (structure, (layer, value)) in enumerate(zip(structures, places, strict=True)):
        box = " ".join(f"{low} {high}" for low, high in reversed(extent(structure.mask)))
        entry = {
            "ID": f"Segment_{n + 1}",
            "Name": structure.name,
            "Layer": layer,
            "LabelValue": value,
            "Extent": box,
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


def _place(segment: Mapping[str, str], n: int, layers: int) -> tuple[int, int]:
    """Return the layer of a segment and its value there."""
    if ("Layer" in segment) != ("LabelValue" in segment):
        raise ValueError(f"segment '{_name(segment)}' has one of Layer and LabelValue without the other")
    # In files before shared layers, segment n was the value 1 at position n of a voxel's list.
    layer, value = int(segment.get("Layer", n)), int(segment.get("LabelValue", 1))
    if not 0 <= layer < layers:
        raise ValueError(f"segment '{_name(segment)}' is in layer {layer}, but the file has {layers} layers")
    return layer, value


def _structure(
    path: Path,
    segment: Mapping[str, str],
    labelmaps: Sequence[Labelmap],
    place: tuple[int, int],
    affine: npt.NDArray[np.float64],
    advisories: Sequence[Advisory],
) -> Structure:
    layer, value = place
    color = tuple(float(c) for c in segment["Color"].split()) if "Color" in segment else None
    return structure_of_label(path, _name(segment), labelmaps[layer], affine, value, color=color, advisories=advisories)


def _check_extent(segment: Mapping[str, str], labelmap: Labelmap, value: int, voxels: int) -> None:
    """Check that all voxels of a segment lie within the extent that the file states for it."""
    if "Extent" not in segment:
        return
    extent = [int(x) for x in segment["Extent"].split()]
    if len(extent) != 6:
        raise ValueError(f"extent of segment '{_name(segment)}' must be six numbers, got {segment['Extent']}")
    # Slicer crops to the extent and other readers do not. If the two differ, the file is rejected.
    box = tuple(slice(max(extent[n], 0), max(extent[n + 1] + 1, 0)) for n in (4, 2, 0))
    if labelmap.count_within(value, box) != voxels:
        raise ValueError(f"segment '{_name(segment)}' has voxels outside its extent {segment['Extent']}")
