"""Resin activities: identities between the models, the table's boundaries, explicit factors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria.errors import ArgumentError, ContraindicatedError, OutOfRangeError, UnknownNameError
from yttria.planning import (
    ActivityFactor,
    bsa_activity,
    empirical_activity,
    lung_shunt_reduction,
    modified_bsa_activity,
    simple_lobar_bsa_activity,
)
from yttria.reference import resin_activity as reference

bsa = st.floats(0.3, 4)
share = st.floats(0.01, 1)


@given(bsa, share, share, st.floats(100, 6000))
def test_the_core_agrees_with_the_definitions(m2: float, involved: float, treated_share: float, liver: float) -> None:
    treated = treated_share * liver
    tumor = involved * treated
    whole = bsa_activity(m2, tumor_volume_ml=tumor, liver_volume_incl_tumor_ml=liver)
    assert math.isclose(whole.delivered_activity_gbq, reference.bsa_activity(m2, tumor, liver), rel_tol=1e-13)
    volumes = {"treated_volume_incl_tumor_ml": treated, "liver_volume_incl_tumor_ml": liver}
    modified = modified_bsa_activity(m2, tumor_volume_in_treated_ml=tumor, **volumes).delivered_activity_gbq
    assert math.isclose(modified, reference.modified_bsa_activity(m2, tumor, treated, liver), rel_tol=1e-13)
    simple = simple_lobar_bsa_activity(m2, tumor_volume_ml=tumor, **volumes).delivered_activity_gbq
    assert math.isclose(simple, reference.simple_lobar_bsa_activity(m2, tumor, treated, liver), rel_tol=1e-13)
    assert simple <= modified * (1 + 1e-12)


@given(bsa, share, st.floats(100, 6000), st.floats(0.01, 100))
def test_volumes_count_only_as_ratios(m2: float, involved: float, liver: float, scale: float) -> None:
    one = bsa_activity(m2, tumor_volume_ml=involved * liver, liver_volume_incl_tumor_ml=liver)
    other = bsa_activity(m2, tumor_volume_ml=involved * liver * scale, liver_volume_incl_tumor_ml=liver * scale)
    assert math.isclose(one.delivered_activity_gbq, other.delivered_activity_gbq, rel_tol=1e-12)


def test_a_treated_part_that_is_the_liver_gives_the_whole_livers_activity() -> None:
    whole = bsa_activity(1.75, tumor_volume_ml=450, liver_volume_incl_tumor_ml=1800)
    part = modified_bsa_activity(
        1.75, tumor_volume_in_treated_ml=450, treated_volume_incl_tumor_ml=1800, liver_volume_incl_tumor_ml=1800
    )
    assert whole.delivered_activity_gbq == part.delivered_activity_gbq == pytest.approx(1.80, rel=1e-12)


@pytest.mark.parametrize(
    ("fraction", "gbq"), [(0, 2.0), (0.25, 2.0), (0.2501, 2.5), (0.5, 2.5), (0.5001, 3.0), (1, 3.0)]
)
def test_the_empirical_activity_has_three_steps_by_involvement(fraction: float, gbq: float) -> None:
    result = empirical_activity(fraction)
    assert result.delivered_activity_gbq == gbq == reference.empirical_activity(fraction)
    assert "obsolete" in {a.code for a in result.advisories}
    assert empirical_activity(fraction, treated_fraction_of_liver=0.5).delivered_activity_gbq == gbq / 2


def test_a_tumor_larger_than_the_liver_is_refused() -> None:
    with pytest.raises(OutOfRangeError, match="tumor volume in mL must be at most the liver volume, 1800 mL"):
        bsa_activity(1.75, tumor_volume_ml=1900, liver_volume_incl_tumor_ml=1800)
    with pytest.raises(OutOfRangeError, match="treated volume in mL must be at most the liver volume"):
        modified_bsa_activity(
            1.75, tumor_volume_in_treated_ml=1, treated_volume_incl_tumor_ml=1900, liver_volume_incl_tumor_ml=1800
        )


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0, 0.2, 0.0, 18.0])
def test_a_body_surface_area_outside_its_domain_is_refused(bad: float) -> None:
    with pytest.raises(OutOfRangeError, match="body surface area"):
        bsa_activity(bad, tumor_volume_ml=1, liver_volume_incl_tumor_ml=1800)


@pytest.mark.parametrize("bad", [math.nan, -1.0, 0.0])
def test_a_liver_without_volume_is_refused(bad: float) -> None:
    with pytest.raises(OutOfRangeError, match="liver volume in mL must be finite and > 0"):
        bsa_activity(1.8, tumor_volume_ml=0, liver_volume_incl_tumor_ml=bad)


@given(st.floats(0, 0.2))
def test_the_lung_shunt_table_agrees_with_its_definition(fraction: float) -> None:
    if min(abs(fraction - edge) for edge in (0.1, 0.15, 0.2)) < 1e-11 and fraction not in (0.1, 0.15, 0.2):
        return  # to rounding a boundary, which the core takes for one
    for boundary in ("lower_inclusive", "upper_inclusive"):
        got = lung_shunt_reduction(fraction, boundary=boundary).factor
        assert got == reference.lung_shunt_reduction(fraction, boundary)


@pytest.mark.parametrize(
    ("fraction", "lower", "upper"),
    [(0.1, 0.8, 1.0), (0.15, 0.6, 0.8), (0.1 + 0.05, 0.6, 0.8), (0.2, 0.6, 0.6), (np.float64(0.3) / 2, 0.6, 0.8)],
)
def test_a_shunt_on_a_boundary_of_the_table_follows_the_rule_and_warns(
    fraction: float, lower: float, upper: float
) -> None:
    for boundary, factor in (("lower_inclusive", lower), ("upper_inclusive", upper)):
        result = lung_shunt_reduction(fraction, boundary=boundary)
        assert (result.factor, result.on_boundary) == (factor, True)
        assert [a.code for a in result.advisories] == ["on_boundary"]


def test_a_percentage_that_rounds_to_a_boundary_is_advised_on_but_not_on_it() -> None:
    result = lung_shunt_reduction(0.149)
    assert (result.factor, result.on_boundary) == (0.8, False)
    assert [a.code for a in result.advisories] == ["on_boundary"]
    assert "rounds to 0.15" in result.advisories[0].message
    assert not lung_shunt_reduction(0.12).advisories


def test_a_shunt_above_twenty_percent_is_contraindicated_unless_a_factor_is_stated() -> None:
    with pytest.raises(ContraindicatedError, match=r"0\.21 is above 0\.20"):
        lung_shunt_reduction(0.21)
    result = lung_shunt_reduction(0.21, override_factor=0.4)
    assert result.factor == 0.4
    assert "contraindication_overridden" in {a.code for a in result.advisories}
    with pytest.raises(ArgumentError, match="the table has a factor"):
        lung_shunt_reduction(0.12, override_factor=0.4)
    with pytest.raises(ArgumentError):
        lung_shunt_reduction(0.21, override_factor=True)
    with pytest.raises(UnknownNameError, match="lower_inclusive, upper_inclusive"):
        lung_shunt_reduction(0.12, boundary="inclusive")  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [15, 1.5, -0.1, math.nan])
def test_an_override_does_not_allow_impossible_shunts(bad: float) -> None:
    with pytest.raises(OutOfRangeError, match="lung shunt fraction"):
        lung_shunt_reduction(bad, override_factor=0.5)


def test_factors_are_multiplied_and_listed() -> None:
    plain = bsa_activity(1.75, tumor_volume_ml=450, liver_volume_incl_tumor_ml=1800)
    reduced = plain.reduced_for_lung_shunt(0.12).adjusted_by_physician(0.75, reason=" small liver ")
    assert reduced.delivered_activity_gbq == pytest.approx(1.80 * 0.8 * 0.75, rel=1e-12)
    assert reduced.factors == (
        ActivityFactor(factor=0.8, reason="lung shunt fraction 0.12, table read lower_inclusive"),
        ActivityFactor(factor=0.75, reason="small liver"),
    )
    assert not plain.factors


@pytest.mark.parametrize("bad", [0.0, -0.5, 1.01, 75, math.nan])
def test_a_physician_factor_is_within_zero_and_one(bad: float) -> None:
    plain = bsa_activity(1.75, tumor_volume_ml=450, liver_volume_incl_tumor_ml=1800)
    with pytest.raises(OutOfRangeError, match="physician factor"):
        plain.adjusted_by_physician(bad, reason="cirrhosis")


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_a_physician_factor_needs_a_reason(reason: str) -> None:
    plain = bsa_activity(1.75, tumor_volume_ml=450, liver_volume_incl_tumor_ml=1800)
    with pytest.raises(ArgumentError, match="reason of the physician factor"):
        plain.adjusted_by_physician(0.8, reason=reason)


def test_the_vials_content_is_compared_with_the_activity_as_it_stands() -> None:
    large = bsa_activity(3.0, tumor_volume_ml=1500, liver_volume_incl_tumor_ml=1800)
    assert {a.code for a in large.advisories} == {"activity_above_vial", "involvement_above_70_percent"}
    reduced = large.adjusted_by_physician(0.5, reason="cirrhosis")
    assert {a.code for a in reduced.advisories} == {"involvement_above_70_percent"}
