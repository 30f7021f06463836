"""A series, and statements that its headers have twice: damaged or missing slices, distances, dates, nuclide, units."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pydicom")

from dicom_samples import write_series, write_spect
from image_samples import affine, values
from pydicom.dataset import Dataset

from yttria import Image, read_image
from yttria.advisory.warning_filters import quiet
from yttria.errors import FileFormatError, GeometryError, UndefinedError
from yttria.io import dicom
from yttria.io.opened import opened_files


def codes(image: Image) -> dict[str, str]:
    return {advisory.code: advisory.severity for advisory in image.advisories}


def setting(**headers: object) -> Callable[[Dataset, int], None]:
    """Set headers: a value, or {slice: value}; None removes."""

    def change(dataset: Dataset, k: int) -> None:
        for keyword, value in headers.items():
            found = value.get(k, dataset.get(keyword)) if isinstance(value, dict) else value
            if found is not None:
                setattr(dataset, keyword, found)
            elif keyword in dataset:
                delattr(dataset, keyword)

    return change


def drug(dataset: Dataset) -> Dataset:
    return dataset.RadiopharmaceuticalInformationSequence[0]


def six_slices(folder: Path, change: Callable[[Dataset, int], None] | None = None, modality: str = "PT") -> Path:
    return write_series(folder, values(np.float64, (6, 5, 7)) * 100, affine("plain"), modality, change=change)


def test_a_sound_series_gives_no_advisory(tmp_path: Path) -> None:
    image = read_image(six_slices(tmp_path))
    assert image.advisories == ()
    assert image.patient_id == "1"


# Members of a series that cannot be read


@pytest.mark.parametrize("modality", ["PT", "CT"])
def test_a_slice_cut_anywhere_is_refused_with_its_name(tmp_path: Path, modality: str) -> None:
    six_slices(tmp_path, setting(NumberOfSlices=None), modality)
    last = sorted(tmp_path.iterdir())[-1]
    whole = last.read_bytes()
    for length in range(0, len(whole), 41):
        last.write_bytes(whole[:length])
        with pytest.raises(FileFormatError, match=last.name):
            read_image(tmp_path)


@pytest.mark.parametrize("content", [b"", bytes(4096), b"<html>404</html>"], ids=["empty", "zeros", "web page"])
def test_a_slice_overwritten_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    six_slices(tmp_path, setting(NumberOfSlices=None))
    sorted(tmp_path.iterdir())[-1].write_bytes(content)
    with pytest.raises(FileFormatError, match=r"PT1-005\.dcm is named like the slices"):
        read_image(tmp_path)


def test_a_slice_without_an_ending_of_its_name_is_missed_too(tmp_path: Path) -> None:
    six_slices(tmp_path, setting(NumberOfSlices=None))
    for n, path in enumerate(sorted(tmp_path.iterdir())):
        path.rename(tmp_path / f"IM{n + 1}")
    (tmp_path / "IM6").write_bytes(b"")
    (tmp_path / "readme").write_bytes(b"")
    with pytest.raises(FileFormatError, match="IM6 is named like the slices"):
        read_image(tmp_path)


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    six_slices(tmp_path / "pet", setting(NumberOfSlices=None))
    last = tmp_path / "pet" / "PT1-005.dcm"
    last.unlink()
    last.symlink_to(tmp_path / "gone")
    with pytest.raises(FileFormatError, match=r"PT1-005\.dcm is named like the slices"):
        read_image(tmp_path / "pet")


def test_other_files_beside_a_series_do_no_harm(tmp_path: Path) -> None:
    six_slices(tmp_path)
    for name in ("readme.txt", ".DS_Store", "Thumbs.db", "._PT1-000.dcm", "DICOMDIR.txt"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7" + bytes(300))
    assert read_image(tmp_path).shape == (6, 5, 7)


def test_a_slice_with_a_leading_dot_is_read_and_recorded(tmp_path: Path) -> None:
    six_slices(tmp_path)
    (tmp_path / "PT1-003.dcm").rename(tmp_path / ".PT1-003.dcm")
    with opened_files() as opened:
        assert read_image(tmp_path).shape == (6, 5, 7)
    assert set(opened) == {path.absolute() for path in tmp_path.iterdir()}


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    six_slices(tmp_path / "a")
    (tmp_path / "b").mkdir()
    scandir = os.scandir

    def closed(path: str | os.PathLike[str]) -> object:
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(PermissionError, match="b"):
        read_image(tmp_path)


@pytest.mark.parametrize(("keyword", "value"), [("PatientID", "2"), ("StudyInstanceUID", "1.2.3")])
def test_a_slice_of_another_patient_is_refused(tmp_path: Path, keyword: str, value: str) -> None:
    six_slices(tmp_path, setting(**{keyword: {2: value}}))
    with pytest.raises(FileFormatError, match=f"one {keyword}"):
        read_image(tmp_path)


def test_missing_numbers_of_slices_are_reported(tmp_path: Path) -> None:
    six_slices(tmp_path, setting(NumberOfSlices=None))
    assert codes(dicom.read_image(sorted(tmp_path.iterdir())[1:])) == {"slice_numbers_missing": "note"}
    renumbered = setting(NumberOfSlices=None, InstanceNumber={5: 9})
    assert codes(read_image(six_slices(tmp_path / "b", renumbered))) == {"slice_numbers_missing": "warning"}


# Statements that contradict each other


def test_a_spacing_beside_other_positions_is_reported_and_positions_are_taken(tmp_path: Path) -> None:
    image = read_image(six_slices(tmp_path, setting(SpacingBetweenSlices={4: "5"})))
    assert codes(image) == {"slice_distance_contradicted": "warning"}
    assert image.voxel_size_mm[0] == pytest.approx(3.5)
    assert read_image(six_slices(tmp_path / "same", setting(SpacingBetweenSlices="3.505"))).advisories == ()


@pytest.mark.parametrize(("modality", "severity"), [("PT", "warning"), ("CT", "note")])
def test_slices_thinner_than_their_distance_are_reported(tmp_path: Path, modality: str, severity: str) -> None:
    assert codes(read_image(six_slices(tmp_path, setting(SliceThickness="1.75"), modality))) == {
        "gaps_between_slices": severity
    }


def test_a_thickness_of_spect_beside_another_spacing_is_reported(tmp_path: Path) -> None:
    path = write_spect(tmp_path / "nm.dcm", values(), affine("plain"), change=setting(SliceThickness="4.5"))
    assert codes(read_image(path)) == {"slice_distance_contradicted": "warning"}


def test_beds_a_day_apart_have_no_scan_time_and_are_reported_in_the_image(tmp_path: Path) -> None:
    six_slices(tmp_path, setting(AcquisitionDate={4: "20260302", 5: "20260302"}))
    assert codes(read_image(tmp_path)) == {"acquisitions_apart": "warning"}
    with pytest.raises(UndefinedError, match="within 12 h, got 2026-03-01 14:00:00 and 2026-03-02 14:00:00"):
        dicom.activity_timing(tmp_path)


def test_beds_around_midnight_are_one_scan(tmp_path: Path) -> None:
    late = setting(
        SeriesTime="235000",
        AcquisitionTime={**dict.fromkeys(range(3), "235000"), **dict.fromkeys(range(3, 6), "001000")},
        AcquisitionDate={**dict.fromkeys(range(3), "20260301"), **dict.fromkeys(range(3, 6), "20260302")},
    )
    assert read_image(six_slices(tmp_path, late)).advisories == ()
    assert dicom.activity_timing(tmp_path).scan_delay_h == pytest.approx(12 + 5 / 6)


def test_two_times_of_one_acquisition_must_agree(tmp_path: Path) -> None:
    six_slices(tmp_path, setting(AcquisitionDateTime="20260302140000"))
    with pytest.raises(UndefinedError, match="contradicts itself: AcquisitionDateTime"):
        dicom.activity_timing(tmp_path)


@pytest.mark.parametrize("clock", ["11", "1100", "105959.9", "11:00:00", "110000.000000", "110030"])
def test_one_time_of_day_in_several_precisions_is_read(tmp_path: Path, clock: str) -> None:
    def change(dataset: Dataset, k: int) -> None:
        with quiet():
            drug(dataset).RadiopharmaceuticalStartTime = clock

    assert dicom.activity_timing(six_slices(tmp_path, change)).scan_delay_h == pytest.approx(3.0)


@pytest.mark.parametrize("clock", ["09", "12", "1102", "110130", "230000"])
def test_another_time_of_day_is_refused(tmp_path: Path, clock: str) -> None:
    def change(dataset: Dataset, k: int) -> None:
        drug(dataset).RadiopharmaceuticalStartTime = clock

    with pytest.raises(UndefinedError, match="contradicts itself"):
        dicom.activity_timing(six_slices(tmp_path, change))


def test_zones_are_taken_into_account_when_times_are_compared(tmp_path: Path) -> None:
    zones = setting(AcquisitionDateTime="20260301130000+0000", TimezoneOffsetFromUTC="+0100")
    assert dicom.activity_timing(six_slices(tmp_path, zones)).scan_delay_h == pytest.approx(3.0)


# The nuclide


def named(name: str | None, half_life_s: str) -> Callable[[Dataset, int], None]:
    def change(dataset: Dataset, k: int) -> None:
        drug(dataset).RadionuclideHalfLife = half_life_s
        if name:
            code = Dataset()
            code.CodeMeaning = name
            drug(dataset).RadionuclideCodeSequence = [code]

    return change


@pytest.mark.parametrize(
    ("name", "half_life_s", "expected"),
    [
        ("^90^Yttrium", "230760", {}),
        ("Y-90", "230760", {}),
        ("Y90 microspheres", "230760", {}),
        ("Yttrium", "230760", {}),
        ("90Y", "230760", {}),
        ("^90m^Yttrium", "230760", {"nuclide_contradicted": "warning"}),
        ("I-190", "230760", {"nuclide_contradicted": "warning"}),
        (None, "230760", {}),
        ("^18^Fluorine", "6586.2", {"other_nuclide": "warning"}),
        (None, "6586.2", {"other_nuclide": "warning"}),
        ("^18^Fluorine", "230760", {"nuclide_contradicted": "warning"}),
        ("Y-90", "6586.2", {"nuclide_contradicted": "warning"}),
    ],
)
def test_the_nuclide_of_the_header_is_compared(
    tmp_path: Path, name: str | None, half_life_s: str, expected: dict[str, str]
) -> None:
    assert codes(read_image(six_slices(tmp_path, named(name, half_life_s)))) == expected
    (report,) = dicom.inspect(tmp_path).series
    assert report.nuclide == (name or ("Y-90, by its half-life" if half_life_s == "230760" else "half-life 1.829 h"))
    if half_life_s == "230760":
        assert dicom.activity_timing(tmp_path).nuclide == name


def test_a_slice_that_is_there_twice_is_refused_with_both_names(tmp_path: Path) -> None:
    *_, last = sorted(six_slices(tmp_path, setting()).iterdir())
    (tmp_path / "zz copy.dcm").write_bytes(last.read_bytes())
    with pytest.raises(GeometryError, match=rf"zz copy\.dcm: .* position of {last.name}"):
        read_image(tmp_path)


@pytest.mark.parametrize(
    ("name", "half_life_s", "expected"),
    [
        ("^166^Holmium", "96566.4", {}),
        ("Ho-166", "96480", {}),
        ("^166m^Holmium", "96566.4", {"nuclide_contradicted": "warning"}),
        ("^90^Yttrium", "230760", {"other_nuclide": "warning"}),
        ("Ho-166", "230760", {"nuclide_contradicted": "warning"}),
    ],
)
def test_the_nuclide_of_the_header_is_compared_with_that_of_the_case(
    tmp_path: Path, name: str, half_life_s: str, expected: dict[str, str]
) -> None:
    six_slices(tmp_path, named(name, half_life_s))
    assert codes(dicom.read_image(tmp_path, isotope="Ho-166")) == expected
    if not expected:
        (told,) = dicom.read_image(tmp_path).advisories
        assert told.code == "other_nuclide"
        assert "not yttrium-90" in told.message


@pytest.mark.parametrize(
    ("corrections", "warned"),
    [
        (["DECY", "ATTN", "SCAT"], False),
        (["ATTN"], False),
        (["DECY", "SCAT", "NORM"], True),
        ("NORM", True),
        ("", False),
        (None, False),
    ],
)
def test_a_pet_without_attenuation_correction_is_a_warning(
    tmp_path: Path, corrections: list[str] | str | None, warned: bool
) -> None:
    image = read_image(six_slices(tmp_path, setting(CorrectedImage=corrections)))
    assert codes(image) == ({"not_attenuation_corrected": "warning"} if warned else {})
    assert not warned or "without ATTN" in image.advisories[0].message
