"""Limits on the doses that a treatment gave, on the phantom whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from yttria import AbsoluteScaling, DoseResult, Image, Nuclide, RelativeScaling, Structure, dose_image
from yttria.errors import ArgumentError, OutOfRangeError, UndefinedError, UnknownNameError
from yttria.phantom import Phantom, liver_phantom
from yttria.planning import (
    DeliveredRoles,
    TreatmentDoses,
    delivered_limits,
    evaluate_limits,
    structure_metrics,
    tissue_parameters,
)

KNOWN = {"device": "glass", "disease": "HCC", "intent": "unilobar"}


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return liver_phantom((4.0, 4.0, 4.0))


@pytest.fixture(scope="module")
def result(phantom: Phantom) -> DoseResult:
    return dose_image(phantom.activity, scaling=AbsoluteScaling(20.0))


@pytest.mark.claim("delivered_limits")
def test_states_are_those_of_the_doses(phantom: Phantom, result: DoseResult) -> None:
    roles = {"territories": "Liver"}
    found = delivered_limits(result, phantom.structures, roles=roles, **KNOWN)
    rows = {row.structure: row.mean_gy for row in result.table(phantom.structures)}
    assert found.doses.perfused_mean_dose_gy == pytest.approx(rows["Liver"])
    assert found.doses.normal_whole_dose_gy == pytest.approx(rows["Normal liver"])
    assert found.doses.tumor_doses_gy == pytest.approx((rows["Tumor 1"], rows["Tumor 2"]))
    assert found.origins["tumor_doses_gy"] == "Tumor 1, Tumor 2; the lowest is that of Tumor 2"
    by_hand = TreatmentDoses(
        perfused_mean_dose_gy=rows["Liver"],
        whole_liver_dose_gy=rows["Liver"],
        normal_whole_dose_gy=rows["Normal liver"],
        normal_perfused_dose_gy=found.doses.normal_perfused_dose_gy,
        tumor_doses_gy=(rows["Tumor 1"], rows["Tumor 2"]),
    )
    expected = evaluate_limits(by_hand, hepatic_reserve_fraction=0.0, **KNOWN)
    assert [str(state) for state in found.states] == [str(state) for state in expected]
    assert found.as_dict()["states"][0]["limit"]["source"]["key"]


def test_normal_liver_is_the_liver_without_tumors(phantom: Phantom, result: DoseResult) -> None:
    drawn = delivered_limits(result, phantom.structures)
    without = [s for s in phantom.structures if s.name != "Normal liver"]
    derived = delivered_limits(result, without)
    assert derived.origins["normal_whole_dose_gy"] == "Liver without Tumor 1, Tumor 2"
    assert derived.doses.normal_whole_dose_gy == pytest.approx(drawn.doses.normal_whole_dose_gy, rel=1e-4)


def test_ratios_and_reserve_are_those_of_the_phantom(phantom: Phantom, result: DoseResult) -> None:
    ratios = delivered_limits(result, phantom.structures).tumor_to_normal_ratios
    # Voxels on a surface share their activity with the neighbor: 4 mm voxels on a tumor of 28 mm lose the most.
    assert ratios["Tumor 1"] == pytest.approx(5.0, rel=0.06)
    assert ratios["Tumor 2"] == pytest.approx(3.0, rel=0.1)
    half = np.zeros(phantom.activity.shape, bool)
    half[:, :, : half.shape[2] // 2] = True
    liver = phantom.structures[0]
    part = Structure(
        "Perfused", liver.voxel_fractions_on(phantom.activity).to_array() * half, phantom.activity.affine_lps
    )
    found = delivered_limits(result, [*phantom.structures, part])
    volumes = (part.volume_ml, liver.volume_ml)
    assert found.hepatic_reserve_fraction == pytest.approx(1.0 - volumes[0] / volumes[1], abs=1e-6)
    assert found.origins["normal_perfused_dose_gy"] == "Perfused without Tumor 1, Tumor 2"


def test_the_lung_dose_in_one_density_follows_from_the_lung_mass(phantom: Phantom, result: DoseResult) -> None:
    lungs = replace(phantom.lungs, name="Lungs")
    found = delivered_limits(result, [*phantom.structures, lungs], lung_mass_kg=0.9)
    activity = phantom.administered_activity_gbq * phantom.lung_shunt_fraction
    # Part of the lungs' activity lies in voxels that the mask on the finer grid leaves out, and the reverse.
    assert found.doses.lung_activity_gbq == pytest.approx(activity, rel=0.03)
    factor = result.provenance.dose_factor_gy_kg_per_gbq
    assert found.doses.lung_dose_gy == pytest.approx(factor * found.doses.lung_activity_gbq / 0.9)
    assumed = delivered_limits(result, [*phantom.structures, lungs])
    assert [told.code for told in assumed.advisories] == ["lung_mass_assumed"]


def test_the_lung_dose_with_densities_is_that_of_the_map(phantom: Phantom) -> None:
    density = Image(np.full(phantom.activity.shape, 0.3), phantom.activity.affine_lps, "g/mL")
    result = dose_image(phantom.activity, scaling=AbsoluteScaling(20.0), density=density)
    lungs = replace(phantom.lungs, name="Lungs")
    found = delivered_limits(result, [lungs])
    assert found.doses.lung_dose_gy == pytest.approx(result.table([lungs])[0].mean_gy)
    assert found.advisories == ()


def test_the_dose_of_lungs_outside_the_image_follows_from_the_shunt(phantom: Phantom) -> None:
    liver = phantom.structures[0]
    scaling = RelativeScaling(liver, lung_shunt_fraction=0.1, delivered_activity_gbq=2.0)
    result = dose_image(phantom.activity, scaling=scaling)
    found = delivered_limits(result, phantom.structures, lung_mass_kg=1.0)
    assert found.doses.lung_activity_gbq == pytest.approx(0.2)
    assert found.doses.lung_dose_gy == pytest.approx(0.2 * result.provenance.dose_factor_gy_kg_per_gbq)
    assert "lung shunt fraction 0.1" in found.origins["lung_dose_gy"]


def test_a_region_that_reaches_out_of_the_image_is_not_compared(phantom: Phantom) -> None:
    k = phantom.activity.shape[0] // 3
    cut = Image(phantom.activity.array[k:], phantom.activity.affine_lps @ _shifted(k), "Bq/mL")
    result = dose_image(cut, scaling=AbsoluteScaling(20.0))
    found = delivered_limits(result, phantom.structures, roles={"territories": "Liver"}, **KNOWN)
    assert found.doses.perfused_mean_dose_gy is None
    assert "region_outside_image" in {told.code for told in found.advisories}
    assert any(state.state == "depends on" and state.limit.kind == "perfused" for state in found.states)


def _shifted(k: int) -> np.ndarray:
    matrix = np.eye(4)
    matrix[2, 3] = k
    return matrix


def test_prior_doses_are_added(phantom: Phantom, result: DoseResult) -> None:
    roles = {"territories": "Liver"}
    first = delivered_limits(result, phantom.structures, roles=roles, **KNOWN)
    again = delivered_limits(result, phantom.structures, roles=roles, prior_normal_perfused_dose_gy=200.0, **KNOWN)
    (before,), (after,) = (
        [s for s in found.states if s.limit.kind == "normal_perfused" and s.limit.direction == "maximum"]
        for found in (first, again)
    )
    assert (before.state, after.state) == ("met", "above limit")
    assert after.prior_gy == 200.0


def test_wrong_arguments_are_refused(phantom: Phantom, result: DoseResult) -> None:
    with pytest.raises(UnknownNameError, match="roles must name structures that are given, got Lungs"):
        delivered_limits(result, phantom.structures, roles=DeliveredRoles(lungs=("Lungs",)))
    with pytest.raises(UnknownNameError):
        delivered_limits(result, phantom.structures, guideline="EANM")  # type: ignore[arg-type]
    for mass in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(OutOfRangeError, match="mass of the lungs"):
            delivered_limits(result, phantom.structures, lung_mass_kg=mass)
    with pytest.raises(ArgumentError):
        delivered_limits(result, phantom.structures, lung_mass_kg="1")  # type: ignore[arg-type]


def test_metrics_hold_masses_and_activities_that_add_up(phantom: Phantom, result: DoseResult) -> None:
    found = structure_metrics(result, phantom.structures, ["mass", "activity", "V70", "T/N", "reserve"])
    rows = found.rows
    parts = ("Normal liver", "Tumor 1", "Tumor 2")
    for key in ("mass_kg", "activity_mbq"):
        whole = sum(rows[name][key] or 0.0 for name in parts)
        assert whole == pytest.approx(rows["Liver"][key], rel=1e-5)
    assert rows["Liver"]["tumor_to_normal_ratio"] is None
    assert rows["Liver"]["hepatic_reserve_fraction"] is None  # no perfused volume is drawn
    factor = result.provenance.dose_factor_gy_kg_per_gbq
    for row in result.table(phantom.structures):
        of = rows[row.structure]
        assert row.mean_gy == pytest.approx(factor * of["activity_mbq"] / of["mass_kg"] * 1e-3, rel=1e-5)


def test_a_structure_has_the_parameters_of_the_tissue_of_its_role(phantom: Phantom, result: DoseResult) -> None:
    given = ["liver-cremonesi-2008", "tumor-cremonesi-2008", "tumor:alpha_per_gy=0.01,clonogens=10"]
    found = structure_metrics(result, phantom.structures, ["BED", "TCP"], parameters=given, device="glass")
    assert all(row["mean_bed_gy"] is not None for row in found.rows.values())
    assert [name for name, row in found.rows.items() if row["tcp"] is not None] == ["Tumor 1", "Tumor 2"]
    assert {told.code for told in found.advisories} == {"parameters_not_verified", "model_not_validated"}
    without_role = structure_metrics(result, phantom.structures, ["BED"], parameters=given, roles={"liver": []})
    assert without_role.rows["Liver"]["mean_bed_gy"] is None


def test_contradicting_and_missing_parameters_are_refused(phantom: Phantom, result: DoseResult) -> None:
    with pytest.raises(ArgumentError, match="BED needs alpha_beta_gy and repair_half_time_h of a tissue"):
        structure_metrics(result, phantom.structures, ["BED"])
    with pytest.raises(ArgumentError, match=r"must be given once, got 2\.5 and 3"):
        tissue_parameters(["liver-cremonesi-2008", "normal_liver:alpha_beta_gy=3"])
    for text in ("liver", "tumor:alpha", "tumor:alpha_per_gy=x", "tumor:beta=1", ":a=1", "spleen:a=1", "tumor:a=1,,"):
        with pytest.raises((ArgumentError, UnknownNameError)):
            tissue_parameters([text])


def test_a_stored_dose_without_its_activity_has_no_activity(phantom: Phantom, result: DoseResult) -> None:
    stored = replace(result, activity=None)
    found = structure_metrics(stored, phantom.structures, ["activity", "T/N"])
    assert all(value is None for row in found.rows.values() for value in row.values())
    with pytest.raises(UndefinedError):
        stored.activity_mbq(stored.voxel_fractions(phantom.structures)["Liver"])


def test_limits_are_those_of_microspheres_that_carry_the_nuclide_of_the_dose() -> None:
    phantom = liver_phantom((8.0, 8.0, 8.0), nuclide=Nuclide("HO166"))
    result = dose_image(phantom.activity, scaling=AbsoluteScaling(20.0), nuclide=phantom.nuclide)
    found = delivered_limits(result, phantom.structures, disease="HCC", intent="unilobar")
    assert {state.limit.device for state in found.states} == {"holmium"}
    assert all("device" not in each.quantity for state in found.states for each in state.undecided)
    with pytest.raises(ArgumentError, match=r"glass microspheres carry Y-90, and the dose is of HO166 \(Ho-166\)"):
        delivered_limits(result, phantom.structures, device="glass")
    yttrium = dose_image(phantom.activity, scaling=AbsoluteScaling(20.0))
    assert {s.limit.device for s in delivered_limits(yttrium, phantom.structures).states} == {"glass", "resin"}
    rhenium = dose_image(phantom.activity, scaling=AbsoluteScaling(20.0), nuclide=Nuclide("RE188"))
    none = delivered_limits(rhenium, phantom.structures)
    assert none.states == ()
    assert "no_limits_for_device" in [advisory.code for advisory in none.advisories]
