from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_samples import portion, territory, treatment

from yttria import Nuclide
from yttria.errors import (
    ArgumentError,
    DuplicateNameError,
    OutOfRangeError,
    ShapeError,
    UndefinedError,
    UnknownNameError,
)
from yttria.planning import PartitionModel, Territory, combined_lung_shunt_fraction, lung_dose_bounds
from yttria.reference import partition_model as reference

MASS = st.floats(0.005, 1.5)
RATIO = st.floats(0.2, 25)
SHUNT = st.floats(0, 0.6)
ACTIVITY = st.floats(0, 20)


def two_territories(overlap: Any = "disjoint", **extra: Any) -> PartitionModel:
    return treatment(
        [
            territory("hepatic", 0.12, 0.40, [portion("mass", 0.6, 6)]),
            territory("phrenic", 0.12, 0.05, [portion("mass", 0.3, 8)]),
        ],
        overlap=overlap,
        **{"normal_total_mass_kg": 1.6, "unperfused_tumor_mass_kg": {"mass": 0.2}, **extra},
    )


@st.composite
def plans(draw: st.DrawFn) -> PartitionModel:
    territories = [
        territory(
            f"t{k}",
            draw(SHUNT),
            draw(MASS),
            [portion(f"tumor{i}", draw(MASS), draw(RATIO)) for i in range(3) if i == k or draw(st.booleans())],
        )
        for k in range(draw(st.integers(1, 4)))
    ]
    names = {p.name for t in territories for p in t.tumors}
    if not names:
        territories[0] = territory("t0", 0.1, 0.5, [portion("tumor0", 0.1, 3)])
    return treatment(
        territories,
        overlap="disjoint",
        lung_mass_kg=draw(st.floats(0.4, 2)),
        normal_total_mass_kg=draw(st.floats(6.5, 9)),
        unperfused_tumor_mass_kg={name: draw(st.floats(0, 1)) for name in sorted(names)},
        nuclide=Nuclide("AAPM_49_38"),
    )


def test_a_worked_example_of_two_territories_has_its_doses() -> None:
    doses = two_territories().doses({"phrenic": 1.4, "hepatic": 3.3})
    assert doses.tumor_portion_doses_gy == (pytest.approx((216.363,), abs=5e-4), pytest.approx((199.815,), abs=5e-4))
    assert doses.normal_perfused_doses_gy == pytest.approx((36.060, 24.977), abs=5e-4)
    (tumor,) = doses.tumors
    assert (tumor.perfused_mean_dose_gy, tumor.whole_mean_dose_gy) == pytest.approx((210.847, 172.511), abs=5e-4)
    assert doses.normal_whole_dose_gy == pytest.approx(9.796, abs=5e-4)
    assert doses.lung_dose_gy == pytest.approx(28.014, abs=5e-4)
    assert doses.advisories == ()


@given(plans(), st.lists(ACTIVITY, min_size=4, max_size=4))
def test_doses_agree_with_the_reference_and_conserve_energy(plan: PartitionModel, activities: list[float]) -> None:
    given_gbq = activities[: len(plan.territories)]
    doses = plan.doses(given_gbq)
    c = Nuclide("AAPM_49_38").dose_factor_gy_kg_per_gbq
    expected = defined(plan, c).doses(given_gbq)
    close = {"rtol": 1e-12, "atol": 1e-12}
    for ours, theirs in zip(doses.tumor_portion_doses_gy, expected.tumor_portion_doses_gy, strict=True):
        np.testing.assert_allclose(ours, theirs, **close)
    np.testing.assert_allclose(doses.normal_perfused_doses_gy, expected.normal_perfused_doses_gy, **close)
    np.testing.assert_allclose(doses.perfused_mean_doses_gy, expected.perfused_mean_doses_gy, **close)
    assert doses.normal_whole_dose_gy == pytest.approx(expected.normal_whole_dose_gy, rel=1e-12, abs=1e-12)
    assert doses.lung_dose_gy == pytest.approx(expected.lung_dose_gy, rel=1e-12, abs=1e-12)
    joule = doses.lung_dose_gy * plan.lung_mass_kg
    joule += (doses.normal_whole_dose_gy or 0.0) * (plan.normal_total_mass_kg or 0.0)
    of = {tumor.tumor: tumor for tumor in expected.tumors}
    for tumor in doses.tumors:
        for name in ("perfused_mass_kg", "perfused_mean_dose_gy", "whole_mass_kg", "whole_mean_dose_gy"):
            assert getattr(tumor, name) == pytest.approx(getattr(of[tumor.tumor], name), rel=1e-12, abs=1e-12)
        joule += tumor.whole_mean_dose_gy * tumor.whole_mass_kg
    assert joule == pytest.approx(c * sum(given_gbq), rel=1e-11, abs=1e-11)


