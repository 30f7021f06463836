"""Problem of the best activities of several injections, and the answers to it."""

from __future__ import annotations

from dataclasses import dataclass

from .dose_functions import Array, DoseFunction


@dataclass(frozen=True, kw_only=True)
class Restriction:
    """Function of the activities that must not exceed a level in Gy."""

    function: DoseFunction
    level_gy: float


@dataclass(frozen=True, kw_only=True)
class SplitProblem:
    """Problem to maximize the smallest goal with `maxima` at most, and `minima` at least, at their levels.

    `lower_gbq` and `upper_gbq` bound each activity; the upper bounds are finite.
    """

    goals: tuple[DoseFunction, ...]
    maxima: tuple[Restriction, ...]
    minima: tuple[Restriction, ...]
    lower_gbq: Array
    upper_gbq: Array

    @property
    def linear(self) -> bool:
        """Whether everything is a mean."""
        functions = (*self.goals, *(r.function for r in (*self.maxima, *self.minima)))
        return all(function.kind == "linear" for function in functions)

    def goal(self, activities: Array) -> float:
        """The smallest goal in Gy."""
        return min(goal.value(activities) for goal in self.goals)


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """Split, of all that were tried, whose targets contradict the limits least, by the factor `least / most`."""

    split: Array
    least: float
    most: float


@dataclass(frozen=True, kw_only=True)
class SplitOptimum:
    """Best activities in GBq, their goal in Gy, an upper bound of the goal of any plan, and the number of cones."""

    activities: Array
    goal_gy: float
    bound_gy: float
    cones: int
