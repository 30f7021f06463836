"""Grid of slices: positions sorted along the normal, and the affine.

DICOM PS3.3 C.7.6.2.1.1: the voxel (column i, row j) of a slice lies at ImagePositionPatient
+ i * PixelSpacing[1] * (row direction) + j * PixelSpacing[0] * (column direction), in LPS millimeters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ...advisory import Advisory, Severity, advise
from ...errors import GeometryError
from ...geometry.affine import MAX_SHEAR, Affine, checked_affine
from .dataset import Dataset, number, numbers

#: Largest offset of a contour from its slice, or of a grid from the normal of its slices, as a fraction of the slice
#: distance.
MAX_GAP = 0.01
#: Largest offset of a slice from its position in an even grid, as a fraction of the slice distance. Joints between beds
#: of PET (0.04 of 3.26 mm) and positions with two decimals (0.01 of 0.625 mm) are smaller. A missing slice gives a
#: third or more.
MAX_OFF = 0.05
#: A larger offset gives an advisory, again as a fraction of the slice distance.
_TOLD_OFF = 0.005
#: Largest drift of a whole stack from its normal in mm that rounding of decimal texts explains.
_ROUNDING_MM = 0.02
#: Largest difference between orientations and spacings of slices of one grid, which rounding of decimal texts explains.
_SAME = 1e-4


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Position of one slice: the center of its first voxel, two directions, distances between rows and columns.

    `row_direction` points along a row (i grows), `column_direction` down a column (j grows). Both are unit vectors.
    """

    position: npt.NDArray[np.float64]
    row_direction: npt.NDArray[np.float64]
    column_direction: npt.NDArray[np.float64]
    row_spacing_mm: float
    column_spacing_mm: float

    @property
    def normal(self) -> npt.NDArray[np.float64]:
        """Cross product of row direction and column direction."""
        return np.cross(self.row_direction, self.column_direction)


def plane(place: Dataset, orientation: Dataset | None = None, measures: Dataset | None = None) -> Plane:
    """Read the plane that a header states; orientation and pixel spacing may be in other items than the position.

    `GeometryError` is raised if the directions are not unit vectors at a right angle or a spacing is not positive.
    """
    position = numbers(place, "ImagePositionPatient", 3)
    row, column = _directions(numbers(orientation or place, "ImageOrientationPatient", 6))
    row_spacing, column_spacing = numbers(measures or place, "PixelSpacing", 2)
    if not (row_spacing > 0 and column_spacing > 0):
        raise GeometryError(f"PixelSpacing must be two positive numbers, got {row_spacing:g} and {column_spacing:g}")
    return Plane(
        position=np.array(position),
        row_direction=row,
        column_direction=column,
        row_spacing_mm=row_spacing,
        column_spacing_mm=column_spacing,
    )


