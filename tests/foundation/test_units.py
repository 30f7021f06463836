"""Meaning of the spellings of units in files, also of ambiguous and unknown ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria._foundation.units import UNITS, stated_unit, states_nothing


@pytest.mark.parametrize(
    ("unit", "spellings"),
    [
        ("Bq/mL", "Bq/ml|BQML|Bq/cc|Bq/cm3|BQ/ML|bq/ml|Bq/cm^3|Bq/cm**3|Bq/cm³|Bq·cm⁻³|Bq.mL-1|Bq mL^-1|Bq / mL"),
        (
            "Bq/mL",
            "becquerel per milliliter|Becquerels/mL|becquerels per millilitre|Becquerel per cubic centimeter|kBq/L",
        ),
        ("kBq/mL", "kBq/ml|kBq/cc|KBQ/ML|kBq mL-1|kilobecquerel per milliliter|MBq/L|Bq/mm3"),
        ("MBq/mL", "MBq/ml|MBq/cm3|MBQ/ML|megabecquerel/mL|GBq/L|kBq/mm3"),
        ("Gy", "GY|gy|gray|Grays|J/kg"),
        ("mGy", "mgy|milligray"),
        ("HU", "hu|[hnsf'U]|Hounsfield|Hounsfield units|HOUNSFIELD UNIT"),
        ("g/mL", "g/cm3|g/ml|g/cc|gram per cubic centimeter|kg/L|Mg/m3|g.cm-3"),
        ("counts", "CNTS|Counts|count|{counts}|propcounts|PROPCNTS|counts/s|cnts/s|counts/voxel"),
        ("1", "GML|SUVbw|{SUVbw}g/ml|unitless|dimensionless"),
    ],
)
def test_every_spelling_of_a_unit_is_that_unit(unit: str, spellings: str) -> None:
    for text in spellings.split("|"):
        assert stated_unit(text) == (unit, 1.0), text


@pytest.mark.parametrize(
    ("text", "unit", "factor"),
    [
        ("cGy", "Gy", 0.01),
        ("uCi/mL", "Bq/mL", 37000.0),
        ("µCi/cc", "Bq/mL", 37000.0),
        ("kg/m3", "g/mL", 0.001),
        ("%", "fraction", 0.01),
        ("Bq/L", "Bq/mL", 0.001),
    ],
)
def test_multiples_come_with_their_factor(text: str, unit: str, factor: float) -> None:
    assert stated_unit(text) == (unit, factor)


@pytest.mark.parametrize(
    "text", ["mbq/ml", "MGy", "MGY", "Gy/h", "Gy/GBq", "Bq", "MBq", "Bq/voxel", "Bq/mL/s", "g", "x", ""]
)
def test_ambiguous_units_and_other_quantities_are_not_known(text: str) -> None:
    assert stated_unit(text) is None


@pytest.mark.parametrize("text", ["", " ", "unknown", "None", "n/a", "-", "???"])
def test_words_for_a_unit_that_is_not_stated_are_known(text: str) -> None:
    assert states_nothing(text)


@given(st.text(max_size=30) | st.sampled_from(sorted(UNITS)))
def test_any_text_is_a_known_unit_or_not_known(text: str) -> None:
    found = stated_unit(text)
    assert found is None or (found.unit in UNITS and found.factor > 0)
