"""Limits of a voxel-based plan on doses, on the lungs, and on activities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from .._foundation.choices import LimitSign
from .._foundation.numbers import number, optional_number
from ..errors import ArgumentError, OutOfRangeError, UnknownNameError
from .dose_functions import Array, MeanDose
from .dose_quantity import LUNGS, DoseLimit, DoseQuantity, as_limit
from .optimum import Constraint, Limits
from .quantity_functions import restriction_of
from .split_problem import Restriction
from .voxel_plan import VoxelPlan

#: Activity in GBq that exceeds any vial. An activity that reaches it is not limited.
ANY_ACTIVITY_GBQ = 100.0
#: Relative distance from its level within which a limit is binding.
_BINDS = 1e-5


@dataclass(frozen=True, eq=False, kw_only=True)
class PlanLimit:
    """A limit or target of a plan, on a dose or on the activity of one injection.

    `implied` marks the bound that no vial exceeds, which is not a limit of the caller. `limit` is None for an activity.
    """

    text: str
    sign: LimitSign
    value: float
    unit: str
    restriction: Restriction
    limit: DoseLimit | None = None
    injection: int = -1
    implied: bool = False

    def binds(self, activities: Array) -> bool:
        """Whether the activities are at the limit within rounding."""
        factor = self.restriction.function.scale_to(activities, self.restriction.level_gy)
        return factor <= 1.0 + _BINDS if self.sign == "<=" else factor >= 1.0 - _BINDS

    def constraint(self, activities: Array, values: Mapping[DoseQuantity, float]) -> Constraint:
        """Compare the limit with the value of the plan, earlier treatments included."""
        if self.limit is None:
            value = float(activities[self.injection])
        else:
            value = values[self.limit.quantity] + self.limit.prior_gy
        return Constraint(name=self.text, limit=self.value, value=value, unit=self.unit)

    def at(self, plan: VoxelPlan, value: float) -> PlanLimit:
        """Return the limit with another value."""
        if self.limit is None:
            moved = Restriction(function=self.restriction.function, level_gy=value)
            return replace(self, value=value, restriction=moved)
        return _of_dose(plan, replace(self.limit, value=value))


def limits_on_doses(
    plan: VoxelPlan,
    limits: Sequence[str | DoseLimit],
    lung_limit_gy: float | None,
    cumulative_lung_limit_gy: float | None,
) -> list[PlanLimit]:
    """Return the given limits and those on the lungs. Raises as `DoseLimit` and `restriction_of`."""
    if isinstance(limits, str | DoseLimit):
        raise ArgumentError(f"limits must be a sequence of limits, got one: {str(limits)!r:.80}")
    lungs = DoseQuantity(structure=LUNGS, measure="mean")
    given = [as_limit(each) for each in limits]
    for value, source, prior in (
        (optional_number("lung limit in Gy", lung_limit_gy), "one treatment", 0.0),
        (
            optional_number("cumulative lung limit in Gy", cumulative_lung_limit_gy),
            "all treatments",
            plan.prior_lung_dose_gy,
        ),
    ):
        if value is not None:
            given.append(DoseLimit(quantity=lungs, sign="<=", value=value, source=source, prior_gy=prior))
    return [_of_dose(plan, limit) for limit in dict.fromkeys(given)]


def activity_bounds(plan: VoxelPlan, what: str, given: Limits, otherwise: float) -> Array:
    """Return one bound for each injection in GBq, `otherwise` if none is given."""
    if isinstance(given, Mapping):
        for name in given:
            if name not in plan.names:
                raise UnknownNameError(f"{what} must be of one of {', '.join(plan.names)}, got {name!r:.80}")
        values = [optional_number(f"{what} of '{name}'", given.get(name)) for name in plan.names]
    else:
        values = [optional_number(what, given)] * len(plan.names)
    bounds = [otherwise if value is None else value for value in values]
    for value in bounds:
        if not (isfinite(value) and 0.0 <= value <= ANY_ACTIVITY_GBQ and (value > 0.0 or otherwise == 0.0)):
            least = "[0" if otherwise == 0.0 else "(0"
            raise OutOfRangeError(f"{what} must be within {least}, {ANY_ACTIVITY_GBQ:g}], got {value:g}")
    return np.array(bounds, dtype=np.float64)


def limits_on_activities(names: Sequence[str], lower: Array, upper: Array) -> list[PlanLimit]:
    """Bounds of each injection's activity; raises `OutOfRangeError` for a lower one above the upper one."""
    found = []
    for at, (name, low, high) in enumerate(zip(names, lower, upper, strict=True)):
        if low > high:
            raise OutOfRangeError(f"least activity of '{name}' in GBq must be <= {high:g}, its limit, got {low:g}")
        activity = MeanDose(gy_per_gbq=np.eye(len(names))[at])
        for sign, value, implied in (("<=", high, high == ANY_ACTIVITY_GBQ), (">=", low, low == 0.0)):
            found.append(
                PlanLimit(
                    text=f"activity of {name} {sign} {value:.4g} GBq",
                    sign=sign,  # type: ignore[arg-type]
                    value=float(value),
                    unit="GBq",
                    restriction=Restriction(function=activity, level_gy=float(value)),
                    injection=at,
                    implied=implied,
                )
            )
    return [each for each in found if not (each.implied and each.sign == ">=")]


def _of_dose(plan: VoxelPlan, limit: DoseLimit) -> PlanLimit:
    number(f"limit on {limit.quantity}", limit.value)
    return PlanLimit(
        text=str(limit),
        sign=limit.sign,
        value=limit.value,
        unit=limit.quantity.unit,
        restriction=restriction_of(plan, limit),
        limit=limit,
    )
