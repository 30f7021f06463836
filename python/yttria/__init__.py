"""Yttrium-90 radioembolization dosimetry. For research use."""

from __future__ import annotations

from . import errors
from ._core import Nuclide, __version__
from .advisory import Advisory
from .errors import YttriaError
from .image import Image
from .io import read_image, read_structures, write_image, write_structures
from .structure import Structure

__all__ = [
    "Advisory",
    "Image",
    "Nuclide",
    "Structure",
    "YttriaError",
    "__version__",
    "errors",
    "read_image",
    "read_structures",
    "write_image",
    "write_structures",
]
