"""An array with its place in the patient and its unit."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._arrays import MAX_VOXELS as MAX_VOXELS
from ._arrays import empty as empty
from ._arrays import volume
from .advisory import Advisory
from .affine import (
    Affine,
    checked_affine,
    checked_frame,
    checked_source,
    flip_lps_ras,
    moved_place,
    same_grid,
    voxel_size_mm,
)
from .errors import GeometryError, OutOfRangeError, ShapeError, UnitError
from .nifti_affine import checked_choice, nifti_affine
from .units import UNITS as UNITS
from .units import checked_unit as checked_unit

if TYPE_CHECKING:
    from .resampling import ResampledImage

#: Fields that a copy of an image keeps beside its array, affine and unit.
_CARRIED = ("frame_of_reference_uid", "transform_lps", "transform_source", "patient_id", "advisories")


@dataclass(frozen=True, eq=False)
class Image:
    """A 3-D array, the affine that places it, and the unit of its values.

    `array` has the axes (k, j, i); `affine_lps` (4 x 4) maps the voxel indices (i, j, k) to the voxel's center in
    millimeters, left-posterior-superior (the convention of DICOM and ITK). Oblique and reversed axes are fine. The
    image holds a read-only view of the array it was given, not a copy.

    `frame_of_reference_uid`: the patient space that the affine refers to, where it is known (DICOM says it): two of
    different known ones never meet. `transform_lps`: by what `moved` has moved the image, None where it has not;
    `transform_source`: where that came from, as far as it was given. `patient_id`: the identifier of the patient, if
    the file states one. `advisories`: what a reader of the file must know; results made from the image carry them on.

    Raises `ShapeError` (not 3-D, empty, more than 2^33 voxels), `DTypeError` (no real numbers), `GeometryError`
    (affine not finite, singular or sheared by more than 1e-3) or `UnitError` (not in `yttria.image.UNITS`).
    """

    array: npt.NDArray[Any]
    affine_lps: Affine
    unit: str
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
    def from_any(cls, obj: object, *, unit: str, affine: str | None = None) -> Image:
        """From a SimpleITK image (copied), a nibabel image, or an object with `.array` and `.affine_lps` (views).

        Nothing is guessed: the unit is always the caller's, and a bare array is an error, for it has no place.
        `affine`: "sform" or "qform", the one to take if a NIfTI header states two places that contradict each other.
        Raises `GeometryError` if no geometry is found (Analyze 7.5 has none), and whatever the constructor raises.
        """
        if isinstance(obj, Image) and obj.unit != unit:
            raise UnitError(f"the image is in {obj.unit}, not {unit}; convert it with .to({unit!r})")
        # The last of these tells SimpleITK's images from those of ITK itself.
        if all(hasattr(obj, name) for name in ("GetSpacing", "GetDirection", "GetOrigin", "GetPixelIDValue")):
            return cls(*_from_simpleitk(obj), unit)
        if hasattr(obj, "dataobj") and hasattr(obj, "affine"):
            array, place, advisories = _from_nibabel(obj, affine)
            return cls(array, place, unit, advisories=advisories)
        if hasattr(obj, "array") and hasattr(obj, "affine_lps"):
            known: dict[str, Any] = {k: getattr(obj, k, () if k == "advisories" else None) for k in _CARRIED}
            return cls(obj.array, obj.affine_lps, unit, **known)
        found = "a bare array" if isinstance(obj, np.ndarray) else f"an object of type {type(obj).__name__}"
        raise GeometryError(
            f"{found} says nothing of its place: give a SimpleITK or nibabel image, an object with .array (k, j, i) "
            "and .affine_lps, or Image(array, affine_lps, unit)"
        )

    def __reduce__(self) -> tuple[Callable[..., Image], tuple[object, ...]]:
        # Through the constructor, so that a copy is read-only too.
        return partial(Image, **{k: getattr(self, k) for k in _CARRIED}), (self.array, self.affine_lps, self.unit)

    def __repr__(self) -> str:
        shape, size = (" x ".join(f"{n:.5g}" for n in of) for of in (self.shape, self.voxel_size_mm))
        return f"Image({shape} voxels (k, j, i) of {size} mm, {self.array.dtype}, in {self.unit})"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels per axis (k, j, i)."""
        k, j, i = self.array.shape
        return k, j, i

    @property
    def voxel_size_mm(self) -> tuple[float, float, float]:
        """Voxel size per array axis (k, j, i)."""
        return voxel_size_mm(self.affine_lps)

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel."""
        return float(np.prod(self.voxel_size_mm)) * 1e-3

    def same_grid(self, other: Image) -> bool:
        """Whether both have one shape and no corner voxel farther apart than 0.001 mm."""
        return same_grid(self.shape, self.affine_lps, other.shape, other.affine_lps)

    def with_array(self, array: npt.NDArray[Any], unit: str) -> Image:
        """Another array on this grid; `ShapeError` where it does not fit."""
        if np.shape(array) != self.shape:
            raise ShapeError(f"array must be of the image's shape {list(self.shape)}, got {list(np.shape(array))}")
        return replace(self, array=array, unit=unit)

    def moved(
        self, transform_lps: npt.ArrayLike, *, frame_of_reference_uid: str | None = None, source: str | None = None
    ) -> Image:
        """The image at another place: `transform_lps` (4 x 4, patient LPS mm to LPS mm) before its affine.

        For a registration made elsewhere; `frame_of_reference_uid` is the space that it leads to, `source` says where
        it came from, for the reader of a result. No value changes. Raises `GeometryError` where the transform is no
        affine or leaves the axes sheared, `OutOfRangeError` where `source` is no text.
        """
        affine, place = moved_place(
            self, self.affine_lps, transform_lps, frame_of_reference_uid=frame_of_reference_uid, source=source
        )
        return replace(self, affine_lps=affine, **place)

    def to(self, unit: str) -> Image:
        """The same quantity in another unit; float32 and float64 are kept, other types become float64.

        Raises `UnitError` if the two units measure different quantities, and `OutOfRangeError` if a value becomes
        too large for the type.
        """
        quantity, size = UNITS[self.unit]
        target, target_size = UNITS[checked_unit(unit)]
        if target != quantity:
            raise UnitError(f"{self.unit} ({quantity}) cannot be converted to {unit} ({target})")
        if size == target_size:
            return self
        # Whole factors only, so that a conversion and its inverse round once each.
        # Types that the core does not know become float64: a thousand times a float16 may be infinite.
        dtype = self.array.dtype if self.array.dtype.char in "fd" else np.dtype(np.float64)
        scale = dtype.type(max(size, target_size) / min(size, target_size))
        out = empty(self.shape, dtype.newbyteorder("="), f"the image in {unit}")
        try:
            with np.errstate(over="raise"):
                (np.multiply if size > target_size else np.divide)(self.array, scale, out=out, casting="unsafe")
        except FloatingPointError:
            raise OutOfRangeError(
                f"an image in {unit} must fit into {dtype.name}, got values too large for it"
            ) from None
        return self.with_array(out, unit)

    def resampled_on(
        self,
        grid: Image | tuple[Sequence[int], npt.ArrayLike],
        *,
        method: str = "average",
        outside: float | None = None,
        threads: int | None = None,
    ) -> ResampledImage:
        """This image on another grid (an `Image`, or a shape (k, j, i) and an affine), and a report of what was done.

        `method`: "average", the mean over each new voxel's box with the old voxels constant: exact between parallel
        grids (permuted and flipped ones too), by 128 to 4096 samples per voxel otherwise; sums of value times volume
        are kept. Or "linear", trilinear at each new voxel's center, constant from the outermost old centers to the old
        faces: smooth, but it skips old voxels where the new ones are larger. `outside`: what lies beyond the old
        image; None refuses a grid that reaches there. float32 stays, everything else becomes float64. Nothing is
        registered: see `moved`. The result is in the grid's frame of reference, where that is known, else the image's.

        Raises `GeometryError` (not a grid, in another frame of reference, or reaching beyond the image while `outside`
        is None), `OutOfRangeError` (a voxel not finite; a voxel size outside 0.001-1000 mm), `ShapeError`,
        `UnknownNameError` and `InsufficientMemoryError`.
        """
        from .resampling import resampled

        return resampled(self, grid, method=method, outside=outside, threads=threads)


def _from_simpleitk(obj: Any) -> tuple[npt.NDArray[Any], Affine]:
    sitk = importlib.import_module("SimpleITK")
    # np.asarray of such an image iterates over it and makes nonsense of any shape; and a view would dangle once the
    # image is changed or gone, hence the copy.
    array = np.array(sitk.GetArrayViewFromImage(obj))
    if array.ndim != 3 or obj.GetNumberOfComponentsPerPixel() != 1:
        raise ShapeError(
            f"a SimpleITK image must have 3 dimensions and 1 component per voxel, got {obj.GetDimension()} and "
            f"{obj.GetNumberOfComponentsPerPixel()}"
        )
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(obj.GetDirection(), (3, 3)) * np.asarray(obj.GetSpacing())
    affine[:3, 3] = obj.GetOrigin()
    return array, affine


def _from_nibabel(obj: Any, choice: str | None) -> tuple[npt.NDArray[Any], Affine, tuple[Advisory, ...]]:
    header, advisories = obj.header, tuple[Advisory, ...]()
    if hasattr(header, "get_sform"):
        place, advisories = nifti_affine(header, checked_choice(choice))
        # What was done to the image since it was read is in its own affine alone.
        if choice is None and obj.affine is not None and not np.array_equal(obj.affine, header.get_best_affine()):
            place = obj.affine
    else:
        place = obj.affine
        analyze = any(kind.__name__ == "AnalyzeHeader" for kind in type(header).__mro__)
        if place is None or analyze or _field(header, "goodRASFlag") == 0:
            kind = "an Analyze 7.5 image" if analyze else f"this {type(obj).__name__}"
            raise GeometryError(
                f"{kind} does not state where it lies, nor which side is left: convert it with the program that "
                "wrote it"
            )
    if hasattr(header, "get_xyzt_units") and header.get_xyzt_units()[0] not in ("mm", "unknown"):
        raise GeometryError(f"the NIfTI image's lengths must be in mm, got {header.get_xyzt_units()[0]}")
    array = np.asanyarray(obj.dataobj)
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 3:
        raise ShapeError(f"a nibabel image must have 3 dimensions, got shape {list(array.shape)}")
    return array.T, flip_lps_ras(place), advisories


def _field(header: Any, name: str) -> object:
    try:
        return header[name]
    except (KeyError, ValueError, TypeError, IndexError):
        return None
