"""Propagation of distributions as its definitions: what a draw does, what noise must give, and the interval."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, floor, log, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .convolution import convolve

Array = NDArray[np.float64]


def coverage_interval(
    draws: ArrayLike, *, probability: float = 0.95, interval_kind: str = "symmetric"
) -> tuple[float, float]:
    """Of M draws in ascending order, those with the numbers r and r + q, q the integer next to `p M`.

    "symmetric": r is the integer part of `(M - q + 1) / 2`. "shortest": the r for which the difference is least.
    """
    ascending = sorted(np.asarray(draws, np.float64).tolist())
    count = len(ascending)
    held = floor(probability * count + 0.5)
    pairs = [(ascending[r - 1], ascending[r + held - 1]) for r in range(1, count - held + 1)]
    if interval_kind == "symmetric":
        return pairs[(count - held + 1) // 2 - 1]
    return min(pairs, key=lambda pair: pair[1] - pair[0])


def gaussian(fwhm_mm: float, size_mm: float) -> Array:
    """A Gaussian filter: its values at voxel centers up to four standard deviations, adding up to 1."""
    sigma = fwhm_mm / sqrt(8.0 * log(2.0)) / size_mm
    if sigma == 0.0:
        return np.ones(1)
    half = int(np.ceil(4.0 * sigma))
    weights = np.array([exp(-0.5 * (n / sigma) ** 2) for n in range(-half, half + 1)])
    return np.asarray(weights / weights.sum())


def mean_uncertainty_by_noise(
    standard_deviation: ArrayLike,
    weights: ArrayLike,
    kernel: ArrayLike,
    fwhm_mm: float,
    voxel_size_mm: Sequence[float],
) -> float:
    """Standard uncertainty of the mean `sum w D / sum w` of the dose `D = K * n` of noise `n = p * (a z)`.

    z is independent standard normal and `a = standard deviation / sqrt(sum p^2)`. Both kernels are even, so that the
    variance is `sum a^2 (p * (K * w))^2 / (sum w)^2`.
    """
    k, j, i = (gaussian(fwhm_mm, size) for size in voxel_size_mm)
    blur = k[:, None, None] * j[None, :, None] * i[None, None, :]
    a = np.asarray(standard_deviation, np.float64) / np.sqrt(np.sum(blur**2))
    w = np.asarray(weights, np.float64)
    return float(np.sqrt(np.sum((a * convolve(convolve(w, kernel), blur)) ** 2)) / w.sum())


def absolute_factor(
    *,
    calibration: float,
    half_life: float,
    half_life_h: float,
    scan_delay_h: float,
    delay_error_h: float,
    density: float,
    method: float,
) -> float:
    """Factor of a dose if calibration, half-life, density and method have such factors, and the delay is longer.

    `D ~ c T 2^(t / T) / rho`, because the image states the activity at the time of the scan.
    """
    drawn_h = half_life_h * half_life
    decayed = 2.0 ** ((scan_delay_h + delay_error_h) / drawn_h) / 2.0 ** (scan_delay_h / half_life_h)
    return float(calibration * half_life * decayed / density * method)
