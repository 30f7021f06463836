"""Balls and cylinders behind a Gaussian blur in closed form, averaged over the voxels of a grid."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FWHM_PER_SIGMA = math.sqrt(8 * math.log(2))
#: Points along each edge of a voxel over which an average is taken.
POINTS = 5


def erf(x: Floats) -> Floats:
    return np.vectorize(math.erf, otypes=[float])(x)


def points_mm(shape: tuple[int, ...], size_mm: tuple[float, ...], off_center_mm: tuple[float, ...]) -> list[Floats]:
    """Distances of the points of each axis from a center that lies off the middle of the grid."""
    return [
        (np.arange(n * POINTS) + 0.5) / POINTS * a - n * a / 2 - off
        for n, a, off in zip(shape, size_mm, off_center_mm, strict=True)
    ]


def averaged(at_points: Floats) -> Floats:
    k, j, i = (n // POINTS for n in at_points.shape)
    return np.asarray(at_points.reshape(k, POINTS, j, POINTS, i, POINTS).mean(axis=(1, 3, 5)))


def ball(points: list[Floats], radius_mm: float, fwhm_mm: float) -> Floats:
    """A uniform ball of density 1 after a blur that is the same in all directions."""
    squares = [x**2 for x in np.meshgrid(*points, indexing="ij", sparse=True)]
    at = np.sqrt(squares[0] + squares[1] + squares[2])
    if fwhm_mm == 0.0:
        return averaged((at < radius_mm).astype(float))
    # The profile along the radius, which is smooth, on a fine grid.
    rho, s = np.linspace(1e-6, float(at.max()) + 1.0, 20_001), fwhm_mm / FWHM_PER_SIGMA
    inside = erf((radius_mm + rho) / (s * math.sqrt(2))) + erf((radius_mm - rho) / (s * math.sqrt(2)))
    edges = np.exp(-((radius_mm - rho) ** 2) / (2 * s * s)) - np.exp(-((radius_mm + rho) ** 2) / (2 * s * s))
    return averaged(np.interp(at, rho, inside / 2 - s / (rho * math.sqrt(2 * math.pi)) * edges))


def cylinder(points: list[Floats], radius_mm: float, length_mm: float, widths_mm: tuple[float, float]) -> Floats:
    """A uniform cylinder along k after a blur with one width along its axis and one across."""
    k, j, i = points
    across = np.sqrt(j[:, None] ** 2 + i[None, :] ** 2)
    along, width = widths_mm
    slab = ((np.abs(k) < length_mm / 2) * 1.0) if along == 0 else _slab(k, length_mm, along / FWHM_PER_SIGMA)
    disk = (across < radius_mm) * 1.0 if width == 0 else _disk(across, radius_mm, width / FWHM_PER_SIGMA)
    return averaged(slab[:, None, None] * disk[None])


def _slab(z: Floats, length_mm: float, s: float) -> Floats:
    return (erf((length_mm / 2 + z) / (s * math.sqrt(2))) + erf((length_mm / 2 - z) / (s * math.sqrt(2)))) / 2


def _disk(across: Floats, radius_mm: float, s: float) -> Any:
    """`int_0^R t / s^2 exp(-(rho^2 + t^2) / 2 s^2) I0(rho t / s^2) dt` by Gauss-Legendre."""
    node, weight = np.polynomial.legendre.leggauss(60)
    t, w = radius_mm * (node + 1) / 2, radius_mm * weight / 2
    rho = np.linspace(0.0, float(across.max()) + 1.0, 2001)
    x = rho[:, None] * t / s**2
    # I0(x) e^-x by its integral: numpy's i0 overflows for large x.
    theta = (np.arange(400) + 0.5) / 400 * np.pi
    scaled = np.mean(np.exp(np.minimum(x[..., None] * (np.cos(theta) - 1.0), 0.0)), axis=-1)
    return np.interp(
        across, rho, np.sum(w * t / s**2 * np.exp(-((rho[:, None] - t) ** 2) / (2 * s * s)) * scaled, axis=1)
    )
