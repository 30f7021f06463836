"""Voxel plan of a real patient: the post-treatment PET as if it were the tracer image of a plan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from measured_figures import Measured

from yttria import Image, RelativeScaling, Structure, dose_image, read_image, read_structures
from yttria.planning import (
    InjectionMap,
    VoxelPlan,
    optimize_voxel_activities,
    split_by_territories,
    voxel_plan,
)

NAMES = ["Liver", "Tumor 1", "Tumor 2", "Normal Tissue"]


@pytest.fixture(scope="module")
def pet(shared_data: Path) -> Image:
    return read_image(shared_data / "images" / "patient_1_Y90_PET.nrrd", unit="Bq/mL")


@pytest.fixture(scope="module")
def structures(shared_data: Path) -> list[Structure]:
    return read_structures(shared_data / "images" / "patient_1_Segmentation.seg.nrrd", names=NAMES)


@pytest.fixture(scope="module")
def maa(pet: Image, structures: list[Structure]) -> InjectionMap:
    return InjectionMap(name="proper hepatic", image=pet, reference=structures[0], lung_shunt_fraction=0.05)


@pytest.fixture(scope="module")
def plan(maa: InjectionMap, structures: list[Structure]) -> VoxelPlan:
    return voxel_plan([maa], structures)


@pytest.mark.claim("voxel_plan_forward")
@pytest.mark.parametrize("method", ["local_deposition", "voxel_s_values"])
def test_doses_of_an_activity_are_the_scaled_dose_image(
    pet: Image, maa: InjectionMap, structures: list[Structure], plan: VoxelPlan, method: str, measured: Measured
) -> None:
    activity = 1.4
    scaling = RelativeScaling(structures[0], lung_shunt_fraction=0.05, delivered_activity_gbq=activity)
    expected = dose_image(pet, scaling=scaling, method=method)  # type: ignore[arg-type]
    made = plan if method == "local_deposition" else voxel_plan([maa], structures, method=method)
    doses = made.doses(activity)
    largest = float(expected.image.array.max())
    difference = np.abs(doses.result.image.array - expected.image.array).max() / largest
    measured("voxels, relative to the largest dose", difference)
    assert np.abs(doses.result.image.array - expected.image.array).max() <= 1e-6 * largest
    for row, other in zip(doses.structures, expected.table(structures), strict=True):
        assert row.mean_gy == pytest.approx(other.mean_gy, rel=1e-6)
        assert row.d70_gy == pytest.approx(other.d70_gy, rel=1e-5)


@pytest.mark.claim("voxel_plan_limit")
@pytest.mark.parametrize(
    ("limit", "level"),
    [
        ("Normal Tissue: mean <= 30 Gy", 30.0),
        ("Normal Tissue: D10 <= 60 Gy", 60.0),
        ("Liver: V30 <= 35 %", 0.35),
        ("Normal Tissue: NTCP(strigari-2010-resin-hcc) <= 5 %", 0.05),
    ],
)
def test_the_best_activity_meets_its_limit_within_a_thousandth(
    plan: VoxelPlan, limit: str, level: float, measured: Measured
) -> None:
    best = optimize_voxel_activities(plan, goal="Tumor 2: D70", limits=[limit])
    assert best.binding[0] == limit
    value = best.constraints[0].value
    assert value is not None
    measured(limit, value / level - 1)
    assert level * 0.999 <= value <= level * (1.0 + 1e-6)
    assert best.goal_bound <= best.goal_value * 1.001


def test_two_halves_of_a_liver_are_planned_together(pet: Image, structures: list[Structure]) -> None:
    """The liver cut in two across the patient, with a shunt of its own for each half."""
    liver = structures[0]
    index = np.indices(liver.mask.shape)[2]
    middle = int(np.median(index[np.asarray(liver.mask) > 0]))
    halves = [
        Structure(name, np.asarray(liver.mask, bool) & (side(index, middle)), liver.affine_lps)
        for name, side in (("first half", np.less), ("second half", np.greater_equal))
    ]
    maps = split_by_territories(pet, halves, lung_shunt_fraction={"first half": 0.04, "second half": 0.08})
    plan = voxel_plan(maps, structures)
    limits = ["Normal Tissue: D20 <= 50 Gy", "Liver: V30 <= 40 %"]
    best = optimize_voxel_activities(plan, goal="Tumor 2: D70", limits=limits)
    assert best.goal_bound <= best.goal_value * 1.002
    values = np.array(list(best.delivered_activities_gbq.values()))
    rng = np.random.default_rng(1)
    for other in np.abs(values + rng.normal(0.0, 0.05 * values.max(), (40, 2))):
        found = plan.doses(other.tolist(), quantities=["Tumor 2: D70", "Normal Tissue: D20", "Liver: V30"])
        goal, normal, liver_share = (each.value for each in found.quantities)
        if normal <= 50.0 and liver_share <= 0.4 and found.lungs.lung_dose_gy <= 30.0:
            assert goal <= best.goal_value * (1.0 + 1e-6)
