"""`yttria compare-plan` on two folders of results."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")
pytest.importorskip("nrrd")
from cli_runner import invoke

from yttria import write_image, write_structures
from yttria.case import read_stored_result
from yttria.case.stored import isotope_of_map
from yttria.phantom import liver_phantom

SHIFT = np.array([[1.0, 0, 0, 12.0], [0, 1, 0, -7.0], [0, 0, 1, 31.0], [0, 0, 0, 1.0]])


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a plan and a delivery of the phantom. The plan's files are displaced by the inverse of the shift."""
    folder = tmp_path_factory.mktemp("results")
    phantom = liver_phantom((6.0, 8.0, 8.0))
    away = np.linalg.inv(SHIFT)
    write_image(phantom.activity, folder / "pet.nrrd")
    write_structures(phantom.structures, folder / "parts.seg.nrrd")
    write_image(phantom.activity.transformed(away), folder / "maa.nrrd")
    write_structures([s.transformed(away) for s in phantom.structures], folder / "maa.seg.nrrd")
    for name, files, activity in (("plan", "maa", "2.4"), ("given", "pet", "1.8")):
        seg = "maa.seg.nrrd" if files == "maa" else "parts.seg.nrrd"
        limits = ["--limits", "EANM2022", "--device", "glass", "--disease", "HCC", "--intent", "unilobar"]
        limits += ["--role", "territories=Liver"]
        invoke(
            "dose",
            folder / f"{files}.nrrd",
            *("-s", folder / seg, "--relative-to", "Liver", "--lung-shunt-fraction", "0.05"),
            *("--administered-activity-gbq", activity, "-o", folder / name, *(limits if name == "given" else [])),
        )
    (folder / "shift.txt").write_text("\n".join(" ".join(map(str, row)) for row in SHIFT))
    return folder


