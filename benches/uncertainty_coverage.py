"""Whether intervals of doses hold the truth: a phantom imaged a thousand times with errors of known size.

Each study draws a calibration error, blurs the true activity, draws Poisson counts, filters the image, and outlines
liver and tumors on ellipsoids whose surfaces are displaced. The interval of each dose is that of
`propagate_uncertainty`, which knows the size of the errors and the image at hand, but neither the errors nor the truth.
The noise of the counts is estimated from the noisy image. Doses are means by the geometric transfer matrix of the
outlines at hand, because the blur of the phantom lowers the means themselves.

    python benches/uncertainty_coverage.py --studies 1000 --draws 120
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yttria import AbsoluteScaling, Image, Structure, dose_image
from yttria.evaluation import PropagatedQuantity, UncertaintyInputs
from yttria.voxel import ImageNoise, propagate_uncertainty

Array = NDArray[np.float64]
SIZE_MM = 4.0
#: Semi-axes and center in mm, activity concentration in MBq/mL; the first contains the others.
SHAPES = {
    "Liver": ((70.0, 52.0, 46.0), (0.0, 0.0, 0.0), 1.0),
    "Tumor": ((20.0, 20.0, 20.0), (-26.0, 4.0, 5.0), 5.0),
    "Small tumor": ((13.0, 13.0, 13.0), (28.0, -10.0, -6.0), 3.0),
}
#: Blur of the camera and of the filter after it; together 7 mm.
CAMERA_MM, FILTER_MM = 5.0, 4.9
BLUR_MM = float(np.hypot(CAMERA_MM, FILTER_MM))
COUNTS_PER_MBQ_PER_ML = 8.0
CALIBRATION, CONTOUR_MM = 0.05, 1.2
MARGIN_MM = 26.0
SUB_VOXELS = 4


@dataclass
class Coverage:
    """Intervals and deviations of one dose over all studies."""

    truth: float
    held: list[bool] = field(default_factory=list)
    z: list[float] = field(default_factory=list)
    relative: list[float] = field(default_factory=list)

    def add(self, quantity: PropagatedQuantity) -> None:
        """Compare one result with the truth."""
        assert quantity.interval is not None
        assert quantity.value is not None
        assert quantity.standard_uncertainty is not None
        self.held.append(quantity.interval[0] <= self.truth <= quantity.interval[1])
        self.z.append((quantity.value - self.truth) / quantity.standard_uncertainty)
        self.relative.append(quantity.standard_uncertainty / self.truth)


def grid(size_mm: float) -> tuple[tuple[int, int, int], Array]:
    """Shape and affine of a grid about the liver."""
    extent = [2.0 * (axis + MARGIN_MM) for axis in reversed(SHAPES["Liver"][0])]
    k, j, i = (round(length / SIZE_MM) * round(SIZE_MM / size_mm) for length in extent)
    affine = np.diag([size_mm, size_mm, size_mm, 1.0])
    affine[:3, 3] = [-0.5 * (n - 1) * size_mm for n in (i, j, k)]
    return (k, j, i), affine


def inside(name: str, size_mm: float, displacement_mm: float = 0.0) -> NDArray[np.bool_]:
    """Whether the points of a fine grid are inside of a shape whose surface is displaced outward."""
    shape, affine = grid(size_mm)
    axes, center, _ = SHAPES[name]
    squares = [
        ((affine[a, 3] + size_mm * np.arange(shape[2 - a]) - center[a]) / (axes[a] + displacement_mm)) ** 2
        for a in range(3)
    ]
    return np.asarray(squares[2][:, None, None] + squares[1][None, :, None] + squares[0][None, None, :] <= 1.0)


def blurred(array: Array, fwhm_mm: float, size_mm: float) -> Array:
    """The array after a sampled Gaussian, with zeros beyond its edges."""
    sigma = fwhm_mm / np.sqrt(8.0 * np.log(2.0)) / size_mm
    half = int(np.ceil(5.0 * sigma))
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    for axis in range(3):
        array = np.apply_along_axis(np.convolve, axis, array, weights / weights.sum(), "same")
    return array


def coarse(array: Array, by: int) -> Array:
    """Means over blocks of fine voxels."""
    k, j, i = (n // by for n in array.shape)
    return np.asarray(array.reshape(k, by, j, by, i, by).mean(axis=(1, 3, 5)))


def expected_counts() -> Array:
    """Counts of each voxel behind the camera's blur, from a truth on half voxels."""
    fine_mm = SIZE_MM / 2
    truth = np.zeros(grid(fine_mm)[0])
    for name, (_, _, concentration) in SHAPES.items():
        share = coarse(inside(name, fine_mm / 2).astype(np.float64), 2)
        truth += share * (concentration - (0.0 if name == "Liver" else SHAPES["Liver"][2]))
    return coarse(blurred(truth, CAMERA_MM, fine_mm), 2) * COUNTS_PER_MBQ_PER_ML


