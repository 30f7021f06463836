"""Checks and conversions of affines from voxel indices (i, j, k) to patient millimeters (left-posterior-superior)."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from .._foundation.arrays import real
from ..errors import ArgumentError, GeometryError, YttriaError

#: Largest cosine between two voxel axes; a sheared grid has no voxel size.
MAX_SHEAR = 1e-3
#: Two grids are the same if no corner voxel is farther apart than this.
SAME_GRID_MM = 1e-3

Affine = npt.NDArray[np.float64]


class Grid(NamedTuple):
    """Number of voxels (k, j, i), and the affine that places them."""

    shape: tuple[int, int, int]
    affine_lps: Affine


def checked_affine(affine: npt.ArrayLike) -> Affine:
    """Return a read-only float64 copy of a 4 x 4 affine.

    `GeometryError` is raised if it is not 4 x 4, not finite, singular, or sheared by more than `MAX_SHEAR`, or if its
    last row is not (0, 0, 0, 1).
    """
    try:
        matrix = np.array(real("affine_lps", affine), dtype=np.float64)
    except YttriaError as error:
        raise GeometryError(f"affine_lps must be a 4 x 4 matrix of numbers, got {affine!r:.80}") from error
    if matrix.shape != (4, 4):
        raise GeometryError(f"affine_lps must be a 4 x 4 matrix, got shape {list(matrix.shape)}")
    if not np.isfinite(matrix).all():
        raise GeometryError(f"affine_lps must be finite, got {matrix.tolist()}")
    if matrix[3].tolist() != [0.0, 0.0, 0.0, 1.0]:
        raise GeometryError(f"affine_lps must have the last row (0, 0, 0, 1), got {matrix[3].tolist()}")
    with np.errstate(over="ignore", under="ignore"):
        size = np.linalg.norm(matrix[:3, :3], axis=0)
    if not (np.isfinite(size) & (size > 0)).all():
        raise GeometryError(f"affine_lps must not be singular, got voxel sizes (i, j, k) {size.tolist()} mm")
    direction = matrix[:3, :3] / size
    shear = np.abs(direction.T @ direction - np.eye(3)).max()
    if shear > MAX_SHEAR:
        raise GeometryError(
            f"affine_lps must have orthogonal axes (shear at most {MAX_SHEAR}), got a shear of {shear:.4g}"
        )
    matrix.flags.writeable = False
    return matrix


def voxel_size_mm(affine_lps: Affine) -> tuple[float, float, float]:
    """Return the voxel size in array order (k, j, i)."""
    i, j, k = np.linalg.norm(affine_lps[:3, :3], axis=0).tolist()
    return k, j, i


def flip_lps_ras(affine: npt.ArrayLike) -> Affine:
    """Reverse the first two patient axes of an affine, from LPS to RAS or from RAS to LPS."""
    matrix = np.array(affine, dtype=np.float64)
    matrix[:2] = 0.0 - matrix[:2]
    return matrix


def same_grid(shape_a: tuple[int, ...], a: Affine, shape_b: tuple[int, ...], b: Affine) -> bool:
    """Whether two grids have the same shape and no corner voxel farther apart than `SAME_GRID_MM`."""
    if shape_a != shape_b:
        return False
    k, j, i = (n - 1 for n in shape_a)
    corners = np.array([[x, y, z, 1] for x in (0, i) for y in (0, j) for z in (0, k)]).T
    return bool(np.linalg.norm(((a - b) @ corners)[:3], axis=0).max() <= SAME_GRID_MM)


def checked_frame(uid: str | None, owner: str) -> str | None:
    """Return the UID of a frame of reference; `GeometryError` if it is neither None nor a text without blanks."""
    if uid is None or (isinstance(uid, str) and uid and uid == "".join(uid.split())):
        return uid
    raise ArgumentError(f"frame of reference UID of {owner} must be a text without blanks or None, got {uid!r:.80}")


def check_same_frame(a: str | None, owner_a: str, b: str | None, owner_b: str) -> None:
    """Raise `GeometryError` if both frames of reference are known and differ: no transform between them is known."""
    if a is not None and b is not None and a != b:
        raise GeometryError(
            f"{owner_a} and {owner_b} must share one frame of reference, got {a} and {b}: register them, and pass the "
            "result with .transformed(transform_lps, frame_of_reference_uid=...) or as structures_transform of a case"
        )


class Transformable(Protocol):
    """Object that records the transforms that were applied to it."""

    @property
    def transform_lps(self) -> Affine | None:
        """Product of all transforms; None if there was none."""

    @property
    def transform_source(self) -> str | None:
        """Origins of the transforms, if they were stated."""


def transformed_place(
    movable: Transformable,
    affine_lps: Affine,
    transform_lps: npt.ArrayLike,
    *,
    frame_of_reference_uid: str | None,
    source: str | None,
) -> tuple[Affine, dict[str, Any]]:
    """Return the affine after a transform of patient space (4 x 4, LPS mm), and the updated record of transforms.

    `GeometryError` is raised if the transform is not an affine or leaves the axes sheared. `checked_source` raises its
    own errors.
    """
    checked_source(source)
    transform, before = checked_affine(transform_lps), movable.transform_lps
    return checked_affine(transform @ affine_lps), {
        "transform_lps": transform if before is None else checked_affine(transform @ before),
        "transform_source": _joined(movable.transform_source, before is not None, source),
        "frame_of_reference_uid": frame_of_reference_uid,
    }


def _joined(before: str | None, moved_before: bool, source: str | None) -> str | None:
    """Return the origins of all transforms so far; an origin that was not stated is marked as such."""
    if not moved_before or before == source:
        return source
    return f"{before or 'not stated'}; then {source or 'not stated'}"


def checked_source(source: str | None) -> str | None:
    """Return the source; `ArgumentError` if it is neither None nor a text that is not empty."""
    if source is None or (isinstance(source, str) and source.strip()):
        return source
    raise ArgumentError(f"source of a transform must be a text or None, got {source!r:.80}")
