"""Yttrium-90 radioembolization dosimetry. For research use."""

from __future__ import annotations

from . import errors
from ._core import Nuclide, __version__
from .advisory import Advisory
from .errors import YttriaError

__all__ = [
    "Advisory",
    "Nuclide",
    "YttriaError",
    "__version__",
    "errors",
]
