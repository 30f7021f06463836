"""What another implementation can be held against: cases with their answers, and known mistakes by name."""

from __future__ import annotations

from . import variants
from ._cases import Case, case, cases
from ._vectors import vectors
from .diagnosis import Finding, diagnose

__all__ = ["Case", "Finding", "case", "cases", "diagnose", "variants", "vectors"]
