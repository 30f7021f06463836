"""DICOM in and out by pydicom and highdicom (extra `dicom`).

Every header value is checked where it is read, sizes are checked before pixel data are decoded, and whatever pydicom
raises on a damaged file becomes a `FileFormatError` that names the file.
"""

from __future__ import annotations

from .dataset import is_dicom
from .image import read_image
from .structures import read_structures
from .timing import ActivityTiming, activity_timing

__all__ = ["ActivityTiming", "activity_timing", "is_dicom", "read_image", "read_structures"]
