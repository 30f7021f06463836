"""Files as other programs write them, and yttria's readers. Needs the extras `dicom` and `nifti`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ...geometry import Image
from ...io import read_image
from ...io.dicom import activity_timing
from ...voxel import AbsoluteScaling
from .._image_files import write_dicom, write_nifti
from .._record import Answer, Inputs, nuclide


def activity_from_dicom(i: Inputs) -> Answer:
    with TemporaryDirectory() as folder:
        write_dicom(Path(folder), i)
        image = read_image(folder)
        hours = activity_timing(folder).scan_delay_h
    return _answer(image, hours, i)


def activity_from_nifti(i: Inputs) -> Answer:
    with TemporaryDirectory() as folder:
        image = read_image(write_nifti(Path(folder) / "image.nii.gz", i), unit=i["unit"])
    return _answer(image, i["hours_after_administration"], i)


def _answer(image: Image, hours: float, i: Inputs) -> Answer:
    stated = nuclide(i)
    scaled = AbsoluteScaling(scan_delay_h=hours).scale(image, stated, None)
    bq_per_ml = image.array * (scaled.mbq_per_ml_per_unit * 1e6)
    k, j, n = np.indices(image.shape).reshape(3, -1)
    places = image.affine_lps @ np.stack([n, j, k, np.ones(n.size)])
    index = np.linalg.solve(image.affine_lps, np.c_[np.array(i["points_lps_mm"]), np.ones(len(i["points_lps_mm"]))].T)
    at = tuple(np.rint(index[:3]).astype(int)[::-1])
    return {
        "activity_at_administration_MBq": scaled.at_administration_mbq,
        "center_of_activity_lps_mm": (places[:3] @ bq_per_ml.ravel() / bq_per_ml.sum()).tolist(),
        "activity_at_points_Bq_per_mL": bq_per_ml[at].tolist(),
    }


ANSWERS = {"activity_from_dicom": activity_from_dicom, "activity_from_nifti": activity_from_nifti}
