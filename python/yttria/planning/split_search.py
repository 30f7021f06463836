"""Best activities of several injections under limits on doses that increase with each activity.

Activities of one split times a common factor are a ray. On a ray every limit is met up to some factor, and the goal is
best at that factor. It remains to find the split. A linear programme bounds the goal in a cone of splits from above. A
cone whose bound allows a better plan is cut in two. docs/voxel_plan.md has the derivation.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count, product
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

import yttria._core as _core

from ..errors import UndefinedError
from .dose_functions import Array, RankDose, tangent
from .split_problem import Conflict, Restriction, SplitOptimum, SplitProblem

#: Rounds of tangents in the first cone and in every other.
_FIRST_ROUNDS, _ROUNDS = 60, 6
#: Relative distance of a point beyond its function from which another tangent is made.
_CUT = 1e-10
#: Relative distances of the splits that are tried around the best one.
_WIDTHS = (0.01, 0.001, 0.0001, 0.00001)
_START_WIDTHS = (0.05, 0.005)
_NEAR_WIDTHS = (0.05, 0.003, 0.0002)
#: Number of splits that are tried in other directions at each distance, and the limit of voxels for this.
_STEPS, _VOXELS = 200, 1e6
#: Number of splits of the grid from which the search climbs, and their distance.
_STARTS, _APART = 3, 0.12
_GOLDEN = 0.3819660112501051


@dataclass(order=True, kw_only=True)
class _Cone:
    """Splits between corners, in an order in which the greatest bound comes first."""

    order: tuple[float, int]
    corners: Array = field(compare=False)


class SplitSearch:
    """Search for the best split of one problem.

    Parameters
    ----------
    problem : SplitProblem
        The problem.
    relative_gap : float
        The search ends when no plan can be better by more than this share of the goal.
    most_cones : int
        The search ends after as many cones, too.
    """

    problem: SplitProblem
    relative_gap: float
    most_cones: int
    size: int
    reach: NDArray[Any]
    best_gy: float
    cones: int
    proven: bool

    def __init__(self, problem: SplitProblem, *, relative_gap: float, most_cones: int) -> None:  # noqa: D107 (see the class)
        self.problem, self.relative_gap, self.most_cones = problem, relative_gap, most_cones
        self.size = len(problem.upper_gbq)
        # Activities are in units of the largest one of each injection alone, so that no injection is small.
        self._maxima = list(problem.maxima)
        alone = [self._factors(unit)[1] for unit in np.eye(self.size)]
        self.reach = np.array([reach if reach > 0.0 else 1e-12 for reach in alone])
        self.best: Array | None = None
        self.best_gy = -inf
        self.conflict: Conflict | None = None
        self.cones = 0
        #: If there is no plan, whether every split was excluded. The search may have ended before.
        self.proven = True
        #: Each tangent: whether it is of a goal, its row, its constant. It is `goal <= row a + constant`, and for a
        #: limit or target `row a <= constant`.
        self._tangents: list[tuple[bool, Array, float]] = []
        self._random = np.random.default_rng(0)

    def run_near(self, start: Array) -> SplitOptimum | None:
        """Return the best plan whose split is near a given one, without a bound; None if there is none."""
        self._climb(start, _NEAR_WIDTHS)
        if self.size == 1:
            self._try(start)
        return self._found(inf)

    def run(self) -> SplitOptimum | None:
        """Return the optimum, None if no split meets all limits and targets."""
        starts = self._scan()
        for goal in self.problem.goals:
            if goal.kind == "concave":
                # Without a tangent nothing would bound the goal in the first programme.
                row, constant = tangent(goal, self.reach / self.size)
                self._tangents.append((True, row, constant))
        numbers = count()
        first = self._bound(np.diag(self.reach), _FIRST_ROUNDS, inf)
        if first is None:
            return None
        if self._open(first):
            for start in starts:
                self._climb(start, _START_WIDTHS if self.size > 2 else _START_WIDTHS[:1])
            self._climb(self.best)
        heap = [_Cone(order=(-first, next(numbers)), corners=np.diag(self.reach))]
        while heap and self._open(-heap[0].order[0]) and self.cones < self.most_cones:
            cone = heapq.heappop(heap)
            for corners in _halves(cone.corners / self.reach):
                bound = self._bound(corners * self.reach, _ROUNDS, -cone.order[0])
                if bound is not None and self._open(bound):
                    heapq.heappush(heap, _Cone(order=(-bound, next(numbers)), corners=corners * self.reach))
        self.proven = self.best is not None or not heap
        if self._gap(first) > _CUT:
            self._climb(self.best)
        if self.cones == 1:
            return self._found(first)
        if heap and self._open(-heap[0].order[0]):
            return self._found(-heap[0].order[0])
        # Every cone was closed by a bound within the gap of the best plan so far, which was no better than this plan.
        return self._found(self.best_gy + self.relative_gap * abs(self.best_gy))

    def _found(self, bound: float | None) -> SplitOptimum | None:
        if self.best is None or bound is None:
            return None
        return SplitOptimum(
            activities=self.best, goal_gy=self.best_gy, bound_gy=max(bound, self.best_gy), cones=self.cones
        )

    def _open(self, bound: float) -> bool:
        """Whether a cone of that bound may hold a better plan by more than the gap."""
        return self._gap(bound) > self.relative_gap

    def _gap(self, bound: float) -> float:
        """Relative distance of a bound from the best plan; infinite without a plan."""
        if self.best is None:
            return inf
        return (bound - self.best_gy) / abs(self.best_gy) if self.best_gy else inf

    def _try(self, split: Array) -> float:
        """Goal of the best plan of a split, which is kept if it is the best so far; -inf if the split has none."""
        if not split.max() > 0.0:
            return -inf
        least, most = self._factors(split)
        if least > most * (1.0 + 1e-12) or not 0.0 < most < inf:
            if self.conflict is None or least * self.conflict.most < self.conflict.least * most:
                self.conflict = Conflict(split=split * (most if 0.0 < most < inf else 1.0), least=least, most=most)
            return -inf
        plan = split * most
        goal = self.problem.goal(plan)
        if goal > self.best_gy:
            self.best, self.best_gy = plan, goal
        return goal

    def _factors(self, split: Array) -> tuple[float, float]:
        """The smallest factor of a split that every minimum needs, and the largest that every maximum allows."""
        most, least = inf, 0.0
        for low, high, part in zip(self.problem.lower_gbq, self.problem.upper_gbq, split, strict=True):
            if part > 0.0:
                most, least = min(most, high / part), max(least, low / part)
            elif low > 0.0:
                least = inf
        holding = 0
        for at, each in enumerate(self._maxima):
            function = each.function
            # It is faster to check that a limit is met than to find the place at which it is met.
            if isinstance(function, RankDose) and function.is_at_most(most * split, each.level_gy):
                continue
            factor = function.scale_to(split, each.level_gy)
            if factor < most:
                most, holding = factor, at
        # The limit that is binding here is likely to be binding nearby. The others then need only the faster check.
        if holding:
            self._maxima.insert(0, self._maxima.pop(holding))
        for each in self.problem.minima:
            if least <= most:
                least = max(least, each.function.scale_to(split, each.level_gy))
        return least, most

    def _scan(self) -> list[Array]:
        """Try splits on a regular grid. Return the best that lie apart from each other, as starts of the climb."""
        steps = {1: 1, 2: 32, 3: 12, 4: 6}.get(self.size, 2)
        tried: list[tuple[float, Array]] = []
        for parts in product(range(steps + 1), repeat=self.size):
            if sum(parts) == steps:
                split = np.array(parts, dtype=np.float64) / steps
                tried.append((self._try(split * self.reach), split))
        starts: list[Array] = []
        for goal, split in sorted(tried, key=lambda each: -each[0]):
            apart = all(float(np.abs(split - start).max()) > _APART for start in starts)
            if apart and goal > -inf and len(starts) < (_STARTS if self.size > 1 else 0):
                starts.append(split)
        return [start * self.reach for start in starts]

    def _bound(self, corners: Array, rounds: int, bound: float) -> float | None:
        """Compute an upper bound of the goal in a cone, at most `bound`, which is that of the surrounding cone.

        None if the cone contains no plan. The activities that the linear programme finds are tried as plans.
        """
        self.cones += 1
        own = self._rows_of_cone(corners)
        for _ in range(rounds):
            rows = [*own, *((np.append(-corners @ row, 1.0) if of_goal else np.append(corners @ row, 0.0), constant)
                            for of_goal, row, constant in self._tangents)]  # fmt: skip
            try:
                found, _, unbounded = _core._linear_program(
                    [0.0] * len(corners) + [1.0],
                    [row.tolist() for row, _ in rows],
                    [float(limit) for _, limit in rows],
                    None,
                )
            except UndefinedError:
                break  # If the solver fails in a thin cone, the bound of the surrounding cone is used.
            if found is None:
                return bound if unbounded else None
            weights, bound = np.array(found[0][:-1]), min(found[0][-1], bound)
            activities = weights @ corners
            self._try(activities)
            closed = self._gap(bound) <= (self.relative_gap if self.cones > 1 else _CUT)
            if closed or not self._add_tangents(activities, bound):
                break
        return bound

    def _rows_of_cone(self, corners: Array) -> list[tuple[Array, float]]:
        """Rows over the weights of the corners and the goal, for functions that are bounded by the cone's corners."""
        problem, rows = self.problem, []
        for goal in problem.goals:
            if (upper := _upper(goal, corners)) is not None:
                rows.append((np.append(-upper, 1.0), 0.0))
        for each in problem.minima:
            if (upper := _upper(each.function, corners)) is not None:
                rows.append((np.append(-upper, 0.0), -each.level_gy))
        for each in problem.maxima:
            if (lower := _lower(each, corners)) is not None:
                rows.append((np.append(lower, 0.0), each.level_gy))
        for part, low, high in zip(corners.T, problem.lower_gbq, problem.upper_gbq, strict=True):
            rows.append((np.append(part, 0.0), high))
            if low > 0.0:
                rows.append((np.append(-part, 0.0), -low))
        return rows

    def _add_tangents(self, activities: Array, goal_gy: float) -> bool:
        """Add a tangent to each concave goal or minimum, or convex maximum, that the solution violates; True if any."""
        # On the boundary a voxel may have no dose, and the slope of a concave function may be infinite.
        inside = np.maximum(activities, 1e-6 * self.reach)
        before = len(self._tangents)
        for goal in self.problem.goals:
            if goal.kind == "concave" and goal_gy > goal.value(activities) * (1.0 + _CUT):
                row, constant = tangent(goal, inside)
                self._tangents.append((True, row, constant))
        for each in self.problem.minima:
            if each.function.kind == "concave" and each.function.value(activities) < each.level_gy * (1.0 - _CUT):
                row, constant = tangent(each.function, inside)
                self._tangents.append((False, -row, constant - each.level_gy))
        for each in self.problem.maxima:
            if each.function.kind == "convex" and each.function.value(activities) > each.level_gy * (1.0 + _CUT):
                row, constant = tangent(each.function, activities)
                self._tangents.append((False, row, each.level_gy - constant))
        return len(self._tangents) > before

    def _climb(self, start: Array | None, widths: Sequence[float] = _WIDTHS) -> None:
        """Improve a split by searches along exchanges between two injections, and along other directions."""
        if self.size == 1 or start is None:
            return
        here, height = start / self.reach, self._try(start)
        for width in widths:
            for one in range(self.size):
                for other in range(one + 1, self.size):
                    here, height = self._along_exchange(here, height, one, other, width)
            if self.size > 2:
                here, height = self._wander(here, height, width)

    def _wander(self, here: Array, height: float, width: float) -> tuple[Array, float]:
        """Try splits in fixed directions that are not an exchange of two injections."""
        functions = (*self.problem.goals, *(each.function for each in self.problem.maxima))
        voxels = sum(len(each.voxels.fractions) for each in functions if isinstance(each, RankDose))
        for _ in range(int(min(_STEPS, _VOXELS / max(voxels, 1)))):
            trial = here + width * float(here.sum()) * self._random.normal(size=self.size)
            trial = np.maximum(trial, 0.0)
            goal = self._try(trial * self.reach)
            if goal > height:
                here, height = trial, goal
        return here, height

    def _along_exchange(self, here: Array, height: float, one: int, other: int, width: float) -> tuple[Array, float]:
        """Search the exchange between two injections near a split: samples, then a golden section."""
        total = here[one] + here[other]
        if not total > 0.0:
            return here, height
        found = {float(here[one] / total): height}

        def goal(share: float) -> float:
            trial = here.copy()
            trial[one], trial[other] = total * share, total * (1.0 - share)
            found[share] = self._try(trial * self.reach)
            return found[share]

        center = here[one] / total
        shares = np.unique(np.clip(np.linspace(center - width, center + width, 17), 0.0, 1.0)).tolist()
        at = int(np.argmax([goal(share) for share in shares]))
        low, high = shares[max(at - 1, 0)], shares[min(at + 1, len(shares) - 1)]
        inner = [low + _GOLDEN * (high - low), high - _GOLDEN * (high - low)]
        goals = [goal(inner[0]), goal(inner[1])]
        while high - low > 0.01 * width:
            if goals[0] >= goals[1]:
                high, inner[1], goals[1] = inner[1], inner[0], goals[0]
                inner[0] = low + _GOLDEN * (high - low)
                goals[0] = goal(inner[0])
            else:
                low, inner[0], goals[0] = inner[0], inner[1], goals[1]
                inner[1] = high - _GOLDEN * (high - low)
                goals[1] = goal(inner[1])
        best = max(found, key=lambda share: found[share])
        there = here.copy()
        there[one], there[other] = total * best, total * (1.0 - best)
        return there, found[best]


