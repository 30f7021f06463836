"""From images to a plan: the truth of the phantom, the patient file, fields of view, and uncertainties."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_plans import GLASS, TURN, codes
from measured_figures import Measured

from yttria import Image, Structure, density_image
from yttria.errors import (
    ResultsExistError,
    UndefinedError,
)
from yttria.geometry import PlanarViews, union
from yttria.phantom import PlanningPhantom, planning_phantom
from yttria.planning import (
    ImagePlan,
    LungShunt,
    PartitionLimits,
    Patient,
    PatientTerritories,
    PlanSettings,
    PlanUncertaintyInputs,
    compare_models,
    from_images,
    plan_patient_file,
    plan_territories,
    planar_lung_shunt,
    read_patient,
)


@pytest.fixture(scope="module")
def phantom() -> PlanningPhantom:
    return planning_phantom()


@pytest.fixture(scope="module")
def planar(phantom: PlanningPhantom) -> LungShunt:
    lungs, liver = phantom.planar_regions
    return planar_lung_shunt(PlanarViews.from_image(phantom.planar), lungs=lungs, liver=liver)


def plan_of(phantom: PlanningPhantom, **change: Any) -> ImagePlan:
    given = {"maa": phantom.maa_of_all, "structures": phantom.structures, "settings": GLASS, "ct": phantom.ct}
    return from_images(**{"resolution_fwhm_mm": 0.0, **given, **change})


def named(phantom: PlanningPhantom) -> dict[str, Structure]:
    return {each.name: each for each in phantom.structures}


@pytest.mark.claim("plan_from_images")
@pytest.mark.parametrize("size", [(4.8, 4.4, 4.0), (8.0, 6.0, 5.0)])
@pytest.mark.parametrize("turned", [False, True])
def test_a_plan_from_images_has_the_true_inputs_of_the_phantom(
    size: tuple[float, float, float], turned: bool, measured: Measured
) -> None:
    """Within 1e-5 without blur, for any size of voxels and any position of the patient."""
    phantom = planning_phantom(size, lung_shunt_fraction=(0.08, 0.03))
    if turned:
        phantom = replace(
            phantom,
            maa={name: image.transformed(TURN) for name, image in phantom.maa.items()},
            ct=phantom.ct.transformed(TURN),
            structures=tuple(each.transformed(TURN) for each in phantom.structures),
        )
    plan = plan_of(phantom, maa=phantom.maa)
    truth = phantom.mass_kg
    assert plan.lung_mass_kg == pytest.approx(truth["Lungs"], rel=1e-4)
    assert plan.normal_total_mass_kg == pytest.approx(truth["Normal right"] + truth["Normal left"], rel=1e-4)
    for territory, side, tumor in zip(plan.territories, ("right", "left"), ("Tumor 1", "Tumor 2"), strict=True):
        assert territory.name == f"Perfused {side}"
        measured("shunt, relative", territory.lung_shunt_fraction / phantom.lung_shunt_fraction[side] - 1)
        assert territory.lung_shunt_fraction == pytest.approx(phantom.lung_shunt_fraction[side], rel=1e-4)
        assert territory.normal_mass_kg == pytest.approx(truth[f"Normal {side}"], rel=1e-4)
        (found,) = territory.tumors
        assert (found.name, found.mass_kg) == (tumor, pytest.approx(truth[tumor], rel=1e-4))
        measured("ratio, relative", found.tumor_to_normal_ratio / phantom.tumor_to_normal_ratio[tumor] - 1)
        assert found.tumor_to_normal_ratio == pytest.approx(phantom.tumor_to_normal_ratio[tumor], rel=1e-4)
    assert codes(plan) == set()


@pytest.mark.claim("plan_from_images")
def test_a_plain_sum_and_a_blur_have_their_stated_errors(measured: Measured) -> None:
    """The statement of docs/planning.md holds, with ratios of 5 and 3 by sums and by the fit, with and without a blur
    of 12 mm."""
    found = {}
    for blur in (0.0, 12.0):
        phantom = planning_phantom(blur_fwhm_mm=blur)
        for fwhm in (None, blur):
            plan = plan_of(phantom, resolution_fwhm_mm=fwhm)
            ratios = [tumor.tumor_to_normal_ratio for each in plan.territories for tumor in each.tumors]
            found[blur, fwhm] = (*ratios, plan.territories[0].lung_shunt_fraction)
    measured("ratio of 5, blur of 12 mm stated", found[12.0, 12.0][0], digits=3)
    measured("ratio of 5, plain sums after a blur of 12 mm", found[12.0, None][0], digits=3)
    measured("shunt of 5 %, blur stated", 100 * found[12.0, 12.0][2], "%", digits=4)
    assert found[0.0, None] == pytest.approx((4.74, 2.81, 0.0497), rel=2e-3)
    assert found[0.0, 0.0] == pytest.approx((5.0, 3.0, 0.05), rel=1e-5)
    assert found[12.0, None] == pytest.approx((4.08, 2.32, 0.0500), rel=2e-3)
    assert found[12.0, 12.0] == pytest.approx((5.0, 3.0, 0.05), rel=2e-4)


def test_the_patient_file_is_read_and_planned_unchanged(phantom: PlanningPhantom, tmp_path: Path) -> None:
    limits = PartitionLimits(normal_perfused_limit_gy=45.0, lung_limit_gy=30.0)
    settings = PlanSettings(
        device="glass", name='a "name"\x7f\n', limits=limits, disease="HCC", target_tumor_dose_gy=90
    )
    plan = plan_of(phantom, settings=settings, inputs={"scan": "maa.nrrd\n[bad]"})
    plan.write(tmp_path / "patient.toml")
    read, made = read_patient(tmp_path / "patient.toml"), plan.patient()
    assert isinstance(read, PatientTerritories)
    assert isinstance(made, PatientTerritories)
    assert (read.name, read.limits, read.disease, read.objective) == (made.name, limits, "HCC", "max_min_tumor_dose")
    best = plan_territories(made)["optimum"].doses.delivered_activities_gbq
    again = plan_patient_file(tmp_path / "patient.toml")["optimum"].doses.delivered_activities_gbq
    assert again == pytest.approx(best, rel=1e-5)
    with pytest.raises(ResultsExistError, match="changed by hand"):
        plan.write(tmp_path / "patient.toml")
    plan.write(tmp_path / "patient.toml", overwrite=True)
    for line in plan.toml().splitlines():
        if " = " in line.partition("#")[0] and line.split(" = ")[1][:1].isdigit() and "density" not in line:
            assert "# " in line, f"a number without its origin: {line}"


def test_one_territory_becomes_a_patient_of_every_model(phantom: PlanningPhantom, tmp_path: Path) -> None:
    plan = plan_of(phantom, territories=[])
    patient = plan.patient()
    assert isinstance(patient, Patient)
    assert [territory.name for territory in plan.territories] == ["whole liver"]
    plan.write(tmp_path / "patient.toml")
    read = read_patient(tmp_path / "patient.toml")
    found, expected = (compare_models(each)["partition_maximum"] for each in (read, patient))  # type: ignore[arg-type]
    assert found.delivered_activity_gbq == pytest.approx(expected.delivered_activity_gbq, rel=1e-5)
    assert patient.lung_shunt_fraction == pytest.approx(0.05, rel=1e-5)


def test_a_tumor_on_the_border_has_a_part_in_each_territory(phantom: PlanningPhantom) -> None:
    whole = union([named(phantom)["Tumor 1"], named(phantom)["Tumor 2"]], name="Tumor of both")
    kept = [each for each in phantom.structures if not each.name.startswith("Tumor")]
    plan = plan_of(phantom, structures=[*kept, whole])
    parts = [territory.tumors[0] for territory in plan.territories]
    assert {part.name for part in parts} == {"Tumor of both"}
    assert [part.tumor_to_normal_ratio for part in parts] == pytest.approx([5.0, 3.0], rel=1e-4)
    patient = plan.patient()
    assert isinstance(patient, PatientTerritories)
    assert patient.model().tumors == ("Tumor of both",)


def test_tumor_that_no_territory_feeds_is_untreated(phantom: PlanningPhantom) -> None:
    plan = plan_of(phantom, territories=["Perfused right"])
    assert plan.unperfused_tumor_mass_kg == {"Tumor 2": pytest.approx(phantom.mass_kg["Tumor 2"], rel=1e-4)}
    assert "tumor_outside_territories" in codes(plan)
    patient = plan.patient()
    assert patient.untreated_tumor_mass_kg == pytest.approx(phantom.mass_kg["Tumor 2"], rel=1e-4)
    # All counts of the liver are in the shunt, also those that are not perfused.
    assert plan.territories[0].lung_shunt_fraction == pytest.approx(0.05, rel=1e-4)


@pytest.mark.claim("plan_from_images")
def test_contours_give_the_same_plan_as_their_masks(phantom: PlanningPhantom, tmp_path: Path) -> None:
    """RTSTRUCT: outlines of masks on their voxels' edges, each on a grid of its own."""
    dicom = pytest.importorskip("yttria.io.dicom")
    pytest.importorskip("pydicom")
    dicom.write_rtstruct(phantom.structures, tmp_path / "rs.dcm", reference=None)
    contours = dicom.read_rtstruct(tmp_path / "rs.dcm", interpolation="none")
    by_contours, by_masks = plan_of(phantom, structures=contours), plan_of(phantom)
    assert by_contours.lung_mass_kg == pytest.approx(by_masks.lung_mass_kg, rel=1e-4)
    for found, expected in zip(by_contours.territories, by_masks.territories, strict=True):
        assert found.lung_shunt_fraction == pytest.approx(expected.lung_shunt_fraction, rel=1e-4)
        assert found.normal_mass_kg == pytest.approx(expected.normal_mass_kg, rel=1e-3)
        assert found.tumors[0].tumor_to_normal_ratio == pytest.approx(
            expected.tumors[0].tumor_to_normal_ratio, rel=1e-3
        )


