from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yttria.errors import ArgumentError, OutOfRangeError, TimeZoneError, UndefinedError, UnknownNameError
from yttria.planning.decay import decayed_activity_gbq, elapsed_h
from yttria.planning.products import product
from yttria.planning.vials import vial_choice

WEEK = {"start": "2024-04-15T08:00+02:00", "end": "2024-04-19T16:00+02:00"}


def test_glass_vials_of_one_week_fit_at_their_times() -> None:
    choice = vial_choice(3.5, spheres="glass", **WEEK)
    assert [o.vial_size_gbq for o in choice.options] == [5, 7, 10]
    ten = choice.options[2]
    assert ten.time == datetime(2024, 4, 18, 17, 5, 2, 905362, tzinfo=timezone.utc)
    assert (ten.sphere_activity_bq, ten.spheres_million) == (pytest.approx(875), pytest.approx(4))
    assert {a.code for a in choice.advisories} == {"product_fact_not_verified"}
    row = choice.options[0].as_dict()
    assert row["calibration_time"] == "2024-04-14T12:00:00-04:00"
    assert row["vial_size_gbq"] == 5


@settings(max_examples=60)
@given(
    st.floats(0.2, 15),
    st.floats(0, 0.3),
    st.integers(0, 400),
    st.floats(0, 100),
    st.sampled_from(["standard", "custom"]),
)
def test_every_option_has_its_activity_at_its_time(
    need: float, tolerance: float, day: int, length: float, sizes: str
) -> None:
    start = datetime(2024, 1, 1, 7, tzinfo=timezone.utc) + timedelta(days=day)
    end = start + timedelta(hours=length)
    choice = vial_choice(need, start=start, end=end, spheres="glass", tolerance_fraction=tolerance, sizes=sizes)
    second = timedelta(seconds=1)
    for o in choice.options:
        assert start - second <= o.earliest <= o.time + second
        assert o.time <= o.latest + second
        assert o.latest <= end + second
        hours = elapsed_h(o.calibration_time, o.time)
        assert hours == pytest.approx(o.hours_after_calibration, abs=1e-6)
        assert 0 <= o.hours_after_calibration <= 288
        assert decayed_activity_gbq(o.vial_size_gbq, hours) == pytest.approx(o.vial_activity_gbq, rel=1e-9)
        assert abs(o.vial_activity_gbq / need - 1) <= tolerance + 1e-9
        assert o.spheres_million == pytest.approx(o.vial_size_gbq * 0.4)
    if not choice.options:
        assert choice.advisories[-1].code == "no_vial_fits"


def test_no_fitting_vial_is_left_out() -> None:
    """Walk every quarter of an hour of the week and every vial by hand."""
    choice = vial_choice(1.6, spheres="glass", tolerance_fraction=0.1, **WEEK)
    start = datetime.fromisoformat(WEEK["start"])
    found = set()
    for calibration in ("2024-04-07T12:00-04:00", "2024-04-14T12:00-04:00"):
        for size in (3, 5, 7, 10, 15, 20):
            for quarter in range(4 * 104 + 1):
                hours = elapsed_h(calibration, start + timedelta(minutes=15 * quarter))
                if 0 <= hours <= 288 and abs(size * 2 ** (-hours / 64.1) / 1.6 - 1) <= 0.1:
                    found.add((size, calibration[:10]))
    assert {(o.vial_size_gbq, o.calibration_time.date().isoformat()) for o in choice.options} == found
    assert len(found) >= 4


def test_the_weekly_calibration_follows_the_clocks_of_its_zone() -> None:
    winter = vial_choice(3.5, spheres="glass", start="2024-01-15T08:00+01:00", end="2024-01-19T16:00+01:00")
    assert winter.options[0].calibration_time.utcoffset() == timedelta(hours=-5)


def test_resin_vials_are_drawn_in_part_and_within_their_shelf_life() -> None:
    calibration = ["2024-04-16T18:00+10:00"]
    with pytest.raises(ArgumentError, match="calibration_times must be given"):
        vial_choice(1.2, spheres="resin", **WEEK)
    choice = vial_choice(1.2, spheres="resin", calibration_times=calibration, **WEEK)
    (option,) = choice.options
    assert option.time.isoformat() == "2024-04-15T08:00:00+02:00"
    assert option.latest == datetime.fromisoformat("2024-04-17T18:00+10:00")
    assert option.deviation_fraction == 0.0
    assert option.drawn_fraction == pytest.approx(1.2 / option.vial_activity_gbq)
    assert option.spheres_million == pytest.approx(44 * option.drawn_fraction)
    late = {"start": "2024-04-17T10:00+02:00", "end": "2024-04-18T10:00+02:00"}
    assert (
        vial_choice(1.2, spheres="resin", calibration_times=calibration, **late).options[0].hours_after_calibration
        == 24
    )
    later = {"start": "2024-04-17T10:01+02:00", "end": "2024-04-18T10:00+02:00"}
    assert vial_choice(1.2, spheres="resin", calibration_times=calibration, **later).options == ()


