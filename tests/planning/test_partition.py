"""The partition model: energy balance, its degenerate cases, inverse, limits, errors that read well."""

from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_samples import one_territory, tumor

from yttria import Nuclide
from yttria.errors import ArgumentError, OutOfRangeError, UndefinedError
from yttria.planning import PartitionLimits, PartitionModel, single_compartment_dose
from yttria.reference import partition as reference

tumors = st.lists(st.builds(tumor, st.floats(0.001, 3), st.floats(0.1, 50)), min_size=1, max_size=5).map(tuple)
models = st.builds(
    one_territory,
    tumors,
    st.floats(0.01, 3),
    st.floats(0.0, 0.9),
    normal_total_mass_kg=st.floats(3, 5),
    lung_mass_kg=st.floats(0.3, 2.5),
)
activities = st.floats(0.01, 20)

EXAMPLE = one_territory((tumor(0.3, 4),), 1.2, 0.05, normal_total_mass_kg=1.5)


@given(models, activities)
def test_energy_is_conserved_and_the_core_agrees_with_the_definition(model: PartitionModel, gbq: float) -> None:
    doses = model.doses(gbq)
    assert doses.normal_perfused_dose_gy is not None
    in_tumors = math.fsum(t.mass_kg * d for t, d in zip(model.territories[0].tumors, doses.tumor_doses_gy, strict=True))
    in_liver = in_tumors + model.territories[0].normal_perfused_mass_kg * doses.normal_perfused_dose_gy
    received = 49.67 * gbq * (1 - model.territories[0].lung_shunt_fraction)
    assert math.isclose(in_liver, received, rel_tol=1e-12)
    assert math.isclose(doses.liver_energy_j, received, rel_tol=1e-14)
    assert math.isclose(in_liver + doses.lung_dose_gy * model.lung_mass_kg, 49.67 * gbq, rel_tol=1e-12)
    perfused = model.territories[0].normal_perfused_mass_kg + math.fsum(t.mass_kg for t in model.territories[0].tumors)
    assert math.isclose(doses.perfused_mean_dose_gy, in_liver / perfused, rel_tol=1e-12)
    masses, ratios = zip(*((t.mass_kg, t.tumor_to_normal_ratio) for t in model.territories[0].tumors), strict=True)
    expected = reference.partition_doses(
        gbq,
        masses,
        ratios,
        model.territories[0].normal_perfused_mass_kg,
        model.territories[0].lung_shunt_fraction,
        model.lung_mass_kg,
        dose_factor_gy_kg_per_gbq=49.67,
    )
    normal, tumor, lung = expected.values()
    assert math.isclose(doses.normal_perfused_dose_gy, normal, rel_tol=1e-13)
    assert doses.tumor_doses_gy == pytest.approx(tumor, rel=1e-13)
    assert math.isclose(doses.lung_dose_gy, lung, rel_tol=1e-13, abs_tol=1e-300)


@given(models, st.floats(1, 2000), st.data())
def test_the_activity_for_a_tumor_dose_gives_that_dose(model: PartitionModel, gy: float, data: st.DataObject) -> None:
    tumor = data.draw(st.integers(0, len(model.territories[0].tumors) - 1))
    weight = model.territories[0].normal_perfused_mass_kg + sum(
        t.mass_kg * t.tumor_to_normal_ratio for t in model.territories[0].tumors
    )
    needed = (
        gy
        * weight
        / (
            model.territories[0].tumors[tumor].tumor_to_normal_ratio
            * 49.67
            * (1 - model.territories[0].lung_shunt_fraction)
        )
    )
    if needed > 100:
        # What the forward function refuses, its inverse does not return.
        with pytest.raises(OutOfRangeError, match=r"needs in GBq must be within \[0, 100\]"):
            model.activity_for_tumor_dose(gy, tumor=tumor)
        return
    back = model.activity_for_tumor_dose(gy, tumor=tumor)
    assert math.isclose(back.tumor_doses_gy[tumor], gy, rel_tol=1e-12)
    assert math.isclose(model.doses(back.delivered_activity_gbq).tumor_doses_gy[tumor], gy, rel_tol=1e-12)


