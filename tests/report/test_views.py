"""Planes look the same for any order and direction of the array's axes."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from yttria.report.views import Orientation, plane

SIZE_LPS_MM = (2.0, 3.0, 5.0)
SHAPE_LPS = (4, 5, 6)


def stored(order: tuple[int, ...], flips: tuple[bool, ...]) -> tuple[np.ndarray, np.ndarray]:
    """One volume, indexed [L, P, S], stored with index axes i, j, k along the patient axes `order`, some reversed."""
    volume = np.arange(np.prod(SHAPE_LPS)).reshape(SHAPE_LPS)
    affine = np.zeros((4, 4))
    affine[3, 3] = 1.0
    array = volume.transpose(order)
    for index, (patient, flip) in enumerate(zip(order, flips, strict=True)):
        affine[patient, index] = -SIZE_LPS_MM[patient] if flip else SIZE_LPS_MM[patient]
        if flip:
            array = np.flip(array, axis=index)
    return array.transpose(2, 1, 0), affine


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("flips", list(product((False, True), repeat=3)))
def test_each_plane_is_the_same_picture(order: tuple[int, ...], flips: tuple[bool, ...]) -> None:
    volume = np.arange(np.prod(SHAPE_LPS)).reshape(SHAPE_LPS)
    left, back, up = 1, 3, 2
    array, affine = stored(order, flips)
    (center,) = np.argwhere(array == volume[left, back, up])
    orientation = Orientation.of(affine)
    assert orientation.voxel_size_mm == SIZE_LPS_MM

    k, j, i = (slice(0, n) for n in array.shape)
    box = (k, j, i)
    axial = plane("axial", tuple(center), box, orientation)
    coronal = plane("coronal", tuple(center), box, orientation)
    sagittal = plane("sagittal", tuple(center), box, orientation)
    np.testing.assert_array_equal(axial.cut(array), volume[:, :, up].T)
    np.testing.assert_array_equal(coronal.cut(array), volume[:, back, ::-1].T)
    np.testing.assert_array_equal(sagittal.cut(array), volume[left, :, ::-1].T)
    assert axial.labels == ("R", "L", "A", "P")
    assert coronal.labels == ("R", "L", "S", "I")
    assert sagittal.labels == ("A", "P", "S", "I")
    assert axial.extent_mm == (8.0, 15.0)
    assert coronal.extent_mm == (8.0, 30.0)
    assert sagittal.extent_mm == (15.0, 30.0)
    assert (axial.aspect, coronal.aspect, sagittal.aspect) == (1.5, 2.5, 5.0 / 3.0)


def test_an_oblique_image_is_shown_by_its_nearest_axes() -> None:
    angle = np.deg2rad(25.0)
    affine = np.eye(4)
    affine[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    orientation = Orientation.of(affine)
    assert orientation.array_axis == (2, 1, 0)
    assert orientation.reversed == (False, False, False)
