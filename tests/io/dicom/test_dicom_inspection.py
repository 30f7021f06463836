"""A folder of DICOM from the command line: its content, missing data, and its doses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("highdicom")
pytest.importorskip("typer")

from cli_runner import invoke
from dicom_samples import write_seg, write_series, write_spect
from image_samples import affine, values
from pydicom.dataset import Dataset

import yttria
from yttria.case import Case, dose_case
from yttria.errors import ArgumentError, OutOfRangeError
from yttria.io import dicom


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make PET, CT and a segmentation like a scanner's export, with damaged files and files that are not DICOM."""
    folder = tmp_path_factory.mktemp("case")
    write_series(folder / "pet", values(np.float64) * 2e4, affine("plain"), slopes=[40.0, 31.7, 35.9, 38.01])
    write_series(folder / "ct", values() - 50, affine("plain"), "CT", series="2")
    mask = values() > 40
    write_seg(folder / "seg.dcm", {"Liver": mask, "Tumor": values() > 80}, folder / "pet")
    return folder


def test_a_complete_folder_lacks_nothing(case: Path) -> None:
    report = dicom.inspect(case)
    assert report.missing == ()
    assert sorted(r.modality for r in report.series) == ["CT", "PT", "SEG"]
    by = {r.modality: r for r in report.series}
    assert (by["PT"].unit, by["PT"].shape, by["PT"].file_count) == ("Bq/mL", (4, 5, 7), 4)
    assert by["PT"].voxel_size_mm == pytest.approx((3.5, 2.25, 1.5))
    assert by["PT"].acquired == "2026-03-01 14:00"
    assert by["PT"].timing is not None
    assert by["PT"].timing.scan_delay_h == pytest.approx(3.0)
    assert by["SEG"].structures == ("Liver", "Tumor")
    assert by["CT"].unit == "HU"


def test_the_command_shows_series_structures_and_times(case: Path) -> None:
    text = invoke("inspect", case)
    for part in ("4 5 7", "Bq/mL", "2026-03-01", "structures: Liver, Tumor", "3.0000 h before", "1.4 GBq"):
        assert part in text
    assert "Nothing is missing for dosimetry." in text
    data = json.loads(invoke("inspect", case, "--json"))
    assert data["missing"] == []
    assert {s["modality"] for s in data["series"]} == {"PT", "CT", "SEG"}


def test_missing_and_unusable_data_are_reported(tmp_path: Path) -> None:
    def other_patient_space(dataset: Dataset, k: int) -> None:
        dataset.FrameOfReferenceUID = "1.2.3"

    def no_date(dataset: Dataset, k: int) -> None:
        del dataset.RadiopharmaceuticalInformationSequence[0].RadiopharmaceuticalStartDateTime

    def uptake(dataset: Dataset, k: int) -> None:
        dataset.Units = "GML"

    write_series(tmp_path / "a", values(), affine("plain"), change=no_date)
    write_series(tmp_path / "b", values(), affine("plain"), change=uptake, series="2")
    write_series(tmp_path / "ct", values(), affine("plain"), "CT", change=other_patient_space)
    write_spect(tmp_path / "nm.dcm", values(), affine("plain"))
    (tmp_path / "read.me").write_text("nothing")
    (tmp_path / "bad.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\x02\0\0\0UL\4\0\xff")
    report = dicom.inspect(tmp_path)
    missing = "\n".join(report.missing)
    for part in (
        "the time of PT series 1: the header has only a time of day",
        "PT series 2 cannot be used as it is: PET Units (0054,1001) must be BQML, got GML",
        "NM series 1 is in counts: relative scaling",
        "a choice between PET or SPECT series",
        "no structures",
        "a registration: CT series 1",
    ):
        assert part in missing
    assert report.other_file_count == 1
    assert len(report.damaged) == 1
    assert "bad.dcm" in report.damaged[0]
    text = invoke("inspect", tmp_path)
    assert "damaged: " in text
    assert "missing: no structures" in text


def test_series_of_one_number_are_told_apart(tmp_path: Path) -> None:
    for n, name in enumerate(("early", "again", "late")):

        def change(dataset: Dataset, k: int, n: int = n, name: str = name) -> None:
            dataset.SeriesInstanceUID = f"1.2.{n + 1}"
            if name == "late":
                dataset.SeriesDescription = name

        write_series(tmp_path / name, values(), affine("plain"), change=change)
    write_series(tmp_path / "ct", values(), affine("plain"), "CT")
    report = dicom.inspect(tmp_path)
    assert {r.place: r.name for r in report.series} == {
        "early": "PT series 1 in early",
        "again": "PT series 1 in again",
        "late": "PT series 1 'late'",
        "ct": "CT series 1",
    }
    text = invoke("inspect", tmp_path)
    for series in report.series:
        assert series.name in text
    # A choice names the series and the UID that selects it.
    (choice,) = (m for m in report.missing if m.startswith("a choice"))
    assert all(f"{r.uid}, {r.name}" in choice for r in report.series if r.modality == "PT")


