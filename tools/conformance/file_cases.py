"""Make the inputs of the file cases: header values, stored numbers and the points at which activity is expected.

No axis, side, slope or time equals another. The answers are the activity at administration, its center, and its
concentration at four points in patient coordinates. One wrong number shows that a file was misread, and all of them
together show how.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from yttria.conformance._cases import DICOM, NIFTI

SHAPE = (7, 10, 8)
"""Shape of the stored numbers, (k, j, i)."""

_ASKED = [(4, 6, 2), (2, 3, 5), (5, 2, 1), (1, 7, 6)]
"""Voxels (k, j, i) in which a point is asked, off their centers by a fifth."""


def file_cases() -> list[dict[str, Any]]:
    """List every case of a file without its answer, with id, model, inputs, tolerance, source and exercises."""
    return [*_dicom(), *_nifti()]


def _stored(seed: int) -> NDArray[np.float32]:
    """Make integers like a camera's, with noise and two spots that no mirror maps onto each other."""
    k, j, i = np.indices(SHAPE)
    spots = [((4, 6, 2), 24000.0, 3.0), ((2, 3, 5), 11000.0, 2.0)]
    mean = 300.0 + sum(
        height * np.exp(-((k - c[0]) ** 2 + (j - c[1]) ** 2 + (i - c[2]) ** 2) / width) for c, height, width in spots
    )
    stored: NDArray[np.float32] = np.random.default_rng(seed).poisson(mean).astype(np.float32)
    return stored


def _points(affine_lps: NDArray[np.float64]) -> list[list[float]]:
    at = np.array([(i - 0.2, j - 0.2, k - 0.2, 1.0) for k, j, i in _ASKED])
    return [[float(mm) for mm in row] for row in np.round(at @ affine_lps[:3].T, 3)]


def _case(name: str, model: str, inputs: dict[str, Any], exercises: str, source: str) -> dict[str, Any]:
    return {
        "id": name,
        "model": model,
        "inputs": inputs,
        "exercises": exercises,
        "tolerance": {"rel": 1e-4},
        "source": source,
    }


def _dicom() -> list[dict[str, Any]]:
    source = "DICOM PS3.3 C.7.6.2 (positions), C.8.9.1 and C.8.9.4 (PET series and image), read by definition"
    made = []
    for name, seed, degrees, step_mm, correction, exercises in (
        (
            "file-dicom-start",
            11,
            0.0,
            -2.03,
            "START",
            "a slope for every slice, slices numbered from the head down, sides of a voxel, decay over midnight",
        ),
        ("file-dicom-admin", 12, 20.0, 3.3, "ADMIN", "an oblique series that is corrected to administration already"),
    ):
        turn = np.radians(degrees)
        along_i, along_j = np.array([np.cos(turn), np.sin(turn), 0.0]), np.array([-np.sin(turn), np.cos(turn), 0.0])
        spacing = [4.07, 2.7]  # from row to row, from column to column
        first = np.array([-61.3, 44.8, 117.2])
        positions = np.round([first + n * step_mm * np.array([0.0, 0.0, 1.0]) for n in range(SHAPE[0])], 4)
        affine = np.eye(4)
        affine[:3, :3] = np.column_stack([along_i * spacing[1], along_j * spacing[0], [0.0, 0.0, step_mm]])
        affine[:3, 3] = first
        slopes = np.round(np.random.default_rng(seed).uniform(15.0, 60.0, SHAPE[0]), 4)
        # Of the lowest slice: some readers take the type of all values from that of the first slice.
        slopes[-1 if step_mm < 0 else 0] = 1.0
        inputs = {
            "RescaleSlope": slopes.tolist(),
            "ImagePositionPatient": positions.tolist(),
            "ImageOrientationPatient": np.round([*along_i, *along_j], 9).tolist(),
            "PixelSpacing": spacing,
            "Units": "BQML",
            "DecayCorrection": correction,
            "RadiopharmaceuticalStartDateTime": "2026-03-01T14:05:00",
            "AcquisitionDateTime": "2026-03-02T17:35:00",
            "half_life_h": 64.1,
            "points_lps_mm": _points(affine),
            "stored": _stored(seed),
        }
        made.append(_case(name, DICOM, inputs, exercises, source))
    return made


def _nifti() -> list[dict[str, Any]]:
    source = "NIfTI-1 (scl_slope, scl_inter, sform: RAS), PET-BIDS (Units), read by definition"
    turn = np.radians(15.0)
    straight = np.array([[2.7, 0, 0, 38.4], [0, 4.07, 0, -71.9], [0, 0, 2.03, 93.6]])
    sides = np.diag([2.7, 4.07, 2.03])
    turned = np.array([[-np.cos(turn), -np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]]) @ sides
    left = np.column_stack([turned, [86.1, -52.7, 64.9]])
    made = []
    for name, seed, sform, slope, inter, unit, exercises in (
        ("file-nifti", 13, straight, 0.043, 0.0, "kBq/mL", "axes and sides, RAS, the slope, kBq/mL"),
        ("file-nifti-turned", 14, left, 37.5, -900.0, "Bq/mL", "turned and mirrored axes, slope and intercept"),
    ):
        sform_ras = np.round(sform, 6)
        inputs = {
            "scl_slope": slope,
            "scl_inter": inter,
            "sform_ras": sform_ras.tolist(),
            "unit": unit,
            "hours_after_administration": 21.5,
            "half_life_h": 64.1,
            "points_lps_mm": _points(np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.vstack([sform_ras, [0, 0, 0, 1]])),
            "stored": _stored(seed),
        }
        made.append(_case(name, NIFTI, inputs, exercises, source))
    return made
