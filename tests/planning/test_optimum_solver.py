"""The optimum compared with HiGHS, with the best corner and with random plans, and with shunts of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optimum_samples import LIMITS, OBJECTIVES, two_territories
from planning_samples import portion, territory, treatment
from scipy.optimize import linprog

from yttria.errors import UndefinedError
from yttria.planning import PartitionModel, optimize_activities
from yttria.reference.optimum import linear_programme


@st.composite
def cases(draw: st.DrawFn) -> tuple[PartitionModel, dict[str, Any]]:
    count = draw(st.integers(1, 4))
    mass, ratio = st.floats(0.02, 0.8), st.floats(0.5, 15)
    territories = [
        territory(
            f"t{k}",
            draw(st.sampled_from([0.0, 0.02, 0.1]) | st.floats(1e-4, 0.4)),
            draw(mass),
            [portion(f"x{i}", draw(mass), draw(ratio)) for i in range(2) if i == k % 2 or draw(st.booleans())],
        )
        for k in range(count)
    ]
    plan = treatment(
        territories, overlap="disjoint", normal_total_mass_kg=4.0, prior_lung_dose_gy=draw(st.sampled_from([0.0, 28.0]))
    )
    limits = {
        "objective": draw(st.sampled_from(OBJECTIVES)),
        "tumor_dose": draw(st.sampled_from(["portion", "perfused_mean", "whole_mean"])),
        "normal_perfused_limit_gy": draw(st.floats(20, 120)),
        "normal_whole_limit_gy": draw(st.none() | st.floats(10, 60)),
        "activity_limit_gbq": draw(st.none() | st.floats(1, 20)),
        "target_tumor_dose_gy": draw(st.floats(20, 150)),
    }
    return plan, limits


def programme(plan: PartitionModel, given: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same problem as `maximize c x, A x <= b`, made from the dose matrix."""
    matrix, rows, n = plan.dose_matrix_gy_per_gbq, plan.rows, len(plan.territories)
    kind = {"portion": "tumor_portion", "perfused_mean": "tumor_perfused", "whole_mean": "tumor_whole"}[
        given["tumor_dose"]
    ]
    tumors = [i for i, row in enumerate(rows) if row.kind == kind]
    a, b = [], []
    for i, row in enumerate(rows):
        if row.kind == "lung":
            a += [matrix[i]] * 2
            b += [30.0, 50.0 - plan.prior_lung_dose_gy]
        elif row.kind == "normal_perfused":
            a.append(matrix[i])
            b.append(given["normal_perfused_limit_gy"])
        elif row.kind == "normal_whole" and given["normal_whole_limit_gy"] is not None:
            a.append(matrix[i])
            b.append(given["normal_whole_limit_gy"])
        elif i in tumors and given["target_tumor_dose_gy"] is not None:
            a.append(-matrix[i])
            b.append(-given["target_tumor_dose_gy"])
    if given["activity_limit_gbq"] is not None:
        a += list(np.eye(n))
        b += [given["activity_limit_gbq"]] * n
    masses = np.array([row.mass_kg for row in rows])
    lung = [row.kind for row in rows].index("lung")
    if given["objective"] == "max_min_tumor_dose":
        a = [np.append(row, 0.0) for row in a] + [np.append(-matrix[i], 1.0) for i in tumors]
        b += [0.0] * len(tumors)
        c = np.append(np.zeros(n), 1.0)
    elif given["objective"] == "max_tumor_energy":
        portions = [i for i, row in enumerate(rows) if row.kind == "tumor_portion"]
        c = masses[portions] @ matrix[portions]
    else:
        c = -masses[lung] * matrix[lung]
    return c, np.array(a), np.array(b)


@pytest.mark.claim("optimum_portions")
@settings(max_examples=80, deadline=None)
@given(cases())
def test_the_optimum_is_that_of_highs(case: tuple[PartitionModel, dict[str, Any]]) -> None:
    plan, given_limits = case
    c, a, b = programme(plan, given_limits)
    theirs = linprog(-c, A_ub=a, b_ub=b, method="highs-ds")
    ours = optimize_activities(plan, **given_limits)
    if theirs.status == 2:
        assert ours.status == "infeasible"
        return
    assert theirs.status == 0
    assert ours.status == "optimal"
    assert ours.objective_value == pytest.approx(abs(theirs.fun), rel=1e-9, abs=1e-9)
    x = np.array(ours.delivered_activities_gbq)
    if given_limits["objective"] == "max_min_tumor_dose":
        x = np.append(x, ours.objective_value)
    assert np.all(a @ x <= b + 1e-8 * np.maximum(1, abs(b)))
    assert np.all(x >= 0)


