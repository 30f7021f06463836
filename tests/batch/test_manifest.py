"""Manifests: the published schema is that of the check, and every mistake is named with its row and column."""

from __future__ import annotations

import json
import shutil
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pyarrow")

from batch_samples import rows, write_files
from cli_runner import invoke

from yttria import Nuclide, media
from yttria._foundation.choices import METHODS
from yttria.batch import Case, ManifestError, check_manifest, read_manifest, run, run_manifest, schema, write_manifest
from yttria.batch.discovery import discover
from yttria.case import dose_case
from yttria.errors import FileFormatError
from yttria.geometry import UNITS
from yttria.io.dicom import read_rtdose
from yttria.voxel import ct_density_curves
from yttria.voxel.density import LOW_DENSITY_VOXELS

pytestmark = pytest.mark.thread_unsafe(reason="the tests of the file write into one folder")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("manifest")
    write_files(path, 1)
    return path


def write(folder: Path, name: str, changes: dict[int, dict[str, Any]], count: int = 3) -> Path:
    declared = rows(count, files=1)
    for row, change in changes.items():
        declared[row - 1] |= change
    write_manifest(declared, folder / name)
    return folder / name


def test_the_published_schema_has_the_fields_of_a_case() -> None:
    published = schema()["properties"]
    assert set(published) == {each.name for each in fields(Case)}
    for each in fields(Case):
        entry = published[each.name]
        assert ("float" in str(each.type)) == (entry.get("type") == "number"), each.name
        if each.default not in (MISSING, None, ""):
            assert entry["default"] == each.default
    assert published["unit"]["enum"] == list(UNITS)
    assert published["method"]["enum"] == list(METHODS)
    assert published["medium"]["enum"] == [m.name for m in media()]
    assert published["nuclide"]["enum"] == Nuclide.presets()
    assert published["ct_curve"]["enum"] == list(ct_density_curves())
    assert published["low_density_voxels"]["enum"] == list(LOW_DENSITY_VOXELS)


