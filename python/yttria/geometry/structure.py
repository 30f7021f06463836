"""A named volume of interest on its own grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from .._core import VoxelFractions
from .._foundation.arrays import frozen, volume
from ..advisory import Advisory
from ..errors import ArgumentError, OutOfRangeError, UnknownNameError
from .affine import (
    Affine,
    check_same_frame,
    checked_affine,
    checked_frame,
    checked_source,
    transformed_place,
    voxel_size_mm,
)
from .image import Image
from .placed_array import grid_of
from .voxel_fractions import voxel_fractions

#: Labels are written as 32-bit integers at most.
MAX_LABEL = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Structure:
    """Named volume of interest as a mask on its own grid.

    Parameters
    ----------
    name : str
        Name without blank ends.
    mask : array (k, j, i)
        bool, or the fraction of each voxel that belongs to the volume. Integers 0 and 1 count as bool; other integers
        are a labelmap, which needs `label`. The mask is copied unless the array is read-only.
    affine_lps : array (4, 4)
        Maps (i, j, k, 1) to LPS mm, as in `Image`.
    label : int, optional
        Value of a labelmap that marks this volume.
    color : tuple of three floats, optional
        Red, green and blue within [0, 1].
    frame_of_reference_uid, transform_lps, transform_source, patient_id, advisories
        As in `Image`.

    Raises
    ------
    OutOfRangeError
        If the mask holds other values, such as 0 and 255 or NaN.
    UnknownNameError
        If no voxel holds `label`.
    ArgumentError
        If the name is empty or has blank ends.
    GeometryError, ShapeError, DTypeError
        As for `Image`.

    Notes
    -----
    Structures may overlap and may be empty.

    Examples
    --------
    >>> import numpy as np
    >>> tumor = Structure("Tumor", np.ones((2, 3, 4), dtype=bool), np.diag([4.0, 4.0, 3.0, 1.0]))
    >>> round(tumor.volume_ml, 3)
    1.152
    """

    name: str
    mask: npt.NDArray[Any]
    affine_lps: Affine
    label: int | None = field(default=None, kw_only=True)
    color: tuple[float, float, float] | None = field(default=None, kw_only=True)
    frame_of_reference_uid: str | None = field(default=None, kw_only=True)
    transform_lps: Affine | None = field(default=None, kw_only=True)
    transform_source: str | None = field(default=None, kw_only=True)
    patient_id: str | None = field(default=None, kw_only=True, repr=False)
    advisories: tuple[Advisory, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        self._check_identity()
        mask = volume(f"mask of '{self.name}'", self.mask)
        mask = (
            mask
            if mask.dtype.kind == "b"
            else _fractions(mask, self.name)
            if mask.dtype.kind == "f"
            else self._marked(mask)
        )
        object.__setattr__(self, "mask", frozen(mask, f"mask of '{self.name}'"))
        object.__setattr__(self, "affine_lps", checked_affine(self.affine_lps))
        if self.transform_lps is not None:
            object.__setattr__(self, "transform_lps", checked_affine(self.transform_lps))

    def _check_identity(self) -> None:
        if not isinstance(self.name, str) or not self.name or self.name != self.name.strip():
            raise ArgumentError(f"structure name must be a text without blank ends, got {self.name!r}")
        if self.label is not None:
            object.__setattr__(self, "label", _checked_label(self.label, self.name))
        if self.color is not None and (len(self.color) != 3 or not all(0 <= c <= 1 for c in self.color)):
            raise OutOfRangeError(f"color of '{self.name}' must be three numbers within [0, 1], got {self.color}")
        checked_frame(self.frame_of_reference_uid, f"'{self.name}'")
        checked_source(self.transform_source)

    def __reduce__(self) -> tuple[Callable[..., Structure], tuple[object, ...]]:
        # A copy is made by the constructor, so that it is read-only too.
        keys = ("label", "color", "frame_of_reference_uid", "transform_lps", "transform_source", "patient_id")
        known: dict[str, Any] = {k: getattr(self, k) for k in (*keys, "advisories")}
        return partial(Structure, **known), (self.name, self.mask, self.affine_lps)

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.mask.shape))
        return f"Structure({self.name!r}, {shape} voxels (k, j, i), {self.mask.dtype}, {self.volume_ml:.3f} mL)"

    def _marked(self, labelmap: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        if self.label is None:
            return _zero_or_one(labelmap, self.name)
        mask: npt.NDArray[np.bool_] = labelmap == self.label
        mask.flags.writeable = False
        if not mask.any():
            raise UnknownNameError(f"label of '{self.name}' must occur in the labelmap, got {self.label}")
        return mask

    @property
    def volume_ml(self) -> float:
        """Volume in mL: the sum of the mask times the voxel volume."""
        occupied = np.count_nonzero(self.mask) if self.mask.dtype.kind == "b" else self.mask.sum(dtype=np.float64)
        return float(occupied * np.prod(voxel_size_mm(self.affine_lps)) * 1e-3)

    def voxel_fractions_on(
        self, grid: Image | tuple[Sequence[int], npt.ArrayLike], *, threads: int | None = None
    ) -> VoxelFractions:
        """Compute the fraction of each voxel of a grid that lies inside this volume.

        Parameters
        ----------
        grid : Image or tuple
            An image, or a shape (k, j, i) and an affine.
        threads : int, optional
            1 to 1024; every processor available if not given. The result does not depend on it.

        Returns
        -------
        VoxelFractions
            On the grid; see `yttria.geometry.voxel_fractions`.

        Raises
        ------
        ArgumentError
            If `grid` is neither.
        GeometryError
            If it is an image in another known frame of reference.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image
        >>> tumor = Structure("Tumor", np.ones((2, 3, 4), dtype=bool), np.diag([4.0, 4.0, 3.0, 1.0]))
        >>> dose = Image(np.zeros((5, 6, 7)), np.diag([5.0, 5.0, 5.0, 1.0]), "Gy")
        >>> tumor.voxel_fractions_on(dose).shape
        (5, 6, 7)
        """
        shape, affine_lps = self._grid_of(grid)
        return voxel_fractions(self.mask, self.affine_lps, shape, affine_lps, threads=threads)

    def _grid_of(self, grid: Image | tuple[Sequence[int], npt.ArrayLike]) -> tuple[tuple[int, int, int], Affine]:
        """Return the shape and affine of a grid; two different known frames of reference are an error."""
        if isinstance(grid, Image):
            self.check_frame(grid)
        return grid_of(grid)

    def check_frame(self, image: Image) -> None:
        """Check that an image is not in another frame of reference.

        Parameters
        ----------
        image : Image
            The image to be combined with this volume.

        Returns
        -------
        None
            If one of the frames is unknown, or both are equal.

        Raises
        ------
        GeometryError
            If both frames of reference are known and differ.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image
        >>> tumor = Structure("Tumor", np.ones((2, 3, 4), dtype=bool), np.diag([4.0, 4.0, 3.0, 1.0]))
        >>> tumor.check_frame(Image(np.zeros((2, 3, 4)), tumor.affine_lps, "Gy"))
        """
        check_same_frame(self.frame_of_reference_uid, f"'{self.name}'", image.frame_of_reference_uid, "the image")

    def as_dict(self) -> dict[str, Any]:
        """Return the rules and the transforms of the volume without its voxels or contours, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> import numpy as np
        >>> tumor = Structure("Tumor", np.ones((2, 3, 4), dtype=bool), np.diag([4.0, 4.0, 3.0, 1.0]))
        >>> tumor.as_dict()["given_as"]
        'mask'
        """
        return {
            "structure": self.name,
            "given_as": "mask",
            "frame_of_reference_uid": self.frame_of_reference_uid,
            "transform_lps": None if self.transform_lps is None else self.transform_lps.tolist(),
            "transform_source": self.transform_source,
        }

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
            The transformed volume.

        Raises
        ------
        GeometryError
            If the transform is not an affine or leaves the axes sheared.
        ArgumentError
            If `source` is an empty text.

        Examples
        --------
        >>> import numpy as np
        >>> tumor = Structure("Tumor", np.ones((2, 3, 4), dtype=bool), np.diag([4.0, 4.0, 3.0, 1.0]))
        >>> shift = np.eye(4)
        >>> shift[:3, 3] = [10.0, 0.0, 0.0]
        >>> tumor.transformed(shift).affine_lps[:3, 3].tolist()
        [10.0, 0.0, 0.0]
        """
        affine, place = transformed_place(
            self, self.affine_lps, transform_lps, frame_of_reference_uid=frame_of_reference_uid, source=source
        )
        return replace(self, affine_lps=affine, **place)


def _checked_label(label: object, name: str) -> int:
    try:
        value = index(label)  # type: ignore[arg-type]
    except TypeError:
        value = 0
    if not 1 <= value <= MAX_LABEL:
        raise OutOfRangeError(f"label of '{name}' must be an integer within [1, {MAX_LABEL}], got {label!r}")
    return value


def _zero_or_one(mask: npt.NDArray[Any], name: str) -> npt.NDArray[np.bool_]:
    low, high = mask.min(), mask.max()
    if low < 0 or high > 1:
        raise OutOfRangeError(
            f"mask of '{name}' must hold 0 and 1, fractions within [0, 1], or labels of which label= names one, "
            f"got values from {low} to {high}"
        )
    return mask.view(np.bool_) if mask.dtype.itemsize == 1 else mask.astype(np.bool_)


def _fractions(mask: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    # This form of the comparison is false for NaN too.
    if not (mask.min() >= 0 and mask.max() <= 1):
        raise OutOfRangeError(
            f"mask of '{name}' must hold fractions within [0, 1], got values from {mask.min()} to {mask.max()}"
        )
    return mask