@given(st.lists(st.floats(0.01, 0.5), min_size=1, max_size=4), st.floats(0.01, 3), st.floats(0, 0.9), activities)
def test_a_ratio_of_one_is_the_single_compartment(masses: list[float], kg: float, shunt: float, gbq: float) -> None:
    doses = one_territory(tuple(tumor(m, 1.0) for m in masses), kg, shunt).doses(gbq)
    single = single_compartment_dose(gbq, mass_kg=math.fsum([*masses, kg]), lung_shunt_fraction=shunt)
    for dose in (*doses.tumor_doses_gy, doses.normal_perfused_dose_gy, doses.perfused_mean_dose_gy):
        assert math.isclose(dose or 0.0, single.perfused_dose_gy, rel_tol=1e-12)
    assert doses.lung_dose_gy == single.lung_dose_gy


@given(models, st.floats(0.01, 9), st.floats(1, 10))
def test_doses_are_linear_in_the_activity(model: PartitionModel, gbq: float, factor: float) -> None:
    one, more = model.doses(gbq), model.doses(gbq * factor)
    assert more.tumor_doses_gy == pytest.approx([d * factor for d in one.tumor_doses_gy], rel=1e-12)
    assert more.lung_dose_gy == pytest.approx(one.lung_dose_gy * factor, rel=1e-12)


@given(st.floats(0.01, 2), st.floats(0.5, 20), st.floats(0.05, 2), st.floats(0, 0.5), st.floats(1.01, 2))
def test_doses_rise_and_fall_with_ratio_mass_and_shunt(
    kg: float, ratio: float, normal: float, shunt: float, more: float
) -> None:
    def doses(r: float = ratio, m_n: float = normal, s: float = shunt) -> tuple[float, float, float]:
        d = one_territory((tumor(kg, r),), m_n, s).doses(2.0)
        return d.tumor_doses_gy[0], d.normal_perfused_dose_gy or 0.0, d.lung_dose_gy

    in_tumor, in_normal, lung = doses()
    assert doses(r=ratio * more)[0] > in_tumor
    assert doses(r=ratio * more)[1] < in_normal
    assert doses(m_n=normal * more)[0] < in_tumor
    shunted = doses(s=shunt + 0.1)
    assert shunted[0] < in_tumor
    assert shunted[1] < in_normal
    assert shunted[2] > lung


def test_scaling_every_mass_scales_the_activity_for_a_dose() -> None:
    scaled = one_territory((tumor(0.6, 4),), 2.4, 0.05)
    small, large = EXAMPLE.activity_for_tumor_dose(205), scaled.activity_for_tumor_dose(205)
    assert large.delivered_activity_gbq == pytest.approx(2 * small.delivered_activity_gbq, rel=1e-14)


def test_splitting_a_tumor_changes_nothing() -> None:
    split = one_territory((tumor(0.1, 4), tumor(0.2, 4)), 1.2, 0.05)
    one, two = EXAMPLE.doses(2.0), split.doses(2.0)
    assert two.tumor_doses_gy == pytest.approx(one.tumor_doses_gy * 2, rel=1e-14)


def test_without_normal_liver_the_ratio_of_one_tumor_cancels() -> None:
    for ratio in (None, 0.7, 12.0):
        model = one_territory((tumor(2.119, ratio),), 0.0, 0.12)
        assert model.doses(4.7).tumor_doses_gy[0] == pytest.approx(49.67 * 4.7 * 0.88 / 2.119, rel=1e-13)
        assert model.doses(4.7).normal_perfused_dose_gy is None
    for model in (((tumor(1, None),), 0.5), ((tumor(1, None), tumor(1, 2)), 0.0)):
        with pytest.raises(UndefinedError, match="the tumor-to-normal ratio is missing"):
            one_territory(*model, 0.1)