def test_the_schema_and_the_check_agree(folder: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(schema())
    changes: list[dict[str, Any]] = [
        {},
        {"lung_shunt_fraction": 1.0},
        {"lung_shunt_fraction": None},
        {"administered_activity_gbq": 0.0},
        {"scan_delay_h": 2.0},
        {"relative_to": None},
        {"relative_to": None, "lung_shunt_fraction": None, "scan_delay_h": 721.0},
        {"relative_to": None, "lung_shunt_fraction": None, "scan_delay_h": 20.0},
        {"method": "nearest"},
        {"unit": "Bq/ml"},
        {"negative_voxels": "drop"},
        {"case_id": None},
    ]
    verdicts = []
    for change in changes:
        path = write(folder, "one.csv", {1: change}, count=1)
        row = {name: value for name, value in (rows(1)[0] | change).items() if value is not None}
        verdicts.append(not check_manifest(path)[1])
        assert verdicts[-1] == validator.is_valid(row), change
    assert verdicts.count(True) == 2


@pytest.mark.parametrize("name", ["m.csv", "m.parquet"])
def test_a_round_trip_keeps_every_cell(folder: Path, name: str) -> None:
    path = write(folder, name, {2: {"administered_activity_gbq": 0.1 + 0.2, "case_id": 'Ünïcode, "quoted"\nname'}})
    read = list(read_manifest(path))
    assert [row.row for row in read] == [1, 2, 3]
    assert read[1].case.administered_activity_gbq == 0.1 + 0.2
    assert read[1].case.case_id == 'Ünïcode, "quoted"\nname'
    assert read[0].case.activity == folder / "a0.nii.gz"
    assert read[0].declared == rows(1)[0]
    assert check_manifest(path) == (3, [])


@pytest.mark.parametrize("name", ["bad.csv", "bad.parquet"])
def test_every_mistake_is_named_with_row_and_column(folder: Path, name: str) -> None:
    changes: dict[int, dict[str, Any]] = {
        1: {"unit": "Bq/ml", "administered_activity_gbq": 1400.0},
        2: {"structures": "nowhere.nii.gz"},
        3: {"activity": None},
        5: {"case_id": "case 0003", "relative_to": None},
    }
    path = write(folder, name, changes, count=6)
    count, found = check_manifest(path)
    assert count == 6
    assert [(p.row, p.column) for p in found] == [
        (1, "unit"),
        (1, "administered_activity_gbq"),
        (2, "structures"),
        (3, "activity"),
        (4, "case_id"),
        (5, "scan_delay_h"),
        (5, "case_id"),
    ]
    assert "did you mean 1.4?" in found[1].message
    assert "2 times" in found[4].message
    where = "line 2" if name.endswith("csv") else "row 1"
    with pytest.raises(ManifestError, match=rf"{where} \(case 'case 0000'\), unit"):
        list(read_manifest(path))


def test_mistakes_that_only_csv_allows_are_named(folder: Path) -> None:
    path = folder / "raw.csv"
    path.write_text("case_id,activity,structures,dose,scan_delay_h\na,a0.nii.gz,s0.nii.gz,,x\nb,a0.nii.gz,s0.nii.gz\n")
    found = check_manifest(path)[1]
    assert [(p.row, p.column) for p in found] == [(0, "dose"), (1, "scan_delay_h"), (2, ""), (2, "scan_delay_h")]
    assert "unknown column" in found[0].message
    for damaged in (b"case_id,activity,structures,scan_delay_h\n\xff\x81,a,b,0\n", b"c\0a\0s\0e\0", b'case_id,"a\n'):
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError, match="not a readable CSV"):
            check_manifest(path)
    (folder / "raw.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(FileFormatError, match="not a readable Parquet"):
        check_manifest(folder / "raw.parquet")
    with pytest.raises(FileFormatError, match=r"must be named \.csv or \.parquet"):
        check_manifest(folder / "raw.xlsx")
    path.write_text("case_id,activity,structures\n")
    assert "no case" in check_manifest(path)[1][0].message


def test_a_tree_of_bids_names_becomes_a_manifest(tmp_path: Path) -> None:
    def touch(name: str, text: str = "") -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    touch("sub-01/ses-1/pet/sub-01_ses-1_pet.nii.gz")
    touch(
        "sub-01/ses-1/pet/sub-01_ses-1_pet.json",
        '{"Units": "Bq/mL", "InjectedRadioactivity": 1400, "InjectedRadioactivityUnits": "MBq",'
        ' "ImageDecayCorrected": true, "ImageDecayCorrectionTime": 3600, "InjectionStart": -3600}',
    )
    touch("derivatives/masks/sub-01/ses-1/sub-01_ses-1_space-pet_dseg.nii.gz")
    touch("sub-02/pet/sub-02_pet.nii.gz")
    touch("sub-02/anat/sub-02_T1w.nii.gz")
    touch("other/patient 3/spect.nrrd")
    touch("other/patient 3/liver.seg.nrrd")
    found = discover(tmp_path)
    assert found.rows == [
        {"case_id": "other_patient 3", "activity": "other/patient 3/spect.nrrd"}
        | {"structures": "other/patient 3/liver.seg.nrrd"},
        {
            "case_id": "sub-01_ses-1",
            "activity": "sub-01/ses-1/pet/sub-01_ses-1_pet.nii.gz",
            "structures": "derivatives/masks/sub-01/ses-1/sub-01_ses-1_space-pet_dseg.nii.gz",
            "unit": "Bq/mL",
            "administered_activity_gbq": 1.4,
            "scan_delay_h": 2.0,
        },
        {"case_id": "sub-02", "activity": "sub-02/pet/sub-02_pet.nii.gz"},
    ]
    assert found.notes == [
        f"{tmp_path}/sub-01/ses-1/pet/sub-01_ses-1_pet.json: TracerRadionuclide is not stated; the image is taken as "
        "one of Y-90",
        "sub-02: structures is open: there is no file for it",
    ]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileFormatError, match="no activity image"):
        discover(tmp_path / "empty")


