"""Conversion of other libraries' images to arrays (k, j, i) with an affine to LPS mm.

None of the libraries is imported, except SimpleITK if one of its images is given.
"""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .._foundation.choices import NiftiMatrix
from ..advisory import Advisory
from ..errors import GeometryError, ShapeError, UnitError
from .affine import Affine, flip_lps_ras
from .nifti_affine import checked_choice, nifti_affine


class Guest(NamedTuple):
    """Values, position and other known properties of an image of another library."""

    array: npt.NDArray[Any]
    affine_lps: npt.ArrayLike
    advisories: tuple[Advisory, ...] = ()
    frame_of_reference_uid: str | None = None


def guest_image(obj: Any, unit: str, choice: NiftiMatrix | None) -> Guest | None:
    """Read an image, whose library is recognized by its documented attributes; None if the library is not known."""
    if all(hasattr(obj, name) for name in ("GetSpacing", "GetDirection", "GetOrigin")):
        # Images of SimpleITK have this attribute, those of ITK do not.
        return _from_simpleitk(obj) if hasattr(obj, "GetPixelIDValue") else _from_itk(obj)
    if hasattr(obj, "dataobj") and hasattr(obj, "affine"):
        return from_nibabel(obj, choice)
    if all(hasattr(obj, name) for name in ("array", "affine", "coordinate_system", "spatial_shape")):
        return _from_highdicom(obj)
    if all(hasattr(obj, name) for name in ("dims", "coords", "attrs", "values")):
        return _from_xarray(obj, unit)
    if all(hasattr(obj, name) for name in ("meta", "affine", "array")):
        return _from_monai(obj)
    if all(hasattr(obj, name) for name in ("data", "affine", "spatial_shape", "numpy")):
        return _from_torchio(obj)
    return None


def _from_simpleitk(obj: Any) -> Guest:
    sitk = importlib.import_module("SimpleITK")
    # np.asarray iterates over such an image and gives a meaningless array. A view would become invalid once the image
    # is changed or freed, so the array is copied.
    array = np.array(sitk.GetArrayViewFromImage(obj))
    components = obj.GetNumberOfComponentsPerPixel()
    if array.ndim != 3 or components != 1:
        raise ShapeError(
            f"a SimpleITK image must have 3 dimensions and 1 component per voxel, got {obj.GetDimension()} and "
            f"{components}"
        )
    return Guest(array, _itk_affine(np.reshape(obj.GetDirection(), (3, 3)), obj.GetSpacing(), obj.GetOrigin()))


def _from_itk(obj: Any) -> Guest:
    dimensions, components = obj.GetImageDimension(), obj.GetNumberOfComponentsPerPixel()
    if dimensions != 3 or components != 1:
        raise ShapeError(
            f"an ITK image must have 3 dimensions and 1 component per voxel, got {dimensions} and {components}"
        )
    region = obj.GetLargestPossibleRegion()
    if obj.GetBufferedRegion().GetSize() != region.GetSize():
        raise ShapeError("an ITK image must hold all of its voxels: call .Update() on the filter that makes it first")
    affine = _itk_affine(np.asarray(obj.GetDirection()), list(obj.GetSpacing()), list(obj.GetOrigin()))
    # The origin is the position of index 0, which may lie outside a cropped image.
    affine[:3, 3] += affine[:3, :3] @ np.array(list(region.GetIndex()), float)
    return Guest(np.array(obj), affine)


def _itk_affine(direction: npt.ArrayLike, spacing: npt.ArrayLike, origin: npt.ArrayLike) -> Affine:
    affine = np.eye(4)
    affine[:3, :3] = np.asarray(direction) * np.asarray(spacing)
    affine[:3, 3] = origin
    return affine


def from_nibabel(obj: Any, choice: NiftiMatrix | None) -> Guest:
    """View the values of a nibabel image; `choice` names the matrix to use if sform and qform contradict each other."""
    header, advisories = obj.header, tuple[Advisory, ...]()
    if hasattr(header, "get_sform"):
        place, advisories = nifti_affine(header, checked_choice(choice))
        # Changes since the image was read are in its own affine only, not in the header.
        if choice is None and obj.affine is not None and not np.array_equal(obj.affine, header.get_best_affine()):
            place = obj.affine
    else:
        place = obj.affine
        analyze = any(kind.__name__ == "AnalyzeHeader" for kind in type(header).__mro__)
        if place is None or analyze or _field(header, "goodRASFlag") == 0:
            kind = "an Analyze 7.5 image" if analyze else f"this {type(obj).__name__}"
            raise GeometryError(
                f"{kind} states neither its position nor which side is left: convert it with the program that wrote it"
            )
    if hasattr(header, "get_xyzt_units") and header.get_xyzt_units()[0] not in ("mm", "unknown"):
        raise GeometryError(f"the NIfTI image's lengths must be in mm, got {header.get_xyzt_units()[0]}")
    array = np.asanyarray(obj.dataobj)
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 3:
        raise ShapeError(f"a nibabel image must have 3 dimensions, got shape {list(array.shape)}")
    return Guest(array.T, flip_lps_ras(place), advisories)


