"""Structure: allowed masks, and volume."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from image_samples import SHAPE, affine

from yttria import Image, Structure
from yttria.errors import ArgumentError, DTypeError, GeometryError, OutOfRangeError, ShapeError, UnknownNameError

VOXEL_ML = 1.5 * 2.25 * 3.5e-3


def _mask() -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[1:3, 2:5, 1:6] = True
    return mask


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, ">f8", ">i2"])
def test_zeros_and_ones_of_any_type_are_one_mask(dtype: str) -> None:
    structure = Structure("Liver", _mask().astype(dtype), affine("flipped"))
    np.testing.assert_array_equal(structure.mask, _mask())
    assert structure.volume_ml == pytest.approx(30 * VOXEL_ML, rel=1e-14)


def test_fractions_count_as_fractions() -> None:
    structure = Structure("Liver", _mask() * np.float32(0.25), affine("oblique"))
    assert structure.volume_ml == pytest.approx(7.5 * VOXEL_ML, rel=1e-14)


@pytest.mark.parametrize(
    ("mask", "got"),
    [
        (_mask() * np.uint8(255), "from 0 to 255"),  # SimpleITK reads a DICOM SEG so
        (_mask() * np.int8(-1), "from -1 to 0"),
        (_mask() * 1.5, r"from 0\.0 to 1\.5"),
        (np.where(_mask(), np.nan, 0), "from nan to nan"),
        (np.where(_mask(), np.inf, 0), r"from 0\.0 to inf"),
    ],
)
def test_other_values_are_refused(mask: np.ndarray, got: str) -> None:
    with pytest.raises(OutOfRangeError, match=f"mask of 'Liver' must hold .*{got}"):
        Structure("Liver", mask, affine("plain"))


def test_a_label_picks_its_volume_from_a_labelmap() -> None:
    labelmap = np.where(_mask(), 5, 2).astype(np.uint16)
    structure = Structure("Liver", labelmap, affine("plain"), label=5)
    np.testing.assert_array_equal(structure.mask, _mask())
    with pytest.raises(UnknownNameError, match="label of 'Liver' must occur in the labelmap, got 7"):
        Structure("Liver", labelmap, affine("plain"), label=7)


def test_wrong_fields_are_refused() -> None:
    with pytest.raises(ShapeError, match="mask of 'Liver'"):
        Structure("Liver", _mask()[0], affine("plain"))
    with pytest.raises(DTypeError, match="mask of 'Liver'"):
        Structure("Liver", _mask() * 1j, affine("plain"))
    with pytest.raises(GeometryError, match="finite"):
        Structure("Liver", _mask(), affine("plain") * np.nan)
    with pytest.raises(ArgumentError, match="name must be"):
        Structure(" ", _mask(), affine("plain"))
    for label in (0, -1, 2**31, 1.5):
        with pytest.raises(OutOfRangeError, match="label of 'Liver' must be an integer within"):
            Structure("Liver", _mask(), affine("plain"), label=label)  # type: ignore[arg-type]
    for color in ((1.0, 0.5), (0.0, 0.0, 1.5), (0.0, 0.0, float("nan"))):
        with pytest.raises(OutOfRangeError, match="color of 'Liver'"):
            Structure("Liver", _mask(), affine("plain"), color=color)  # type: ignore[arg-type]


@pytest.mark.parametrize("mask", [_mask(), _mask() * np.float32(0.5)])
def test_a_pickled_structure_is_the_same(mask: np.ndarray) -> None:
    structure = Structure("Liver", mask, affine("oblique"), label=np.int16(5), color=(0.0, 0.5, 1.0))  # type: ignore[arg-type]
    copy = pickle.loads(pickle.dumps(structure))
    assert (copy.name, copy.label, copy.color) == ("Liver", 5, (0.0, 0.5, 1.0))
    np.testing.assert_array_equal(copy.mask, structure.mask)
    np.testing.assert_array_equal(copy.affine_lps, structure.affine_lps)
    assert not copy.mask.flags.writeable


def test_a_mask_is_copied_unless_it_cannot_be_changed() -> None:
    mask = _mask()
    structure = Structure("Liver", mask, affine("plain"))
    assert not np.shares_memory(structure.mask, mask)
    assert mask.flags.writeable
    assert not structure.mask.flags.writeable
    mask.flags.writeable = False
    assert np.shares_memory(Structure("Liver", mask, affine("plain")).mask, mask)


def test_voxel_fractions_on_another_grid_keeps_the_volume() -> None:
    structure = Structure("Liver", _mask(), affine("oblique"))
    coarse = affine("plain")
    coarse[:3, :3] *= 1.7
    coarse[:3, 3] -= 20.0
    image = Image(np.zeros((9, 19, 29)), coarse, "Gy")
    fractions = structure.voxel_fractions_on(image)
    assert fractions.outside_fraction == 0
    assert fractions.volume_ml(image.voxel_volume_ml) == pytest.approx(structure.volume_ml, rel=0.005)
    assert structure.voxel_fractions_on((image.shape, coarse), threads=2) == fractions
    with pytest.raises(ArgumentError, match=r"an Image or \(shape, affine_lps\), got ndarray"):
        structure.voxel_fractions_on(np.zeros((3, 3)))  # type: ignore[arg-type]
