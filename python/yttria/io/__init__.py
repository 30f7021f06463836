"""Files in and out: NRRD, Slicer segmentations, NIfTI, DICOM. The only place that knows patient axes."""

from __future__ import annotations

from . import dicom
from .files import read_image, read_structures, write_image, write_structures

__all__ = ["dicom", "read_image", "read_structures", "write_image", "write_structures"]
