"""A dose image from an RTDOSE file."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...affine import Affine
from ...errors import FileFormatError, GeometryError, UnitError, UnknownNameError
from ...image import Image, empty
from .._common import decoding
from .dataset import Dataset, number, numbers, quiet, read_header, text
from .geometry import Plane, affine, plane, stacked
from .pixels import plan

RT_DOSE_STORAGE = "1.2.840.10008.5.1.4.1.1.481.2"
DOSE_TYPES = ("PHYSICAL", "EFFECTIVE")
#: How far an absolute offset may lie from the position it repeats, in millimeters.
_ROUNDING_MM = 1e-2


def read_rtdose(path: str | os.PathLike[str], *, dose_type: str = "PHYSICAL") -> Image:
    """The dose of an RTDOSE file in Gy, float64: stored values times DoseGridScaling.

    GridFrameOffsetVector may be relative (the first is 0) or hold the patient's z (axial frames); frames come back in
    the order of their positions along the normal. `dose_type`: what the caller takes the dose for, "PHYSICAL" or
    "EFFECTIVE" (a biologically effective dose); the file must say the same. The image carries the frame of reference.

    Raises `UnitError` (relative doses, no unit, another dose type), `GeometryError` (offsets that are neither, gaps,
    duplicates), `FileFormatError` (no RTDOSE, damaged, pixel data of another size than the header says),
    `UnknownNameError`, `InsufficientMemoryError`, `FileNotFoundError` and `MissingExtraError` (extra `dicom`).

    Source: DICOM PS3.3 C.8.8.3 (from memory, unverified but for files of two other programs).
    """
    if dose_type not in DOSE_TYPES:
        raise UnknownNameError(f"dose_type must be one of {', '.join(DOSE_TYPES)}, got {dose_type!r}")
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    with decoding(path, "RTDOSE"):
        with quiet():
            found = read_header(path)
            if found is None:
                raise FileFormatError("not a DICOM file: it has no 'DICM' after 128 bytes")
            header = found.dataset
            to_gy = _gy(header, dose_type)
            pixels = plan(found)
            order, matrix = _grid(header, pixels.shape[0])
            frame = text(header, "FrameOfReferenceUID")
        if pixels.dtype.kind != "u":
            raise FileFormatError("doses must be stored as unsigned numbers, got signed ones")
        stored = pixels.read()
        dose = empty(pixels.shape, np.float64, "the dose")
        for k, n in enumerate(order):
            np.multiply(stored[n], to_gy, out=dose[k])
        return Image(dose, matrix, "Gy", frame_of_reference_uid=frame)


def _gy(header: Dataset, dose_type: str) -> float:
    """Gy for a stored 1."""
    if text(header, "SOPClassUID") != RT_DOSE_STORAGE:
        raise FileFormatError(f"not an RTDOSE: its SOP class is {text(header, 'SOPClassUID')}")
    found = text(header, "DoseType")
    if found != dose_type:
        raise UnitError(f"DoseType (3004,0004) must be {dose_type}, got {found}; dose_type= says what is expected")
    unit = text(header, "DoseUnits")
    if unit not in ("GY", "CGY"):
        reason = ": a relative dose has no Gy" if unit == "RELATIVE" else ""
        raise UnitError(f"DoseUnits (3004,0002) must be GY, got {unit}{reason}")
    scaling = number(header, "DoseGridScaling")
    if not 0 < scaling < 1e30:
        raise FileFormatError(f"DoseGridScaling (3004,000E) must be > 0, got {scaling:g}")
    return scaling / 100 if unit == "CGY" else scaling


def _grid(header: Dataset, frames: int) -> tuple[list[int], Affine]:
    """The frames in the order of their positions, and the affine of the grid."""
    first = plane(header)
    if frames == 1:
        thickness = number(header, "SliceThickness", 0.0)
        if not thickness > 0:
            raise GeometryError("a dose of one frame must state SliceThickness (0018,0050), a positive number")
        return [0], affine(first, first.normal * thickness)
    offsets = np.array(numbers(header, "GridFrameOffsetVector", frames))
    direction = first.normal
    if offsets[0] != 0:
        # The z of each frame, which only an axial frame has.
        if np.abs(direction[:2]).max() > 1e-6 or abs(offsets[0] - first.position[2]) > _ROUNDING_MM:
            raise GeometryError(
                "GridFrameOffsetVector (3004,000C) must begin with 0, or for axial frames with the z of "
                f"ImagePositionPatient, {first.position[2]:g} mm, got {offsets[0]:g}"
            )
        offsets, direction = offsets - offsets[0], np.array([0.0, 0.0, 1.0])
    return stacked([_moved(first, direction * offset) for offset in offsets])


def _moved(first: Plane, by: npt.NDArray[np.float64]) -> Plane:
    return replace(first, position=first.position + by)
