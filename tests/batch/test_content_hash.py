"""Keys of cases: they cover exactly the bytes that were read."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("pydicom")

import pyarrow.parquet as pq
import pydicom
from batch_samples import SHAPE, VOXEL_MM, rows, write_files
from dicom_samples import write_series
from image_samples import affine, values

import yttria
from yttria.batch import Case, content_hash, run_manifest, write_manifest
from yttria.batch.content_hash import Options, identify
from yttria.batch.worker import Task, dose_all
from yttria.case import read_case
from yttria.io.sources import sources_of


def test_settings_and_inputs_each_change_the_key(tmp_path: Path) -> None:
    write_files(tmp_path, 2)
    row = rows(1)[0] | {name: tmp_path / f"{name[0]}0.nii.gz" for name in ("activity", "structures")}

    def key(change: dict[str, Any], options: content_hash.Options = content_hash.Options()) -> str:  # noqa: B008
        return content_hash.identify(Case(**row | change), options).key

    changes: list[dict[str, Any]] = [
        {},
        {"administered_activity_gbq": 1.5},
        {"method": "voxel_s_values"},
        {"density_g_per_ml": 1.06},
        {"nuclide": "ICRP107"},
        {"negative_voxels": "clip"},
        {"residual_fraction": 0.0},
        {"relative_to": "Tumor"},
        {"unit": "counts"},
        {"activity": tmp_path / "a1.nii.gz"},
        {"structures": tmp_path / "s1.nii.gz"},
    ]
    found = [key(change) for change in changes] + [
        key({}, content_hash.Options(dvh_step_gy=0.5)),
        key({}, content_hash.Options(dvh_step_gy=1.0, maps="nii")),
    ]
    assert len(set(found)) == len(found)
    assert key({"case_id": "another"}) == key({"administered_activity_gbq": 1}) == key({})


RELATIVE: dict[str, Any] = {
    "relative_to": "Normal liver",
    "administered_activity_gbq": 1.0,
    "lung_shunt_fraction": 0.05,
}


GRID = np.diag([*reversed(VOXEL_MM), 1.0])


def means(folder: Path) -> dict[str, float]:
    table = pq.read_table(folder / "doses.parquet").to_pylist()
    return {r["case_id"]: r["value"] for r in table if r["metric"] == "mean_gy" and r["structure"] == "Liver"}


def detached(folder: Path, name: str, fill: float, *, header: str | None = None) -> Path:
    """Write a header of any ending with its values in a second file. The text of the header is the same in every
    folder."""
    folder.mkdir(parents=True, exist_ok=True)
    k, j, i = SHAPE
    text = header or (
        f"NRRD0005\ntype: float\ndimension: 3\nsizes: {i} {j} {k}\nendian: little\nencoding: raw\n"
        "space: left-posterior-superior\nspace directions: (4.5,0,0) (0,4,0) (0,0,5)\nspace origin: (0,0,0)\n"
        "sample units: MBq/mL\ndata file: values.raw\n"
    )
    (folder / "values.raw").write_bytes(np.full(SHAPE, fill, "<f4").tobytes())
    (folder / name).write_text(text)
    return folder / name


def attached(path: Path, fill: float) -> Path:
    yttria.write_image(yttria.Image(np.full(SHAPE, fill, np.float32), GRID, "MBq/mL"), path)
    return path


def liver(folder: Path) -> Path:
    mask = np.zeros(SHAPE, bool)
    mask[2:8, 2:9, 2:7] = True
    yttria.write_structures([yttria.Structure("Liver", mask, GRID)], folder / "liver.seg.nrrd")
    return folder / "liver.seg.nrrd"


@pytest.mark.claim("batch_key")
@pytest.mark.parametrize("name", ["pet.nrrd", "pet.nhdr"])
def test_two_patients_with_the_same_header_text_keep_their_own_doses(tmp_path: Path, name: str) -> None:
    structures = liver(tmp_path)
    cases = [
        {"case_id": who, "activity": str(detached(tmp_path / who, name, fill)), "structures": str(structures)}
        | {"scan_delay_h": 20.0}
        for who, fill in (("A", 0.1), ("B", 0.7))
    ]
    write_manifest(cases, tmp_path / "manifest.csv")
    for rehash in (False, True):
        run_manifest(tmp_path / "manifest.csv", tmp_path / "out", rehash=rehash)
        found = means(tmp_path / "out")
        assert found["B"] == pytest.approx(7 * found["A"], rel=1e-6)


@pytest.mark.claim("batch_key")
def test_changed_values_behind_an_unchanged_header_are_dosed_again(tmp_path: Path) -> None:
    case = {
        "case_id": "A",
        "activity": str(detached(tmp_path / "A", "pet.nrrd", 0.1)),
        "structures": str(liver(tmp_path)),
    }
    write_manifest([case | {"scan_delay_h": 20.0}], tmp_path / "manifest.csv")
    run_manifest(tmp_path / "manifest.csv", tmp_path / "out")
    before = means(tmp_path / "out")["A"]
    detached(tmp_path / "A", "pet.nrrd", 0.3)
    assert run_manifest(tmp_path / "manifest.csv", tmp_path / "out").counts.done == 1
    assert means(tmp_path / "out")["A"] == pytest.approx(3 * before, rel=1e-6)


@pytest.mark.claim("batch_key")
def test_a_slice_whose_name_begins_with_a_dot_belongs_to_the_key(tmp_path: Path) -> None:
    def case(who: str, factor: int) -> dict[str, Any]:
        folder = write_series(tmp_path / who, (values() % 500).astype(np.uint16), affine("plain"), "PT")
        last = sorted(folder.iterdir())[-1]
        dataset = pydicom.dcmread(last)
        dataset.PixelData = (factor * dataset.pixel_array).astype("<u2").tobytes()
        dataset.save_as(folder / f".{last.name}")
        last.unlink()
        return {"case_id": who, "activity": str(folder), "structures": str(tmp_path / "s.seg.nrrd")}

    mask = np.zeros(values().shape, bool)
    mask[:, 1:4, 1:4] = True
    yttria.write_structures([yttria.Structure("Liver", mask, affine("plain"))], tmp_path / "s.seg.nrrd")
    write_manifest([case("A", 1), case("B", 40)], tmp_path / "manifest.csv")
    report = run_manifest(tmp_path / "manifest.csv", tmp_path / "out")
    found = means(tmp_path / "out")
    # The slice is read or left out, but never that of the other patient.
    assert report.quarantined in (0, 2)
    if found:
        by_hand = {
            who: yttria.dose_image(
                yttria.read_image(tmp_path / who), scaling=yttria.AbsoluteScaling(scan_delay_h=3.0)
            ).image.array.max()
            for who in ("A", "B")
        }
        assert (found["A"] == found["B"]) == (by_hand["A"] == by_hand["B"])


def test_a_reader_that_opens_a_file_outside_of_the_key_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from yttria.case import inputs as case_inputs
    from yttria.io.opened import record_opened

    write_files(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.raw").write_bytes(b"1")
    case = Case(activity=detached(tmp_path / "A", "pet.nrrd", 0.1), structures=liver(tmp_path), scan_delay_h=1.0)
    read = case_inputs.read_image

    def reads_more(*arguments: Any, **keywords: Any) -> Any:
        record_opened(tmp_path / "elsewhere" / "secret.raw")
        return read(*arguments, **keywords)

    monkeypatch.setattr(case_inputs, "read_image", reads_more)
    (outcome,) = dose_all([Task(row=1, case=case)], Options(), None)
    assert outcome.failure is not None
    assert "not among the files that identify it" in outcome.failure.message


@contextmanager
def really_opened(folder: Path) -> Iterator[set[str]]:
    """Every file beneath a folder that the interpreter opens, by its own audit events."""
    found: set[str] = set()
    active = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if active and event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if path.startswith(str(folder)) and Path(path).is_file():
                found.add(path)

    sys.addaudithook(hook)
    try:
        yield found
    finally:
        active = False


def _cases(folder: Path) -> Iterator[Case]:
    write_files(folder)
    structures = liver(folder)
    yield Case(activity=folder / "a0.nii.gz", structures=folder / "s0.nii.gz", unit="counts", **RELATIVE)
    for name in ("pet.nrrd", "pet.nhdr"):
        yield Case(activity=detached(folder / name, name, 0.1), structures=structures, scan_delay_h=1.0)
    write_series(folder / "pet", (values() % 500).astype(np.uint16), affine("plain"), "PT")
    write_series(folder / "ct", np.zeros(values().shape), affine("plain"), "CT", series="2")
    mask = np.ones(values().shape, bool)
    yttria.write_structures([yttria.Structure("Liver", mask, affine("plain"))], folder / "s.seg.nrrd")
    np.savetxt(folder / "t.txt", np.eye(4))
    yield Case(
        activity=folder / "pet",
        structures=folder / "s.seg.nrrd",
        ct=folder / "ct",
        structures_transform=folder / "t.txt",
    )


@pytest.mark.claim("batch_key")
def test_every_file_that_a_reader_opens_belongs_to_the_key(tmp_path: Path) -> None:
    folder = Path(os.path.realpath(tmp_path))
    for case in _cases(folder):
        with really_opened(folder) as opened:
            inputs = read_case(case)
        paths = [path for path in (case.activity, *case.structure_files, case.ct, case.structures_transform) if path]
        covered = {os.path.realpath(file) for path in paths for file in sources_of(path)}
        assert opened
        assert opened <= covered
        recorded = {os.path.realpath(file) for found in inputs.files.values() for file in found}
        assert recorded <= covered


def _cases_of_real_files(folder: Path, data: Path) -> Iterator[Case]:
    """SEG, RTSTRUCT with its grid, a series with a slice named by a dot, links, masks, other formats."""
    source = data / "dicom" / "patient_1"
    pet = folder / "pet"
    shutil.copytree(source / "pet", pet)
    last = sorted(pet.iterdir())[-1]
    last.rename(pet / f".{last.name}")
    (pet / "deep").mkdir()
    sorted(pet.glob("*.dcm"))[0].rename(pet / "deep" / "first.dcm")
    for name in ("seg.dcm", *(path.name for path in source.glob("rs*.dcm"))):
        shutil.copy(source / name, folder)
        yield Case(activity=pet, structures=folder / name, scan_delay_h=1.0)
    contours = sorted(folder.glob("rs*.dcm"))[0]
    yield Case(activity=pet, structures=contours, contours_through_voxels_of=pet, scan_delay_h=1.0)
    (folder / "linked").symlink_to(pet)
    yield Case(activity=folder / "linked", structures=folder / "seg.dcm", scan_delay_h=1.0)
    write_files(folder)
    labels = folder / "sub-1_dseg.nii.gz"
    labels.write_bytes((folder / "s0.nii.gz").read_bytes())
    labels.with_name("sub-1_dseg.tsv").write_text("index\tname\n1\tNormal liver\n2\tTumor\n")
    yield Case(activity=folder / "a0.nii.gz", structures=labels, unit="counts", **RELATIVE)
    # In BIDS a table may name the labels of all subjects from the folder of the data set.
    inherits = folder / "bids" / "sub-1" / "sub-1_dseg.nii.gz"
    inherits.parent.mkdir(parents=True)
    shutil.copy(labels, inherits)
    shutil.copy(labels.with_name("sub-1_dseg.tsv"), folder / "bids" / "dseg.tsv")
    (folder / "bids" / "dataset_description.json").write_text('{"Name": "n", "BIDSVersion": "1.10.0"}')
    yield Case(activity=folder / "a0.nii.gz", structures=inherits, unit="counts", **RELATIVE)
    masks = folder / "masks"
    masks.mkdir()
    image = yttria.read_image(folder / "a0.nii.gz")
    yttria.write_image(image.with_array((image.array > 0).astype(np.uint8), "1"), masks / "Normal liver.nii.gz")
    yield Case(activity=folder / "a0.nii.gz", structures=masks, unit="counts", **RELATIVE)
    sizes = " ".join(str(n) for n in reversed(image.array.shape))
    (folder / "a.mhd").write_text(
        f"ObjectType = Image\nNDims = 3\nDimSize = {sizes}\nElementType = MET_FLOAT\nElementSpacing = 4.5 4 5\n"
        "Offset = 0 0 0\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nElementByteOrderMSB = False\nElementDataFile = a.raw\n"
    )
    (folder / "a.raw").write_bytes(image.array.astype("<f4").tobytes())
    yield Case(activity=folder / "a.mhd", structures=folder / "s0.nii.gz", unit="counts", **RELATIVE)


@pytest.mark.claim("opened_files")
def test_every_opened_file_of_real_data_belongs_to_the_key(shared_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("highdicom")
    folder = Path(os.path.realpath(tmp_path))
    for case in _cases_of_real_files(folder, shared_data):
        with really_opened(folder) as opened:
            inputs = read_case(case)
        covered = {os.path.realpath(file) for _, path in content_hash.named_paths(case) for file in sources_of(path)}
        recorded = {os.path.realpath(file) for found in inputs.files.values() for file in found}
        assert opened, case
        assert opened <= recorded, (case, opened - recorded)
        assert recorded <= covered, (case, recorded - covered)


@pytest.mark.claim("batch_key")
def test_a_link_to_another_scan_is_dosed_again(tmp_path: Path) -> None:
    link = tmp_path / "pet.nrrd"
    write_manifest(
        [{"case_id": "A", "activity": "pet.nrrd", "structures": str(liver(tmp_path)), "scan_delay_h": 20.0}],
        tmp_path / "manifest.csv",
    )
    found = []
    for n, fill in enumerate((0.1, 0.3)):
        link.unlink(missing_ok=True)
        link.symlink_to(attached(tmp_path / f"{n}.nrrd", fill))
        assert run_manifest(tmp_path / "manifest.csv", tmp_path / "out").counts.done == 1
        found.append(means(tmp_path / "out")["A"])
    assert found[1] == pytest.approx(3 * found[0], rel=1e-6)


def test_the_names_of_files_in_a_folder_belong_to_the_key(tmp_path: Path) -> None:
    """A folder of masks names its structures by its files: two of them exchanged are another case."""
    found = []
    for names in (("tumor", "liver"), ("liver", "tumor")):
        folder = tmp_path / names[0]
        folder.mkdir()
        for name, content in zip(names, (b"1", b"2"), strict=True):
            (folder / f"{name}.nii.gz").write_bytes(content)
        case = Case(activity=tmp_path / "a.nrrd", structures=folder, unit="Bq/mL", scan_delay_h=1.0)
        (tmp_path / "a.nrrd").write_bytes(b"x")
        found.append(identify(case, Options()).key)
    assert found[0] != found[1]


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    case = {
        "case_id": "A",
        "activity": str(detached(tmp_path / "A", "pet.nrrd", 0.1)),
        "structures": str(liver(tmp_path)),
    }
    write_manifest([case | {"scan_delay_h": 20.0}], tmp_path / "manifest.csv")
    return tmp_path


@pytest.mark.claim("batch_newest")
def test_a_run_with_a_clock_ahead_of_time_does_not_hide_later_results(
    scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time", lambda now=time.time: now() + 86_400)
        run_manifest(scan / "manifest.csv", scan / "out")
    before = means(scan / "out")["A"]
    detached(scan / "A", "pet.nrrd", 0.5)
    run_manifest(scan / "manifest.csv", scan / "out")
    assert means(scan / "out")["A"] == pytest.approx(5 * before, rel=1e-6)
    # The first scan again: the tables show it, although its result is that of the first run.
    detached(scan / "A", "pet.nrrd", 0.1)
    run_manifest(scan / "manifest.csv", scan / "out")
    assert means(scan / "out")["A"] == before


@pytest.mark.claim("batch_newest")
def test_the_tables_show_a_later_failure(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time", lambda now=time.time: now() + 86_400)
        run_manifest(scan / "manifest.csv", scan / "out")
    detached(scan / "A", "pet.nrrd", float("nan"))
    report = run_manifest(scan / "manifest.csv", scan / "out")
    assert report.quarantined == 1
    assert not means(scan / "out")
    (row,) = pq.read_table(scan / "out" / "quarantine.parquet").to_pylist()
    assert "finite" in row["message"]
    detached(scan / "A", "pet.nrrd", 0.1)
    assert run_manifest(scan / "manifest.csv", scan / "out").quarantined == 0
