"""Conformance suite for other implementations, with cases, their answers, and known mistakes by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._foundation.rooms import lazy_room

if TYPE_CHECKING:
    from . import known_errors
    from ._cases import SuiteCase, case, cases
    from ._vectors import Vector, vectors
    from .diagnosis import Finding, diagnose
    from .export import export
    from .results import Results, read_results
    from .score import CaseScore, Report, score
    from .verification import Verification, verify

__all__ = [
    "CaseScore",
    "Finding",
    "Report",
    "Results",
    "SuiteCase",
    "Vector",
    "Verification",
    "case",
    "cases",
    "diagnose",
    "export",
    "known_errors",
    "read_results",
    "score",
    "vectors",
    "verify",
]

lazy_room(
    __name__,
    {
        ".known_errors": (),
        "._cases": ("SuiteCase", "case", "cases"),
        "._vectors": ("Vector", "vectors"),
        ".diagnosis": ("Finding", "diagnose"),
        ".export": ("export",),
        ".results": ("Results", "read_results"),
        ".score": ("CaseScore", "Report", "score"),
        ".verification": ("Verification", "verify"),
    },
)
