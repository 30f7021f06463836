"""Doses of six structures on a 128^3 map with their budgets of uncertainty, against the doses alone.

Both dose the same image by voxel S values and read the table; "with budgets" displaces each outline to both sides and
reads again, to first order. Repeats are interleaved and the fastest counts. Values must be the same bits in both, and
each budget must be the combination of its components.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from yttria import AbsoluteScaling, DoseResult, Image, Structure, dose_image
from yttria.evaluation import UncertaintyInputs
from yttria.evaluation.tables import StructureDose

SHAPE = (128, 128, 128)
VOXEL_MM = 3.0
REPEATS = 5
STATED = UncertaintyInputs(fwhm_mm=6.0, calibration_uncertainty=0.05, count_uncertainty=0.03, density_uncertainty=0.02)
Found = TypeVar("Found")


def ellipsoid(center: tuple[float, ...], half: tuple[float, ...]) -> NDArray[np.bool_]:
    axes = np.ogrid[tuple(slice(n) for n in SHAPE)]
    return sum(((x - c) / h) ** 2 for x, c, h in zip(axes, center, half, strict=True)) <= 1


def case() -> tuple[Image, list[Structure]]:
    """A liver of 1.5 L with five lesions of 0.5 to 150 mL."""
    liver = ellipsoid((64, 64, 60), (24, 27, 33))
    masks = {"Liver": liver}
    for n, (center, radius) in enumerate(
        [((60, 55, 50), 11.0), ((70, 75, 66), 7.0), ((55, 66, 75), 4.5), ((72, 58, 72), 3.0), ((64, 80, 52), 1.7)]
    ):
        masks[f"Lesion {n + 1}"] = ellipsoid(center, (radius,) * 3)
    affine_lps = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    activity = 0.2 * liver + sum(0.8 * mask for name, mask in masks.items() if name != "Liver")
    noise = np.random.default_rng(1).normal(1.0, 0.1, SHAPE)
    image = Image((activity * noise).astype(np.float32), affine_lps, "MBq/mL")
    return image, [Structure(name, mask, affine_lps) for name, mask in masks.items()]


def dosed(image: Image) -> DoseResult:
    return dose_image(image, scaling=AbsoluteScaling(20.0), method="voxel_s_values")


def without(image: Image, structures: list[Structure]) -> list[StructureDose]:
    return dosed(image).table(structures)


def with_budgets(image: Image, structures: list[Structure]) -> list[StructureDose]:
    return dosed(image).table(structures, uncertainty=STATED)


def timed(function: Callable[[], Found]) -> tuple[float, Found]:
    start = time.perf_counter()
    found = function()
    return time.perf_counter() - start, found


def main() -> None:
    image, structures = case()
    alone, budgeted = math.inf, math.inf
    for _ in range(REPEATS):
        seconds, plain = timed(lambda: without(image, structures))
        alone = min(alone, seconds)
        seconds, rows = timed(lambda: with_budgets(image, structures))
        budgeted = min(budgeted, seconds)
    for one, other in zip(plain, rows, strict=True):
        assert one.as_dict().items() <= other.as_dict().items()
        assert other.mean_standard_uncertainty_gy is not None
    for budget in dosed(image).uncertainty_budgets(structures, STATED):
        combined = math.hypot(*(each.contribution for each in budget.components))
        assert math.isclose(combined, budget.standard_uncertainty, rel_tol=1e-12)
    print(f"doses alone {alone:.3f} s, with budgets {budgeted:.3f} s: {budgeted / alone:.2f} times")


if __name__ == "__main__":
    main()
