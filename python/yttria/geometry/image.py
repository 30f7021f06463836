"""Arrays with their position in the patient and their unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from .._foundation.arrays import volume
from .._foundation.brief import brief
from .._foundation.choices import Beyond, NiftiMatrix, ResamplingMethod, Unit
from .._foundation.units import checked_unit
from ..advisory import Advisory
from ..errors import ArgumentError, ShapeError, UnitError
from .affine import (
    Affine,
    Grid,
    check_same_frame,
    checked_affine,
    checked_frame,
    checked_source,
    transformed_place,
)
from .guest_images import guest_image
from .placed_array import PlacedArray, grid_of
from .resampling import resampled_values, resampling_advisories
from .unit_conversion import converted_values

#: Further fields of an image that its copies keep.
_CARRIED = ("frame_of_reference_uid", "transform_lps", "transform_source", "patient_id", "advisories")


@dataclass(frozen=True, eq=False)
class Image(PlacedArray):
    """Three-dimensional array with its position in the patient and the unit of its values.

    Parameters
    ----------
    array : array (k, j, i)
        Values of any real type. The image holds a read-only view of it, not a copy.
    affine_lps : array (4, 4)
        Maps the voxel indices (i, j, k, 1) to the center of the voxel in mm, left-posterior-superior as in DICOM and
        ITK. Axes may be oblique or reversed.
    unit : str
        One of `yttria.geometry.UNITS`.
    frame_of_reference_uid : str, optional
        Patient space of the affine, if it is known. Images in two different known spaces are never combined.
    transform_lps : array (4, 4), optional
        Product of all transforms that `transformed` has applied.
    transform_source : str, optional
        Origin of the transforms.
    patient_id : str, optional
        Identifier of the patient, if the file states one.
    advisories : tuple of Advisory
        Findings that a reader of the file must know. Results made from the image keep them.

    Raises
    ------
    ShapeError
        If the array does not have three dimensions, is empty or has more than 2^33 voxels.
    DTypeError
        If it does not hold real numbers.
    GeometryError
        If the affine is not finite, singular or sheared by more than 1e-3.
    UnitError
        If the unit is not one of `yttria.geometry.UNITS`.

    Examples
    --------
    >>> import numpy as np
    >>> image = Image(np.zeros((10, 20, 30)), np.diag([4.0, 4.0, 3.0, 1.0]), "MBq/mL")
    >>> image.shape, image.voxel_size_mm
    ((10, 20, 30), (3.0, 4.0, 4.0))
    """

    array: npt.NDArray[Any]
    affine_lps: Affine
    unit: Unit
    frame_of_reference_uid: str | None = field(default=None, kw_only=True)
    transform_lps: Affine | None = field(default=None, kw_only=True)
    transform_source: str | None = field(default=None, kw_only=True)
    patient_id: str | None = field(default=None, kw_only=True, repr=False)
    advisories: tuple[Advisory, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        object.__setattr__(self, "array", volume("image", self.array))
        object.__setattr__(self, "affine_lps", checked_affine(self.affine_lps))
        checked_unit(self.unit)
        checked_frame(self.frame_of_reference_uid, "the image")
        checked_source(self.transform_source)
        if self.transform_lps is not None:
            object.__setattr__(self, "transform_lps", checked_affine(self.transform_lps))

    @classmethod
    def from_any(cls, obj: object, *, unit: Unit, affine: NiftiMatrix | None = None) -> Image:
        """Make an image from one of another library.

        Parameters
        ----------
        obj : object
            An image of SimpleITK or ITK (copied), nibabel, highdicom, xarray, MONAI or TorchIO, or an object with
            `.array` (k, j, i) and `.affine_lps` (views). docs/guests.md explains how each states its position. A bare
            array is rejected, because it has no position.
        unit : str
            Unit of the values. It is never guessed.
        affine : {"sform", "qform"}, optional
            The matrix to use if a NIfTI header states two positions that contradict each other.

        Returns
        -------
        Image
            The image, with an advisory for each property that the header does not state.

        Raises
        ------
        ArgumentError
            If the object has no position.
        GeometryError
            If no geometry is found, as in Analyze 7.5 or an xarray without attributes.
        ShapeError
            If the image does not have three dimensions, or has several channels.
        UnitError
            If `obj` is an `Image` in another unit, or an xarray that states other units.

        Examples
        --------
        >>> import numpy as np
        >>> class Volume:
        ...     array = np.ones((2, 3, 4))
        ...     affine_lps = np.diag([4.0, 4.0, 3.0, 1.0])
        >>> Image.from_any(Volume(), unit="Gy").unit
        'Gy'
        """
        if isinstance(obj, Image) and obj.unit != unit:
            raise UnitError(f"the image is in {obj.unit}, not {unit}; convert it with .to({unit!r})")
        if hasattr(obj, "array") and hasattr(obj, "affine_lps"):
            known: dict[str, Any] = {k: getattr(obj, k, () if k == "advisories" else None) for k in _CARRIED}
            return cls(obj.array, obj.affine_lps, unit, **known)
        guest = guest_image(obj, checked_unit(unit), affine)
        if guest is not None:
            array, place, advisories, frame = guest
            return cls(array, np.asarray(place), unit, advisories=advisories, frame_of_reference_uid=frame)
        found = "a bare array" if isinstance(obj, np.ndarray) else f"an object of type {type(obj).__name__}"
        raise ArgumentError(
            f"{found} does not state its position: give an image of SimpleITK, ITK, nibabel, highdicom, xarray, MONAI "
            "or TorchIO, or an object with .array (k, j, i) and .affine_lps, or Image(array, affine_lps, unit)"
        )

    def __reduce__(self) -> tuple[Callable[..., Image], tuple[object, ...]]:
        # A copy is made by the constructor, so that it is read-only too.
        return partial(Image, **{k: getattr(self, k) for k in _CARRIED}), (self.array, self.affine_lps, self.unit)

    def __repr__(self) -> str:
        shape, size = (" x ".join(f"{n:.5g}" for n in of) for of in (self.shape, self.voxel_size_mm))
        return f"Image({shape} voxels (k, j, i) of {size} mm, {self.array.dtype}, in {self.unit})"

    def with_array(self, array: npt.NDArray[Any], unit: Unit) -> Image:
        """Put another array on this grid.

        Parameters
        ----------
        array : array (k, j, i)
            Values in the shape of the image.
        unit : str
            Unit of its values.

        Returns
        -------
        Image
            An image with the position and advisories of this one.

        Raises
        ------
        ShapeError
            If the array does not fit.
        UnitError
            If the unit is not one of `yttria.geometry.UNITS`.

        Examples
        --------
        >>> import numpy as np
        >>> image = Image(np.zeros((2, 3, 4)), np.diag([4.0, 4.0, 3.0, 1.0]), "Gy")
        >>> image.with_array(np.ones((2, 3, 4)), "Bq/mL").unit
        'Bq/mL'
        """
        if np.shape(array) != self.shape:
            raise ShapeError(f"array must be of the image's shape {list(self.shape)}, got {list(np.shape(array))}")
        return replace(self, array=array, unit=unit)

    def transformed(
        self, transform_lps: npt.ArrayLike, *, frame_of_reference_uid: str | None = None, source: str | None = None
    ) -> Image:
        """Apply a transform of patient space to the image, for example one of a registration.

        Parameters
        ----------
        transform_lps : array (4, 4)
            Maps patient LPS mm to LPS mm. It is applied after the affine of the image.
        frame_of_reference_uid : str, optional
            Patient space after the transform.
        source : str, optional
            Origin of the transform, for the reader of a result.

        Returns
        -------
        Image
            The same values at their transformed positions.

        Raises
        ------
        GeometryError
            If the transform is not an affine or leaves the axes sheared.
        ArgumentError
            If `source` is an empty text.

        Examples
        --------
        >>> import numpy as np
        >>> image = Image(np.zeros((2, 3, 4)), np.diag([4.0, 4.0, 3.0, 1.0]), "Gy")
        >>> shift = np.eye(4)
        >>> shift[:3, 3] = [10.0, 0.0, 0.0]
        >>> image.transformed(shift, source="rigid registration").affine_lps[:3, 3].tolist()
        [10.0, 0.0, 0.0]
        """
        affine, place = transformed_place(
            self, self.affine_lps, transform_lps, frame_of_reference_uid=frame_of_reference_uid, source=source
        )
        return replace(self, affine_lps=affine, **place)

    def to(self, unit: Unit) -> Image:
        """Convert the values to another unit of the same quantity.

        Parameters
        ----------
        unit : str
            One of `yttria.geometry.UNITS`.

        Returns
        -------
        Image
            In that unit. float32 and float64 are kept; other types become float64.

        Raises
        ------
        UnitError
            If the two units measure different quantities.
        OutOfRangeError
            If a value becomes too large for the type.

        Examples
        --------
        >>> import numpy as np
        >>> image = Image(np.full((2, 3, 4), 1500.0), np.diag([4.0, 4.0, 3.0, 1.0]), "mGy")
        >>> float(image.to("Gy").array[0, 0, 0])
        1.5
        """
        values = converted_values(self.array, self.unit, checked_unit(unit))
        return self if values is self.array else self.with_array(values, unit)

    def resampled_on(
        self,
        grid: Image | tuple[Sequence[int], npt.ArrayLike],
        *,
        method: ResamplingMethod = "average",
        fill_value: float | Beyond | None = None,
        threads: int | None = None,
    ) -> ResampledImage:
        """Resample the image on another grid, and report how.

        Parameters
        ----------
        grid : Image or tuple
            An image, or a shape (k, j, i) and an affine.
        method : {"average", "linear"}
            "average" takes the mean over the box of each new voxel, with a constant value in each old voxel. "linear"
            interpolates at the center of each new voxel.
        fill_value : float or "nearest", optional
            Value beyond the old image; "nearest" continues its outermost voxels. If it is not given, a grid that
            reaches beyond the image is an error.
        threads : int, optional
            1 to 1024; every processor available if not given. The result does not depend on it.

        Returns
        -------
        ResampledImage
            The image on its new grid, in the grid's frame of reference if that is known. float32 stays; everything else
            becomes float64.

        Raises
        ------
        GeometryError
            If `grid` is not a grid, lies in another frame of reference, reaches beyond the image without
            `fill_value`, or does not overlap the image with "nearest".
        OutOfRangeError
            If a voxel is not finite, or a voxel size is outside 0.001 to 1000 mm.
        ShapeError, UnknownNameError, InsufficientMemoryError
            As their names state.

        Warns
        -----
        resampled
            The image was resampled; both grids are stated.
        outside_image
            Voxels of the grid lie beyond the image.

        Notes
        -----
        "average" is exact between parallel grids, also permuted and flipped ones, and takes 128 to 4096 samples per
        voxel otherwise. It conserves the sum of value times volume. "linear" is constant from the outermost old centers
        to the old faces. It is smooth, but it skips old voxels if the new ones are larger. Neither registers the
        images; see `transformed`.

        Examples
        --------
        >>> import numpy as np
        >>> fine = Image(np.arange(48.0).reshape(4, 4, 3), np.diag([2.0, 2.0, 2.0, 1.0]), "Gy")
        >>> coarse = np.diag([2.0, 4.0, 4.0, 1.0])
        >>> coarse[:3, 3] = [0.0, 1.0, 1.0]
        >>> fine.resampled_on(((2, 2, 3), coarse)).image.array[0, 0].tolist()
        [7.5, 8.5, 9.5]
        """
        old, new = Grid(self.shape, self.affine_lps), grid_of(grid)
        frame = self.frame_of_reference_uid
        if isinstance(grid, Image):
            check_same_frame(frame, "the image", grid.frame_of_reference_uid, "the grid")
            frame = grid.frame_of_reference_uid or frame
        done = resampled_values(self.array, self.unit, old, new, method=method, fill_value=fill_value, threads=threads)
        return ResampledImage(
            image=replace(self, array=done.array, affine_lps=new.affine_lps, frame_of_reference_uid=frame),
            method=method,
            fill_value=done.fill_value,
            outside_voxels=done.outside_voxels,
            outside_fraction=done.outside_fraction,
            advisories=resampling_advisories(self.unit, old, new, method, done),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class ResampledImage:
    """Image on its new grid, with a record of the resampling.

    Parameters
    ----------
    image : Image
        The image on the new grid.
    method : str
        "average" or "linear".
    fill_value : float, "nearest" or None
        Value that was used beyond the old image.
    outside_voxels : int
        Voxels that reach beyond the old image ("average") or have their center beyond it ("linear").
    outside_fraction : float
        Volume beyond the old image as a share of the new grid's.
    advisories : tuple of Advisory
        Findings that a reader must know.
    """

    image: Image
    method: ResamplingMethod
    fill_value: float | Beyond | None
    outside_voxels: int
    outside_fraction: float
    advisories: tuple[Advisory, ...]

    __repr__ = brief

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the image, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> import numpy as np
        >>> fine = Image(np.ones((4, 4, 3)), np.diag([2.0, 2.0, 2.0, 1.0]), "Gy")
        >>> fine.resampled_on(fine).as_dict()["method"]
        'average'
        """
        return {
            "method": self.method,
            "fill_value": self.fill_value,
            "outside_voxels": self.outside_voxels,
            "outside_fraction": self.outside_fraction,
            "image_transform_lps": None if self.image.transform_lps is None else self.image.transform_lps.tolist(),
            "image_transform_source": self.image.transform_source,
        }
