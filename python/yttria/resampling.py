"""An image on another grid: never implied, always reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import MAX_VOXELS, as_type, real
from ._brief import brief
from ._inputs import optional_number
from .advisory import Advisory
from .affine import Affine, check_same_frame, checked_affine
from .errors import GeometryError, OutOfRangeError, ShapeError, UnknownNameError
from .image import Image

METHODS = ("average", "linear")


@dataclass(frozen=True, eq=False)
class ResampledImage:
    """An image on its new grid, how it came there, and what of the grid lay beyond the old one.

    `outside_voxels` reach beyond the old image (by average) or have their center beyond it (linear);
    `outside_fraction` is the volume beyond as a share of the new grid's; `outside` is the value taken there.
    """

    image: Image
    method: str
    outside: float | None
    outside_voxels: int
    outside_fraction: float
    advisories: tuple[Advisory, ...]

    __repr__ = brief

    def as_dict(self) -> dict[str, Any]:
        """What a provenance keeps: everything but the image."""
        return {
            "method": self.method,
            "outside": self.outside,
            "outside_voxels": self.outside_voxels,
            "outside_fraction": self.outside_fraction,
            "image_transform_lps": None if self.image.transform_lps is None else self.image.transform_lps.tolist(),
            "image_transform_source": self.image.transform_source,
        }


def resampled(
    image: Image,
    grid: Image | tuple[Sequence[int], npt.ArrayLike],
    *,
    method: str = "average",
    outside: float | None = None,
    threads: int | None = None,
) -> ResampledImage:
    """`Image.resampled_on`, which documents it."""
    if method not in METHODS:
        raise UnknownNameError(f"method must be one of {', '.join(METHODS)}, got '{method}'")
    shape, affine_lps = _grid(grid)
    frame = image.frame_of_reference_uid
    if isinstance(grid, Image):
        check_same_frame(frame, "the image", grid.frame_of_reference_uid, "the grid")
        frame = grid.frame_of_reference_uid or frame
    outside = optional_number(f"outside in {image.unit}", outside)
    if outside is not None and not np.isfinite(outside):
        raise OutOfRangeError(f"outside must be a finite number in {image.unit}, or None, got {outside!r:.80}")
    kept = image.array.dtype.newbyteorder("=") if image.array.dtype.char in "fd" else np.dtype(np.float64)
    array = as_type("the image", image.array, kept, in_order=False)
    values, count, fraction = _core._resampled(
        array,
        image.affine_lps.tolist(),
        shape,
        affine_lps.tolist(),
        method == "average",
        outside,
        threads,
    )
    done = replace(image, array=values, affine_lps=affine_lps, frame_of_reference_uid=frame)
    return ResampledImage(done, method, outside, count, fraction, _advisories(image, done, method, outside, count))


def _grid(grid: Image | tuple[Sequence[int], npt.ArrayLike]) -> tuple[tuple[int, ...], Affine]:
    if isinstance(grid, Image):
        return grid.shape, grid.affine_lps
    if not (isinstance(grid, tuple) and len(grid) == 2):
        raise GeometryError(f"grid must be an Image or (shape, affine_lps), got {type(grid).__name__}")
    shape = real("shape of the grid", grid[0])
    if (
        shape.shape != (3,)
        or shape.dtype.kind not in "iu"
        or shape.min() < 1
        or np.prod(shape, dtype=float) > MAX_VOXELS
    ):
        raise ShapeError(f"grid must have three whole numbers (k, j, i) of at most 2^33 voxels, got {grid[0]!r:.80}")
    return tuple(shape.tolist()), checked_affine(grid[1])


def _advisories(old: Image, new: Image, method: str, outside: float | None, count: int) -> tuple[Advisory, ...]:
    grids = [
        f"{' x '.join(map(str, i.shape))} voxels of {' x '.join(f'{s:.4g}' for s in i.voxel_size_mm)} mm"
        for i in (old, new)
    ]
    how = "averaged over each voxel" if method == "average" else "interpolated at each voxel's center"
    found = [Advisory("resampled", f"An image in {old.unit} was carried from {grids[0]} to {grids[1]}, {how}.")]
    if count:
        part = "reach" if method == "average" else "have their center"
        message = f"{count} of {new.array.size} voxels {part} beyond the image, where {outside:g} {old.unit} was taken."
        found.append(Advisory("outside_image", message, count / new.array.size, 0.0))
    return tuple(found)
