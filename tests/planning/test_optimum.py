"""Activities that are best for an objective: worked examples, equally good plans, weights, portions of a tumor."""

from __future__ import annotations

import pytest
from optimum_samples import LIMITS, fed_twice, two_territories
from planning_samples import portion, territory, treatment

from yttria.planning import optimize_activities


@pytest.mark.claim("optimum_portions")
def test_the_optimum_of_worked_examples_is_found() -> None:
    even = optimize_activities(two_territories(), objective="max_min_tumor_dose", **LIMITS)
    assert even.delivered_activities_gbq == pytest.approx((3.498368, 1.584623), abs=5e-7)
    assert even.objective_value == pytest.approx(221.549014004001, rel=1e-12)
    assert (even.binding, even.lowest_tumors, even.objective_unit) == (("lung",), ("a", "b"), "Gy")
    assert even.doses is not None
    assert even.doses.lung_dose_gy == pytest.approx(30.0, rel=1e-12)
    energy = optimize_activities(two_territories(), objective="max_tumor_energy", **LIMITS)
    assert energy.delivered_activities_gbq == pytest.approx((2.691448, 4.005383), abs=5e-7)
    assert energy.objective_value == pytest.approx(270.268421052632, rel=1e-12)
    assert energy.binding == ("normal_perfused:left", "lung")


def test_if_only_the_lungs_bind_the_optimum_has_its_closed_form() -> None:
    plan = two_territories()
    matrix = plan.dose_matrix_gy_per_gbq
    per_gbq = [matrix[0, 0], matrix[1, 1]]
    z = 30 / (49.67 * (0.15 / per_gbq[0] + 0.05 / per_gbq[1]))
    assert optimize_activities(plan, objective="max_min_tumor_dose", **LIMITS).objective_value == pytest.approx(
        z, rel=1e-13
    )


def test_equally_good_plans_are_reported_and_the_smallest_is_used() -> None:
    """The tumor of the left territory is at its limit, so that more activity in the right one gains nothing."""
    result = optimize_activities(
        two_territories(),
        objective="max_min_tumor_dose",
        lung_limit_gy=None,
        cumulative_lung_limit_gy=None,
        normal_perfused_limit_gy={"left": 10.0, "right": 70.0},
    )
    assert result.objective_value == pytest.approx(80.0)
    assert result.lowest_tumors == ("a", "b")
    low, high = result.activity_ranges_gbq[0]
    assert result.delivered_activities_gbq[0] == pytest.approx(low)
    assert low == pytest.approx(80 / 63.32925)
    assert high == pytest.approx(70 / 10.554875)
    assert result.advisories[-1].code == "equally_good_plans"
    unique = optimize_activities(two_territories(), objective="max_min_tumor_dose", **LIMITS)
    assert unique.advisories == ()


def test_identical_territories_are_a_tie_and_not_a_failure() -> None:
    territories = [territory(n, 0.1, 0.4, [portion(n, 0.2, 5)]) for n in "abc"]
    plan = treatment(territories, overlap="disjoint")
    result = optimize_activities(plan, objective="max_tumor_energy", normal_perfused_limit_gy=70)
    total = 30 / (49.67 * 0.1)
    assert sum(result.delivered_activities_gbq) == pytest.approx(total)
    assert result.advisories[-1].code == "equally_good_plans"
    even = optimize_activities(plan, objective="max_min_tumor_dose", normal_perfused_limit_gy=70)
    assert even.delivered_activities_gbq == pytest.approx((total / 3,) * 3)


def test_weights_divide_the_dose() -> None:
    result = optimize_activities(two_territories(), objective="max_min_tumor_dose", tumor_weights={"b": 2.0}, **LIMITS)
    assert result.doses is not None
    a, b = (tumor.perfused_mean_dose_gy for tumor in result.doses.tumors)
    assert b == pytest.approx(2 * a)
    assert result.objective_value == pytest.approx(a)


def test_doses_of_portions_and_mean_doses_have_different_optima() -> None:
    plan = treatment(
        [
            territory("right", 0.15, 0.4, [portion("a", 0.6, 6)]),
            territory("left", 0.05, 0.3, [portion("a", 0.3, 8)]),
        ],
        overlap="disjoint",
        unperfused_tumor_mass_kg={"a": 0.1},
    )
    answers = {}
    for dose in ("portion", "perfused_mean", "whole_mean"):
        result = optimize_activities(plan, objective="max_min_tumor_dose", tumor_dose=dose, normal_perfused_limit_gy=70)
        assert result.objective_value is not None
        answers[dose] = result.objective_value
    assert answers["portion"] < answers["whole_mean"] < answers["perfused_mean"]
    assert answers["whole_mean"] == pytest.approx(0.9 * answers["perfused_mean"])
    targets = optimize_activities(
        plan, objective="min_lung_energy", tumor_dose="portion", target_tumor_dose_gy=100, normal_perfused_limit_gy=70
    )
    assert targets.binding == ("target:a:right", "target:a:left")


@pytest.mark.claim("optimum_portions")
def test_no_part_of_a_tumor_is_left_without_a_dose_by_default() -> None:
    result = optimize_activities(fed_twice(), objective="max_min_tumor_dose")
    assert result.delivered_activities_gbq == pytest.approx((3.93, 1.41), abs=0.005)
    assert result.doses is not None
    (right,), (left,) = result.doses.tumor_portion_doses_gy
    assert (right, left) == pytest.approx((107.0, 107.0), abs=0.5)
    assert not {"territory_without_activity", "portion_below_half_of_mean"} & {a.code for a in result.advisories}


def test_means_that_leave_a_part_without_a_dose_warn() -> None:
    result = optimize_activities(fed_twice(), objective="max_min_tumor_dose", tumor_dose="perfused_mean")
    assert result.delivered_activities_gbq == pytest.approx((6.04, 0.0), abs=0.005)
    codes = [a.code for a in result.advisories]
    assert {"territory_without_activity", "portion_below_half_of_mean"} <= set(codes)
    even = fed_twice().doses((3.93, 1.41))
    assert not {"territory_without_activity", "portion_below_half_of_mean"} & {a.code for a in even.advisories}
