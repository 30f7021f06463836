"""The best activities of a voxel plan: known answers, a grid search, random plans that are never better, HiGHS."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from measured_figures import Measured
from scipy.optimize import linprog
from voxel_plan_samples import AFFINE, ManyActivities, best_of_random, random_plan, random_question, two_territories

from yttria import Image, Structure
from yttria.errors import ArgumentError, OutOfRangeError, UndefinedError, UnknownNameError, YttriaError
from yttria.planning import DoseLimit, DoseQuantity, InjectionMap, VoxelPlan, optimize_voxel_activities, voxel_plan
from yttria.reference import voxel_plan as reference

#: Allowed advantage of a random plan over the optimum, which is the margin of a limit on a volume at a dose.
NEVER_BETTER = 2e-6


@pytest.fixture(scope="module")
def plan() -> VoxelPlan:
    return two_territories()


def activities(best: Any) -> list[float]:
    return list(best.delivered_activities_gbq.values())


# One injection: the optimum is the largest factor


@pytest.mark.parametrize(
    ("limit", "quantity"),
    [
        ("Normal: mean <= 40 Gy", "Normal: mean"),
        ("Normal: D30 <= 40 Gy", "Normal: D30"),
        ("Normal: NTCP(strigari-2010-resin-hcc) <= 5 %", "Normal: NTCP(strigari-2010-resin-hcc)"),
        ("Liver: gEUD(a=3) <= 60 Gy", "Liver: gEUD(a=3)"),
        ("Liver: EUD(alpha_per_gy=0.02) <= 25 Gy", "Liver: EUD(alpha_per_gy=0.02)"),
        ("lungs: mean <= 12 Gy", "lungs: mean"),
    ],
)
def test_one_injection_reaches_its_limit(plan: VoxelPlan, limit: str, quantity: str) -> None:
    one = voxel_plan(plan.injections[:1], plan.structures)
    best = optimize_voxel_activities(one, goal="Tumor A: D70", limits=[limit])
    level = float(limit.split("<=")[1].split()[0]) * (0.01 if limit.endswith("%") else 1.0)
    (found,) = one.doses(activities(best), quantities=[quantity]).quantities
    assert found.value == pytest.approx(level, rel=1e-9)
    assert len(best.binding) == 1
    assert best.binding[0] == limit
    assert best.goal_bound == pytest.approx(best.goal_value, rel=1e-9)


def test_a_limit_on_a_volume_at_a_dose_is_kept_and_nearly_reached(plan: VoxelPlan) -> None:
    one = voxel_plan(plan.injections[:1], plan.structures)
    best = optimize_voxel_activities(one, goal="Tumor A: mean", limits=["Liver: V30 <= 37 %"])
    value = best.constraints[0].value
    one_voxel = 1.0 / 16**3
    assert value is not None
    assert 0.37 - one_voxel <= value <= 0.37
    more = one.doses([1.00001 * a for a in activities(best)], quantities=["Liver: V30"])
    assert more.quantities[0].value > 0.37


# Several injections


def test_means_are_a_linear_programme_with_dual_values(plan: VoxelPlan) -> None:
    goals, limits = ["Tumor A: mean", "Tumor B: mean"], ["Normal: mean <= 40 Gy"]
    best = optimize_voxel_activities(plan, goal=goals, limits=limits)
    assert best.exact
    assert best.goal[0].value == pytest.approx(best.goal[1].value, rel=1e-12)
    (price,) = best.shadow_prices
    relaxed = optimize_voxel_activities(plan, goal=goals, limits=["Normal: mean <= 40.5 Gy"])
    assert price.if_relaxed == pytest.approx((relaxed.goal_value - best.goal_value) / 0.5, rel=1e-9)
    assert price.unit == "Gy per Gy"
    assert f"raises the goal by {price.if_relaxed:.4g} Gy" in best.explanation[-1]


def test_a_goal_of_one_territory_needs_no_activity_in_the_other(plan: VoxelPlan) -> None:
    for goal, limits in (("Tumor A: mean", []), ("Tumor A: D70", ["Normal: D5 <= 200 Gy"])):
        best = optimize_voxel_activities(plan, goal=goal, limits=[*limits, "Normal: mean <= 40 Gy"])
        assert best.delivered_activities_gbq["right"] == 0.0


def test_equally_good_activities_are_reported(plan: VoxelPlan) -> None:
    best = optimize_voxel_activities(plan, goal="Liver: mean", limits=["Liver: mean <= 40 Gy"])
    (told,) = [advisory for advisory in best.advisories if advisory.code == "equally_good_plans"]
    assert "'left' 0 to " in told.message
    assert best.activity_ranges_gbq["right"][1] > 0.0


def test_bounds_on_activities_hold(plan: VoxelPlan) -> None:
    best = optimize_voxel_activities(
        plan,
        goal="Tumor A: D70",
        limits=["Normal: mean <= 60 Gy"],
        least_activity_gbq={"right": 0.05},
        activity_limit_gbq=0.1,
    )
    assert activities(best) == pytest.approx([0.1, 0.05], rel=1e-9)
    assert set(best.binding) == {"activity of left <= 0.1 GBq", "activity of right >= 0.05 GBq"}


def test_a_target_lowers_the_goal(plan: VoxelPlan) -> None:
    limits = ["Normal: mean <= 40 Gy", "Tumor B: EUD(alpha_per_gy=0.02) >= 60 Gy"]
    best = optimize_voxel_activities(plan, goal="Tumor A: EUD(alpha_per_gy=0.02)", limits=limits)
    assert set(best.binding) == set(limits)
    of_normal, of_target = best.shadow_prices
    assert of_normal.if_relaxed > 0.0
    assert of_target.if_relaxed > 0.0


def test_prior_lung_dose_counts_against_the_limit_over_all_treatments(plan: VoxelPlan) -> None:
    shunting = [InjectionMap(name=i.name, image=i.image, reference=i.reference, lung_shunt_fraction=0.2)
                for i in plan.injections]  # fmt: skip
    before = voxel_plan(shunting, plan.structures, prior_lung_dose_gy=38.0)
    best = optimize_voxel_activities(before, goal="Tumor A: D70")
    assert best.doses.lungs.lung_dose_gy == pytest.approx(12.0)
    assert best.doses.lungs.cumulative_lung_dose_gy == pytest.approx(50.0)
    assert best.binding == ("lungs: mean <= 50 Gy (all treatments)",)


QUESTIONS: list[tuple[tuple[str, str, dict[str, float]], list[str]]] = [
    (("Tumor A", "D", {"volume_percent": 70.0}), ["Normal: D20 <= 50 Gy", "Liver: V30 <= 40 %"]),
    (("Tumor B", "EUD", {"alpha_per_gy": 0.02}), ["Normal: D10 <= 60 Gy", "Tumor A: D90 >= 30 Gy"]),
    (("Tumor A", "TCP", {"alpha_per_gy": 0.01, "clonogens": 50.0}), ["Liver: gEUD(a=4) <= 60 Gy",
                                                                       "Normal: EUD(alpha_per_gy=0.03) <= 15 Gy"]),
    (("Tumor B", "gEUD", {"a": -3.0}), ["Normal: NTCP(strigari-2010-resin-hcc) <= 8 %", "Tumor A: mean >= 20 Gy"]),
]  # fmt: skip


@pytest.mark.claim("voxel_plan_best")
@pytest.mark.parametrize(("goal", "limits"), QUESTIONS)
def test_no_plan_of_a_grid_is_better(goal: tuple[str, str, dict[str, float]], limits: list[str]) -> None:
    plan = two_territories((14, 13, 12), seed=3)
    quantity = DoseQuantity(structure=goal[0], measure=goal[1], parameters=goal[2])  # type: ignore[arg-type]
    best = optimize_voxel_activities(plan, goal=quantity, limits=limits, lung_limit_gy=None)
    many = ManyActivities(plan)
    doses = {name: gy_per_gbq for name, (gy_per_gbq, _) in many.structures.items()}
    shares = {name: share for name, (_, share) in many.structures.items()}
    asked = [DoseLimit.from_text(text) for text in limits]
    given = [(e.quantity.structure, e.quantity.measure, e.quantity.parameters, e.sign, e.value) for e in asked]
    found = reference.optimize_voxel_activities(doses, shares, goal, given, 100.0, steps=24)
    assert found is not None
    assert found[0] <= best.goal_value * (1.0 + NEVER_BETTER)
    assert found[0] <= best.goal_bound * (1.0 + 1e-9)
    # The grid is coarse, and the optimum near one of its splits.
    assert best.goal_value <= found[0] * 1.1


@pytest.mark.claim("voxel_plan_best")
def test_no_random_plan_is_better(measured: Measured) -> None:
    beaten, wide, counted, points = [], [], 0, 0
    for seed in range(260):
        rng = np.random.default_rng(seed)
        plan = random_plan(rng)
        goals, limits = random_question(rng)
        try:
            best = optimize_voxel_activities(plan, goal=goals, limits=limits, activity_limit_gbq=20.0)
        except UndefinedError:
            continue
        # All plans of one injection at its largest factor are the same.
        count = 10_000 if len(plan.names) > 1 else 10
        value, tried = best_of_random(plan, goals, limits, activities(best), rng, count=count, activity_limit_gbq=20.0)
        counted, points = counted + 1, points + tried
        beaten.append(value / best.goal_value - 1.0)
        wide.append(value / best.goal_bound - 1.0)
        if counted == 200:
            break
    measured("best random plan, relative to the optimum", max(beaten))
    measured("random feasible plans", points, digits=7)
    assert counted == 200
    assert points > 1_000_000
    assert max(wide) <= 1e-9
    assert max(beaten) <= NEVER_BETTER


def test_a_refused_problem_has_no_random_plan() -> None:
    refused = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        plan = random_plan(rng)
        goals, limits = random_question(rng)
        limits.append(f"Tumor B: D90 >= {rng.uniform(10.0, 40.0)!r} Gy")
        try:
            optimize_voxel_activities(plan, goal=goals, limits=limits, activity_limit_gbq=20.0)
        except UndefinedError as error:
            if "no injection gives it" not in str(error):
                refused.append((plan, goals, limits))
    assert len(refused) > 10
    for plan, goals, limits in refused:
        best = np.ones(len(plan.names))
        assert best_of_random(plan, goals, limits, best, rng, count=2000, activity_limit_gbq=20.0)[1] == 0


@pytest.mark.claim("voxel_plan_linear")
def test_the_linear_part_equals_highs(measured: Measured) -> None:
    compared = 0
    for seed in range(200):
        rng = np.random.default_rng(1000 + seed)
        plan = random_plan(rng)
        goals = ["Tumor A: mean", "Tumor B: mean"]
        levels = {"Normal": rng.uniform(20.0, 60.0), "Liver": rng.uniform(30.0, 90.0)}
        target = float(rng.uniform(0.0, 20.0))
        limits = [f"{name}: mean <= {level!r} Gy" for name, level in levels.items()]
        limits.append(f"Tumor B: mean >= {target!r} Gy")
        many, size = ManyActivities(plan), len(plan.names)
        means = {name: gy_per_gbq @ share for name, (gy_per_gbq, share) in many.structures.items()}
        rows = [[*-means["Tumor A"], 1.0], [*-means["Tumor B"], 1.0], [*-means["Tumor B"], 0.0]]
        rows += [[*means[name], 0.0] for name in levels] + [[*many.lungs, 0.0]]
        bounds = [0.0, 0.0, -target, *levels.values(), 30.0]
        expected = linprog(
            [*np.zeros(size), -1.0], A_ub=rows, b_ub=bounds, bounds=[(0.0, 10.0)] * size + [(None, None)]
        )
        try:
            best = optimize_voxel_activities(plan, goal=goals, limits=limits, activity_limit_gbq=10.0)
        except UndefinedError:
            assert expected.status == 2
            continue
        compared += 1
        assert expected.status == 0
        assert best.exact
        measured("goal, relative", best.goal_value / -expected.fun - 1)
        assert best.goal_value == pytest.approx(-expected.fun, rel=1e-8)
    assert compared > 150


# Refusals


REFUSED: list[tuple[dict[str, Any], type[YttriaError], str]] = [
    ({"goal": "Tumor A: mean", "lung_limit_gy": None, "cumulative_lung_limit_gy": None}, UndefinedError,
     "no limit holds the activity of left below 100 GBq"),
    ({"goal": "Tumor A: mean", "limits": ["Normal: mean <= 10 Gy", "Tumor B: mean >= 200 Gy"]}, UndefinedError,
     "no plan meets all of these at once: Normal: mean <= 10 Gy, Tumor B: mean >= 200 Gy"),
    ({"goal": "Tumor A: D70", "limits": ["Normal: D10 <= 10 Gy", "Tumor B: D90 >= 200 Gy"]}, UndefinedError,
     "no plan meets 'Tumor B: D90 >= 200 Gy' and 'Normal: D10 <= 10 Gy' at once"),
    ({"goal": "Tumor A: V30"}, ArgumentError, "cannot be a goal"),
    ({"goal": "Normal: NTCP(strigari-2010-resin-hcc)"}, ArgumentError, "cannot be a goal"),
    ({"goal": "lungs: mean"}, ArgumentError, "the lungs cannot be a goal"),
    ({"goal": []}, ArgumentError, "needs a goal"),
    ({"goal": ["Tumor A: mean", "Tumor B: D70"]}, ArgumentError, "one measure"),
    ({"goal": "Spleen: mean"}, UnknownNameError, "must be one of Tumor A, Tumor B, Normal, Liver"),
    ({"goal": "Tumor A: mean", "limits": "Normal: mean <= 40 Gy"}, ArgumentError, "sequence"),
    ({"goal": "Tumor A: mean", "limits": ["Normal: NTCP(strigari-2010-resin-hcc) <= 0.001 %"]}, UndefinedError,
     "exceeded without any dose"),
    ({"goal": "Tumor A: mean", "activity_limit_gbq": {"middle": 1.0}}, UnknownNameError, "left, right"),
    ({"goal": "Tumor A: mean", "activity_limit_gbq": 0.0}, OutOfRangeError, "(0, 100]"),
    ({"goal": "Tumor A: mean", "activity_limit_gbq": float("nan")}, OutOfRangeError, "nan"),
    ({"goal": "Tumor A: mean", "least_activity_gbq": 2.0, "activity_limit_gbq": 1.0}, OutOfRangeError, "<= 1"),
    ({"goal": "Tumor A: D70", "relative_gap": 0.0}, OutOfRangeError, "relative gap"),
    ({"goal": "Tumor A: D70", "most_cones": 0}, OutOfRangeError, "most cones"),
    ({"goal": "Tumor A: D70", "most_cones": float("inf")}, YttriaError, "most cones"),
    ({"goal": "Tumor A: D70", "relative_gap": float("nan")}, OutOfRangeError, "relative gap"),
    ({"goal": 70}, ArgumentError, "goal"),
    ({"goal": "Tumor A: D70", "limits": [40.0]}, ArgumentError, "limit"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "kind", "text"), REFUSED)
def test_impossible_goals_and_limits_are_refused(
    plan: VoxelPlan, arguments: dict[str, Any], kind: type[YttriaError], text: str
) -> None:
    with pytest.raises(kind) as refused:
        optimize_voxel_activities(plan, **arguments)
    assert text in str(refused.value)


def test_a_tumor_that_nothing_reaches_has_no_optimum() -> None:
    counts = np.ones((2, 2, 4))
    counts[..., 0] = 0.0
    mask = np.zeros((2, 2, 4), bool)
    mask[..., 0] = True
    liver = Structure("Liver", np.ones((2, 2, 4), bool), AFFINE)
    maa = InjectionMap(name="a", image=Image(counts, AFFINE, "counts"), reference=liver, lung_shunt_fraction=0.0)
    plan = voxel_plan([maa], [Structure("Tumor", mask, AFFINE), liver])
    with pytest.raises(UndefinedError, match="no injection gives it a dose"):
        optimize_voxel_activities(plan, goal="Tumor: D70", limits=["Liver: mean <= 40 Gy"])
    with pytest.raises(UndefinedError, match="no plan meets"):
        optimize_voxel_activities(plan, goal="Liver: D50", limits=["Liver: mean <= 40 Gy", "Tumor: D70 >= 10 Gy"])


def test_negative_doses_are_refused_for_goals_other_than_means() -> None:
    counts = np.ones((2, 2, 4))
    counts[0, 0, 0] = -1.0
    liver = Structure("Liver", np.ones((2, 2, 4), bool), AFFINE)
    maa = InjectionMap(name="a", image=Image(counts, AFFINE, "counts"), reference=liver, lung_shunt_fraction=0.0)
    kept = voxel_plan([maa], [liver])
    assert optimize_voxel_activities(kept, goal="Liver: mean", limits=["Liver: mean <= 40 Gy"]).exact
    with pytest.raises(OutOfRangeError, match="negative_voxels='clip'"):
        optimize_voxel_activities(kept, goal="Liver: D70", limits=["Liver: mean <= 40 Gy"])
    clipped = voxel_plan([maa], [liver], negative_voxels="clip")
    best = optimize_voxel_activities(clipped, goal="Liver: D70", limits=["Liver: mean <= 40 Gy"])
    assert best.goal_value > 0.0


def test_a_search_that_ends_early_warns(plan: VoxelPlan) -> None:
    best = optimize_voxel_activities(
        plan, goal=["Tumor A: D95", "Tumor B: D95"], limits=["Normal: D10 <= 60 Gy"], relative_gap=1e-6, most_cones=3
    )
    assert "optimum_not_proven" in [advisory.code for advisory in best.advisories]
    assert best.goal_bound > best.goal_value
    assert any(line.startswith("No plan under these limits reaches more than") for line in best.explanation)


def test_the_same_problem_has_the_same_optimum_bit_for_bit(plan: VoxelPlan) -> None:
    arguments: dict[str, Any] = {"goal": "Tumor A: D70", "limits": ["Normal: D20 <= 50 Gy", "Tumor B: D90 >= 30 Gy"]}
    first, second = (optimize_voxel_activities(plan, **arguments) for _ in range(2))
    assert json.dumps(first.as_dict(), allow_nan=False) == json.dumps(second.as_dict(), allow_nan=False)
    assert first.as_dict()["binding"] == list(first.binding)


def test_a_search_that_ends_without_a_plan_does_not_claim_that_there_is_none(plan: VoxelPlan) -> None:
    limit = "Normal: D20 <= 40 Gy"
    best = optimize_voxel_activities(plan, goal="Tumor A: D90", limits=[limit])
    assert best.goal_bound > best.goal_value

    def ask(target_gy: float, most_cones: int) -> None:
        limits = [limit, f"Tumor A: D90 >= {target_gy!r} Gy"]
        optimize_voxel_activities(plan, goal="Tumor B: D70", limits=limits, most_cones=most_cones)

    with pytest.raises(UndefinedError, match="no plan meets"):
        ask(1.3 * best.goal_value, 400)
    with pytest.raises(UndefinedError, match="no plan was found for"):
        ask(0.5 * (best.goal_value + best.goal_bound), 1)
