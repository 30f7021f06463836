"""From slices to a grid: order of slices, affine, refusals."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pydicom")

import pydicom
from dicom_samples import place
from image_samples import KINDS, affine

from yttria.advisory.warning_filters import quiet
from yttria.errors import FileFormatError, GeometryError
from yttria.io.dicom.geometry import Plane, plane, stacked

ORDER = [2, 0, 3, 1]


def planes(matrix: np.ndarray, slices: list[int]) -> list[Plane]:
    found = []
    for k in slices:
        dataset = pydicom.Dataset()
        place(dataset, matrix, k)
        found.append(plane(dataset))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_slices_in_any_order_are_sorted_along_their_normal(kind: str) -> None:
    matrix = affine(kind)
    order, found, advisories = stacked(planes(matrix, ORDER))
    assert not advisories
    slices = [ORDER[n] for n in order]
    assert slices == ([0, 1, 2, 3] if np.linalg.det(matrix[:3, :3]) > 0 else [3, 2, 1, 0])
    # A voxel keeps its place. Index k of the file's grid is index slices.index(k) of the read grid.
    for k in slices:
        expected = matrix @ [4.0, 2.0, k, 1.0]
        assert found @ [4.0, 2.0, slices.index(k), 1.0] == pytest.approx(expected, abs=1e-8)
    assert np.linalg.det(found[:3, :3]) > 0


def test_pixel_spacing_is_rows_then_columns() -> None:
    _, found, _ = stacked(planes(affine("plain"), [0, 1]))
    assert np.diag(found)[:3] == pytest.approx([1.5, 2.25, 3.5])


@pytest.mark.parametrize(
    ("slices", "message"),
    [
        ([0, 1, 3, 4], "there are 7 mm"),
        ([0, 1, 1, 2], "must lie apart: two are at 3.500 mm"),
        ([0, 0], "must lie apart"),
        ([0], "at least two slices"),
    ],
)
def test_gaps_and_duplicates_are_refused(slices: list[int], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        stacked(planes(affine("oblique"), slices))


@pytest.mark.parametrize(
    ("shift", "severity"), [(0.004, None), (0.006, "note"), (0.019, "note"), (0.022, "warning"), (0.049, "warning")]
)
def test_a_slice_off_the_even_grid_is_reported_with_its_distance(shift: float, severity: str | None) -> None:
    found = planes(affine("plain"), [0, 1, 2, 3, 4])
    found[2].position[2] += 3.5 * shift
    order, matrix, advisories = stacked(found)
    assert order == [0, 1, 2, 3, 4]
    assert matrix[2, 2] == pytest.approx(3.5)
    assert [a.severity for a in advisories] == [severity] * (severity is not None)
    for advisory in advisories:
        assert advisory.code == "uneven_slices"
        assert advisory.value == pytest.approx(3.5 * shift, abs=1e-9)
        assert f"{3.5 * shift:.3f} mm off" in advisory.message


def test_a_slice_beyond_five_percent_of_the_distance_is_refused() -> None:
    found = planes(affine("plain"), [0, 1, 2, 3, 4])
    found[2].position[2] += 3.5 * 0.051
    with pytest.raises(GeometryError, match="within 5%"):
        stacked(found)


def test_a_missing_slice_is_refused_in_a_long_stack_at_every_place() -> None:
    for missing in (1, 2, 250, 497, 498):
        with pytest.raises(GeometryError, match="there are 7 mm"):
            stacked(planes(affine("plain"), [k for k in range(500) if k != missing]))


def test_rounding_of_lateral_positions_is_no_shear() -> None:
    found = planes(affine("plain"), [0, 1, 2])
    found[2].position[0] += 0.015
    assert stacked(found).affine[:3, 2].tolist() == pytest.approx([0, 0, 3.5])


def test_a_tilted_gantry_is_refused() -> None:
    found = planes(affine("plain"), [0, 1, 2])
    for k, p in enumerate(found):
        p.position[1] += 0.2 * k
    with pytest.raises(GeometryError, match="shear"):
        stacked(found)


def test_a_slice_beside_the_line_is_refused() -> None:
    found = planes(affine("plain"), [0, 1, 2])
    found[1].position[0] += 1.0
    with pytest.raises(GeometryError, match=r"1\.000 mm off"):
        stacked(found)


def test_mixed_orientations_and_spacings_are_refused() -> None:
    with pytest.raises(GeometryError, match="one orientation"):
        stacked([*planes(affine("plain"), [0]), *planes(affine("oblique"), [1])])
    wider = affine("plain") @ np.diag([1.1, 1, 1, 1])
    with pytest.raises(GeometryError, match="one pixel spacing"):
        stacked([*planes(affine("plain"), [0]), *planes(wider, [1])])


@pytest.mark.parametrize(
    ("keyword", "value", "error", "message"),
    [
        ("PixelSpacing", ["nan", "1"], FileFormatError, r"PixelSpacing \(0028,0030\) must be 2 finite numbers"),
        ("PixelSpacing", ["0", "1"], GeometryError, "positive"),
        ("PixelSpacing", None, FileFormatError, "no PixelSpacing"),
        ("PixelSpacing", "2", FileFormatError, "2 finite numbers"),
        ("ImagePositionPatient", ["0", "0", "inf"], FileFormatError, "3 finite numbers"),
        ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0], GeometryError, "right angle"),
        ("ImageOrientationPatient", [2, 0, 0, 0, 1, 0], GeometryError, "unit vectors"),
        ("ImageOrientationPatient", ["1e300"] * 6, GeometryError, "unit vectors"),
    ],
)
def test_a_plane_is_refused_with_the_value_that_was_found(
    keyword: str, value: object, error: type[Exception], message: str
) -> None:
    dataset = pydicom.Dataset()
    place(dataset, affine("plain"), 0)
    with quiet():
        setattr(dataset, keyword, value)
        with pytest.raises(error, match=message):
            plane(dataset)
