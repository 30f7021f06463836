"""Voxel S values from a radial dose point kernel, as their definition."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .quadrature import gauss_legendre

MGY_PER_MBQ_S = 1.602176634e-13 * 1e6 * 1e3
"""mGy/(MBq s) per MeV per decay and kg: joule per MeV, decays per MBq s, mGy per Gy."""


def voxel_s_values(
    edge_mm: ArrayLike,
    energy_mev: ArrayLike,
    voxel_size_mm: tuple[float, float, float],
    density_g_per_ml: float,
    support_mm: float,
    directions: int = 48,
) -> NDArray[np.float64]:
    """`S(d) = 1/(rho V) Int F(r) < Prod_i max(0, 1 - |d_i - r Omega_i| / h_i) >_Omega dr` in mGy/(MBq s).

    `F` is `energy_mev[s]` spread evenly over the radii between `edge_mm[s]` and `edge_mm[s + 1]`, cut at `support_mm`;
    `h = voxel_size_mm`, `V` their product. Why: two points, one uniform in the source voxel and one in the target
    voxel, differ by `d` plus a vector whose density is the product of triangles. Radii at which a node falls on a
    lattice line are no exception: the weights are continuous.

    Two Gauss radii per shell, and directions in a product rule: Gauss in the cosine of the polar angle, midpoints in
    the azimuth, all eight octants. Returns an array of odd shape; the source voxel is the middle one.
    """
    edge = np.asarray(edge_mm, dtype=np.float64)
    inner, outer = edge[:-1], np.minimum(edge[1:], support_mm)
    inside = inner < support_mm
    energy = (np.asarray(energy_mev, dtype=np.float64) * (outer - inner) / np.diff(edge))[inside]
    inner, outer = inner[inside], outer[inside]

    h = np.asarray(voxel_size_mm, dtype=np.float64)
    half = np.ceil(support_mm / h).astype(int)
    total = np.zeros(2 * half + 1)
    cosine, weight = gauss_legendre(2 * directions)
    azimuth = (np.arange(4 * directions) + 0.5) * (np.pi / (2 * directions))
    sine = np.sqrt(1.0 - cosine**2)
    omega = np.stack(
        [
            np.broadcast_to(cosine[:, None], (cosine.size, azimuth.size)),
            sine[:, None] * np.cos(azimuth),
            sine[:, None] * np.sin(azimuth),
        ]
    ).reshape(3, -1)
    omega_weight = np.repeat(weight / (2 * azimuth.size), azimuth.size)

    for at in (-1.0 / np.sqrt(3.0), 1.0 / np.sqrt(3.0)):
        radius = 0.5 * (inner + outer) + 0.5 * at * (outer - inner)
        for r, e in zip(radius, 0.5 * energy, strict=True):
            u = r * omega / h[:, None]  # in voxels from the source
            low = np.floor(u).astype(int)
            for corner in np.ndindex(2, 2, 2):
                d = low + np.array(corner)[:, None]
                triangle = np.prod(1.0 - np.abs(d - u), axis=0)
                index = np.ravel_multi_index(tuple(d + half[:, None]), total.shape)
                total += np.bincount(index, e * omega_weight * triangle, total.size).reshape(total.shape)
    return total * MGY_PER_MBQ_S / (density_g_per_ml * 1e-3 * np.prod(h) * 1e-3)
