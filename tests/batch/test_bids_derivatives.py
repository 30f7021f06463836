"""A data set in BIDS becomes a manifest, and its doses a data set of derivatives."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("nibabel")

import nibabel
import pyarrow.parquet as pq
from batch_samples import cohort, rows, write_files

import yttria
from yttria.batch import check_manifest, run_manifest, write_bids_derivatives, write_manifest
from yttria.batch.content_hash import content_sha256
from yttria.batch.discovery import discover
from yttria.errors import ArgumentError, FileFormatError, ResultsExistError, YttriaError
from yttria.io.bids import entities_of, inherited_files

NAMES = ("Normal liver", "Tumor: left")
IMAGES = ("sub-01_ses-1", "sub-01_ses-2", "sub-02_ses-1")


def write_json(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def data_set(folder: Path) -> Path:
    """Three PET with sidecars, and labelmaps of a derivative whose one table names the labels of all."""
    raw, masks = folder / "raw data", folder / "raw data" / "derivatives" / "masks"
    write_json(raw / "dataset_description.json", {"Name": "raw", "BIDSVersion": "1.10.0"})
    write_json(masks / "dataset_description.json", {"Name": "masks", "BIDSVersion": "1.10.0"})
    (masks / "dseg.tsv").write_text("index\tname\n" + "".join(f"{n}\t{name}\n" for n, name in enumerate(NAMES, 1)))
    common = {"Units": "Bq/mL", "TracerRadionuclide": "Y90", "InjectedRadioactivityUnits": "MBq"}
    write_json(raw / "pet.json", common | {"ImageDecayCorrected": True, "ImageDecayCorrectionTime": 0})
    write_files(folder, len(IMAGES))
    for n, stem in enumerate(IMAGES):
        place = "/".join(stem.split("_"))
        write_json(raw / place / "pet" / f"{stem}_pet.json", {"InjectionStart": -72000, "InjectedRadioactivity": 100})
        image = yttria.read_image(folder / f"a{n}.nii.gz")
        yttria.write_image(image.with_array(image.array * 1e3, "Bq/mL"), raw / place / "pet" / f"{stem}_pet.nii.gz")
        stored = nibabel.load(folder / f"s{n}.nii.gz")
        labels = nibabel.Nifti1Image(np.asarray(stored.dataobj), stored.affine)
        (masks / place).mkdir(parents=True, exist_ok=True)
        nibabel.save(labels, masks / place / f"{stem}_dseg.nii.gz")
    return raw


@pytest.fixture(scope="module")
def dosed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A data set, and the results of the manifest that `discover` makes of it."""
    folder = tmp_path_factory.mktemp("bids")
    raw = data_set(folder)
    found = discover(raw, folder)
    assert found.notes == []
    write_manifest(found.rows, folder / "manifest.csv")
    assert check_manifest(folder / "manifest.csv") == (len(IMAGES), [])
    report = run_manifest(folder / "manifest.csv", folder / "results", maps="nii.gz")
    assert (report.counts.done, report.quarantined) == (len(IMAGES), 0)
    return raw, folder / "results"


def read_tsv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def resolved(uri: str, derivatives: Path) -> Path:
    """The file of a BIDS URI, by the links of the data set."""
    scheme, name, relative = uri.split(":", 2)
    assert scheme == "bids"
    links = json.loads((derivatives / "dataset_description.json").read_text())["DatasetLinks"]
    return derivatives / unquote(links[name]) / unquote(relative)


