"""Union, intersection and difference of structures on any grids."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, GeometryError, ShapeError, UndefinedError
from .affine import Affine, check_same_frame, same_grid
from .contours import ContourStructure
from .image import Image
from .structure import Structure

#: Largest number of voxels of a common grid.
_MAX_VOXELS = 2**28
Combine = Callable[[npt.NDArray[Any], npt.NDArray[Any]], npt.NDArray[Any]]


def union(structures: Sequence[Structure], *, name: str) -> Structure:
    """Union of structures as one structure.

    Parameters
    ----------
    structures : sequence of Structure
        At least one, on any grids. Their known frames of reference must be the same.
    name : str
        Name of the result.

    Returns
    -------
    Structure
        A structure on the grid that all share, or else on the finest of their grids, extended to hold all of them.

    Raises
    ------
    UndefinedError
        If there is no structure.
    GeometryError
        If known frames of reference or known patients differ.
    ShapeError
        If the common grid would have more than 2^28 voxels.

    Notes
    -----
    Masks of whole voxels on one grid give the exact set. Fractions a and b give the larger one, `max(a, b)`. This is
    exact if one structure lies within the other or at most one of them cuts the voxel. Then `V(A) = V(A & B) + V(A -
    B)` and `V(A | B) = V(A) + V(B) - V(A & B)` hold to rounding.

    Examples
    --------
    >>> import numpy as np
    >>> affine = np.diag([2.0, 2.0, 2.0, 1.0])
    >>> a = Structure("A", np.array([[[1, 1, 0]]]), affine)
    >>> b = Structure("B", np.array([[[0, 1, 1]]]), affine)
    >>> union([a, b], name="A or B").mask.tolist()
    [[[True, True, True]]]
    """
    return _combined(list(structures), np.maximum, name, covered=None)


def intersection(structures: Sequence[Structure], *, name: str) -> Structure:
    """Intersection of structures as one structure.

    Parameters
    ----------
    structures : sequence of Structure
        As in `union`.
    name : str
        Name of the result.

    Returns
    -------
    Structure
        A structure on the common grid or else on the finest grid, over the box of the first structure. It may be empty.

    Raises
    ------
    UndefinedError, GeometryError, ShapeError
        As in `union`.

    Notes
    -----
    Fractions a and b give the smaller one, `min(a, b)`; see `union`.

    Examples
    --------
    >>> import numpy as np
    >>> affine = np.diag([2.0, 2.0, 2.0, 1.0])
    >>> a = Structure("A", np.array([[[1, 1, 0]]]), affine)
    >>> b = Structure("B", np.array([[[0, 1, 1]]]), affine)
    >>> intersection([a, b], name="A and B").mask.tolist()
    [[[False, True, False]]]
    """
    return _combined(list(structures), np.minimum, name, covered=1)


def difference(structure: Structure, others: Structure | Sequence[Structure], *, name: str) -> Structure:
    """Part of a structure that lies outside others.

    Parameters
    ----------
    structure : Structure
        Structure from which the others are subtracted.
    others : Structure or sequence of Structure
        Structures that are subtracted, one after the other.
    name : str
        Name of the result.

    Returns
    -------
    Structure
        A structure on the common grid or else on the finest grid, over the box of `structure`. It may be empty.

    Raises
    ------
    GeometryError, ShapeError
        As in `union`.

    Notes
    -----
    Fractions a and b give `max(a - b, 0)`; see `union`.

    Examples
    --------
    >>> import numpy as np
    >>> affine = np.diag([2.0, 2.0, 2.0, 1.0])
    >>> a = Structure("A", np.array([[[1, 1, 0]]]), affine)
    >>> b = Structure("B", np.array([[[0, 1, 1]]]), affine)
    >>> difference(a, b, name="A without B").mask.tolist()
    [[[True, False, False]]]
    """
    taken = [others] if isinstance(others, Structure) else list(others)
    return _combined([structure, *taken], _without, name, covered=1)


def _without(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if a.dtype.kind == "b" and b.dtype.kind == "b":
        return np.asarray(a & ~b)
    return np.asarray(np.maximum(np.subtract(a, b, dtype=np.float64), 0.0))


def _combined(parts: list[Structure], combine: Combine, name: str, *, covered: int | None) -> Structure:
    """Combine the parts into one structure; the grid covers the first `covered` of them."""
    _check(parts, name)
    # Each mask is read once, because a structure of a labelmap computes it at every access.
    masks, affine_lps = [part.mask for part in parts], parts[0].affine_lps
    if not _one_grid(parts, masks):
        shape, affine_lps = _common_grid(parts, parts[:covered])
        masks = [part.voxel_fractions_on((shape, affine_lps)).to_array() for part in parts]
    mask = reduce(combine, masks)
    if mask.dtype.kind != "b" and bool(((mask == 0.0) | (mask == 1.0)).all()):
        mask = mask.astype(np.bool_)

    def shared(field: str) -> Any:
        return next((value for part in parts if (value := getattr(part, field)) is not None), None)

    return Structure(
        name,
        mask,
        affine_lps,
        frame_of_reference_uid=shared("frame_of_reference_uid"),
        transform_lps=shared("transform_lps"),
        transform_source=shared("transform_source"),
        patient_id=shared("patient_id"),
        advisories=tuple(dict.fromkeys(advisory for part in parts for advisory in part.advisories)),
    )


def on_common_grid(structures: Sequence[Structure], image: Image, *, largest_voxel_mm: float = 2.0) -> list[Structure]:
    """Put structures on one grid: the smallest part of their own grid, or else sub-voxels of an image.

    If they share a grid, it is cropped to the voxels that they occupy. Otherwise each becomes the fractions of
    sub-voxels that are at most `largest_voxel_mm` long, over all that any of them occupies, also beyond the image.
    Faces of the image's voxels are faces of sub-voxels, so that the fractions of the image's voxels do not change.
    """
    parts = list(structures)
    if not parts:
        return parts
    if not any(isinstance(part, ContourStructure) for part in parts):
        masks = [part.mask for part in parts]
        if _one_grid(parts, masks):
            return _cropped(parts, masks)
    counts = np.ceil(np.array(image.voxel_size_mm[::-1]) / largest_voxel_mm - 1e-9).clip(1.0)
    fine = image.affine_lps.copy()
    fine[:3, :3] = image.affine_lps[:3, :3] / counts
    fine[:3, 3] += image.affine_lps[:3, :3] @ (0.5 / counts - 0.5)
    shape, affine = _covering([found for part in parts if (found := _corners_lps(part)) is not None], fine)
    return [_as(part, part.voxel_fractions_on((shape, affine)).to_array(), affine) for part in parts]


def _cropped(parts: list[Structure], masks: list[npt.NDArray[Any]]) -> list[Structure]:
    """Crop structures of one grid to the part that they occupy, unless that is most of the grid."""
    occupied = np.zeros(masks[0].shape, np.bool_)
    for mask in masks:
        np.logical_or(occupied, mask, out=occupied)
    box = _occupied_box(occupied)
    if box is None or occupied[box].size > 0.8 * occupied.size:
        return parts
    affine = parts[0].affine_lps.copy()
    affine[:3, 3] += affine[:3, :3] @ [axis.start for axis in reversed(box)]
    return [_as(part, np.ascontiguousarray(mask[box]), affine) for part, mask in zip(parts, masks, strict=True)]


def _as(part: Structure, mask: npt.NDArray[Any], affine_lps: Affine) -> Structure:
    """Copy a structure with another mask; contours and labels of a labelmap become a plain structure."""
    return Structure(
        part.name,
        mask,
        affine_lps,
        color=part.color,
        frame_of_reference_uid=part.frame_of_reference_uid,
        transform_lps=part.transform_lps,
        transform_source=part.transform_source,
        patient_id=part.patient_id,
        advisories=part.advisories,
    )


def shared_volume_ml(structure: Structure, other: Structure) -> float:
    """Compute the volume of `intersection` from the part of the grid that the first structure occupies."""
    mask, second = structure.mask, other.mask
    if not _one_grid([structure, other], [mask, second]):
        return intersection([structure, other], name="shared").volume_ml
    box = _occupied_box(mask)
    if box is None:
        return 0.0
    shared = float(np.minimum(mask[box], second[box]).sum(dtype=np.float64))
    return shared * abs(float(np.linalg.det(structure.affine_lps[:3, :3]))) * 1e-3


def _one_grid(parts: Sequence[Structure], masks: Sequence[npt.NDArray[Any]]) -> bool:
    first, shape = parts[0].affine_lps, masks[0].shape
    return all(same_grid(m.shape, p.affine_lps, shape, first) for p, m in zip(parts, masks, strict=True))


def _occupied_box(mask: npt.NDArray[Any]) -> tuple[slice, slice, slice] | None:
    """Find the box of occupied voxels; None if there are no such voxels."""
    occupied, spans = mask if mask.dtype.kind == "b" else mask != 0, []
    for axis in range(3):
        (inside,) = np.nonzero(occupied.any(axis=tuple(a for a in range(3) if a != axis)))
        if not inside.size:
            return None
        spans.append(slice(int(inside[0]), int(inside[-1]) + 1))
        # Only this part remains to be searched along the other axes.
        occupied = occupied[tuple([slice(None)] * axis + [spans[-1]])]
    return spans[0], spans[1], spans[2]


def _check(parts: list[Structure], name: str) -> None:
    if not parts:
        raise UndefinedError(f"'{name}' is undefined: no structure was given to make it from")
    for part in parts:
        if not isinstance(part, Structure):
            raise ArgumentError(f"each part of '{name}' must be a Structure, got {type(part).__name__}")
    for i, part in enumerate(parts):
        for other in parts[:i]:
            check_same_frame(
                other.frame_of_reference_uid, f"'{other.name}'", part.frame_of_reference_uid, f"'{part.name}'"
            )
            if part.patient_id is not None and other.patient_id is not None and part.patient_id != other.patient_id:
                raise GeometryError(
                    f"'{other.name}' and '{part.name}' must be of one patient, but their identifiers differ"
                )


def _common_grid(parts: list[Structure], covered: list[Structure]) -> tuple[tuple[int, int, int], Affine]:
    """Return the finest grid of the parts, cut or extended to the voxels that the covered ones occupy."""
    finest = min(parts, key=lambda part: abs(np.linalg.det(part.affine_lps[:3, :3]))).affine_lps
    return _covering([found for part in covered if (found := _corners_lps(part)) is not None], finest)


def _covering(corners: list[npt.NDArray[np.float64]], finest: Affine) -> tuple[tuple[int, int, int], Affine]:
    """Return the part of an unbounded grid that holds all of these points, in whole voxels."""
    if not corners:
        return (1, 1, 1), finest
    inverse = np.linalg.inv(finest)
    ijk = np.concatenate(corners) @ inverse[:3, :3].T + inverse[:3, 3]
    # Half a voxel leads from centers to faces; the rest allows for rounding if faces coincide.
    low = np.floor(ijk.min(axis=0) + 0.5 + 1e-6).astype(int)
    high = np.maximum(np.ceil(ijk.max(axis=0) + 0.5 - 1e-6).astype(int), low + 1)
    i, j, k = (int(n) for n in high - low)
    if math.prod((i, j, k)) > _MAX_VOXELS:
        raise ShapeError(f"the common grid of structures must have at most 2^28 voxels, got {k} x {j} x {i}")
    affine = finest.copy()
    affine[:3, 3] = finest[:3, :3] @ low + finest[:3, 3]
    affine.flags.writeable = False
    return (k, j, i), affine


def _corners_lps(part: Structure) -> npt.NDArray[np.float64] | None:
    """Return the eight corners of the box of occupied voxels in LPS mm; None if no voxel is occupied."""
    if isinstance(part, ContourStructure):
        # The box around the contours makes a mask of them unnecessary.
        box: tuple[slice, slice, slice] | None = part.box if part.contours else None
    else:
        box = _occupied_box(part.mask)
    if box is None:
        return None
    spans = [(axis.start - 0.5, axis.stop - 0.5) for axis in reversed(box)]
    points = np.stack(np.meshgrid(*spans), axis=-1).reshape(-1, 3)
    return np.asarray(points @ part.affine_lps[:3, :3].T + part.affine_lps[:3, 3])
