"""Survival by dose with curves of dose groups, log-rank test and hazard ratios of Cox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._foundation.extras import require
from .._foundation.numbers import number
from ..advisory import Advisory, advise, advise_if
from ..errors import OutOfRangeError, UndefinedError
from .cox import CoxFit, cox, proportionality_p_value
from .observations import (
    Estimate,
    Floats,
    Labels,
    cluster_advisories,
    clusters,
    confidence_level,
    doses,
    events,
    few_events,
    shared_clusters,
    times,
)
from .survival_curve import SurvivalCurve, survival_curve


@dataclass(frozen=True, kw_only=True)
class HazardRatio:
    """Hazard ratio of Cox.

    Parameters
    ----------
    label : str
        The comparison in words.
    estimate : Estimate or None
        Ratio and interval, None if there is no finite estimate.
    p_value : float or None
        P-value of the Wald test of a ratio of 1.
    """

    label: str
    estimate: Estimate | None
    p_value: float | None


@dataclass(frozen=True, eq=False, kw_only=True)
class SurvivalByDose:
    """Survival of groups of doses, and change of the hazard with dose.

    Parameters
    ----------
    observations, events : int
        Numbers of observations and of events.
    patients : int or None
        Number of patients if some have several observations.
    cuts_gy : tuple of float
        Doses in Gy that separate the groups.
    groups : tuple of SurvivalCurve
        Curves of the groups, by rising dose.
    log_rank_chi_squared, log_rank_p_value : float or None
        Log-rank test of equal hazards of all groups, None if no event happened while several groups were at risk.
    hazard_ratios : tuple of HazardRatio
        Hazard ratio of each group to that of the lowest doses.
    trend : HazardRatio
        Hazard ratio per `trend_step_gy` Gy of dose, without groups.
    trend_step_gy : float
        Step of dose in Gy.
    proportionality_p_value : float or None
        P-value of the test of proportional hazards of the trend.
    confidence : float
        Level of the intervals.
    advisories : tuple of Advisory
        Advisories on the fits.
    """

    observations: int
    events: int
    patients: int | None
    cuts_gy: tuple[float, ...]
    groups: tuple[SurvivalCurve, ...]
    log_rank_chi_squared: float | None
    log_rank_p_value: float | None
    hazard_ratios: tuple[HazardRatio, ...]
    trend: HazardRatio
    trend_step_gy: float
    proportionality_p_value: float | None
    confidence: float
    advisories: tuple[Advisory, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return all fields as plain data, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.outcomes.survival_by_dose`.
        """
        found = asdict(self)
        for group in found["groups"]:
            group |= {name: each.tolist() for name, each in group.items() if isinstance(each, np.ndarray)}
        return found | {"advisories": [advisory.as_dict() for advisory in self.advisories]}


