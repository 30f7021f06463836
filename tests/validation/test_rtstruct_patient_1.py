"""RTSTRUCT files of another program, and the volumes that they enclose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pydicom")

from yttria import Structure, read_image, read_structures
from yttria.io.dicom import read_rtstruct, write_rtstruct

SPHERE_ML = 4 / 3 * np.pi * 27


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "dicom" / "patient_1"


def test_outlines_through_voxel_centers_are_read_as_drawn(folder: Path) -> None:
    """The file's polygons enclose 103.17 mL as slabs, 8.8 % less than the sphere they were made from."""
    (sphere,) = read_structures(folder / "rs_sphere_r30mm.dcm")
    assert sphere.volume_ml == pytest.approx(103.2, abs=0.2)
    (slabs,) = read_rtstruct(folder / "rs_sphere_r30mm.dcm", interpolation="none")
    assert slabs.volume_ml == pytest.approx(103.17, abs=0.01)


@pytest.mark.claim("voxel_centers")
def test_outlines_through_voxel_centers_give_the_voxels_of_the_named_image(folder: Path) -> None:
    """All 7369 voxels within 30 mm, which the file's author outlined: 112.5 mL, and 112.6 smooth between planes."""
    pet = read_image(folder / "pet")
    (sphere,) = read_rtstruct(folder / "rs_sphere_r30mm.dcm", through_voxel_centers_of=pet)
    assert sphere.volume_ml == pytest.approx(SPHERE_ML, rel=5e-3)
    (slabs,) = read_rtstruct(folder / "rs_sphere_r30mm.dcm", interpolation="none", through_voxel_centers_of=pet)
    k, j, i = np.indices(pet.shape)
    points = np.stack([i, j, k, np.ones(i.shape)], axis=-1) @ pet.affine_lps[:3].T
    mask = np.linalg.norm(points - pet.affine_lps[:3] @ np.array([45, 40, 15, 1]), axis=-1) <= 30
    assert mask.sum() == 7369
    np.testing.assert_allclose(slabs.voxel_fractions_on(pet).to_array(), mask, atol=1e-5)


def test_the_shell_has_a_hole(folder: Path) -> None:
    pet = read_image(folder / "pet")
    (sphere,), (shell,) = (read_structures(folder / f"rs_{n}.dcm") for n in ("sphere_r30mm", "shell_15_30mm"))
    # Sections through the center of the shell are hollow, those of the sphere are not.
    whole, hollow = (s.voxel_fractions_on(pet).to_array() for s in (sphere, shell))
    k, j, i = (round(float((n * whole).sum() / whole.sum())) for n in np.indices(whole.shape))
    assert whole[k, j, i] == 1
    assert hollow[k, j, i] == 0
    assert hollow.sum() == pytest.approx(whole.sum() * (85.38 / 103.25), rel=2e-3)


def test_a_written_sphere_on_the_grid_of_the_pet_keeps_its_volume(folder: Path, tmp_path: Path) -> None:
    pet = read_image(folder / "pet")
    k, j, i = np.indices(pet.shape)
    points = np.stack([i, j, k, np.ones(i.shape)], axis=-1) @ pet.affine_lps[:3].T
    center = pet.affine_lps[:3] @ np.array([45.2, 40.4, 14.7, 1])
    mask = np.linalg.norm(points - center, axis=-1) <= 30
    write_rtstruct([Structure("sphere", mask, pet.affine_lps)], tmp_path / "rs.dcm", reference=folder / "pet")
    (slabs,) = read_rtstruct(tmp_path / "rs.dcm", interpolation="none")
    assert slabs.volume_ml == pytest.approx(mask.sum() * pet.voxel_volume_ml, rel=1e-6)
    (smooth,) = read_structures(tmp_path / "rs.dcm")
    assert smooth.volume_ml == pytest.approx(SPHERE_ML, rel=5e-3)
    assert smooth.frame_of_reference_uid == pet.frame_of_reference_uid
