from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planning_samples import portion, territory, treatment
from scipy.optimize import linprog

from yttria.errors import OutOfRangeError, UndefinedError, UnknownNameError
from yttria.planning import Optimum, PartitionModel, optimize_activities
from yttria.reference.optimum import linear_programme

OBJECTIVES = ("max_min_tumor_dose", "max_tumor_energy", "min_lung_energy")
LIMITS = {"normal_perfused_limit_gy": 70.0, "normal_whole_limit_gy": 40.0}


def two(**extra: Any) -> PartitionModel:
    return treatment(
        [
            territory("right", 0.15, 0.4, [portion("a", 0.6, 6)]),
            territory("left", 0.05, 0.3, [portion("b", 0.3, 8)]),
        ],
        overlap="disjoint",
        normal_total_mass_kg=1.5,
        **extra,
    )


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
    """The same question as `maximize c x, A x <= b`, written down from the dose matrix."""
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


def test_the_examples_of_the_specification() -> None:
    even = optimize_activities(two(), objective="max_min_tumor_dose", **LIMITS)
    assert even.delivered_activities_gbq == pytest.approx((3.498368, 1.584623), abs=5e-7)
    assert even.objective_value == pytest.approx(221.549014004001, rel=1e-12)
    assert (even.binding, even.lowest_tumors, even.objective_unit) == (("lung",), ("a", "b"), "Gy")
    assert even.doses is not None
    assert even.doses.lung_dose_gy == pytest.approx(30.0, rel=1e-12)
    energy = optimize_activities(two(), objective="max_tumor_energy", **LIMITS)
    assert energy.delivered_activities_gbq == pytest.approx((2.691448, 4.005383), abs=5e-7)
    assert energy.objective_value == pytest.approx(270.268421052632, rel=1e-12)
    assert energy.binding == ("normal_perfused:left", "lung")


def test_only_the_lungs_bind_the_closed_form() -> None:
    plan = two()
    matrix = plan.dose_matrix_gy_per_gbq
    per_gbq = [matrix[0, 0], matrix[1, 1]]
    z = 30 / (49.67 * (0.15 / per_gbq[0] + 0.05 / per_gbq[1]))
    assert optimize_activities(plan, objective="max_min_tumor_dose", **LIMITS).objective_value == pytest.approx(
        z, rel=1e-13
    )


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_shadow_price_is_the_slope(objective: str) -> None:
    """Moving each limit by a hundredth of it moves the objective by what its price says."""
    targets: dict[str, Any] = {"target_tumor_dose_gy": 205.0} if objective == "min_lung_energy" else {}
    question = {"objective": objective, "lung_limit_gy": 30.0, **LIMITS, **targets}
    base = optimize_activities(two(), **question)
    assert base.shadow_prices
    for price in base.shadow_prices:
        name = price.constraint.split(":")[0]
        key = {
            "lung": "lung_limit_gy",
            "normal_perfused": "normal_perfused_limit_gy",
            "target": "target_tumor_dose_gy",
        }[name]
        changed = dict(question)
        step = 0.01 * question[key] * (-1 if name == "target" else 1)
        if ":" in price.constraint:
            names = ("a", "b") if name == "target" else ("right", "left")
            changed[key] = dict.fromkeys(names, question[key]) | {price.constraint.split(":")[1]: question[key] + step}
        else:
            changed[key] = question[key] + step
        change = optimize_activities(two(), **changed).objective_value - base.objective_value  # type: ignore[operator]
        assert change == pytest.approx(price.if_relaxed * abs(step), rel=1e-6)
        assert price.if_tightened == pytest.approx(-price.if_relaxed, rel=1e-9)
    units = {price.unit for price in base.shadow_prices}
    assert units == {f"{'Gy' if objective == 'max_min_tumor_dose' else 'J'} per Gy"}


def test_prices_sum_to_the_objective() -> None:
    """Strong duality: every limit times its price, added up, is the optimum."""
    for objective in OBJECTIVES[:2]:
        result = optimize_activities(two(), objective=objective, **LIMITS)
        limits = {c.name: c.limit for c in result.constraints}
        total = sum(limits[p.constraint] * p.if_relaxed for p in result.shadow_prices)
        assert total == pytest.approx(result.objective_value, rel=1e-12)


