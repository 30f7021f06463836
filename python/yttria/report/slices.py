"""Planes through tumors as pictures with isodose lines and outlines, ready for a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .._core import DoseVolumeHistogram, VoxelFractions
from .._foundation.extras import require
from .._foundation.text import plain
from ..geometry.image import Image
from .palette import line_style
from .png import data_uri, dose_pixels, png
from .selection import (
    center,
    center_of,
    check_levels,
    doubling_levels,
    highest_shown_gy,
    is_tumor,
    large_ones,
    short,
    surroundings,
    tumors_of,
)
from .views import Orientation, Plane, plane

if TYPE_CHECKING:
    from .dose_map import DoseMap

Box = tuple[slice, slice, slice]

#: Largest number of tumors with planes; the largest tumors are chosen.
MOST_TUMORS = 12
#: Largest margins in mm around all structures, and around a tumor.
_MARGIN_MM, _TUMOR_MARGIN_MM = 25.0, 60.0
#: Height of letters as a share of a picture's width, width as a share of height, and largest number of characters of a
#: name.
_LETTER, _LETTER_WIDTH, _NAME_LENGTH = 1.0 / 24.0, 0.58, 16
#: Number of positions on a line that are tried for its label.
_PLACES = 24
_PLANES = ("axial", "coronal", "sagittal")


@dataclass(frozen=True, kw_only=True)
class Label:
    """Text centered at a point of a picture, in millimeters from its upper left corner."""

    text: str
    x: float
    y: float
    letter_mm: float

    @property
    def half_width(self) -> float:
        """Estimate half the width of the text in millimeters."""
        return 0.5 * _LETTER_WIDTH * self.letter_mm * len(self.text)

    def overlaps(self, other: Label) -> bool:
        """Whether the two texts would overlap."""
        apart = self.half_width + other.half_width + 0.3 * self.letter_mm
        return abs(self.x - other.x) < apart and abs(self.y - other.y) < 1.1 * self.letter_mm

    def within(self, extent_mm: tuple[float, float]) -> bool:
        """Whether the text lies inside a picture, away from the letters of directions at its edges."""
        across, down = self.half_width + 0.4 * self.letter_mm, 1.9 * self.letter_mm
        return across < self.x < extent_mm[0] - across and down < self.y < extent_mm[1] - down


@dataclass(frozen=True, kw_only=True)
class Line:
    """Isodose line or outline: SVG path data in millimeters, its color, and its label if it fits."""

    path: str
    label: Label | None
    color: str = "#ffffff"


@dataclass(frozen=True, kw_only=True)
class Slice:
    """One plane with its lines. `description` states its content in words."""

    title: str
    description: str
    width_mm: float
    height_mm: float
    letter_mm: float
    bar_mm: int
    image: str
    isodoses: tuple[Line, ...]
    outlines: tuple[Line, ...]
    directions: tuple[str, str, str, str]


@dataclass(frozen=True, kw_only=True)
class SlicePictures:
    """All planes of a report: `rows` are the planes through each target, `ticks` positions on the color scale."""

    rows: tuple[tuple[str, tuple[Slice, ...]], ...]
    top_gy: float
    ticks: tuple[tuple[float, str], ...]
    left_out: int
    has_background: bool


def slice_pictures(dose: DoseMap, isodoses_gy: Sequence[float] | None = None) -> SlicePictures:
    """Draw three planes through each tumor, or else through the structure with the highest mean dose."""
    check_levels(isodoses_gy)
    image, histograms = dose.image, dose.histograms
    tumors = tumors_of(histograms)
    targets = sorted(tumors[:MOST_TUMORS], key=lambda name: dose.order[name])
    if not targets and histograms:
        targets = [max(large_ones(histograms), key=lambda name: histograms[name].mean_gy)]
    top_gy = highest_shown_gy(histograms) or float(image.array.max())
    levels = tuple(sorted(set(isodoses_gy)) if isodoses_gy is not None else doubling_levels(top_gy))
    top_gy = top_gy if top_gy > 0.0 else 1.0
    orientation = Orientation.of(image.affine_lps)
    inside = {name: dose.voxel_fractions[name] for name in histograms}
    everything = surroundings(list(inside.values()), image, _MARGIN_MM)
    gray = None if dose.background is None else _gray(dose.background)
    rows = []
    for name in targets or [""]:
        middle = center_of(inside[name]) if name else center(image.array)
        box = _within(surroundings([inside[name]], image, _TUMOR_MARGIN_MM), everything) if name else everything
        views = [plane(kind, middle, box, orientation) for kind in _PLANES]
        drawn = tuple(_slice(view, name, dose, inside, gray, levels, top_gy) for view in views)
        rows.append((name, drawn))
    return SlicePictures(
        rows=tuple(rows),
        top_gy=top_gy,
        ticks=_ticks(levels, top_gy),
        left_out=len(tumors) - len(targets) if tumors else 0,
        has_background=gray is not None,
    )


def _ticks(levels: Sequence[float], top_gy: float) -> tuple[tuple[float, str], ...]:
    """Return positions on the color scale from 0 to 1, with the dose if its text does not overlap the one before."""
    found: list[tuple[float, str]] = []
    free = 0.0
    for level in (0.0, *(level for level in levels if level <= top_gy)):
        share = level / top_gy
        text = f"{level:g}" if share >= free or not found else ""
        free = share + 0.015 + 0.025 * len(text) if text else free
        found.append((share, text))
    return tuple(found)


def _within(box: Box, everything: Box) -> Box:
    k, j, i = (slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(box, everything, strict=True))
    return k, j, i


def _gray(background: Image) -> NDArray[np.float64]:
    """Scale the background to 0 to 1, with tissue below white, so that the colors remain visible."""
    low, high = np.percentile(background.array, (1.0, 99.0))
    gray: NDArray[np.float64] = np.clip((background.array - low) / (1.6 * max(high - low, 1e-9)), 0.0, 1.0)
    return gray


def _slice(
    view: Plane,
    target: str,
    dose: DoseMap,
    inside: Mapping[str, VoxelFractions],
    gray: NDArray[np.float64] | None,
    levels: Sequence[float],
    top_gy: float,
) -> Slice:
    plane_gy = view.cut(dose.image.array).astype(float)
    pixels = dose_pixels(plane_gy, top_gy, None if gray is None else view.cut(gray))
    size = (view.extent_mm[0] / plane_gy.shape[1], view.extent_mm[1] / plane_gy.shape[0])
    letter_mm = round(_LETTER * view.extent_mm[0], 2)
    placed: list[Label] = []
    isodoses = []
    for level in levels:
        lines = _contours(plane_gy, level, size)
        if lines:
            label = _placed(f"{level:g}", lines, view.extent_mm, letter_mm, placed)
            isodoses.append(Line(path=_path(lines), label=label))
    outlines, crossed = [], []
    for name in _drawing_order(dose.histograms):
        lines = _contours(view.cut_of(inside[name], dose.image.shape), 0.5, size)
        if lines:
            style = line_style(dose.order[name])
            label = _placed(short(name, _NAME_LENGTH), lines, view.extent_mm, letter_mm, placed, beside=True)
            outlines.append(Line(path=_path(lines), color=style.on_dark, label=label))
            crossed.append(plain(name))
    through = f" through {plain(target)}" if target else ""
    reached = ", ".join(f"{level:g}" for level in levels if plane_gy.min() < level < plane_gy.max())
    return Slice(
        title=f"{view.name.capitalize()}, slice {view.index}",
        description=(
            f"{view.name.capitalize()} plane{through}: highest dose {plane_gy.max():.4g} Gy, "
            f"isodose lines at {f'{reached} Gy' if reached else 'no level'}, "
            f"outlines of {', '.join(crossed) or 'no structure'}."
        ),
        width_mm=round(view.extent_mm[0], 2),
        height_mm=round(view.extent_mm[1], 2),
        letter_mm=letter_mm,
        bar_mm=50 if view.extent_mm[0] > 110.0 else 20,
        image=data_uri(png(pixels)),
        isodoses=tuple(isodoses),
        outlines=tuple(outlines),
        directions=view.labels,
    )


def _drawing_order(histograms: Mapping[str, DoseVolumeHistogram]) -> list[str]:
    """The largest structure is drawn first, so that small ones, especially tumors, lie on top."""
    return sorted(histograms, key=lambda name: (is_tumor(name), -histograms[name].volume_ml))


def _contours(values: NDArray[np.floating], level: float, voxel_mm: tuple[float, float]) -> list[NDArray[np.float64]]:
    """Return lines of a level as points (x, y) in millimeters from the upper left corner, the longest first."""
    if min(values.shape) < 2 or not values.min() < level <= values.max():
        return []
    contourpy = require("contourpy", "report")
    # This extends the picture from the centers of the outermost voxels to their edges.
    framed = np.pad(np.asarray(values, float), 1, mode="edge")
    lines = contourpy.contour_generator(z=framed, line_type=contourpy.LineType.Separate).lines(level)
    rows, columns = values.shape
    found = [np.clip((line - 0.5) * voxel_mm, 0.0, (columns * voxel_mm[0], rows * voxel_mm[1])) for line in lines]
    return sorted(found, key=lambda line: -float(np.hypot(*np.diff(line, axis=0).T).sum()))


def _path(lines: Sequence[NDArray[np.float64]]) -> str:
    parts = []
    for line in lines:
        points = [f"{x:.1f} {y:.1f}" for x, y in line]
        closed = len(points) > 2 and points[0] == points[-1]
        parts.append(f"M{'L'.join(points[:-1] if closed else points)}{'Z' if closed else ''}")
    return "".join(parts)


def _placed(
    text: str,
    lines: Sequence[NDArray[np.float64]],
    extent_mm: tuple[float, float],
    letter_mm: float,
    placed: list[Label],
    *,
    beside: bool = False,
) -> Label | None:
    """Place a label on the longest line, or beside it, without covering another one; None if there is no room."""
    line = lines[0]
    middle = 0.5 * (line.min(axis=0) + line.max(axis=0))
    # The positions are spread over the line, the topmost first.
    start, stride = int(np.argmin(line[:, 1])), max(1, len(line) // _PLACES)
    for n in range(min(_PLACES, len(line))):
        x, y = (float(value) for value in line[(start + n * stride) % len(line)])
        label = Label(text=text, x=round(x, 1), y=round(y, 1), letter_mm=letter_mm)
        if beside:
            away = np.sign((x, y) - middle)
            x += away[0] * label.half_width * (abs(x - middle[0]) > 0.6 * letter_mm)
            label = replace(label, x=round(x, 1), y=round(y + away[1] * 0.8 * letter_mm, 1))
        if label.within(extent_mm) and not any(label.overlaps(other) for other in placed):
            placed.append(label)
            return label
    return None
