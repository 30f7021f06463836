"""Conversion of images to those of other libraries, with position and, if the library can store it, the unit.

Each function imports its library, which must be installed. Values are copied only if the library needs that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .._foundation.extras import require
from ..errors import ArgumentError
from .affine import flip_lps_ras
from .image import Image

if TYPE_CHECKING:
    import highdicom
    import nibabel
    import SimpleITK
    import xarray


def to_simpleitk(image: Image) -> SimpleITK.Image:
    """Copy an image into one of SimpleITK.

    Parameters
    ----------
    image : Image
        Any image. float16 and bool, which SimpleITK does not have, become float32 and uint8.

    Returns
    -------
    SimpleITK.Image
        The values at the same positions. Its metadata state the unit under "unit".

    Raises
    ------
    MissingExtraError
        If SimpleITK is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> dose = Image(np.ones((2, 3, 4)), np.diag([4.0, 4.0, 3.0, 1.0]), "Gy")
    >>> to_simpleitk(dose).GetSpacing()
    (4.0, 4.0, 3.0)
    """
    sitk = require("SimpleITK", None)
    out: Any = sitk.GetImageFromArray(_plain(image))
    size = np.array(image.voxel_size_mm[::-1])
    out.SetSpacing(size.tolist())
    out.SetDirection((image.affine_lps[:3, :3] / size).ravel().tolist())
    out.SetOrigin(image.affine_lps[:3, 3].tolist())
    out.SetMetaData("unit", image.unit)
    return cast("SimpleITK.Image", out)


def to_nibabel(image: Image) -> nibabel.Nifti1Image:
    """View an image as a NIfTI image of nibabel.

    Parameters
    ----------
    image : Image
        Any image. float16 and bool, which NIfTI does not have, become float32 and uint8.

    Returns
    -------
    nibabel.Nifti1Image
        Array (i, j, k) and affine to RAS mm, as sform and qform with code 1 (scanner). NIfTI has no field for these
        units. `descrip` states the unit, but other programs do not read it.

    Raises
    ------
    MissingExtraError
        If nibabel is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> dose = Image(np.ones((2, 3, 4)), np.diag([4.0, 4.0, 3.0, 1.0]), "Gy")
    >>> to_nibabel(dose).affine.diagonal().tolist()
    [-4.0, -4.0, 3.0, 1.0]
    """
    nib = require("nibabel", "nifti")
    affine = flip_lps_ras(image.affine_lps)
    array = _plain(image)
    out: Any = nib.Nifti1Image(array.T, affine, dtype=array.dtype)
    out.set_sform(affine, code=1)
    out.set_qform(affine, code=1)
    out.header.set_xyzt_units("mm")
    out.header["descrip"] = f"unit {image.unit}".encode()
    return cast("nibabel.Nifti1Image", out)


def to_xarray(image: Image) -> xarray.DataArray:
    """View an image as a DataArray of xarray.

    Parameters
    ----------
    image : Image
        Any image.

    Returns
    -------
    xarray.DataArray
        Dimensions (k, j, i) without coordinates, because an oblique image has no single coordinate along each axis.
        `attrs` hold "units", "affine_lps" (16 numbers in rows, so that netCDF and zarr keep them) and
        "frame_of_reference_uid" if that is known.

    Raises
    ------
    MissingExtraError
        If xarray is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> dose = Image(np.ones((2, 3, 4)), np.diag([4.0, 4.0, 3.0, 1.0]), "Gy")
    >>> to_xarray(dose).dims
    ('k', 'j', 'i')
    """
    xr = require("xarray", None)
    attrs: dict[str, Any] = {"units": image.unit, "affine_lps": image.affine_lps.ravel().tolist()}
    if image.frame_of_reference_uid is not None:
        attrs["frame_of_reference_uid"] = image.frame_of_reference_uid
    out: xarray.DataArray = xr.DataArray(image.array, dims=("k", "j", "i"), attrs=attrs)
    return out


def to_highdicom(image: Image) -> highdicom.Volume:
    """View an image as a Volume of highdicom, from which DICOM segmentations and parametric maps are made.

    Parameters
    ----------
    image : Image
        Any image.

    Returns
    -------
    highdicom.Volume
        The values at the same positions in the patient, with the frame of reference if it is known. A Volume has no
        unit.

    Raises
    ------
    MissingExtraError
        If highdicom is not installed.
    ArgumentError
        If the axes are not exactly orthogonal, which highdicom requires.

    Examples
    --------
    >>> import numpy as np
    >>> dose = Image(np.ones((2, 3, 4)), np.diag([4.0, 4.0, 3.0, 1.0]), "Gy")
    >>> to_highdicom(dose).spacing
    (3.0, 4.0, 4.0)
    """
    hd = require("highdicom", "dicom")
    try:
        out: highdicom.Volume = hd.Volume(
            array=image.array,
            affine=image.affine_lps[:, [2, 1, 0, 3]],
            coordinate_system="PATIENT",
            frame_of_reference_uid=image.frame_of_reference_uid,
        )
    except ValueError as error:
        raise ArgumentError(f"highdicom rejects the image: {error}") from error
    return out


def _plain(image: Image) -> np.ndarray[Any, Any]:
    """Return the values in native byte order and in a type that every library has."""
    kinds = {"e": np.float32, "?": np.uint8, "g": np.float64}
    array = image.array
    return array.astype(kinds.get(array.dtype.char, array.dtype.newbyteorder("=")), copy=False)
