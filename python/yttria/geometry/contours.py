"""Structures given by planar contours, as they are drawn in radiotherapy."""

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
    """Named volume between parallel planar contours, as they are drawn in radiotherapy.

    Parameters
    ----------
    name : str
        Name without blank ends.
    contours : sequence of arrays (n, 3)
        Closed polygons of points in LPS mm. No contours make an empty volume.
    end_caps : {"half_slice", "none"}
        Whether a part extends half a slice beyond its last contour.
    interpolation : {"shape", "none"}
        Whether the cross-section changes gradually from one contour to the next, or each contour holds to the middle of
        the gap.
    slice_thickness_mm : float, optional
        Thickness of a slice in mm; the median spacing of the planes of a part if not given.
    maximum_gap_mm : float, optional
        Planes farther apart than this, in mm, belong to separate parts; 2.5 times the median spacing if not given.
    voxel_size_mm : float
        Voxel size in mm of the grid of `mask`.
    label, color, frame_of_reference_uid, transform_lps, transform_source, patient_id, advisories
        As in `Structure`.
    threads : int, optional
        1 to 1024; every processor available if not given.

    Raises
    ------
    UndefinedError
        If no contour is usable, or all lie in one plane without `slice_thickness_mm`.
    ShapeError, DTypeError
        If a contour is not a list of points.
    OutOfRangeError
        If a length is not positive, or there are more than 20 000 contours or 4 000 000 points.
    UnknownNameError
        If a rule is not one of those above.

    Notes
    -----
    The even-odd rule applies within a plane: an inner contour is a hole, and keyholes are opened. docs/structures.md
    states all rules. `advisories` report defects of the contours and their correction. `mask` holds fractions on a grid
    along the contours, and is computed at its first use.

    Examples
    --------
    >>> square = [[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0]]
    >>> contours = [[[x, y, z] for x, y in square] for z in (0.0, 3.0, 6.0)]
    >>> round(ContourStructure("Tumor", contours).volume_ml, 2)  # three slices of 3 mm
    3.6
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
        """Volume in mL of the solid between the contours, computed without a grid."""
        return self._core.volume_ml if self._core else 0.0

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """Advisories on the contours, each with a code that begins with "contour"."""
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

    @property
    def box(self) -> tuple[slice, slice, slice]:
        """Shape (k, j, i) of the grid along the contours, which just holds the structure."""
        k, j, i = self._grid[0]
        return slice(0, k), slice(0, j), slice(0, i)

    @cached_property
    def affine_lps(self) -> Affine:
        """Affine (4, 4) that places `mask`."""
        return self._grid[1]

    @cached_property
    def mask(self) -> npt.NDArray[Any]:
        """Fractions (k, j, i) on a grid along the contours, k along their normal; all false without contours."""
        mask = self.voxel_fractions_on(self._grid).to_array() if self._core else _EMPTY.copy()
        mask.flags.writeable = False
        return mask

    def voxel_fractions_on(
        self, grid: Image | tuple[Sequence[int], npt.ArrayLike], *, threads: int | None = None
    ) -> VoxelFractions:
        """Compute the fraction of each voxel of a grid that lies inside this volume, directly from the contours.

        Parameters
        ----------
        grid : Image or tuple
            An image, or a shape (k, j, i) and an affine.
        threads : int, optional
            1 to 1024; every processor available if not given. The result does not depend on it.

        Returns
        -------
        VoxelFractions
            On the grid.

        Raises
        ------
        ArgumentError
            If `grid` is neither.
        GeometryError
            If it is an image in another known frame of reference.

        Notes
        -----
        If an axis of the grid is parallel to the normal of the contours (within 1e-4 of a voxel over the structure),
        the fraction is exact area times exact height. The grid may be rotated about this axis by any angle. Other grids
        are filled by way of a grid along the contours. It is four times finer than their finest axis, and has at most
        2^24 voxels.

        Examples
        --------
        >>> import numpy as np
        >>> square = [[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0]]
        >>> tumor = ContourStructure("Tumor", [[[x, y, z] for x, y in square] for z in (0.0, 3.0, 6.0)])
        >>> fractions = tumor.voxel_fractions_on(((9, 9, 9), np.diag([4.0, 4.0, 3.0, 1.0])))
        >>> round(fractions.volume_ml(0.048), 2)  # what lies within the grid
        3.6
        """
        shape, affine_lps = self._grid_of(grid)
        if self._core is None:
            return super().voxel_fractions_on((shape, affine_lps), threads=threads)
        return self._core.voxel_fractions(shape, affine_lps.tolist(), threads)

    def as_dict(self) -> dict[str, Any]:
        """Return the rules and the transforms of the volume without its contours, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> square = [[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0]]
        >>> contours = [[[x, y, z] for x, y in square] for z in (0.0, 3.0, 6.0)]
        >>> ContourStructure("Tumor", contours).as_dict()["given_as"]
        'contours'
        """
        keys = ("end_caps", "interpolation", "slice_thickness_mm", "maximum_gap_mm")
        return super().as_dict() | {"given_as": "contours"} | {key: getattr(self, key) for key in keys}

    def transformed(
        self, transform_lps: npt.ArrayLike, *, frame_of_reference_uid: str | None = None, source: str | None = None
    ) -> Structure:
        """Apply a transform of patient space to the volume.

        Parameters
        ----------
        transform_lps : array (4, 4)
            Maps patient LPS mm to LPS mm.
        frame_of_reference_uid : str, optional
            Patient space after the transform.
        source : str, optional
            Origin of the transform, for the reader of a result.

        Returns
        -------
        Structure
            The transformed contours.

        Raises
        ------
        GeometryError
            If the transform is not an affine or leaves the axes sheared.
        ArgumentError
            If `source` is an empty text.

        Examples
        --------
        >>> import numpy as np
        >>> square = [[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0]]
        >>> tumor = ContourStructure("Tumor", [[[x, y, z] for x, y in square] for z in (0.0, 3.0, 6.0)])
        >>> shift = np.eye(4)
        >>> shift[2, 3] = 100.0
        >>> float(tumor.transformed(shift).contours[0][0, 2])
        100.0
        """
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
