"""Time of a propagation of uncertainty: 1000 draws of a 128^3 case, beside NumPy and SciPy doing the same draws.

The case is the phantom's liver with two tumors in voxels of 3 mm and voxel S values. Every draw has noise of the image,
a displaced contour, a shift and a calibration factor. The peer draws noise of the same amplitude over the whole image
with NumPy, and blurs and convolves it with SciPy. It displaces masks by SciPy's distance transform, and sorts voxels
for D70 and D95. It draws other random numbers, so that standard uncertainties agree within their statistics, which is
asserted.

    python benches/propagation.py --draws 1000 --peer-draws 20
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
from scipy import ndimage, signal

from yttria import AbsoluteScaling, DoseResult, Image, Structure, dose_image, voxel_s_values
from yttria.evaluation import UncertaintyInputs
from yttria.phantom import liver_phantom
from yttria.voxel import ImageNoise, propagate_uncertainty

SIZE_MM = 3.0
SHAPE = (128, 128, 128)
FWHM_MM = 6.0
INPUTS = {"calibration_uncertainty": 0.05, "contour_uncertainty_mm": 1.5, "registration_shift_mm": 1.5}


def case() -> tuple[DoseResult, list[Structure], ImageNoise]:
    """The phantom's activity on 128^3 voxels, its dose, and its noise."""
    phantom = liver_phantom((SIZE_MM,) * 3, blur_fwhm_mm=FWHM_MM, lung_shunt_fraction=0.0)
    array = np.zeros(SHAPE, np.float32)
    source = phantom.activity
    taken = tuple(slice(0, min(n, m)) for n, m in zip(source.shape, SHAPE, strict=True))
    array[taken] = source.array[taken]
    activity = Image(array, source.affine_lps, source.unit)
    liver = array[array > 0.3 * array.max()].mean()
    noise = ImageNoise.relative(activity, relative_uncertainty=0.15, at_value=float(liver), fwhm_mm=FWHM_MM)
    result = dose_image(activity, scaling=AbsoluteScaling(0.0), method="voxel_s_values")
    return result, [phantom.structures[0], *phantom.structures[2:]], noise


def yttria_draws(result: DoseResult, structures: list[Structure], noise: ImageNoise, draws: int, threads: int) -> Any:
    """The propagation, its time and its processor time in s."""
    start, used = time.perf_counter(), time.process_time()
    doses = propagate_uncertainty(
        result, structures, UncertaintyInputs(**INPUTS), noise=noise, draws=draws, seed=1, threads=threads
    )
    return doses, time.perf_counter() - start, time.process_time() - used


def peer_draws(result: DoseResult, structures: list[Structure], noise: ImageNoise, draws: int) -> Any:
    """Mean, D70 and D95 of each structure in each draw, and the processor time in s."""
    start, rng = time.process_time(), np.random.default_rng(1)
    kernel = voxel_s_values((SIZE_MM,) * 3, medium="liver").gy_per_mbq_per_ml().astype(np.float32)
    fractions = result.voxel_fractions(structures)
    masks = {name: each.to_array() >= 0.5 for name, each in fractions.items()}
    # The distance to the nearest voxel of the other side has no depths below one voxel. Smoothing adds them.
    depths = {
        name: SIZE_MM
        * ndimage.gaussian_filter(ndimage.distance_transform_edt(m) - ndimage.distance_transform_edt(~m), 0.7)
        for name, m in masks.items()
    }
    sigma = FWHM_MM / 2.3548 / SIZE_MM
    unit = ndimage.gaussian_filter(np.eye(1, 65, 32)[0], sigma)
    amplitude = noise.standard_deviation.array * result.provenance.mbq_per_ml_per_unit / np.sqrt(np.sum(unit**2)) ** 3
    found = np.zeros((draws, len(structures), 3))
    for draw in range(draws):
        blurred = ndimage.gaussian_filter(rng.standard_normal(SHAPE, dtype=np.float32) * amplitude, sigma)
        dose = result.image.array + signal.fftconvolve(blurred, kernel, "same")
        dose *= 1.0 + INPUTS["calibration_uncertainty"] * rng.standard_normal()
        shift = INPUTS["registration_shift_mm"] / SIZE_MM * rng.standard_normal(3)
        for s, depth in enumerate(depths.values()):
            by = INPUTS["contour_uncertainty_mm"] * rng.standard_normal()
            inside = ndimage.shift(depth, shift, order=1, mode="nearest") > -by
            values = np.sort(dose[inside])
            found[draw, s] = values.mean(), values[int(0.3 * len(values))], values[int(0.05 * len(values))]
    return found, time.process_time() - start


def main() -> None:
    """Print the times, the ratio for one draw, and the standard uncertainties of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1000)
    parser.add_argument("--peer-draws", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    result, structures, noise = case()
    doses, took, used = yttria_draws(result, structures, noise, given.draws, given.threads)
    peer, peer_took = peer_draws(result, structures, noise, given.peer_draws)
    per_draw, peer_per_draw = used / given.draws, peer_took / given.peer_draws
    print(f"{given.draws} draws in {took:.1f} s on {given.threads} threads")
    print(
        f"processor time {1e3 * per_draw:.1f} ms a draw, peer {1e3 * peer_per_draw:.0f} ms, ratio "
        f"{peer_per_draw / per_draw:.0f}"
    )
    for s, structure in enumerate(structures):
        u, other = doses.of(structure.name).standard_uncertainty, peer[:, s, 0].std(ddof=1)
        print(f"{structure.name}: standard uncertainty of the mean {u:.2f} Gy, peer {other:.2f} Gy")
        # Four standard errors of the peer's standard deviation, and 15 % for its masks of whole voxels.
        assert abs(other / u - 1.0) < 4.0 / np.sqrt(2.0 * given.peer_draws) + 0.15


if __name__ == "__main__":
    main()
