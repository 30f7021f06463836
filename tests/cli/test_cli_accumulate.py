"""`yttria accumulate` on folders of results, and the next treatment that takes the sum."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")
pytest.importorskip("nrrd")
from cli_runner import invoke

from yttria import read_image, write_image, write_structures
from yttria.phantom import liver_phantom

ROLE = ["--role", "territories=Liver"]
PATIENT = """
device = "glass"
[liver]
perfused_mass_incl_tumor_kg = 0.4
[lungs]
shunt_fraction = 0.05
[target]
perfused_dose_gy = 120
"""
LIMITS = ["--limits", "EANM2022", "--device", "glass", "--disease", "HCC", "--intent", "unilobar", *ROLE]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("treatments")
    phantom = liver_phantom((6.0, 8.0, 8.0))
    write_image(phantom.activity, folder / "pet.nrrd")
    write_structures(phantom.structures, folder / "parts.seg.nrrd")
    for name, activity in (("march", "1.0"), ("june", "0.5")):
        invoke(
            *("dose", folder / "pet.nrrd", "-s", folder / "parts.seg.nrrd", "--relative-to", "Liver"),
            *("--lung-shunt-fraction", "0.1", "--administered-activity-gbq", activity, "-o", folder / name),
        )
    return folder


def test_the_sum_its_table_and_the_next_limits(results: Path, tmp_path: Path) -> None:
    shown = invoke("accumulate", results / "march", results / "june", *ROLE, "-o", tmp_path / "sum")
    record = json.loads((tmp_path / "sum" / "accumulated.json").read_text())
    first, second = (json.loads((results / name / "doses.json").read_text()) for name in ("march", "june"))
    for row, one, two in zip(record["structures"], first["structures"], second["structures"], strict=True):
        assert row["mean_gy"] == pytest.approx(one["mean_gy"] + two["mean_gy"])
        assert row["mean_by_treatment_gy"]["march"] == pytest.approx(one["mean_gy"])
        assert row["mean_bed_sum_gy"] is None
    total = read_image(tmp_path / "sum" / "dose_sum.nrrd").array
    parts = [read_image(results / name / "dose.nrrd").array for name in ("march", "june")]
    np.testing.assert_allclose(total, parts[0] + parts[1], rtol=1e-6)
    prior = record["prior"]
    assert prior["prior_lung_dose_gy"] == pytest.approx(49.67 * 0.1 * 1.5, rel=1e-6)
    assert "summed: march, not transformed, on the common grid" in shown
    next_run = ["dose", results / "pet.nrrd", "-s", results / "parts.seg.nrrd", "--scan-delay-h", "20", *LIMITS]
    shown = invoke(*next_run, "--prior", tmp_path / "sum", "-o", tmp_path / "next")
    states = json.loads((tmp_path / "next" / "doses.json").read_text())["limits"]["states"]
    whole = next(s for s in states if s["limit"]["kind"] == "normal_whole")
    assert whole["prior_gy"] == pytest.approx(prior["prior_normal_whole_dose_gy"])
    assert "of it before" in shown
    (tmp_path / "patient.toml").write_text(PATIENT)
    planned = json.loads(invoke("plan", tmp_path / "patient.toml", "--prior", tmp_path / "sum", "--json"))
    assert planned["inputs"]["prior_lung_dose_gy"] == pytest.approx(prior["prior_lung_dose_gy"])


def test_bed_is_summed_by_tissue(results: Path, tmp_path: Path) -> None:
    sets = ["--parameters", "liver-cremonesi-2008"]
    invoke("accumulate", results / "march", results / "june", *sets, "-o", tmp_path)
    record = json.loads((tmp_path / "accumulated.json").read_text())
    rows = {row["structure"]: row["mean_bed_sum_gy"] for row in record["structures"]}
    assert rows["Tumor 1"] is None
    assert rows["Normal liver"] > 0.0
    bed = read_image(tmp_path / "bed_normal_liver.nrrd", unit="Gy").array
    g = 2.5 / (2.5 + 64.1) / 2.5
    doses = [read_image(results / name / "dose.nrrd").array.astype(float) for name in ("march", "june")]
    np.testing.assert_allclose(bed, sum(d * (1 + d * g) for d in doses), rtol=1e-5, atol=1e-9)


def test_a_registration_of_each_earlier_treatment(results: Path, tmp_path: Path) -> None:
    (tmp_path / "shift.txt").write_text("1 0 0 8\n0 1 0 0\n0 0 1 0\n0 0 0 1\n")
    one = ["accumulate", results / "march", results / "june", "--transform"]
    shown = invoke(*one, tmp_path / "shift.txt", "-o", tmp_path / "a")
    assert "summed: march, transformed by shift.txt, resampled (average)" in shown
    total = read_image(tmp_path / "a" / "dose_sum.nrrd").array
    parts = [read_image(results / name / "dose.nrrd").array for name in ("march", "june")]
    np.testing.assert_allclose(total[:, :, 1:], parts[0][:, :, :-1] + parts[1][:, :, 1:], rtol=1e-4, atol=1e-4)
    invoke(*one, "none", "-o", tmp_path / "b")


def test_an_anonymous_sum_names_neither_folders_nor_files(results: Path, tmp_path: Path) -> None:
    (tmp_path / "shift.txt").write_text("1 0 0 8\n0 1 0 0\n0 0 1 0\n0 0 0 1\n")
    both = ["accumulate", results / "march", results / "june", "--transform", tmp_path / "shift.txt"]
    shown = invoke(*both, "--anonymous", "--json", "-o", tmp_path / "sum")
    text = shown + "".join(path.read_text() for path in (tmp_path / "sum").iterdir() if path.suffix != ".nrrd")
    for secret in ("march", "june", "pet.nrrd", "parts", "shift", str(tmp_path)):
        assert secret not in text
    assert "treatment 2 activity" in text


def test_refusals_name_the_missing_input(results: Path, tmp_path: Path) -> None:
    one, two = results / "march", results / "june"
    for options, told in (
        ([one], "give the results of at least two treatments"),
        ([one, two, "--transform", "none", "--transform", "none"], "for each of the 1 earlier treatments"),
        (
            [one, two, "--parameters", "tumor:alpha_per_gy=0.1"],
            "BED of tumor needs alpha_beta_gy and repair_half_time_h",
        ),
        ([one, one], "treatments must have different names"),
        ([one, results], "No such file"),
    ):
        shown = invoke("accumulate", *options, "-o", tmp_path / "out", code=1)
        assert told in " ".join(shown.split())
        assert not (tmp_path / "out" / "accumulated.json").exists()
    shown = invoke(
        *("dose", results / "pet.nrrd", "-s", results / "parts.seg.nrrd", "--scan-delay-h", "20", *LIMITS),
        *("--prior", one, "-o", tmp_path / "out"),
        code=1,
    )
    assert "accumulated.json" in shown


def test_treatments_of_two_nuclides_are_named_in_the_sum_and_before_the_next(results: Path, tmp_path: Path) -> None:
    relative = ("--relative-to", "Liver", "--lung-shunt-fraction", "0.1", "--administered-activity-gbq", "3")
    of_pet = ("dose", results / "pet.nrrd", "-s", results / "parts.seg.nrrd")
    invoke(*of_pet, *relative, "--nuclide", "HO166", "-o", tmp_path / "holmium")
    shown = invoke("accumulate", results / "march", tmp_path / "holmium", *ROLE, "-o", tmp_path / "sum")
    assert "doses of different nuclides: 'march' Y-90, 'holmium' Ho-166" in " ".join(shown.split())
    record = json.loads((tmp_path / "sum" / "accumulated.json").read_text())
    assert record["prior"]["isotopes"] == ["Y-90", "Ho-166"]
    invoke("accumulate", results / "march", results / "june", *ROLE, "-o", tmp_path / "yttrium")
    for nuclide, device, warned in (("HO166", "holmium", True), ("EANM2022", "glass", False)):
        limits = [*LIMITS[:2], "--device", device, *LIMITS[4:], "--prior", tmp_path / "yttrium"]
        out = tmp_path / nuclide
        invoke(*of_pet, "--nuclide", nuclide, "--scan-delay-h", "20", *limits, "-o", out)
        codes = {each["code"] for each in json.loads((out / "doses.json").read_text())["limits"]["advisories"]}
        assert ("prior_doses_of_other_nuclide" in codes) == warned
