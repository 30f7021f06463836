"""Noise of counts from repeated images: known noise comes back, also with correlated neighbors; hostile input."""

from __future__ import annotations

import math

import numpy as np
import pytest

from yttria import AbsoluteScaling, Image, Structure, dose_image
from yttria.errors import ArgumentError, DuplicateNameError, GeometryError, UndefinedError
from yttria.evaluation import UncertaintyInputs
from yttria.voxel import repeated_count_uncertainty

AFFINE = np.diag([3.0, 3.0, 3.0, 1.0])
INSIDE = np.zeros((10, 10, 10), dtype=bool)
INSIDE[2:8, 2:8, 2:8] = True
TUMOR = Structure("Tumor", INSIDE, AFFINE)


def images(count: int, *, correlated: bool) -> list[Image]:
    rng = np.random.default_rng(4)
    found = []
    for _ in range(count):
        noise = rng.normal(0.0, 10.0, INSIDE.shape)
        if correlated:
            noise = (noise + np.roll(noise, 1, 0)) / math.sqrt(2.0)
        found.append(Image(100.0 + noise, AFFINE, "MBq/mL"))
    return found


@pytest.mark.parametrize("correlated", [False, True])
def test_known_noise_is_found_from_repeated_images(correlated: bool) -> None:
    found = repeated_count_uncertainty(images(400, correlated=correlated), [TUMOR])["Tumor"]
    # A sum over 6 planes of pairs of neighbors has the variance of 5 planes twice and of 2 ends once, over 2.
    planes = (5 * 4 + 2) / 2 if correlated else 6.0
    expected = 10.0 * math.sqrt(36.0 * planes) / (216.0 * 100.0)
    assert found == pytest.approx(expected, rel=3.0 / math.sqrt(2.0 * 399.0))


def test_the_noise_is_an_input_of_the_budget() -> None:
    repeats = images(20, correlated=False)
    noise = repeated_count_uncertainty(repeats, [TUMOR])
    result = dose_image(repeats[0], scaling=AbsoluteScaling(0.0))
    inputs = UncertaintyInputs(count_uncertainty=noise, basis={"count_uncertainty": "20 bootstrapped images"})
    budget = result.uncertainty_budgets([TUMOR], inputs)[0]
    (counts,) = (each for each in budget.components if each.source == "counts")
    assert counts.contribution == pytest.approx(budget.value * noise["Tumor"], rel=1e-12)
    assert counts.basis == "20 bootstrapped images"


def test_images_that_are_no_repeats_are_refused() -> None:
    one, other = images(2, correlated=False)
    with pytest.raises(ArgumentError, match="at least two, got 1"):
        repeated_count_uncertainty([one], [TUMOR])
    with pytest.raises(GeometryError, match="one grid"):
        repeated_count_uncertainty([one, Image(other.array, np.diag([4.0, 3.0, 3.0, 1.0]), "MBq/mL")], [TUMOR])
    with pytest.raises(GeometryError, match="one unit"):
        repeated_count_uncertainty([one, Image(other.array, AFFINE, "counts")], [TUMOR])
    with pytest.raises(DuplicateNameError):
        repeated_count_uncertainty([one, other], [TUMOR, TUMOR])
    nothing = [Image(np.zeros(INSIDE.shape), AFFINE, "MBq/mL")] * 2
    with pytest.raises(UndefinedError, match="'Tumor' is undefined"):
        repeated_count_uncertainty(nothing, [TUMOR])
    away = AFFINE.copy()
    away[:3, 3] = 1e4
    assert repeated_count_uncertainty([one, other], [Structure("Away", INSIDE, away)]) == {}