def survival_by_dose(
    dose_gy: ArrayLike,
    time_months: ArrayLike,
    event: ArrayLike,
    *,
    cuts_gy: Sequence[float] | None = None,
    patient: Labels | None = None,
    trend_step_gy: float = 10.0,
    confidence: float = 0.95,
) -> SurvivalByDose:
    """Compare survival of groups of doses by curves, log-rank test and hazard ratios.

    Parameters
    ----------
    dose_gy : array_like, shape (n,)
        Dose of each observation in Gy, not negative.
    time_months : array_like, shape (n,)
        Time in months to the event, or to the end of the follow-up, not negative.
    event : array_like of bool, shape (n,)
        Whether the time ends with the event.
    cuts_gy : sequence of float, optional
        Rising doses in Gy that separate the groups. A dose at a cut is in the higher group. Default: the median dose.
    patient : sequence, shape (n,), optional
        Label of the patient of each observation. Default: each is a separate patient.
    trend_step_gy : float, default 10
        Step of dose in Gy of the trend's hazard ratio, above 0.
    confidence : float, default 0.95
        Level of the intervals, within [0.5, 1).

    Returns
    -------
    SurvivalByDose
        Curves and comparisons.

    Raises
    ------
    OutOfRangeError
        If a dose, a time, an event, a cut or a level is out of its range, or if the cuts do not rise.
    ShapeError
        If numbers of doses, times, events or labels differ.
    UndefinedError
        If no observation had the event, if all doses are equal, if a group is empty, or if patients with several
        observations are fewer than five.
    MissingExtraError
        If the extra `outcomes` is not installed.

    Warns
    -----
    hazard_ratio_unbounded
        If a hazard ratio has no finite estimate.
    hazards_not_proportional
        If the trend's test of proportional hazards has p below 0.05.
    few_events_per_variable, observations_share_patients, few_patients, log_rank_ignores_patients
        If there are fewer than ten events per hazard ratio, or if patients have several observations.

    Notes
    -----
    The fit is by Cox's partial likelihood with Efron's ties (statsmodels). If G patients have several observations, the
    covariance is the robust one of lin-wei1989 times G / (G - 1). The quantile is then that of t with G - 1 degrees of
    freedom. Source: cox1972.

    Examples
    --------
    >>> dose_gy = [60, 80, 90, 110, 120, 150, 160, 190, 210, 260]
    >>> found = survival_by_dose(dose_gy, [4, 9, 6, 14, 8, 12, 30, 18, 25, 28], [1, 1, 1, 1, 1, 1, 0, 1, 1, 0])
    >>> [(group.label, group.median_months.value) for group in found.groups]
    [('below 135 Gy', 8.0), ('135 Gy and above', 25.0)]
    """
    x = doses(dose_gy)
    months, y, cluster = times(time_months, len(x)), events(event, len(x)), clusters(patient, len(x))
    level, step = confidence_level(confidence), number("trend_step_gy", trend_step_gy)
    if not 0.0 < step < np.inf:
        raise OutOfRangeError(f"trend_step_gy must be finite and above 0, got {step:g}")
    if not y.any():
        raise UndefinedError(f"none of {len(y)} observations had the event: hazards cannot be compared")
    if np.ptp(x) == 0.0:
        raise UndefinedError("all doses are equal: how the hazard depends on dose cannot be estimated")
    cuts = _cuts(x, cuts_gy)
    group = np.searchsorted(cuts, x, "right")
    labels = _labels(cuts)
    edges = (None, *cuts, None)
    curves = tuple(
        survival_curve(labels[n], edges[n], edges[n + 1], months[group == n], y[group == n], level)
        for n in range(len(labels))
    )
    patients = shared_clusters(cluster)
    members = (group[:, None] == np.arange(1, len(labels))).astype(float)
    fit = cox(members, months, y, cluster if patients else None)
    ratios = tuple(_against_lowest(fit, curves, n, level) for n in range(1, len(curves)))
    slope = cox(x[:, None], months, y, cluster if patients else None)
    trend = HazardRatio(label=f"per {step:g} Gy", **_named(slope.ratio(0, level, step)))
    proportional = proportionality_p_value(slope)
    chi_squared, p_value = _log_rank(months, y, group)
    unbounded = [each for each in (*ratios, trend) if each.estimate is None]
    return SurvivalByDose(
        observations=len(x),
        events=int(y.sum()),
        patients=patients,
        cuts_gy=tuple(cuts),
        groups=curves,
        log_rank_chi_squared=chi_squared,
        log_rank_p_value=p_value,
        hazard_ratios=ratios,
        trend=trend,
        trend_step_gy=step,
        proportionality_p_value=proportional,
        confidence=level,
        advisories=(
            *(advise("hazard_ratio_unbounded", group=f"'{each.label}'") for each in unbounded),
            *(advise_if("hazards_not_proportional", p_value=proportional) if proportional is not None else ()),
            *few_events(y, len(ratios), survival=True),
            *cluster_advisories(cluster),
            *((advise("log_rank_ignores_patients"),) if patients else ()),
        ),
    )


def _log_rank(
    time: Floats, event: NDArray[np.bool_], group: NDArray[np.int64]
) -> tuple[float, float] | tuple[None, None]:
    test: Any = require("statsmodels.duration.survfunc", "outcomes")
    try:
        with np.errstate(all="ignore"):
            found = tuple(map(float, test.survdiff(time, event.astype(float), group)))
    except np.linalg.LinAlgError:
        return None, None
    return (found[0], found[1]) if np.isfinite(found).all() else (None, None)


def _cuts(dose: Floats, cuts_gy: Sequence[float] | None) -> list[float]:
    cuts = [float(np.median(dose))] if cuts_gy is None else [number("a cut in Gy", cut) for cut in cuts_gy]
    rising = all(low < high for low, high in pairwise(cuts))
    if not cuts or not rising or any(not 0.0 < cut < np.inf for cut in cuts):
        raise OutOfRangeError(f"cuts_gy must be one or more finite doses above 0 that rise, got {cuts}")
    counts = np.bincount(np.searchsorted(cuts, dose, "right"), minlength=len(cuts) + 1)
    if not counts.all():
        empty = ", ".join(label for label, count in zip(_labels(cuts), counts, strict=True) if not count)
        raise UndefinedError(f"no dose is in the group {empty}; doses are {dose.min():.4g} to {dose.max():.4g} Gy")
    return cuts


def _labels(cuts: Sequence[float]) -> list[str]:
    between = [f"{low:.4g} to {high:.4g} Gy" for low, high in pairwise(cuts)]
    return [f"below {cuts[0]:.4g} Gy", *between, f"{cuts[-1]:.4g} Gy and above"]


def _against_lowest(fit: CoxFit, curves: Sequence[SurvivalCurve], n: int, confidence: float) -> HazardRatio:
    label = f"{curves[n].label} against {curves[0].label}"
    if not curves[0].events or not curves[n].events:
        return HazardRatio(label=label, estimate=None, p_value=None)
    return HazardRatio(label=label, **_named(fit.ratio(n - 1, confidence)))


def _named(found: tuple[Estimate | None, float | None]) -> dict[str, Any]:
    return {"estimate": found[0], "p_value": found[1]}