def true_doses() -> dict[str, float]:
    """Mean doses of the shapes by local deposition in Gy."""
    volume = {name: np.prod(axes) for name, (axes, _, _) in SHAPES.items()}
    base = SHAPES["Liver"][2]
    tumors = {name: c for name, (_, _, c) in SHAPES.items() if name != "Liver"}
    means = dict(tumors)
    means["Liver"] = base + sum((c - base) * volume[name] for name, c in tumors.items()) / volume["Liver"]
    gy = float(
        dose_image(Image(np.ones((1, 1, 1)), np.eye(4), "MBq/mL"), scaling=AbsoluteScaling(0.0)).image.array[0, 0, 0]
    )
    return {name: gy * float(mean) for name, mean in means.items()}


def study(counts: Array, rng: np.random.Generator, draws: int, threads: int) -> Sequence[PropagatedQuantity]:
    """One patient: an image and outlines with their errors, and the doses with their uncertainty."""
    sigma = np.sqrt(np.log(1.0 + CALIBRATION**2))
    calibration = np.exp(sigma * rng.standard_normal() - 0.5 * sigma**2)
    drawn = rng.poisson(counts) / COUNTS_PER_MBQ_PER_ML * calibration
    activity = Image(blurred(drawn, FILTER_MM, SIZE_MM), grid(SIZE_MM)[1], "MBq/mL")
    fine_mm = SIZE_MM / SUB_VOXELS
    structures = [
        Structure(name, inside(name, fine_mm, CONTOUR_MM * rng.standard_normal()), grid(fine_mm)[1]) for name in SHAPES
    ]
    noise = ImageNoise.poisson(activity, counts_per_unit=COUNTS_PER_MBQ_PER_ML, fwhm_mm=FILTER_MM)
    doses = propagate_uncertainty(
        dose_image(activity, scaling=AbsoluteScaling(0.0)),
        structures,
        UncertaintyInputs(calibration_uncertainty=CALIBRATION, contour_uncertainty_mm=CONTOUR_MM),
        noise=noise,
        metrics=[],
        recovered_fwhm_mm=BLUR_MM,
        draws=draws,
        seed=int(rng.integers(2**63)),
        threads=threads,
    )
    return doses.quantities


def coverage(studies: range, draws: int, seed: int = 0, threads: int = 1) -> dict[str, Coverage]:
    """Coverage of the recovered mean of each shape; a study depends on the seed and its number alone."""
    counts = expected_counts()
    found = {name: Coverage(truth) for name, truth in true_doses().items()}
    for n in studies:
        for quantity in study(counts, np.random.default_rng([seed, n]), draws, threads):
            if quantity.quantity == "recovered_mean_gy":
                found[quantity.structure].add(quantity)
    return found


def row(name: str, each: Coverage) -> dict[str, Any]:
    """Row of the table for one shape."""
    held, z = np.array(each.held), np.array(each.z)
    return {
        "structure": name,
        "truth_gy": round(each.truth, 2),
        "relative_standard_uncertainty": round(float(np.mean(each.relative)), 4),
        "held": round(float(held.mean()), 4),
        "held_error": round(float(np.sqrt(held.mean() * (1 - held.mean()) / len(held))), 4),
        "z_mean": round(float(z.mean()), 3),
        "z_standard_deviation": round(float(z.std(ddof=1)), 3),
        "z_error": round(float(1 / np.sqrt(2 * len(z))), 3),
    }


def main() -> None:
    """Print one row for each shape."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--draws", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    start = time.perf_counter()
    for name, each in coverage(range(given.studies), given.draws, given.seed, given.threads).items():
        print(row(name, each))
    print(f"{given.studies} studies of {given.draws} draws in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
