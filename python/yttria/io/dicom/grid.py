"""Grid of a series with any values, because contours may have been drawn on an MRI or an SUV image."""

from __future__ import annotations

import numpy as np

from ...advisory.warning_filters import quiet
from ...geometry.image import Image
from .._common import decoding
from .consistency import check_whole
from .dataset import text, whole
from .geometry import plane, stacked
from .nuclear_medicine import spect_grid
from .series import Paths, choose, files, root, same, scan

_MODALITIES = ("PT", "NM", "CT", "MR")


def read_grid(paths: Paths, *, series: str | None = None) -> Image:
    """Read the grid of a PET, SPECT, CT or MRI series.

    Parameters
    ----------
    paths : path or sequence of path
        A folder (with the folders in it), a file, or several.
    series : str, optional
        UID or number of one series; needed if there are several.

    Returns
    -------
    Image
        An image of zeros that takes no memory, with the affine and frame of reference.

    Raises
    ------
    GeometryError, FileFormatError, ArgumentError, UnknownNameError
        As for `read_image`.
    MissingExtraError
        If the extra `dicom` is not installed.

    Examples
    --------
    >>> from yttria.phantom import liver_phantom, write_dicom_study
    >>> phantom = liver_phantom((10.0, 10.0, 10.0))
    >>> _ = write_dicom_study(phantom, "study")
    >>> read_grid("study/pet").shape == phantom.activity.shape
    True
    """
    with decoding(root(paths), "DICOM"), quiet():
        chosen = choose(scan(files(paths)), series, _MODALITIES, "the image")
        for keyword in ("Rows", "Columns", "FrameOfReferenceUID", "PatientID"):
            same(chosen, keyword)
        check_whole(chosen)
        first = chosen.headers[0].dataset
        if chosen.modality == "NM" and len(chosen.headers) == 1:
            slices = whole(first, "NumberOfFrames", 1, 2**31 - 1)
            affine = spect_grid(first, slices)[0]
        else:
            slices = len(chosen.headers)
            affine = stacked([plane(header.dataset) for header in chosen.headers]).affine
        shape = slices, whole(first, "Rows", 1, 65535), whole(first, "Columns", 1, 65535)
        return Image(
            np.broadcast_to(np.zeros((), np.uint8), shape),
            affine,
            "1",
            frame_of_reference_uid=text(first, "FrameOfReferenceUID"),
            patient_id=text(first, "PatientID"),
        )