def defined(plan: PartitionModel, dose_factor: float) -> reference.PartitionModel:
    """The same treatment by the reference."""
    return reference.PartitionModel(
        territories=[
            reference.Territory(
                name=each.name,
                lung_shunt_fraction=each.lung_shunt_fraction,
                normal_perfused_mass_kg=each.normal_perfused_mass_kg,
                tumors=[reference.Tumor(**vars(tumor)) for tumor in each.tumors],
            )
            for each in plan.territories
        ],
        overlap="disjoint",
        lung_mass_kg=plan.lung_mass_kg,
        normal_total_mass_kg=plan.normal_total_mass_kg,
        unperfused_tumor_mass_kg=plan.unperfused_tumor_mass_kg,
        dose_factor_gy_kg_per_gbq=dose_factor,
    )


@given(plans(), st.lists(ACTIVITY, min_size=4, max_size=4))
def test_the_matrix_gives_the_same_doses(plan: PartitionModel, activities: list[float]) -> None:
    given_gbq = activities[: len(plan.territories)]
    doses, vector = plan.doses(given_gbq), plan.dose_matrix_gy_per_gbq @ np.array(given_gbq)
    by_row = {(row.kind, row.territory, row.tumor): dose for row, dose in zip(plan.rows, vector, strict=True)}
    assert by_row["lung", None, None] == pytest.approx(doses.lung_dose_gy, rel=1e-12, abs=1e-12)
    assert by_row["normal_whole", None, None] == pytest.approx(doses.normal_whole_dose_gy, rel=1e-12, abs=1e-12)
    for tumor in doses.tumors:
        assert by_row["tumor_whole", None, tumor.tumor] == pytest.approx(tumor.whole_mean_dose_gy, rel=1e-12, abs=1e-12)
    for each, dose in zip(plan.territories, doses.normal_perfused_doses_gy, strict=True):
        assert by_row["normal_perfused", each.name, None] == pytest.approx(dose, rel=1e-12, abs=1e-12)


@given(MASS, MASS, RATIO, SHUNT, ACTIVITY, st.integers(2, 5))
def test_merging_identical_territories_changes_nothing(
    normal: float, tumor: float, ratio: float, shunt: float, activity: float, count: int
) -> None:
    def plan(names: str, scale: float) -> PartitionModel:
        return treatment(
            [territory(n, shunt, normal * scale, [portion("x", tumor * scale, ratio)]) for n in names],
            overlap="disjoint",
            normal_total_mass_kg=9.0,
        )

    merged = plan("a", 1.0).doses([activity])
    split = plan("abcde"[:count], 1.0 / count).doses([activity / count] * count)
    assert split.tumors[0].perfused_mean_dose_gy == pytest.approx(merged.tumors[0].perfused_mean_dose_gy, rel=1e-11)
    assert split.normal_whole_dose_gy == pytest.approx(merged.normal_whole_dose_gy, rel=1e-11)
    assert split.lung_dose_gy == pytest.approx(merged.lung_dose_gy, rel=1e-11)
    for dose in split.normal_perfused_doses_gy:
        assert dose == pytest.approx(merged.normal_perfused_doses_gy[0], rel=1e-11)


def test_doses_to_the_same_tissue_add_and_doses_to_different_tissue_average() -> None:
    territories = [
        territory("a", 0.05, 0.6, [portion("x", 0.4, 5)]),
        territory("b", 0.10, 0.2, [portion("x", 0.4, 3)]),
    ]
    same = treatment(territories, overlap={"x": "same_tissue"}).doses([1, 0.5])
    assert same.tumors[0].perfused_mean_dose_gy == pytest.approx(138.639340659341)
    assert same.tumors[0].perfused_mass_kg == 0.4
    assert [a.code for a in same.advisories] == ["normal_livers_taken_as_disjoint"]
    apart = treatment(territories, overlap="disjoint").doses([1, 0.5])
    assert apart.tumors[0].perfused_mean_dose_gy == pytest.approx(138.639340659341 / 2)
    assert apart.tumors[0].perfused_mass_kg == 0.8
    uneven = [territories[0], territory("b", 0.10, 0.2, [portion("x", 0.5, 3)])]
    with pytest.raises(OutOfRangeError, match="same tissue in every territory"):
        treatment(uneven, overlap="same_tissue")


