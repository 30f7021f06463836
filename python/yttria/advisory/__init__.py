"""Notes, warnings and errors as data, one table of their codes, and the bounds of plausible values."""

from __future__ import annotations

from .bounds import BOUNDS, Bound
from .record import Advisory, Severity
from .table import AdvisoryKind, advise, advise_if, advisory_kinds

__all__ = ["BOUNDS", "Advisory", "AdvisoryKind", "Bound", "Severity", "advise", "advise_if", "advisory_kinds"]