def test_impossible_windows_and_products_are_refused() -> None:
    with pytest.raises(ArgumentError, match="treatment window"):
        vial_choice(3.5, spheres="glass", start=WEEK["end"], end=WEEK["start"])
    with pytest.raises(TimeZoneError):
        vial_choice(3.5, spheres="glass", start=datetime(2024, 4, 15), end=WEEK["end"])
    with pytest.raises(UnknownNameError, match="glass, resin"):
        vial_choice(3.5, spheres="wood", **WEEK)
    with pytest.raises(UnknownNameError, match="standard, custom"):
        vial_choice(3.5, spheres="glass", sizes="all", **WEEK)
    for need in (0, -1, float("nan"), float("inf")):
        with pytest.raises(OutOfRangeError):
            vial_choice(need, spheres="glass", **WEEK)
    for tolerance in (1, -0.1, float("nan"), 5):
        with pytest.raises(OutOfRangeError):
            vial_choice(3.5, spheres="glass", tolerance_fraction=tolerance, **WEEK)


@pytest.mark.parametrize("name", ["glass", "resin"])
def test_every_product_fact_carries_its_source_and_status(name: str) -> None:
    item = product(name)
    for fact in item.facts:
        assert fact.source
        assert fact.status in {"read", "secondary", "not verified"}
        assert len(item.advisories(fact.name)) == (fact.status == "not verified")
    with pytest.raises(UnknownNameError, match="got 'price'"):
        item.fact("price")
    with pytest.raises(UndefinedError, match="as a list"):
        item.values("shelf_life_h")


def test_the_nearest_vial_is_named_if_none_fits() -> None:
    choice = vial_choice(30.0, spheres="glass", **WEEK)
    assert not choice.options
    assert choice.nearest is not None
    # The largest vial, as early as the window allows.
    assert choice.nearest.vial_size_gbq == 20
    assert choice.nearest.time == datetime.fromisoformat(WEEK["start"])
    assert f"{choice.nearest.vial_activity_gbq:.3g} GBq" in choice.advisories[-1].message
    # A window of one moment: the vial whose activity is nearest just then.
    now = vial_choice(3.5, spheres="glass", tolerance_fraction=0.0, start=WEEK["start"], end=WEEK["start"])
    assert now.nearest is not None
    contents = [decayed_activity_gbq(size, now.nearest.hours_after_calibration) for size in (3, 5, 7, 10, 15, 20)]
    assert abs(now.nearest.vial_activity_gbq - 3.5) <= min(abs(content - 3.5) for content in contents) + 1e-9


def test_a_window_beyond_every_shelf_life_has_no_nearest_vial() -> None:
    times = ["2024-04-14T12:00-04:00"]
    choice = vial_choice(
        3.5, spheres="glass", start="2024-06-01T08:00Z", end="2024-06-02T08:00Z", calibration_times=times
    )
    assert (choice.options, choice.nearest) == ((), None)
    assert "outside their shelf life" in choice.advisories[-1].message


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ArgumentError, match="must not end before it starts, got start 2024-04-19"):
        vial_choice(3.5, spheres="glass", start=WEEK["end"], end=WEEK["start"])


@pytest.mark.parametrize("need", ["3.5", "30"])
def test_the_command_shows_every_column_at_80_characters_and_a_zone_on_every_time(need: str) -> None:
    pytest.importorskip("typer")
    from typer.testing import CliRunner

    from yttria.cli.app import app

    command = ["vial", need, "--start", WEEK["start"], "--end", WEEK["end"]]
    lines = CliRunner().invoke(app, command, env={"COLUMNS": "80", "TERM": "dumb"}).output.splitlines()
    assert max(map(len, lines)) <= 80
    rows = [line for line in lines if ":" in line and "Apr" in line and "-04" in line]
    assert rows
    assert all(re.search(r"\d{3,4}(\.\d)?$", row.rstrip()) for row in rows), "the last column is cut"
    assert all(len(re.findall(r"\d\d:\d\d[+-]\d\d", row)) == 2 for row in rows)


def test_the_best_time_of_a_vial_is_within_working_hours() -> None:
    choice = vial_choice(3.5, spheres="glass", working_hours="08:00-16:00", **WEEK)
    anytime = {o.vial_size_gbq: o for o in vial_choice(3.5, spheres="glass", **WEEK).options}
    for option in choice.options:
        free = anytime[option.vial_size_gbq]
        assert (option.earliest, option.latest) == (free.earliest, free.latest)
        local = option.time.astimezone(datetime.fromisoformat(WEEK["start"]).tzinfo)
        within = "08:00" <= f"{local:%H:%M}" <= "16:00"
        assert option.in_working_hours == within
        expected = decayed_activity_gbq(option.vial_size_gbq, elapsed_h(option.calibration_time, option.time))
        assert option.vial_activity_gbq == pytest.approx(expected)
        if not within:
            assert option.time == free.time
    # Vials that do not fit within working hours come last.
    states = [option.in_working_hours for option in choice.options]
    assert states == sorted(states, reverse=True)
    assert True in states
    assert all(option.in_working_hours is None for option in anytime.values())


def test_working_hours_exclude_the_weekend() -> None:
    saturday = {"start": "2024-04-20T08:00+02:00", "end": "2024-04-20T18:00+02:00"}
    choice = vial_choice(3.0, spheres="glass", sizes="custom", working_hours="00:00-23:59", **saturday)
    assert choice.options
    assert not any(option.in_working_hours for option in choice.options)


@pytest.mark.parametrize("text", ["18:00-08:00", "08:00", "8-18", "morning", "", "08:00-18:00-20:00"])
def test_working_hours_are_two_times_of_a_day(text: str) -> None:
    with pytest.raises(ArgumentError, match="working hours must be two times of a day, such as 08:00-18:00"):
        vial_choice(3.5, spheres="glass", working_hours=text, **WEEK)
