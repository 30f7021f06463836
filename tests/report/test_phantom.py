"""The stated truth of the phantom holds on every grid."""

from __future__ import annotations

import numpy as np
import pytest

from yttria import Nuclide
from yttria.errors import OutOfRangeError
from yttria.phantom import liver_phantom

NUCLIDE = Nuclide()


@pytest.fixture(scope="module")
def phantom():
    return liver_phantom((3.0, 4.5, 4.0))


def test_the_image_holds_the_administered_activity_decayed_to_the_scan(phantom) -> None:
    found_gbq = phantom.activity.array.sum(dtype=np.float64) * phantom.activity.voxel_volume_ml * 1e-9
    expected = phantom.administered_activity_gbq * NUCLIDE.decay_factor(phantom.scan_delay_h)
    assert found_gbq == pytest.approx(expected, rel=1e-6)  # float32 image


@pytest.mark.claim("demo_phantom")
def test_energy_in_the_liver_is_the_delivered_activity_less_the_shunt(phantom) -> None:
    joule = sum(phantom.mean_dose_gy[n] * phantom.mass_kg[n] for n in ("Normal liver", "Tumor 1", "Tumor 2"))
    expected = NUCLIDE.dose_factor_gy_kg_per_gbq * phantom.administered_activity_gbq * (1 - phantom.lung_shunt_fraction)
    assert joule == pytest.approx(expected, rel=1e-6)
    assert phantom.mean_dose_gy["Tumor 1"] == pytest.approx(5.0 * phantom.mean_dose_gy["Normal liver"], rel=1e-12)
    whole = phantom.mean_dose_gy["Liver"] * phantom.mass_kg["Liver"]
    assert whole == pytest.approx(expected, rel=1e-6)


@pytest.mark.claim("demo_phantom")
def test_a_voxel_inside_a_tumor_has_its_true_dose(phantom) -> None:
    at_administration = phantom.activity.array / NUCLIDE.decay_factor(phantom.scan_delay_h) * 1e-6
    dose_gy = NUCLIDE.dose_factor_gy_kg_per_gbq * at_administration / phantom.density_g_per_ml
    assert dose_gy.max() == pytest.approx(phantom.mean_dose_gy["Tumor 1"], rel=1e-6)


def test_structures_have_their_analytic_volumes(phantom) -> None:
    volume_ml = {s.name: s.volume_ml for s in phantom.structures}
    assert volume_ml["Tumor 1"] == pytest.approx(4 / 3 * np.pi * 3.0**3, rel=3e-3)
    assert volume_ml["Liver"] == pytest.approx(4 / 3 * np.pi * 8.8 * 6.8 * 6.2, rel=3e-3)
    parts = volume_ml["Normal liver"] + volume_ml["Tumor 1"] + volume_ml["Tumor 2"]
    assert parts == pytest.approx(volume_ml["Liver"], rel=1e-12)


def test_blur_keeps_the_activity_and_lowers_the_peak(phantom) -> None:
    blurred = liver_phantom((3.0, 4.5, 4.0), blur_fwhm_mm=8.0).activity.array
    sharp = phantom.activity.array
    assert blurred.sum(dtype=np.float64) == pytest.approx(
        sharp.sum(dtype=np.float64), rel=1e-3
    )  # lungs leave the field
    assert blurred.max() < sharp.max() * 1.001


@pytest.mark.parametrize(
    ("arguments", "quantity"),
    [
        ({"voxel_size_mm": (3.0, 4.0)}, "voxel size"),
        ({"voxel_size_mm": (3.0, 4.0, float("nan"))}, "voxel size"),
        ({"lung_shunt_fraction": 5.0}, "lung shunt fraction"),
        ({"administered_activity_gbq": -1.0}, "administered activity"),
        ({"blur_fwhm_mm": float("inf")}, "blur"),
    ],
)
def test_an_impossible_phantom_is_refused(arguments: dict[str, object], quantity: str) -> None:
    with pytest.raises(OutOfRangeError, match=quantity):
        liver_phantom(**arguments)  # type: ignore[arg-type]
