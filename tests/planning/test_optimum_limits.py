"""Limits of the optimum: doses of earlier treatments, conflicts, and limits that are missing."""

from __future__ import annotations

from typing import Any

import pytest
from optimum_samples import LIMITS, OBJECTIVES, fed_twice, two_territories
from planning_samples import portion, territory, treatment

from yttria.errors import OutOfRangeError, UndefinedError, UnknownNameError
from yttria.planning import Optimum, optimize_activities


def test_prior_lung_dose_counts_for_the_cumulative_limit_alone() -> None:
    result = optimize_activities(two_territories(prior_lung_dose_gy=35.0), objective="max_min_tumor_dose", **LIMITS)
    assert result.binding == ("lung_cumulative",)
    assert result.objective_value == pytest.approx(221.549014004001 / 2)
    value = {c.name: c.value for c in result.constraints}
    assert (value["lung"], value["lung_cumulative"]) == pytest.approx((15, 50))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_earlier_liver_dose_is_the_same_as_a_lower_limit(objective: str) -> None:
    question: dict[str, Any] = {"objective": objective, "target_tumor_dose_gy": 20.0, "lung_limit_gy": None}
    prior = two_territories(prior_normal_perfused_dose_gy={"right": 30.0}, prior_normal_whole_dose_gy=10.0)
    result = optimize_activities(prior, **question, **LIMITS)
    lower = {"normal_perfused_limit_gy": {"right": 40.0, "left": 70.0}, "normal_whole_limit_gy": 30.0}
    expected = optimize_activities(two_territories(), **question, **lower)
    assert result.delivered_activities_gbq == pytest.approx(expected.delivered_activities_gbq, rel=1e-12)
    limits, values = {c.name: c.limit for c in result.constraints}, {c.name: c.value for c in result.constraints}
    assert (limits["normal_perfused:right"], limits["normal_whole"]) == (70.0, 40.0)
    assert result.doses is not None
    assert values["normal_perfused:right"] == pytest.approx(30.0 + result.doses.normal_perfused_doses_gy[0])
    assert result.doses.cumulative_normal_perfused_doses_gy[0] == pytest.approx(values["normal_perfused:right"])
    assert result.doses.cumulative_normal_whole_dose_gy == pytest.approx(values["normal_whole"])


def test_an_earlier_dose_to_the_whole_liver_is_at_least_that_of_its_parts() -> None:
    assert two_territories(
        prior_normal_perfused_dose_gy={"right": 30.0}
    ).resolved_prior_normal_whole_dose_gy == pytest.approx(30 * 0.4 / 1.5)
    with pytest.raises(OutOfRangeError, match="at least the mean that follows from the dose to its parts, 8, got 5"):
        two_territories(prior_normal_perfused_dose_gy={"right": 30.0}, prior_normal_whole_dose_gy=5.0)
    with pytest.raises(UnknownNameError, match="one of right, left, got 'middle'"):
        two_territories(prior_normal_perfused_dose_gy={"middle": 30.0})
    with pytest.raises(OutOfRangeError, match="'left' must be finite and >= 0"):
        two_territories(prior_normal_perfused_dose_gy={"left": -1.0})


def test_an_earlier_dose_without_its_limit_is_not_left_out_in_silence() -> None:
    plan = two_territories(prior_lung_dose_gy=5.0, prior_normal_perfused_dose_gy={"left": 20.0})
    codes = [
        a.code
        for a in optimize_activities(plan, objective="max_min_tumor_dose", normal_perfused_limit_gy=70.0).advisories
    ]
    assert codes.count("prior_dose_not_counted") == 1  # the mean over all normal liver
    assert "prior_dose_not_counted" not in [
        a.code for a in optimize_activities(plan, objective="max_min_tumor_dose", **LIMITS).advisories
    ]


def test_prior_doses_of_normal_liver_count_against_its_limits() -> None:
    free = optimize_activities(fed_twice(), objective="max_min_tumor_dose", normal_perfused_limit_gy=20.0)
    assert free.doses is not None
    prior = optimize_activities(
        fed_twice(prior_normal_perfused_dose_gy={"right": 30.0}),
        objective="max_min_tumor_dose",
        normal_perfused_limit_gy={"right": 50.0, "left": 20.0},
    )
    assert prior.doses is not None
    # 20 Gy are left of 50 after 30, in the right territory.
    assert prior.delivered_activities_gbq == pytest.approx(free.delivered_activities_gbq, rel=1e-9)
    assert prior.doses.cumulative_normal_perfused_doses_gy[0] == pytest.approx(50.0)
    assert "normal_perfused:right" in prior.binding
    spent = optimize_activities(
        fed_twice(prior_normal_perfused_dose_gy={"right": 30.0}),
        objective="max_min_tumor_dose",
        normal_perfused_limit_gy=20.0,
    )
    assert (spent.status, [c.name for c in spent.conflict]) == ("infeasible", ["normal_perfused:right"])


def test_a_limit_that_is_already_exceeded_is_its_own_conflict() -> None:
    result = optimize_activities(two_territories(prior_lung_dose_gy=55.0), objective="max_min_tumor_dose", **LIMITS)
    assert (result.status, [c.name for c in result.conflict]) == ("infeasible", ["lung_cumulative"])
    assert result.objective_value is None
    assert result.delivered_activities_gbq == ()
    assert result.doses is None


