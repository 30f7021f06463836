"""Best activities of a voxel-based plan by a goal, under limits on doses, volumes and probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from operator import index
from typing import Any

from .._foundation.numbers import number
from ..advisory import Advisory, advise
from ..errors import ArgumentError, OutOfRangeError
from .dose_quantity import DoseLimit, DoseQuantity, as_quantity
from .lung import CUMULATIVE_LUNG_LIMIT_GY, LUNG_LIMIT_GY
from .optimum import Constraint, Limits, ShadowPrice
from .plan_answer import PlanAnswer, PlanQuestion, answer_of, equally_good, shadow_prices
from .plan_limits import ANY_ACTIVITY_GBQ, activity_bounds, limits_on_activities, limits_on_doses
from .quantity_functions import goal_functions, value_at_level
from .quantity_value import QuantityValue
from .voxel_plan import VoxelPlan
from .voxel_plan_doses import VoxelPlanDoses


@dataclass(frozen=True, eq=False, kw_only=True)
class VoxelOptimum:
    """Best activities by a goal, and the limits that bind them.

    Parameters
    ----------
    goal : tuple of QuantityValue
        The goals with their values; the smallest was maximized.
    goal_value : float
        The smallest of them, in Gy or as a fraction.
    goal_bound : float
        No plan under the limits has a greater one; `goal_value` itself if all goals and limits are mean doses.
    exact : bool
        Whether a linear programme found it, so that there is no gap.
    delivered_activities_gbq : mapping of str to float
        Delivered activity of each injection in GBq.
    activity_ranges_gbq : mapping of str to tuple of float
        Smallest and largest activity over all plans that are equally good; empty unless `exact`.
    doses : VoxelPlanDoses
        The doses of these activities, with the value of every goal and limit.
    constraints : tuple of Constraint
        Every limit and target with its value, earlier treatments included.
    binding : tuple of str
        The binding limits and targets, by the text of each.
    shadow_prices : tuple of ShadowPrice
        Effect of each of them on the goal, in the unit of the goal per unit of the limit. With `exact` it is the dual
        value of the programme; otherwise it is found from a change of the limit by 1 %.
    advisories : tuple of Advisory
        Advisories on the result.
    """

    goal: tuple[QuantityValue, ...]
    goal_value: float
    goal_bound: float
    exact: bool
    delivered_activities_gbq: Mapping[str, float]
    activity_ranges_gbq: Mapping[str, tuple[float, float]]
    doses: VoxelPlanDoses
    constraints: tuple[Constraint, ...]
    binding: tuple[str, ...]
    shadow_prices: tuple[ShadowPrice, ...]
    advisories: tuple[Advisory, ...]

    @property
    def explanation(self) -> tuple[str, ...]:
        """Describe the result, the binding limits, and the effect of a change of each limit in sentences."""
        best = min(self.goal, key=lambda each: each.value)
        shown = best.quantity.shown
        activities = ", ".join(f"{name} {gbq:.4g} GBq" for name, gbq in self.delivered_activities_gbq.items())
        names = " and ".join(f"'{each.quantity}'" for each in self.goal)
        of_all = f"The smallest of {names}" if len(self.goal) > 1 else names
        lines = [f"{of_all} reaches {shown(best.value)} with {activities}."]
        if not self.exact and self.goal_bound > best.value * (1.0 + 1e-6):
            lines.append(f"No plan under these limits reaches more than {shown(self.goal_bound)}.")
        binding = " and ".join(f"'{name}'" for name in self.binding)
        if binding:
            lines.append(f"The binding {'limits are' if len(self.binding) > 1 else 'limit is'} {binding}.")
        for price in self.shadow_prices:
            lines += _price_words(price, best.quantity)
        return tuple(lines)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain data, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.planning.optimize_voxel_activities`.
        """
        return {
            "delivered_activities_gbq": dict(self.delivered_activities_gbq),
            "activity_ranges_gbq": {name: list(ends) for name, ends in self.activity_ranges_gbq.items()},
            "goal": [each.as_dict() for each in self.goal],
            "goal_value": self.goal_value,
            "goal_bound": self.goal_bound,
            "exact": self.exact,
            "constraints": [asdict(each) for each in self.constraints],
            "binding": list(self.binding),
            "shadow_prices": [asdict(each) for each in self.shadow_prices],
            "explanation": list(self.explanation),
            "doses": self.doses.as_dict(),
            "advisories": [advisory.as_dict() for advisory in self.advisories],
        }