def test_without_normal_liver_the_ratio_has_no_effect() -> None:
    def dose(ratio: float) -> float:
        plan = treatment([territory("a", 0.1, 0, [portion("x", 0.2, ratio)])], overlap="disjoint")
        doses = plan.doses([1.0])
        assert doses.normal_perfused_doses_gy == (None,)
        assert doses.normal_whole_dose_gy is None
        return doses.tumors[0].perfused_mean_dose_gy

    assert dose(2) == pytest.approx(dose(7)) == pytest.approx(49.67 * 0.9 / 0.2)


def test_unusual_shunts_ratios_and_lung_doses_warn() -> None:
    territories = [territory("a", 0.25, 0.5, [portion("x", 0.2, 0.5), portion("y", 0.1, 30)])]
    doses = treatment(territories, overlap="disjoint", prior_lung_dose_gy=20).doses([4.0])
    assert [a.code for a in doses.advisories] == [
        "lung_shunt_above_20_percent",
        "ratio_below_1",
        "ratio_above_20",
        "lung_dose_above_limit",
        "cumulative_lung_dose_above_limit",
    ]
    assert doses.cumulative_lung_dose_gy == pytest.approx(20 + doses.lung_dose_gy)


def test_overlap_must_be_declared() -> None:
    with pytest.raises(ArgumentError, match="overlap of tumor 'mass' must be given"):
        two_territories(overlap=None)
    with pytest.raises(UnknownNameError, match="disjoint, same_tissue"):
        two_territories(overlap="separate")
    with pytest.raises(ArgumentError, match="overlap of tumor 'mass' must be given"):
        two_territories(overlap={})
    with pytest.raises(UnknownNameError, match="got 'mess'"):
        two_territories(overlap={"mass": "disjoint", "mess": "disjoint"})


@pytest.mark.parametrize(
    ("bad", "error", "text"),
    [
        (territory("a", 12, 0.5), OutOfRangeError, r"did you mean 0\.12"),
        (territory("a", 1.0, 0.5), OutOfRangeError, "lung shunt fraction of territory 'a'"),
        (territory("a", 0.1, 500), OutOfRangeError, "looks like g"),
        (territory("a", 0.1, float("nan")), OutOfRangeError, "perfused normal liver mass"),
        (territory("a", 0.1, -1), OutOfRangeError, "perfused normal liver mass"),
        (territory("a", 0.1, 0), UndefinedError, "neither normal liver nor tumor"),
        (territory("a", 0.1, 0.5, [portion("x", 0, 3)]), OutOfRangeError, "tumor mass"),
        (territory("a", 0.1, 0.5, [portion("x", 300, 3)]), OutOfRangeError, r"did you mean 0\.3 kg"),
        (territory("a", 0.1, 0.5, [portion("x", 0.3, 0)]), OutOfRangeError, "tumor-to-normal ratio"),
        (territory("a", 0.1, 0.5, [portion("x", 0.3, 1e9)]), OutOfRangeError, "tumor-to-normal ratio"),
        (territory("a", 0.1, 0.5, [portion("x", 0.3, 3)] * 2), UndefinedError, "two portions of one lesion"),
        (territory("a", True, 0.5), ArgumentError, "real number"),
        (territory("a", 0.1, "0.5"), ArgumentError, "real number"),  # type: ignore[arg-type]
        (territory(5, 0.1, 0.5), ArgumentError, "names"),  # type: ignore[arg-type]
    ],
)
def test_impossible_territories_are_refused(bad: Territory, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        treatment([bad], overlap="disjoint")


def test_impossible_treatments_are_refused() -> None:
    with pytest.raises(UndefinedError, match="no territory"):
        treatment([], overlap="disjoint")
    with pytest.raises(DuplicateNameError, match="the name of a territory must be unique, got 'a' more than once"):
        treatment([territory("a", 0.1, 0.5)] * 2, overlap="disjoint")
    with pytest.raises(OutOfRangeError, match=r"at least the perfused part, 0\.45 kg"):
        two_territories(normal_total_mass_kg=0.3)
    with pytest.raises(OutOfRangeError, match="lung mass"):
        two_territories(lung_mass_kg=1000)
    with pytest.raises(OutOfRangeError, match="prior lung dose"):
        two_territories(prior_lung_dose_gy=-1)
    with pytest.raises(UnknownNameError, match="unperfused mass"):
        two_territories(unperfused_tumor_mass_kg={"mess": 1.0})


def test_impossible_activities_are_refused() -> None:
    plan = two_territories()
    for bad, error in (
        ([1.0], ShapeError),
        ([1.0, float("nan")], OutOfRangeError),
        ([1.0, -1.0], OutOfRangeError),
        ([1.0, 1400.0], OutOfRangeError),
        ([1.0, True], ArgumentError),
        ("12", ArgumentError),
        (5.0, ArgumentError),
        ({"hepatic": 1.0}, ArgumentError),
        ({"hepatic": 1.0, "renal": 1.0}, UnknownNameError),
    ):
        with pytest.raises(error):
            plan.doses(bad)  # type: ignore[arg-type]
    assert plan.doses(np.array([3.3, 1.4])[::-1][::-1]) == plan.doses([3.3, 1.4])  # type: ignore[arg-type]


def test_a_plan_survives_pickling() -> None:
    plan = two_territories()
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert pickle.loads(pickle.dumps(plan)).doses([1, 1]) == plan.doses([1, 1])


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 10)), min_size=1, max_size=5))
def test_a_combined_shunt_is_the_weighted_mean(pairs: list[tuple[float, float]]) -> None:
    shunts, weights = [p[0] for p in pairs], [p[1] for p in pairs]
    result = combined_lung_shunt_fraction(shunts, weights, weighting="y90")
    assert result.lung_shunt_fraction == pytest.approx(np.average(shunts, weights=weights), abs=1e-14)
    assert min(shunts) - 1e-12 <= result.lung_shunt_fraction <= max(shunts) + 1e-12


