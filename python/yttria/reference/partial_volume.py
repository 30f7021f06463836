"""Recovery of structures behind a blur, as its definition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp, log, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .quadrature import gauss_legendre
from .structure_counts import blurred

Floats = NDArray[np.float64]


def ball_recovery(volume_ml: float, fwhm_mm: float) -> float:
    """Share of pairs within a ball, weighted by the blur: `int g(z) (1 - 3 z / (4 r) + z^3 / (16 r^3)) 4 pi z^2 dz`.

    By Gauss-Legendre rules on 200 pieces of [0, 2 r].
    """
    if fwhm_mm == 0.0:
        return 1.0
    r, s = (3e3 * volume_ml / (4 * pi)) ** (1 / 3), fwhm_mm / sqrt(8 * log(2))
    node, weight = gauss_legendre(12)
    edge = np.linspace(0.0, min(2 * r, 12 * s), 201)
    half, middle = np.diff(edge) / 2, (edge[1:] + edge[:-1]) / 2
    z, w = (middle[:, None] + half[:, None] * node).ravel(), (half[:, None] * weight).ravel()
    density = np.exp(-(z**2) / (2 * s**2)) / (2 * pi * s**2) ** 1.5
    return float(np.sum(w * 4 * pi * z**2 * density * (1 - 3 * z / (4 * r) + z**3 / (16 * r**3))))


def fit_recovery_curve(
    volumes_ml: Sequence[float],
    recoveries: Sequence[float],
    uncertainties: Sequence[float] | None = None,
    common_uncertainty: float = 0.0,
) -> dict[str, Any]:
    """The (b1, b2, t) with the least sum of squares, found on grids that close in; derivatives are numerical.

    The terms are `(R_i - (1 + c t) R(v_i)) / u_i` and `t`, with `R(v) = 1 - 1 / (1 + (v / b1)^b2)`. Without
    uncertainties every u is 1 and the covariance is scaled by the variance of the residuals.
    """
    v, measured = np.asarray(volumes_ml, np.float64), np.asarray(recoveries, np.float64)
    u = np.ones(len(v)) if uncertainties is None else np.asarray(uncertainties, np.float64)

    def curve(log_b1: float, log_b2: float) -> Floats:
        return np.asarray(1 - 1 / (1 + (v / exp(log_b1)) ** exp(log_b2)))

    def terms(at: Floats) -> Floats:
        """The t that is best for a curve is the solution of a linear equation; a third number is that t itself."""
        r = curve(at[0], at[1])
        slope, rest = common_uncertainty * r / u, (measured - r) / u
        t = at[2] if len(at) > 2 else slope @ rest / (1 + slope @ slope)
        return np.append(rest - t * slope, t)

    best, width = np.array([log(np.median(v)), 0.0]), 4.0
    while width > 1e-10:
        steps = np.linspace(-width, width, 17)
        grid = (best + np.array([x, y]) for x in steps for y in steps)
        best, width = min(grid, key=lambda at: float(np.sum(terms(at) ** 2))), 0.6 * width
    b1, b2 = np.exp(best)
    h, whole = 1e-5, np.append(best, terms(best)[-1])
    slopes = np.column_stack([(terms(whole + d) - terms(whole - d)) / (2 * h) for d in h * np.eye(3)])
    scale = np.diag([b1, b2])
    covariance = scale @ np.linalg.inv(slopes.T @ slopes)[:2, :2] @ scale
    if uncertainties is None:
        covariance *= np.sum(terms(best) ** 2) / (len(v) - 2)
    return {"curve": {"b1_ml": float(b1), "b2": float(b2), "covariance": covariance.tolist()}}


def recovered_means(
    activity: ArrayLike,
    structures: Sequence[ArrayLike],
    dose_of: Callable[[Floats], Floats],
    voxel_size_mm: Sequence[float],
    fwhm_mm: float,
) -> tuple[Floats, Floats]:
    """Mean dose of each structure with what the blur took from it, and how much noise of voxels grows.

    The smallest structures come first, and each region is the part of a structure that those before have left. The
    regions and the surroundings, which go on beyond the image, have one concentration each; the equations
    `sum_v f_jv a_v = sum_k c_k sum_v f_jv (h * f_k)_v` give them. What the blur took is the dose of `f_k - h * f_k`.
    `dose_of` is the dose in Gy of any activity concentration. The noise is that of independent voxels.
    """
    image, whole = np.asarray(activity, np.float64), [np.asarray(s, np.float64) for s in structures]
    order = np.argsort([s.sum() for s in whole], kind="stable")
    rest, regions = np.ones(image.shape), []
    for n in order:
        regions.append(np.minimum(whole[n], rest))
        rest = rest - regions[-1]
    spread = [blurred(r, voxel_size_mm, fwhm_mm) for r in regions]
    regions.append(rest)
    spread.append(1.0 - np.sum(spread, axis=0))
    matrix = np.array([[np.sum(region * each) for each in spread] for region in regions])
    inverse = np.linalg.inv(matrix)

    def recovered(values: Floats) -> Floats:
        c = inverse @ [np.sum(region * values) for region in regions]
        taken = dose_of(sum(each * (r - s) for each, r, s in zip(c, regions, spread, strict=True)))
        return np.array([np.sum(s * (dose_of(values) + taken)) / s.sum() for s in whole])

    units = np.eye(image.size).reshape(-1, *image.shape)
    by_voxel = np.array([recovered(unit) for unit in units])
    plain = np.array([[np.sum(s * dose_of(unit)) / s.sum() for s in whole] for unit in units])
    return recovered(image), np.sqrt(np.sum(by_voxel**2, axis=0) / np.sum(plain**2, axis=0))
