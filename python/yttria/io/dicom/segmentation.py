"""Reader of DICOM segmentations (binary, fractional and labelmap) on the grid of the segmentation."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._foundation.extras import require
from ...advisory import Advisory, advise
from ...advisory.warning_filters import quiet
from ...errors import FileFormatError, ShapeError
from ...geometry.affine import Affine
from ...geometry.structure import Structure
from ...geometry.structure_selection import Patterns
from .._common import decoding, positions
from .dataset import Dataset, items, number, read_dataset, text, whole
from .geometry import plane
from .segmentation_grid import FrameGrid, frame_grid
from .segmentation_pixels import Frames, functional_groups, segment_numbers
from .structure_names import check_count, name_of, told_apart

#: Limits of the voxels of the whole grid, and of the bytes of all masks of one call. Empty slices are not stored, so
#: that a small file may span any volume. Beyond `_COMMON_BYTES` each mask covers only the slices of its own segment.
_MAX_VOXELS = 2**31
_COMMON_BYTES, _MAX_BYTES = 2**30, 2**32


def read_segmentation(
    path: str | os.PathLike[str],
    names: Sequence[str] | None = None,
    *,
    only: Patterns = None,
    exclude: Patterns = None,
    slice_thickness_mm: float | None = None,
) -> list[Structure]:
    """Read the segments of a SEG file; they may overlap, and `label` is the segment number.

    Parameters
    ----------
    path : path
        The file.
    names : sequence of str, optional
        Names of the wanted segments, in this order. Segments that share a label have their number added, "Tumor #2".
    only, exclude : str or sequence of str, optional
        Patterns of names, as in `yttria.select_structures`.
    slice_thickness_mm : float, optional
        Distance between slices in mm, for a file that does not state it. It replaces the statement of the file.

    Returns
    -------
    list of Structure
        Masks of bool, or fractions from a fractional segmentation of type OCCUPANCY. Slices that the file leaves out
        are empty. All lie on the grid of the whole segmentation, whose slices run against the normal of the frames. If
        that takes more than 1 GiB, each lies on the slices of its own segment.

    Raises
    ------
    FileFormatError
        If the file is damaged, holds probabilities, gives one number to two segments, or is incomplete.
    GeometryError
        If the frames do not form an even volume, or the distance of its slices is unknown.
    ShapeError
        If the masks would need more than 4 GiB, or there are more than 1000 segments.
    UnknownNameError
        If a name or pattern is not in the file.

    Warns
    -----
    segmentation_slice_distance
        The stated distance of the slices contradicts their positions, or no two slices are neighbors.
    slices_not_equidistant
        Slices lie off an even grid by more than 1 % of their distance.
    segment_frame_twice
        One slice of a segment is stored twice; both are equal.
    """
    path = Path(path)
    dataset = read_dataset(path)
    with decoding(path, "DICOM"), quiet():
        kind = text(dataset, "SegmentationType")
        if kind not in ("BINARY", "FRACTIONAL", "LABELMAP"):
            raise FileFormatError(f"SegmentationType must be BINARY, FRACTIONAL or LABELMAP, got {kind}")
        if kind == "FRACTIONAL" and text(dataset, "SegmentationFractionalType") != "OCCUPANCY":
            raise FileFormatError(
                f"a fractional segmentation must be of type OCCUPANCY, got "
                f"{text(dataset, 'SegmentationFractionalType')}: probabilities are not the fraction of a voxel inside "
                "the segment"
            )
        frames = Frames(dataset)
        described = described_segments(dataset, background=kind == "LABELMAP")
        known = [segment.name for segment in described]
        wanted = [described[n] for n in positions(path, known, names, only=only, exclude=exclude)]
        grid = _grid(dataset, slice_thickness_mm)
        check_count(len(wanted), "segments")
        masks = _labelmap if kind == "LABELMAP" else _stacks
        return [
            Structure(
                segment.name,
                mask,
                _from_slice(grid.affine_lps, start),
                label=segment.number,
                color=segment.color,
                frame_of_reference_uid=text(dataset, "FrameOfReferenceUID"),
                patient_id=text(dataset, "PatientID"),
                advisories=(*grid.advisories, *advisories),
            )
            for segment, (mask, start, advisories) in zip(wanted, masks(dataset, frames, grid, wanted), strict=True)
        ]


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Description of a segment in the file, with the number that its frames refer to."""

    name: str
    number: int
    color: tuple[float, float, float] | None


def described_segments(dataset: Dataset, *, background: bool) -> list[Segment]:
    """Read the segments that the file describes, without the background of a labelmap."""
    described = [(whole(item, "SegmentNumber", 0, 65535), item) for item in items(dataset, "SegmentSequence")]
    found = [(number_, item) for number_, item in described if number_ > 0 or not background]
    if not found:
        raise FileFormatError("the segmentation describes no segment")
    numbers = [number_ for number_, _ in found]
    labels = [name_of(item, "SegmentLabel") or f"segment {number_}" for number_, item in found]
    owners: dict[int, str] = {}
    for number_, label in zip(numbers, labels, strict=True):
        if number_ in owners:
            raise FileFormatError(
                f"segment number {number_} is given to '{owners[number_]}' and to '{label}', so that their frames "
                "cannot be separated"
            )
        owners[number_] = label
    names = told_apart(labels, numbers)
    return [
        Segment(name=name, number=number_, color=_color(item))
        for name, (number_, item) in zip(names, found, strict=True)
    ]