def test_every_limit_is_reported_and_ties_bind_together() -> None:
    limits = PartitionLimits(
        normal_perfused_limit_gy=50,
        normal_whole_limit_gy=45,
        prior_normal_whole_dose_gy=5,
        lung_limit_gy=30,
        activity_limit_gbq=20,
    )
    found = EXAMPLE.maximum_activity(limits, target_tumor_dose_gy=205)
    assert found.binding == ("normal_perfused", "normal_whole")
    assert [a.kind for a in found.at_limits] == ["normal_perfused", "normal_whole", "lung", "activity"]
    assert found.activity_at("lung") == pytest.approx(30 / (49.67 * 0.05), rel=1e-13)
    assert found.activity_at("lung_cumulative") is None
    assert found.doses is not None
    assert found.doses.tumor_doses_gy[0] == pytest.approx(200, rel=1e-12)
    assert found.doses.normal_whole_dose_gy == pytest.approx(40, rel=1e-12)
    assert found.target_reachable is False
    assert EXAMPLE.maximum_activity(limits, target_tumor_dose_gy=199).target_reachable is True


@given(models, st.floats(10, 100), st.floats(10, 100), st.floats(5, 40), st.floats(0, 30))
def test_at_the_maximum_no_limit_is_exceeded_and_binding_ones_are_reached(
    model: PartitionModel, perfused: float, whole: float, lung: float, prior: float
) -> None:
    limits = PartitionLimits(
        normal_perfused_limit_gy=perfused,
        normal_whole_limit_gy=whole,
        lung_limit_gy=lung,
        cumulative_lung_limit_gy=lung + 20,
        prior_lung_dose_gy=prior,
    )
    found = model.maximum_activity(limits)
    assert found.doses is not None
    left = {
        "normal_perfused": (found.doses.normal_perfused_dose_gy, perfused),
        "normal_whole": (found.doses.normal_whole_dose_gy, whole),
        "lung": (found.doses.lung_dose_gy, lung),
        "lung_cumulative": (found.doses.lung_dose_gy, max(lung + 20 - prior, 0.0)),
    }
    assert found.binding
    for kind, (dose, limit) in left.items():
        assert dose is not None
        assert dose <= limit * (1 + 1e-9)
        if kind in found.binding:
            assert math.isclose(dose, limit, rel_tol=1e-8, abs_tol=1e-300)


def test_without_a_shunt_the_lungs_never_limit() -> None:
    model = one_territory((tumor(0.3, 4),), 1.2, 0.0)
    found = model.maximum_activity(PartitionLimits(lung_limit_gy=30))
    assert (found.delivered_activity_gbq, found.binding, found.doses) == (None, (), None)
    assert found.at_limits[0].delivered_activity_gbq is None
    assert model.maximum_activity(PartitionLimits(), target_tumor_dose_gy=205).target_reachable is True


def test_a_prior_dose_beyond_its_limit_leaves_no_activity_and_warns() -> None:
    model = one_territory((tumor(0.3, 4),), 1.2, 0.1)
    found = model.maximum_activity(
        PartitionLimits(lung_limit_gy=30, cumulative_lung_limit_gy=50, prior_lung_dose_gy=55)
    )
    assert found.delivered_activity_gbq == 0.0
    assert found.binding == ("lung_cumulative",)
    assert [a.code for a in found.advisories] == ["lung_cumulative_limit_already_exceeded"]


