"""Dependence of response, toxicity and survival on dose in a cohort with follow-up. The extra `outcomes` is needed.

`read_outcomes` and `join_doses` combine outcomes with the doses of a batch, and `analyze` fits one endpoint. The
functions `fit_dose_response`, `roc_curve`, `kaplan_meier` and `survival_by_dose` also fit plain arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._foundation.rooms import lazy_room

if TYPE_CHECKING:
    from .analysis import OutcomeAnalysis, analyze
    from .dose_response import DoseResponse, fit_dose_response
    from .figure import outcome_figure
    from .joined import DosedOutcomes, OutcomeRow, join_doses
    from .observations import Estimate
    from .roc import RocCurve, roc_curve
    from .survival import HazardRatio, SurvivalByDose, survival_by_dose
    from .survival_curve import SurvivalCurve, kaplan_meier
    from .table import Outcome, read_outcomes, write_outcomes

__all__ = [
    "DoseResponse",
    "DosedOutcomes",
    "Estimate",
    "HazardRatio",
    "Outcome",
    "OutcomeAnalysis",
    "OutcomeRow",
    "RocCurve",
    "SurvivalByDose",
    "SurvivalCurve",
    "analyze",
    "fit_dose_response",
    "join_doses",
    "kaplan_meier",
    "outcome_figure",
    "read_outcomes",
    "roc_curve",
    "survival_by_dose",
    "write_outcomes",
]

lazy_room(
    __name__,
    {
        ".analysis": ("OutcomeAnalysis", "analyze"),
        ".dose_response": ("DoseResponse", "fit_dose_response"),
        ".figure": ("outcome_figure",),
        ".joined": ("DosedOutcomes", "OutcomeRow", "join_doses"),
        ".observations": ("Estimate",),
        ".roc": ("RocCurve", "roc_curve"),
        ".survival": ("HazardRatio", "SurvivalByDose", "survival_by_dose"),
        ".survival_curve": ("SurvivalCurve", "kaplan_meier"),
        ".table": ("Outcome", "read_outcomes", "write_outcomes"),
    },
)