def test_limits_that_bind_at_once_have_two_prices() -> None:
    result = optimize_activities(two(prior_lung_dose_gy=20.0), objective="max_tumor_energy", **LIMITS)
    lungs = {p.constraint: p for p in result.shadow_prices if p.constraint.startswith("lung")}
    assert set(lungs) == {"lung", "lung_cumulative"}
    for price in lungs.values():
        assert price.if_relaxed == pytest.approx(0.0, abs=1e-12)
        assert price.if_tightened == pytest.approx(-5.1)


def test_prior_lung_dose_counts_for_the_cumulative_limit_alone() -> None:
    result = optimize_activities(two(prior_lung_dose_gy=35.0), objective="max_min_tumor_dose", **LIMITS)
    assert result.binding == ("lung_cumulative",)
    assert result.objective_value == pytest.approx(221.549014004001 / 2)
    value = {c.name: c.value for c in result.constraints}
    assert (value["lung"], value["lung_cumulative"]) == pytest.approx((15, 50))


def test_a_limit_that_is_already_exceeded_is_its_own_conflict() -> None:
    result = optimize_activities(two(prior_lung_dose_gy=55.0), objective="max_min_tumor_dose", **LIMITS)
    assert (result.status, [c.name for c in result.conflict]) == ("infeasible", ["lung_cumulative"])
    assert result.objective_value is None
    assert result.delivered_activities_gbq == ()
    assert result.doses is None


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_earlier_liver_dose_is_the_same_as_a_lower_limit(objective: str) -> None:
    question: dict[str, Any] = {"objective": objective, "target_tumor_dose_gy": 20.0, "lung_limit_gy": None}
    prior = two(prior_normal_perfused_dose_gy={"right": 30.0}, prior_normal_whole_dose_gy=10.0)
    result = optimize_activities(prior, **question, **LIMITS)
    lower = {"normal_perfused_limit_gy": {"right": 40.0, "left": 70.0}, "normal_whole_limit_gy": 30.0}
    expected = optimize_activities(two(), **question, **lower)
    assert result.delivered_activities_gbq == pytest.approx(expected.delivered_activities_gbq, rel=1e-12)
    limits, values = {c.name: c.limit for c in result.constraints}, {c.name: c.value for c in result.constraints}
    assert (limits["normal_perfused:right"], limits["normal_whole"]) == (70.0, 40.0)
    assert result.doses is not None
    assert values["normal_perfused:right"] == pytest.approx(30.0 + result.doses.normal_perfused_doses_gy[0])
    assert result.doses.cumulative_normal_perfused_doses_gy[0] == pytest.approx(values["normal_perfused:right"])
    assert result.doses.cumulative_normal_whole_dose_gy == pytest.approx(values["normal_whole"])


def test_more_than_a_vial_into_one_territory_warns() -> None:
    advisories = two().doses([25.0, 1.0]).advisories
    (large,) = (a for a in advisories if a.code == "activity_above_vial")
    assert large.value == 25.0
    assert large.message.startswith("Territory 'right': The vial must hold 25 GBq")


def test_an_earlier_dose_to_the_whole_liver_is_at_least_what_its_parts_had() -> None:
    assert two(prior_normal_perfused_dose_gy={"right": 30.0}).resolved_prior_normal_whole_dose_gy == pytest.approx(
        30 * 0.4 / 1.5
    )
    with pytest.raises(OutOfRangeError, match="at least what the dose to its parts makes in the mean, 8, got 5"):
        two(prior_normal_perfused_dose_gy={"right": 30.0}, prior_normal_whole_dose_gy=5.0)
    with pytest.raises(UnknownNameError, match="one of right, left, got 'middle'"):
        two(prior_normal_perfused_dose_gy={"middle": 30.0})
    with pytest.raises(OutOfRangeError, match="'left' must be finite and >= 0"):
        two(prior_normal_perfused_dose_gy={"left": -1.0})


