"""`yttria plan-voxels` as its user meets it: forward and inverse, one injection and several, files and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")

from cli_runner import invoke

import yttria
from yttria import Structure
from yttria.phantom import liver_phantom
from yttria.planning import InjectionMap, optimize_voxel_activities, voxel_plan


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case")
    phantom = liver_phantom((8.0, 7.0, 7.0))
    liver = phantom.structures[0]
    half = np.zeros(liver.mask.shape, bool)
    half[..., : half.shape[2] * 4 // 10] = True
    halves = [
        Structure("Perfused right", liver.mask & half, liver.affine_lps),
        Structure("Perfused left", liver.mask & ~half, liver.affine_lps),
    ]
    yttria.write_image(phantom.activity, folder / "maa.nrrd")
    yttria.write_image(phantom.ct, folder / "ct.nrrd")
    yttria.write_structures([*phantom.structures, *halves], folder / "seg.seg.nrrd")
    return folder


def arguments(case: Path, out: Path, *more: str) -> list[str | Path]:
    return ["plan-voxels", case / "maa.nrrd", "-s", case / "seg.seg.nrrd", "-o", out, *more]


ONE = ("--relative-to", "Liver", "--lung-shunt-fraction", "0.05")
TWO = ("--territory", "Perfused right", "--territory", "Perfused left", "--lung-shunt-fraction", "0.05")
GOAL = ("--goal", "Tumor 1: D70", "--limit", "Normal liver: mean <= 40 Gy")


def test_the_best_activity_is_that_of_the_library(case: Path, tmp_path: Path) -> None:
    text = invoke(*arguments(case, tmp_path, *ONE, *GOAL))
    assert "The binding limit is 'Normal liver: mean <= 40 Gy'." in text
    assert {p.name for p in tmp_path.iterdir()} == {"dose.nrrd", "dose.png", "doses.csv", "plan.json"}
    image = yttria.read_image(case / "maa.nrrd")
    structures = yttria.read_structures(case / "seg.seg.nrrd")
    liver = next(each for each in structures if each.name == "Liver")
    maa = InjectionMap(name="Liver", image=image, reference=liver, lung_shunt_fraction=0.05)
    plan = voxel_plan([maa], structures)
    best = optimize_voxel_activities(plan, goal="Tumor 1: D70", limits=["Normal liver: mean <= 40 Gy"])
    written = json.loads((tmp_path / "plan.json").read_text())
    assert written["delivered_activities_gbq"] == pytest.approx(dict(best.delivered_activities_gbq))
    assert written["goal_value"] == pytest.approx(best.goal_value)
    assert written["binding"] == ["Normal liver: mean <= 40 Gy"]
    assert [file["name"] for file in written["files"]] == ["dose.nrrd", "doses.csv", "dose.png"]
    assert {each["name"] for each in written["inputs"]} == {"maa.nrrd", "seg.seg.nrrd"}
    dose = yttria.read_image(tmp_path / "dose.nrrd")
    np.testing.assert_allclose(dose.array, best.doses.result.image.array, rtol=1e-6)


def test_given_activities_have_doses(case: Path, tmp_path: Path) -> None:
    more = ("--activity-gbq", "1.2", "--activity-gbq", "0.4", "--quantity", "Liver: V30", "--json")
    found = json.loads(invoke(*arguments(case, tmp_path, *TWO, *more)))
    assert found["delivered_activities_gbq"] == {"Perfused right": 1.2, "Perfused left": 0.4}
    assert found["quantities"][0]["unit"] == "fraction"
    assert found["lung_dose_gy"] == pytest.approx(49.67 * 1.6 * 0.05)
    assert "goal" not in found
    assert len(found["written"]) == 4


def test_a_limit_of_a_guideline_holds_the_structures_of_its_tissue(case: Path, tmp_path: Path) -> None:
    guideline = ("--limits", "EANM2022", "--device", "holmium", "--disease", "HCC", "--intent", "unilobar")
    more = ("--goal", "Tumor 1: mean", *guideline, "--json")
    found = json.loads(invoke(*arguments(case, tmp_path, *ONE, *more)))
    names = [each["name"] for each in found["constraints"]]
    assert "Normal liver: mean <= 60 Gy (EANM2022)" in names
    assert "Perfused right: mean <= 60 Gy (EANM2022)" in names
    resin = ("--limits", "EANM2022", "--device", "resin", "--disease", "HCC", "--intent", "bilobar")
    text = invoke(*arguments(case, tmp_path / "b", *ONE, "--goal", "Tumor 1: mean", *resin))
    assert "mean dose to the perfused normal liver < 40 Gy does not limit the plan" in text


def test_structures_are_derived_and_models_chosen(case: Path, tmp_path: Path) -> None:
    more = ("--define", "Rest = Liver - Tumor 1", "--goal", "Tumor 1: mean", "--limit", "Rest: D20 <= 60 Gy")
    text = invoke(*arguments(case, tmp_path, *ONE, *more, "--method", "voxel-s-values"))
    assert "Rest: D20 <= 60 Gy" in text
    assert "voxel S values" in text
    rays = ("--method", "superposition", "--ct", str(case / "ct.nrrd"), "--ray-setting", "fast")
    text = invoke(*arguments(case, tmp_path / "rays", *ONE, "--activity-gbq", "1", *rays))
    assert "superposition" in text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ((*ONE,), "give either a goal (--goal)"),
        ((*ONE, *GOAL, "--activity-gbq", "1"), "give either a goal (--goal)"),
        ((*ONE, "--activity-gbq", "1", "--limit", "Liver: mean <= 40 Gy"), "limits need a goal"),
        (("--lung-shunt-fraction", "0.05", *GOAL), "give either territories"),
        ((*ONE, "--territory", "Perfused left", *GOAL), "give either territories"),
        ((*TWO, *ONE[2:], "--lung-shunt-fraction", "0.1", *GOAL), "must be 1 or 2, one for each injection, got 3"),
        (("--relative-to", "Spleen", "--lung-shunt-fraction", "0", *GOAL), "structure must be one of Liver"),
        ((*ONE, "--goal", "Tumor 1: D70", "--limit", "Liver < 40 Gy"), "must read like"),
        ((*ONE, "--goal", "Tumor 9: D70"), "must be one of Liver"),
        ((*ONE, *GOAL, "--limit", "Tumor 2: D70 >= 500 Gy"), "no plan meets 'Tumor 2: D70 >= 500 Gy'"),
        ((*ONE, *GOAL, "--method", "superposition"), "needs the density"),
        (("--territory", "Liver", "--territory", "Perfused left", "--lung-shunt-fraction", "0", *GOAL), "overlap"),
    ],
)
def test_refusals_are_one_sentence(case: Path, tmp_path: Path, more: tuple[str, ...], words: str) -> None:
    text = invoke(*arguments(case, tmp_path, *more), code=1)
    assert text.startswith("error:")
    assert words in text
    assert "Traceback" not in text


def test_results_are_not_replaced_silently(case: Path, tmp_path: Path) -> None:
    invoke(*arguments(case, tmp_path, *ONE, *GOAL))
    assert "holds results already" in invoke(*arguments(case, tmp_path, *ONE, *GOAL), code=1)
    invoke(*arguments(case, tmp_path, *ONE, *GOAL, "--overwrite"))


def test_a_plan_by_monte_carlo_states_its_uncertainty(case: Path, tmp_path: Path) -> None:
    chance = ("--method", "monte-carlo", "--ct", str(case / "ct.nrrd"), "--histories", "20000", "--seed", "3")
    text = invoke(*arguments(case, tmp_path, *ONE, "--activity-gbq", "1", *chance))
    assert "Monte Carlo" in text
    assert "+-" in text
    written = json.loads((tmp_path / "plan.json").read_text())
    assert all(row["mean_uncertainty_gy"] > 0.0 for row in written["structures"] if row["mean_gy"])


def test_the_dose_has_the_format_of_the_image_and_rtdose_if_asked(case: Path, tmp_path: Path) -> None:
    pytest.importorskip("pydicom")
    pytest.importorskip("nibabel")
    yttria.write_image(yttria.read_image(case / "maa.nrrd"), case / "maa.nii.gz")
    files = ["plan-voxels", case / "maa.nii.gz", "-s", case / "seg.seg.nrrd", "-o", tmp_path, "--unit", "Bq/mL"]
    invoke(*files, *ONE, "--activity-gbq", "1", "--rtdose")
    assert {p.name for p in tmp_path.iterdir()} == {"dose.nii.gz", "dose.dcm", "dose.png", "doses.csv", "plan.json"}


def test_microspheres_bring_their_nuclide_and_refuse_another(case: Path, tmp_path: Path) -> None:
    more = ("--activity-gbq", "1.0", "--json")
    yttrium, holmium, stated = (
        json.loads(invoke(*arguments(case, tmp_path / name, *ONE, *more, *options)))["lung_dose_gy"]
        for name, options in (("y", ()), ("h", ("--device", "holmium")), ("s", ("--nuclide", "HO166")))
    )
    assert holmium / yttrium == pytest.approx(15.87 / 49.67)
    assert stated / holmium == pytest.approx(yttria.Nuclide("HO166").dose_factor_gy_kg_per_gbq / 15.87)
    wrong = ("--device", "holmium", "--nuclide", "EANM2022")
    text = invoke(*arguments(case, tmp_path / "w", *ONE, *more, *wrong), code=1)
    assert "nuclide of holmium microspheres must be Ho-166, got EANM2022 (Y-90)" in " ".join(text.split())