def _upper(function: Any, corners: Array) -> Array | None:
    """Coefficients over the corners' weights that bound a function from above, None for one bounded by tangents."""
    if function.kind == "concave":
        return None
    values = np.array([function.value(corner) for corner in corners])
    return function.linear_bounds(corners, values)[1] if isinstance(function, RankDose) else values


def _lower(limit: Restriction, corners: Array) -> Array | None:
    """Coefficients over the corners' weights that bound a function from below, in the form of a limit at the level."""
    function: Any = limit.function
    if function.kind == "convex":
        return None
    if function.kind == "concave":
        # The plane passes through the points of the corners' rays at which the limit is reached. Beyond it, the limit
        # is exceeded.
        factors = np.array([function.scale_to(corner, limit.level_gy) for corner in corners])
        plane: Array = limit.level_gy / np.maximum(factors, np.finfo(np.float64).tiny)
        return plane
    values = np.array([function.value(corner) for corner in corners])
    if isinstance(function, RankDose):
        lower = function.linear_bounds(corners, values)[0]
        return lower * (1.0 - 1e-12)
    return values


def _halves(corners: Array) -> Sequence[Array]:
    """Cut a simplex in two at the middle of its longest edge."""
    distances = ((corners[:, None] - corners[None]) ** 2).sum(axis=2)
    one, other = np.unravel_index(int(np.argmax(distances)), distances.shape)
    middle = 0.5 * (corners[one] + corners[other])
    halves = []
    for at in (one, other):
        half = corners.copy()
        half[at] = middle
        halves.append(half)
    return halves