def test_inspect_shows_long_names_whole_and_explains_the_time(tmp_path: Path) -> None:
    name = "reconstructed_again_with_time_of_flight"
    write_series(tmp_path / name, values(), affine("plain"))
    text = invoke("inspect", tmp_path, columns=80)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in text
    assert f"PT series 1 in {name}" in text or f"in {name}" in text
    (heading,) = (n for n, line in enumerate(lines) if "Where" in line)
    start, end = lines[heading].index("Where"), lines[heading].index("Files")
    # The name continues in the same column of the next line.
    assert "".join(line[start:end].strip() for line in lines[heading + 2 : heading + 6]) == name
    assert "time of the values: decay correction to the start of the scan (DecayCorrection START)" in " ".join(
        text.split()
    )


def test_an_empty_folder_lacks_everything(tmp_path: Path) -> None:
    report = dicom.inspect(tmp_path)
    assert report.series == ()
    assert [m.split(":")[0] for m in report.missing] == ["no activity", "no structures"]
    assert "no such file" in invoke("inspect", tmp_path / "absent", code=1)


def test_dose_takes_time_and_activity_from_the_header(case: Path, tmp_path: Path) -> None:
    text = invoke("dose", case, "-s", case, "-o", tmp_path / "a")
    assert "start of the scan (DecayCorrection START): the series' time, 2026-03-01 14:00:00" in " ".join(text.split())
    written = json.loads((tmp_path / "a" / "doses.json").read_text())
    scaling = written["provenance"]["scaling"]
    assert scaling["scan_delay_h"] == pytest.approx(3.0)
    assert scaling["administered_activity_gbq"] == pytest.approx(1.4)
    assert scaling["time_basis"].startswith("decay correction to the start of the scan (DecayCorrection START)")
    # The 140 voxels contain no delivered activity, and they are few if no resolution is stated.
    codes = [a["code"] for a in written["advisories"]]
    assert codes == ["field_total_differs_from_administered", "resolution_not_stated"]
    assert yttria.read_image(tmp_path / "a" / "dose.nrrd").unit == "Gy"


def test_the_dose_is_that_of_the_same_case_in_nrrd(case: Path, tmp_path: Path) -> None:
    yttria.write_image(yttria.read_image(case / "pet"), tmp_path / "pet.nrrd")
    yttria.write_structures(yttria.read_structures(case / "seg.dcm"), tmp_path / "s.seg.nrrd")
    from_dicom = dose_case(Case(activity=case, structures=case / "seg.dcm"))
    from_nrrd = dose_case(Case(activity=tmp_path / "pet.nrrd", structures=tmp_path / "s.seg.nrrd", scan_delay_h=3.0))
    assert from_dicom.rows == from_nrrd.rows
    assert (from_dicom.result.image.array == from_nrrd.result.image.array).all()


def test_a_stated_delay_overrides_the_header(case: Path) -> None:
    dosed = dose_case(Case(activity=case / "pet", structures=case / "seg.dcm", scan_delay_h=0.0))
    assert dosed.result.provenance.scaling["scan_delay_h"] == 0.0
    assert dosed.result.provenance.scaling["time_basis"] == "the scan delay was given by the user"


def test_another_nuclide_is_refused_even_if_the_delay_is_stated(case: Path, tmp_path: Path) -> None:
    def fluorine(dataset: Dataset, k: int) -> None:
        dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife = "6586.2"

    write_series(tmp_path, values(), affine("plain"), change=fluorine)
    for delay in (None, 20.0):
        with pytest.raises(OutOfRangeError, match="protocol of another nuclide"):
            dose_case(Case(activity=tmp_path, structures=case / "seg.dcm", scan_delay_h=delay))
    # Relative scaling needs only proportional values.
    relative = Case(
        activity=tmp_path,
        structures=case / "seg.dcm",
        relative_to="Liver",
        administered_activity_gbq=1.4,
        lung_shunt_fraction=0.0,
    )
    assert dose_case(relative).rows[0]["mean_gy"] > 0


def test_advisories_of_the_header_reach_the_result(case: Path, tmp_path: Path) -> None:
    def unknown(dataset: Dataset, k: int) -> None:
        del dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife

    write_series(tmp_path, values() * 100, affine("plain"), change=unknown)
    for delay in (None, 3.0):
        dosed = dose_case(Case(activity=tmp_path, structures=case / "seg.dcm", scan_delay_h=delay))
        assert "half_life_missing" in [a.code for a in dosed.result.advisories]


