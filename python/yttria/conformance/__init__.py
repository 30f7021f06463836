"""What another implementation can be held against: cases with their answers, and known mistakes by name."""

from __future__ import annotations

from . import variants
from ._cases import Case, case, cases
from ._vectors import vectors
from .diagnosis import Finding, diagnose
from .export import export
from .results import Results, read_results
from .score import CaseScore, Report, score
from .verification import Verification, verify

__all__ = [
    "Case",
    "CaseScore",
    "Finding",
    "Report",
    "Results",
    "Verification",
    "case",
    "cases",
    "diagnose",
    "export",
    "read_results",
    "score",
    "variants",
    "vectors",
    "verify",
]