@settings(max_examples=15, deadline=None)
@given(cases())
def test_the_optimum_is_the_best_corner(case: tuple[PartitionModel, dict[str, Any]]) -> None:
    plan, given_limits = case
    ours = optimize_activities(plan, **given_limits)
    best = linear_programme(*programme(plan, given_limits))
    if best is None:
        assert ours.status == "infeasible"
    else:
        assert ours.objective_value == pytest.approx(abs(best[0]), rel=1e-9, abs=1e-9)


@settings(max_examples=12, deadline=None)
@given(cases(), st.integers(0, 2**32 - 1))
def test_no_random_feasible_point_is_better(case: tuple[PartitionModel, dict[str, Any]], seed: int) -> None:
    plan, given_limits = case
    given_limits = {**given_limits, "objective": "max_min_tumor_dose", "target_tumor_dose_gy": None}
    ours = optimize_activities(plan, **given_limits)
    assert ours.status == "optimal"
    _, a, b = programme(plan, {**given_limits, "objective": "max_tumor_energy"})
    rng = np.random.default_rng(seed)
    direction = rng.random((20_000, a.shape[1])) ** rng.choice([0.3, 1, 3], (20_000, 1))
    with np.errstate(divide="ignore"):
        reach = np.min(np.where(direction @ a.T > 0, b / (direction @ a.T), np.inf), axis=1)
    points = direction * (reach * rng.random(20_000) ** 0.05)[:, None]
    matrix, kind = plan.dose_matrix_gy_per_gbq, {"portion": "tumor_portion", "perfused_mean": "tumor_perfused"}
    tumors = [i for i, row in enumerate(plan.rows) if row.kind == kind.get(given_limits["tumor_dose"], "tumor_whole")]
    smallest = (points @ matrix[tumors].T).min(axis=1)
    feasible = np.all(points @ a.T <= b * (1 + 1e-12), axis=1)
    assert feasible.sum() >= 10_000
    assert smallest[feasible].max() <= (ours.objective_value or 0.0) * (1 + 1e-9)


@pytest.mark.parametrize("shunt", [5e-324, 1e-200, 1e-45, 1e-14, 1e-12])
def test_an_absurdly_small_shunt_does_not_limit(shunt: float) -> None:
    plan = treatment([territory("a", shunt, 0.5, [portion("x", 0.1, 4)])], overlap="disjoint")
    for objective in OBJECTIVES[:2]:
        with pytest.raises(UndefinedError, match="no limit holds the activity of a below 100 GBq"):
            optimize_activities(plan, objective=objective)
        assert optimize_activities(plan, objective=objective, normal_perfused_limit_gy=40).binding == (
            "normal_perfused:a",
        )
    least = optimize_activities(plan, objective="min_lung_energy", target_tumor_dose_gy=100, tumor_dose="perfused_mean")
    assert least.binding == ("target:x",)


def test_a_tiny_shunt_is_solved_as_exactly_as_a_large_one() -> None:
    for shunt in (1e-9, 1e-6, 1e-3):
        plan = treatment(
            [
                territory("a", shunt, 0.5, [portion("x", 0.1, 4)]),
                territory("b", 0.2, 0.001, [portion("y", 1.5, 20)]),
            ],
            overlap="disjoint",
        )
        result = optimize_activities(plan, objective="max_tumor_energy", normal_perfused_limit_gy=70)
        assert result.binding == ("normal_perfused:a", "lung"), shunt
        expected = (30 / 49.67 - shunt * result.delivered_activities_gbq[0]) / 0.2
        assert result.delivered_activities_gbq[1] == pytest.approx(expected, rel=1e-12)


def test_the_same_problem_has_the_same_optimum_bit_for_bit() -> None:
    plan = two_territories()
    first = optimize_activities(plan, objective="max_tumor_energy", **LIMITS)
    assert all(
        optimize_activities(two_territories(), objective="max_tumor_energy", **LIMITS) == first for _ in range(20)
    )
