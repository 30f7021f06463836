from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria import Nuclide
from yttria.errors import OutOfRangeError, UndefinedError
from yttria.planning import delivery
from yttria.reference import delivery as reference


def test_the_activity_of_a_vial_decays_between_instants_of_two_zones() -> None:
    vial = delivery.vial_activity(10, "2024-04-14T12:00-04:00", "2024-04-16T10:00+02:00")
    assert vial.elapsed_h == 40.0
    assert vial.vial_activity_gbq == pytest.approx(6.488582, abs=5e-7)
    assert vial.advisories == ()
    early = delivery.vial_activity(10, "2024-04-14T12:00-04:00", "2024-04-14T10:00-04:00")
    assert early.vial_activity_gbq > 10
    assert [a.code for a in early.advisories] == ["treatment_before_calibration"]


@given(st.floats(10, 1e4), st.floats(0, 1), st.floats(0, 5), st.floats(0, 24))
def test_residual_agrees_with_the_reference(before: float, part: float, background: float, hours: float) -> None:
    after = background + part * (before - background) * 0.7
    result = delivery.residual_fraction(before, after, background=background, elapsed_h=hours)
    half_life_h = Nuclide().half_life_h
    expected = reference.residual_fraction(before, after, background, hours, half_life_h=half_life_h)[
        "residual_fraction"
    ]
    assert result.residual_fraction == pytest.approx(expected, rel=1e-11, abs=1e-13)
    assert result.residual_fraction + result.delivered_fraction == pytest.approx(1.0)


def test_residual_of_the_specification() -> None:
    assert delivery.residual_fraction(100, 3, background=1, elapsed_h=0).residual_fraction == pytest.approx(2 / 99)
    late = delivery.residual_fraction(100, 3, background=1, elapsed_h=3)
    assert late.residual_fraction == pytest.approx(0.020868, abs=5e-7)
    assert late.advisories == ()
    high = delivery.residual_fraction(100, 12, background=1, elapsed_h=0)
    assert [a.code for a in high.advisories] == ["residual_high"]


def test_a_residual_outside_its_domain_is_clamped_only_on_request() -> None:
    with pytest.raises(OutOfRangeError, match="waste would hold more than the vial did"):
        delivery.residual_fraction(100, 120, background=1, elapsed_h=0)
    with pytest.raises(OutOfRangeError, match="give the noise"):
        delivery.residual_fraction(100, 0.9, background=1, elapsed_h=0)
    clamped = delivery.residual_fraction(100, 0.9, background=1, elapsed_h=0, noise=0.2)
    assert clamped.residual_fraction == 0.0
    assert clamped.measured_fraction == pytest.approx(-0.1 / 99)
    assert [a.code for a in clamped.advisories] == ["residual_clamped"]
    with pytest.raises(UndefinedError, match="does not exceed the background"):
        delivery.residual_fraction(1, 1, background=1, elapsed_h=0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_impossible_readings_are_refused(value: float) -> None:
    good = {"background": 1.0, "elapsed_h": 0.0, "noise": 0.0}
    with pytest.raises(OutOfRangeError):
        delivery.residual_fraction(value, 3, **good)
    with pytest.raises(OutOfRangeError):
        delivery.residual_fraction(100, value, **good)
    for name in good:
        with pytest.raises(OutOfRangeError):
            delivery.residual_fraction(100, 3, **{**good, name: value})


def test_delivered_activity_is_that_of_the_vial_less_the_residual() -> None:
    assert delivery.delivered_activity_gbq(3.0, 0.02) == pytest.approx(2.94)
    with pytest.raises(OutOfRangeError, match=r"did you mean 0\.02"):
        delivery.delivered_activity_gbq(3.0, 2)


@given(st.floats(0.1, 20), st.floats(10, 3000))
def test_spheres_and_activity_per_sphere_are_inverse(activity: float, per_sphere: float) -> None:
    spheres = delivery.number_of_spheres(activity, per_sphere)
    assert spheres == pytest.approx(reference.number_of_spheres(activity, per_sphere), rel=1e-14)
    assert delivery.sphere_activity_bq(activity, spheres) == pytest.approx(per_sphere, rel=1e-14)


@pytest.mark.parametrize(("size", "hours"), [(5, 32.984), (7, 64.1), (10, 97.084), (15, 134.580), (20, 161.184)])
def test_vial_times_of_the_specification(size: float, hours: float) -> None:
    assert delivery.vial_timing(size, 3.5).hours_after_calibration == pytest.approx(hours, abs=5e-4)
    assert reference.vial_timing(size, 3.5, half_life_h=64.1)["hours_after_calibration"] == pytest.approx(
        hours, abs=5e-4
    )


def test_a_vial_that_never_contained_the_needed_activity_is_refused() -> None:
    with pytest.raises(OutOfRangeError, match=r"at least 3\.5"):
        delivery.vial_timing(3, 3.5)
    window = delivery.vial_timing(10, 3.5, tolerance_fraction=0.1)
    assert (window.earliest_h, window.latest_h) == pytest.approx((88.270, 106.828), abs=5e-4)