def optimize_voxel_activities(
    plan: VoxelPlan,
    *,
    goal: str | DoseQuantity | Sequence[str | DoseQuantity],
    limits: Sequence[str | DoseLimit] = (),
    lung_limit_gy: float | None = LUNG_LIMIT_GY,
    cumulative_lung_limit_gy: float | None = CUMULATIVE_LUNG_LIMIT_GY,
    activity_limit_gbq: Limits = None,
    least_activity_gbq: Limits = None,
    relative_gap: float = 1e-3,
    most_cones: int = 400,
) -> VoxelOptimum:
    """Find the activities that are best by a goal under every limit.

    Parameters
    ----------
    plan : VoxelPlan
        Doses per GBq of each injection.
    goal : str, DoseQuantity, or sequence of them
        Quantity to maximize: a mean, a dose at a volume, an equivalent uniform dose, or a probability of tumor control.
        Of several, which must have one measure, the smallest is maximized.
    limits : sequence of str or DoseLimit, default ()
        Limits ("Normal: mean <= 40 Gy", "Liver: V30 <= 70 %") and targets ("Tumor 2: D95 >= 80 Gy").
    lung_limit_gy, cumulative_lung_limit_gy : float or None
        Limits on the mean dose of the lungs, in this treatment (30 Gy) and with earlier ones (50 Gy); None for none.
    activity_limit_gbq, least_activity_gbq : float or mapping of str to float, optional
        Bounds on the delivered activity, one for all injections or by name.
    relative_gap : float, default 1e-3
        The search ends if no plan can be better by more than this share of the goal. A linear programme has no gap.
    most_cones : int, default 400
        The search also ends after as many parts of the range of splits, with the advisory `optimum_not_proven`.

    Returns
    -------
    VoxelOptimum

    Raises
    ------
    UndefinedError
        If no plan meets the limits and targets (those that contradict each other are named), or if no limit keeps an
        activity below 100 GBq.
    ArgumentError, UnknownNameError, OutOfRangeError
        If a goal or limit is not understood, its structure is unknown, or a number is out of range. If doses are
        negative in the structure of a goal or limit other than a mean.

    Warns
    -----
    equally_good_plans
        Other activities are as good.
    optimum_not_proven
        The search ended before the gap was closed.
    model_not_validated
        A probability is a goal or limited; and the other codes of the doses.

    Notes
    -----
    Means alone are a linear programme with dual values. Otherwise the best factor of each split is found directly, and
    the split by branch and bound with linear bounds (docs/voxel_plan.md).

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image, Structure
    >>> from yttria.planning import InjectionMap, optimize_voxel_activities, voxel_plan
    >>> counts = Image(np.array([[[4.0, 1.0, 1.0, 1.0]]]), np.diag([50.0, 50.0, 50.0, 1.0]), "counts")
    >>> liver = Structure("Liver", np.ones((1, 1, 4)), counts.affine_lps)
    >>> tumor = Structure("Tumor", np.array([[[1, 0, 0, 0]]]), counts.affine_lps)
    >>> normal = Structure("Normal", np.array([[[0, 1, 1, 1]]]), counts.affine_lps)
    >>> maa = InjectionMap(name="right", image=counts, reference=liver, lung_shunt_fraction=0.05)
    >>> plan = voxel_plan([maa], [liver, tumor, normal])
    >>> best = optimize_voxel_activities(plan, goal="Tumor: mean", limits=["Normal: mean <= 40 Gy"])
    >>> best.binding, round(best.goal_value, 3)
    (('Normal: mean <= 40 Gy',), 160.0)
    """
    asked = [goal] if isinstance(goal, str | DoseQuantity) else list(goal)
    goals = tuple(as_quantity(each) for each in asked)
    gap, cones = number("relative gap", relative_gap), _count("most cones", most_cones)
    if not 1e-9 <= gap < 1.0:
        raise OutOfRangeError(f"relative gap must be within [1e-9, 1), got {gap:g}")
    lower = activity_bounds(plan, "least activity in GBq", least_activity_gbq, 0.0)
    upper = activity_bounds(plan, "activity limit in GBq", activity_limit_gbq, ANY_ACTIVITY_GBQ)
    question = PlanQuestion(
        plan=plan,
        goals=goals,
        functions=goal_functions(plan, goals),
        limits=(
            *limits_on_doses(plan, limits, lung_limit_gy, cumulative_lung_limit_gy),
            *limits_on_activities(plan.names, lower, upper),
        ),
    )
    answer = answer_of(question, relative_gap=gap, most_cones=cones)
    return _result(question, answer, relative_gap=gap)