def _from_highdicom(obj: Any) -> Guest:
    system = getattr(obj.coordinate_system, "value", obj.coordinate_system)
    if system != "PATIENT":
        raise GeometryError(f"a highdicom Volume must lie in the coordinate system PATIENT, got {system}")
    array = np.asarray(obj.array)
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != 3:
        raise ShapeError(f"a highdicom Volume must have 3 dimensions and no channels, got shape {list(array.shape)}")
    # The affine of a Volume takes the indices in the order of the array.
    return Guest(array, np.asarray(obj.affine, float)[:, [2, 1, 0, 3]], (), obj.frame_of_reference_uid or None)


def _from_xarray(obj: Any, unit: str) -> Guest:
    names = tuple(map(str, obj.dims))
    if set(names) not in ({"k", "j", "i"}, {"z", "y", "x"}):
        raise ShapeError(f"an xarray must have the dimensions (k, j, i) or (z, y, x), got ({', '.join(names)})")
    order = ("k", "j", "i") if "k" in names else ("z", "y", "x")
    stated = obj.attrs.get("units")
    if stated is not None and stated != unit:
        raise UnitError(f"the xarray states the units {stated!r:.80}, not {unit}")
    array = np.asarray(obj.transpose(*order).values)
    if "affine_lps" in obj.attrs:
        matrix, frame = np.asarray(obj.attrs["affine_lps"], float), obj.attrs.get("frame_of_reference_uid")
        return Guest(array, matrix.reshape(4, 4) if matrix.size == 16 else matrix, (), frame)
    if order[0] == "z" and "direction" in obj.attrs:
        return Guest(array, _coordinate_affine(obj))
    raise GeometryError(
        "the xarray does not state its position: give it attrs['affine_lps'] (4 x 4 from (i, j, k) to LPS mm), as "
        "yttria.geometry.to_xarray does, or coordinates x, y, z in mm and attrs['direction'], as itk.xarray_from_image "
        "does"
    )


def _coordinate_affine(obj: Any) -> Affine:
    """Compute the affine of `itk.xarray_from_image` from coordinates along each axis and a (z, y, x) direction."""
    spacing, origin = [], []
    for name in ("x", "y", "z"):
        if name not in obj.coords or len(obj.coords[name]) < 2:
            raise GeometryError(f"the xarray must have at least two coordinates {name}, which give the voxel size")
        along = np.asarray(obj.coords[name], float)
        steps = np.diff(along)
        if not np.allclose(steps, steps[0], rtol=1e-3, atol=0.0):
            raise GeometryError(f"the coordinates {name} of the xarray must be evenly spaced")
        spacing.append(float(along[-1] - along[0]) / (len(along) - 1))
        origin.append(float(along[0]))
    return _itk_affine(np.flip(np.asarray(obj.attrs["direction"], float)), spacing, origin)


def _from_monai(obj: Any) -> Guest:
    space = str(getattr(obj.meta.get("space", "RAS"), "value", obj.meta.get("space", "RAS")))
    if space not in ("RAS", "LPS"):
        raise GeometryError(f"a MetaTensor must lie in the space RAS or LPS, got {space}")
    affine = _tensor(obj.affine)
    return Guest(_one_channel(_tensor(obj), "MetaTensor").T, affine if space == "LPS" else flip_lps_ras(affine))


def _from_torchio(obj: Any) -> Guest:
    return Guest(_one_channel(_tensor(obj.data), "TorchIO image").T, flip_lps_ras(np.asarray(obj.affine, float)))


def _tensor(obj: Any) -> npt.NDArray[Any]:
    """Return the values of a PyTorch tensor on any device, without its gradient."""
    values: npt.NDArray[Any] = obj.detach().cpu().numpy()
    return values


def _one_channel(array: npt.NDArray[Any], kind: str) -> npt.NDArray[Any]:
    """Return the array (i, j, k) of one with a single channel (channel, i, j, k)."""
    if array.ndim == 4 and array.shape[0] == 1:
        first: npt.NDArray[Any] = array[0]
        return first
    if array.ndim != 3:
        raise ShapeError(f"a {kind} must have 3 dimensions, or 1 channel before them, got shape {list(array.shape)}")
    return array


def _field(header: Any, name: str) -> object:
    try:
        return header[name]
    except (KeyError, ValueError, TypeError, IndexError):
        return None