@pytest.mark.claim("bids_in_and_out")
def test_derivatives_hold_the_results_and_name_their_inputs(
    dosed: tuple[Path, Path], measured: Callable[..., None]
) -> None:
    raw, results = dosed
    out = raw / "derivatives" / "yttria"
    assert write_bids_derivatives(results, out) == len(IMAGES)
    description = json.loads((out / "dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    assert description["GeneratedBy"][0] | {"Description": ""} == {
        "Name": "yttria",
        "Version": yttria.__version__,
        "Description": "",
    }
    assert [row["participant_id"] for row in read_tsv(out / "participants.tsv")] == ["sub-01", "sub-02"]
    doses = pq.read_table(results / "doses.parquet").to_pylist()
    compared = 0
    for stem, case in zip(IMAGES, pq.read_table(results / "cases.parquet").to_pylist(), strict=True):
        place = out.joinpath(*stem.split("_"), "pet")
        dose_map = place / f"{stem}_desc-absdose_dosemap.nii.gz"
        sidecar = json.loads((place / f"{stem}_desc-absdose_dosemap.json").read_text())
        assert dose_map.read_bytes() == (results / case["dose_map"]).read_bytes()
        assert (sidecar["Units"], sidecar["Method"], sidecar["ResultKey"]) == ("Gy", "local deposition", case["key"])
        assert sidecar["Provenance"] == json.loads(case["provenance"])
        assert sidecar["Sources"] == [each["URI"] for each in sidecar["Inputs"].values()]
        assert len(sidecar["Sources"]) == 2
        activity = resolved(sidecar["Inputs"]["activity"]["URI"], out)
        assert activity.name == f"{stem}_pet.nii.gz"
        assert content_sha256(activity) == sidecar["Inputs"]["activity"]["ContentSHA256"]
        assert resolved(sidecar["Inputs"]["structures"]["URI"], out).name == f"{stem}_dseg.nii.gz"
        expected = [row for row in doses if row["case_id"] == case["case_id"]]
        found = read_tsv(place / f"{stem}_desc-absdose_doses.tsv")
        assert {row["structure"] for row in found} == set(NAMES)
        for row, value in zip(found, expected, strict=True):
            assert (row["structure"], row["metric"], row["unit"]) == tuple(
                value[k] for k in ("structure", "metric", "unit")
            )
            assert row["value"] == ("n/a" if value["value"] is None else str(value["value"]))
            assert (row["standard_uncertainty"], row["coverage_factor"]) == ("n/a", "n/a")
            compared += 1
        curve = read_tsv(place / f"{stem}_desc-absdose_dvh.tsv")
        assert [float(row["dose_gy"]) for row in curve if row["structure"] == NAMES[1]][:3] == [0.0, 1.0, 2.0]
        for suffix in ("doses", "dvh"):
            (columns,) = inherited_files(place / f"{stem}_desc-absdose_{suffix}.tsv", ".json")
            first = read_tsv(place / f"{stem}_desc-absdose_{suffix}.tsv")[0]
            assert list(json.loads(columns.read_text())) == list(first)
    measured("values of tables equal to those of Parquet", compared)


def test_files_that_bids_does_not_define_are_listed_for_its_validator(dosed: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "derivatives"
    write_bids_derivatives(dosed[1], out)
    patterns = (out / ".bidsignore").read_text().split()
    files = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    rest = {name for name in files if not any(fnmatch(Path(name).name, pattern) for pattern in patterns)}
    assert rest == {"dataset_description.json", "participants.tsv", "README.md", ".bidsignore"}
    assert "not part of the standard" in (out / "README.md").read_text()


def test_another_export_replaces_the_cases_and_leaves_other_files_alone(
    dosed: tuple[Path, Path], tmp_path: Path
) -> None:
    raw, results = dosed
    out = tmp_path / "yttria"
    write_bids_derivatives(results, out)
    with pytest.raises(ResultsExistError, match="holds derivatives of yttria already"):
        write_bids_derivatives(results, out)
    stale = out / "sub-09" / "pet" / "sub-09_desc-absdose_doses.tsv"
    mine = out / "sub-01" / "ses-1" / "pet" / "sub-01_ses-1_desc-mine_mask.nii.gz"
    stale.parent.mkdir(parents=True)
    for path in (stale, mine):
        path.write_text("")
    write_bids_derivatives(results, out, overwrite=True)
    assert not (out / "sub-09").exists()
    assert mine.exists()
    for folder in (raw, results, raw / "sub-01"):
        before = sorted(path for path in folder.rglob("*"))
        with pytest.raises(ResultsExistError, match="no data set of derivatives that yttria wrote"):
            write_bids_derivatives(results, folder, overwrite=True)
        assert sorted(path for path in folder.rglob("*")) == before


def test_cases_with_other_names_become_subjects_of_their_own(tmp_path: Path) -> None:
    ids = ["case 1", "case-1", "../\u00fc", "\u00fc", "="]
    write_files(tmp_path, 1)
    write_manifest(
        [row | {"case_id": name} for row, name in zip(rows(len(ids), 1), ids, strict=True)], tmp_path / "m.csv"
    )
    run_manifest(tmp_path / "m.csv", tmp_path / "results", maps="nrrd")
    assert write_bids_derivatives(tmp_path / "results", tmp_path / "out") == len(ids)
    maps = {path.name: path for path in (tmp_path / "out").rglob("*_dosemap.nii.gz")}
    assert sorted(entities_of(path)["sub"] for path in maps.values()) == ["case1", "case1row2", "row3", "row4", "row5"]
    sidecar = maps["sub-case1row2_desc-absdose_dosemap.nii.gz"].with_name("sub-case1row2_desc-absdose_dosemap.json")
    stated = json.loads(sidecar.read_text())
    assert stated["CaseID"] == "case-1"
    assert resolved(stated["Sources"][0], tmp_path / "out").resolve() == (tmp_path / "a0.nii.gz").resolve()
    assert gzip.decompress(maps["sub-row5_desc-absdose_dosemap.nii.gz"].read_bytes())[:4] == b"\x5c\x01\x00\x00"


def test_an_input_outside_of_every_data_set_has_a_uri_without_a_way_up(tmp_path: Path) -> None:
    (tmp_path / "far away").mkdir()
    (tmp_path / "here").mkdir()
    write_files(tmp_path / "far away", 1)
    write_files(tmp_path / "here", 1)
    (row,) = rows(1, 1)
    write_manifest([row | {"activity": "../far away/a0.nii.gz"}], tmp_path / "here" / "m.csv")
    run_manifest(tmp_path / "here" / "m.csv", tmp_path / "results", maps="nii.gz")
    write_bids_derivatives(tmp_path / "results", tmp_path / "out")
    (sidecar,) = (tmp_path / "out").rglob("*_dosemap.json")
    uris = json.loads(sidecar.read_text())["Sources"]
    assert uris == ["bids:faraway:a0.nii.gz", "bids:here:s0.nii.gz"]
    assert [resolved(uri, tmp_path / "out").resolve() for uri in uris] == [
        (tmp_path / "far away" / "a0.nii.gz").resolve(),
        (tmp_path / "here" / "s0.nii.gz").resolve(),
    ]


def test_two_cases_of_one_image_have_two_names(tmp_path: Path) -> None:
    write_files(tmp_path, 1)
    (tmp_path / "a0.nii.gz").rename(tmp_path / "sub-7_pet.nii.gz")
    both = [row | {"activity": "sub-7_pet.nii.gz"} for row in rows(2, 1)]
    write_manifest(both, tmp_path / "m.csv")
    run_manifest(tmp_path / "m.csv", tmp_path / "results", maps="nii.gz")
    write_bids_derivatives(tmp_path / "results", tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").rglob("*_dosemap.json"))
    assert names == ["sub-7_desc-absdose_dosemap.json", "sub-7_desc-absdoserow2_dosemap.json"]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, ArgumentError, "wrote no dose maps; run it again with --maps nii.gz"),
        ({"maps": "nii", "anonymous": True}, ArgumentError, "the tables are anonymous"),
    ],
)
def test_results_that_cannot_be_derivatives_are_refused_before_anything_is_written(
    tmp_path: Path, options: dict[str, Any], error: type[YttriaError], message: str
) -> None:
    run_manifest(cohort(tmp_path, 2), tmp_path / "results", **options)
    with pytest.raises(error, match=message):
        write_bids_derivatives(tmp_path / "results", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_manifest_that_has_changed_is_refused(tmp_path: Path) -> None:
    manifest = cohort(tmp_path, 2)
    run_manifest(manifest, tmp_path / "results", maps="nii")
    write_manifest(reversed(rows(2)), manifest)
    with pytest.raises(FileFormatError, match="the manifest has changed since the tables were written"):
        write_bids_derivatives(tmp_path / "results", tmp_path / "out")
    manifest.unlink()
    with pytest.raises(FileNotFoundError):
        write_bids_derivatives(tmp_path / "results", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("made", [lambda path: path.write_text("mine"), lambda path: path.mkdir()])
def test_an_existing_file_is_not_replaced_and_an_empty_folder_is_used(
    dosed: tuple[Path, Path], tmp_path: Path, made: Callable[[Path], Any]
) -> None:
    out = tmp_path / "out"
    made(out)
    if out.is_dir():
        assert write_bids_derivatives(dosed[1], out) == len(IMAGES)
        return
    with pytest.raises(ResultsExistError):
        write_bids_derivatives(dosed[1], out, overwrite=True)
    assert out.read_text() == "mine"
