"""What another implementation can be held against: published vectors, and known mistakes by name."""

from __future__ import annotations

from . import variants
from ._vectors import vectors

__all__ = ["variants", "vectors"]
