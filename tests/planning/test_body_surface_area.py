"""Body surface area: agreement with the definitions, domains, hints."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria.errors import ArgumentError, OutOfRangeError, UnknownNameError
from yttria.planning import body_surface_area
from yttria.reference import body_surface_area as reference

FORMULAS = ("dubois", "mosteller", "haycock")


@given(st.floats(50, 250), st.floats(2, 400), st.sampled_from(FORMULAS))
def test_the_core_agrees_with_the_definition(height_cm: float, weight_kg: float, formula: str) -> None:
    got = body_surface_area(height_cm, weight_kg, formula=formula).body_surface_area_m2
    assert math.isclose(got, reference.body_surface_area(height_cm, weight_kg, formula), rel_tol=1e-13)


@given(st.floats(50, 240), st.floats(2, 390), st.sampled_from(FORMULAS))
def test_a_larger_body_has_more_surface(height_cm: float, weight_kg: float, formula: str) -> None:
    area = body_surface_area(height_cm, weight_kg, formula=formula).body_surface_area_m2
    assert body_surface_area(height_cm + 1, weight_kg, formula=formula).body_surface_area_m2 > area
    assert body_surface_area(height_cm, weight_kg + 1, formula=formula).body_surface_area_m2 > area


def test_metres_are_named_as_such() -> None:
    with pytest.raises(
        OutOfRangeError, match=r"height in cm must be within \[50, 250\], got 1.7 \(did you mean 170 cm"
    ):
        body_surface_area(1.7, 70)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -170.0, 0.0, 1e9, 10**400])
def test_numbers_outside_the_domain_are_refused(bad: float) -> None:
    with pytest.raises(OutOfRangeError, match="height"):
        body_surface_area(bad, 70)
    with pytest.raises(OutOfRangeError, match="weight"):
        body_surface_area(170, bad)


@pytest.mark.parametrize("bad", [None, True, "170", 170j, [170.0], np.array([170.0, 171.0])])
def test_a_height_that_is_not_a_number_is_refused(bad: object) -> None:
    with pytest.raises(ArgumentError, match="height in cm must be a real number"):
        body_surface_area(bad, 70)  # type: ignore[arg-type]


def test_numpy_scalars_are_numbers() -> None:
    assert body_surface_area(np.float32(170), np.int16(70)) == body_surface_area(170, 70)
    assert body_surface_area(np.array(170.0), 70) == body_surface_area(170, 70)


def test_an_unusual_body_is_advised_on_and_a_usual_one_is_not() -> None:
    assert not body_surface_area(170, 70).advisories
    (advisory,) = body_surface_area(110, 40).advisories
    assert (advisory.code, advisory.value, advisory.limit) == ("body_size_unusual", 110, 120)


def test_an_unknown_formula_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="dubois, mosteller, haycock, got 'du bois'"):
        body_surface_area(170, 70, formula="du bois")  # type: ignore[arg-type]