def test_masses_follow_the_density_of_the_ct(phantom: PlanningPhantom) -> None:
    density = density_image(phantom.ct, out_of_range="clamp")
    plan = plan_of(phantom, density=density)
    assert "density from CT" in plan.mass_origin
    ratio = float(np.interp(45.0, density.curve.hounsfield_units, density.curve.density_g_per_ml)) / 1.05
    assert plan.territories[0].tumors[0].mass_kg == pytest.approx(ratio * phantom.mass_kg["Tumor 1"], rel=1e-4)
    lighter = plan_of(phantom, density=1.0)
    assert lighter.normal_total_mass_kg == pytest.approx(plan_of(phantom).normal_total_mass_kg / 1.05)


def slices_of(image: Image, slices: slice) -> Image:
    """The part of an image within a range of slices."""
    place = image.affine_lps.copy()
    place[:3, 3] += image.affine_lps[:3, 2] * (slices.start or 0)
    return Image(image.array[slices], place, image.unit)


def test_lungs_partly_in_the_field_are_scaled_up_and_reported(phantom: PlanningPhantom) -> None:
    """A quarter of the lungs' volume is beyond the scan: the shunt keeps its value, and a warning states the rest."""
    plan = plan_of(phantom, maa=slices_of(phantom.maa_of_all, slice(0, 51)))
    (message,) = [a for a in plan.advisories if a.code == "lungs_cut_by_field"]
    assert "counts_partly_outside" not in codes(plan)
    assert 0.1 < message.value < 0.4  # type: ignore[operator]
    assert plan.territories[0].lung_shunt_fraction == pytest.approx(0.05, rel=0.01)
    edge = plan_of(
        phantom,
        maa=slices_of(phantom.maa_of_all, slice(0, 51)),
        structures=[*phantom.structures[:-1], part_below(named(phantom)["Lungs"], phantom, 51)],
    )
    assert "reach the edge of the tracer scan" in str([a.message for a in edge.advisories])