def test_a_folder_of_several_activities_needs_a_choice(case: Path, tmp_path: Path) -> None:
    write_series(tmp_path / "1", values() * 100, affine("plain"))
    write_series(tmp_path / "2", values() * 200, affine("plain"), series="2")
    with pytest.raises(ArgumentError, match="must be one series, got 2"):
        dose_case(Case(activity=tmp_path, structures=case / "seg.dcm"))
    a, b = (dose_case(Case(activity=tmp_path, structures=case / "seg.dcm", series=n)).rows for n in ("1", "2"))
    assert b[0]["mean_gy"] == pytest.approx(2 * a[0]["mean_gy"], rel=0.01)


def rtstruct(folder: Path, *, through_centers: bool = False) -> Path:
    """A block of 3 x 4 voxels in slices 1 and 2 of the case's PET, outlined along its edges or through the centers."""
    out, matrix = 0.0 if through_centers else 0.5, affine("plain")
    corners = [(2 - out, 1 - out), (5 + out, 1 - out), (5 + out, 3 + out), (2 - out, 3 + out)]
    contours = [np.array([matrix[:3] @ (i, j, k, 1) for i, j in corners]) for k in (1, 2)]
    yttria.io.dicom.write_rtstruct(
        [yttria.ContourStructure("Block", contours)], folder / "rs.dcm", reference=folder / "pet"
    )
    return folder / "rs.dcm"


def doses(out: Path) -> tuple[dict, dict, dict[str, str]]:
    data = json.loads((out / "doses.json").read_text())
    (row,) = data["structures"]
    return row, data["provenance"]["evaluation"], {a["code"]: a["message"] for a in data["advisories"]}


def test_rules_for_contours_are_options_and_stated(case: Path, tmp_path: Path) -> None:
    write_series(tmp_path / "pet", values() * 2e4, affine("plain"))
    path, voxel_ml = rtstruct(tmp_path), 1.5 * 2.25 * 3.5e-3
    invoke("dose", tmp_path / "pet", "-s", path, "-o", tmp_path / "a")
    row, stated, advisories = doses(tmp_path / "a")
    assert row["volume_ml"] == pytest.approx(24 * voxel_ml, rel=1e-3)
    (structure,) = stated["structures"]
    assert (structure["given_as"], structure["end_caps"], structure["interpolation"]) == (
        "contours",
        "half_slice",
        "shape",
    )
    assert stated["sub_voxel_mm"] is None
    assert not any(code.startswith("contour") for code in advisories)
    rules = ["--contour-end-caps", "none", "--contour-interpolation", "none", "--sub-voxel-mm", "0.6"]
    invoke("dose", tmp_path / "pet", "-s", path, "-o", tmp_path / "b", *rules)
    row, stated, _ = doses(tmp_path / "b")
    # From plane to plane alone.
    assert row["volume_ml"] == pytest.approx(12 * voxel_ml, rel=1e-6)
    (structure,) = stated["structures"]
    assert (structure["end_caps"], structure["interpolation"]) == ("none", "none")
    assert (stated["sub_voxel_mm"], stated["subvoxel_counts"]) == (0.6, [6, 4, 4])
    text = invoke("dose", tmp_path / "pet", "-s", case / "seg.dcm", "-o", tmp_path / "c", *rules[:2], code=1)
    assert "--contour-end-caps applies only to contours" in text


def test_rules_for_contours_leave_a_segmentation_beside_them_alone(case: Path, tmp_path: Path) -> None:
    write_series(tmp_path / "pet", values() * 2e4, affine("plain"))
    both = ["-s", rtstruct(tmp_path), "-s", case / "seg.dcm", "--contour-end-caps", "none"]
    invoke("dose", tmp_path / "pet", *both, "-o", tmp_path / "a")
    kinds = {
        s["given_as"]
        for s in json.loads((tmp_path / "a" / "doses.json").read_text())["provenance"]["evaluation"]["structures"]
    }
    assert kinds == {"contours", "mask"}


def test_contours_through_voxel_centers_are_noticed_and_carried_out(tmp_path: Path) -> None:
    write_series(tmp_path / "pet", values() * 2e4, affine("plain"))
    path, voxel_ml = rtstruct(tmp_path, through_centers=True), 1.5 * 2.25 * 3.5e-3
    invoke("dose", tmp_path / "pet", "-s", path, "-o", tmp_path / "a")
    row, _, advisories = doses(tmp_path / "a")
    assert row["volume_ml"] == pytest.approx(2 * 2 * 3 * voxel_ml, rel=1e-3)
    assert "taken as drawn" in advisories["contour_through_voxel_centers"]
    on = ["--contours-through-voxels-of", tmp_path / "pet"]
    invoke("dose", tmp_path / "pet", "-s", path, "-o", tmp_path / "b", *on)
    row, stated, advisories = doses(tmp_path / "b")
    assert row["volume_ml"] == pytest.approx(24 * voxel_ml, rel=1e-3)
    assert stated["contours_through_voxels_of"] == "pet"
    assert "24 in all" in advisories["contour_at_voxel_edges"]
    assert "contour_through_voxel_centers" not in advisories
