"""Standard uncertainties on the command line: options and file, printed and written numbers, results read back."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("typer")

from cli_runner import invoke

import yttria
from yttria.case import Case, dose_case, read_stored_result
from yttria.errors import FileFormatError, OutOfRangeError
from yttria.phantom import liver_phantom

STATED = """
fwhm_mm = 5.0
calibration_uncertainty = 0.05
correlations = [["calibration", "density", 0.5]]
density_uncertainty = 0.02
[count_uncertainty]
"Tumor 1" = 0.03
[basis]
calibration_uncertainty = "cross-calibration of March"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case")
    phantom = liver_phantom((8.0, 8.0, 8.0))
    yttria.write_image(phantom.activity, folder / "activity.nrrd")
    yttria.write_structures(phantom.structures, folder / "structures.seg.nrrd")
    (folder / "uncertainty.toml").write_text(STATED)
    return folder


def arguments(folder: Path, *more: str) -> list[Any]:
    return ["dose", folder / "activity.nrrd", "-s", folder / "structures.seg.nrrd", *more]


def absolute(folder: Path, *more: str) -> list[Any]:
    return arguments(folder, "--scan-delay-h", "20", "--method", "voxel-s-values", *more)


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def test_one_option_gives_each_dose_its_uncertainty_and_states_the_rest(folder: Path, tmp_path: Path) -> None:
    text = invoke(*absolute(folder, "--calibration-uncertainty", "0.05", "-o", str(tmp_path)), columns=400)
    assert "one standard uncertainty (k = 1)" in text
    assert "included: calibration, half-life, dose model" in text
    assert "by default: half-life 0.1 % (yttria-choice" in text
    assert "dose model 0.7 % (VALIDATION.md" in text
    left_out = next(line for line in text.splitlines() if line.startswith("not included:"))
    words = ("outlines", "noise of the counts", "partial volume", "time of the scan", "density", "registration")
    assert all(each in left_out for each in words)
    rows = table(tmp_path / "doses.csv")
    tumor = next(row for row in rows if row["structure"] == "Tumor 1")
    share = float(tumor["mean_standard_uncertainty_gy"]) / float(tumor["mean_gy"])
    assert share == pytest.approx(0.0503, abs=2e-4)
    assert tumor["volume_standard_uncertainty_ml"] == ""
    mean, u = (float(tumor[name]) for name in ("mean_gy", "mean_standard_uncertainty_gy"))
    assert f"{mean:.{0 if u >= 9.95 else 1}f} ± {u:.{0 if u >= 9.95 else 1}f}" in text


def test_without_an_option_nothing_changes(folder: Path, tmp_path: Path) -> None:
    text = invoke(*absolute(folder, "-o", str(tmp_path)))
    assert "±" not in text
    assert "not included" not in text
    assert not (tmp_path / "uncertainty.csv").exists()
    assert "uncertainty" not in json.loads((tmp_path / "doses.json").read_text())
    assert "coverage_factor" not in (tmp_path / "doses.csv").read_text()


def test_options_go_before_the_file_and_every_component_is_written(folder: Path, tmp_path: Path) -> None:
    options = ("--uncertainty", str(folder / "uncertainty.toml"), "--calibration-uncertainty", "0.04")
    invoke(*absolute(folder, *options, "-o", str(tmp_path)))
    found = json.loads((tmp_path / "doses.json").read_text())
    inputs = found["uncertainty"]["inputs"]
    assert (inputs["calibration_uncertainty"], inputs["density_uncertainty"], inputs["fwhm_mm"]) == (0.04, 0.02, 5.0)
    assert inputs["basis"]["density_uncertainty"] == "uncertainty.toml"
    assert "calibration_uncertainty" not in inputs["basis"]  # the option replaces the value of March
    assert found["inputs"]["uncertainty"][0]["name"] == "uncertainty.toml"
    rows = table(tmp_path / "uncertainty.csv")
    budgets = found["uncertainty"]["budgets"]
    assert len(rows) == sum(len(each["components"]) + len(each["not_included"]) for each in budgets)
    counted = {row["structure"] for row in rows if row["source"] == "counts" and row["contribution"]}
    assert counted == {"Tumor 1"}
    by_structure = {(each["structure"], each["quantity"]): each for each in budgets}
    for row in found["structures"]:
        mean = by_structure[row["structure"], "mean_gy"]
        assert row["mean_standard_uncertainty_gy"] == mean["standard_uncertainty"]
        assert mean["correlations"] == [["calibration", "density", 0.5]]


def test_relative_scaling_takes_the_outline_of_a_reference_that_is_not_reported(folder: Path, tmp_path: Path) -> None:
    relative = ("--relative-to", "Liver", "--administered-activity-gbq", "1.4", "--lung-shunt-fraction", "0.05")
    options = ("--fwhm-mm", "5", "--administered-activity-uncertainty", "0.05", "--only", "Tumor*")
    text = invoke(*arguments(folder, *relative, *options, "-o", str(tmp_path)))
    assert "activity meter" in text
    assert "lung shunt" in next(line for line in text.splitlines() if line.startswith("not included:"))
    rows = table(tmp_path / "uncertainty.csv")
    assert "outline of the reference 'Liver'" in {row["input"] for row in rows}


