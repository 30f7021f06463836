"""Intervals of simulated images hold the truth as often as they state; `benches/uncertainty_coverage.py` is larger."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from measured_figures import Measured

from yttria import AbsoluteScaling, Image, Structure, dose_image
from yttria.evaluation import PropagatedQuantity, UncertaintyInputs
from yttria.reference.propagation import gaussian
from yttria.voxel import ImageNoise, propagate_uncertainty

SIZE_MM, VOXELS, PARTS = 4.0, 17, 4
RADIUS_MM, BACKGROUND, TUMOR = 15.0, 0.5, 4.0
CAMERA_MM = FILTER_MM = 4.5
COUNTS, CALIBRATION, CONTOUR_MM = 20.0, 0.06, 0.8
STUDIES, DRAWS = 100, 100


def affine(size_mm: float, count: int) -> Any:
    found = np.diag([size_mm, size_mm, size_mm, 1.0])
    found[:3, 3] = -0.5 * (count - 1) * size_mm
    return found


def ball(radius_mm: float) -> Any:
    """Inside a ball, on a grid of parts of voxels."""
    at = (np.arange(VOXELS * PARTS) - 0.5 * (VOXELS * PARTS - 1)) * SIZE_MM / PARTS
    return at[:, None, None] ** 2 + at[:, None] ** 2 + at**2 < radius_mm**2


def blurred(array: Any, fwhm_mm: float) -> Any:
    for axis in range(3):
        array = np.apply_along_axis(np.convolve, axis, array, gaussian(fwhm_mm, SIZE_MM), "same")
    return array


def study(expected: Any, seed: int) -> PropagatedQuantity:
    rng = np.random.default_rng(seed)
    calibration = 1.0 + CALIBRATION * rng.standard_normal()
    image = blurred(rng.poisson(expected * COUNTS) / COUNTS * calibration, FILTER_MM)
    activity = Image(image, affine(SIZE_MM, VOXELS), "MBq/mL")
    outline = ball(RADIUS_MM + CONTOUR_MM * rng.standard_normal())
    tumor = Structure("Tumor", outline, affine(SIZE_MM / PARTS, VOXELS * PARTS))
    return propagate_uncertainty(
        dose_image(activity, scaling=AbsoluteScaling(0.0)),
        [tumor],
        UncertaintyInputs(calibration_uncertainty=CALIBRATION, contour_uncertainty_mm=CONTOUR_MM),
        noise=ImageNoise.poisson(activity, counts_per_unit=COUNTS, fwhm_mm=FILTER_MM),
        metrics=[],
        recovered_fwhm_mm=float(np.hypot(CAMERA_MM, FILTER_MM)),
        draws=DRAWS,
        seed=seed,
        threads=1,
    ).of("Tumor", "recovered_mean_gy")


@pytest.mark.claim("uncertainty_coverage")
def test_intervals_of_simulated_images_hold_the_truth(measured: Measured) -> None:
    parts = ball(RADIUS_MM).reshape((VOXELS, PARTS) * 3).mean(axis=(1, 3, 5))
    expected = blurred(BACKGROUND + (TUMOR - BACKGROUND) * parts, CAMERA_MM)
    unit = Image(np.ones((1, 1, 1)), np.eye(4), "MBq/mL")
    truth = TUMOR * float(dose_image(unit, scaling=AbsoluteScaling(0.0)).image.array[0, 0, 0])
    found = [study(expected, seed) for seed in range(STUDIES)]
    held = float(np.mean([low <= truth <= high for low, high in (each.interval for each in found)]))
    z = np.array([(each.value - truth) / each.standard_uncertainty for each in found])
    measured("intervals that hold the truth, small study", 100.0 * held, "%", digits=3)
    measured("standard deviation of z, small study", float(z.std(ddof=1)), digits=3)
    # An interval between draws 3 and 98 of 100 holds 95 of 101 outcomes. Bounds of 3.5 standard errors.
    expected_share = 95.0 / 101.0
    assert held == pytest.approx(expected_share, abs=3.5 * np.sqrt(expected_share * (1.0 - expected_share) / STUDIES))
    assert float(z.std(ddof=1)) == pytest.approx(1.0, abs=3.5 / np.sqrt(2.0 * STUDIES))
    assert float(z.mean()) == pytest.approx(0.0, abs=3.5 / np.sqrt(STUDIES))
