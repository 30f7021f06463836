"""RTSTRUCT written and read: the outline of a mask keeps its volume, and known mistakes of other tools are avoided."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contour_samples import box, grid, ring, sphere, turned
from dicom_samples import FRAME_UID, STUDY_UID, write_series, write_spect
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from image_samples import affine, values

from yttria import ContourStructure, Structure, read_structures
from yttria.errors import ArgumentError, DTypeError, FileFormatError, GeometryError, UndefinedError, UnknownNameError
from yttria.io.dicom import read_rtstruct, write_rtstruct
from yttria.io.dicom.voxel_edges import voxel_edge_polygons
from yttria.reference.contours import is_inside

pydicom = pytest.importorskip("pydicom")

AFFINE = grid((2.1, 1.7, 3.0), (-40, 25, 100))


def ball(radius_mm: float = 30.0, shape: tuple[int, int, int] = (24, 42, 34), affine=AFFINE) -> np.ndarray:
    k, j, i = np.indices(shape)
    points = np.stack([i, j, k], axis=-1) @ affine[:3, :3].T
    center = affine[:3, :3] @ (np.array(shape[::-1]) / 2 - 0.4)
    return np.linalg.norm(points - center, axis=-1) <= radius_mm


@pytest.mark.claim("rtstruct_mask")
def test_a_sphere_is_read_back_with_the_volume_of_its_voxels(tmp_path: Path) -> None:
    structure = Structure("sphere", ball(), AFFINE, color=(0.2, 0.4, 0.6))
    write_rtstruct([structure], tmp_path / "rs.dcm", reference=None)
    (slabs,) = read_rtstruct(tmp_path / "rs.dcm", interpolation="none")
    assert slabs.volume_ml == pytest.approx(structure.volume_ml, rel=1e-9)
    np.testing.assert_array_equal(
        slabs.voxel_fractions_on((structure.mask.shape, AFFINE)).to_array(), structure.mask.astype(np.float32)
    )
    assert slabs.color == pytest.approx((0.2, 0.4, 0.6), abs=1 / 510)
    assert not slabs.advisories
    # The shape is smooth between planes, and closer to the sphere that the voxels represent.
    (smooth,) = read_structures(tmp_path / "rs.dcm")
    assert smooth.volume_ml == pytest.approx(4 / 3 * np.pi * 27, rel=5e-3)


@pytest.mark.claim("rtstruct_mask")
@pytest.mark.parametrize("flip", [1, -1])
def test_holes_islands_and_corners_survive_on_oblique_and_left_handed_grids(tmp_path: Path, flip: int) -> None:
    rng = np.random.default_rng(5)
    mask = np.zeros((4, 12, 17), bool)
    mask[:, 1:11, 1:16] = True
    mask[:, 3:9, 3:14] = False
    mask[:, 5:7, 5:12] = rng.random((4, 2, 7)) < 0.6
    affine = turned((20, -15, 40)) @ grid((2, 1.5, flip * 3), (0, 0, 0))
    affine[:3, 3] = 7, -80, 33
    structures = [Structure("shell", mask, affine), Structure("noise", rng.random((4, 12, 17)) < 0.5, affine)]
    write_rtstruct(structures, tmp_path / "rs.dcm", reference=None)
    for before, after in zip(structures, read_rtstruct(tmp_path / "rs.dcm", interpolation="none"), strict=True):
        assert after.volume_ml == pytest.approx(before.volume_ml, rel=1e-6)
        weights = after.voxel_fractions_on((before.mask.shape, affine)).to_array()
        np.testing.assert_allclose(weights, before.mask, rtol=0, atol=1e-5)


@settings(max_examples=60)
@given(mask=arrays(bool, st.tuples(st.integers(1, 7), st.integers(1, 8))))
def test_outlines_enclose_the_pixels_and_nothing_else(mask) -> None:
    polygons = voxel_edge_polygons(mask)
    j, i = np.indices(mask.shape)
    points = np.stack([i.ravel(), j.ravel()], axis=1).astype(float)
    np.testing.assert_array_equal(is_inside(points, polygons).reshape(mask.shape), mask)


def test_rows_and_columns_are_not_swapped(tmp_path: Path) -> None:
    # A popular reader swaps them if the image is not square.
    mask = np.zeros((3, 5, 11), bool)
    mask[1, 3, 8:10] = True
    mask[2, 3, 8] = True
    write_rtstruct([Structure("x", mask, AFFINE)], tmp_path / "rs.dcm", reference=None)
    (structure,) = read_rtstruct(tmp_path / "rs.dcm", interpolation="none")
    np.testing.assert_array_equal(structure.voxel_fractions_on((mask.shape, AFFINE)).to_array(), mask)


def test_outlines_go_along_voxel_edges_not_through_centers(tmp_path: Path) -> None:
    # Through the centers, 3 x 4 voxels would enclose 2 x 3.
    mask = np.zeros((2, 6, 7), bool)
    mask[:, 1:4, 2:6] = True
    write_rtstruct([Structure("x", mask, grid((1, 1, 1), (0, 0, 0)))], tmp_path / "rs.dcm", reference=None)
    contour = pydicom.dcmread(tmp_path / "rs.dcm").ROIContourSequence[0].ContourSequence[0]
    points = np.reshape([float(x) for x in contour.ContourData], (-1, 3))
    np.testing.assert_array_equal(points.min(axis=0), (1.5, 0.5, 0))
    np.testing.assert_array_equal(points.max(axis=0), (5.5, 3.5, 0))
    assert int(contour.NumberOfContourPoints) == len(points) == 4


def test_a_single_voxel_is_four_points(tmp_path: Path) -> None:
    # One-point contours of other writers crash their readers.
    mask = np.zeros((3, 4, 5), bool)
    mask[1, 2, 3] = True
    write_rtstruct([Structure("x", mask, AFFINE)], tmp_path / "rs.dcm", reference=None)
    (structure,) = read_rtstruct(tmp_path / "rs.dcm", slice_thickness_mm=3)
    assert structure.volume_ml == pytest.approx(2.1 * 1.7 * 3e-3)


def test_a_hole_is_not_filled(tmp_path: Path) -> None:
    outer, inner = ball(30), ball(15)
    shell = Structure("shell", outer & ~inner, AFFINE)
    written = write_rtstruct([shell], tmp_path / "rs.dcm", reference=None)
    assert written.advisories[0].code == "no_frame_of_reference"
    dataset = pydicom.dcmread(tmp_path / "rs.dcm")
    per_plane = [float(c.ContourData[2]) for c in dataset.ROIContourSequence[0].ContourSequence]
    # One keyhole polygon a plane.
    assert len(per_plane) == len(set(per_plane))
    (structure,) = read_rtstruct(tmp_path / "rs.dcm", interpolation="none")
    assert structure.volume_ml == pytest.approx(shell.volume_ml, rel=1e-9)
    (structure,) = read_rtstruct(tmp_path / "rs.dcm")
    assert structure.volume_ml == pytest.approx(shell.volume_ml, rel=0.01)


def test_patient_study_and_frame_are_taken_over(tmp_path: Path) -> None:
    write_series(tmp_path / "pet", np.ones((3, 4, 5)), AFFINE)
    structure = Structure("läsion", ball(5, (3, 4, 5)), AFFINE, frame_of_reference_uid=FRAME_UID)
    written = write_rtstruct([structure], tmp_path / "rs.dcm", reference=tmp_path / "pet")
    dataset = pydicom.dcmread(tmp_path / "rs.dcm")
    assert (dataset.StudyInstanceUID, dataset.PatientID, dataset.Modality) == (STUDY_UID, "1", "RTSTRUCT")
    assert written.frame_of_reference_uid == FRAME_UID
    assert not written.advisories
    (again,) = read_structures(tmp_path / "rs.dcm")
    assert (again.name, again.frame_of_reference_uid, again.label) == ("läsion", FRAME_UID, 1)
    other = Structure("x", ball(5, (3, 4, 5)), AFFINE, frame_of_reference_uid="1.2.3")
    with pytest.raises(GeometryError, match="frame of reference"):
        write_rtstruct([other], tmp_path / "rs2.dcm", reference=tmp_path / "pet")
    assert not (tmp_path / "rs2.dcm").exists()


@pytest.mark.parametrize("kind", ["plain", "flipped", "oblique"])
def test_contours_name_the_images_they_lie_on(tmp_path: Path, kind: str) -> None:
    matrix = affine(kind)
    write_series(tmp_path / "pet", values(), matrix)
    between = ContourStructure("between", [ring(0, 0, z, 3) for z in (1e3, 1e3 + 1)])
    structures = [Structure("x", values() > 40, matrix), between]
    write_rtstruct(structures, tmp_path / "rs.dcm", reference=tmp_path / "pet")
    dataset = pydicom.dcmread(tmp_path / "rs.dcm")
    slices = {d.SOPInstanceUID: d for d in map(pydicom.dcmread, (tmp_path / "pet").iterdir())}
    (frame,) = dataset.ReferencedFrameOfReferenceSequence
    (study,) = frame.RTReferencedStudySequence
    (series,) = study.RTReferencedSeriesSequence
    assert study.ReferencedSOPInstanceUID == STUDY_UID
    assert series.SeriesInstanceUID == next(iter(slices.values())).SeriesInstanceUID
    assert {image.ReferencedSOPInstanceUID for image in series.ContourImageSequence} == set(slices)
    on, off = dataset.ROIContourSequence
    for contour in on.ContourSequence:
        (image,) = contour.ContourImageSequence
        points = np.reshape([float(x) for x in contour.ContourData], (-1, 3))
        position = np.array(slices[image.ReferencedSOPInstanceUID].ImagePositionPatient, float)
        normal = np.cross(matrix[:3, 0], matrix[:3, 1])
        assert np.abs((points - position) @ normal).max() < 1e-5
    assert not any("ContourImageSequence" in contour for contour in off.ContourSequence)


def test_contours_on_spect_name_its_frames(tmp_path: Path) -> None:
    write_spect(tmp_path / "nm.dcm", values(), affine("flipped"), order=[2, 0, 3, 1])
    mask = np.zeros(values().shape, bool)
    mask[1:3, 1:3, 2:4] = True
    write_rtstruct([Structure("x", mask, affine("flipped"))], tmp_path / "rs.dcm", reference=tmp_path / "nm.dcm")
    contours = pydicom.dcmread(tmp_path / "rs.dcm").ROIContourSequence[0].ContourSequence
    # Slices 1 and 2 are stored as frames 4 and 1.
    assert [c.ContourImageSequence[0].ReferencedFrameNumber for c in contours] == [4, 1]


@pytest.mark.claim("rtstruct_legal")
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian package dicom3tools) is not installed")
def test_dciodvfy_finds_no_error(tmp_path: Path) -> None:
    path = tmp_path / "rs.dcm"
    write_series(tmp_path / "pet", np.ones(ball().shape), AFFINE)
    for reference in (None, tmp_path / "pet"):
        write_rtstruct([Structure("Ball", ball(), AFFINE)], path, reference=reference)
        done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True)
        output = done.stdout + done.stderr
        assert "RTStructureSet" in output.split()
        assert "Error" not in output
    # A missing element is an error, so that the program has checked the file.
    dataset = pydicom.dcmread(path)
    del dataset.StructureSetLabel
    pydicom.dcmwrite(path, dataset)
    done = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True)
    assert "Error - </StructureSetLabel" in done.stdout + done.stderr


def test_contours_are_written_as_they_are_and_the_same_twice(tmp_path: Path) -> None:
    contours = ContourStructure("x", [ring(1 / 3, 2, z, 9, 5, n=31) for z in (0.0, 2.5, 5)])
    empty = ContourStructure("nothing", [])
    written = write_rtstruct([contours, empty], tmp_path / "a.dcm", reference=None)
    write_rtstruct([contours, empty], tmp_path / "b.dcm", reference=None)
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()
    assert "structure_empty" in {a.code for a in written.advisories}
    back, none = read_rtstruct(tmp_path / "a.dcm")
    for before, after in zip(contours.contours, back.contours, strict=True):
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-9)
    assert none.volume_ml == 0
    assert [a.code for a in none.advisories] == ["contour_no_volume"]


def test_structures_that_contours_cannot_hold_are_refused(tmp_path: Path) -> None:
    path, mask = tmp_path / "rs.dcm", ball(5, (3, 4, 5))
    with pytest.raises(UndefinedError, match="must have unique names"):
        write_rtstruct([], path, reference=None)
    with pytest.raises(UndefinedError, match="must have unique names"):
        write_rtstruct([Structure("x", mask, AFFINE)] * 2, path, reference=None)
    with pytest.raises(DTypeError, match="threshold it first"):
        write_rtstruct([Structure("x", mask * 0.5, AFFINE)], path, reference=None)
    with pytest.raises(ArgumentError, match="label must have 1 to 16 characters"):
        write_rtstruct([Structure("x", mask, AFFINE)], path, reference=None, label="a" * 17)
    with pytest.raises(ArgumentError, match="name must have at most 64"):
        write_rtstruct([Structure("x" * 65, mask, AFFINE)], path, reference=None)
    assert not path.exists()


def changed(tmp_path: Path, change: Any) -> Path:
    solid = ContourStructure("solid", sphere(9, np.arange(-8.0, 9, 2)))
    cube = ContourStructure("cube", [box((0, 10), (0, 20), z) for z in (0.0, 3, 6)])
    write_rtstruct([solid, cube], tmp_path / "rs.dcm", reference=None)
    dataset = pydicom.dcmread(tmp_path / "rs.dcm")
    change(dataset)
    dataset.save_as(tmp_path / "changed.dcm")
    return tmp_path / "changed.dcm"


def test_contours_that_are_not_closed_are_left_out_and_reported(tmp_path: Path) -> None:
    def change(dataset) -> None:
        first, second = dataset.ROIContourSequence
        for contour in first.ContourSequence:
            contour.ContourGeometricType = "POINT"
        second.ContourSequence[0].ContourGeometricType = "OPEN_PLANAR"
        second.ContourSequence[1].ContourData = second.ContourSequence[1].ContourData[:-1]
        second.ContourSequence[2].ContourGeometricType = "CLOSEDPLANAR_XOR"

    solid, cube = read_rtstruct(changed(tmp_path, change), slice_thickness_mm=2)
    assert {a.code for a in solid.advisories} == {"contour_not_closed", "contour_no_volume"}
    assert solid.advisories[0].value == 9
    assert cube.volume_ml == pytest.approx(0.4)
    assert ["OPEN_PLANAR" in a.message for a in cube.advisories] == [True, False]


def test_names_are_told_apart_and_selected(tmp_path: Path) -> None:
    def change(dataset) -> None:
        for region in dataset.StructureSetROISequence:
            region.ROIName = "Tumor"

    path = changed(tmp_path, change)
    assert [s.name for s in read_rtstruct(path)] == ["Tumor #1", "Tumor #2"]
    assert [s.label for s in read_structures(path, names=["Tumor #2"])] == [2]
    with pytest.raises(UnknownNameError, match="Tumor #1, Tumor #2"):
        read_rtstruct(path, ["Tumor"])
    with pytest.raises(UnknownNameError, match="half_slice, none"):
        read_rtstruct(path, end_caps="round")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: setattr(d, "SOPClassUID", "1.2.3"),
        lambda d: delattr(d, "StructureSetROISequence"),
        lambda d: setattr(d.ROIContourSequence[0], "ReferencedROINumber", -1),
        lambda d: delattr(d.StructureSetROISequence[1], "ROINumber"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, change: Any) -> None:
    with pytest.raises(FileFormatError, match=r"changed\.dcm"):
        read_rtstruct(changed(tmp_path, change))


def test_coordinates_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, lambda d: None)
    data = path.read_bytes()
    at = data.index(b"10.0\\0.0\\")
    path.write_bytes(data[:at] + b"1x.0" + data[at + 4 :])
    with pytest.raises(FileFormatError, match=r"changed\.dcm"):
        read_rtstruct(path)
