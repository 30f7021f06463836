"""Reader of dose images from RTDOSE files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..._foundation.arrays import empty
from ..._foundation.choices import DOSE_TYPES, DoseType
from ...advisory import Advisory, advise
from ...advisory.warning_filters import quiet
from ...errors import FileFormatError, GeometryError, UnitError, UnknownNameError
from ...geometry.image import Image
from .._common import decoding
from .dataset import Dataset, number, numbers, read_header, text
from .geometry import Plane, Stack, affine, plane, stacked
from .pixels import plan

RT_DOSE_STORAGE = "1.2.840.10008.5.1.4.1.1.481.2"
#: DoseSummationType (3004,000A) of the whole dose of a plan, or of several plans.
_ALL_OF_IT = ("PLAN", "MULTI_PLAN", "PLAN_OVERVIEW", "BRACHY")
#: Thickness in mm of a dose in one plane if the file states none.
_PLANAR_MM = 1.0
#: Largest distance in mm of an absolute offset from the position that it repeats.
_ROUNDING_MM = 1e-2


def read_rtdose(path: str | os.PathLike[str], *, dose_type: DoseType = "PHYSICAL") -> Image:
    """Read the dose of an RTDOSE file.

    Parameters
    ----------
    path : path
        The file.
    dose_type : {"PHYSICAL", "EFFECTIVE"}
        Kind of dose that the caller expects: an absorbed or a biologically effective dose. The file must state the
        same.

    Returns
    -------
    Image
        Dose in Gy, float64, with the frame of reference. Values are the stored ones times DoseGridScaling. Frames are
        in the order of their positions along the normal.

    Raises
    ------
    UnitError
        If doses are relative or have no unit, or the dose type is another.
    GeometryError
        If the offsets of the frames are neither relative nor positions, or have gaps or duplicates.
    FileFormatError
        If the file is not an RTDOSE, is damaged, or holds pixel data of another size than the header states.
    UnknownNameError, InsufficientMemoryError, FileNotFoundError
        As their names state.
    MissingExtraError
        If the extra `dicom` is not installed.

    Warns
    -----
    partial_dose
        If DoseSummationType is only a part of a plan: BEAM, FRACTION, CONTROL_POINT, RECORD.
    planar_dose
        If there is one frame without SliceThickness. A thickness of 1 mm is assumed, which is sufficient for a
        comparison in the plane.
    slice_distance_contradicted, uneven_slices
        If SliceThickness is not the distance of the frames, or if their distances are uneven.

    References
    ----------
    dicom-ps3.3

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image
    >>> from yttria.io.dicom import write_rtdose
    >>> dose = Image(np.full((3, 4, 5), 50.0), np.diag([4.0, 4.0, 3.0, 1.0]), "Gy")
    >>> _ = write_rtdose(dose, "dose.dcm", reference=None)
    >>> read = read_rtdose("dose.dcm")
    >>> read.unit, read.voxel_size_mm
    ('Gy', (3.0, 4.0, 4.0))
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
            order, matrix, uneven = _grid(header, pixels.shape[0])
            advisories = (*dose_doubts(header), *uneven)
            frame, patient = text(header, "FrameOfReferenceUID"), text(header, "PatientID")
        if pixels.dtype.kind != "u":
            raise FileFormatError("doses must be stored as unsigned numbers, got signed ones")
        stored = pixels.read()
        dose = empty(pixels.shape, np.float64, "the dose")
        for k, n in enumerate(order):
            np.multiply(stored[n], to_gy, out=dose[k])
        return Image(dose, matrix, "Gy", frame_of_reference_uid=frame, patient_id=patient, advisories=advisories)


def _gy(header: Dataset, dose_type: DoseType) -> float:
    """Return the dose in Gy of a stored 1."""
    if text(header, "SOPClassUID") != RT_DOSE_STORAGE:
        raise FileFormatError(f"not an RTDOSE: its SOP class is {text(header, 'SOPClassUID')}")
    found = text(header, "DoseType")
    if found != dose_type:
        remedy = ""
        if found in DOSE_TYPES:
            remedy = f"; to read it as that, use yttria.io.dicom.read_rtdose with dose_type='{found}'"
        raise UnitError(f"DoseType (3004,0004) must be {dose_type}, got {found}{remedy}")
    unit = text(header, "DoseUnits")
    if unit not in ("GY", "CGY"):
        reason = ": a relative dose is not in Gy" if unit == "RELATIVE" else ""
        raise UnitError(f"DoseUnits (3004,0002) must be GY, got {unit}{reason}")
    scaling = number(header, "DoseGridScaling")
    if not 0 < scaling < 1e30:
        raise FileFormatError(f"DoseGridScaling (3004,000E) must be > 0, got {scaling:g}")
    return scaling / 100 if unit == "CGY" else scaling


def dose_doubts(header: Dataset) -> tuple[Advisory, ...]:
    """Report a dose that is a part of a plan, or does not state what it is the dose of."""
    kind = text(header, "DoseSummationType")
    if kind in _ALL_OF_IT:
        return ()
    if kind is None:
        return (advise("partial_dose", "unstated", severity="note"),)
    return (advise("partial_dose", "part", severity="warning", kind=kind),)


def _grid(header: Dataset, frames: int) -> Stack:
    """Return the frames in the order of their positions, the affine of the grid, and its advisories."""
    first = plane(header)
    thickness = number(header, "SliceThickness", 0.0)
    if frames == 1:
        if thickness > 0:
            return Stack([0], affine(first, first.normal * thickness))
        planar = advise("planar_dose", thickness_mm=_PLANAR_MM)
        return Stack([0], affine(first, first.normal * _PLANAR_MM), (planar,))
    offsets = np.array(numbers(header, "GridFrameOffsetVector", frames))
    direction = first.normal
    if offsets[0] != 0:
        # The offsets are the z of each frame, which only axial frames have.
        if np.abs(direction[:2]).max() > 1e-6 or abs(offsets[0] - first.position[2]) > _ROUNDING_MM:
            raise GeometryError(
                "GridFrameOffsetVector (3004,000C) must begin with 0, or for axial frames with the z of "
                f"ImagePositionPatient, {first.position[2]:g} mm, got {offsets[0]:g}"
            )
        offsets, direction = offsets - offsets[0], np.array([0.0, 0.0, 1.0])
    found = stacked([_moved(first, direction * offset) for offset in offsets])
    step = float(np.linalg.norm(found.affine[:3, 2]))
    if thickness <= 0 or abs(thickness - step) <= max(0.01 * step, _ROUNDING_MM):
        return found
    contradicted = advise("slice_distance_contradicted", "offsets", stated_mm=thickness, step_mm=step)
    return found._replace(advisories=(*found.advisories, contradicted))


def _moved(first: Plane, by: npt.NDArray[np.float64]) -> Plane:
    return replace(first, position=first.position + by)
