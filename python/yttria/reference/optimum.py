"""The optimum of a linear programme, found where it must lie: among the corners."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def linear_programme(objective: ArrayLike, rows: ArrayLike, limits: ArrayLike) -> tuple[float, np.ndarray] | None:
    """Largest `c x` subject to `A x <= b`, `x >= 0`, and a corner where it is reached; `None` if no corner is feasible.

    A feasible programme with `x >= 0` has a corner, and a bounded one has its optimum in one of them. A corner is where
    as many constraints as there are variables hold as equations. Whether it is bounded is not looked at.
    """
    c = np.asarray(objective, dtype=float)
    a = np.vstack([np.asarray(rows, dtype=float).reshape(-1, c.size), -np.eye(c.size)])
    b = np.append(np.asarray(limits, dtype=float), np.zeros(c.size))
    size = np.abs(a).max(axis=1, initial=0.0)
    best = None
    for chosen in combinations(range(len(b)), c.size):
        corner = a[list(chosen)]
        if np.linalg.matrix_rank(corner) < c.size:
            continue
        x = np.linalg.solve(corner, b[list(chosen)])
        feasible = np.all(a @ x <= b + 1e-9 * (np.abs(b) + size * np.abs(x).max()))
        if feasible and (best is None or c @ x > best[0]):
            best = (float(c @ x), x)
    return best


def optimize_activities(
    model: Any,
    *,
    objective: str,
    tumor_dose: str = "portion",
    lung_limit_gy: float | None = 30.0,
    cumulative_lung_limit_gy: float | None = 50.0,
    normal_perfused_limit_gy: float | None = None,
    normal_whole_limit_gy: float | None = None,
    activity_limit_gbq: float | None = None,
    target_tumor_dose_gy: float | None = None,
) -> SimpleNamespace:
    """The best corner of the programme whose coefficients are the doses of 1 GBq in each territory alone.

    `model` is a `PartitionModel` of the reference. "max_min_tumor_dose" has one more variable, the smallest tumor dose.
    Names of binding limits are those of the public function.
    """
    n = len(model.territories)
    units = [model.doses(row) for row in np.eye(n)]

    def linear(read: Callable[[Any], Any]) -> NDArray[np.float64]:
        """A row for each dose that is read, a column for each territory."""
        return np.array([np.atleast_1d(read(unit)) for unit in units]).T

    def counted(doses: Any) -> list[float]:
        if tumor_dose == "portion":
            return [dose for portions in doses.tumor_portion_doses_gy for dose in portions]
        return [getattr(tumor, f"{tumor_dose}_dose_gy") for tumor in doses.tumors]

    tumors, lungs = linear(counted), linear(lambda doses: doses.lung_dose_gy)
    whole = linear(lambda doses: doses.normal_whole_dose_gy or 0.0)
    energy = linear(lambda doses: sum(t.perfused_mean_dose_gy * t.perfused_mass_kg for t in doses.tumors))[0]
    perfused = linear(lambda doses: [dose or 0.0 for dose in doses.normal_perfused_doses_gy])
    prior = model.prior_lung_dose_gy
    names = [territory.name for territory in model.territories]
    given: list[tuple[str, NDArray[np.float64], float | None]] = [
        ("lung", lungs[0], lung_limit_gy),
        ("lung_cumulative", lungs[0], None if cumulative_lung_limit_gy is None else cumulative_lung_limit_gy - prior),
        *(
            (f"normal_perfused:{name}", row, normal_perfused_limit_gy)
            for name, row in zip(names, perfused, strict=True)
        ),
        ("normal_whole", whole[0], normal_whole_limit_gy),
        *((f"activity:{name}", row, activity_limit_gbq) for name, row in zip(names, np.eye(n), strict=True)),
        *(("target", -row, target_tumor_dose_gy and -target_tumor_dose_gy) for row in tumors),
    ]
    limits = [(name, row, limit) for name, row, limit in given if limit is not None]
    smallest = objective == "max_min_tumor_dose"
    goals = {"max_tumor_energy": energy, "min_lung_energy": -lungs[0] * model.lung_mass_kg}
    rows = [*([*-row, 1.0] for row in tumors if smallest), *([*row, 0.0] for _, row, _ in limits)]
    bounds = [*(0.0 for _ in tumors if smallest), *(limit for _, _, limit in limits)]
    best = linear_programme([*np.zeros(n), 1.0] if smallest else [*goals[objective], 0.0], rows, bounds)
    if best is None:
        return SimpleNamespace(status="infeasible", doses=None)
    value, activities = best[0], best[1][:n]
    return SimpleNamespace(
        status="optimal",
        objective_value=-value if objective == "min_lung_energy" else value,
        delivered_activities_gbq=activities.tolist(),
        doses=model.doses(activities),
        binding=[name for name, row, limit in limits if row @ activities > limit - 1e-9 * abs(limit)],
    )
