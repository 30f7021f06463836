"""Notes, warnings and errors as data, and the bounds of plausible values that lead to some of them."""

from __future__ import annotations

from .bounds import BOUNDS, Bound
from .record import Advisory, Severity

__all__ = ["BOUNDS", "Advisory", "Bound", "Severity"]
