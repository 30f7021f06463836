"""The single-compartment model: agreement, identity of inverse and forward, monotonicity, errors that read well."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria import Nuclide
from yttria.errors import ArgumentError, OutOfRangeError
from yttria.planning import (
    ellipsoid_volume_ml,
    energy_balance,
    mass_from_volume_kg,
    single_compartment_activity,
    single_compartment_dose,
    tumor_mass_for_dose_kg,
)
from yttria.reference import single_compartment as reference

masses = st.floats(0.01, 6)
fractions = st.floats(0, 0.99)


@given(st.floats(0, 20), masses, fractions, fractions, st.floats(0.3, 2.5))
def test_the_core_agrees_with_the_definition(gbq: float, kg: float, shunt: float, residual: float, lung: float) -> None:
    got = single_compartment_dose(
        gbq, mass_kg=kg, lung_shunt_fraction=shunt, residual_fraction=residual, lung_mass_kg=lung
    )
    delivered = gbq * (1 - residual)
    assert math.isclose(got.delivered_activity_gbq, delivered, rel_tol=1e-14)
    expected = reference.single_compartment_dose(delivered, kg, shunt, 0.0, lung, dose_factor_gy_kg_per_gbq=49.67)
    assert math.isclose(got.perfused_dose_gy, expected["perfused_dose_gy"], rel_tol=1e-13, abs_tol=1e-300)
    assert math.isclose(got.lung_dose_gy, expected["lung_dose_gy"], rel_tol=1e-13, abs_tol=1e-300)
    energy = got.perfused_dose_gy * kg + got.lung_dose_gy * lung
    assert math.isclose(energy, 49.67 * delivered, rel_tol=1e-12, abs_tol=1e-300)


@given(st.floats(1, 2000), masses, fractions, fractions)
def test_the_activity_for_a_dose_gives_that_dose(gy: float, kg: float, shunt: float, residual: float) -> None:
    assumed = {"mass_kg": kg, "lung_shunt_fraction": shunt, "residual_fraction": residual}
    expected = reference.single_compartment_activity(gy, kg, shunt, residual, dose_factor_gy_kg_per_gbq=49.67)[
        "vial_activity_gbq"
    ]
    if expected > 100:
        # What the forward function refuses, its inverse does not return.
        with pytest.raises(OutOfRangeError, match=r"needs in the vial at treatment in GBq must be within \[0, 100\]"):
            single_compartment_activity(gy, **assumed)
        return
    back = single_compartment_activity(gy, **assumed)
    assert math.isclose(back.perfused_dose_gy, gy, rel_tol=1e-12)
    assert math.isclose(back.vial_activity_gbq, expected, rel_tol=1e-13)
    forward = single_compartment_dose(back.vial_activity_gbq, **assumed)
    assert math.isclose(forward.perfused_dose_gy, gy, rel_tol=1e-12)


@given(st.floats(1, 80), masses, st.floats(0, 0.89), st.floats(0.001, 0.01))
def test_more_shunt_needs_more_activity_and_a_residual_only_more_in_the_vial(
    gy: float, kg: float, shunt: float, more: float
) -> None:
    less = single_compartment_activity(gy, mass_kg=kg, lung_shunt_fraction=shunt)
    greater = single_compartment_activity(gy, mass_kg=kg, lung_shunt_fraction=shunt + more)
    assert greater.delivered_activity_gbq > less.delivered_activity_gbq
    left = single_compartment_activity(gy, mass_kg=kg, lung_shunt_fraction=shunt, residual_fraction=more)
    assert left.delivered_activity_gbq == less.delivered_activity_gbq
    assert left.vial_activity_gbq > less.vial_activity_gbq


def test_the_dose_factor_is_that_of_the_nuclide() -> None:
    assumed = {"mass_kg": 1.2, "lung_shunt_fraction": 0.05}
    guideline = single_compartment_dose(2.0, **assumed)
    insert = single_compartment_dose(2.0, **assumed, nuclide=Nuclide("IFU_50"))
    assert insert.perfused_dose_gy / guideline.perfused_dose_gy == pytest.approx(50 / 49.67, rel=1e-14)
    assert insert.nuclide == Nuclide("IFU_50")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mass_kg": 1200}, r"perfused mass in kg must be within \[0.01, 6\], got 1200 \(did you mean 1.2 kg\?"),
        ({"mass_kg": -1.2}, "perfused mass in kg must be"),
        ({"mass_kg": math.nan}, "perfused mass in kg must be"),
        ({"lung_shunt_fraction": 12}, r"within \[0, 1\), got 12 \(did you mean 0.12\?\)"),
        ({"lung_shunt_fraction": 1.0}, r"within \[0, 1\), got 1"),
        ({"residual_fraction": -0.01}, "residual fraction"),
        ({"residual_fraction": math.inf}, "residual fraction"),
        ({"lung_mass_kg": 820}, r"lung mass in kg .* \(did you mean 0.82 kg\?"),
    ],
)
def test_errors_name_quantity_value_and_domain(change: dict[str, float], message: str) -> None:
    arguments = {"mass_kg": 1.2, "lung_shunt_fraction": 0.05} | change
    for model in (single_compartment_dose, single_compartment_activity):
        with pytest.raises(OutOfRangeError, match=message):
            model(3.0, **arguments)


@pytest.mark.parametrize("bad", [0.0, -1.0, 2001.0, math.nan, math.inf])
def test_a_target_outside_its_domain_is_refused(bad: float) -> None:
    with pytest.raises(OutOfRangeError, match="target dose in Gy"):
        single_compartment_activity(bad, mass_kg=1.2, lung_shunt_fraction=0.05)


def test_an_activity_in_mbq_is_named_as_such() -> None:
    with pytest.raises(OutOfRangeError, match=r"did you mean 1.225 GBq\? 1225 looks like MBq"):
        single_compartment_dose(1225, mass_kg=1.2, lung_shunt_fraction=0.05)
    with pytest.raises(ArgumentError, match="activity in the vial"):
        single_compartment_dose("3", mass_kg=1.2, lung_shunt_fraction=0.05)  # type: ignore[arg-type]


def test_unusual_shunts_masses_and_doses_warn() -> None:
    assumed = {"mass_kg": 0.04, "lung_shunt_fraction": 0.25}
    codes = {a.code for a in single_compartment_dose(5.0, **assumed, liver_mass_kg=0.1).advisories}
    assert codes == {
        "lung_shunt_above_20_percent",
        "lung_dose_above_limit",
        "perfused_mass_small",
        "perfused_dose_high",
        "high_dose_in_large_part",
    }
    assert not single_compartment_dose(1.0, mass_kg=1.2, lung_shunt_fraction=0.05, liver_mass_kg=1.8).advisories
    unlimited = single_compartment_dose(5.0, **assumed, lung_limit_gy=None)
    assert "lung_dose_above_limit" not in {a.code for a in unlimited.advisories}


def test_a_sphere_and_an_ellipsoid_have_their_volume_and_mass() -> None:
    assert ellipsoid_volume_ml(100) == pytest.approx(523.598775598, rel=1e-11)
    assert ellipsoid_volume_ml(30, 50, 70) == ellipsoid_volume_ml(70, 30, 50) == pytest.approx(math.pi / 6 * 105)
    assert mass_from_volume_kg(1000, density_g_per_ml=1.03) == 1.03
    with pytest.raises(TypeError, match="three, got 2"):
        ellipsoid_volume_ml(30, 50)
    for bad in (0.0, -3.0, math.nan, 501.0):
        with pytest.raises(OutOfRangeError, match="diameter in mm"):
            ellipsoid_volume_ml(bad)
    with pytest.raises(OutOfRangeError, match="density"):
        mass_from_volume_kg(1000, density_g_per_ml=1030)


@given(st.floats(0.1, 20), fractions, st.floats(0.01, 1), masses)
def test_a_reported_dose_implies_its_share_of_the_energy_of_the_liver(
    gbq: float, shunt: float, share: float, kg: float
) -> None:
    received = {"delivered_activity_gbq": gbq, "lung_shunt_fraction": shunt}
    dose = share * 49.67 * gbq * (1 - shunt) / kg
    balance = energy_balance(dose, tumor_mass_kg=kg, **received)
    assert balance.fraction_of_liver_energy_in_tumor == pytest.approx(share, rel=1e-12)
    assert not [a for a in balance.advisories if share < 0.999]
    back = tumor_mass_for_dose_kg(dose, fraction_of_liver_activity_in_tumor=share, **received)
    assert back == pytest.approx(kg, rel=1e-12)
    more = energy_balance(dose / share * 1.01, tumor_mass_kg=kg, **received)
    assert [a.code for a in more.advisories] == ["energy_exceeds_available"]
    assert more.highest_possible_tumor_dose_gy == pytest.approx(dose / share, rel=1e-12)
