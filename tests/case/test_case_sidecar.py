"""A case whose activity in NIfTI has a PET-BIDS sidecar: agreement, contradictions, and the record of the reading."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nibabel")
pytest.importorskip("typer")

from cli_runner import invoke

import yttria
from yttria.case import Case, DosedCase, dose_case
from yttria.errors import OutOfRangeError
from yttria.phantom import liver_phantom

pytestmark = pytest.mark.thread_unsafe(reason="the fixture writes into one folder for all threads")

STATED = {
    "Units": "Bq/mL",
    "TracerRadionuclide": "Y90",
    "InjectionStart": -72000,
    "ImageDecayCorrected": True,
    "ImageDecayCorrectionTime": 0,
    "InjectedRadioactivity": 2000,
    "InjectedRadioactivityUnits": "MBq",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    phantom = liver_phantom((10.0, 10.0, 10.0))
    yttria.write_image(phantom.activity, tmp_path / "pet.nii.gz")
    yttria.write_structures(phantom.structures, tmp_path / "s.seg.nrrd")
    return tmp_path


def dosed(folder: Path, stated: Any, **fields: Any) -> DosedCase:
    (folder / "pet.json").write_text(json.dumps(stated))
    scaling = {} if "relative_to" in fields else {"scan_delay_h": 20.0}
    files: Any = {"activity": folder / "pet.nii.gz", "structures": folder / "s.seg.nrrd"}
    return dose_case(Case(**files, method="local_deposition", **{**scaling, **fields}))


def codes(found: DosedCase) -> set[str]:
    return {each.code for each in found.result.advisories} - {"resolution_not_stated"}


def test_a_sidecar_that_agrees_is_named_and_changes_no_dose(folder: Path) -> None:
    found = dosed(folder, STATED, administered_activity_gbq=2.0)
    assert "sidecar_read" in codes(found)
    assert "differs_from_sidecar" not in codes(found)
    evaluation = found.result.provenance.evaluation
    assert evaluation is not None
    assert evaluation["activity_sidecars"] == ["pet.json"]
    (folder / "pet.json").unlink()
    files: Any = {"activity": folder / "pet.nii.gz", "structures": folder / "s.seg.nrrd"}
    without = dose_case(Case(**files, method="local_deposition", scan_delay_h=20.0, administered_activity_gbq=2.0))
    assert [row["mean_gy"] for row in without.rows] == [row["mean_gy"] for row in found.rows]
    assert codes(without) == codes(found) - {"sidecar_read"}
    assert "activity_sidecars" not in (without.result.provenance.evaluation or {})


@pytest.mark.parametrize(
    ("stated", "fields", "message"),
    [
        ({}, {"scan_delay_h": 2.0}, "states a scan delay of 20 h, and 2 h was given"),
        ({"InjectionStart": -73800}, {}, "states a scan delay of 20.5 h, and 20 h was given"),
        (
            {"InjectedRadioactivity": 3000},
            {"administered_activity_gbq": 2.0},
            "states an administered activity of 3 GBq, and 2 GBq was given",
        ),
    ],
)
def test_a_contradiction_to_the_sidecar_is_a_warning_with_both_values(
    folder: Path, stated: dict[str, Any], fields: dict[str, Any], message: str
) -> None:
    found = dosed(folder, STATED | stated, **fields)
    assert message in " ".join(each.message for each in found.result.advisories if each.code == "differs_from_sidecar")


@pytest.mark.parametrize(
    ("stated", "nuclide"),
    [("F18", "EANM2022"), ("Ho166", "EANM2022"), ("Y90", "HO166"), ("Tc99m", "HO166_15_87")],
)
def test_absolute_scaling_refuses_an_image_of_another_nuclide(folder: Path, stated: str, nuclide: str) -> None:
    with pytest.raises(OutOfRangeError, match=f"pet.json states TracerRadionuclide '{stated}', and .*Absolute"):
        dosed(folder, STATED | {"TracerRadionuclide": stated}, nuclide=nuclide)


def test_relative_scaling_of_another_nuclide_is_a_warning(folder: Path) -> None:
    relative = {"relative_to": "Liver", "administered_activity_gbq": 2.0, "lung_shunt_fraction": 0.05}
    assert "other_nuclide" in codes(dosed(folder, STATED | {"TracerRadionuclide": "Tc99m"}, **relative))
    holmium = dosed(folder, STATED | {"TracerRadionuclide": "Ho166"}, nuclide="HO166", **relative)
    assert "other_nuclide" not in codes(holmium)


def test_a_batch_dose_reads_the_sidecar_and_keys_its_content(folder: Path) -> None:
    pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    from yttria.batch import run_manifest, write_manifest

    place = folder / "data"
    place.mkdir()
    (place / "dataset_description.json").write_text('{"Name": "n", "BIDSVersion": "1.10.0"}')
    (folder / "pet.nii.gz").rename(place / "sub-01_pet.nii.gz")
    (place / "pet.json").write_text(json.dumps(STATED))
    row = {"case_id": "a", "activity": "data/sub-01_pet.nii.gz", "structures": "s.seg.nrrd", "scan_delay_h": 20.0}
    write_manifest([row | {"method": "local_deposition"}], folder / "manifest.csv")
    results = folder / "results"
    assert run_manifest(folder / "manifest.csv", results).quarantined == 0
    (case,) = pq.read_table(results / "cases.parquet").to_pylist()
    assert "sidecar_read" in case["advisories"]
    assert json.loads(case["provenance"])["evaluation"]["activity_sidecars"] == ["pet.json"]
    assert str(folder) not in case["advisories"]
    (place / "pet.json").write_text(json.dumps(STATED | {"TracerRadionuclide": "Ho166"}))
    assert run_manifest(folder / "manifest.csv", results).quarantined == 1
    (lost,) = pq.read_table(results / "quarantine.parquet").to_pylist()
    assert "pet.json states TracerRadionuclide 'Ho166'" in lost["message"]


def test_the_command_names_the_sidecar_among_its_inputs(folder: Path) -> None:
    (folder / "pet.json").write_text(json.dumps(STATED))
    arguments = ("dose", folder / "pet.nii.gz", "-s", folder / "s.seg.nrrd", "--scan-delay-h", "20", "--json")
    found = json.loads(invoke(*arguments, "-o", folder / "out"))
    assert [entry["name"] for entry in found["inputs"]["activity"]] == ["pet.nii.gz", "pet.json"]
    unnamed = invoke(*arguments, "--anonymous", "-o", folder / "anonymous")
    assert "pet.json" not in unnamed
    assert "sidecar_read" in unnamed


def test_a_plan_from_a_scout_of_holmium_expects_holmium(folder: Path) -> None:
    (folder / "pet.json").write_text(json.dumps({"Units": "Bq/mL", "TracerRadionuclide": "Ho166"}))
    voxels = ("plan-voxels", folder / "pet.nii.gz", "-s", folder / "s.seg.nrrd", "--relative-to", "Liver")
    chosen = (*voxels, "--lung-shunt-fraction", "0.05", "--activity-gbq", "3", "--method", "local-deposition", "--json")
    for nuclide, warned in (("HO166", False), ("EANM2022", True)):
        found = json.loads(invoke(*chosen, "--nuclide", nuclide, "-o", folder / nuclide))
        assert ("other_nuclide" in {each["code"] for each in found["advisories"]}) == warned
