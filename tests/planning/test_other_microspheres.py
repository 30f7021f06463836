"""Holmium and other microspheres in plans: their nuclide, their limits, their vials."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from yttria import AbsoluteScaling, Nuclide, dose_image
from yttria.errors import ArgumentError, OutOfRangeError, UnknownNameError
from yttria.io.dicom import write_rtdose
from yttria.phantom import liver_phantom, planning_phantom
from yttria.planning import (
    PartitionLimits,
    PartitionModel,
    Patient,
    PatientTerritories,
    PlanSettings,
    Territory,
    Tumor,
    compare_models,
    decayed_activity_gbq,
    dose_limits,
    from_images,
    lung_dose,
    optimize_activities,
    plan_territories,
    product,
    read_patient,
    single_compartment_activity,
    vial_choice,
)
from yttria.planning.vial_content import vial_content
from yttria.report import html_report

HOLMIUM = Patient(
    device="holmium",
    tumors=[Tumor(name="A", mass_kg=0.2, tumor_to_normal_ratio=3.0)],
    normal_perfused_mass_kg=1.4,
    normal_total_mass_kg=1.4,
    lung_shunt_fraction=0.04,
    target_perfused_dose_gy=60.0,
    limits=PartitionLimits(normal_whole_limit_gy=60.0),
    disease="mCRC",
    intent="bilobar",
)
#: Tuesday 09:00 to 15:00, calibrated on Monday noon.
WINDOW: dict[str, Any] = {
    "start": "2026-12-01T09:00+01:00",
    "end": "2026-12-01T15:00+01:00",
    "calibration_times": ["2026-11-30T12:00+01:00"],
}


def _codes(found: Any) -> list[str]:
    return [advisory.code for advisory in found]


def test_the_activity_for_60_gy_to_the_whole_liver_is_that_of_the_published_factor() -> None:
    plan = compare_models(HOLMIUM)
    single = plan["single_compartment"]
    # Activity for a dose D to a mass m: A (1 - L) = D m / 15.87 Gy kg/GBq.
    assert single.delivered_activity_gbq * 0.96 == pytest.approx(60.0 * 1.6 / 15.87, rel=1e-12)
    assert single.doses.perfused_mean_dose_gy == pytest.approx(60.0, rel=1e-12)
    assert plan.as_dict()["half_life_h"] == 26.8


def test_limits_of_a_holmium_plan_are_those_of_holmium() -> None:
    for run in compare_models(HOLMIUM).runs:
        assert {state.limit.device for state in run.limit_states} == {"holmium"}
        assert {(s.limit.kind, s.limit.low) for s in run.limit_states} == {
            ("perfused", 60.0),
            ("normal_whole", 40.0),
            ("tumor", 90.0),
        }


def test_rules_of_resin_are_refused_for_holmium() -> None:
    reasons = dict(compare_models(replace(HOLMIUM, height_cm=170, weight_kg=70)).not_applicable)
    assert {"bsa", "modified_bsa", "simple_lobar_bsa", "empirical"} <= set(reasons)
    assert reasons["bsa"] == "it is a rule for resin microspheres"


@pytest.mark.parametrize("nuclide", [Nuclide(), Nuclide("P32"), Nuclide("LU177")])
def test_a_device_carries_its_own_nuclide_only(nuclide: Nuclide) -> None:
    lobe = Territory(name="right", normal_perfused_mass_kg=0.8, lung_shunt_fraction=0.04, tumors=list(HOLMIUM.tumors))
    with pytest.raises(ArgumentError, match=f"got {nuclide.name} "):
        replace(HOLMIUM, nuclide=nuclide)
    with pytest.raises(ArgumentError, match=f"got {nuclide.name} "):
        PatientTerritories(device="holmium", territories=[lobe], nuclide=nuclide)
    with pytest.raises(ArgumentError, match=f"got {nuclide.name} "):
        vial_choice(6.0, spheres="holmium", nuclide=nuclide, **WINDOW)


def test_custom_microspheres_need_a_nuclide_and_have_no_limits_of_others() -> None:
    with pytest.raises(ArgumentError, match="nuclide must be given for custom microspheres"):
        replace(HOLMIUM, device="custom", nuclide=None)
    plan = compare_models(replace(HOLMIUM, device="custom", nuclide=Nuclide("P32")))
    (single,) = [run for run in plan.runs if run.model == "single_compartment"]
    assert single.delivered_activity_gbq * 0.96 == pytest.approx(60.0 * 1.6 / Nuclide("P32").dose_factor_gy_kg_per_gbq)
    assert all(run.limit_states == () for run in plan.runs)
    assert "no_limits_for_device" in _codes(plan.advisories)
    assert "custom microspheres with P-32, not in the product table" in plan.table()


def test_a_guideline_without_holmium_reports_that_nothing_was_compared() -> None:
    plan = compare_models(replace(HOLMIUM, guideline="DOSISPHERE-01"))
    assert all(run.limit_states == () for run in plan.runs)
    assert "no_limits_for_device" in _codes(plan.advisories)
    assert "no_limits_for_device" in _codes(dose_limits(guideline="SARAH", device="holmium").advisories)
    assert "no_limits_for_device" not in _codes(dose_limits(guideline="EANM2022", device="holmium").advisories)


def test_lung_limits_of_yttrium_are_named_when_they_are_used_for_another_nuclide() -> None:
    holmium = Nuclide("HO166")
    code = "lung_limit_of_yttrium"
    lobes = [
        Territory(name=name, normal_perfused_mass_kg=0.7, lung_shunt_fraction=0.05, tumors=list(HOLMIUM.tumors))
        for name in ("right", "left")
    ]
    model = PartitionModel(territories=lobes, overlap="disjoint", nuclide=holmium)
    own = replace(HOLMIUM, limits=PartitionLimits(lung_limit_gy=30.0, cumulative_lung_limit_gy=50.0))
    territories = PatientTerritories(device="holmium", territories=lobes, activities_gbq={"right": 3.0, "left": 2.0})
    for advisories in (
        lung_dose(2.0, lung_shunt_fraction=0.05, nuclide=holmium).advisories,
        single_compartment_activity(60.0, mass_kg=1.4, lung_shunt_fraction=0.05, nuclide=holmium).advisories,
        model.doses([1.0, 1.0]).advisories,
        optimize_activities(model, objective="max_min_tumor_dose", normal_perfused_limit_gy=40.0).advisories,
        compare_models(own).advisories,
        plan_territories(territories).plans[0].advisories,
    ):
        assert code in _codes(advisories)
    found = lung_dose(2.0, lung_shunt_fraction=0.05, nuclide=holmium, lung_limit_gy=20.0, cumulative_lung_limit_gy=None)
    assert code not in _codes(found.advisories)
    assert code not in _codes(lung_dose(2.0, lung_shunt_fraction=0.05).advisories)
    assert code not in _codes(compare_models(HOLMIUM).advisories)


def test_a_holmium_vial_is_ordered_so_that_it_holds_the_activity_in_the_middle_of_the_window() -> None:
    choice = vial_choice(6.0, spheres="holmium", **WINDOW)
    (option,) = choice.options
    # From Monday noon to Tuesday noon.
    assert option.vial_size_gbq == pytest.approx(6.0 * 2 ** (24.0 / 26.8), rel=1e-12)
    assert option.time.isoformat() == "2026-12-01T12:00:00+01:00"
    assert decayed_activity_gbq(option.vial_size_gbq, 24.0, nuclide=Nuclide("HO166_15_87")) == pytest.approx(6.0)
    # 5 % is 2.0 h of decay later, and 1.9 h earlier.
    assert (option.latest - option.time).total_seconds() == pytest.approx(26.8 * 3600 * 0.0740005814, rel=1e-6)
    assert (option.time - option.earliest).total_seconds() == pytest.approx(26.8 * 3600 * 0.0703893279, rel=1e-6)
    assert (option.sphere_activity_bq, option.spheres_million) == (None, None)
    assert _codes(choice.advisories) == ["product_fact_not_known", "product_fact_not_known"]


def test_a_holmium_vial_cannot_be_used_before_its_calibration() -> None:
    late = {**WINDOW, "calibration_times": ["2026-12-02T12:00+01:00"]}
    assert vial_choice(6.0, spheres="holmium", **late).options == ()
    with pytest.raises(ArgumentError, match="calibration_times must be given for holmium vials"):
        vial_choice(6.0, spheres="holmium", start=WINDOW["start"], end=WINDOW["end"])
    with pytest.raises(OutOfRangeError):
        vial_choice(-6.0, spheres="holmium", **WINDOW)
    with pytest.raises(UnknownNameError, match="product must be one of glass, resin, holmium"):
        vial_choice(6.0, spheres="custom", **WINDOW)


@pytest.mark.parametrize(
    ("activity", "device", "nuclide", "told"),
    [
        (13.0, "holmium", None, "more than the 12 GBq that are in use with holmium microspheres"),
        (13.0, None, "HO166", "more than the 12 GBq that are in use with holmium microspheres"),
        (21.0, None, None, "the largest vial of any microspheres has 20 GBq"),
        (500.0, None, "P32", ""),
        (500.0, "custom", None, ""),
        (0.5, "holmium", None, ""),
    ],
)
def test_the_vial_is_compared_with_that_of_its_own_nuclide(
    activity: float, device: Any, nuclide: Any, told: str
) -> None:
    found = vial_content(activity, device, nuclide=None if nuclide is None else Nuclide(nuclide))
    assert (told in found[0].message) if told else found == ()


def test_the_holmium_product_states_its_state_of_reading() -> None:
    item = product("holmium")
    assert (item.made_to_order, item.whole_vial, item.has("vial_sizes_gbq")) == (True, True, False)
    assert all(fact.status == "read" for fact in item.facts)
    assert product("glass").has("shelf_life_h")


def test_microspheres_and_nuclide_of_a_plan_from_images_stand_in_its_file(tmp_path: Path) -> None:
    phantom = planning_phantom((8.0, 8.0, 8.0))
    for settings, isotope in (
        (PlanSettings(device="holmium"), "Ho-166"),
        (PlanSettings(device="custom", nuclide="RE188"), "Re-188"),
        (PlanSettings(device="holmium", nuclide="HO166"), "Ho-166"),
    ):
        plan = from_images(phantom.maa_of_all, phantom.structures, settings=settings)
        plan.write(tmp_path / "patient.toml", overwrite=True)
        assert read_patient(tmp_path / "patient.toml").nuclide == settings.resolved_nuclide()
        assert settings.resolved_nuclide().isotope == isotope
    with pytest.raises(ArgumentError, match="nuclide of holmium microspheres must be Ho-166"):
        PlanSettings(device="holmium", nuclide="EANM2022")
    with pytest.raises(ArgumentError, match="nuclide must be given for custom microspheres"):
        PlanSettings(device="custom")


def test_report_and_dicom_files_of_a_holmium_dose_name_holmium(tmp_path: Path) -> None:
    pydicom = pytest.importorskip("pydicom")
    pytest.importorskip("jinja2")
    assert "<h1>Holmium-166 radioembolization: plan</h1>" in html_report(plan=compare_models(HOLMIUM).as_dict())
    for nuclide, isotope in ((Nuclide("HO166"), "Ho-166"), (Nuclide(), "Y-90")):
        phantom = liver_phantom((10.0, 10.0, 10.0), nuclide=nuclide)
        result = dose_image(phantom.activity, scaling=AbsoluteScaling(20.0), method="local_deposition", nuclide=nuclide)
        write_rtdose(result, tmp_path / "dose.dcm", reference=None)
        written = pydicom.dcmread(tmp_path / "dose.dcm")
        assert written.SeriesDescription == f"Absorbed dose, {isotope}"
        assert f": {isotope} local deposition, " in written.DerivationDescription
    write_rtdose(result.image, tmp_path / "image.dcm", reference=None)
    assert pydicom.dcmread(tmp_path / "image.dcm").SeriesDescription == "Absorbed dose"
