"""Uncertainty of planned doses: closed forms, both ways of propagation, dependent inputs, hostile input."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from measured_figures import Measured

from yttria.errors import ArgumentError, OutOfRangeError, UndefinedError, UnknownNameError
from yttria.evaluation import partition_uncertainty
from yttria.planning import (
    PartitionLimits,
    PartitionModel,
    PlanUncertaintyInputs,
    Territory,
    Threshold,
    Tumor,
    plan_uncertainty,
)
from yttria.planning.plan_formulas import PlanFormulas, PlannedQuantity

SHUNT, TUMOR_KG, NORMAL_KG, RATIO = 0.05, 0.3, 1.2, 4.0
STATED: dict[str, Any] = {
    "administered_activity_uncertainty": 0.05,
    "lung_shunt_uncertainty": 0.2,
    "tumor_mass_uncertainty": 0.15,
    "normal_mass_uncertainty": 0.1,
    "tumor_to_normal_ratio_uncertainty": 0.2,
    "lung_mass_uncertainty": 0.25,
}


def lobe(**more: Any) -> PartitionModel:
    territory = Territory(
        tumors=[Tumor(name="A", mass_kg=TUMOR_KG, tumor_to_normal_ratio=RATIO)],
        normal_perfused_mass_kg=NORMAL_KG,
        lung_shunt_fraction=SHUNT,
    )
    return PartitionModel(territories=[territory], **more)


def two_lobes(**more: Any) -> PartitionModel:
    territories = [
        Territory(
            name=name,
            tumors=[Tumor(name=tumor, mass_kg=mass, tumor_to_normal_ratio=ratio) for tumor, mass, ratio in tumors],
            normal_perfused_mass_kg=normal,
            lung_shunt_fraction=0.06,
        )
        for name, normal, tumors in (
            ("right", 0.8, [("A", 0.2, 4.0), ("B", 0.05, 2.5)]),
            ("left", 0.4, [("A", 0.1, 3.0)]),
        )
    ]
    return PartitionModel(territories=territories, overlap="disjoint", **more)


def relative(found: Any, kind: str, **names: str) -> float:
    return float(found.get(kind, **names).budget.relative_standard_uncertainty)


@pytest.mark.claim("plan_uncertainty")
def test_one_tumor_has_the_sensitivities_of_the_core(measured: Measured) -> None:
    found = plan_uncertainty(lobe(), 2.0, PlanUncertaintyInputs(**STATED))
    core = partition_uncertainty(
        lung_shunt_fraction=SHUNT,
        tumor_mass_kg=TUMOR_KG,
        normal_mass_kg=NORMAL_KG,
        tumor_to_normal_ratio=RATIO,
        activity_uncertainty=0.05,
        lung_shunt_uncertainty=0.2,
        tumor_mass_uncertainty=0.15,
        normal_mass_uncertainty=0.1,
        ratio_uncertainty=0.2,
        lung_mass_uncertainty=0.25,
    )
    assert relative(found, "tumor") == pytest.approx(core.tumor_dose, rel=1e-12)
    measured("tumor, relative to the core", relative(found, "tumor") / core.tumor_dose - 1.0)
    assert relative(found, "normal_perfused") == pytest.approx(core.normal_dose, rel=1e-12)
    assert relative(found, "lung") == pytest.approx(core.lung_dose, rel=1e-12)


def test_values_are_the_doses_of_the_model() -> None:
    model = two_lobes(normal_total_mass_kg=1.5, residual_fraction=0.02)
    doses = model.doses([1.2, 0.7])
    found = plan_uncertainty(model, [1.2, 0.7], PlanUncertaintyInputs(), draws=1000)
    values = {(each.of.kind, each.of.territory, each.of.tumor): each.budget.value for each in found.quantities}
    assert values["activity", "right", ""] == pytest.approx(1.2)
    assert values["tumor", "right", "B"] == pytest.approx(doses.tumor_portion_doses_gy[0][1])
    assert values["tumor", "", "A"] == pytest.approx(doses.tumors[0].perfused_mean_dose_gy)
    assert values["normal_perfused", "left", ""] == pytest.approx(doses.normal_perfused_doses_gy[1])
    assert values["normal_whole", "", ""] == pytest.approx(doses.normal_whole_dose_gy)
    assert values["perfused_mean", "left", ""] == pytest.approx(doses.perfused_mean_doses_gy[1])
    assert values["lung", "", ""] == pytest.approx(doses.lung_dose_gy)


def test_portions_of_the_same_tissue_have_one_mass_and_add() -> None:
    territories = [
        Territory(
            name=name,
            tumors=[Tumor(name="A", mass_kg=0.2, tumor_to_normal_ratio=4.0)],
            normal_perfused_mass_kg=0.5,
            lung_shunt_fraction=0.05,
        )
        for name in ("one", "two")
    ]
    model = PartitionModel(territories=territories, overlap="same_tissue")
    found = plan_uncertainty(model, [1.0, 1.0], PlanUncertaintyInputs(tumor_mass_uncertainty=0.1), draws=1000)
    of_all = next(each for each in found.quantities if each.of == PlannedQuantity(kind="tumor", tumor="A"))
    assert of_all.budget.value == pytest.approx(model.doses([1.0, 1.0]).tumors[0].perfused_mean_dose_gy)
    assert len(of_all.budget.components) == 1


def test_ratio_found_from_counts_leaves_the_normal_mass_out_of_the_tumor_dose() -> None:
    # r = k m_N / m_T makes D_T = C A (1 - L) k / ((1 + k) m_T).
    stated = {name: u for name, u in STATED.items() if name != "lung_mass_uncertainty"}
    found = plan_uncertainty(lobe(), 2.0, PlanUncertaintyInputs(**stated, ratio_from_counts=True))
    k = RATIO * TUMOR_KG / NORMAL_KG
    expected = math.hypot(0.05, SHUNT / (1 - SHUNT) * 0.2, 0.2 / (1 + k), 0.15)
    assert relative(found, "tumor") == pytest.approx(expected, rel=1e-12)
    assert "normal_mass" not in {each.source for each in found.get("tumor").budget.components}


def test_a_common_error_of_masses_is_in_every_dose_to_the_liver_and_not_in_the_lung_dose() -> None:
    found = plan_uncertainty(lobe(), 2.0, PlanUncertaintyInputs(common_mass_uncertainty=0.07), draws=1000)
    for kind in ("tumor", "normal_perfused", "perfused_mean"):
        assert relative(found, kind) == pytest.approx(0.07, rel=1e-12)
    assert relative(found, "lung") == 0.0


def test_a_common_factor_is_more_than_independent_masses() -> None:
    alone = plan_uncertainty(
        lobe(), 2.0, PlanUncertaintyInputs(tumor_mass_uncertainty=0.1, normal_mass_uncertainty=0.1), draws=1000
    )
    assert relative(alone, "normal_perfused") == pytest.approx(0.1 * math.hypot(0.5, 0.5), rel=1e-12)


def test_a_larger_tumor_makes_the_normal_liver_smaller_if_that_is_a_difference() -> None:
    stated = PlanUncertaintyInputs(
        tumor_mass_uncertainty=0.1, perfused_mass_uncertainty=0.0, normal_mass_from_difference=True
    )
    found = plan_uncertainty(lobe(), 2.0, stated)
    # W = M - m_T + r m_T: d ln W / d ln m_T = (r - 1) m_T / W; the mean over M does not change.
    assert relative(found, "normal_perfused") == pytest.approx(0.1 * (RATIO - 1) * TUMOR_KG / 2.4, rel=1e-12)
    assert relative(found, "perfused_mean") == pytest.approx(0.0, abs=1e-12)


def test_shunts_of_one_scan_have_one_error() -> None:
    stated = {"lung_shunt_uncertainty": 0.2}
    apart = plan_uncertainty(two_lobes(), [1.0, 1.0], PlanUncertaintyInputs(**stated), draws=1000)
    together = plan_uncertainty(
        two_lobes(), [1.0, 1.0], PlanUncertaintyInputs(**stated, shunts_from_one_scan=True), draws=1000
    )
    assert relative(apart, "lung") == pytest.approx(0.2 / math.sqrt(2), rel=1e-12)
    assert relative(together, "lung") == pytest.approx(0.2, rel=1e-12)


def test_shunts_of_one_scan_that_differ_are_refused() -> None:
    territories = [
        Territory(name=name, normal_perfused_mass_kg=0.5, lung_shunt_fraction=shunt)
        for name, shunt in (("one", 0.05), ("two", 0.06))
    ]
    with pytest.raises(UndefinedError, match=r"0\.05 of 'one' and 0\.06 of 'two'"):
        plan_uncertainty(
            PartitionModel(territories=territories), [1, 1], PlanUncertaintyInputs(shunts_from_one_scan=True)
        )


@pytest.mark.claim("plan_uncertainty")
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shunt=st.floats(0.01, 0.3),
    tumor=st.floats(0.02, 1.0),
    normal=st.floats(0.2, 1.8),
    ratio=st.floats(1.2, 12.0),
    u=st.lists(st.floats(0.005, 0.04), min_size=6, max_size=6),
    from_counts=st.booleans(),
)
def test_first_order_and_draws_agree_if_uncertainties_are_small(
    shunt: float, tumor: float, normal: float, ratio: float, u: list[float], from_counts: bool, measured: Measured
) -> None:
    territory = Territory(
        tumors=[Tumor(name="A", mass_kg=tumor, tumor_to_normal_ratio=ratio)],
        normal_perfused_mass_kg=normal,
        lung_shunt_fraction=shunt,
    )
    stated = PlanUncertaintyInputs(**dict(zip(STATED, u, strict=True)), ratio_from_counts=from_counts)
    found = plan_uncertainty(PartitionModel(territories=[territory]), 2.0, stated)
    for each in found.quantities:
        ratio = each.standard_deviation_of_draws / each.budget.standard_uncertainty
        assert ratio == pytest.approx(1.0, abs=0.02)
        measured("draws, relative to the first order", 100.0 * (ratio - 1.0), "%", signed=True)
        assert each.mean_of_draws == pytest.approx(each.budget.value, rel=0.01)


def test_a_lognormal_dose_exceeds_a_limit_with_the_probability_of_its_distribution() -> None:
    # Meter and lung mass alone: D = D0 f / g with log-normal f and g, so that ln D is normal.
    u, v, value = 0.1, 0.25, 6.0
    stated = PlanUncertaintyInputs(administered_activity_uncertainty=u, lung_mass_uncertainty=v)
    found = plan_uncertainty(lobe(), 2.0, stated, thresholds=[Threshold(kind="lung", value=value)])
    variances = math.log1p(u**2), math.log1p(v**2)
    mean = math.log(lobe().doses(2.0).lung_dose_gy) - 0.5 * variances[0] + 0.5 * variances[1]
    expected = 0.5 * math.erfc((math.log(value) - mean) / math.sqrt(2.0 * sum(variances)))
    (limit,) = found.limits
    assert limit.probability == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / limit.draws))
    low, high = found.get("lung").interval_of_draws
    quantiles = [math.exp(mean + z * math.sqrt(sum(variances))) for z in (-1.959964, 1.959964)]
    assert (low, high) == pytest.approx(quantiles, rel=0.01)


def test_the_sentence_states_the_share_and_the_inputs_not_included_without_advice() -> None:
    stated = PlanUncertaintyInputs(lung_shunt_uncertainty=0.2)
    thresholds = [Threshold(kind="lung", value=5.5), Threshold(kind="lung", value=500.0, prior_gy=20.0)]
    found = plan_uncertainty(lobe(), 2.0, stated, thresholds=thresholds)
    first, second = map(str, found.limits)
    assert first.startswith("With the uncertainties stated, the mean dose to the lungs exceeds 5.5 Gy (own limit) in ")
    assert first.endswith("; not included: the model itself, activity meter, residual, mass of the lungs.")
    assert "with 20 Gy of earlier treatments, exceeds 500 Gy (own limit) in none of 100000 draws" in second
    assert not {"should", "must", "recommend", "safe"} & set(first.lower().split())


def test_the_lowest_tumor_dose_of_each_draw_is_compared_with_a_target() -> None:
    stated = PlanUncertaintyInputs(tumor_to_normal_ratio_uncertainty=0.2)
    model = two_lobes()
    target = min(d for of in model.doses([1.0, 1.0]).tumor_portion_doses_gy for d in of)
    every = plan_uncertainty(model, [1, 1], stated, thresholds=[Threshold(kind="tumor", value=target, sign=">=")])
    one = plan_uncertainty(
        model, [1, 1], stated, thresholds=[Threshold(kind="tumor", value=target, sign=">=", tumor="B")]
    )
    assert every.limits[0].probability >= one.limits[0].probability > 0.3
    assert "the mean dose to 'B' is below" in str(one.limits[0])


def test_uncertainties_that_are_not_stated_are_listed_as_not_included() -> None:
    found = plan_uncertainty(lobe(), 2.0, PlanUncertaintyInputs(lung_shunt_uncertainty=0.2), draws=1000)
    lung, tumor = found.get("lung"), found.get("tumor")
    assert [each.source for each in lung.budget.components] == ["lung_shunt"]
    assert set(lung.budget.not_included) == {"method", "administered_activity", "residual", "lung_mass"}
    assert "mass of 'A'" in tumor.open_inputs
    assert "mass of the lungs" not in tumor.open_inputs


def test_an_uncertainty_stated_as_zero_is_included_and_adds_nothing() -> None:
    found = plan_uncertainty(lobe(), 2.0, PlanUncertaintyInputs(lung_mass_uncertainty=0.0), draws=1000)
    assert "lung_mass" not in found.get("lung").budget.not_included
    assert found.standard_uncertainty("lung") == 0.0


def test_draws_keep_shunt_and_masses_in_their_ranges() -> None:
    stated = PlanUncertaintyInputs(
        lung_shunt_uncertainty=2.0, tumor_mass_uncertainty=1.0, normal_mass_uncertainty=1.0, residual_uncertainty=1.5
    )
    found = plan_uncertainty(lobe(residual_fraction=0.1), 2.0, stated)
    for each in found.quantities:
        assert each.interval_of_draws[0] >= 0.0
        assert math.isfinite(each.mean_of_draws)
    assert {"large_uncertainty"} == {each.code for each in found.advisories}


def test_draws_have_the_stated_moments() -> None:
    from yttria.planning.plan_draws import draw_inputs

    formulas = PlanFormulas(lobe(residual_fraction=0.05), PlanUncertaintyInputs(**STATED, residual_uncertainty=0.4))
    x = draw_inputs(formulas.inputs, draws=200_000, seed=3)
    assert x.mean(axis=1) == pytest.approx(formulas.values, rel=0.01)
    assert x.std(axis=1) == pytest.approx(formulas.uncertainties, rel=0.02, abs=1e-12)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others() -> None:
    stated = PlanUncertaintyInputs(**STATED)
    one, same, other = (plan_uncertainty(lobe(), 2.0, stated, seed=seed, draws=5000) for seed in (1, 1, 2))
    assert one == same
    assert one.get("tumor").mean_of_draws != other.get("tumor").mean_of_draws


def test_complex_step_and_differences_agree() -> None:
    formulas = PlanFormulas(two_lobes(normal_total_mass_kg=1.5), PlanUncertaintyInputs(ratio_from_counts=True))
    x, h = formulas.values, 1e-6
    exact = formulas.sensitivities([1.0, 0.5])
    for n, value in enumerate(x):
        up, down = x.copy(), x.copy()
        up[n], down[n] = value + h, value - h
        high, low = (formulas.doses([1.0, 0.5], each[:, None]) for each in (up, down))
        for key, gradient in exact.items():
            assert float((high[key] - low[key])[0]) / (2 * h) == pytest.approx(gradient[n], rel=1e-5, abs=1e-5)


def test_draws_without_normal_liver_are_left_out_and_counted() -> None:
    stated = PlanUncertaintyInputs(
        tumor_mass_uncertainty=0.9, perfused_mass_uncertainty=0.3, normal_mass_from_difference=True
    )
    found = plan_uncertainty(lobe(), 2.0, stated, draws=20_000)
    assert found.left_out_draws > 0
    assert found.draws + found.left_out_draws == 20_000


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"lung_shunt_uncertainty": 20}, OutOfRangeError, "20 % is 0.2"),
        ({"lung_shunt_uncertainty": -0.1}, OutOfRangeError, "within"),
        ({"lung_shunt_uncertainty": math.nan}, OutOfRangeError, "within"),
        ({"tumor_mass_uncertainty": "big"}, ArgumentError, "real number"),
        ({"lung_mass_uncertainty": {"a": 0.1}}, ArgumentError, "one number"),
        ({"ratio_from_counts": 1}, ArgumentError, "True or False"),
        (
            {"normal_mass_from_difference": True, "normal_mass_uncertainty": 0.1},
            UndefinedError,
            "perfused_mass_uncertainty",
        ),
        ({"basis": {"shunt": "file"}}, UnknownNameError, "shunt"),
    ],
)
def test_hostile_inputs_are_refused_in_one_sentence(given: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        PlanUncertaintyInputs(**given)


def test_a_tumor_that_is_not_there_and_a_shunt_too_uncertain_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="must be of one of A, got 'B'"):
        plan_uncertainty(lobe(), 2.0, PlanUncertaintyInputs(tumor_mass_uncertainty={"B": 0.1}))
    territory = Territory(
        tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4)], normal_perfused_mass_kg=1, lung_shunt_fraction=0.6
    )
    with pytest.raises(OutOfRangeError, match="share within"):
        plan_uncertainty(PartitionModel(territories=[territory]), 1.0, PlanUncertaintyInputs(lung_shunt_uncertainty=1))


@pytest.mark.parametrize(("name", "value"), [("draws", 10), ("draws", 1.5), ("draws", True), ("seed", -1)])
def test_draws_and_seed_are_checked(name: str, value: Any) -> None:
    with pytest.raises((OutOfRangeError, ArgumentError), match=name):
        plan_uncertainty(lobe(), 2.0, PlanUncertaintyInputs(), **{name: value})


def test_uncertainties_of_a_plan_are_plain_json() -> None:
    found = plan_uncertainty(
        two_lobes(),
        [1.0, 0.0],
        PlanUncertaintyInputs(**STATED),
        thresholds=[Threshold(kind="lung", value=3.0)],
        draws=1000,
    )
    plain = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert plain["limits"][0]["text"] == str(found.limits[0])
    assert np.isfinite(plain["quantities"][0]["mean_of_draws"])


def test_limits_of_the_planner_become_thresholds() -> None:
    from yttria.planning.plan_thresholds import own_thresholds

    limits = PartitionLimits(normal_perfused_limit_gy=40, lung_limit_gy=30, cumulative_lung_limit_gy=50)
    found = own_thresholds(limits, ["right", "left"])
    assert [(each.kind, each.territory, each.value) for each in found] == [
        ("normal_perfused", "right", 40),
        ("normal_perfused", "left", 40),
        ("lung", "", 30),
        ("lung", "", 50),
    ]


def test_a_limit_without_an_uncertain_input_has_no_share_of_draws() -> None:
    thresholds = [Threshold(kind="lung", value=1.0), Threshold(kind="tumor", value=1.0)]
    stated = PlanUncertaintyInputs(tumor_mass_uncertainty=0.1)
    found = plan_uncertainty(lobe(), 2.0, stated, thresholds=thresholds, draws=1000)
    assert [each.threshold.kind for each in found.limits] == ["tumor"]
