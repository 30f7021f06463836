"""Planes of an image in the usual orientation, for any direction of its axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import VoxelFractions

#: Patient axes (index in LPS) of each plane: across, down, normal.
_PLANES = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}
_LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))


@dataclass(frozen=True, kw_only=True)
class Orientation:
    """Relation of array axes (k, j, i) to patient axes: the nearest patient axis of each, and its direction."""

    array_axis: tuple[int, int, int]
    """Array axis nearest to each patient axis L, P, S."""
    reversed: tuple[bool, bool, bool]
    """Whether that array axis has the opposite direction of the patient axis."""
    voxel_size_mm: tuple[float, float, float]
    """Voxel size along each patient axis."""

    @classmethod
    def of(cls, affine_lps: NDArray[np.float64]) -> Orientation:
        """Match axes greedily, the most clearly aligned one first."""
        columns = np.asarray(affine_lps, float)[:3, :3]
        size = np.linalg.norm(columns, axis=0)
        cosine = columns / size
        index_axis = [0, 0, 0]
        free = np.abs(cosine)
        for _ in range(3):
            patient, index = np.unravel_index(np.argmax(free), free.shape)
            index_axis[patient] = int(index)
            free[patient, :] = -1.0
            free[:, index] = -1.0
        return cls(
            array_axis=(2 - index_axis[0], 2 - index_axis[1], 2 - index_axis[2]),
            reversed=tuple(bool(cosine[p, index_axis[p]] < 0) for p in range(3)),  # type: ignore[arg-type]
            voxel_size_mm=tuple(float(size[index_axis[p]]) for p in range(3)),  # type: ignore[arg-type]
        )


@dataclass(frozen=True, kw_only=True)
class Plane:
    """One plane through a volume; `cut` extracts it from any array on the same grid, ready for `imshow`."""

    name: str
    index: int
    """Position along the array axis that is normal to the plane."""
    extent_mm: tuple[float, float]
    """Width and height in mm."""
    aspect: float
    labels: tuple[str, str, str, str]
    """Return patient directions at the left, right, top and bottom edge."""
    _where: tuple[slice | int, ...]
    _transpose: bool
    _flip_rows: bool
    _flip_columns: bool

    def cut_of(self, fractions: VoxelFractions, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Extract the plane of a structure on a grid of `shape`, without the array of the whole grid."""
        where = tuple(w if isinstance(w, slice) else slice(w, w + 1) for w in self._where)
        starts, stops = zip(*(w.indices(n)[:2] for w, n in zip(where, shape, strict=True)), strict=True)
        found = np.zeros([b - a for a, b in zip(starts, stops, strict=True)], np.float32)
        low = [max(a, o) for a, o in zip(starts, fractions.origin, strict=True)]
        high = [min(b, o + n) for b, o, n in zip(stops, fractions.origin, fractions.weights.shape, strict=True)]
        if all(a < b for a, b in zip(low, high, strict=True)):
            into = tuple(slice(a - s, b - s) for a, b, s in zip(low, high, starts, strict=True))
            of = tuple(slice(a - o, b - o) for a, b, o in zip(low, high, fractions.origin, strict=True))
            found[into] = fractions.weights[of]
        normal = next(axis for axis, w in enumerate(self._where) if not isinstance(w, slice))
        return self._oriented_plane(np.take(found, 0, axis=normal))

    def cut(self, array: NDArray[Any]) -> NDArray[Any]:
        """Extract the plane of `array`, with rows downwards and columns to the right."""
        return self._oriented_plane(array[self._where])

    def _oriented_plane(self, plane: NDArray[Any]) -> NDArray[Any]:
        if self._transpose:
            plane = plane.T
        return plane[:: -1 if self._flip_rows else 1, :: -1 if self._flip_columns else 1]


def plane(
    name: str,
    center_voxel: tuple[int, int, int],
    box: tuple[slice, slice, slice],
    orientation: Orientation,
) -> Plane:
    """Make the axial, coronal or sagittal plane through a voxel (k, j, i), within `box`, patient's right at left."""
    across, down, normal = _PLANES[name]
    axis = orientation.array_axis
    row_axis, column_axis, normal_axis = axis[down], axis[across], axis[normal]
    # Downwards means posterior in axial planes and inferior in the others. The axes P and S point posterior and
    # superior.
    downwards_is_positive = down == 1
    top, bottom = _LETTERS[down] if downwards_is_positive else reversed(_LETTERS[down])
    left, right = _LETTERS[across]
    where: list[slice | int] = list(box)
    where[normal_axis] = center_voxel[normal_axis]
    return Plane(
        name=name,
        index=center_voxel[normal_axis],
        extent_mm=(
            (box[column_axis].stop - box[column_axis].start) * orientation.voxel_size_mm[across],
            (box[row_axis].stop - box[row_axis].start) * orientation.voxel_size_mm[down],
        ),
        aspect=orientation.voxel_size_mm[down] / orientation.voxel_size_mm[across],
        labels=(left, right, top, bottom),
        _where=tuple(where),
        _transpose=row_axis > column_axis,
        _flip_rows=orientation.reversed[down] == downwards_is_positive,
        _flip_columns=orientation.reversed[across],
    )
