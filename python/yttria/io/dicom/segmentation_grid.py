"""Grid of the frames of a segmentation, with the distance of its slices from the header and from positions.

A segmentation stores only slices that are not empty, so that two consecutive frames of the file may lie far apart in
the patient. The distance of the slices does not follow from positions alone. SpacingBetweenSlices or SliceThickness
must state it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...advisory import Advisory, advise
from ...errors import GeometryError
from ...geometry.affine import Affine
from .geometry import Plane, affine

#: Frames closer together than this lie on one slice.
_SAME_SLICE_MM = 0.01
#: Largest difference between orientations and pixel spacings of frames, which rounding of decimal texts explains.
_SAME = 1e-4
#: Offset of a slice from its position on an even grid, as a fraction of the distance: a larger one than the first gives
#: an advisory, a larger one than the second is an error.
_EVEN, _UNEVEN = 0.01, 0.1
#: Frames farther apart than this many slice distances are not neighbors.
_APART = 1.5

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class FrameGrid:
    """Position of the frames: the affine, the number of slices, and the slice (k) of each frame."""

    affine_lps: Affine
    slices: int
    slice_of: tuple[int, ...]
    advisories: tuple[Advisory, ...]


def frame_grid(
    planes: Sequence[Plane], spacing_mm: float | None, thickness_mm: float | None, given_mm: float | None = None
) -> FrameGrid:
    """Find the grid of parallel frames; slices run against the normal of the frames, as highdicom orders them.

    Parameters
    ----------
    planes : sequence of Plane
        One for each frame, at least one.
    spacing_mm, thickness_mm : float or None
        SpacingBetweenSlices and SliceThickness in mm, if the file states them.
    given_mm : float, optional
        The distance between slices in mm that the caller states. It replaces both.

    Raises
    ------
    GeometryError
        If the frames are not parallel, do not lie on an even grid, or the distance of its slices is unknown.
    """
    _check_alike(planes)
    first = planes[0]
    positions = np.array([p.position for p in planes])
    with np.errstate(over="ignore", invalid="ignore"):
        along = (positions - positions[0]) @ first.normal
    if not np.isfinite(along).all():
        raise GeometryError("positions of the frames must be finite")
    order = np.argsort(along, kind="stable")
    # This is the number of the slice among those that hold a frame, in ascending order.
    rank = np.zeros(len(planes), dtype=np.intp)
    rank[order] = np.cumsum(np.diff(along[order], prepend=along[order[0]]) > _SAME_SLICE_MM)
    starts = np.unique(rank[order], return_index=True)[1]
    occupied = order[starts]
    step, advisories = _distance(np.diff(along[occupied]), spacing_mm, thickness_mm, given_mm)
    index = np.concatenate([[0], np.cumsum(_steps(np.diff(along[occupied]), step))])
    last = int(index[-1])
    vector = (positions[occupied[-1]] - positions[occupied[0]]) / last if last else first.normal * step
    off = np.linalg.norm(positions - positions[occupied[0]] - index[rank][:, None] * vector, axis=1)
    worst = int(off.argmax())
    if off[worst] > _UNEVEN * step:
        raise GeometryError(
            f"the frames form no volume of parallel slices: the one at {along[worst]:.3f} mm along the normal lies "
            f"{off[worst]:.3f} mm off its position among slices {step:.4g} mm apart"
        )
    if off[worst] > max(_EVEN * step, _SAME_SLICE_MM):
        advisories.append(
            advise("slices_not_equidistant", off_mm=float(off[worst]), step_mm=step, allowed_mm=_EVEN * step)
        )
    matrix = affine(planes[occupied[-1]], -vector)
    return FrameGrid(
        affine_lps=matrix, slices=last + 1, slice_of=tuple((last - index[rank]).tolist()), advisories=tuple(advisories)
    )


def _check_alike(planes: Sequence[Plane]) -> None:
    directions = np.array([(p.row_direction, p.column_direction) for p in planes])
    spacings = np.array([(p.row_spacing_mm, p.column_spacing_mm) for p in planes])
    if np.abs(directions - directions[0]).max() > _SAME:
        raise GeometryError("the frames form no volume of parallel slices: their orientations differ")
    if np.abs(spacings / spacings[0] - 1).max() > _SAME:
        raise GeometryError("frames must share one pixel spacing")


def _distance(
    gaps: Array, spacing: float | None, thickness: float | None, given: float | None
) -> tuple[float, list[Advisory]]:
    """Return the distance between slices, and advisories if it is contradictory or uncertain."""
    if given is not None:
        return _checked(gaps, given, "the given slice thickness"), []
    stated = {"SpacingBetweenSlices": spacing, "SliceThickness": thickness}
    known = {name: abs(mm) for name, mm in stated.items() if mm is not None and mm != 0}
    spacing, thickness = known.get("SpacingBetweenSlices"), known.get("SliceThickness")
    said = " and ".join(f"{name} {mm:.4g} mm" for name, mm in known.items()) or "neither is stated"
    remedy = "pass slice_thickness_mm, the distance between slices"
    if not len(gaps):
        if spacing is None:
            raise GeometryError(f"a segmentation of one slice must state SpacingBetweenSlices; {remedy}")
        if thickness is None or _close(spacing, thickness):
            return spacing, []
        told = advise("segmentation_slice_distance", "one_slice", stated=said, step_mm=spacing, compared_mm=thickness)
        return spacing, [told]
    nearest = float(gaps.min())
    fits = [name for name, mm in known.items() if _fits(gaps, mm)]

    def taken(step: float, why: str) -> tuple[float, list[Advisory]]:
        told = advise("segmentation_slice_distance", "taken", why=why, stated=said, step_mm=step, compared_mm=nearest)
        return step, [told]

    if spacing is not None and "SpacingBetweenSlices" in fits:
        if nearest < _APART * spacing or (thickness is not None and _close(spacing, thickness)):
            return spacing, []
        if thickness is not None and _close(thickness, nearest):
            return taken(thickness, "SpacingBetweenSlices contradicts SliceThickness and the positions of the frames")
        return taken(spacing, "No two frames of the segmentation are neighbors")
    if thickness is not None and "SliceThickness" in fits:
        if spacing is not None:
            return taken(thickness, "SpacingBetweenSlices contradicts the positions of the frames")
        if nearest < _APART * thickness:
            return thickness, []
        return taken(thickness, "No two frames of the segmentation are neighbors")
    # The slices overlap, or the space between them is too small for another slice.
    if thickness is not None and spacing is None and nearest < 2 * thickness and _fits(gaps, nearest):
        return taken(nearest, "SliceThickness is not the distance of the frames")
    raise GeometryError(
        f"the frames form no volume of parallel slices at a known distance: {said}, and the frames are "
        f"{', '.join(f'{gap:.4g}' for gap in np.unique(np.round(gaps, 3))[:6])} mm apart; {remedy}"
    )


def _checked(gaps: Array, step: float, name: str) -> float:
    if not _fits(gaps, step):
        raise GeometryError(
            f"{name} of {step:.4g} mm does not fit the positions of the frames, which are {gaps.min():.4g} mm apart"
        )
    return step


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= 0.02 * max(a, b)


def _fits(gaps: Array, step: float) -> bool:
    """Whether all gaps are whole multiples of the step."""
    count = gaps / _refined(gaps, step)
    return bool((np.rint(count) >= 1).all() and (np.abs(count - np.rint(count)) <= _UNEVEN).all())


def _steps(gaps: Array, step: float) -> npt.NDArray[np.int64]:
    return np.rint(gaps / _refined(gaps, step)).astype(np.int64)


def _refined(gaps: Array, step: float) -> float:
    """Choose the stated step or that of neighbors, whichever fits better, because either may be rounded."""
    neighbors = gaps[np.abs(gaps / step - 1) <= _UNEVEN]
    if not len(neighbors):
        return step
    found = [step, float(np.median(neighbors))]
    off = [float(np.abs(gaps / s - np.rint(gaps / s)).max()) for s in found]
    return found[int(np.argmin(off))]
