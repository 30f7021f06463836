"""Maxima of the table of limits as limits of a voxel-based plan, on structures with the role of the tissue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .._foundation.choices import LimitTissue
from ..advisory import Advisory, advise
from .dose_quantity import DoseLimit, DoseQuantity
from .limit_table import Limit
from .limits import LimitQuery

_TISSUES: dict[LimitTissue, str] = {
    "perfused": "the perfused volume",
    "normal_perfused": "the perfused normal liver",
    "normal_whole": "the whole normal liver",
}


@dataclass(frozen=True, kw_only=True)
class GuidelineLimits:
    """Limits on mean doses, and advisories on entries of the table that limit nothing in this plan."""

    limits: tuple[DoseLimit, ...]
    advisories: tuple[Advisory, ...]


def guideline_limits(
    query: LimitQuery,
    tissues: Mapping[LimitTissue, tuple[str, ...]],
    *,
    prior_gy: Mapping[LimitTissue, float] | None = None,
) -> GuidelineLimits:
    """Turn the maxima of a query into limits on the mean doses of structures.

    Parameters
    ----------
    query : LimitQuery
        From `dose_limits`, for one guideline, device, disease and intent.
    tissues : mapping of str to tuple of str
        Names of the structures of each tissue: "perfused", "normal_perfused", "normal_whole". A limit holds each.
    prior_gy : mapping of str to float, optional
        Mean dose of earlier treatments to a tissue in Gy, which counts against its limits.

    Returns
    -------
    GuidelineLimits

    Warns
    -----
    limit_not_applied
        If a maximum or a range is not applied, because its tissue has no structure, its condition is open, or it is a
        range.

    Notes
    -----
    Limits on the lungs are those of `optimize_voxel_activities`, and targets do not limit an activity.

    Examples
    --------
    >>> from yttria.planning import dose_limits, guideline_limits
    >>> query = dose_limits(guideline="EANM2022", device="resin", disease="ICC", intent="unilobar")
    >>> [str(each) for each in guideline_limits(query, {"normal_perfused": ("Normal right",)}).limits]
    ['Normal right: mean <= 40 Gy (EANM2022)']
    """
    limits: list[DoseLimit] = []
    found: list[Advisory] = []
    for row in query.rows():
        limit, names = row.limit, tissues.get(row.limit.kind, ())
        if limit.kind not in _TISSUES or limit.direction not in ("maximum", "range"):
            continue
        if row.depends_on:
            conditions = " and ".join(map(str, row.depends_on))
            found.append(_unused(limit, f"it applies only if {conditions}, which is not stated"))
        elif limit.direction == "range":
            found.append(_unused(limit, "it is a range, of which neither end is a limit by itself"))
        elif not names:
            found.append(_unused(limit, f"no structure is {_TISSUES[limit.kind]}"))
        for name in names if limit.direction == "maximum" and not row.depends_on else ():
            limits.append(
                DoseLimit(
                    quantity=DoseQuantity(structure=name, measure="mean"),
                    sign="<=",
                    value=limit.low,
                    source=limit.guideline,
                    prior_gy=(prior_gy or {}).get(limit.kind, 0.0),
                )
            )
    return GuidelineLimits(limits=tuple(dict.fromkeys(limits)), advisories=tuple(dict.fromkeys(found)))


def _unused(limit: Limit, reason: str) -> Advisory:
    named = f"{limit.guideline}, mean dose to {_TISSUES[limit.kind]} {limit.value_in_words}"
    return advise("limit_not_applied", source=limit.source.key, limit_name=named, reason=reason)