def test_the_change_is_that_of_the_activity(results: Path, tmp_path: Path) -> None:
    shown = invoke(
        "compare-plan", results / "plan", results / "given", "--transform", results / "shift.txt", "-o", tmp_path
    )
    record = json.loads((tmp_path / "plan_comparison.json").read_text())
    for row in record["structures"]:
        expected = {"activity": 0.75, "shunt": 1.0, "uptake": 1.0, "mass": 1.0, "method": 1.0}
        assert row["change"]["ratios"] == pytest.approx(expected, rel=1e-4)
    with (tmp_path / "plan_comparison.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        parts = [float(row[f"{cause}_gy"]) for cause in ("activity", "shunt", "uptake", "mass", "method")]
        assert sum(parts) == pytest.approx(float(row["difference_gy"]), abs=1e-9)
    assert "planned 2.400 GBq, delivered 1.800 GBq" in shown
    assert "whole normal liver < 50 Gy" in shown
    assert {"plan activity", "delivered activity", "transform"} <= record["inputs"].keys()


def test_without_the_transform_the_plan_lies_elsewhere(results: Path, tmp_path: Path) -> None:
    invoke("compare-plan", results / "plan", results / "given", "-o", tmp_path)
    changes = [row["change"] for row in json.loads((tmp_path / "plan_comparison.json").read_text())["structures"]]
    assert any(change is None or abs(change["ratio"] - 0.75) > 0.05 for change in changes)


def test_a_stored_result_is_the_one_that_was_computed(results: Path) -> None:
    stored = read_stored_result(results / "given")
    record = json.loads((results / "given" / "doses.json").read_text())
    for row, before in zip(stored.result.table(stored.structures), record["structures"], strict=True):
        assert row.as_dict() == pytest.approx(before)
    assert stored.result.activity is not None


def test_a_voxel_based_plan_is_compared_too(results: Path, tmp_path: Path) -> None:
    made = ["plan-voxels", results / "maa.nrrd", "-s", results / "maa.seg.nrrd", "--relative-to", "Liver"]
    invoke(*made, "--lung-shunt-fraction", "0.05", "--activity-gbq", "2.4", "-o", tmp_path / "plan")
    moved = ["--transform", results / "shift.txt"]
    invoke("compare-plan", tmp_path / "plan", results / "given", *moved, "-o", tmp_path / "out")
    record = json.loads((tmp_path / "out" / "plan_comparison.json").read_text())
    assert record["planned"]["delivered_activity_gbq"] == pytest.approx(2.4)
    for row in record["structures"]:
        # The folder holds no tracer image, so that uptake, mass and method stay together.
        assert row["change"]["ratios"] == pytest.approx({"activity": 0.75, "shunt": 1.0, "rest": 1.0}, rel=1e-4)


@pytest.mark.parametrize("options", [["--method", "superposition"], ["--low-density-voxels", "clip"]])
def test_a_stored_result_with_densities_has_the_same_doses_and_masses(
    results: Path, tmp_path: Path, options: list[str]
) -> None:
    phantom = liver_phantom((6.0, 8.0, 8.0))
    hu = phantom.ct.array.copy()
    hu[:3] = -1000.0  # gas
    write_image(phantom.ct.with_array(hu, "HU"), tmp_path / "ct.nrrd")
    made = ["dose", results / "pet.nrrd", "-s", results / "parts.seg.nrrd", "--scan-delay-h", "20"]
    invoke(*made, "--ct", tmp_path / "ct.nrrd", *options, "--metrics", "mass,activity", "-o", tmp_path / "dose")
    stored = read_stored_result(tmp_path / "dose")
    inside = stored.result.voxel_fractions(stored.structures)
    for row, before in zip(
        stored.result.table(stored.structures),
        json.loads((tmp_path / "dose" / "doses.json").read_text())["structures"],
        strict=True,
    ):
        assert row.mean_gy == pytest.approx(before["mean_gy"])
        assert stored.result.mass_kg(inside[row.structure]) == pytest.approx(before["mass_kg"])
        assert stored.result.activity_mbq(inside[row.structure]) == pytest.approx(before["activity_mbq"])


def test_folders_without_a_result_and_changed_files_are_refused(results: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(results / "given", copy)
    content = bytearray((copy / "dose.nrrd").read_bytes())
    content[-1] ^= 1
    (copy / "dose.nrrd").write_bytes(bytes(content))
    shown = invoke("compare-plan", copy, results / "given", "-o", tmp_path / "out", code=1)
    assert "has changed since its record was written" in " ".join(shown.split())
    (copy / "doses.json").write_text("{}")
    assert "must be a result of" in invoke("compare-plan", copy, results / "given", "-o", tmp_path / "out", code=1)
    (copy / "doses.json").unlink()
    assert "No such file" in invoke("compare-plan", copy, results / "given", "-o", tmp_path / "out", code=1)
    invoke(
        *("dose", results / "pet.nrrd", "-s", results / "parts.seg.nrrd", "--scan-delay-h", "20"),
        *("--anonymous", "-o", tmp_path / "anonymous"),
    )
    shown = invoke("compare-plan", tmp_path / "anonymous", results / "given", "-o", tmp_path / "out", code=1)
    assert "an anonymous result cannot be read back" in " ".join(shown.split())
    assert not (tmp_path / "out" / "plan_comparison.json").exists()


def test_frames_of_reference_are_joined_by_a_registration(tmp_path: Path) -> None:
    """A segmentation and a plan of one scanner, a PET of another, and the REG between them."""
    pytest.importorskip("highdicom")
    from dicom_samples import write_seg, write_series
    from image_samples import affine, values
    from registration_samples import registration

    def in_frame(uid: str) -> object:
        def change(dataset: object, _: int) -> None:
            dataset.FrameOfReferenceUID = uid  # type: ignore[attr-defined]

        return change

    here, there = "1.2.4", "1.2.3"
    write_series(tmp_path / "pet", values() * 1e4, affine("plain"), change=in_frame(here))
    write_series(tmp_path / "maa", values() * 1e4, np.linalg.inv(SHIFT) @ affine("plain"), change=in_frame(there))
    seg = write_seg(tmp_path / "seg.dcm", {"Liver": values() > 40}, tmp_path / "maa")
    reg = registration(tmp_path / "reg.dcm", {there: [SHIFT]}, registered=here)
    scaled = ["--relative-to", "Liver", "--lung-shunt-fraction", "0", "--administered-activity-gbq"]
    invoke("dose", tmp_path / "maa", "-s", seg, *scaled, "2", "-o", tmp_path / "plan")
    shown = invoke("dose", tmp_path / "pet", "-s", seg, *scaled, "1", "-o", tmp_path / "given", code=1)
    assert "must share one frame of reference" in " ".join(shown.split())
    moved = ["--structures-transform", reg]
    invoke("dose", tmp_path / "pet", "-s", seg, *scaled, "1", *moved, "-o", tmp_path / "given")
    shown = invoke("compare-plan", tmp_path / "plan", tmp_path / "given", "-o", tmp_path / "out", code=1)
    assert "must share one frame of reference" in " ".join(shown.split())
    invoke("compare-plan", tmp_path / "plan", tmp_path / "given", "--transform", reg, "-o", tmp_path / "out")
    (row,) = json.loads((tmp_path / "out" / "plan_comparison.json").read_text())["structures"]
    assert row["change"]["ratio"] == pytest.approx(0.5, rel=1e-5)
    invoke("accumulate", tmp_path / "plan", tmp_path / "given", "--transform", reg, "-o", tmp_path / "sum")
    (row,) = json.loads((tmp_path / "sum" / "accumulated.json").read_text())["structures"]
    assert row["mean_by_treatment_gy"]["plan"] == pytest.approx(2.0 * row["mean_by_treatment_gy"]["given"], rel=1e-3)


def test_a_plan_for_another_nuclide_is_refused(results: Path, tmp_path: Path) -> None:
    arguments = ("dose", results / "pet.nrrd", "-s", results / "parts.seg.nrrd", "--relative-to", "Liver")
    scaled = ("--lung-shunt-fraction", "0.05", "--administered-activity-gbq", "8", "--nuclide", "HO166")
    invoke(*arguments, *scaled, "-o", tmp_path / "holmium")
    shown = invoke("compare-plan", results / "plan", tmp_path / "holmium", "-o", tmp_path / "out", code=1)
    assert "the plan is a dose of EANM2022 (Y-90), and the delivery is one of HO166 (Ho-166)" in " ".join(shown.split())
    assert not (tmp_path / "out" / "plan_comparison.json").exists()


def test_a_report_of_a_plan_and_a_dose_of_two_nuclides_has_a_warning(results: Path, tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("contourpy")
    (tmp_path / "patient.toml").write_text(
        'device = "holmium"\n[liver]\nperfused_mass_incl_tumor_kg = 0.4\n[lungs]\nshunt_fraction = 0.05\n'
        "[target]\nperfused_dose_gy = 60\n"
    )
    invoke("plan", tmp_path / "patient.toml", "-o", tmp_path / "plan.json")
    invoke("report", results / "given", tmp_path / "plan.json", "-o", tmp_path / "report.html")
    assert "The plan is of Ho-166, and the dose is of Y-90." in (tmp_path / "report.html").read_text()
    text = (tmp_path / "patient.toml").read_text().replace("holmium", "glass")
    (tmp_path / "patient.toml").write_text(text)
    invoke("plan", tmp_path / "patient.toml", "-o", tmp_path / "plan_y.json")
    invoke("report", results / "given", tmp_path / "plan_y.json", "-o", tmp_path / "y.html")
    assert "doses_of_different_nuclides" not in (tmp_path / "y.html").read_text()


def test_maps_of_two_nuclides_are_compared_with_a_warning(results: Path, tmp_path: Path) -> None:
    arguments = ("dose", results / "pet.nrrd", "-s", results / "parts.seg.nrrd", "--scan-delay-h", "20")
    invoke(*arguments, "--nuclide", "HO166", "-o", tmp_path / "holmium")
    yttrium, holmium = results / "given" / "dose.nrrd", tmp_path / "holmium" / "dose.nrrd"
    found = json.loads(invoke("compare", yttrium, holmium, "--json", "-o", tmp_path / "a"))
    (told,) = [each for each in found["advisories"] if each["code"] == "doses_of_different_nuclides"]
    assert told["message"].startswith("Dose map A is of Y-90, and dose map B is of Ho-166.")
    copy = tmp_path / "copy.nrrd"
    copy.write_bytes(holmium.read_bytes())
    for other in (yttrium, copy):  # of one nuclide, and of a map without its record
        found = json.loads(invoke("compare", yttrium, other, "--json", "-o", tmp_path / other.stem, "--overwrite"))
        assert "doses_of_different_nuclides" not in {each["code"] for each in found["advisories"]}


@pytest.mark.parametrize("content", ["{", "[]", '{"files": 1, "provenance": {}}', '{"files": [{}], "provenance": 1}'])
def test_a_file_that_is_no_record_beside_a_map_states_no_nuclide(tmp_path: Path, content: str) -> None:
    (tmp_path / "doses.json").write_text(content)
    assert isotope_of_map(tmp_path / "dose.nrrd") is None