def _count(quantity: str, given: object) -> int:
    try:
        count = index(given)  # type: ignore[arg-type]
    except TypeError:
        raise ArgumentError(f"{quantity} must be a whole number, got {given!r:.80}") from None
    if count < 1:
        raise OutOfRangeError(f"{quantity} must be >= 1, got {count}")
    return count


def _result(question: PlanQuestion, answer: PlanAnswer, *, relative_gap: float) -> VoxelOptimum:
    plan, goals = question.plan, question.goals
    activities = answer.activities
    limited = [each.limit.quantity for each in question.limits if each.limit is not None]
    doses = plan.doses(activities.tolist(), quantities=tuple(dict.fromkeys((*goals, *limited))))
    values = {each.quantity: each.value for each in doses.quantities}
    shown = {each.quantity: each for each in doses.quantities}
    reached = min(values[goal] for goal in goals)
    held = [each for each in question.limits if each.binds(activities)]
    bound = value_at_level(goals[0], answer.bound_gy)
    found: list[Advisory] = []
    if not answer.exact and bound > reached * (1.0 + relative_gap) + 1e-12 and not answer.closed:
        found.append(
            advise(
                "optimum_not_proven", goal=str(goals[0]), reached=goals[0].shown(reached), bound=goals[0].shown(bound)
            )
        )
    found += equally_good(plan.names, answer)
    return VoxelOptimum(
        goal=tuple(shown[goal] for goal in goals),
        goal_value=reached,
        goal_bound=max(bound, reached),
        exact=answer.exact,
        delivered_activities_gbq=dict(zip(plan.names, activities.tolist(), strict=True)),
        activity_ranges_gbq=dict(zip(plan.names, answer.ranges, strict=True)) if answer.ranges else {},
        doses=doses,
        constraints=tuple(each.constraint(activities, values) for each in question.limits if not each.implied),
        binding=tuple(each.text for each in held),
        shadow_prices=shadow_prices(question, answer, held),
        advisories=tuple(dict.fromkeys((*doses.advisories, *found))),
    )


def _price_words(price: ShadowPrice, goal: DoseQuantity) -> list[str]:
    """Effect of a change of one limit, in the units that a person changes it by."""
    unit = price.unit.rpartition(" per ")[2]
    amount, words = {"Gy": (1.0, "1 Gy"), "fraction": (0.01, "1 %"), "GBq": (0.1, "0.1 GBq")}[unit]
    relaxed = price.if_relaxed * amount
    text = f"Relaxing '{price.constraint}' by {words} raises the goal by {goal.shown(relaxed)}"
    if price.if_tightened is None:
        return [f"{text}; if it is tightened, there is no plan."]
    return [f"{text}; tightening it by {words} lowers the goal by {goal.shown(abs(price.if_tightened) * amount)}."]
