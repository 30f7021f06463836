"""Limits of the activity of one territory, and the largest activity under them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import yttria._core as _core

from .._foundation.choices import LimitKind
from .._foundation.numbers import number
from ..advisory import Advisory, advise
from ..errors import ArgumentError
from .model_doses import PartitionDoses

#: Tissues that may have doses of earlier treatments, by the kind of the limit that counts them.
_TISSUES: dict[LimitKind, str] = {
    "normal_perfused": "perfused normal liver",
    "normal_whole": "whole normal liver",
    "lung_cumulative": "lungs",
}
_FIELDS: dict[LimitKind, str] = {
    "normal_perfused": "normal_perfused_limit_gy",
    "normal_whole": "normal_whole_limit_gy",
    "lung": "lung_limit_gy",
    "lung_cumulative": "cumulative_lung_limit_gy",
    "activity": "activity_limit_gbq",
}


@dataclass(frozen=True, kw_only=True)
class PartitionLimits:
    """Limits of the activity of a partition model. None means no limit, and no limit has a default value.

    Parameters
    ----------
    normal_perfused_limit_gy, normal_whole_limit_gy : float or None
        Limits of the perfused normal liver and of all normal liver in Gy, which are different tissues.
    lung_limit_gy, cumulative_lung_limit_gy : float or None
        Limits of the lungs in Gy, of this treatment and of all. Only the second counts `prior_lung_dose_gy`.
    activity_limit_gbq : float or None
        Largest activity in GBq that a product can deliver.
    prior_normal_perfused_dose_gy, prior_normal_whole_dose_gy, prior_lung_dose_gy : float
        Doses of earlier treatments in Gy, given here or with the model.
    """

    normal_perfused_limit_gy: float | None = None
    normal_whole_limit_gy: float | None = None
    lung_limit_gy: float | None = None
    cumulative_lung_limit_gy: float | None = None
    activity_limit_gbq: float | None = None
    prior_normal_perfused_dose_gy: float = 0.0
    prior_normal_whole_dose_gy: float = 0.0
    prior_lung_dose_gy: float = 0.0

    def limit(self, kind: LimitKind) -> float | None:
        """Return one limit.

        Parameters
        ----------
        kind : str
            Such as "normal_perfused" or "lung".

        Returns
        -------
        float or None
            The limit in Gy, or in GBq for the activity; None if it is not given.

        Examples
        --------
        >>> PartitionLimits(lung_limit_gy=30.0).limit("lung")
        30.0
        """
        value: float | None = getattr(self, _FIELDS[kind])
        return value


@dataclass(frozen=True, kw_only=True)
class ActivityAtLimit:
    """Delivered activity at which one limit is reached.

    Parameters
    ----------
    kind : str
        Kind of the limit.
    limit : float
        The limit in Gy, or in GBq for the activity.
    prior_gy : float
        Dose of earlier treatments in Gy that counts against it.
    delivered_activity_gbq : float or None
        Activity in GBq; None if it is never reached, 0 if it already is.
    binding : bool
        Whether it is the least.
    """

    kind: LimitKind
    limit: float
    prior_gy: float
    delivered_activity_gbq: float | None
    binding: bool


@dataclass(frozen=True, kw_only=True)
class MaximumActivity:
    """Largest delivered activity under all limits.

    Parameters
    ----------
    delivered_activity_gbq : float or None
        Activity in GBq; None if nothing limits.
    binding : tuple of str
        Limits within 1e-9 of the least.
    at_limits : tuple of ActivityAtLimit
        The activity of each limit.
    doses : PartitionDoses or None
        Doses at the largest activity.
    target : PartitionDoses or None
        Doses at the activity of the target.
    target_reachable : bool or None
        Whether that activity is at most the largest one.
    advisories : tuple of Advisory
        Advisories on the result.
    """

    delivered_activity_gbq: float | None
    binding: tuple[LimitKind, ...]
    at_limits: tuple[ActivityAtLimit, ...]
    doses: PartitionDoses | None
    target: PartitionDoses | None = None
    target_reachable: bool | None = None
    advisories: tuple[Advisory, ...] = ()

    def activity_at(self, kind: LimitKind) -> float | None:
        """Return the activity at one limit.

        Parameters
        ----------
        kind : str
            Kind of the limit, such as "lung".

        Returns
        -------
        float or None
            Activity in GBq; None if the limit was not given or is never reached.

        Examples
        --------
        >>> from yttria.planning import PartitionModel, Territory, Tumor
        >>> lobe = Territory(
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ... )
        >>> model = PartitionModel(territories=[lobe])
        >>> best = model.maximum_activity(PartitionLimits(normal_perfused_limit_gy=70.0, lung_limit_gy=30.0))
        >>> round(best.activity_at("lung"), 2)
        12.08
        """
        return next((at.delivered_activity_gbq for at in self.at_limits if at.kind == kind), None)


@dataclass(frozen=True, kw_only=True)
class GivenLimits:
    """Each limit with its prior dose, by its kind, checked."""

    by_kind: Mapping[LimitKind, tuple[float | None, float]]

    @classmethod
    def of(cls, limits: PartitionLimits, priors_of_model_gy: Mapping[LimitKind, float]) -> GivenLimits:
        """Check the limits, and count the prior doses of the model if the limits have none."""
        priors_of_limits_gy: dict[LimitKind, float] = {
            "normal_perfused": limits.prior_normal_perfused_dose_gy,
            "normal_whole": limits.prior_normal_whole_dose_gy,
            "lung_cumulative": limits.prior_lung_dose_gy,
        }
        by_kind: dict[LimitKind, tuple[float | None, float]] = {}
        for kind in _FIELDS:
            limit = limits.limit(kind)
            of_limits = number(f"{kind} prior dose", priors_of_limits_gy.get(kind, 0.0))
            of_model = priors_of_model_gy.get(kind, 0.0)
            if of_limits and of_model and of_limits != of_model:
                raise ArgumentError(
                    f"the dose of earlier treatments to the {_TISSUES[kind]} is given twice: {of_model:g} Gy by the "
                    f"model and {of_limits:g} Gy by the limits; give one of them"
                )
            by_kind[kind] = (None if limit is None else number(f"{kind} limit", limit), of_limits or of_model)
        return cls(by_kind=by_kind)

    def core(self) -> _core._TreatmentLimits:
        """Return the limits in the form of the core."""
        of = self.by_kind
        return (
            (of["lung"][0], *of["lung_cumulative"]),
            [of["normal_perfused"]],
            of["normal_whole"],
            [of["activity"][0]],
        )

    def at_limits(self, found: list[tuple[str, float | None, bool]]) -> tuple[ActivityAtLimit, ...]:
        """Return the activities that the core found, with their limits."""
        by_kind = {kind: (activity, binds) for kind, activity, binds in found}
        return tuple(
            ActivityAtLimit(
                kind=kind,
                limit=limit,
                prior_gy=prior,
                delivered_activity_gbq=by_kind[kind][0],
                binding=by_kind[kind][1],
            )
            for kind, (limit, prior) in self.by_kind.items()
            if limit is not None
        )

    def advisories(self, at_limits: tuple[ActivityAtLimit, ...]) -> tuple[Advisory, ...]:
        """Return advisories on the limits after earlier treatments, and on earlier doses that no limit counts."""
        spent = (
            advise(
                f"{at.kind}_limit_already_exceeded", tissue=_TISSUES[at.kind], prior_gy=at.prior_gy, limit_gy=at.limit
            )
            for at in at_limits
            if at.delivered_activity_gbq == 0.0
        )
        not_counted = (
            advise("prior_dose_not_counted", tissue=_TISSUES[kind], prior_gy=prior)
            for kind, (limit, prior) in self.by_kind.items()
            if limit is None and kind in _TISSUES and prior > 0.0
        )
        return (*spent, *not_counted)
