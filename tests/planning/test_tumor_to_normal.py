"""The tumor-to-normal ratio and Kao's ratio: one converter between them, and no confusion."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria.errors import OutOfRangeError, UndefinedError
from yttria.planning import kao_activities, tumor_to_normal_ratio, tumor_to_normal_ratio_from_activity_ratio
from yttria.reference import tumor_to_normal as reference

counts = st.floats(1, 1e9)
masses = st.floats(0.001, 10)


@given(counts, masses, counts, masses)
def test_counts_and_the_ratio_of_activities_give_the_same_ratio(c_t: float, m_t: float, c_n: float, m_n: float) -> None:
    got = tumor_to_normal_ratio(tumor_counts=c_t, tumor_mass_kg=m_t, normal_counts=c_n, normal_mass_kg=m_n)
    expected = reference.tumor_to_normal_ratio(c_t, m_t, c_n, m_n)["tumor_to_normal_ratio"]
    assert math.isclose(got.tumor_to_normal_ratio, expected, rel_tol=1e-13)
    assert math.isclose(got.activity_ratio, c_t / c_n, rel_tol=1e-13)
    back = tumor_to_normal_ratio_from_activity_ratio(c_t / c_n, tumor_mass_kg=m_t, normal_mass_kg=m_n)
    assert math.isclose(back.tumor_to_normal_ratio, expected, rel_tol=1e-13)


def test_kaos_ratio_is_not_the_concentration_ratio() -> None:
    got = tumor_to_normal_ratio(tumor_counts=6e5, tumor_mass_kg=0.309, normal_counts=4e5, normal_mass_kg=0.927)
    assert got.tumor_to_normal_ratio == pytest.approx(4.5, rel=1e-12)
    assert got.activity_ratio == pytest.approx(1.5, rel=1e-12)


@given(st.floats(0.01, 20), st.floats(0.1, 50), st.floats(0, 0.9))
def test_kaos_activities_add_up(tumor: float, ratio: float, shunt: float) -> None:
    kao = kao_activities(tumor, activity_ratio=ratio, tumor_lung_shunt_fraction=shunt)
    assert math.isclose(kao.total_activity_gbq, tumor + kao.normal_activity_gbq + kao.lung_activity_gbq, rel_tol=1e-14)
    expected = reference.kao_activities(tumor, ratio, shunt)["lung_shunt_fraction"]
    assert math.isclose(kao.lung_shunt_fraction, expected, rel_tol=1e-9, abs_tol=1e-15)
    assert kao.lung_shunt_fraction <= shunt


def test_zero_normal_counts_leave_the_ratio_undefined() -> None:
    with pytest.raises(UndefinedError, match="tumor-to-normal ratio is undefined: the normal liver has zero counts"):
        tumor_to_normal_ratio(tumor_counts=100, tumor_mass_kg=0.3, normal_counts=0, normal_mass_kg=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"normal_counts": -1}, "normal liver counts must be finite and >= 0"),
        ({"tumor_counts": math.nan}, "tumor counts"),
        ({"tumor_mass_kg": 0}, r"tumor mass in kg must be within \(0, 10\]"),
        ({"normal_mass_kg": -1}, "normal liver mass in kg"),
        ({"normal_mass_kg": 927}, "did you mean 0.927 kg"),
    ],
)
def test_errors_name_quantity_and_domain(change: dict[str, float], message: str) -> None:
    arguments = {"tumor_counts": 6e5, "tumor_mass_kg": 0.3, "normal_counts": 4e5, "normal_mass_kg": 0.9} | change
    with pytest.raises(OutOfRangeError, match=message):
        tumor_to_normal_ratio(**arguments)


@pytest.mark.parametrize(
    ("ratio", "kg", "codes"),
    [(0.5, 0.3, {"ratio_below_1"}), (25, 0.3, {"ratio_above_20"}), (5, 0.001, {"tumor_region_small"}), (5, 0.3, set())],
)
def test_unusual_ratios_and_small_tumors_warn(ratio: float, kg: float, codes: set[str]) -> None:
    got = tumor_to_normal_ratio(tumor_counts=ratio * kg, tumor_mass_kg=kg, normal_counts=1, normal_mass_kg=1)
    assert {a.code for a in got.advisories} == codes
