"""Goals and limits of a voxel-based plan as functions of the activities, with levels in Gy."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from statistics import NormalDist

import numpy as np

from ..errors import ArgumentError, UndefinedError
from .dose_functions import DoseFunction, GeneralizedEud, MeanDose, RankDose, SurvivalEud
from .dose_quantity import DoseLimit, DoseQuantity
from .split_problem import Restriction
from .voxel_plan import VoxelPlan

_NO_GOAL = {
    "V": "maximize the dose at a volume, such as D70, and give V as a limit",
    "NTCP": "a complication is limited, not sought",
}


def goal_functions(plan: VoxelPlan, goals: Sequence[DoseQuantity]) -> tuple[DoseFunction, ...]:
    """Make the functions of the goals, the smallest of which is maximized.

    Raises `ArgumentError` for a quantity that cannot be a goal, or goals of different measures, and `UndefinedError` if
    no injection reaches the structure of one.
    """
    if not goals:
        raise ArgumentError("a plan needs a goal, such as 'Tumor: mean'")
    first = goals[0]
    for goal in goals:
        if goal.measure in _NO_GOAL:
            raise ArgumentError(f"'{goal}' cannot be a goal: {_NO_GOAL[goal.measure]}")
        if goal.of_lungs:
            raise ArgumentError("the dose of the lungs cannot be a goal")
        if (goal.measure, dict(goal.parameters)) != (first.measure, dict(first.parameters)):
            raise ArgumentError(
                f"goals must have one measure, so that the smallest is defined; got '{first}' and '{goal}'"
            )
    functions = tuple(function_of(plan, goal) for goal in goals)
    for goal, function in zip(goals, functions, strict=True):
        if not function.value(np.ones(len(plan.names))) > 0.0:
            raise UndefinedError(f"the best '{goal}' is undefined: no injection gives it a dose")
    return functions


def function_of(plan: VoxelPlan, quantity: DoseQuantity) -> DoseFunction:
    """Make the function that increases with the quantity, which is the quantity or the dose of a probability."""
    plan.check(quantity)
    given = quantity.parameters
    if quantity.of_lungs:
        return MeanDose(gy_per_gbq=plan.lung_gy_per_gbq)
    if _by_mean(quantity):
        voxels = plan.voxels(quantity.structure, refuse_negative=quantity.measure != "mean")
        return MeanDose(gy_per_gbq=voxels.gy_per_gbq @ voxels.shares)
    voxels = plan.voxels(quantity.structure)
    if quantity.measure == "D":
        return RankDose(voxels=voxels, volume_fraction=given["volume_percent"] / 100.0)
    if quantity.measure in ("gEUD", "NTCP"):
        return GeneralizedEud(voxels=voxels, a=given["a"] if quantity.measure == "gEUD" else 1.0 / given["n"])
    return SurvivalEud(voxels=voxels, alpha_per_gy=given["alpha_per_gy"])


def restriction_of(plan: VoxelPlan, limit: DoseLimit) -> Restriction:
    """Convert a limit to a level in Gy of a function.

    Raises `UndefinedError` if a maximum is exceeded without any activity.
    """
    quantity = limit.quantity
    if quantity.measure == "V":
        voxels = plan.voxels(plan.check(quantity).structure)
        rank = RankDose(voxels=voxels, volume_fraction=limit.value, strict=limit.sign == "<=")
        return Restriction(function=rank, level_gy=quantity.parameters["dose_gy"])
    level = level_of(quantity, limit.value) - limit.prior_gy
    if limit.sign == "<=" and level <= 0.0:
        before = (
            f"earlier treatments gave {limit.prior_gy:.4g} Gy" if limit.prior_gy else "it is exceeded without any dose"
        )
        raise UndefinedError(f"no plan meets '{limit}': {before}")
    return Restriction(function=function_of(plan, quantity), level_gy=level)


def level_of(quantity: DoseQuantity, value: float) -> float:
    """Dose in Gy at which a quantity other than V has a value: of a probability, that of its model."""
    given = quantity.parameters
    if quantity.unit == "Gy":
        return value
    if "d50_gy" in given:
        return float(given["d50_gy"] * (value / (1.0 - value)) ** (0.25 / given["gamma50"]))
    if quantity.measure == "NTCP":
        return given["td50_gy"] * (1.0 + given["m"] * NormalDist().inv_cdf(value))
    return (log(given["clonogens"]) - log(-log(value))) / given["alpha_per_gy"]


def value_at_level(quantity: DoseQuantity, level_gy: float) -> float:
    """Compute the value of a goal whose function has a level in Gy, the inverse of `level_of`."""
    given = quantity.parameters
    if quantity.unit == "Gy" or level_gy <= 0.0:
        return max(level_gy, 0.0)
    if "d50_gy" in given:
        return float(1.0 / (1.0 + (given["d50_gy"] / level_gy) ** (4.0 * given["gamma50"])))
    return exp(-given["clonogens"] * exp(-given["alpha_per_gy"] * level_gy))


def _by_mean(quantity: DoseQuantity) -> bool:
    """Decide whether the quantity depends only on the mean dose."""
    given = quantity.parameters
    one = given.get("a") == 1.0 or (quantity.measure == "NTCP" and given.get("n") == 1.0)
    return quantity.measure == "mean" or "d50_gy" in given or one
