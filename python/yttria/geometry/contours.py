"""A structure given by planar contours, as radiotherapy draws them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from .._core import Contours, VoxelFractions
from .._foundation.arrays import real
from .._foundation.choices import END_CAPS, INTERPOLATIONS, EndCaps, Interpolation
from .._foundation.numbers import optional_number
from ..advisory import Advisory, advise
from ..errors import DTypeError, OutOfRangeError, ShapeError
from .affine import Affine, checked_affine, transformed_place
from .image import Image
from .structure import Structure

Points = npt.NDArray[np.float64]
_EMPTY = np.zeros((1, 1, 1), dtype=np.bool_)


class ContourStructure(Structure):
    """A named volume between parallel planar contours, each a closed polygon of points (n, 3) in LPS mm.

    Within a plane the even-odd rule holds: an inner contour is a hole, and keyholes are opened. Between planes the
    section changes from one contour to the next (`interpolation` "shape"), or each contour reaches to the middle of
    the gap ("none"). Where the structure or a part of it ends, the last contour goes on for half a slice (`end_caps`
    "half_slice") or not at all ("none"). A slice is the median spacing of the part's planes if `slice_thickness_mm` is
    not given. Planes farther apart than `maximum_gap_mm` (2.5 times the median if not given) bound separate parts.
    How, exactly: docs/structures.md.

    What was wrong with the contours and what was done about it stands in `advisories`. No contours: an empty volume.
    `voxel_fractions_on` goes straight from the contours to the grid and is exact where a grid axis runs along their
    normal. `mask`, on a grid of `affine_lps` along the contours with voxels of `voxel_size_mm`, holds fractions
    and is made when first asked for.

    Raises `UndefinedError` where no contour is usable, or all lie in one plane without `slice_thickness_mm`;
    `ShapeError` and `DTypeError` where a contour is no list of points; `OutOfRangeError` where a length is not positive
    or there are more than 20 000 contours or 4 000 000 points; `UnknownNameError` for the two rules.
    """

    def __init__(  # noqa: D107 (see the class)
        self,
        name: str,
        contours: Sequence[npt.ArrayLike],
        *,
        end_caps: EndCaps = END_CAPS[0],
        interpolation: Interpolation = INTERPOLATIONS[0],
        slice_thickness_mm: float | None = None,
        maximum_gap_mm: float | None = None,
        voxel_size_mm: float = 1.0,
        label: int | None = None,
        color: tuple[float, float, float] | None = None,
        frame_of_reference_uid: str | None = None,
        transform_lps: Affine | None = None,
        transform_source: str | None = None,
        patient_id: str | None = None,
        advisories: Sequence[Advisory] = (),
        threads: int | None = None,
    ) -> None:
        points = tuple(_points(contour, n, name) for n, contour in enumerate(contours))
        self.__dict__.update(
            name=name,
            contours=points,
            end_caps=end_caps,
            interpolation=interpolation,
            slice_thickness_mm=optional_number("slice thickness in mm", slice_thickness_mm),
            maximum_gap_mm=optional_number("maximum gap in mm", maximum_gap_mm),
            voxel_size_mm=optional_number("voxel size in mm", voxel_size_mm),
            label=label,
            color=color,
            frame_of_reference_uid=frame_of_reference_uid,
            transform_lps=None if transform_lps is None else checked_affine(transform_lps),
            transform_source=transform_source,
            patient_id=patient_id,
            _given=tuple(advisories),
        )
        self._check_identity()
        core = None
        if points:
            core = Contours(
                np.concatenate(points),
                np.array([len(p) for p in points], dtype=np.int64),
                end_caps,
                interpolation,
                self.slice_thickness_mm,
                self.maximum_gap_mm,
                threads,
            )
            core.grid([self.voxel_size_mm] * 3)
        self.__dict__["_core"] = core

    name: str
    contours: tuple[Points, ...]
    end_caps: EndCaps
    interpolation: Interpolation
    slice_thickness_mm: float | None
    maximum_gap_mm: float | None
    voxel_size_mm: float
    _given: tuple[Advisory, ...]
    _core: Contours | None

    def __reduce__(self) -> tuple[Callable[..., Structure], tuple[object, ...]]:
        return partial(ContourStructure, **self._terms(), advisories=self._given), (self.name, self.contours)

    def _terms(self) -> dict[str, Any]:
        keys = ("end_caps", "interpolation", "slice_thickness_mm", "maximum_gap_mm", "voxel_size_mm", "label", "color")
        place = ("frame_of_reference_uid", "transform_lps", "transform_source", "patient_id")
        return {k: getattr(self, k) for k in (*keys, *place)}

    def __repr__(self) -> str:
        return f"ContourStructure({self.name!r}, {len(self.contours)} contours, {self.volume_ml:.3f} mL)"

    @property
    def volume_ml(self) -> float:
        """Volume of the solid between the contours, on no grid."""
        return self._core.volume_ml if self._core else 0.0

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """What a reader must know of the contours, each with a code that begins with "contour"."""
        found = self._core.findings if self._core else []
        told = (
            advise(code, structure=self.name, finding=finding, number=number, compared_with=limit)
            for code, finding, number, limit in found
        )
        return (*self._given, *told)

    @cached_property
    def _grid(self) -> tuple[tuple[int, int, int], Affine]:
        if self._core is None:
            return (1, 1, 1), checked_affine(np.eye(4))
        (k, j, i), affine = self._core.grid([self.voxel_size_mm] * 3)
        return (k, j, i), checked_affine(affine)

    @cached_property
    def affine_lps(self) -> Affine:
        """Places `mask`."""
        return self._grid[1]

    @cached_property
    def mask(self) -> npt.NDArray[Any]:
        """Fractions (k, j, i) on a grid along the contours, k along their normal; false everywhere without contours."""
        mask = self.voxel_fractions_on(self._grid).to_array() if self._core else _EMPTY.copy()
        mask.flags.writeable = False
        return mask

    def voxel_fractions_on(
        self, grid: Image | tuple[Sequence[int], npt.ArrayLike], *, threads: int | None = None
    ) -> VoxelFractions:
        """The fraction of each voxel of `grid` inside this volume, straight from the contours.

        Exact area times exact height where an axis of `grid` runs along the contours' normal (within 1e-4 of a voxel
        over the structure), whatever the turn about it; elsewhere through a grid along the contours four times finer
        than the finest axis of `grid` (at most 2^24 voxels). Raises as `Structure.voxel_fractions_on` does.
        """
        shape, affine_lps = self._grid_of(grid)
        if self._core is None:
            return super().voxel_fractions_on((shape, affine_lps), threads=threads)
        return self._core.voxel_fractions(shape, affine_lps.tolist(), threads)

    def as_dict(self) -> dict[str, Any]:
        """What it is but for its voxels or contours, as plain data: how it was given, and what moved it."""
        keys = ("end_caps", "interpolation", "slice_thickness_mm", "maximum_gap_mm")
        return super().as_dict() | {"given_as": "contours"} | {key: getattr(self, key) for key in keys}

    def transformed(
        self, transform_lps: npt.ArrayLike, *, frame_of_reference_uid: str | None = None, source: str | None = None
    ) -> Structure:
        """The volume at another place, as `Image.transformed`."""
        matrix, place = transformed_place(
            self, np.eye(4), transform_lps, frame_of_reference_uid=frame_of_reference_uid, source=source
        )
        points = [p @ matrix[:3, :3].T + matrix[:3, 3] for p in self.contours]
        return ContourStructure(self.name, points, **self._terms() | place, advisories=self._given)


def _points(contour: npt.ArrayLike, number: int, name: str) -> Points:
    quantity = f"contour {number} of '{name}'"
    array = real(quantity, contour)
    if array.size == 0:
        array = np.empty((0, 3))
    if array.dtype.kind not in "iuf":
        raise DTypeError(f"{quantity} must hold real numbers, got dtype {array.dtype}")
    if array.ndim != 2 or array.shape[1] != 3:
        raise ShapeError(f"{quantity} must be a list of points (n, 3), got shape {list(array.shape)}")
    if array.shape[0] > 4_000_000:
        raise OutOfRangeError(f"{quantity} must have at most 4000000 points, got {array.shape[0]}")
    points = np.array(array, dtype=np.float64, order="C")
    points.flags.writeable = False
    return points
