"""Known changes from plan to delivery are split into their causes, in any space of the plan."""

from __future__ import annotations

import numpy as np
import pytest

from yttria import AbsoluteScaling, DoseResult, Image, Nuclide, RelativeScaling, dose_image
from yttria._foundation.choices import NuclidePreset
from yttria.errors import ArgumentError, GeometryError, OutOfRangeError
from yttria.phantom import Phantom, liver_phantom
from yttria.planning import InjectionMap, compare_plan, voxel_plan


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return liver_phantom((5.0, 5.0, 5.0))


def dosed(phantom: Phantom, activity: float, shunt: float, image: Image | None = None, **options: object) -> DoseResult:
    liver = phantom.structures[0]
    scaling = RelativeScaling(liver, lung_shunt_fraction=shunt, delivered_activity_gbq=activity)
    return dose_image(phantom.activity if image is None else image, scaling=scaling, **options)  # type: ignore[arg-type]


def test_activity_and_shunt_are_the_causes_if_nothing_else_changed(phantom: Phantom) -> None:
    found = compare_plan(dosed(phantom, 2.0, 0.10), dosed(phantom, 1.5, 0.04), phantom.structures)
    for row in found.structures:
        assert row.change is not None
        expected = {"activity": 0.75, "shunt": 0.96 / 0.9, "uptake": 1.0, "mass": 1.0, "method": 1.0}
        assert row.change.ratios == pytest.approx(expected, rel=1e-5)
        assert row.delivered_mean_gy == pytest.approx(row.planned_mean_gy * 0.8, rel=1e-5)
        assert row.delivered_d70_gy == pytest.approx(row.planned_d70_gy * 0.8, rel=1e-5)
    assert found.advisories == ()


def test_a_larger_share_of_the_tumor_is_uptake(phantom: Phantom) -> None:
    inside = phantom.structures[2].voxel_fractions_on(phantom.activity).to_array()
    hotter = phantom.activity.with_array(phantom.activity.array * (1.0 + inside), "Bq/mL")
    found = compare_plan(dosed(phantom, 2.0, 0.05), dosed(phantom, 2.0, 0.05, hotter), phantom.structures)
    rows = {row.structure: row for row in found.structures}
    change = rows["Tumor 1"].change
    assert change is not None
    assert change.ratios["activity"] == change.ratios["shunt"] == 1.0
    assert change.ratios["uptake"] == pytest.approx(change.ratio, rel=1e-6)
    assert change.ratio > 1.4
    normal = rows["Normal liver"].change
    assert normal is not None
    assert normal.ratios["uptake"] < 1.0


def test_another_dose_model_is_method(phantom: Phantom) -> None:
    local, kernel = dosed(phantom, 2.0, 0.05), dosed(phantom, 2.0, 0.05, method="voxel_s_values")
    for row in compare_plan(local, kernel, phantom.structures).structures:
        assert row.change is not None
        assert row.change.ratios["method"] == pytest.approx(row.change.ratio, rel=1e-6)
        assert row.change.ratios["method"] < 1.0


def test_a_density_of_each_voxel_is_mass(phantom: Phantom) -> None:
    density = Image(np.full(phantom.activity.shape, 1.2), phantom.activity.affine_lps, "g/mL")
    for row in compare_plan(
        dosed(phantom, 2.0, 0.05), dosed(phantom, 2.0, 0.05, density=density), phantom.structures
    ).structures:
        assert row.change is not None
        assert row.change.ratios["mass"] == pytest.approx(1.05 / 1.2)
        assert row.change.ratios["method"] == pytest.approx(1.0, rel=1e-5)


def test_a_plan_in_another_space_is_brought_over_by_its_transform(phantom: Phantom) -> None:
    turn = np.array([[0.0, -1.0, 0.0, 30.0], [1.0, 0.0, 0.0, -12.0], [0.0, 0.0, 1.0, 40.0], [0.0, 0.0, 0.0, 1.0]])
    plan, given = dosed(phantom, 2.0, 0.1), dosed(phantom, 1.5, 0.1)
    # The plan's scanner has the patient at another place, which the inverse of the registration gives.
    away = plan.transformed(np.linalg.inv(turn), frame_of_reference_uid="1.2.3")
    given = given.transformed(np.eye(4), frame_of_reference_uid="1.2.4")
    with pytest.raises(GeometryError, match="must share one frame of reference"):
        compare_plan(
            away, given, [s.transformed(np.eye(4), frame_of_reference_uid="1.2.4") for s in phantom.structures]
        )
    back = compare_plan(away, given, phantom.structures, transform_lps=turn, transform_source="by hand")
    for row in back.structures:
        assert row.change is not None
        assert row.change.ratio == pytest.approx(0.75, rel=1e-4)
        assert row.planned_volume_ml == pytest.approx(row.delivered_volume_ml, rel=1e-6)
    assert back.transform_lps == turn.tolist()
    wrong = compare_plan(away, given, phantom.structures, transform_lps=np.linalg.inv(turn))
    assert any(row.change is None or abs(row.change.ratio - 0.75) > 0.05 for row in wrong.structures)


def test_an_absolute_delivery_without_activity_is_split_without_it(phantom: Phantom) -> None:
    plan = dosed(phantom, 2.0, 0.05)
    scan = dose_image(phantom.activity, scaling=AbsoluteScaling(20.0))
    rows = compare_plan(plan, scan, phantom.structures).structures
    assert rows[2].change is not None
    assert list(rows[2].change.ratios) == ["uptake", "mass", "method"]
    given = compare_plan(plan, scan, phantom.structures, delivered_activity_gbq=2.0, delivered_lung_shunt_fraction=0.05)
    assert given.delivered.delivered_activity_gbq == 2.0
    change = given.structures[2].change
    assert change is not None
    # The reference of the plan is the liver's mask, but the scan's activity is in whole voxels.
    assert change.ratios["uptake"] == pytest.approx(1.0, abs=0.03)


