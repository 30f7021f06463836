"""Images of SimpleITK and nibabel as arrays (k, j, i) with an affine to LPS mm."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import numpy.typing as npt

from .._foundation.choices import NiftiMatrix
from ..advisory import Advisory
from ..errors import GeometryError, ShapeError
from .affine import Affine, flip_lps_ras
from .nifti_affine import checked_choice, nifti_affine


def from_simpleitk(obj: Any) -> tuple[npt.NDArray[Any], Affine]:
    """Copy the values and the place of a SimpleITK image."""
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


def from_nibabel(obj: Any, choice: NiftiMatrix | None) -> tuple[npt.NDArray[Any], Affine, tuple[Advisory, ...]]:
    """View the values of a nibabel image; `choice` is one of its header's two places, if they contradict."""
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
