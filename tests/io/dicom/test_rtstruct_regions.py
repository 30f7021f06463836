"""Regions of an RTSTRUCT: their contours, their selection, and the identity of the patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pydicom")

import pydicom
from contour_samples import box
from dicom_samples import new_dataset
from pydicom.dataset import Dataset

from yttria import read_structures
from yttria.errors import ArgumentError, FileFormatError, ShapeError, UnknownNameError
from yttria.io.dicom import read_rtstruct
from yttria.io.opened import opened_files

LIVER = [box((0, 20), (0, 20), z) for z in range(0, 20, 4)]
TUMOR = [box((0, 10), (0, 10), z) for z in range(0, 20, 4)]
#: mL
LIVER_ML, TUMOR_ML = 8.0, 2.0

Region = tuple[int, str, Sequence[np.ndarray]]


def write(path: Path, regions: Sequence[Region], change: Callable[[Dataset], None] | None = None) -> Path:
    dataset = new_dataset("1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT")
    dataset.StructureSetROISequence, dataset.ROIContourSequence = [], []
    for number, name, contours in regions:
        region, drawn = Dataset(), Dataset()
        region.ROINumber, region.ROIName = number, name
        drawn.ReferencedROINumber, drawn.ContourSequence = number, []
        for points in contours:
            contour = Dataset()
            contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", len(points)
            contour.ContourData = [f"{x:g}" for x in np.ravel(points)]
            drawn.ContourSequence.append(contour)
        dataset.StructureSetROISequence.append(region)
        dataset.ROIContourSequence.append(drawn)
    if change:
        change(dataset)
    pydicom.dcmwrite(path, dataset)
    return path


def test_a_number_of_two_regions_is_refused_unless_neither_is_wanted(tmp_path: Path) -> None:
    regions = [(19, "liver", LIVER), (19, "tumor", TUMOR), (3, "lung", LIVER)]
    path = write(tmp_path / "rs.dcm", regions)
    for terms in ({}, {"names": ["liver"]}, {"only": "tumor"}):
        with pytest.raises(FileFormatError, match="ROI number 19 is given to 'liver' and 'tumor'"):
            read_rtstruct(path, **terms)  # type: ignore[arg-type]
    (lung,) = read_rtstruct(path, exclude=["liver", "tumor"])
    assert lung.volume_ml == pytest.approx(LIVER_ML, rel=1e-3)
    twins = [(19, "tumor", LIVER), (19, "tumor", TUMOR)]
    with pytest.raises(FileFormatError, match="ROI number 19 is given to"):
        read_rtstruct(write(tmp_path / "rs.dcm", twins))


def test_contours_of_a_region_in_two_items_are_joined_with_a_warning(tmp_path: Path) -> None:
    def split(dataset: Dataset) -> None:
        first = dataset.ROIContourSequence[0]
        second = deepcopy(first)
        first.ContourSequence, second.ContourSequence = first.ContourSequence[:2], second.ContourSequence[2:]
        dataset.ROIContourSequence.append(second)

    (liver,) = read_rtstruct(write(tmp_path / "rs.dcm", [(1, "liver", LIVER)], split))
    assert liver.volume_ml == pytest.approx(LIVER_ML, rel=1e-3)
    assert [a.code for a in liver.advisories] == ["contour_sets_joined"]


def test_contours_of_no_region_are_reported(tmp_path: Path) -> None:
    def drop(dataset: Dataset) -> None:
        dataset.StructureSetROISequence.pop()

    path = write(tmp_path / "rs.dcm", [(1, "liver", LIVER), (2, "tumor", TUMOR)], drop)
    (liver,) = read_rtstruct(path)
    assert [(a.code, a.value) for a in liver.advisories] == [("contours_without_region", 1)]
    assert "ROI number 2" in liver.advisories[0].message


def test_a_count_of_points_that_is_wrong_is_reported(tmp_path: Path) -> None:
    def cut(dataset: Dataset) -> None:
        dataset.ROIContourSequence[0].ContourSequence[1].NumberOfContourPoints = 5

    (liver,) = read_rtstruct(write(tmp_path / "rs.dcm", [(1, "liver", LIVER)], cut))
    assert [(a.code, a.value) for a in liver.advisories] == [("contour_point_count", 1)]


def test_patient_frame_and_opened_file_are_known(tmp_path: Path) -> None:
    path = write(tmp_path / "rs.dcm", [(1, "liver", LIVER)])
    with opened_files() as opened:
        (liver,) = read_structures(path)
    assert (liver.patient_id, path in opened) == ("1", True)
    assert liver.frame_of_reference_uid
    shift = np.eye(4)
    shift[0, 3] = 5
    assert liver.transformed(shift).patient_id == "1"


def test_names_are_trimmed_but_otherwise_as_they_are(tmp_path: Path) -> None:
    names = ["Tumor [left]\0", " \tLiver [/]\n", "", "<b>x</b>", "Tumor [left]"]
    path = write(tmp_path / "rs.dcm", [(n + 1, name, LIVER) for n, name in enumerate(names)])
    found = [s.name for s in read_structures(path)]
    assert found == ["Tumor [left] #1", "Liver [/]", "ROI 3", "<b>x</b>", "Tumor [left] #5"]


def test_patterns_select_regions_before_their_contours_are_read(tmp_path: Path) -> None:
    regions = [(1, "BODY", LIVER), (2, "Tumor 1", TUMOR), (3, "tumor 2", TUMOR)]
    path = write(tmp_path / "rs.dcm", regions)
    data = path.read_bytes()
    at = data.index(b"0\\0\\0\\20")
    path.write_bytes(data[:at] + b"x" + data[at + 1 :])
    with pytest.raises(FileFormatError, match=r"rs\.dcm"):
        read_structures(path)
    assert [s.name for s in read_structures(path, only="TUMOR*")] == ["Tumor 1", "tumor 2"]
    assert [s.name for s in read_structures(path, exclude=["body", "*2"])] == ["Tumor 1"]
    with pytest.raises(UnknownNameError, match=r"rs.dcm: only='liver' matches no structure; the structures are"):
        read_structures(path, only="liver")


def test_thousands_of_regions_are_refused_unless_some_are_selected(tmp_path: Path) -> None:
    path = write(tmp_path / "rs.dcm", [(n, f"r{n}", TUMOR[:2] if n < 10 else []) for n in range(1, 1202)])
    with pytest.raises(ShapeError, match="at most 1000 regions of interest can be read at once, got 1201"):
        read_structures(path)
    assert len(read_structures(path, only="r?")) == 9


def test_copies_of_one_file_are_one_and_other_files_of_its_series_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "rs.dcm", [(1, "liver", LIVER)])
    (tmp_path / "copy of rs.dcm").write_bytes(path.read_bytes())
    assert [s.name for s in read_structures(tmp_path)] == ["liver"]
    write(tmp_path / "other.dcm", [(1, "liver", TUMOR)])
    with pytest.raises(ArgumentError, match="must be in one file, got several that differ"):
        read_structures(tmp_path)