def test_a_liver_limit_that_is_already_exceeded_is_its_own_conflict() -> None:
    plan = two(prior_normal_perfused_dose_gy={"left": 71.0})
    result = optimize_activities(plan, objective="max_min_tumor_dose", normal_perfused_limit_gy=70.0)
    assert [c.name for c in result.conflict] == ["normal_perfused:left"]
    assert "normal_perfused:left (70 Gy, of which earlier treatments gave 71 Gy)" in result.advisories[-1].message


def test_an_earlier_dose_without_its_limit_is_not_left_out_in_silence() -> None:
    plan = two(prior_lung_dose_gy=5.0, prior_normal_perfused_dose_gy={"left": 20.0})
    codes = [
        a.code
        for a in optimize_activities(plan, objective="max_min_tumor_dose", normal_perfused_limit_gy=70.0).advisories
    ]
    assert codes.count("prior_dose_not_counted") == 1  # the mean over all normal liver
    assert "prior_dose_not_counted" not in [
        a.code for a in optimize_activities(plan, objective="max_min_tumor_dose", **LIMITS).advisories
    ]


def test_the_conflict_is_minimal() -> None:
    targets = {"a": 400.0, "b": 500.0}
    question: dict[str, Any] = {"objective": "min_lung_energy", "target_tumor_dose_gy": targets, **LIMITS}
    question["tumor_dose"] = "perfused_mean"
    result = optimize_activities(two(), **question)
    names = [c.name for c in result.conflict]
    assert names == ["target:a", "lung"]
    assert result.advisories[-1].code == "infeasible"
    # Without either of the two the rest can be met.
    assert optimize_activities(two(), **{**question, "target_tumor_dose_gy": {"b": 500.0}}).status == "optimal"
    free = {**question, "lung_limit_gy": None, "cumulative_lung_limit_gy": None}
    assert optimize_activities(two(), **free).status == "optimal"