@lru_cache(64)
def _directions(orientation: tuple[float, ...]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    directions = np.reshape(orientation, (2, 3))
    with np.errstate(over="ignore", invalid="ignore"):
        product = directions @ directions.T
    if not np.abs(product - np.eye(2)).max() <= MAX_SHEAR:
        raise GeometryError(
            f"ImageOrientationPatient must be two unit vectors at a right angle, got {list(orientation)}"
        )
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    unit.flags.writeable = False
    return unit[0], unit[1]


def affine(first: Plane, step: npt.ArrayLike) -> Affine:
    """Return the affine of slices that begin at `first` and follow each other by the vector `step` in mm."""
    matrix = np.eye(4)
    matrix[:3, 0] = first.row_direction * first.column_spacing_mm
    matrix[:3, 1] = first.column_direction * first.row_spacing_mm
    matrix[:3, 2] = step
    matrix[:3, 3] = first.position
    return checked_affine(matrix)


class Stack(NamedTuple):
    """Order of slices along their normal, affine of the even grid that they form, and its advisories."""

    order: list[int]
    affine: Affine
    advisories: tuple[Advisory, ...] = ()


def stacked(planes: Sequence[Plane]) -> Stack:
    """Sort slices along their normal, and find the even grid from the first to the last.

    A slice that is more than 0.5 % of the slice distance off the grid gives the advisory `uneven_slices`.
    `GeometryError` is raised for fewer than two slices, different orientations or spacings, two slices at one position,
    a missing slice, or a tilted gantry. A slice that is more than 5 % of the slice distance off the grid raises it too.
    """
    if len(planes) < 2:
        raise GeometryError(f"an image needs at least two slices to have a slice distance, got {len(planes)}")
    first = planes[0]
    directions = np.array([(p.row_direction, p.column_direction) for p in planes])
    turned = np.abs(directions - directions[0]).max(axis=(1, 2))
    if turned.max() > _SAME:
        n = int(turned.argmax())
        raise GeometryError(
            f"slices must share one orientation: the directions of slice {n + 1} differ from those of the first by "
            f"{turned[n]:.3g}"
        )
    spacings = np.array([(p.row_spacing_mm, p.column_spacing_mm) for p in planes])
    with np.errstate(over="ignore"):
        differing = np.abs(spacings / spacings[0] - 1).max(axis=1)
    if differing.max() > _SAME:
        found = spacings[int(differing.argmax())]
        raise GeometryError(
            f"slices must share one pixel spacing, got {spacings[0].tolist()} mm and {found.tolist()} mm"
        )
    positions = np.array([p.position for p in planes])
    with np.errstate(over="ignore", invalid="ignore"):
        along = (positions - positions[0]) @ first.normal
    order = np.argsort(along, kind="stable")
    along, positions = along[order], positions[order]
    if not np.isfinite(along).all():
        raise GeometryError("slice positions must be finite")
    _check_apart(along)
    count = len(planes) - 1
    step = (positions[-1] - positions[0]) / count
    straight = (step @ first.normal) * first.normal
    if count * np.linalg.norm(step - straight) <= _ROUNDING_MM:
        step = straight
    off = np.linalg.norm(positions - positions[0] - np.arange(count + 1)[:, None] * step, axis=1)
    _check_even(along)
    distance, worst = float(np.linalg.norm(step)), int(off.argmax())
    if off[worst] > MAX_OFF * distance:
        raise GeometryError(
            f"slices must lie on one line: the one at {along[worst]:.3f} mm is {off[worst]:.3f} mm off it"
        )
    matrix = affine(planes[order[0]], step)
    if off[worst] <= _TOLD_OFF * distance:
        return Stack(order.tolist(), matrix)
    severity: Severity = "warning" if off[worst] > 2 * MAX_GAP * distance else "note"
    told = advise(
        "uneven_slices",
        severity=severity,
        off_mm=float(off[worst]),
        step_mm=distance,
        allowed_mm=MAX_OFF * distance,
    )
    return Stack(order.tolist(), matrix, (told,))


def slice_step(grid: Plane, offset_mm: float) -> npt.NDArray[np.float64]:
    """Return the vector from one slice to the next, `offset_mm` along the normal, or against it if negative."""
    return grid.normal * offset_mm


def spacing_between_slices(dataset: Dataset) -> float:
    """Read SpacingBetweenSlices, which may be negative in nuclear medicine and must not be zero."""
    spacing = number(dataset, "SpacingBetweenSlices")
    if spacing == 0:
        raise GeometryError("SpacingBetweenSlices must not be zero")
    return spacing


def _check_apart(along: npt.NDArray[np.float64]) -> None:
    """Reject slices at one position; the usual distance is the median, which one gap does not change."""
    distances = np.diff(along)
    usual = float(np.median(distances))
    if not usual > 0 or distances.min() <= MAX_OFF * usual:
        n = int(distances.argmin())
        raise GeometryError(f"slices must lie apart: two are at {along[n]:.3f} mm along the normal")


def _check_even(along: npt.NDArray[np.float64]) -> None:
    """Reject sorted positions if one lies too far off the even grid between the first and the last."""
    grid = np.linspace(along[0], along[-1], len(along))
    distances = np.diff(along)
    usual, off = float(np.median(distances)), float(np.abs(along - grid).max())
    if off > MAX_OFF * (grid[1] - grid[0]):
        worst = int(np.abs(distances - usual).argmax())
        raise GeometryError(
            f"slices must form an even grid within {MAX_OFF:.0%} of their distance of {usual:.4g} mm: one lies "
            f"{off:.3g} mm off, and between {along[worst]:.3f} and {along[worst + 1]:.3f} mm along the normal there "
            f"are {distances[worst]:.4g} mm"
        )
