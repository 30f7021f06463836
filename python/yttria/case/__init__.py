"""Declaration of one case, reading of its files, its dose, and the record of a result.

Functions that read files or compute doses are imported when they are first used. The declarations alone need neither
images nor kernels.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .case import FIELDS, FILE_FIELDS, Case, problems

if TYPE_CHECKING:
    from .dicom_results import segmentation_of_case, write_case_report, write_case_rtdose
    from .dose import DosedCase, dose_case, summary
    from .inputs import CaseInputs, read_case
    from .record import CaseRecord, record_case
    from .stored import StoredResult, read_planned_result, read_stored_result

__all__ = [
    "FIELDS",
    "FILE_FIELDS",
    "Case",
    "CaseInputs",
    "CaseRecord",
    "DosedCase",
    "StoredResult",
    "dose_case",
    "problems",
    "read_case",
    "read_planned_result",
    "read_stored_result",
    "record_case",
    "segmentation_of_case",
    "summary",
    "write_case_report",
    "write_case_rtdose",
]
_LATER = {
    "dicom_results": ("segmentation_of_case", "write_case_report", "write_case_rtdose"),
    "dose": ("DosedCase", "dose_case", "summary"),
    "inputs": ("CaseInputs", "read_case"),
    "record": ("CaseRecord", "record_case"),
    "stored": ("StoredResult", "read_planned_result", "read_stored_result"),
}


def __getattr__(name: str) -> Any:
    for module, names in _LATER.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
