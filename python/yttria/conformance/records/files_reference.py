"""What a file's header and stored numbers mean, spelled out in NumPy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._record import Answer, Inputs, half_life

Map = NDArray[np.float64]


def activity_from_dicom(i: Inputs) -> Answer:
    """A PET series: slices in the order of their positions along the normal, each with its own slope.

    `ImageOrientationPatient` holds the direction of growing column index and that of growing row index; `PixelSpacing`
    the distance from row to row and that from column to column. START asks for decay back to administration.
    """
    positions, spacing = np.array(i["ImagePositionPatient"]), i["PixelSpacing"]
    along_i, along_j = np.array(i["ImageOrientationPatient"]).reshape(2, 3)
    order = np.argsort(positions @ np.cross(along_i, along_j))
    values = np.asarray(i["stored"], np.float64)[order] * np.array(i["RescaleSlope"])[order, None, None]
    # `yttria.conformance.known_errors` alone has other values, and below another affine, to offer.
    values = i["_rescaled"](values) if "_rescaled" in i else values
    along_k = (positions[order[-1]] - positions[order[0]]) / (len(order) - 1)
    affine = np.eye(4)
    affine[:3] = np.column_stack([along_i * spacing[1], along_j * spacing[0], along_k, positions[order[0]]])
    given, scanned = (
        datetime.fromisoformat(i[name]) for name in ("RadiopharmaceuticalStartDateTime", "AcquisitionDateTime")
    )
    hours = (scanned - given).total_seconds() / 3600.0 if i["DecayCorrection"] == "START" else 0.0
    return _answer(values, affine, hours, i)


def activity_from_nifti(i: Inputs) -> Answer:
    """One slope and intercept; the sform maps (i, j, k) to right, anterior, superior."""
    values = np.asarray(i["stored"], np.float64) * i["scl_slope"] + i["scl_inter"]
    values = values * {"Bq/mL": 1.0, "kBq/mL": 1e3}[i["unit"]]
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.vstack([i["sform_ras"], [0.0, 0.0, 0.0, 1.0]])
    return _answer(values, affine, i["hours_after_administration"], i)


def _answer(bq_per_ml: Map, affine_lps: Map, hours: float, i: Inputs) -> Answer:
    affine: Any = i["_affine"](affine_lps) if "_affine" in i else affine_lps
    values = bq_per_ml * 2.0 ** (hours / half_life(i))
    k, j, n = np.indices(values.shape).reshape(3, -1)
    places = affine @ np.stack([n, j, k, np.ones(n.size)])
    weights = values.ravel()
    center = places[:3] @ weights / weights.sum()
    voxel_ml = abs(np.linalg.det(affine[:3, :3])) * 1e-3
    return {
        "activity_at_administration_MBq": float(weights.sum() * voxel_ml * 1e-6),
        "center_of_activity_lps_mm": [float(mm) for mm in center],
        "activity_at_points_Bq_per_mL": [_at(values, affine, point) for point in i["points_lps_mm"]],
    }


def _at(values: Map, affine: Map, point: list[float]) -> float:
    """The value of the voxel that a point lies in; nothing lies outside."""
    index = np.rint(np.linalg.solve(affine, np.array([*point, 1.0]))[:3]).astype(int)[::-1]
    inside = all(0 <= a < n for a, n in zip(index, values.shape, strict=True))
    return float(values[tuple(index)]) if inside else 0.0


ANSWERS = {"activity_from_dicom": activity_from_dicom, "activity_from_nifti": activity_from_nifti}