def _color(item: Dataset) -> tuple[float, float, float] | None:
    values = item.get("RecommendedDisplayCIELabValue")
    with suppress(ValueError, TypeError):
        color = require("highdicom.color", "dicom").CIELabColor.from_dicom_value(tuple(values))
        red, green, blue = (float(c) / 255.0 for c in color.to_rgb(clip=True))
        return red, green, blue
    return None


def _grid(dataset: Dataset, given_mm: float | None) -> FrameGrid:
    """Find the grid that the frames form."""
    places = functional_groups(dataset, "PlanePositionSequence")
    orientations = functional_groups(dataset, "PlaneOrientationSequence")
    measures = functional_groups(dataset, "PixelMeasuresSequence")
    planes = [plane(*(group[0] for group in groups)) for groups in zip(places, orientations, measures, strict=True)]
    stated = {
        keyword: {number(m[0], keyword) for m in measures if text(m[0], keyword) is not None}
        for keyword in ("SpacingBetweenSlices", "SliceThickness")
    }
    for keyword, values in stated.items():
        if len(values) > 1:
            raise FileFormatError(f"frames must share one {keyword}, got {min(values):g} and {max(values):g}")
    spacing, thickness = (min(values, default=None) for values in stated.values())
    return frame_grid(planes, spacing, thickness, given_mm)


def _from_slice(affine_lps: Affine, start: int) -> Affine:
    matrix = affine_lps.copy()
    matrix[:3, 3] += start * matrix[:3, 2]
    return matrix


#: Mask of a segment, its first slice in the grid, and its advisories.
_Masks = Iterator[tuple[npt.NDArray[Any], int, list[Advisory]]]


def _spans(frames: Frames, grid: FrameGrid, own: Sequence[Sequence[int]], item_bytes: int) -> list[tuple[int, int]]:
    """Return the first and the last slice that each mask covers; `own` are the slices that hold voxels of a segment.

    `ShapeError` is raised before allocation if the masks are too large.
    """
    rows, columns = frames.shape
    if grid.slices * rows * columns > _MAX_VOXELS:
        raise ShapeError(f"a segment must have at most 2^31 voxels, got shape {[grid.slices, rows, columns]}")
    slice_bytes = rows * columns * item_bytes
    if len(own) * grid.slices * slice_bytes <= _COMMON_BYTES:
        return [(0, grid.slices)] * len(own)
    spans = [(min(slices, default=0), max(slices, default=0) + 1) for slices in own]
    size = sum(to - start for start, to in spans) * slice_bytes
    if size > _MAX_BYTES:
        raise ShapeError(
            f"the masks of {len(own)} segments need {size / 2**30:.1f} GiB, at most {_MAX_BYTES / 2**30:g} GiB can be "
            "read at once: select some by names=, only= or exclude="
        )
    return spans


def _labelmap(dataset: Dataset, frames: Frames, grid: FrameGrid, wanted: Sequence[Segment]) -> _Masks:
    """Make the mask of each segment from the labels of all frames."""
    present: dict[int, list[int]] = {segment.number: [] for segment in wanted}
    stored: dict[int, npt.NDArray[Any]] = {}
    for n, k in enumerate(grid.slice_of):
        labels = frames[n]
        if not np.array_equal(labels, stored.setdefault(k, labels)):
            raise FileFormatError("two frames of the labelmap lie on one slice and differ")
        for number_ in np.unique(labels[labels != 0]).tolist():
            present.get(number_, []).append(k)
    for segment, (start, to) in zip(wanted, _spans(frames, grid, list(present.values()), 1), strict=True):
        mask = np.zeros((to - start, *frames.shape), np.bool_)
        for k in present[segment.number]:
            mask[k - start] = stored[k] == segment.number
        yield mask, start, []


def _stacks(dataset: Dataset, frames: Frames, grid: FrameGrid, wanted: Sequence[Segment]) -> _Masks:
    """Make the mask of each segment from the frames that refer to it."""
    fractional = text(dataset, "SegmentationType") == "FRACTIONAL"
    full = whole(dataset, "MaximumFractionalValue", 1, 255) if fractional else 1
    owned: dict[int, list[int]] = {whole(s, "SegmentNumber", 0, 65535): [] for s in items(dataset, "SegmentSequence")}
    for n, number_ in enumerate(segment_numbers(dataset)):
        if number_ not in owned:
            raise FileFormatError(f"frame {n + 1} belongs to segment {number_}, which is not described")
        owned[number_].append(n)
    own = [[grid.slice_of[n] for n in owned[segment.number]] for segment in wanted]
    for segment, (start, to) in zip(wanted, _spans(frames, grid, own, 4 if fractional else 1), strict=True):
        mask: npt.NDArray[Any] = np.zeros((to - start, *frames.shape), np.float32 if fractional else np.bool_)
        seen: set[int] = set()
        advisories: list[Advisory] = []
        for n in owned[segment.number]:
            k, values = grid.slice_of[n] - start, frames[n]
            # Fractions are stored as whole multiples of 1 / maximum. Rounding must not make them larger than 1.
            values = np.minimum(values / np.float32(full), 1, dtype=np.float32) if fractional else values != 0
            if k in seen and not np.array_equal(mask[k], values):
                raise FileFormatError(f"two frames of '{segment.name}' lie on one slice and differ")
            if k in seen and not advisories:
                advisories.append(advise("segment_frame_twice", structure=segment.name))
            seen.add(k)
            mask[k] = values
        yield mask, start, advisories
