"""Best activities for goals and limits, by the linear programme if all are means, else by a search of the split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

import yttria._core as _core

from ..advisory import Advisory, advise
from ..errors import UndefinedError
from .dose_functions import Array, DoseFunction, MeanDose
from .dose_quantity import DoseQuantity
from .optimum import ShadowPrice
from .plan_limits import ANY_ACTIVITY_GBQ, PlanLimit
from .quantity_functions import value_at_level
from .split_problem import Conflict, SplitProblem
from .split_search import SplitSearch
from .voxel_plan import VoxelPlan

#: Share by which a limit is changed to find its shadow price.
_STEP = 0.01


@dataclass(frozen=True, eq=False, kw_only=True)
class PlanQuestion:
    """Goals, whose smallest is maximized, with their functions, and every limit and target."""

    plan: VoxelPlan
    goals: tuple[DoseQuantity, ...]
    functions: tuple[DoseFunction, ...]
    limits: tuple[PlanLimit, ...]

    @property
    def problem(self) -> SplitProblem:
        """The problem in the form of the search, without names."""
        on_doses = [each for each in self.limits if each.limit is not None]
        bounds = {(each.injection, each.sign): each.value for each in self.limits if each.limit is None}
        indices = range(len(self.plan.names))
        return SplitProblem(
            goals=self.functions,
            maxima=tuple(each.restriction for each in on_doses if each.sign == "<="),
            minima=tuple(each.restriction for each in on_doses if each.sign == ">="),
            lower_gbq=np.array([bounds.get((at, ">="), 0.0) for at in indices]),
            upper_gbq=np.array([bounds[at, "<="] for at in indices]),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class PlanAnswer:
    """Best activities in GBq, with the level of the goal and an upper bound for any plan in Gy.

    `exact` states that a linear programme found them. The range of each activity over all optima is then given, and the
    price of each limit in Gy per unit if relaxed and if tightened. `closed` if the search closed its gap.
    """

    activities: Array
    goal_gy: float
    bound_gy: float
    exact: bool
    closed: bool = True
    ranges: tuple[tuple[float, float], ...] = ()
    prices: tuple[tuple[float, float], ...] = ()


def answer_of(question: PlanQuestion, *, relative_gap: float, most_cones: int) -> PlanAnswer:
    """Find the best activities.

    Raises `UndefinedError` if no plan meets everything, or an activity is held by no limit.
    """
    problem = question.problem
    if problem.linear:
        answer = _by_programme(question)
    else:
        search = SplitSearch(problem, relative_gap=relative_gap, most_cones=most_cones)
        found = search.run()
        if found is None:
            raise _no_plan(question, search.conflict, proven=search.proven)
        answer = PlanAnswer(
            activities=_without_waste(problem, found.activities),
            goal_gy=found.goal_gy,
            bound_gy=found.bound_gy,
            exact=False,
            closed=found.bound_gy <= found.goal_gy + relative_gap * abs(found.goal_gy) * (1.0 + 1e-9),
        )
    free = [
        question.plan.names[each.injection]
        for each in question.limits
        if each.implied and each.binds(answer.activities)
    ]
    if free:
        raise UndefinedError(
            f"the best activities are undefined: no limit holds the activity of {', '.join(free)} below "
            f"{ANY_ACTIVITY_GBQ:g} GBq"
        )
    return answer


def shadow_prices(question: PlanQuestion, answer: PlanAnswer, binding: Sequence[PlanLimit]) -> tuple[ShadowPrice, ...]:
    """Compute the shadow price of each binding limit by dual values, or by the effect of a change of 1 %."""
    goal_unit = question.goals[0].unit
    found = []
    for limit in binding:
        if answer.exact and goal_unit == "Gy" and limit.unit != "fraction":
            relaxed, tightened = answer.prices[question.limits.index(limit)]
        else:
            relaxed, tightened = (_effect(question, answer, limit, sign) for sign in (1.0, -1.0))
        found.append(
            ShadowPrice(
                constraint=limit.text,
                if_relaxed=relaxed + 0.0,
                if_tightened=-tightened + 0.0 if isfinite(tightened) else None,
                unit=f"{goal_unit} per {limit.unit}",
            )
        )
    return tuple(found)


def equally_good(names: Sequence[str], answer: PlanAnswer) -> list[Advisory]:
    """Make an advisory if other activities are equally good by the linear programme."""
    largest = max((high for _, high in answer.ranges), default=0.0)
    ranges = zip(names, answer.ranges, strict=True) if answer.ranges else ()
    open_ends = [f"'{n}' {low:.4g} to {high:.4g} GBq" for n, (low, high) in ranges if high - low > 1e-6 * largest]
    return [advise("equally_good_plans", ranges=", ".join(open_ends))] if open_ends else []


def _by_programme(question: PlanQuestion) -> PlanAnswer:
    size = len(question.plan.names)
    rows = [np.append(-_row(function), 1.0) for function in question.functions]
    levels = [0.0] * len(rows)
    for each in question.limits:
        sign = 1.0 if each.sign == "<=" else -1.0
        rows.append(np.append(sign * _row(each.restriction.function), 0.0))
        levels.append(sign * each.restriction.level_gy)
    found, conflict, _ = _core._linear_program(
        [0.0] * size + [1.0], [row.tolist() for row in rows], levels, [1.0] * size + [0.0]
    )
    if found is None:
        names = [question.limits[at - len(question.functions)].text for at in conflict if at >= len(question.functions)]
        raise UndefinedError(f"no plan meets all of these at once: {', '.join(names)}; relax one of them")
    best, ranges, prices = found
    return PlanAnswer(
        activities=np.array(best[:size]),
        goal_gy=best[size],
        bound_gy=best[size],
        exact=True,
        ranges=tuple(ranges[:size]),
        prices=tuple(prices[len(question.functions) :]),
    )


def _row(function: DoseFunction) -> Array:
    assert isinstance(function, MeanDose)
    return function.gy_per_gbq


def _effect(question: PlanQuestion, answer: PlanAnswer, limit: PlanLimit, sign: float) -> float:
    """Compute the change of the goal per unit of a limit that is relaxed (1) or tightened (-1), inf without a plan."""
    easier = sign if limit.sign == "<=" else -sign
    value = limit.value * (1.0 + easier * _STEP)
    if limit.unit == "fraction":
        value = min(value, 0.5 * (1.0 + limit.value))
    limits = tuple(each.at(question.plan, value) if each is limit else each for each in question.limits)
    changed = replace(question, limits=limits)
    if answer.exact:
        try:
            level = _by_programme(changed).goal_gy
        except UndefinedError:
            return float("inf")
    else:
        found = SplitSearch(changed.problem, relative_gap=1.0, most_cones=1).run_near(answer.activities)
        if found is None:
            return float("inf")
        level = found.goal_gy
    goal = question.goals[0]
    gained = value_at_level(goal, level) - value_at_level(goal, answer.goal_gy)
    return max(sign * gained, 0.0) / abs(value - limit.value)


def _without_waste(problem: SplitProblem, activities: Array) -> Array:
    """Reduce each activity to the smallest one that the goal and the targets allow."""
    best = activities.copy()
    wanted = problem.goal(best) * (1.0 - 1e-12)

    def enough(trial: Array) -> bool:
        kept = all(each.function.value(trial) >= each.level_gy * (1.0 - 1e-12) for each in problem.minima)
        return kept and problem.goal(trial) >= wanted

    for at in range(len(best)):
        trial, low, high = best.copy(), float(problem.lower_gbq[at]), float(best[at])
        trial[at] = max(low, 0.99 * high)
        if not enough(trial):
            continue
        for _ in range(50):
            trial[at] = 0.5 * (low + high)
            low, high = (low, float(trial[at])) if enough(trial) else (float(trial[at]), high)
        trial[at] = problem.lower_gbq[at]
        best[at] = trial[at] if enough(trial) else high
    return best


def _no_plan(question: PlanQuestion, conflict: Conflict | None, *, proven: bool) -> UndefinedError:
    """Make the error that names the contradicting limits at the split that is nearest to a plan."""
    targets = [each for each in question.limits if each.sign == ">="]
    if conflict is None or not targets or not 0.0 < conflict.most < float("inf"):
        return UndefinedError("no plan meets all limits and targets")
    split, found = (
        conflict.split,
        "no plan meets" if proven else "within the allowed number of cones no plan was found for",
    )

    def factor(each: PlanLimit) -> float:
        return each.restriction.function.scale_to(split, each.restriction.level_gy)

    target = max(targets, key=factor)
    limit = min((each for each in question.limits if each.sign == "<="), key=factor)
    needed = factor(target) / factor(limit)
    activities = ", ".join(f"{name} {gbq:.3g} GBq" for name, gbq in zip(question.plan.names, split, strict=True))
    if not isfinite(needed):
        return UndefinedError(f"{found} '{target.text}': voxels that no injection reaches prevent it")
    return UndefinedError(
        f"{found} '{target.text}' and '{limit.text}' at once: with the split that is nearest to a plan "
        f"({activities}), the target needs {needed:.3g} times the activity that the limit allows"
    )
