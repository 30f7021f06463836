"""Analytic phantoms with known truth, for the demo and for anyone who wants to check a pipeline."""

from __future__ import annotations

from .dicom_study import write_dicom_study, write_planning_dicom_study
from .liver import Phantom, liver_phantom
from .planning import PlanningPhantom, planning_phantom

__all__ = [
    "Phantom",
    "PlanningPhantom",
    "liver_phantom",
    "planning_phantom",
    "write_dicom_study",
    "write_planning_dicom_study",
]