def part_below(structure: Structure, phantom: PlanningPhantom, slices: int) -> Structure:
    mask = structure.mask.copy()
    mask[2 * slices :] = False
    return Structure(structure.name, mask, structure.affine_lps)


def test_lungs_outside_the_field_need_planar_views_or_a_stated_shunt(
    phantom: PlanningPhantom, planar: LungShunt
) -> None:
    below = slices_of(phantom.maa_of_all, slice(0, 34))
    with pytest.raises(UndefinedError, match=r"less than half of the lungs is in the scan; state it.*planar views"):
        plan_of(phantom, maa=below)
    plan = plan_of(phantom, maa=below, planar=planar)
    assert plan.territories[0].lung_shunt_fraction == planar.lung_shunt_fraction
    assert {"shunt_from_planar", "planar_not_attenuation_corrected"} <= codes(plan)
    stated = plan_of(phantom, maa=below, lung_shunt_fraction={"right": 0.07, "left": 0.02})
    assert [each.lung_shunt_fraction for each in stated.territories] == [0.07, 0.02]
    some = plan_of(phantom, lung_shunt_fraction={"left": 0.02})
    assert [each.lung_shunt_fraction for each in some.territories] == pytest.approx([0.05, 0.02], rel=1e-4)
    without = [each for each in phantom.structures if each.name != "Lungs"]
    with pytest.raises(UndefinedError, match="there are no lungs in the segmentation"):
        plan_of(phantom, structures=without)
    assert plan_of(phantom, structures=without, lung_shunt_fraction=0.05).lung_mass_kg == 1.0