def test_folders_of_dicom_become_a_manifest_that_runs(shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("highdicom")
    source = shared_data / "dicom" / "patient_1"
    shutil.copytree(source / "pet", tmp_path / "study" / "patient 1" / "pet")
    shutil.copy(source / "seg.dcm", tmp_path / "study" / "patient 1")
    shutil.copytree(source / "pet", tmp_path / "study" / "patient 2")
    found = discover(tmp_path / "study", tmp_path)
    assert [row["case_id"] for row in found.rows] == ["patient 1", "patient 2"]
    assert found.rows[0] == {"case_id": "patient 1"} | dict.fromkeys(("activity", "structures"), "study/patient 1")
    assert "patient 2: structures is open: there is no file for it" in found.notes
    # There are two series with one number and two files of structures. Every case has a name, and the note states the
    # remedy.
    shutil.copytree(source, tmp_path / "study" / "patient 3")
    third = discover(tmp_path / "study" / "patient 3", tmp_path)
    assert [row["case_id"] for row in third.rows] == ["patient 3_1", "patient 3_2"]
    assert len({row["series"] for row in third.rows}) == 2
    assert "study/patient 3/rs_sphere_r30mm.dcm" in third.notes[0]
    write_manifest([found.rows[0] | {"scan_delay_h": 0.0}], tmp_path / "manifest.csv")
    assert check_manifest(tmp_path / "manifest.csv") == (1, [])
    (case,) = [row.case for row in read_manifest(tmp_path / "manifest.csv")]
    (outcome,) = run([case], workers=1)
    assert outcome.failure is None, outcome.failure
    assert outcome.rows[0]["mean_gy"] > 0
    report = run_manifest(tmp_path / "manifest.csv", tmp_path / "results", maps="dcm")
    assert report.quarantined == 0
    (dose_map,) = (tmp_path / "results" / "maps").rglob("*.dcm")
    assert read_rtdose(dose_map).array.max() == pytest.approx(dose_case(case).result.image.array.max())


_SIDECAR = {
    "Units": "Bq/mL",
    "InjectedRadioactivity": 2000,
    "InjectedRadioactivityUnits": "MBq",
    "ImageDecayCorrected": True,
    "ImageDecayCorrectionTime": 0,
    "InjectionStart": -72000,
    "TracerRadionuclide": "Y90",
}
_ALL = {"unit": "Bq/mL", "administered_activity_gbq": 2.0, "scan_delay_h": 20.0}
_NOT_CORRECTED = {"ImageDecayCorrected": False, "FrameTimesStart": [-600], "FrameDuration": [1200]}
_OPEN = {name: value for name, value in _ALL.items() if name != "scan_delay_h"}


@pytest.mark.parametrize(
    ("sidecar", "row", "noted"),
    [
        (_SIDECAR, _ALL, ""),
        (_SIDECAR | {"TracerRadionuclide": "90Y"}, _ALL, ""),
        (_SIDECAR | {"TracerRadionuclide": "Yttrium-90", "Units": "Bq/ml"}, _ALL, ""),
        (_SIDECAR | {"InjectedRadioactivity": 2e9, "InjectedRadioactivityUnits": "Bq"}, _ALL, ""),
        (
            _SIDECAR | {"TracerRadionuclide": "F18"},
            {},
            "must be one of Y90, HO166, P32, RE188, LU177, I131, got 'F18'",
        ),
        (_SIDECAR | {"TracerRadionuclide": ["Y90"]}, {}, "TracerRadionuclide"),
        ([_SIDECAR], {}, "must be a JSON object"),
        ("text", {}, "must be a JSON object"),
        (None, {}, "must be a JSON object"),
        (_SIDECAR | {"Units": ["Bq/mL"]}, {"unit"}, "Units must be a unit"),
        (_SIDECAR | {"Units": "mbq/ml"}, {"unit"}, "Units must be a unit"),
        (
            _SIDECAR | {"InjectedRadioactivityUnits": ["MBq"]},
            {"administered_activity_gbq"},
            "InjectedRadioactivityUnits must be",
        ),
        (
            _SIDECAR | {"InjectedRadioactivity": "2000"},
            {"administered_activity_gbq"},
            "InjectedRadioactivity must be a number",
        ),
        (
            _SIDECAR | {"InjectedRadioactivity": True},
            {"administered_activity_gbq"},
            "InjectedRadioactivity must be a number",
        ),
        (
            _SIDECAR | {"InjectedRadioactivity": 10**400},
            {"administered_activity_gbq"},
            "InjectedRadioactivity must be a number",
        ),
        (_SIDECAR | {"InjectedRadioactivity": float("nan")}, {"administered_activity_gbq"}, "must be a number"),
        (_SIDECAR | {"InjectionStart": 3600}, {"scan_delay_h"}, "lies before InjectionStart"),
        (_SIDECAR | {"InjectionStart": [0]}, {"scan_delay_h"}, "InjectionStart must be a number of seconds"),
        (_SIDECAR | _NOT_CORRECTED, _ALL, ""),
        (_SIDECAR | {"ImageDecayCorrectionTime": None}, _OPEN, "ImageDecayCorrectionTime must be stated"),
        (_SIDECAR | {"InjectionStart": None}, _OPEN, "InjectionStart must be stated"),
        (
            _SIDECAR | _NOT_CORRECTED | {"FrameTimesStart": [0, 300], "FrameDuration": [300, 300]},
            _OPEN,
            "needs one frame in FrameTimesStart",
        ),
        (_SIDECAR | {"ImageDecayCorrected": "yes"}, {"scan_delay_h"}, "ImageDecayCorrected must be true or false"),
    ],
)
def test_a_sidecar_of_another_shape_is_a_note_that_names_it(
    folder: Path, tmp_path: Path, sidecar: Any, row: Any, noted: str
) -> None:
    (tmp_path / "sub-01_pet.nii.gz").write_bytes((folder / "a0.nii.gz").read_bytes())
    (tmp_path / "sub-01_pet.json").write_text(json.dumps(sidecar))
    found = discover(tmp_path)
    stated = {name: value for name, value in found.rows[0].items() if name in _ALL}
    assert stated == (row if isinstance(row, dict) else {n: v for n, v in _ALL.items() if n not in row})
    notes = [note for note in found.notes if "sub-01_pet.json" in note]
    assert len(notes) == bool(noted)
    assert noted in "".join(notes)


@pytest.mark.parametrize(
    ("spelled", "nuclide"),
    [("Ho166", "HO166"), ("[166Ho]", "HO166"), ("holmium-166", "HO166"), ("^{188}Re", "RE188"), ("177 Lu", "LU177")]
    + [(wrong, None) for wrong in ("Ho166m", "Tc99m", "ICRP107", "EANM2022", "90", "", "Y-91")],
)
def test_the_nuclide_of_a_sidecar_becomes_that_of_the_case(
    folder: Path, tmp_path: Path, spelled: str, nuclide: str | None
) -> None:
    (tmp_path / "sub-01_pet.nii.gz").write_bytes((folder / "a0.nii.gz").read_bytes())
    (tmp_path / "sub-01_pet.json").write_text(json.dumps(_SIDECAR | {"TracerRadionuclide": spelled}))
    found = discover(tmp_path)
    assert found.rows[0].get("nuclide") == nuclide
    assert any("TracerRadionuclide must be" in note for note in found.notes) == (nuclide is None)


@pytest.mark.parametrize(
    ("declared", "stated", "noted"),
    [
        ({}, {}, []),
        ({"scan_delay_h": 20.01}, {}, []),
        ({"scan_delay_h": 2.0}, {}, ["scan_delay_h is 20 by the sidecar, and 2 by the manifest"]),
        ({"unit": "kBq/mL"}, {}, ["unit is Bq/mL by the sidecar, and kBq/mL by the manifest"]),
        ({"unit": None, "administered_activity_gbq": None}, {}, []),
        ({"nuclide": "HO166"}, {}, ["nuclide is Y90 by the sidecar, and HO166 by the manifest"]),
        ({"nuclide": "HO166_15_87"}, {"TracerRadionuclide": "Ho166"}, []),
        ({"nuclide": "ICRP107"}, {}, []),
        ({}, {"TracerRadionuclide": "Ho166"}, ["nuclide is HO166 by the sidecar, and Y90 by the manifest"]),
        ({}, {"TracerRadionuclide": "F18"}, ["TracerRadionuclide must be one of"]),
    ],
)
def test_a_manifest_that_contradicts_a_sidecar_is_noted(
    folder: Path, tmp_path: Path, declared: dict[str, Any], stated: dict[str, Any], noted: list[str]
) -> None:
    (tmp_path / "sub-01_pet.nii.gz").write_bytes((folder / "a0.nii.gz").read_bytes())
    (tmp_path / "sub-01_pet.json").write_text(json.dumps(_SIDECAR | stated))
    row = {"case_id": "a", "activity": "sub-01_pet.nii.gz", "structures": str(folder / "s0.nii.gz")} | _ALL | declared
    write_manifest([row], tmp_path / "manifest.csv")
    text = invoke("batch", "check", tmp_path / "manifest.csv", columns=400)
    assert "1 case, 0 problems" in text
    assert text.count("note:") == len(noted)
    assert all(each in text for each in noted)


def test_sidecars_are_inherited_and_the_nearest_statement_counts(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "dataset_description.json").write_text('{"Name": "n", "BIDSVersion": "1.10.0"}')
    (tmp_path / "pet.json").write_text(json.dumps(_SIDECAR))
    image = tmp_path / "sub-01" / "pet" / "sub-01_pet.nii.gz"
    image.parent.mkdir(parents=True)
    image.write_bytes((folder / "a0.nii.gz").read_bytes())
    image.with_name("sub-01_pet.json").write_text('{"InjectionStart": -36000}')
    image.with_name("sub-02_pet.json").write_text('{"InjectionStart": -3600}')
    (found,) = discover(tmp_path).rows
    assert {name: found[name] for name in _ALL} == _ALL | {"scan_delay_h": 10.0}


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe{", b"[" * 100_000, b"\xef\xbb\xbf{}"])
def test_a_sidecar_that_is_not_json_is_noted(folder: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sub-01_pet.nii.gz").write_bytes((folder / "a0.nii.gz").read_bytes())
    (tmp_path / "sub-01_pet.json").write_bytes(content)
    notes = [note for note in discover(tmp_path).notes if "not readable as JSON" in note]
    assert len(notes) == (not content.endswith(b"{}"))