def test_the_residual_changes_the_vial_alone() -> None:
    model = one_territory((tumor(0.3, 4),), 1.2, 0.05, residual_fraction=0.1)
    result = model.activity_for_tumor_dose(205)
    assert result.delivered_activity_gbq == EXAMPLE.activity_for_tumor_dose(205).delivered_activity_gbq
    assert result.vial_activity_gbq == pytest.approx(result.delivered_activity_gbq / 0.9, rel=1e-15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((tumor(300, 4),), 1.2, 0.05), r"tumor mass in kg must be within \(0, 10\], got 300 \(did you mean 0.3 kg\?"),
        (((tumor(-0.3, 4),), 1.2, 0.05), "tumor mass in kg must be"),
        (((tumor(0.3, 0),), 1.2, 0.05), "tumor-to-normal ratio must be finite and > 0"),
        (((tumor(0.3, math.nan),), 1.2, 0.05), "tumor-to-normal ratio"),
        (((tumor(0.3, 4),), -1.2, 0.05), "perfused normal liver mass in kg"),
        (((tumor(0.3, 4),), 1200, 0.05), "did you mean 1.2 kg"),
        (((tumor(0.3, 4),), 1.2, 5), r"lung shunt fraction must be within \[0, 1\), got 5 \(did you mean 0.05\?\)"),
        (
            ((tumor(0.3, 4),), 1.2, 0.05, 1.1),
            "total normal liver mass in kg must be at least the perfused part, 1.2 kg",
        ),
        (((tumor(0.3, 4),), 1.2, 0.05, None, 0.1), "lung mass in kg"),
        (((tumor(0.3, 4),), 1.2, 0.05, None, 1.0, 1.0), "residual fraction"),
    ],
)
def test_errors_name_quantity_value_and_domain(arguments: tuple[float, ...], message: str) -> None:
    with pytest.raises(OutOfRangeError, match=message):
        one_territory(*arguments)  # type: ignore[arg-type]


def test_wrong_models_activities_and_limits_are_refused() -> None:
    with pytest.raises(UndefinedError, match="it has no tumor"):
        one_territory((), 1.2, 0.05)
    with pytest.raises(ArgumentError, match=r"tumor mass in kg must be a real number, got '0\.3'"):
        one_territory((tumor("0.3", 4),), 1.2, 0.05)  # type: ignore[arg-type]
    with pytest.raises(OutOfRangeError, match="an index from 0 to 0"):
        EXAMPLE.activity_for_tumor_dose(205, tumor=1)
    with pytest.raises(OutOfRangeError, match=r"delivered activity in GBq .* 2000 looks like MBq"):
        EXAMPLE.doses(2000)
    with pytest.raises(OutOfRangeError, match="perfused normal liver limit in Gy"):
        EXAMPLE.maximum_activity(PartitionLimits(normal_perfused_limit_gy=0))
    with pytest.raises(OutOfRangeError, match="prior cumulative lung dose in Gy"):
        EXAMPLE.maximum_activity(PartitionLimits(cumulative_lung_limit_gy=50, prior_lung_dose_gy=-1))
    without_total = one_territory((tumor(0.3, 4),), 1.2, 0.05)
    with pytest.raises(UndefinedError, match="the total normal liver mass is not given"):
        without_total.maximum_activity(PartitionLimits(normal_whole_limit_gy=40))


def test_unusual_ratios_and_shunts_warn_and_equal_models_are_equal() -> None:
    model = one_territory([tumor(0.3, 0.5, "left"), tumor(0.1, 25)], 1.2, 0.25)  # type: ignore[arg-type]
    codes = {a.code for a in model.doses(1.0).advisories}
    assert codes == {"ratio_below_1", "ratio_above_20", "lung_shunt_above_20_percent"}
    assert not EXAMPLE.doses(1.0).advisories
    assert pickle.loads(pickle.dumps(model)) == model
    assert hash(model.territories[0].tumors) == hash((tumor(0.3, 0.5, "left"), tumor(0.1, 25)))
    insert = one_territory((tumor(0.3, 4),), 1.2, 0.05, nuclide=Nuclide("IFU_50"))
    assert insert.doses(2.0).lung_dose_gy == pytest.approx(5.0, rel=1e-14)
