"""Analysis of one endpoint of a cohort, from the joined table to its fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .._foundation.choices import DoseScale
from ..advisory import Advisory
from ..errors import ArgumentError
from .dose_response import DoseResponse, fit_dose_response
from .joined import DosedOutcomes
from .roc import RocCurve, roc_curve
from .survival import SurvivalByDose, survival_by_dose


@dataclass(frozen=True, eq=False, kw_only=True)
class OutcomeAnalysis:
    """Fits of one endpoint.

    Parameters
    ----------
    data : DosedOutcomes
        The observations.
    dose_response : DoseResponse or None
        Curve of response or toxicity against dose.
    roc : RocCurve or None
        ROC curve of response or toxicity.
    survival : SurvivalByDose or None
        Survival or progression by dose.
    advisories : tuple of Advisory
        Advisories of the join and of the fits, each once.
    """

    data: DosedOutcomes
    dose_response: DoseResponse | None
    roc: RocCurve | None
    survival: SurvivalByDose | None
    advisories: tuple[Advisory, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the analysis without its observations as plain data, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.outcomes.analyze`.
        """
        fits = {name: getattr(self, name) for name in ("dose_response", "roc", "survival")}
        return {
            "endpoint": self.data.endpoint,
            "event": self.data.event_meaning,
            "metric": self.data.metric,
            "isotope": self.data.isotope,
            "structures": sorted(set(self.data.structures)),
            "observations": len(self.data.event),
            "events": int(self.data.event.sum()),
            "patients": len(set(self.data.patients)),
            **{name: None if fit is None else fit.as_dict() for name, fit in fits.items()},
            "advisories": [advisory.as_dict() for advisory in self.advisories],
        }


def analyze(
    data: DosedOutcomes,
    *,
    dose_scale: DoseScale = "log",
    cuts_gy: Sequence[float] | None = None,
    trend_step_gy: float = 10.0,
    confidence: float = 0.95,
) -> OutcomeAnalysis:
    """Fit curve and ROC of response or toxicity, or survival of groups of doses, depending on the endpoint.

    Parameters
    ----------
    data : DosedOutcomes
        The observations, from `join_doses`.
    dose_scale : {"log", "linear"}, default "log"
        Scale of dose of the curve (see `fit_dose_response`).
    cuts_gy : sequence of float, optional
        Doses that separate the groups (see `survival_by_dose`), only for survival and progression.
    trend_step_gy : float, default 10
        Step of dose in Gy of the hazard ratio (see `survival_by_dose`).
    confidence : float, default 0.95
        Level of the intervals.

    Returns
    -------
    OutcomeAnalysis
        The fits, clustered by patient.

    Raises
    ------
    ArgumentError
        If `cuts_gy` is given for an endpoint without times.
    UndefinedError
        If nothing can be estimated, for example because all or none had the event.
    OutOfRangeError
        As the fits raise it.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria.outcomes import DosedOutcomes
    >>> names = tuple(f"case {n}" for n in range(8))
    >>> data = DosedOutcomes(
    ...     endpoint="response", event_meaning="response CR or PR", metric="mean_gy", case_ids=names,
    ...     structures=("Tumor",) * 8, patients=names, dose_gy=np.arange(60.0, 220.0, 20.0),
    ...     event=np.array([0, 0, 1, 0, 0, 1, 1, 1], bool), time_months=None, advisories=(),
    ... )
    >>> found = analyze(data)
    >>> round(found.roc.area.value, 3), found.survival
    (0.875, None)
    """
    if data.time_months is None:
        if cuts_gy is not None:
            raise ArgumentError(
                f"cuts_gy applies only to survival and progression, got endpoint {data.endpoint}, which has no times"
            )
        curve = fit_dose_response(
            data.dose_gy, data.event, patient=data.patients, dose_scale=dose_scale, confidence=confidence
        )
        roc = roc_curve(data.dose_gy, data.event, patient=data.patients, confidence=confidence)
        found = (*data.advisories, *curve.advisories, *roc.advisories)
        return OutcomeAnalysis(data=data, dose_response=curve, roc=roc, survival=None, advisories=_once(found))
    survival = survival_by_dose(
        data.dose_gy,
        data.time_months,
        data.event,
        cuts_gy=cuts_gy,
        patient=data.patients,
        trend_step_gy=trend_step_gy,
        confidence=confidence,
    )
    found = (*data.advisories, *survival.advisories)
    return OutcomeAnalysis(data=data, dose_response=None, roc=None, survival=survival, advisories=_once(found))


def _once(advisories: Sequence[Advisory]) -> tuple[Advisory, ...]:
    return tuple(dict.fromkeys(advisories))
