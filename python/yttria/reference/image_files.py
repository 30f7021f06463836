"""Meaning of a file's header and stored numbers: values, and the affine from (i, j, k, 1) to LPS mm."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def image_of_series(header: Mapping[str, Any], stored: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A series of DICOM slices in the order of their positions along the normal, each with its own slope.

    `ImageOrientationPatient` holds the direction of growing column index and that of growing row index; `PixelSpacing`
    the distance from row to row and that from column to column.
    """
    positions, spacing = np.array(header["ImagePositionPatient"]), header["PixelSpacing"]
    along_i, along_j = np.array(header["ImageOrientationPatient"]).reshape(2, 3)
    order = np.argsort(positions @ np.cross(along_i, along_j))
    values = np.asarray(stored, np.float64)[order] * np.array(header["RescaleSlope"])[order, None, None]
    along_k = (positions[order[-1]] - positions[order[0]]) / (len(order) - 1)
    affine = np.eye(4)
    affine[:3] = np.column_stack([along_i * spacing[1], along_j * spacing[0], along_k, positions[order[0]]])
    return values, affine


def hours_to_administration(header: Mapping[str, Any]) -> float:
    """Decay that is left to undo: START asks for that from administration to acquisition, ADMIN for none."""
    names = ("RadiopharmaceuticalStartDateTime", "AcquisitionDateTime")
    given, scanned = (datetime.fromisoformat(header[name]) for name in names)
    return (scanned - given).total_seconds() / 3600.0 if header["DecayCorrection"] == "START" else 0.0


def image_of_nifti(
    stored: ArrayLike, scl_slope: float, scl_inter: float, sform_ras: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One slope and intercept; the sform maps (i, j, k) to right, anterior, superior."""
    values = np.asarray(stored, np.float64) * scl_slope + scl_inter
    return values, np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.vstack([sform_ras, [0.0, 0.0, 0.0, 1.0]])
