"""Records of files of other programs, read by yttria (extras `dicom` and `nifti`) and by their definition."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...io import read_image
from ...io.dicom import activity_timing
from .._image_files import write_dicom, write_nifti
from .._record import CORE, Answer, Inputs, Side, nuclide, plain


def activity_from_dicom(side: Side, i: Inputs) -> Answer:
    """Answer from a PET series. Only the known errors give other values, or another affine."""
    if side is CORE:
        with TemporaryDirectory() as folder:
            write_dicom(Path(folder), i)
            return _answer(side, read_image(folder), activity_timing(folder).scan_delay_h, i)
    values, affine = side("image_of_series", i, header=i, stored=i["stored"])
    values = i["_rescaled"](values) if "_rescaled" in i else values
    return _answer(side, _image(values, affine, "Bq/mL", i), side("hours_to_administration", i, header=i), i)


def activity_from_nifti(side: Side, i: Inputs) -> Answer:
    """Answer from a file whose unit is in a sidecar."""
    hours = i["hours_after_administration"]
    if side is CORE:
        with TemporaryDirectory() as folder:
            image = read_image(write_nifti(Path(folder) / "image.nii.gz", i), unit=i["unit"])
        return _answer(side, image, hours, i)
    values, affine = side("image_of_nifti", i, **i)
    return _answer(side, _image(values, affine, i["unit"], i), hours, i)


def _image(values: NDArray[np.float64], affine: NDArray[np.float64], unit: str, i: Inputs) -> SimpleNamespace:
    affine = i["_affine"](affine) if "_affine" in i else affine
    voxel_ml = abs(np.linalg.det(affine[:3, :3])) * 1e-3
    return SimpleNamespace(array=values, affine_lps=affine, unit=unit, voxel_volume_ml=voxel_ml)


def _answer(side: Side, image: Any, hours: float, i: Inputs) -> Answer:
    scaled = side("AbsoluteScaling", i, scan_delay_h=hours).scale(image, nuclide(i))
    bq_per_ml, affine = image.array * (scaled.mbq_per_ml_per_unit * 1e6), np.asarray(image.affine_lps)
    k, j, n = np.indices(bq_per_ml.shape).reshape(3, -1)
    places = affine @ np.stack([n, j, k, np.ones(n.size)])
    return {
        "activity_at_administration_MBq": scaled.at_administration_mbq,
        "center_of_activity_lps_mm": plain(places[:3] @ bq_per_ml.ravel() / bq_per_ml.sum()),
        "activity_at_points_Bq_per_mL": [_at(bq_per_ml, affine, point) for point in i["points_lps_mm"]],
    }


def _at(values: NDArray[np.float64], affine: NDArray[np.float64], point: list[float]) -> float:
    """Read the value of the voxel that contains a point. No point lies outside."""
    index = np.rint(np.linalg.solve(affine, np.array([*point, 1.0]))[:3]).astype(int)[::-1]
    inside = all(0 <= a < n for a, n in zip(index, values.shape, strict=True))
    return float(values[tuple(index)]) if inside else 0.0


MODELS = {"activity_from_dicom": activity_from_dicom, "activity_from_nifti": activity_from_nifti}