def test_a_stored_result_has_its_budgets(folder: Path, tmp_path: Path) -> None:
    invoke(*absolute(folder, "--uncertainty", str(folder / "uncertainty.toml"), "-o", str(tmp_path)))
    stored = read_stored_result(tmp_path)
    assert stored.uncertainty is not None
    assert stored.case.uncertainty == folder / "uncertainty.toml"
    again = stored.result.uncertainty_budgets(stored.structures, stored.uncertainty.inputs)
    assert [each.standard_uncertainty for each in stored.uncertainty.budgets] == pytest.approx(
        [each.standard_uncertainty for each in again], rel=1e-5
    )
    record = json.loads((tmp_path / "doses.json").read_text())
    record["uncertainty"]["budgets"][0]["components"][0]["contribution"] = "much"
    (tmp_path / "doses.json").write_text(json.dumps(record))
    with pytest.raises(FileFormatError, match="budgets of uncertainty cannot be read"):
        read_stored_result(tmp_path)


def test_an_anonymous_result_names_neither_file_nor_patient(folder: Path, tmp_path: Path) -> None:
    options = ("--uncertainty", str(folder / "uncertainty.toml"), "--anonymous", "--json")
    text = invoke(*absolute(folder, *options, "-o", str(tmp_path)))
    for written in (text, (tmp_path / "uncertainty.csv").read_text(), (tmp_path / "doses.json").read_text()):
        assert "uncertainty.toml" not in written
        assert str(folder) not in written


def test_large_uncertainties_are_reported_in_one_sentence(folder: Path, tmp_path: Path) -> None:
    text = invoke(*absolute(folder, "--contour-uncertainty-mm", "6", "-o", str(tmp_path)), columns=400)
    (told,) = (line for line in text.splitlines() if "[large_uncertainty]" in line)
    assert told.startswith("warning: Relative uncertainties are above 0.3: D95 of 'Liver' ")
    assert told.count(" of '") == 4
    one = invoke(*absolute(folder, "--contour-uncertainty-mm", "6", "--only", "Tumor 2", "-o", str(tmp_path / "one")))
    assert "The relative uncertainty of " in one


def test_a_case_of_python_has_the_same_budgets(folder: Path) -> None:
    case = Case(
        activity=folder / "activity.nrrd",
        structures=folder / "structures.seg.nrrd",
        scan_delay_h=20.0,
        fwhm_mm=5.0,
        registration_shift_mm=2.0,
    )
    dosed = dose_case(case)
    assert dosed.uncertainty is not None
    assert {each.structure for each in dosed.uncertainty.budgets} == {each.name for each in dosed.structures}
    assert dosed.rows[0]["mean_standard_uncertainty_gy"] == dosed.uncertainty.budgets[0].standard_uncertainty


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("calibration_uncertainty", 5.0),
        ("count_uncertainty", -0.1),
        ("fwhm_mm", -1.0),
        ("registration_shift_mm", 1e999),
    ],
)
def test_a_percentage_or_a_negative_number_is_refused(folder: Path, field: str, value: float) -> None:
    declared: dict[str, Any] = {field: value}
    with pytest.raises(OutOfRangeError):
        Case(activity=folder / "activity.nrrd", structures="x.nrrd", scan_delay_h=1.0, **declared)


def test_a_wrong_option_is_refused_in_words(folder: Path, tmp_path: Path) -> None:
    text = invoke(*absolute(folder, "--calibration-uncertainty", "5", "-o", str(tmp_path)), code=1)
    assert "uncertainty of the calibration must be a fraction within [0, 2], got 5 (did you mean 0.05?)" in text


@pytest.mark.parametrize(
    ("scaling", "option"),
    [
        (("--relative-to", "Liver", "--administered-activity-gbq", "1", "--lung-shunt-fraction", "0"), "calibration"),
        (("--scan-delay-h", "20"), "administered-activity"),
    ],
)
def test_an_uncertainty_that_the_scaling_does_not_use_is_refused(
    folder: Path, tmp_path: Path, scaling: tuple[str, ...], option: str
) -> None:
    given = (f"--{option}-uncertainty", "0.05", "-o", str(tmp_path))
    text = invoke(*arguments(folder, *scaling, *given), code=1)
    assert f"--{option}-uncertainty applies only to " in text
    assert "scaling does not use" in text


def test_an_unknown_key_of_the_file_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("calibration = 0.05\n")
    text = invoke(*absolute(folder, "--uncertainty", str(wrong), "-o", str(tmp_path / "out")), code=1)
    assert "wrong.toml" in text
    assert "'calibration'" in text
