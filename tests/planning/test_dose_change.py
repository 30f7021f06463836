"""The change of a dose as a product and as a sum of its causes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria.errors import ArgumentError, OutOfRangeError
from yttria.planning import split_dose_change

positive, shunt = st.floats(0.01, 500.0), st.floats(0.0, 0.9)


def inputs(side: str) -> dict[str, st.SearchStrategy[float]]:
    return {
        f"{side}_activity_gbq": positive,
        f"{side}_lung_shunt_fraction": shunt,
        f"{side}_structure_activity_gbq": positive,
        f"{side}_mass_kg": positive,
    }


KNOWN = st.fixed_dictionaries(inputs("planned") | inputs("delivered"))


@pytest.mark.claim("dose_change")
@given(positive, positive, KNOWN)
def test_ratios_multiply_to_the_ratio_and_parts_add_up_to_the_difference(
    before: float, after: float, known: dict[str, float]
) -> None:
    change = split_dose_change(before, after, **known)
    assert list(change.ratios) == ["activity", "shunt", "uptake", "mass", "method"]
    assert math.prod(change.ratios.values()) == pytest.approx(after / before, rel=1e-9)
    scale = sum(abs(part) for part in change.parts_gy.values()) + before + after
    assert sum(change.parts_gy.values()) == pytest.approx(after - before, abs=1e-9 * scale)


@pytest.mark.claim("dose_change")
@given(positive, positive, KNOWN)
def test_plan_and_delivery_exchanged_give_the_opposite(before: float, after: float, known: dict[str, float]) -> None:
    swapped = {
        name.replace("planned", "x").replace("delivered", "planned").replace("x", "delivered"): value
        for name, value in known.items()
    }
    there, back = split_dose_change(before, after, **known), split_dose_change(after, before, **swapped)
    for cause, part in there.parts_gy.items():
        assert back.parts_gy[cause] == pytest.approx(-part, rel=1e-6, abs=1e-9)


@pytest.mark.claim("dose_change")
def test_one_cause_alone_has_the_whole_change() -> None:
    one = {"planned_activity_gbq": 2.0, "planned_structure_activity_gbq": 0.5, "planned_mass_kg": 0.2}
    two = {"delivered_activity_gbq": 1.0, "delivered_structure_activity_gbq": 0.25, "delivered_mass_kg": 0.2}
    change = split_dose_change(120.0, 60.0, **one, **two)
    assert change.parts_gy == pytest.approx({"activity": -60.0, "uptake": 0.0, "mass": 0.0, "method": 0.0})


def test_changes_of_unknown_causes_are_not_split() -> None:
    sides = {"planned_activity_gbq": 2.0, "delivered_activity_gbq": 1.0}
    assert split_dose_change(100.0, 80.0, **sides).ratios == pytest.approx({"activity": 0.5, "rest": 1.6})
    inside = {"planned_structure_activity_gbq": 0.5, "delivered_structure_activity_gbq": 0.4}
    masses = {"planned_mass_kg": 0.2, "delivered_mass_kg": 0.2}
    alone = split_dose_change(100.0, 80.0, **inside, **masses)
    assert alone.ratios == pytest.approx({"uptake": 0.8, "mass": 1.0, "method": 1.0})
    # A shunt without an activity has no effect.
    assert "shunt" not in split_dose_change(100.0, 80.0, planned_lung_shunt_fraction=0.1).ratios


def test_values_out_of_range_are_refused() -> None:
    for bad in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(OutOfRangeError, match="mean dose in Gy must be finite and > 0"):
            split_dose_change(100.0, bad)
        with pytest.raises(OutOfRangeError, match="mass in kg"):
            split_dose_change(100.0, 90.0, planned_mass_kg=bad)
    with pytest.raises(OutOfRangeError, match="lung shunt fraction"):
        split_dose_change(100.0, 90.0, planned_lung_shunt_fraction=1.0)
    with pytest.raises(ArgumentError):
        split_dose_change("100", 90.0)  # type: ignore[arg-type]