def test_equally_good_plans_are_pointed_out_and_the_smallest_taken() -> None:
    """The tumor of the left territory is at its limit: nothing is gained by how much the right one gets above it."""
    result = optimize_activities(
        two(),
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
    unique = optimize_activities(two(), objective="max_min_tumor_dose", **LIMITS)
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


def test_the_same_question_gives_the_same_bits() -> None:
    plan = two()
    first = optimize_activities(plan, objective="max_tumor_energy", **LIMITS)
    assert all(optimize_activities(two(), objective="max_tumor_energy", **LIMITS) == first for _ in range(20))


def test_whatever_holds_the_objective_is_needed() -> None:
    nothing = {"lung_limit_gy": None, "cumulative_lung_limit_gy": None}
    with pytest.raises(UndefinedError, match="no limit holds the activity of right, left"):
        optimize_activities(two(), objective="max_tumor_energy", **nothing)
    with pytest.raises(UndefinedError, match="no limit holds the activity of left"):
        optimize_activities(two(), objective="max_tumor_energy", activity_limit_gbq={"right": 5.0}, **nothing)
    with pytest.raises(UndefinedError, match="without a target"):
        optimize_activities(two(), objective="min_lung_energy")
    bounded = optimize_activities(two(), objective="max_tumor_energy", activity_limit_gbq=5.0, **nothing)
    assert bounded.delivered_activities_gbq == pytest.approx((5, 5))
    assert bounded.binding == ("activity:right", "activity:left")
    assert bounded.shadow_prices[0].unit == "J per GBq"


def test_no_shunt_no_lung_limit() -> None:
    plan = treatment([territory("a", 0.0, 0.5, [portion("x", 0.1, 4)])], overlap="disjoint")
    with pytest.raises(UndefinedError, match="no limit holds"):
        optimize_activities(plan, objective="max_tumor_energy")
    assert optimize_activities(plan, objective="max_tumor_energy", normal_perfused_limit_gy=40).binding == (
        "normal_perfused:a",
    )


def test_a_target_beyond_any_vial_is_a_conflict_with_the_activity() -> None:
    plan = treatment([territory("a", 0.0, 2.0, [portion("x", 1.0, 1)])], overlap="disjoint")
    result = optimize_activities(
        plan, objective="min_lung_energy", target_tumor_dose_gy=1900, tumor_dose="perfused_mean"
    )
    assert [(c.name, c.limit, c.unit) for c in result.conflict] == [
        ("target:x", 1900, "Gy"),
        ("activity:a", 100, "GBq"),
    ]


@pytest.mark.parametrize("shunt", [5e-324, 1e-200, 1e-45, 1e-14, 1e-12])
def test_an_absurdly_small_shunt_is_none(shunt: float) -> None:
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


def test_weights_divide_the_dose() -> None:
    result = optimize_activities(two(), objective="max_min_tumor_dose", tumor_weights={"b": 2.0}, **LIMITS)
    assert result.doses is not None
    a, b = (tumor.perfused_mean_dose_gy for tumor in result.doses.tumors)
    assert b == pytest.approx(2 * a)
    assert result.objective_value == pytest.approx(a)


def test_portions_and_means_are_different_questions() -> None:
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
def test_bad_questions_are_errors(question: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        optimize_activities(two(), **{"objective": "max_min_tumor_dose", **LIMITS, **question})


def test_a_normal_whole_limit_needs_the_mass() -> None:
    plan = treatment([territory("a", 0.1, 0.5, [portion("x", 0.1, 4)])], overlap="disjoint")
    with pytest.raises(UndefinedError, match="needs its mass"):
        optimize_activities(plan, objective="max_tumor_energy", normal_whole_limit_gy=40)
    empty = treatment([territory("a", 0.1, 0.5)], overlap="disjoint")
    with pytest.raises(UndefinedError, match="no tumor"):
        optimize_activities(empty, objective="max_tumor_energy")
    assert isinstance(optimize_activities(plan, objective="max_tumor_energy"), Optimum)


# A tumor fed by two territories


def _fed_twice(**priors: Any) -> PartitionModel:
    return treatment(
        [
            territory("right", 0.10, 0.2, [portion("t", 1.590, 4.0)]),
            territory("left", 0.15, 0.1, [portion("t", 0.530, 4.0)]),
        ],
        overlap="disjoint",
        **priors,
    )


def test_no_part_of_a_tumor_is_left_without_a_dose_by_default() -> None:
    result = optimize_activities(_fed_twice(), objective="max_min_tumor_dose")
    assert result.delivered_activities_gbq == pytest.approx((3.93, 1.41), abs=0.005)
    assert result.doses is not None
    (right,), (left,) = result.doses.tumor_portion_doses_gy
    assert (right, left) == pytest.approx((107.0, 107.0), abs=0.5)
    assert not {"territory_without_activity", "portion_below_half_of_mean"} & {a.code for a in result.advisories}


def test_means_that_leave_a_part_without_a_dose_say_so() -> None:
    result = optimize_activities(_fed_twice(), objective="max_min_tumor_dose", tumor_dose="perfused_mean")
    assert result.delivered_activities_gbq == pytest.approx((6.04, 0.0), abs=0.005)
    codes = [a.code for a in result.advisories]
    assert {"territory_without_activity", "portion_below_half_of_mean"} <= set(codes)
    even = _fed_twice().doses((3.93, 1.41))
    assert not {"territory_without_activity", "portion_below_half_of_mean"} & {a.code for a in even.advisories}


def test_prior_doses_of_normal_liver_count_against_its_limits() -> None:
    free = optimize_activities(_fed_twice(), objective="max_min_tumor_dose", normal_perfused_limit_gy=20.0)
    assert free.doses is not None
    prior = optimize_activities(
        _fed_twice(prior_normal_perfused_dose_gy={"right": 30.0}),
        objective="max_min_tumor_dose",
        normal_perfused_limit_gy={"right": 50.0, "left": 20.0},
    )
    assert prior.doses is not None
    # 20 Gy are left of 50 after 30, in the right territory.
    assert prior.delivered_activities_gbq == pytest.approx(free.delivered_activities_gbq, rel=1e-9)
    assert prior.doses.cumulative_normal_perfused_doses_gy[0] == pytest.approx(50.0)
    assert "normal_perfused:right" in prior.binding
    spent = optimize_activities(
        _fed_twice(prior_normal_perfused_dose_gy={"right": 30.0}),
        objective="max_min_tumor_dose",
        normal_perfused_limit_gy=20.0,
    )
    assert (spent.status, [c.name for c in spent.conflict]) == ("infeasible", ["normal_perfused:right"])
