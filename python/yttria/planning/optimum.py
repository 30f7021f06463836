"""Best activities of several injections by a stated objective, under every limit at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from .._foundation.choices import CountedTumorDose, Objective, ObjectiveUnit, OptimumStatus
from .._foundation.numbers import number, optional_number
from ..advisory import Advisory, advise
from ..errors import UnknownNameError
from .lung import lung_limits_of_yttrium
from .model_doses import PartitionDoses
from .partition import PartitionModel

_UNITS: dict[Objective, ObjectiveUnit] = {
    "max_min_tumor_dose": "Gy",
    "max_tumor_energy": "J",
    "min_lung_energy": "J",
}

Limits = float | Mapping[str, float | None] | None
"""One limit for all, or one by name (of a territory or a tumor); `None` is no limit."""


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """Limit or target, with the value of the plan.

    Parameters
    ----------
    name : str
        "lung", "lung_cumulative", "normal_perfused:<territory>", "normal_whole", "activity:<territory>",
        "target:<tumor>" or "target:<tumor>:<territory>".
    limit, value : float
        The limit, and the value of the plan with prior doses; None if there is no plan.
    unit : str
        Unit of both.
    """

    name: str
    limit: float
    value: float | None
    unit: str


@dataclass(frozen=True, kw_only=True)
class ShadowPrice:
    """Effect of a change of one binding limit on the objective.

    Parameters
    ----------
    constraint : str
        Name of the limit.
    if_relaxed : float
        Change of the objective per unit by which the limit is relaxed (a maximum raised, a target lowered).
    if_tightened : float or None
        Change per unit by which it is tightened; None if no plan would be left.
    unit : str
        Unit of the objective per unit of the limit.
    """

    constraint: str
    if_relaxed: float
    if_tightened: float | None
    unit: str


@dataclass(frozen=True, kw_only=True)
class Optimum:
    """Best activities under limits, or the reason why no plan exists.

    Parameters
    ----------
    status : str
        "optimal" or "infeasible".
    objective : str
        Objective of the optimum.
    objective_value : float or None
        Smallest tumor dose over its weight in Gy for "max_min_tumor_dose"; an energy in J for the others.
    objective_unit : str
        "Gy" or "J".
    delivered_activities_gbq : tuple of float
        The best plan with the smallest sum, in GBq.
    activity_ranges_gbq : tuple of pairs
        For each territory the smallest and largest activity of all plans that are equally good; None if there is
        no largest one.
    doses : PartitionDoses or None
        Doses of the plan.
    constraints : tuple of Constraint
        Every limit and target.
    binding : tuple of str
        Names of the limits and targets that the plan reaches.
    shadow_prices : tuple of ShadowPrice
        Shadow prices of the binding limits.
    lowest_tumors : tuple of str
        Tumors with the smallest dose.
    conflict : tuple of Constraint
        Limits and targets that no plan meets, none of which can be left out.
    advisories : tuple of Advisory
        Advisories on the result.
    """

    status: OptimumStatus
    objective: Objective
    objective_value: float | None
    objective_unit: ObjectiveUnit
    delivered_activities_gbq: tuple[float, ...]
    activity_ranges_gbq: tuple[tuple[float, float | None], ...]
    doses: PartitionDoses | None
    constraints: tuple[Constraint, ...]
    binding: tuple[str, ...]
    shadow_prices: tuple[ShadowPrice, ...]
    lowest_tumors: tuple[str, ...]
    conflict: tuple[Constraint, ...]
    advisories: tuple[Advisory, ...]


def optimize_activities(
    model: PartitionModel,
    *,
    objective: Objective,
    tumor_dose: CountedTumorDose = "portion",
    lung_limit_gy: float | None = 30.0,
    cumulative_lung_limit_gy: float | None = 50.0,
    normal_perfused_limit_gy: Limits = None,
    normal_whole_limit_gy: float | None = None,
    activity_limit_gbq: Limits = None,
    target_tumor_dose_gy: Limits = None,
    tumor_weights: Mapping[str, float] | None = None,
) -> Optimum:
    """Find the delivered activities that are best under all limits, by a linear programme.

    Parameters
    ----------
    model : PartitionModel
        The treatment.
    objective : {"max_min_tumor_dose", "max_tumor_energy", "min_lung_energy"}
        Maximize the smallest tumor dose over its weight, maximize the energy imparted to all tumors, or minimize the
        energy imparted to the lungs within the targets. There is no default, because objectives give different plans.
    tumor_dose : {"portion", "perfused_mean", "whole_mean"}
        Dose that targets and the smallest dose mean. With "portion" no part of a tumor is left without a dose; the
        means may leave a part with 0 Gy.
    lung_limit_gy, cumulative_lung_limit_gy : float or None
        Limits of the lungs in Gy, of this treatment and with `model.prior_lung_dose_gy`.
    normal_perfused_limit_gy : float or mapping of float, optional
        Limit of the perfused normal liver of each territory in Gy, one for all or by name.
    normal_whole_limit_gy : float, optional
        Limit of all normal liver in Gy.
    activity_limit_gbq : float or mapping of float, optional
        Limit of the activity of each territory in GBq.
    target_tumor_dose_gy : float or mapping of float, optional
        Least dose of each tumor in Gy.
    tumor_weights : mapping of float, optional
        Weight of each tumor; 1 if not given.

    Returns
    -------
    Optimum
        The plan with its shadow prices, or the conflict if there is none.

    Raises
    ------
    UndefinedError
        If no limit keeps an activity below 100 GBq, which is more than any vial, or "min_lung_energy" comes without
        a target.
    OutOfRangeError
        If a number is outside its range.
    UnknownNameError
        If a name is that of no territory or tumor.

    Warns
    -----
    equally_good_plans
        If other activities are equally good.
    prior_dose_not_counted
        If a dose of earlier treatments comes without its limit.

    Notes
    -----
    Limits on the normal liver count the prior doses of the plan. Of equally good plans the one with the smallest total
    activity is taken. The same inputs give the same result, bit for bit. An infeasible problem is a status and not an
    error.

    Examples
    --------
    >>> from yttria.planning import PartitionModel, Territory, Tumor
    >>> lobe = Territory(
    ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
    ...     normal_perfused_mass_kg=1.2,
    ...     lung_shunt_fraction=0.05,
    ... )
    >>> model = PartitionModel(territories=[lobe])
    >>> best = optimize_activities(model, objective="max_min_tumor_dose", normal_perfused_limit_gy=70.0)
    >>> round(best.objective_value, 1), best.binding
    (280.0, ('normal_perfused:',))
    """
    territories, tumors = tuple(t.name for t in model.territories), model.tumors
    weights = _by_name("tumor weight", dict.fromkeys(tumors, 1.0) | dict(tumor_weights or {}), tumors)
    normal_limits = _by_name("perfused normal liver limit in Gy", normal_perfused_limit_gy, territories)
    best, conflict = model.core().optimize_activities(
        objective,
        tumor_dose,
        (
            (
                optional_number("lung limit in Gy", lung_limit_gy),
                optional_number("cumulative lung limit in Gy", cumulative_lung_limit_gy),
                model.prior_lung_dose_gy,
            ),
            [
                (limit, model.prior_normal_perfused_dose_gy.get(name, 0.0))
                for name, limit in zip(territories, normal_limits, strict=True)
            ],
            (
                optional_number("whole normal liver limit in Gy", normal_whole_limit_gy),
                model.resolved_prior_normal_whole_dose_gy,
            ),
            _by_name("activity limit in GBq", activity_limit_gbq, territories),
        ),
        _by_name("target dose in Gy", target_tumor_dose_gy, tumors),
        [number("tumor weight", weight) for weight in weights],
    )
    unit = _UNITS[objective]
    of_yttrium = lung_limits_of_yttrium(model.nuclide, lung_limit_gy, cumulative_lung_limit_gy)
    prior = {
        "lung_cumulative": model.prior_lung_dose_gy,
        "normal_whole": model.resolved_prior_normal_whole_dose_gy,
        **{f"normal_perfused:{name}": dose for name, dose in model.prior_normal_perfused_dose_gy.items()},
    }
    if best is None:
        names = ", ".join(_named(name, of, limit, prior.get(name, 0.0)) for name, of, limit, *_ in conflict)
        return Optimum(
            status="infeasible",
            objective=objective,
            objective_value=None,
            objective_unit=unit,
            delivered_activities_gbq=(),
            activity_ranges_gbq=(),
            doses=None,
            constraints=(),
            binding=(),
            shadow_prices=(),
            lowest_tumors=(),
            conflict=tuple(Constraint(name=name, limit=limit, value=None, unit=of) for name, of, limit, *_ in conflict),
            advisories=(*model.advisories(), *of_yttrium, advise("infeasible", constraints=names)),
        )
    activities, ranges, value, constraints, lowest = best
    doses = model.doses(activities)
    return Optimum(
        status="optimal",
        objective=objective,
        objective_value=value,
        objective_unit=unit,
        delivered_activities_gbq=tuple(activities),
        activity_ranges_gbq=tuple((low, high if isfinite(high) else None) for low, high in ranges),
        doses=doses,
        constraints=tuple(
            Constraint(name=name, limit=limit, value=got, unit=of) for name, of, limit, got, *_ in constraints
        ),
        binding=tuple(name for name, _, _, _, binds, _, _ in constraints if binds),
        shadow_prices=tuple(
            ShadowPrice(
                constraint=name,
                if_relaxed=relaxed,
                if_tightened=tightened if isfinite(tightened) else None,
                unit=f"{unit} per {of}",
            )
            for name, of, _, _, binds, relaxed, tightened in constraints
            if binds
        ),
        lowest_tumors=tuple(tumors[i] for i in lowest),
        conflict=(),
        advisories=tuple(
            dict.fromkeys(
                (*doses.advisories, *of_yttrium, *_ties(territories, ranges), *_not_counted(prior, constraints))
            )
        ),
    )


def _by_name(what: str, given: Limits, names: tuple[str, ...]) -> list[float | None]:
    if isinstance(given, Mapping):
        for name in given:
            if name not in names:
                raise UnknownNameError(f"{what} must be of one of {', '.join(names)}, got {name!r}")
        return [optional_number(f"{what} of '{name}'", given.get(name)) for name in names]
    return [optional_number(what, given)] * len(names)


def _named(name: str, unit: str, limit: float, prior_gy: float) -> str:
    before = f", of which earlier treatments gave {prior_gy:.4g} Gy" if prior_gy else ""
    return f"{name} ({limit:g} {unit}{before})"


def _not_counted(prior_gy: Mapping[str, float], constraints: Sequence[tuple[Any, ...]]) -> list[Advisory]:
    """One advisory for each dose of earlier treatments without its limit."""
    limited = {name for name, *_ in constraints}
    return [
        advise("prior_dose_not_counted", "optimum", prior_gy=dose, constraint=name)
        for name, dose in prior_gy.items()
        if dose > 0.0 and name not in limited
    ]


def _ties(territories: tuple[str, ...], ranges: list[tuple[float, float]]) -> tuple[Advisory, ...]:
    largest = max((high for _, high in ranges if isfinite(high)), default=0.0)
    open_ends = [
        f"'{name}' {low:.4g} to {high:.4g} GBq"
        for name, (low, high) in zip(territories, ranges, strict=True)
        if not high - low <= 1e-6 * largest
    ]
    if not open_ends:
        return ()
    return (advise("equally_good_plans", ranges=", ".join(open_ends)),)