def test_both_methods_are_stated_beside_each_other(phantom: PlanningPhantom, planar: LungShunt) -> None:
    plan = plan_of(phantom, planar=planar)
    assert plan.territories[0].lung_shunt_fraction == pytest.approx(0.05, rel=1e-5)
    assert "planar views give 0.08683" in plan.territories[0].shunt_origin
    assert "one_scan_of_all_injections" in codes(plan)


def test_lungs_cut_by_the_ct_have_no_mass(phantom: PlanningPhantom) -> None:
    plan = plan_of(phantom, ct=slices_of(phantom.ct, slice(0, 100)))
    assert (plan.lung_mass_kg, plan.lung_mass_origin) == (1.0, "assumed; the CT holds a part of the lungs")
    assert "lung_mass_of_part" in codes(plan)
    assert plan_of(phantom, ct=None, lung_mass_kg=0.8).lung_mass_kg == 0.8


def test_a_part_of_the_lungs_is_not_taken_for_the_lungs(phantom: PlanningPhantom) -> None:
    """A CT of the abdomen contains only the lungs' bases, whose mass and counts are not those of the lungs."""
    base = part_below(named(phantom)["Lungs"], phantom, 30)
    assert 0.0 < base.volume_ml < 1000.0
    plan = plan_of(phantom, structures=[*phantom.structures[:-1], base])
    assert {"lung_volume_small", "lung_mass_of_part"} <= codes(plan)
    assert plan.lung_mass_kg == 1.0
    assert "lung mass in kg must be within [0.3, 2.5]" in plan.lung_mass_origin


def test_the_spread_of_counts_is_offered_as_a_lower_bound_and_not_used(
    phantom: PlanningPhantom, tmp_path: Path
) -> None:
    plan = plan_of(phantom)
    right, left = plan.territories
    assert right.shunt is not None
    expected = (1 - right.lung_shunt_fraction) * (1 / right.shunt.lung_counts + 1 / right.shunt.liver_counts) ** 0.5
    assert plan.counts_spread.value_of("lung_shunt_uncertainty", right.name) == pytest.approx(expected)
    of_ratio = (1 / left.tumors[0].counts + 1 / left.normal_counts) ** 0.5
    ratio = plan.counts_spread.value_of("tumor_to_normal_ratio_uncertainty", left.tumors[0].name)
    assert ratio == pytest.approx(of_ratio)
    assert plan.uncertainties.stated == ()
    assert plan.uncertainties.ratio_from_counts
    assert plan.uncertainties.shunts_from_one_scan
    text = plan.toml()
    assert f"# tumor_to_normal_ratio_uncertainty = {of_ratio:.6g} # lower bound" in text
    (tmp_path / "patient.toml").write_text(text)
    read = read_patient(tmp_path / "patient.toml").uncertainties
    assert read is not None
    assert (read.stated, read.ratio_from_counts) == ((), True)


def test_stated_uncertainties_are_written_to_the_file_and_read_back(phantom: PlanningPhantom, tmp_path: Path) -> None:
    stated = PlanUncertaintyInputs(
        lung_shunt_uncertainty={"Perfused right": 0.2}, tumor_mass_uncertainty=0.1, lung_mass_uncertainty=0.25
    )
    plan = plan_of(phantom, settings=replace(GLASS, uncertainties=stated))
    plan.write(tmp_path / "patient.toml")
    read = read_patient(tmp_path / "patient.toml").uncertainties
    assert read is not None
    assert read.lung_shunt_uncertainty == {"Perfused right": 0.2}
    assert (read.tumor_mass_uncertainty, read.lung_mass_uncertainty) == (0.1, 0.25)


def test_a_scan_that_is_not_in_counts_has_no_spread(phantom: PlanningPhantom) -> None:
    scan = phantom.maa_of_all.with_array(phantom.maa_of_all.array, "1")
    assert plan_of(phantom, maa=scan).counts_spread.stated == ()
    assert "Poisson" not in plan_of(phantom, maa=scan).toml()


@pytest.mark.parametrize("size", [(8.0, 8.0, 8.0), (4.8, 4.4, 4.0)])
def test_rounded_masses_of_a_patient_file_fit_each_other(size: tuple[float, float, float], tmp_path: Path) -> None:
    plan = plan_of(planning_phantom(size))
    plan.write(tmp_path / "patient.toml")
    assert isinstance(read_patient(tmp_path / "patient.toml"), PatientTerritories)
