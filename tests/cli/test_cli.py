"""The command line: its files, its refusals, and its output for machines."""

from __future__ import annotations

import csv
import json
import re
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")

from cli_runner import invoke

import yttria
from yttria import planning
from yttria.phantom import liver_phantom


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("case")
    phantom = liver_phantom((6.0, 5.0, 5.5))
    yttria.write_image(phantom.activity, folder / "activity.nrrd")
    yttria.write_image(phantom.activity, folder / "activity.nii.gz")
    yttria.write_structures(phantom.structures, folder / "structures.seg.nrrd")
    return folder


def test_dose_writes_map_table_and_picture(case: Path, tmp_path: Path) -> None:
    text = invoke(
        "dose",
        case / "activity.nrrd",
        "-s",
        case / "structures.seg.nrrd",
        "--scan-delay-h",
        "20",
        "--administered-activity-gbq",
        "2",
        "--isodose-gy",
        "50",
        "-o",
        tmp_path,
    )
    assert "Tumor 1" in text
    assert {p.name for p in tmp_path.iterdir()} == {"dose.nrrd", "dose.png", "doses.csv", "doses.json"}
    dose = yttria.read_image(tmp_path / "dose.nrrd")
    assert dose.unit == "Gy"
    assert dose.same_grid(yttria.read_image(case / "activity.nrrd"))
    rows = table(tmp_path / "doses.csv")
    written = json.loads((tmp_path / "doses.json").read_text())
    assert [r["structure"] for r in rows] == [r["structure"] for r in written["structures"]]
    assert float(rows[0]["mean_gy"]) == written["structures"][0]["mean_gy"]
    assert (tmp_path / "dose.png").read_bytes().startswith(b"\x89PNG")


def test_a_nifti_image_gives_a_nifti_dose_and_the_same_numbers(case: Path, tmp_path: Path) -> None:
    arguments = ("-s", case / "structures.seg.nrrd", "--scan-delay-h", "20", "--json", "-o")
    nrrd = json.loads(invoke("dose", case / "activity.nrrd", *arguments, tmp_path / "a"))
    nifti = json.loads(invoke("dose", case / "activity.nii.gz", *arguments, tmp_path / "b"))
    assert (tmp_path / "b" / "dose.nii.gz").exists()
    for a, b in zip(nrrd["structures"], nifti["structures"], strict=True):
        assert a["mean_gy"] == pytest.approx(b["mean_gy"], rel=1e-5)  # affine in float32


