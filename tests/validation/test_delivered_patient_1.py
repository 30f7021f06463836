"""A real post-treatment PET from its doses to limits, plan and delivery, retreatment, RTDOSE and structured report."""

from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from measured_figures import Measured

pytest.importorskip("highdicom")
import pydicom

from yttria import (
    AbsoluteScaling,
    DoseResult,
    Image,
    RelativeScaling,
    Structure,
    dose_image,
    read_image,
    read_structures,
)
from yttria.evaluation import TreatmentDose, accumulate_doses, bed_gy
from yttria.io.dicom import read_dose_report, read_rtstruct, write_dose_report, write_rtdose
from yttria.planning import compare_plan, delivered_limits, structure_metrics

KNOWN = {"device": "glass", "disease": "HCC", "intent": "unilobar", "roles": {"territories": "Liver"}}
LIVER = {"alpha_beta_gy": 2.5, "repair_half_time_h": 2.5}
#: 7 degrees about the patient's axis, and a shift, as a patient lies differently in two scanners.
TURN = np.eye(4)
TURN[:2, :2] = [[math.cos(0.122), -math.sin(0.122)], [math.sin(0.122), math.cos(0.122)]]
TURN[:3, 3] = (13.0, -8.0, 21.0)


@pytest.fixture(scope="module")
def pet(shared_data: Path) -> Image:
    return read_image(shared_data / "images" / "patient_1_Y90_PET.nrrd", unit="Bq/mL")


@pytest.fixture(scope="module")
def structures(shared_data: Path) -> list[Structure]:
    return read_structures(shared_data / "images" / "patient_1_Segmentation.seg.nrrd")


@pytest.fixture(scope="module")
def result(pet: Image) -> DoseResult:
    return dose_image(pet, scaling=AbsoluteScaling(20.4, administered_activity_gbq=1.4))


@pytest.mark.claim("delivered_limits")
def test_limits_are_compared_by_roles_from_names(result: DoseResult, structures: list[Structure]) -> None:
    found = delivered_limits(result, structures, **KNOWN)
    assert found.roles.tumors == tuple(f"Tumor {n}" for n in range(1, 7))
    assert found.roles.normal_whole == ("Normal Tissue",)
    rows = {row.structure: row.mean_gy for row in result.table(structures)}
    assert found.doses.normal_whole_dose_gy == pytest.approx(rows["Normal Tissue"], rel=1e-9)
    # The liver without its six tumors is the segment that was drawn as normal tissue.
    assert found.doses.normal_perfused_dose_gy == pytest.approx(rows["Normal Tissue"], rel=1e-9)
    assert min(found.doses.tumor_doses_gy) == pytest.approx(min(rows[name] for name in found.roles.tumors), rel=1e-9)
    states = {state.limit.kind: state.state for state in found.states}
    assert states["perfused"] == "below target"
    assert states["normal_whole"] == "met"
    assert states["lung"] == "depends on"
    factor, normal = result.provenance.dose_factor_gy_kg_per_gbq, rows["Normal Tissue"]
    for name, ratio in found.tumor_to_normal_ratios.items():
        # By local deposition in one density, activity per mass is the mean dose over the dose factor.
        assert ratio == pytest.approx(rows[name] / normal, rel=1e-5)
    metrics = structure_metrics(result, structures, ["activity", "mass"]).rows["Liver"]
    assert metrics["activity_mbq"] / metrics["mass_kg"] * 1e-3 * factor == pytest.approx(rows["Liver"], rel=1e-5)


@pytest.mark.claim("dose_change")
def test_a_pet_compared_with_itself_differs_only_by_the_stated_causes(
    pet: Image, result: DoseResult, structures: list[Structure]
) -> None:
    """Plan of 1.6 GBq with shunt 0.05, delivery of 1.4 GBq with 0.02; uptake differs by activity outside the liver."""
    scaling = RelativeScaling(structures[0], lung_shunt_fraction=0.05, delivered_activity_gbq=1.6)
    plan = dose_image(pet, scaling=scaling)
    away = plan.transformed(np.linalg.inv(TURN))
    found = compare_plan(away, result, structures, transform_lps=TURN, delivered_lung_shunt_fraction=0.02)
    outside = 1.0 - result.activity_mbq(result.voxel_fractions(structures)["Liver"]) / 1400.0
    for row in found.structures:
        assert row.change is not None
        ratios = row.change.ratios
        assert math.prod(ratios.values()) == pytest.approx(row.change.ratio, rel=1e-12)
        assert sum(row.change.parts_gy.values()) == pytest.approx(row.change.difference_gy, abs=1e-9)
        assert ratios["activity"] == pytest.approx(1.4 / 1.6)
        assert ratios["shunt"] == pytest.approx(0.98 / 0.95)
        assert ratios["uptake"] == pytest.approx((1.0 - outside) / 0.98, rel=1e-4)
        assert ratios["method"] == pytest.approx(1.0, rel=1e-9)


