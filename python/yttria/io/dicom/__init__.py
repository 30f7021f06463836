"""Readers and writers of DICOM by pydicom and highdicom (extra `dicom`).

Every header value is checked when it is read, and sizes are checked before pixel data are decoded. Any error of pydicom
on a damaged file becomes a `FileFormatError` that names the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._foundation.rooms import lazy_room

if TYPE_CHECKING:
    from .dataset import is_dicom
    from .dose_report import ReportedStructure, WrittenDoseReport, read_dose_report, write_dose_report
    from .grid import read_grid
    from .image import read_image
    from .inspection import inspect
    from .planar import read_planar
    from .reference import first_file, identity
    from .rtdose_reader import read_rtdose
    from .rtdose_writer import WrittenRtDose, write_rtdose
    from .rtstruct_reader import read_rtstruct
    from .rtstruct_writer import WrittenRtStruct, write_rtstruct
    from .structures import read_structures
    from .timing import ACTIVITY_MODALITIES, ActivityTiming, activity_timing, check_nuclide

__all__ = [
    "ACTIVITY_MODALITIES",
    "ActivityTiming",
    "ReportedStructure",
    "WrittenDoseReport",
    "WrittenRtDose",
    "WrittenRtStruct",
    "activity_timing",
    "check_nuclide",
    "first_file",
    "identity",
    "inspect",
    "is_dicom",
    "read_dose_report",
    "read_grid",
    "read_image",
    "read_planar",
    "read_rtdose",
    "read_rtstruct",
    "read_structures",
    "write_dose_report",
    "write_rtdose",
    "write_rtstruct",
]

lazy_room(
    __name__,
    {
        ".dataset": ("is_dicom",),
        ".dose_report": ("ReportedStructure", "WrittenDoseReport", "read_dose_report", "write_dose_report"),
        ".grid": ("read_grid",),
        ".image": ("read_image",),
        ".inspection": ("inspect",),
        ".planar": ("read_planar",),
        ".reference": ("first_file", "identity"),
        ".rtdose_reader": ("read_rtdose",),
        ".rtdose_writer": ("WrittenRtDose", "write_rtdose"),
        ".rtstruct_reader": ("read_rtstruct",),
        ".rtstruct_writer": ("WrittenRtStruct", "write_rtstruct"),
        ".structures": ("read_structures",),
        ".timing": ("ACTIVITY_MODALITIES", "ActivityTiming", "activity_timing", "check_nuclide"),
    },
)