def test_limits_of_both_sides_are_compared(phantom: Phantom) -> None:
    limits = {"device": "glass", "disease": "HCC", "intent": "unilobar", "roles": {"territories": "Liver"}}
    scan = dose_image(phantom.activity, scaling=AbsoluteScaling(20.0, administered_activity_gbq=2.0))
    found = compare_plan(
        dosed(phantom, 4.0, 0.05), scan, phantom.structures, delivered_lung_shunt_fraction=0.1, limits=limits
    )
    plain = found.as_dict()["limits"]
    lungs = {side: plain[side]["doses"]["lung_activity_gbq"] for side in ("planned", "delivered")}
    assert lungs == pytest.approx({"planned": 0.2, "delivered": 0.2})
    whole = [
        next(s["if_applies"] or s["state"] for s in plain[side]["states"] if s["limit"]["kind"] == "normal_whole")
        for side in ("planned", "delivered")
    ]
    assert whole == ["above limit", "met"]
    with pytest.raises(ArgumentError, match="limits must hold keyword arguments of delivered_limits, got dose"):
        compare_plan(scan, scan, phantom.structures, limits={"dose": 1})


def test_a_cut_structure_is_reported_and_not_split(phantom: Phantom) -> None:
    k = phantom.activity.shape[0] // 2
    cut = Image(phantom.activity.array[:k], phantom.activity.affine_lps, "Bq/mL")
    short = dose_image(cut, scaling=AbsoluteScaling(20.0))
    found = compare_plan(short, dosed(phantom, 2.0, 0.05), phantom.structures)
    assert {told.code for told in found.advisories} == {"plan_structure_cut"}
    assert found.structures[0].change is None


def test_values_out_of_range_are_refused(phantom: Phantom) -> None:
    plan = dosed(phantom, 2.0, 0.05)
    for bad in (
        {"delivered_activity_gbq": 0.0},
        {"delivered_activity_gbq": 101.0},
        {"delivered_lung_shunt_fraction": 1.0},
    ):
        with pytest.raises(OutOfRangeError):
            compare_plan(plan, plan, phantom.structures, **bad)  # type: ignore[arg-type]


def test_a_plan_of_several_injections_has_the_sum_of_their_activities(
    phantom: Phantom, result_of_two: DoseResult
) -> None:
    """Two injections of one map, 0.6 and 1.4 GBq with shunts 0.1 and 0.05, are one of 2 GBq with 0.065."""
    liver = phantom.structures[0]
    one = dosed(phantom, 2.0, 0.065)
    inside = {name: result.voxel_fractions([liver])["Liver"] for name, result in (("one", one), ("two", result_of_two))}
    assert result_of_two.activity_mbq(inside["two"]) == pytest.approx(one.activity_mbq(inside["one"]), rel=1e-5)
    found = compare_plan(result_of_two, dosed(phantom, 1.0, 0.05), phantom.structures)
    assert found.planned.delivered_activity_gbq == pytest.approx(2.0)
    assert found.planned.lung_shunt_fraction == pytest.approx(0.065)
    for row in found.structures:
        assert row.change is not None
        expected = {"activity": 0.5, "shunt": 0.95 / 0.935, "uptake": 1.0, "mass": 1.0, "method": 1.0}
        assert row.change.ratios == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def result_of_two(phantom: Phantom) -> DoseResult:
    maps = [
        InjectionMap(name=name, image=phantom.activity, reference=phantom.structures[0], lung_shunt_fraction=shunt)
        for name, shunt in (("a", 0.1), ("b", 0.05))
    ]
    return voxel_plan(maps, phantom.structures).doses([0.6, 1.4]).result


@pytest.mark.parametrize(
    ("planned", "delivered"), [("EANM2022", "HO166"), ("HO166", "EANM2022"), ("HO166_15_87", "IFU_50")]
)
def test_a_plan_of_another_nuclide_than_the_delivery_is_refused(
    phantom: Phantom, planned: NuclidePreset, delivered: NuclidePreset
) -> None:
    plan, given = (dosed(phantom, 2.0, 0.05, nuclide=Nuclide(name)) for name in (planned, delivered))
    with pytest.raises(ArgumentError, match=rf"the plan is a dose of {planned} \(.*one of {delivered} \("):
        compare_plan(plan, given, phantom.structures)


def test_a_plan_and_a_delivery_of_holmium_are_compared(phantom: Phantom) -> None:
    plan, given = (dosed(phantom, activity, 0.05, nuclide=Nuclide("HO166")) for activity in (8.0, 6.0))
    found = compare_plan(plan, given, phantom.structures, limits={})
    assert {each.code for each in found.advisories} == {"lung_mass_assumed"}
    assert all(row.change is not None and row.change.ratio == pytest.approx(0.75) for row in found.structures)
    assert found.delivered_limits is not None


def test_another_dose_factor_of_one_isotope_is_stated(phantom: Phantom) -> None:
    plan, given = (dosed(phantom, 2.0, 0.05, nuclide=Nuclide(name)) for name in ("EANM2022", "IFU_50"))
    found = compare_plan(plan, given, phantom.structures)
    (told,) = found.advisories
    ratio = Nuclide("IFU_50").dose_factor_gy_kg_per_gbq / Nuclide("EANM2022").dose_factor_gy_kg_per_gbq
    assert (told.code, told.value) == ("dose_factors_differ", pytest.approx(ratio))
    for row in found.structures:
        assert row.change is not None
        assert row.change.ratios["method"] == pytest.approx(ratio, rel=1e-6)
