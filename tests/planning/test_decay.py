from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria import Nuclide
from yttria.errors import ArgumentError, OutOfRangeError, TimeZoneError, UnknownNameError
from yttria.planning import decay
from yttria.reference import decay as reference

HOURS = st.floats(-2000, 2000)
ACTIVITY = st.floats(1e-6, 1e3)


@pytest.mark.parametrize(
    ("hours", "factor"),
    [(24, 0.771418), (48, 0.595086), (72, 0.459060), (96, 0.354127), (120, 0.273180), (240, 0.074627)],
)
def test_decay_factors_of_the_specification(hours: float, factor: float) -> None:
    assert decay.decayed_activity_gbq(1.0, hours) == pytest.approx(factor, abs=5e-7)


@given(ACTIVITY, HOURS)
def test_core_agrees_with_the_reference(activity: float, hours: float) -> None:
    n = Nuclide("AAPM_49_38")
    assert decay.decayed_activity_gbq(activity, hours, nuclide=n) == pytest.approx(
        reference.decayed_activity_gbq(activity, hours, n.half_life_h), rel=1e-12
    )
    assert decay.time_integrated_activity_gbq_h(activity, nuclide=n) == pytest.approx(
        reference.time_integrated_activity_gbq_h(activity, n.half_life_h), rel=1e-14
    )


@given(ACTIVITY, ACTIVITY)
def test_time_to_decay_is_the_inverse_of_decay(activity: float, to: float) -> None:
    assert decay.decayed_activity_gbq(activity, decay.hours_to_decay(activity, to)) == pytest.approx(to, rel=1e-12)


def test_time_integrated_activity_is_the_integral_of_the_decay() -> None:
    step = 0.01
    total = sum(decay.decayed_activity_gbq(1.0, (i + 0.5) * step) for i in range(200_000)) * step
    assert decay.time_integrated_activity_gbq_h(1.0) == pytest.approx(total, rel=1e-7)


def test_a_zone_difference_is_not_elapsed_time() -> None:
    assert decay.elapsed_h("2024-04-14T12:00:00-04:00", "2024-04-16T10:00:00+02:00") == 40.0


@pytest.mark.parametrize(("start", "end", "hours"), [((3, 10, 0), (3, 11, 12), 35.0), ((11, 3, 0), (11, 4, 12), 37.0)])
def test_elapsed_time_across_a_change_of_the_clocks_is_that_of_the_instants(
    start: tuple[int, ...], end: tuple[int, ...], hours: float
) -> None:
    zone = ZoneInfo("America/New_York")
    # Python's own difference of two times in one zone is that of the wall clocks, 36 h for both.
    first, last = datetime(2024, *start, tzinfo=zone), datetime(2024, *end, tzinfo=zone)
    assert (last - first).total_seconds() / 3600 == 36.0
    assert decay.elapsed_h(first, last) == hours


@pytest.mark.parametrize("time", [datetime(2024, 4, 14, 12), "2024-04-14T12:00:00", "2024-04-14"])
def test_a_time_without_a_zone_is_refused_with_an_example(time: datetime | str) -> None:
    with pytest.raises(TimeZoneError, match=r"carries no zone; add one, e\.g\. 2024-04-14T\d\d:00:00\+01:00"):
        decay.elapsed_h(time, "2024-04-16T10:00:00+02:00")


@pytest.mark.parametrize(
    ("time", "fold"), [((2024, 3, 10, 2, 30), 0), ((2024, 11, 3, 1, 30), 0), ((2024, 11, 3, 1, 30), 1)]
)
def test_a_time_that_the_clocks_skip_or_repeat_names_no_instant(time: tuple[int, ...], fold: int) -> None:
    with pytest.raises(TimeZoneError, match="change of the clocks"):
        decay.require_timezone(datetime(*time, fold=fold, tzinfo=ZoneInfo("America/New_York")))
    assert decay.require_timezone(datetime(*time, fold=fold, tzinfo=timezone(timedelta(hours=-4))))


@pytest.mark.parametrize("time", ["", "noon", "2024-13-01T00:00Z", None, 5, "2024-04-14T25:00+01:00"])
def test_a_value_that_is_no_time_is_refused(time: object) -> None:
    with pytest.raises(ArgumentError):
        decay.require_timezone(time)  # type: ignore[arg-type]


def test_z_means_utc() -> None:
    assert decay.elapsed_h("2024-04-14T12:00:00Z", "2024-04-14T12:00:00+00:00") == 0.0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_impossible_activities_are_refused(value: float) -> None:
    for call in (decay.time_integrated_activity_gbq_h, decay.gbq_from_mci, decay.mci_from_gbq):
        with pytest.raises(OutOfRangeError, match="activity"):
            call(value)
    with pytest.raises(OutOfRangeError):
        decay.decayed_activity_gbq(value, 1.0)
    with pytest.raises(OutOfRangeError):
        decay.hours_to_decay(1.0, value)


def test_an_activity_too_long_before_is_an_error_and_not_infinite() -> None:
    with pytest.raises(OutOfRangeError, match="finite activity"):
        decay.decayed_activity_gbq(1.0, -1e6)
    with pytest.raises(OutOfRangeError, match="finite factor"):
        decay.factor_to_administration("START", 1e6)


@pytest.mark.parametrize("value", [True, "3", None, 1j, [1.0]])
def test_an_activity_that_is_not_a_number_is_refused(value: object) -> None:
    with pytest.raises(ArgumentError, match="activity must be a real number"):
        decay.decayed_activity_gbq(value, 1.0)  # type: ignore[arg-type]


def test_the_historic_factor_is_that_of_the_guideline() -> None:
    assert decay.historic_dose_factor(1.99, 1.443, 64.0) == pytest.approx(49.6704, abs=1e-9)
    assert reference.historic_dose_factor(1.99, 1.443, 64.0) == pytest.approx(49.6704, abs=1e-9)


def test_conversions_between_mci_and_gbq_are_inverse() -> None:
    assert decay.gbq_from_mci(81) == pytest.approx(2.997, rel=1e-15)
    assert decay.mci_from_gbq(decay.gbq_from_mci(12.5)) == pytest.approx(12.5, rel=1e-15)


@given(st.sampled_from(["ADMIN", "START", "NONE"]), st.floats(0, 200), st.floats(0.01, 5))
def test_factor_to_administration_agrees_with_the_reference(name: str, hours: float, frame: float) -> None:
    result = decay.factor_to_administration(name, hours, frame_duration_h=frame, header_half_life_s=64.1 * 3600)
    assert result.factor == pytest.approx(
        reference.factor_to_administration(name, hours, frame, half_life_h=64.1), rel=1e-11
    )
    assert result.advisories == ()


def test_factors_to_administration_of_the_specification() -> None:
    assert decay.factor_to_administration("START", 20).factor == pytest.approx(1.241438, abs=5e-7)
    none = decay.factor_to_administration("NONE", 20, frame_duration_h=0.5)
    assert none.factor == pytest.approx(1.244797, abs=5e-7)
    assert [a.code for a in none.advisories] == ["header_half_life_not_checked"]


def test_a_header_of_another_nuclide_is_refused() -> None:
    with pytest.raises(OutOfRangeError, match="another nuclide's protocol"):
        decay.factor_to_administration("START", 20, header_half_life_s=6586.2)
    with pytest.raises(ArgumentError, match="frame duration in h must be given"):
        decay.factor_to_administration("NONE", 20)
    with pytest.raises(UnknownNameError, match="ADMIN, START, NONE"):
        decay.factor_to_administration("start", 20)