def test_a_liver_limit_that_is_already_exceeded_is_its_own_conflict() -> None:
    plan = two_territories(prior_normal_perfused_dose_gy={"left": 71.0})
    result = optimize_activities(plan, objective="max_min_tumor_dose", normal_perfused_limit_gy=70.0)
    assert [c.name for c in result.conflict] == ["normal_perfused:left"]
    assert "normal_perfused:left (70 Gy, of which earlier treatments gave 71 Gy)" in result.advisories[-1].message


def test_the_conflict_is_minimal() -> None:
    targets = {"a": 400.0, "b": 500.0}
    question: dict[str, Any] = {"objective": "min_lung_energy", "target_tumor_dose_gy": targets, **LIMITS}
    question["tumor_dose"] = "perfused_mean"
    result = optimize_activities(two_territories(), **question)
    names = [c.name for c in result.conflict]
    assert names == ["target:a", "lung"]
    assert result.advisories[-1].code == "infeasible"
    # Without either of the two the rest can be met.
    assert (
        optimize_activities(two_territories(), **{**question, "target_tumor_dose_gy": {"b": 500.0}}).status == "optimal"
    )
    free = {**question, "lung_limit_gy": None, "cumulative_lung_limit_gy": None}
    assert optimize_activities(two_territories(), **free).status == "optimal"


def test_a_target_beyond_any_vial_is_a_conflict_with_the_activity() -> None:
    plan = treatment([territory("a", 0.0, 2.0, [portion("x", 1.0, 1)])], overlap="disjoint")
    result = optimize_activities(
        plan, objective="min_lung_energy", target_tumor_dose_gy=1900, tumor_dose="perfused_mean"
    )
    assert [(c.name, c.limit, c.unit) for c in result.conflict] == [
        ("target:x", 1900, "Gy"),
        ("activity:a", 100, "GBq"),
    ]


def test_an_optimum_without_the_limits_that_it_needs_is_refused() -> None:
    nothing = {"lung_limit_gy": None, "cumulative_lung_limit_gy": None}
    with pytest.raises(UndefinedError, match="no limit holds the activity of right, left"):
        optimize_activities(two_territories(), objective="max_tumor_energy", **nothing)
    with pytest.raises(UndefinedError, match="no limit holds the activity of left"):
        optimize_activities(
            two_territories(), objective="max_tumor_energy", activity_limit_gbq={"right": 5.0}, **nothing
        )
    with pytest.raises(UndefinedError, match="without a target"):
        optimize_activities(two_territories(), objective="min_lung_energy")
    bounded = optimize_activities(two_territories(), objective="max_tumor_energy", activity_limit_gbq=5.0, **nothing)
    assert bounded.delivered_activities_gbq == pytest.approx((5, 5))
    assert bounded.binding == ("activity:right", "activity:left")
    assert bounded.shadow_prices[0].unit == "J per GBq"


def test_without_a_shunt_the_lungs_do_not_limit() -> None:
    plan = treatment([territory("a", 0.0, 0.5, [portion("x", 0.1, 4)])], overlap="disjoint")
    with pytest.raises(UndefinedError, match="no limit holds"):
        optimize_activities(plan, objective="max_tumor_energy")
    assert optimize_activities(plan, objective="max_tumor_energy", normal_perfused_limit_gy=40).binding == (
        "normal_perfused:a",
    )


def test_a_normal_whole_limit_needs_the_mass() -> None:
    plan = treatment([territory("a", 0.1, 0.5, [portion("x", 0.1, 4)])], overlap="disjoint")
    with pytest.raises(UndefinedError, match="needs its mass"):
        optimize_activities(plan, objective="max_tumor_energy", normal_whole_limit_gy=40)
    empty = treatment([territory("a", 0.1, 0.5)], overlap="disjoint")
    with pytest.raises(UndefinedError, match="no tumor"):
        optimize_activities(empty, objective="max_tumor_energy")
    assert isinstance(optimize_activities(plan, objective="max_tumor_energy"), Optimum)


@pytest.mark.parametrize(
    ("question", "error", "text"),
    [
        ({"objective": "best"}, UnknownNameError, "max_min_tumor_dose, max_tumor_energy, min_lung_energy"),
        ({"tumor_dose": "mean"}, UnknownNameError, "portion, perfused_mean, whole_mean"),
        ({"lung_limit_gy": -1}, OutOfRangeError, "lung limit"),
        ({"lung_limit_gy": float("nan")}, OutOfRangeError, "lung limit"),
        ({"cumulative_lung_limit_gy": float("inf")}, OutOfRangeError, "cumulative lung limit"),
        ({"normal_perfused_limit_gy": {"middle": 70}}, UnknownNameError, "right, left"),
        ({"normal_perfused_limit_gy": 0}, OutOfRangeError, "'right'"),
        ({"normal_whole_limit_gy": -5}, OutOfRangeError, "whole normal"),
        ({"activity_limit_gbq": 3000}, OutOfRangeError, "looks like MBq"),
        ({"target_tumor_dose_gy": {"c": 100}}, UnknownNameError, "got 'c'"),
        ({"target_tumor_dose_gy": 5000}, OutOfRangeError, "target dose"),
        ({"tumor_weights": {"a": 0}}, OutOfRangeError, "weight of lesion 'a'"),
        ({"tumor_weights": {"c": 1}}, UnknownNameError, "got 'c'"),
    ],
)
def test_impossible_problems_are_refused(question: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        optimize_activities(two_territories(), **{"objective": "max_min_tumor_dose", **LIMITS, **question})
