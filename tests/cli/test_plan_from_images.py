"""`yttria plan --from`: files in, a patient file and a plan out, and refusals that name the options."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")

from cli_runner import invoke

import yttria
from yttria.phantom import planning_phantom
from yttria.planning import PatientTerritories, plan_patient_file, read_patient


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("images")
    phantom = planning_phantom((6.0, 5.0, 5.0), lung_shunt_fraction=(0.08, 0.03))
    yttria.write_image(phantom.maa_of_all, made / "maa.nrrd")
    for name, image in phantom.maa.items():
        yttria.write_image(image, made / f"maa_{name}.nrrd")
    yttria.write_image(phantom.ct, made / "ct.nrrd")
    yttria.write_image(phantom.planar, made / "planar.nrrd")
    yttria.write_structures(phantom.structures, made / "seg.seg.nrrd")
    yttria.write_structures(phantom.planar_regions, made / "regions.seg.nrrd")
    return made


def options(folder: Path, patient_file: Path) -> tuple[str | Path, ...]:
    return ("-s", folder / "seg.seg.nrrd", "--device", "glass", "--patient-file", patient_file)


def test_images_become_a_patient_file_and_its_plan(folder: Path, tmp_path: Path) -> None:
    patient_file = tmp_path / "patient.toml"
    printed = invoke(
        "plan",
        *("--from", f"right={folder / 'maa_right.nrrd'}", "--from", f"left={folder / 'maa_left.nrrd'}"),
        *options(folder, patient_file),
        *("--ct", folder / "ct.nrrd", "--resolution-fwhm-mm", "0", "--normal-perfused-limit-gy", "45"),
        *("--objective", "max-tumor-energy", "--disease", "HCC", "--out", tmp_path / "plan.json"),
    )
    assert "lung shunt of Perfused right: 8 % (SPECT" in printed
    assert "Recognized by name as tumors: 'Tumor 1', 'Tumor 2'." in printed
    assert "Binding limits: the perfused normal liver of 'Perfused right' (limit 45 Gy)" in printed
    patient = read_patient(patient_file)
    assert isinstance(patient, PatientTerritories)
    assert [each.lung_shunt_fraction for each in patient.territories] == pytest.approx([0.08, 0.03], rel=1e-4)
    assert (
        plan_patient_file(patient_file).as_dict()["plans"] == json.loads((tmp_path / "plan.json").read_text())["plans"]
    )
    text = patient_file.read_text("utf-8")
    digest = sha256((folder / "maa_right.nrrd").read_bytes()).hexdigest()
    assert f"# tracer scan of right: {folder / 'maa_right.nrrd'} (SHA-256 {digest[:16]}...)" in text
    assert invoke("plan", patient_file).splitlines()[0].startswith("patient")


def test_everything_is_in_the_json(folder: Path, tmp_path: Path) -> None:
    found = json.loads(
        invoke(
            "plan",
            *("--from", folder / "maa.nrrd", *options(folder, tmp_path / "p.toml"), "--json"),
            *("--planar", folder / "planar.nrrd", "--planar-regions", folder / "regions.seg.nrrd"),
            *("--territory", "all=Perfused*", "--role", "tumors=Tumor 1", "--define", "Rest = Liver - Tumor 1"),
            *("--target-perfused-dose-gy", "120", "--lung-mass-kg", "0.9"),
        )
    )
    images, plan = found["images"], found["plan"]
    assert [each["territory"] for each in images["territories"]] == ["all"]
    assert images["structures_by_role"]["not used"] == "Tumor 2, Rest"
    assert images["files"]["tracer scan"][0]["sha256"] == sha256((folder / "maa.nrrd").read_bytes()).hexdigest()
    assert "planar views give" in images["territories"][0]["shunt_origin"]
    assert "single_compartment" in [model["model"] for model in plan["models"]]


def test_a_registration_moves_the_segmentation(folder: Path, tmp_path: Path) -> None:
    """A segmentation that lies 500 mm away meets the scan by the matrix."""
    matrix = np.eye(4)
    matrix[0, 3] = 500.0
    moved = [each.transformed(np.linalg.inv(matrix)) for each in yttria.read_structures(folder / "seg.seg.nrrd")]
    yttria.write_structures(moved, tmp_path / "far.seg.nrrd")
    np.savetxt(tmp_path / "matrix.txt", matrix)
    given = ("--from", folder / "maa.nrrd", "-s", tmp_path / "far.seg.nrrd", "--device", "resin")
    message = invoke("plan", *given, "--patient-file", tmp_path / "p.toml", code=1)
    assert "no part of it lies inside the image" in message
    printed = invoke(
        "plan", *given, "--structures-transform", tmp_path / "matrix.txt", "--patient-file", tmp_path / "p.toml"
    )
    assert "lung shunt of Perfused right: 6." in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-s", "{}/seg.seg.nrrd"), "needs a scan of the tracer (--from)"),
        (
            ("--from", "{}/maa.nrrd", "-s", "{}/seg.seg.nrrd"),
            "needs the microspheres (--device glass, resin, holmium or custom)",
        ),
        (("--from", "{}/maa.nrrd", "--device", "glass"), "needs a segmentation (--structures)"),
        (("x.toml", "--from", "{}/maa.nrrd"), "give either a patient file or images (--from)"),
        (("--from", "{}/maa.nrrd", "--from", "{}/maa.nrrd"), "two scans are given for all territories"),
        (
            ("--from", "a={}/maa.nrrd", "--from", "{}/maa.nrrd"),
            "give either one scan of all territories or scans of single ones (--from)",
        ),
        (
            (
                "--from",
                "middle={}/maa.nrrd",
            ),
            "names no single territory of Perfused right, Perfused left",
        ),
        (("--from", "{}/maa.nrrd", "--lung-shunt-fraction", "five"), "a lung shunt must be a fraction"),
        (("--from", "{}/maa.nrrd", "--planar", "{}/planar.nrrd"), "need regions of lungs and liver (--planar-regions)"),
        (("--from", "{}/maa.nrrd", "--mass-from-ct"), "masses from a CT need the CT (--ct)"),
        (
            ("--from", "{}/maa.nrrd", "--territory", "Perfused*"),
            "must be NAME=PATTERN, such as right=Segment* (--territory)",
        ),
        (
            ("--from", "{}/maa.nrrd", "--territory", "a=P*", "--role", "territories=P*"),
            "give territories either with names",
        ),
        (("--from", "{}/maa.nrrd", "--role", "liver=Leber"), "matches no structure"),
        (("--from", "{}/maa.nrrd", "--role", "normal_whole=Liver"), "is not a role of a plan from images"),
    ],
)
def test_a_refusal_names_the_option(folder: Path, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    given = [text.replace("{}", str(folder)) for text in arguments]
    if not {"-s", "--device"} & set(given):
        given += ["-s", str(folder / "seg.seg.nrrd"), "--device", "glass"]
    printed = invoke("plan", *given, "--patient-file", tmp_path / "p.toml", code=1, columns=400)
    assert message in printed
    assert not (tmp_path / "p.toml").exists()


def test_a_patient_file_is_not_replaced_unasked(folder: Path, tmp_path: Path) -> None:
    patient_file = tmp_path / "patient.toml"
    patient_file.write_text("mine")
    given = ("--from", folder / "maa.nrrd", *options(folder, patient_file))
    assert "changed by hand" in invoke("plan", *given, code=1)
    assert patient_file.read_text() == "mine"
    invoke("plan", *given, "--overwrite")
    assert "[[territory]]" in patient_file.read_text("utf-8")


def test_the_example_of_several_territories_is_printed() -> None:
    assert "[[territory]]" in invoke("plan", "--example", "--territories")
