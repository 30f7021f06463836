"""Contours through the centers of voxels give back the mask that they outline, and other contours are not confused with
them."""

from __future__ import annotations

import numpy as np
import pytest
from contour_samples import box, grid, ring, turned
from dicom_samples import write_series, write_spect
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import affine, values

pytest.importorskip("pydicom")

from yttria import ContourStructure, Image
from yttria.errors import FileFormatError, GeometryError
from yttria.io.dicom import read_grid, read_rtstruct, read_structures, write_rtstruct
from yttria.io.dicom.voxel_centers import carried_to_edges, contours_follow_voxel_centers
from yttria.reference.contours import is_inside

SHAPE = (3, 9, 12)


def image(flip: int = 1) -> Image:
    matrix = turned((20, -15, 40)) @ grid((2, 1.5, flip * 3), (7, -80, 33))
    return Image(np.zeros(SHAPE, np.uint8), matrix, "1", frame_of_reference_uid="1.2")


def drawn(index: list[tuple[int, int]], k: int, on: Image) -> np.ndarray:
    points = np.column_stack([index, np.full(len(index), k)]).astype(float)
    return points @ on.affine_lps[:3, :3].T + on.affine_lps[:3, 3]


def on_or_inside(polygons: list[list[tuple[int, int]]]) -> int:
    """Pixels by the definition: even-odd at the center, or no distance from a side."""
    j, i = np.indices(SHAPE[1:])
    points = np.stack([i.ravel(), j.ravel()], axis=1).astype(float)
    found = is_inside(points, [np.array(p, float) for p in polygons])
    for polygon in polygons:
        for a, b in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            side, length = np.subtract(b, a), max(float(np.hypot(*np.subtract(b, a))), 1e-12)
            along = np.clip((points - a) @ side / length**2, 0, 1)
            found = found | (np.linalg.norm(points - a - along[:, None] * side, axis=1) < 1e-9)
    return int(found.sum())


@pytest.mark.claim("voxel_centers")
@pytest.mark.parametrize("flip", [1, -1])
def test_an_outline_through_voxel_centers_gives_its_mask(flip: int) -> None:
    on = image(flip)
    contours = [
        drawn([(1, 1), (8, 1), (8, 7), (1, 7)], 0, on),
        drawn([(3, 3), (6, 3), (6, 5), (3, 5)], 0, on),  # the hole's outline runs through the mask, as the outer one
        drawn([(4, 4)], 1, on),
        drawn([(2, 6), (5, 6)], 2, on),
    ]
    outlines, count = carried_to_edges(contours, on, "x")
    assert count == 8 * 7 - 2 * 1 + 1 + 4
    solid = ContourStructure("x", outlines, interpolation="none")
    weights = solid.voxel_fractions_on(on).to_array()
    expected = np.zeros(SHAPE)
    expected[0, 1:8, 1:9] = 1
    expected[0, 4, 4:6] = 0
    expected[1, 4, 4] = 1
    expected[2, 6, 2:6] = 1
    np.testing.assert_allclose(weights, expected, atol=1e-5)


corners = st.tuples(st.integers(0, SHAPE[2] - 1), st.integers(0, SHAPE[1] - 1))


@pytest.mark.claim("voxel_centers")
@settings(max_examples=60)
@given(st.lists(st.lists(corners, min_size=1, max_size=7), min_size=1, max_size=3))
def test_any_polygons_between_centers_follow_the_definition(polygons: list[list[tuple[int, int]]]) -> None:
    on = image()
    _, count = carried_to_edges([drawn(p, 1, on) for p in polygons], on, "x")
    assert count == on_or_inside(polygons)


def test_contours_beside_the_voxel_centers_are_refused() -> None:
    on = image()
    good = drawn([(1, 1), (4, 1), (4, 3)], 1, on)
    assert contours_follow_voxel_centers([good], on)
    step = on.affine_lps[:3, 0]
    for wrong, message in (
        (good + 0.5 * step, "a point 0.5 voxels off one"),
        (good + 0.02 * step, "a point 0.02 voxels off one"),
        (good * np.nan, "a point nan voxels"),
        (good + 1e300, "a point beyond it"),
        (good - 9 * step, "a point beyond it"),
        (drawn([(1, 1), (4, 1), (4, 3)], 1, on) + np.outer([0, 0, 1], on.affine_lps[:3, 2]), "one across them"),
    ):
        with pytest.raises(GeometryError, match=message):
            carried_to_edges([good, wrong], on, "x")
    assert not contours_follow_voxel_centers([good, good + 0.5 * step], on)
    assert not contours_follow_voxel_centers([], on)


def test_a_structure_set_is_read_as_the_voxels_of_its_image_on_request(tmp_path) -> None:
    matrix = affine("oblique")
    write_series(tmp_path / "pet", values(), matrix)
    contours = [np.array([matrix[:3] @ (i, j, k, 1) for i, j in ((1, 1), (5, 1), (5, 3), (1, 3))]) for k in (1, 2)]
    write_rtstruct([ContourStructure("x", contours)], tmp_path / "rs.dcm", reference=tmp_path / "pet")
    grid_ = read_grid(tmp_path / "pet")
    (solid,) = read_structures(tmp_path / "rs.dcm")
    (grown,) = read_rtstruct(tmp_path / "rs.dcm", through_voxel_centers_of=grid_)
    voxel_ml = 1.5 * 2.25 * 3.5e-3
    assert solid.volume_ml == pytest.approx(2 * 4 * 2 * voxel_ml, rel=1e-3)
    assert grown.volume_ml == pytest.approx(2 * 5 * 3 * voxel_ml, rel=1e-3)
    (advisory,) = grown.advisories
    assert (advisory.code, advisory.value) == ("contour_at_voxel_edges", pytest.approx(30 * voxel_ml))
    other = Image(grid_.array, grid_.affine_lps, "1", frame_of_reference_uid="1.2.3")
    with pytest.raises(GeometryError, match="frame of reference"):
        read_rtstruct(tmp_path / "rs.dcm", through_voxel_centers_of=other)


def test_the_grid_of_a_series_is_read_for_values_of_any_unit(tmp_path) -> None:
    def uptake(dataset, k: int) -> None:
        dataset.Units = "GML"

    write_series(tmp_path / "pet", values(), affine("flipped"), change=uptake)
    write_spect(tmp_path / "nm.dcm", values(), affine("oblique"), order=[2, 0, 3, 1])
    for path, kind in (("pet", "flipped"), ("nm.dcm", "oblique")):
        found = read_grid(tmp_path / path)
        assert found.shape == values().shape
        # Slices come in the order of their positions along the normal.
        expected = affine(kind)
        if path == "pet":
            expected[:3, 3] += 3 * expected[:3, 2]
            expected[:3, 2] *= -1
        np.testing.assert_allclose(found.affine_lps, expected, atol=1e-6)
        assert found.frame_of_reference_uid
    write_rtstruct(
        [ContourStructure("x", [box((0, 1), (0, 1), z) for z in (0.0, 1)])], tmp_path / "rs.dcm", reference=None
    )
    with pytest.raises(FileFormatError, match="a series of PT or NM or CT or MR"):
        read_grid(tmp_path / "rs.dcm")


def test_an_outline_along_voxel_edges_is_not_taken_for_one_through_centers() -> None:
    on = Image(np.zeros((3, 40, 40), np.uint8), np.eye(4), "1")
    assert not contours_follow_voxel_centers([ring(15, 15, z, 9) for z in (0.0, 1, 2)], on)