@pytest.mark.claim("accumulation")
def test_doses_of_two_scanners_are_summed_by_their_registration(
    result: DoseResult, structures: list[Structure], measured: Measured
) -> None:
    """The same dose, averaged onto a turned grid and back, keeps its means within 4 % in structures of 200 mL."""
    there = result.image.transformed(np.linalg.inv(TURN))
    turned = there.resampled_on((result.image.shape, result.image.affine_lps), fill_value=0.0).image
    first = TreatmentDose(name="first", dose=turned, transform_lps=TURN)
    total = accumulate_doses([first, TreatmentDose(name="second", dose=result.image)])
    rows, told = total.table(structures)
    assert told == ()
    for row in rows:
        parts = row.mean_by_treatment_gy
        assert sum(parts.values()) == pytest.approx(row.total.mean_gy, rel=1e-6)
        change = 100 * (parts["first"] / parts["second"] - 1)
        measured(f"{row.total.structure}, turned and back", change, "%", signed=True)
        if row.total.volume_ml > 200.0:
            assert parts["first"] == pytest.approx(parts["second"], rel=0.04)
    same = accumulate_doses([TreatmentDose(name=name, dose=result.image) for name in ("first", "second")])
    bed, _ = same.bed(**LIVER)
    np.testing.assert_allclose(bed.array, 2.0 * bed_gy(np.maximum(result.image.array, 0), **LIVER), rtol=1e-9)


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "dicom" / "patient_1"


@pytest.mark.claim("structured_report")
def test_a_structured_report_holds_the_doses_of_real_segments(folder: Path, tmp_path: Path) -> None:
    segments = read_structures(folder / "seg.dcm")
    result = dose_image(read_image(folder / "pet"), scaling=AbsoluteScaling(3.0))
    (row,) = result.table(segments)
    path = write_dose_report([row], tmp_path / "sr.dcm", segmentation=folder / "seg.dcm").path
    (found,) = read_dose_report(path)
    header = pydicom.dcmread(folder / "seg.dcm", stop_before_pixels=True)
    assert (found.structure, found.segment_number) == ("Perfused", 1)
    assert found.segmentation_uid == header.SOPInstanceUID
    assert found.quantities["Mean Absorbed Radiation Dose"] == (pytest.approx(244.8829, abs=5e-5), "Gy")
    assert found.quantities["Volume"] == (pytest.approx(137.4695, abs=5e-5), "mL")
    if shutil.which("dciodvfy") is not None:
        done = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True)
        assert "Error" not in done.stdout + done.stderr


@pytest.mark.claim("rtdose_histograms")
def test_an_rtdose_holds_the_histograms_of_a_real_structure_set(folder: Path, tmp_path: Path) -> None:
    structure_set = folder / "rs_sphere_r30mm.dcm"
    spheres = read_rtstruct(structure_set)
    result = dose_image(read_image(folder / "pet"), scaling=AbsoluteScaling(3.0))
    histograms = result.dose_volume_histograms(spheres)
    written = write_rtdose(
        result,
        tmp_path / "dose.dcm",
        reference=folder / "pet",
        negative_doses="clip",
        histograms=histograms,
        structure_set=structure_set,
    )
    (item,) = pydicom.dcmread(written.path).DVHSequence
    ((_, histogram),) = histograms.items()
    widths, volumes = (np.array([float(x) for x in item.DVHData[start::2]]) for start in (0, 1))
    mean = float(-np.diff(volumes) @ (np.cumsum(widths)[:-1] - widths[:-1] / 2.0) / volumes[0])
    assert mean == pytest.approx(histogram.mean_gy, abs=widths[0] / 2.0)
    assert volumes[0] == pytest.approx(histogram.volume_ml)
