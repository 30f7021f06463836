"""Doses of a voxel plan: sums of injections, the scaled dose image, lungs, split maps, refusals."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from voxel_plan_samples import AFFINE, ManyActivities, two_territories

from yttria import Image, Nuclide, RelativeScaling, Structure, dose_image, voxel_s_values
from yttria.errors import (
    ArgumentError,
    DuplicateNameError,
    GeometryError,
    OutOfRangeError,
    ShapeError,
    UndefinedError,
    UnknownNameError,
    YttriaError,
)
from yttria.planning import DoseQuantity, InjectionMap, VoxelPlan, split_by_territories, voxel_plan

C = Nuclide().dose_factor_gy_kg_per_gbq


@pytest.fixture(scope="module")
def plan() -> VoxelPlan:
    return two_territories()


@pytest.mark.parametrize("method", ["local_deposition", "voxel_s_values"])
def test_one_injection_is_the_dose_image_of_its_activity(plan: VoxelPlan, method: str) -> None:
    one = plan.injections[0]
    scaling = RelativeScaling(one.reference, lung_shunt_fraction=0.1, delivered_activity_gbq=1.7)
    expected = dose_image(one.image, scaling=scaling, method=method)  # type: ignore[arg-type]
    doses = voxel_plan([one], plan.structures, method=method).doses(1.7)
    np.testing.assert_allclose(doses.result.image.array, expected.image.array, rtol=1e-13, atol=1e-12)
    assert doses.result.provenance.method == method
    assert doses.result.provenance.scaling["delivered_activity_gbq"] == 1.7
    assert doses.result.provenance.mbq_per_ml_per_unit == pytest.approx(expected.provenance.mbq_per_ml_per_unit)
    assert doses.result.activity_in_field_mbq == pytest.approx(expected.activity_in_field_mbq)
    assert [row.mean_gy for row in doses.structures] == pytest.approx(
        [row.mean_gy for row in expected.table(plan.structures)]
    )


@given(st.floats(0.0, 5.0), st.floats(0.01, 5.0))
def test_doses_of_injections_add(left: float, right: float) -> None:
    plan = two_territories((13, 13, 12), seed=2)
    both = plan.doses({"right": right, "left": left})
    images = [result.image.array for result in plan.dose_per_gbq]
    np.testing.assert_allclose(both.result.image.array, left * images[0] + right * images[1], rtol=1e-13)
    assert both.lungs.lung_dose_gy == pytest.approx(C * (0.1 * left + 0.04 * right), rel=1e-12)
    in_field = 0.9 * left + 0.96 * right
    assert both.result.activity_in_field_mbq.at_administration == pytest.approx(1e3 * in_field)


def test_a_voxel_plan_by_superposition_needs_a_density(plan: VoxelPlan) -> None:
    density = Image(np.full((16, 16, 16), 1.05), AFFINE, "g/mL")
    by_rays = voxel_plan(plan.injections, plan.structures, method="superposition", density=density, ray_setting="fast")
    by_kernel = voxel_plan(plan.injections, plan.structures, method="voxel_s_values")
    a, b = (each.doses([1.0, 1.0]).structures for each in (by_rays, by_kernel))
    assert [row.mean_gy for row in a] == pytest.approx([row.mean_gy for row in b], rel=1e-3)
    with pytest.raises(ArgumentError, match="needs the density"):
        voxel_plan(plan.injections, plan.structures, method="superposition")


def test_monte_carlo_states_the_uncertainty_of_both_injections() -> None:
    small = two_territories((13, 12, 12), seed=2)
    density = Image(np.full((13, 12, 12), 1.05), AFFINE, "g/mL")
    made = voxel_plan(
        small.injections, small.structures, method="monte_carlo", density=density, histories=20_000, threads=1
    )
    one, other = (result.uncertainty for result in made.dose_per_gbq)
    assert one is not None
    assert other is not None
    doses = made.doses([0.3, 0.4])
    assert doses.result.uncertainty is not None
    expected = np.sqrt((0.3 * one.array) ** 2 + (0.4 * other.array) ** 2)
    np.testing.assert_allclose(doses.result.uncertainty.array, expected, rtol=1e-6)
    of_each = [made.doses([1.0, 0.0]).structures[3], made.doses([0.0, 1.0]).structures[3]]
    both = math.hypot(0.3 * (of_each[0].mean_uncertainty_gy or 0.0), 0.4 * (of_each[1].mean_uncertainty_gy or 0.0))
    assert doses.structures[3].mean_uncertainty_gy == pytest.approx(both, rel=1e-6)
    by_kernel = voxel_plan(small.injections, small.structures, method="voxel_s_values").doses([0.3, 0.4])
    assert doses.structures[3].mean_gy == pytest.approx(by_kernel.structures[3].mean_gy or 0.0, rel=0.05)
    with pytest.raises(ArgumentError, match="state_file"):
        voxel_plan(small.injections, small.structures, method="monte_carlo", density=density, state_file="run.npz")


def test_values_of_quantities_are_their_definitions(plan: VoxelPlan) -> None:
    texts = ["Tumor A: mean", "Tumor A: D70", "Liver: V30", "Normal: gEUD(a=4)", "Tumor B: EUD(alpha_per_gy=0.02)",
             "Tumor B: TCP(alpha_per_gy=0.02, clonogens=1e4)", "Normal: NTCP(strigari-2010-resin-hcc)",
             "Normal: NTCP(td50_gy=60, m=0.3, n=0.4)", "Tumor A: TCP(d50_gy=90, gamma50=1)", "lungs: mean"]  # fmt: skip
    activities = np.array([0.1, 0.12])
    doses = plan.doses(activities.tolist(), quantities=texts)
    many = ManyActivities(plan)
    for each, text in zip(doses.quantities, texts, strict=True):
        expected = many.values(activities[None], DoseQuantity.from_text(text))[0]
        assert each.value == pytest.approx(expected, rel=1e-6), text
        assert str(each).startswith(str(each.quantity))
    codes = [advisory.code for advisory in doses.advisories]
    assert "model_not_validated" in codes
    assert "parameters_not_verified" in codes


def test_doses_of_a_voxel_plan_are_plain_data(plan: VoxelPlan) -> None:
    found = plan.doses([0.3, 0.4], quantities=["Tumor A: D70"], volumes_at_gy=[30.0]).as_dict()
    assert json.loads(json.dumps(found, allow_nan=False))["quantities"][0]["quantity"] == "Tumor A: D70"
    assert found["provenance"]["scaling"]["kind"] == "injections"
    assert "v30gy_fraction" in found["structures"][0]


def test_s_values_bring_their_nuclide(plan: VoxelPlan) -> None:
    nuclide = Nuclide("IFU_50")
    s = voxel_s_values((4.0, 4.0, 4.0), medium="liver", nuclide=nuclide)
    made = voxel_plan(plan.injections, plan.structures, method="voxel_s_values", s_values=s)
    assert made.nuclide == nuclide
    assert made.doses([1.0, 0.0]).lungs.lung_dose_gy == pytest.approx(5.0)


# Maps


def test_one_image_is_split_by_territories() -> None:
    rng = np.random.default_rng(4)
    counts = rng.gamma(1.0, 1.0, (6, 8, 10))
    left = np.zeros(counts.shape)
    left[..., :5] = 1.0
    left[..., 5] = 0.25
    image = Image(counts, AFFINE, "counts")
    territories = [Structure("left", left, AFFINE), Structure("right", 1.0 - left, AFFINE)]
    maps = split_by_territories(image, territories, lung_shunt_fraction=0.05)
    np.testing.assert_allclose(maps[0].image.array + maps[1].image.array, counts)
    assert [each.lung_shunt_fraction for each in maps] == [0.05, 0.05]
    assert maps[0].advisories == ()


def test_counts_outside_territories_are_reported() -> None:
    image = Image(np.ones((4, 4, 10)), AFFINE, "counts")
    left = np.zeros((4, 4, 10), bool)
    left[..., :4] = True
    (only,) = split_by_territories(image, [Structure("left", left, AFFINE)], lung_shunt_fraction=0.0)
    (told,) = only.advisories
    assert told.code == "counts_outside_territories"
    assert told.value == pytest.approx(0.6)
    plan = voxel_plan([only], [Structure("left", left, AFFINE)])
    assert "counts_outside_territories" in [advisory.code for advisory in plan.doses(1.0).advisories]


def test_territories_must_not_overlap() -> None:
    image = Image(np.ones((4, 4, 10)), AFFINE, "counts")
    left, right = np.zeros((4, 4, 10), bool), np.zeros((4, 4, 10), bool)
    left[..., :6] = right[..., 5:] = True
    territories = [Structure("left", left, AFFINE), Structure("right", right, AFFINE)]
    with pytest.raises(GeometryError, match=r"20.0% of 'right'"):
        split_by_territories(image, territories, lung_shunt_fraction=0.0)
    with pytest.raises(ArgumentError, match="must be those of left, right"):
        split_by_territories(image, territories, lung_shunt_fraction={"left": 0.1})
    with pytest.raises(ArgumentError, match="unique"):
        split_by_territories(image, territories[:1] * 2, lung_shunt_fraction=0.0)
    with pytest.raises(UndefinedError, match="without a territory"):
        split_by_territories(image, [], lung_shunt_fraction=0.0)
    far = AFFINE.copy()
    far[:3, 3] = 1e4
    with pytest.raises(UndefinedError, match="outside of the image"):
        split_by_territories(image, [Structure("far", left, far)], lung_shunt_fraction=0.0)
    with pytest.raises(OutOfRangeError, match="finite"):
        split_by_territories(image.with_array(np.full((4, 4, 10), np.nan), "counts"), territories[:1],
                             lung_shunt_fraction=0.0)  # fmt: skip


# Refusals


@pytest.mark.parametrize(
    ("activities", "kind", "text"),
    [
        (1.0, ShapeError, "must be 2, of left, right, got 1"),
        ([1.0, 2.0, 3.0], ShapeError, "got 3"),
        ({"left": 1.0}, ArgumentError, "'right' is missing"),
        ({"left": 1.0, "middle": 2.0}, UnknownNameError, "middle"),
        ([1.0, -0.1], OutOfRangeError, "'right' in GBq must be finite and >= 0"),
        ([1.0, float("nan")], OutOfRangeError, "nan"),
        ([1.0, float("inf")], OutOfRangeError, "inf"),
        ([0.0, 0.0], UndefinedError, "without activity"),
        (["1", 2.0], ArgumentError, "real number"),
        ([True, 2.0], ArgumentError, "real number"),
    ],
)
def test_impossible_activities_are_refused(
    plan: VoxelPlan, activities: Any, kind: type[YttriaError], text: str
) -> None:
    with pytest.raises(kind) as refused:
        plan.doses(activities)
    assert text in str(refused.value)


def test_quantities_of_unknown_structures_are_refused(plan: VoxelPlan) -> None:
    with pytest.raises(UnknownNameError, match=r"must be one of Tumor A, .*lungs"):
        plan.doses([1.0, 1.0], quantities=["Tumor: mean"])
    with pytest.raises(UnknownNameError, match="must be one of"):
        plan.doses([1.0, 1.0], quantities=["lungs: D70"])


def test_impossible_plans_are_refused(plan: VoxelPlan) -> None:
    one = plan.injections[0]
    with pytest.raises(UndefinedError, match="without an injection"):
        voxel_plan([], plan.structures)
    with pytest.raises(DuplicateNameError, match="'left' twice"):
        voxel_plan([one, one], plan.structures)
    with pytest.raises(DuplicateNameError, match="'Liver' twice"):
        voxel_plan([one], [plan.structures[3]] * 2)
    with pytest.raises(ArgumentError, match="scaling must not be given"):
        voxel_plan([one], plan.structures, scaling=None)
    with pytest.raises((ArgumentError, TypeError), match="colour"):
        voxel_plan([one], plan.structures, colour="blue")
    with pytest.raises(OutOfRangeError, match="lung mass"):
        voxel_plan([one], plan.structures, lung_mass_kg=30.0)
    with pytest.raises(OutOfRangeError, match="prior lung dose"):
        voxel_plan([one], plan.structures, prior_lung_dose_gy=-1.0)
    small = Image(np.ones((2, 2, 2)), AFFINE, "counts")
    other = InjectionMap(name="other", image=small, reference=plan.structures[3], lung_shunt_fraction=0.0)
    with pytest.raises(GeometryError, match="on one grid, got another for 'other'"):
        voxel_plan([one, other], plan.structures)


@pytest.mark.parametrize("shunt", [-0.1, 1.0, float("nan")])
def test_shunts_are_fractions_below_1(plan: VoxelPlan, shunt: float) -> None:
    with pytest.raises(OutOfRangeError, match="lung shunt fraction of 'x'"):
        InjectionMap(name="x", image=plan.injections[0].image, reference=plan.structures[3], lung_shunt_fraction=shunt)


def test_a_structure_outside_of_the_image_has_no_quantity(plan: VoxelPlan) -> None:
    far = AFFINE.copy()
    far[:3, 3] = 1e4
    outside = Structure("Far", np.ones((2, 2, 2), bool), far)
    made = voxel_plan(plan.injections, [*plan.structures, outside])
    assert made.doses([1.0, 1.0]).structures[-1].mean_gy is None
    with pytest.raises(UndefinedError, match="occupies no voxel"):
        made.doses([1.0, 1.0], quantities=["Far: mean"])
