"""Analytic phantoms with known truth, for the demo and for checks of a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._foundation.rooms import lazy_room

if TYPE_CHECKING:
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

lazy_room(
    __name__,
    {
        ".dicom_study": ("write_dicom_study", "write_planning_dicom_study"),
        ".liver": ("Phantom", "liver_phantom"),
        ".planning": ("PlanningPhantom", "planning_phantom"),
    },
)
