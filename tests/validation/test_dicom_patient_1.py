"""DICOM made from a real yttrium-90 PET, and real segmentations, against figures from outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from measured_figures import Measured

pytest.importorskip("highdicom")

from yttria import AbsoluteScaling, Image, dose_image, read_image, read_structures, write_image
from yttria.io.dicom import activity_timing


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "dicom"


def in_field_mbq(image: Image) -> float:
    return float(image.array.sum(dtype=np.float64)) * image.voxel_volume_ml * 1e-6


@pytest.mark.claim("pet_slopes")
def test_the_activity_in_the_field_is_that_of_all_slices(folder: Path, measured: Measured) -> None:
    pet = read_image(folder / "patient_1" / "pet")
    measured("activity in the field", in_field_mbq(pet), "MBq", digits=7)
    assert in_field_mbq(pet) == pytest.approx(892.4883, abs=5e-5)
    assert (pet.shape, pet.unit) == ((30, 80, 90), "Bq/mL")


@pytest.mark.claim("pet_slopes")
def test_fractional_slopes_after_a_whole_first_slope_are_kept(folder: Path, measured: Measured) -> None:
    """A reader that takes its pixel type from the first slice finds 24.27 MBq here."""
    trap = read_image(folder / "patient_1" / "pet_TRAP_first_slice_integer_slope")
    measured("with a whole-number slope first", in_field_mbq(trap), "MBq", digits=7)
    assert in_field_mbq(trap) == pytest.approx(891.4923, abs=5e-5)


def test_delay_and_activity_of_the_header_are_read(folder: Path) -> None:
    timing = activity_timing(folder / "patient_1" / "pet")
    assert timing.scan_delay_h == pytest.approx(3.0)
    assert timing.administered_activity_gbq == pytest.approx(1.4)
    assert timing.advisories == ()


@pytest.mark.claim("dose_from_dicom")
def test_the_dose_from_dicom_is_that_from_nrrd(folder: Path, tmp_path: Path, measured: Measured) -> None:
    """Against the original values in double precision on the same voxels, which 16 bits round by up to half a slope."""
    pet = read_image(folder / "patient_1" / "pet")
    write_image(pet, tmp_path / "pet.nrrd")
    original = read_image(folder.parent / "images" / "patient_1_Y90_PET.nrrd", unit="Bq/mL")
    offset = np.linalg.inv(original.affine_lps) @ pet.affine_lps[:, 3]
    i, j, k = np.rint(offset[:3]).astype(int)
    cropped = Image(original.array[k : k + 30, j : j + 80, i : i + 90], pet.affine_lps, "Bq/mL")
    assert np.abs(original.affine_lps @ [i, j, k, 1] - pet.affine_lps[:, 3]).max() < 1e-3
    results = [
        dose_image(image, scaling=AbsoluteScaling(scan_delay_h=3.0))
        for image in (pet, read_image(tmp_path / "pet.nrrd"), cropped)
    ]
    doses = [r.image.array for r in results]
    assert (doses[0] == doses[1]).all()
    assert np.abs(doses[0] - doses[2]).max() <= 1e-5 * doses[2].max()
    measured("largest difference of a voxel, relative", np.abs(doses[0] - doses[2]).max() / doses[2].max())
    segments = read_structures(folder / "patient_1" / "seg.dcm")
    means = [r.table(segments)[0].mean_gy for r in (results[0], results[2])]
    assert means[0] == pytest.approx(means[1], rel=1e-5)


@pytest.mark.claim("segments_in_place")
@pytest.mark.parametrize("name", ["seg.dcm", "seg_labelmap.dcm"])
def test_a_segmentation_on_another_grid_keeps_its_volume(folder: Path, name: str) -> None:
    (perfused,) = read_structures(folder / "patient_1" / name)
    pet = read_image(folder / "patient_1" / "pet")
    # 9002 voxels; the empty slice is not stored, and the slices run downwards.
    assert np.count_nonzero(perfused.mask) == 9002
    assert perfused.mask.shape == (29, 80, 90)
    assert perfused.affine_lps[2, 2] < 0
    assert perfused.volume_ml == pytest.approx(9002 * pet.voxel_volume_ml, rel=1e-9)
    assert perfused.voxel_fractions_on(pet).volume_ml(pet.voxel_volume_ml) == pytest.approx(
        perfused.volume_ml, rel=1e-6
    )


@pytest.mark.claim("segments_in_place")
def test_a_segmentation_of_the_liver_has_its_volume_and_ct_numbers(folder: Path) -> None:
    (liver,) = read_structures(folder / "dcmqi_liver" / "liver.dcm")
    assert np.count_nonzero(liver.mask) == 107_098
    assert liver.volume_ml == pytest.approx(70.36, abs=0.005)
    ct = read_image(folder / "dcmqi_liver")
    assert (ct.unit, ct.shape) == ("HU", (3, 512, 512))
    weights = liver.voxel_fractions_on(ct).to_array()
    # Unenhanced liver in noisy thin slices: beside it lie air, fat and bone.
    assert 40 < np.median(ct.array[weights > 0.5]) < 60


@pytest.mark.claim("segments_in_place")
def test_overlapping_segments_stay_apart(folder: Path) -> None:
    found = {s.name: s.mask for s in read_structures(folder / "dcmqi_liver" / "partial_overlaps.dcm")}
    assert list(found) == ["GREEN", "ORANGE", "PURPLE", "LIGHT_BLUE", "DARK_BLUE"]
    overlaps = [(a, b) for a in found for b in found if a < b and (found[a] & found[b]).any()]
    assert overlaps
    assert {n: int(m.sum()) for n, m in found.items()} == {
        "GREEN": 9602,
        "ORANGE": 11888,
        "PURPLE": 10743,
        "LIGHT_BLUE": 6693,
        "DARK_BLUE": 4713,
    }