def test_relative_scaling_gives_the_liver_the_delivered_activity(case: Path, tmp_path: Path) -> None:
    result = json.loads(
        invoke(
            "dose",
            case / "activity.nrrd",
            "-s",
            case / "structures.seg.nrrd",
            "--relative-to",
            "Liver",
            "--json",
            "--administered-activity-gbq",
            "2",
            "--lung-shunt-fraction",
            "0.05",
            "--density-g-per-ml",
            "1.05",
            "-o",
            tmp_path,
        )
    )
    (liver,) = [r for r in result["structures"] if r["structure"] == "Liver"]
    joule = liver["mean_gy"] * liver["volume_ml"] * 1.05e-3
    assert joule == pytest.approx(49.67 * 2.0 * 0.95, rel=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "scan delay in h must be given"),
        (("--scan-delay-h", "20", "--lung-shunt-fraction", "0.1"), "apply only to relative scaling"),
        (("--relative-to", "Liver"), "relative scaling needs"),
        (
            ("--relative-to", "liver", "--administered-activity-gbq", "2", "--lung-shunt-fraction", "0"),
            "must be one of Liver",
        ),
        (
            ("--relative-to", "Liver", "--administered-activity-gbq", "2", "--lung-shunt-fraction", "5"),
            "did you mean 0.05?",
        ),
        (("--scan-delay-h", "nan"), "nan"),
        (("--scan-delay-h", "20", "--nuclide", "eanm"), "must be one of EANM2022"),
        (("--scan-delay-h", "20", "--unit", "Bq/ml"), "did you mean 'Bq/mL'?"),
        (("--scan-delay-h", "20", "--density-g-per-ml", "-1"), "density"),
        (("--scan-delay-h", "20", "--threads", "0"), "threads"),
    ],
)
def test_a_refusal_is_one_sentence(case: Path, tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    text = invoke(
        "dose", case / "activity.nrrd", "-s", case / "structures.seg.nrrd", "-o", tmp_path / "x", *options, code=1
    )
    assert text.startswith("error: ")
    assert message in text
    assert "Traceback" not in text
    assert not (tmp_path / "x").exists()


def test_a_missing_file_is_one_sentence(case: Path, tmp_path: Path) -> None:
    text = invoke("dose", "no.nrrd", "-s", case / "structures.seg.nrrd", "--scan-delay-h", "0", code=1)
    assert text.startswith("error: ")
    assert "no.nrrd" in text


def test_kernel_prints_its_energy_balance_and_writes_the_octant(tmp_path: Path) -> None:
    out = tmp_path / "kernel.csv"
    text = invoke("kernel", "3", "4.07", "2.03", "--medium", "water", "-o", out)
    assert "beyond the support" in text
    rows = table(out)
    data = json.loads(invoke("kernel", "3", "4.07", "2.03", "--medium", "water", "--json"))
    octant = np.array(data["octant"])
    assert octant.size == len(rows)
    assert float(rows[0]["s_mgy_per_mbq_s"]) == octant[0, 0, 0] == octant.max()
    assert data["energy_inside_fraction"] + data["energy_beyond_fraction"] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("method", ["voxel-s-values", "superposition"])
def test_the_demo_prints_a_table(tmp_path: Path, method: str) -> None:
    text = invoke("demo", "--method", method, "-o", tmp_path)
    assert "Tumor 1" in text
    assert ("Superposition" in text) == ("Lung near the liver" in text) == (method == "superposition")


@pytest.mark.parametrize("method", ["superposition", "monte_carlo"])
def test_the_demo_by_density_shows_the_dose_in_the_lung(tmp_path: Path, method: str) -> None:
    data = json.loads(invoke("demo", "--method", method, "--json", "-o", tmp_path))
    rows = {row["structure"]: row for row in data["truth"]}
    tumor, lung = rows["Tumor 1"], rows["Lung near the liver"]
    assert tumor[f"{method}_mean_gy"] == pytest.approx(tumor["voxel_s_values_mean_gy"], rel=0.02)
    assert lung[f"{method}_mean_gy"] > 1.5 * lung["voxel_s_values_mean_gy"]
    assert lung["true_mean_gy"] is None
    if method == "superposition":
        assert data["provenance"]["superposition"]["ray_setting"] == "standard"
    else:
        assert (tmp_path / "dose_uncertainty.nrrd").is_file()
        assert all(0 < row["mean_uncertainty_gy"] < 0.02 * row["mean_gy"] for row in data["structures"])


@pytest.mark.claim("demo_phantom")
def test_the_demo_shows_true_doses_beside_computed_ones(tmp_path: Path) -> None:
    data = json.loads(invoke("demo", "--blur-fwhm-mm", "0", "--json", "-o", tmp_path))
    by_name = {row["structure"]: row for row in data["truth"]}
    # Without blur the mean is below the truth only because of the voxels that a surface cuts.
    for name, share in (("Liver", 0.02), ("Tumor 1", 0.05)):
        truth = by_name[name]["true_mean_gy"]
        assert (1.0 - share) * truth < by_name[name]["local_deposition_mean_gy"] < truth
    assert {Path(p).name for p in data["written"]} >= {"activity.nrrd", "structures.seg.nrrd", "dose.png"}


@pytest.mark.claim("demo_phantom")
def test_the_demo_plans_from_images_to_within_a_hundredth_of_the_truth(tmp_path: Path) -> None:
    """Without blur only the planar views differ, because their attenuation is not corrected."""
    data = json.loads(invoke("demo", "--blur-fwhm-mm", "0", "--json", "-o", tmp_path))
    rows = {row["quantity"]: row for row in data["planning"]["truth"]}
    assert rows.pop("Lung shunt by planar views / %")["measured"] > 8.0
    for row in rows.values():
        assert row["measured"] == pytest.approx(row["truth"], rel=0.01)
    planned = {row["structure"]: row for row in data["truth"]}
    # 45 Gy were planned to the normal liver and 2 GBq given, which make 44.3.
    assert planned["Normal liver"]["planned_mean_gy"] == pytest.approx(45.0, abs=0.01)
    assert planned["Tumor 1"]["planned_mean_gy"] / planned["Tumor 1"]["true_mean_gy"] == pytest.approx(1.016, abs=0.003)
    assert planning.read_patient(tmp_path / "patient.toml").name == "Digital phantom"


def test_plan_compares_the_models_of_the_shipped_example(tmp_path: Path) -> None:
    patient, out = tmp_path / "patient.toml", tmp_path / "plan.json"
    patient.write_text(invoke("plan", "--example"))
    text = invoke("plan", patient, "-o", out)
    data = json.loads(out.read_text())
    assert {**json.loads(invoke("plan", patient, "--json")), "created": data["created"]} == data
    assert data["input_file"] == {"path": str(patient), "sha256": sha256(patient.read_bytes()).hexdigest()}
    assert {m["model"] for m in data["models"]} >= {"partition_target", "single_compartment"}
    assert all(m["model"] in text and m["why"] in text for m in data["models"])

    patient.write_text(patient.read_text().replace("weight_kg", "weight_g"))
    text = invoke("plan", patient, code=1)
    assert re.search(r"error: .*line \d+.*weight_g.*weight_kg", text.replace("\n", " "))


def test_plan_takes_uncertainties_before_those_of_the_file(tmp_path: Path) -> None:
    patient = tmp_path / "patient.toml"
    patient.write_text(planning.example_patient_file())
    text = invoke("plan", patient, "--lung-shunt-uncertainty", "0.5", "--draws", "5000", "--seed", "3")
    assert "lung shunt 50 %" in text
    assert "of 5000 draws" in text
    plain = json.loads(invoke("plan", patient, "--json", "--residual-uncertainty", "0.4"))
    assert plain["inputs"]["uncertainties"]["residual_uncertainty"] == 0.4
    assert plain["inputs"]["uncertainties"]["basis"]["residual_uncertainty"] == "stated by the caller"
    refused = invoke("plan", patient, "--lung-shunt-uncertainty", "20", code=1)
    assert "20 % is 0.2" in refused


def test_plan_shows_names_of_the_file_as_they_are(tmp_path: Path) -> None:
    patient = tmp_path / "patient.toml"
    hostile = r'"Tumor [left] [/] \u001b[2J\u202e=1+1"'
    text = planning.example_patient_file()
    for name in ('"example"', '"right lobe"'):
        text = text.replace(f"name = {name}", f"name = {hostile}")
    patient.write_text(text, "utf-8")
    shown = "Tumor [left] [/] \\x1b[2J\\u202e=1+1"
    printed = invoke("plan", patient)
    assert printed.count(shown) >= 2
    assert json.loads(invoke("plan", patient, "--json"))["patient"] == "Tumor [left] [/] \x1b[2J\u202e=1+1"
    patient.write_text(text.replace("weight_kg", hostile), "utf-8")
    assert shown in " ".join(invoke("plan", patient, code=1).split())


def test_plan_without_a_patient_is_a_usage_error() -> None:
    invoke("plan", code=2)


def test_limits_are_printed_with_their_source() -> None:
    text = invoke("limits", "--device", "resin", "--kind", "tumor", "--guideline", "EANM2022")
    assert "tumor >= 100" in text
    data = json.loads(invoke("limits", "--device", "glass", "--json"))
    assert {r["device"] for r in data["limits"]} <= {"glass", None}
    assert "must be one of" in invoke("limits", "--device", "plastic", code=1)
    assert {"conditions", "cautions", "source", "status", "applies", "depends_on"} <= set(data["limits"][0])
    assert invoke("limits", "--device", "glass", "--guideline", "DOORwaY90").startswith("No entry of the table applies")


def test_limits_fit_80_characters_with_every_column() -> None:
    asked = ["limits", "--device", "glass", "--disease", "HCC", "--intent", "unilobar", "--bilirubin-umol-per-l", "34"]
    lines = invoke(*asked, columns=80).splitlines()
    assert max(map(len, lines)) <= 80
    assert all(heading in lines[2] for heading in ("For", "Dose", "Applies", "Source", "Notes"))
    text = " ".join(" ".join(line.split()) for line in lines)
    for words in ("not verified", "depends on", "yes: the", "without prior radioembolization", "an aim", "PMC8940802"):
        assert words in text
    for limit in ("< 50 Gy", "< 120 Gy", "140 to 150 Gy", "< 90 Gy"):
        assert (limit in text) == (limit in ("< 50 Gy", "< 120 Gy")), limit


def test_vial_lists_times_within_the_window() -> None:
    window = ("--start", "2026-11-30T08:00+01:00", "--end", "2026-12-04T16:00+01:00")
    text = invoke("vial", "3.5", *window)
    assert "Thu 03 Dec" in text
    options = json.loads(invoke("vial", "3.5", *window, "--json"))["options"]
    for option in options:
        assert option["vial_activity_gbq"] == pytest.approx(3.5, rel=0.05)
    assert "--calibration must be given" in invoke("vial", "1.2", *window, "--spheres", "resin", code=1)
    assert "zone" in invoke("vial", "3.5", "--start", "2026-11-30T08:00", "--end", "2026-12-04T16:00", code=1)


def test_vial_marks_times_outside_of_working_hours_and_states_open_facts_once() -> None:
    window = ("--start", "2026-11-30T08:00+01:00", "--end", "2026-12-04T16:00+01:00")
    text = " ".join(invoke("vial", "3", *window).split())
    assert "Thu 03 Dec 00:21+01*" in text
    assert "* outside of working hours (08:00-18:00, Monday to Friday; --hours)" in text
    assert text.count("warning:") == 1
    for words in ("shelf life 288 h", "calibration weekday Sunday", "Check them before the order."):
        assert words in text
    anytime = " ".join(invoke("vial", "3", *window, "--hours", "any").split())
    assert "Thu 03 Dec 00:21+01" in anytime
    assert "*" not in anytime
    assert "working hours must be two times" in invoke("vial", "3", *window, "--hours", "late", code=1)


def test_vial_shows_every_column_at_80_characters() -> None:
    window = ("--start", "2026-11-30T08:00+01:00", "--end", "2026-12-04T16:00+01:00")
    lines = invoke("vial", "3.5", *window, columns=80).splitlines()
    text = "\n".join(line for line in lines if not line.startswith("warning"))
    assert max(map(len, text.splitlines())) <= 80
    assert "sphere" in text
    assert re.search(r"^ +5\.000 .* 3\.500 +1750 *$", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    "arguments", [(), ("dose",), ("demo",), ("kernel",), ("plan",), ("limits",), ("vial",), ("inspect",)]
)
def test_the_help_names_its_use(arguments: tuple[str, ...]) -> None:
    text = invoke(*arguments, "--help")
    assert "research use" in text or "Usage" in text


def test_the_version_is_printed() -> None:
    assert invoke("--version").strip() == yttria.__version__