def test_weights_of_tracer_and_treatment_give_different_shunts() -> None:
    maa = combined_lung_shunt_fraction([0.05, 0.25], [159, 75], weighting="maa")
    y90 = combined_lung_shunt_fraction([0.05, 0.25], [3.3, 1.4], weighting="y90")
    assert maa.lung_shunt_fraction != pytest.approx(y90.lung_shunt_fraction, rel=1e-3)
    with pytest.raises(UnknownNameError, match="maa, y90"):
        combined_lung_shunt_fraction([0.05], [1], weighting="mean")
    with pytest.raises(ShapeError):
        combined_lung_shunt_fraction([0.05], [1, 2], weighting="y90")
    with pytest.raises(OutOfRangeError, match=r"did you mean 0\.05"):
        combined_lung_shunt_fraction([5], [1], weighting="y90")
    with pytest.raises(OutOfRangeError, match="sum of the weights"):
        combined_lung_shunt_fraction([0.05, 0.1], [0, 0], weighting="y90")


def test_one_scan_of_several_injections_bounds_the_lung_dose() -> None:
    bounds = lung_dose_bounds(0.12, maa_mbq=[159, 75], delivered_activity_gbq=[3.3, 1.4])
    assert bounds.lung_dose_equal_gy == pytest.approx(28.014, abs=5e-4)
    assert bounds.lung_dose_if_all_from_gy == pytest.approx((28.947, 26.035), abs=5e-4)
    assert bounds.lung_shunt_if_all_from == pytest.approx((0.1766, 0.3744), abs=5e-5)
    # A shunt seen is a mean with the tracer's weights: putting it back together gives it back.
    for k, shunt in enumerate(bounds.lung_shunt_if_all_from):
        shunts = [0.0, 0.0]
        shunts[k] = shunt or 0.0
        assert combined_lung_shunt_fraction(shunts, [159, 75], weighting="maa").lung_shunt_fraction == pytest.approx(
            0.12
        )
    impossible = lung_dose_bounds(0.4, maa_mbq=[159, 75], delivered_activity_gbq=[3.3, 1.4])
    assert impossible.lung_dose_if_all_from_gy[1] is None
    with pytest.raises(ShapeError):
        lung_dose_bounds(0.1, maa_mbq=[1, 2], delivered_activity_gbq=[1])


def test_more_than_a_vial_into_one_territory_warns() -> None:
    (large,) = (a for a in two_territories().doses([25.0, 1.0]).advisories if a.code == "activity_above_vial")
    assert large.value == 25.0
    assert large.message.startswith("Territory 'hepatic': The vial must have 25 GBq")
