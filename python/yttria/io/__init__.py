"""Files in and out: NRRD, Slicer segmentations, NIfTI. The only place that knows patient axes."""

from __future__ import annotations

from .files import read_image, read_structures, write_image, write_structures

__all__ = ["read_image", "read_structures", "write_image", "write_structures"]
