"""Known mistakes in reading files, with slopes, order of slices and axes, voxel sides, corners, units and decay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._cases import DICOM, FILE_MODELS, NIFTI
from ._registered import Implementation, Inputs, changed_inputs, inputs, registered

Affine = NDArray[np.float64]


def _placed(inner: Implementation, change: Callable[[Affine], Affine]) -> Implementation:
    """Register a mistake that puts voxels in other places than the file states."""

    def hook(i: Inputs) -> Inputs:
        before: Callable[[Any], Any] = i.get("_affine", lambda affine: affine)
        return {"_affine": lambda affine: before(change(affine))}

    return inputs(inner, hook, *FILE_MODELS)


@changed_inputs(DICOM)
def slope_of_the_first_slice_for_all(i: Inputs) -> Inputs:
    """Rescales every slice by the slope of the first file, although each slice has its own (image tools)."""
    return {"RescaleSlope": [i["RescaleSlope"][0]] * len(i["RescaleSlope"])}


@changed_inputs(DICOM)
def pixel_type_of_the_first_slice_for_all(i: Inputs) -> Inputs:
    """Keeps 16 bits of every rescaled value if the lowest slice has an integer slope (SimpleITK's series reader)."""
    normal = np.cross(*np.array(i["ImageOrientationPatient"]).reshape(2, 3))
    lowest = int(np.argmin(np.array(i["ImagePositionPatient"]) @ normal))
    whole = float(i["RescaleSlope"][lowest]).is_integer()
    return {"_rescaled": lambda values: np.trunc(values) % 65536.0} if whole else {}


@changed_inputs(DICOM)
def slices_in_order_of_instance_numbers(i: Inputs) -> Inputs:
    """Stacks slices upwards by their number instead of their position (image tools)."""
    positions = np.array(i["ImagePositionPatient"])
    normal = np.cross(*np.array(i["ImageOrientationPatient"]).reshape(2, 3))
    step = abs(float((positions[1] - positions[0]) @ normal))
    return {"ImagePositionPatient": [(positions[0] + n * step * normal).tolist() for n in range(len(positions))]}


@changed_inputs(DICOM)
def pixel_spacing_exchanged(i: Inputs) -> Inputs:
    """Takes PixelSpacing, from row to row first, as if it began with that from column to column (DICOM tools)."""
    return {"PixelSpacing": i["PixelSpacing"][::-1]}


@changed_inputs(NIFTI)
def scl_slope_ignored(_: Inputs) -> Inputs:
    """Takes the stored numbers of a NIfTI file for its values, without slope and intercept."""
    return {"scl_slope": 1.0, "scl_inter": 0.0}


@changed_inputs(NIFTI)
def kbq_read_as_bq(i: Inputs) -> Inputs:
    """Takes kBq/mL for Bq/mL."""
    return {"unit": "Bq/mL"} if i["unit"] == "kBq/mL" else {}


@registered
def ras_and_lps_confused(inner: Implementation) -> Implementation:
    """Takes RAS coordinates for LPS or the reverse, which exchanges left and right and front and back (image tools)."""
    return _placed(inner, lambda affine: np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine)


@registered
def order_of_axes_reversed(inner: Implementation) -> Implementation:
    """Takes an array (k, j, i) for (i, j, k), or the reverse, with an unchanged affine."""
    return _placed(inner, lambda affine: affine[:, [2, 1, 0, 3]])


@registered
def directions_ignored(inner: Implementation) -> Implementation:
    """Keeps the sides of a voxel and the first position, and ignores the directions of the axes."""

    def change(affine: Affine) -> Affine:
        kept = np.diag([*np.linalg.norm(affine[:3, :3], axis=0), 1.0])
        kept[:3, 3] = affine[:3, 3]
        return kept

    return _placed(inner, change)


@registered
def position_taken_for_a_corner(inner: Implementation) -> Implementation:
    """Takes the position of the first voxel's center for its corner, an error of half a voxel along each axis."""

    def change(affine: Affine) -> Affine:
        moved = affine.copy()
        moved[:3, 3] += 0.5 * affine[:3, :3].sum(axis=1)
        return moved

    return _placed(inner, change)


@changed_inputs(DICOM)
def decayed_twice_to_administration(i: Inputs) -> Inputs:
    """Corrects an image to administration that is already corrected to administration (a DICOM viewer)."""
    return {"DecayCorrection": "START"} if i["DecayCorrection"] == "ADMIN" else {}
