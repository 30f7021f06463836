"""Depth of voxels below the outline of a structure, and the voxel fractions after a displacement, as definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def smoothed_fractions(fractions: ArrayLike, sigma: float = 0.7, reach: int = 3) -> Array:
    """Fractions convolved with a Gaussian of `sigma` voxels along each axis, whose weights add up to 1.

    The outermost voxels continue beyond the array.
    """
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    found = np.asarray(fractions, np.float64)
    for axis in range(3):
        padded = np.pad(found, [(reach, reach) if a == axis else (0, 0) for a in range(3)], mode="edge")
        found = sum(
            tap / taps.sum() * np.take(padded, np.arange(n, n + found.shape[axis]), axis) for n, tap in enumerate(taps)
        )
    return found


def smooth_depth(fractions: ArrayLike, voxel_size_mm: Sequence[float], sigma: float = 0.7) -> tuple[Array, Array]:
    """Depth of each voxel's center below the smooth outline and the width of each voxel along the normal, in mm.

    With the smoothed fraction p and the normal distribution function P, `z = P^-1(p) - P^-1(p_max / 2)`. For
    `|z| < 2.5` the depth is `z / |grad z|`, and the gradient is at least half of that of a plane,
    `1 / (h sqrt(sigma^2 + 1/12))`. The width is `sqrt(sum_a (m_a h_a)^2)` for a normal m, and at least half of the
    smallest voxel size. The depth of the other voxels is the distance to the tangent plane of the nearest point of the
    outline, and at least the distance to that point less `w / 2`. All depths are shifted by one constant, at most two
    voxels, so that `sum clip(1/2 + d / w, 0, 1)` is the volume.
    """
    values, size = np.asarray(fractions, np.float64), np.asarray(voxel_size_mm, np.float64)
    smoothed = smoothed_fractions(values, sigma)
    z = _quantiles(smoothed) - _quantiles(0.5 * smoothed.max())
    gradient = np.stack(list(np.gradient(z, *size)), axis=-1)
    length = np.linalg.norm(gradient, axis=-1)
    least = 0.5 / (size.max() * np.sqrt(sigma**2 + 1.0 / 12.0))
    steepness = np.maximum(length, least)
    depth = z / steepness
    width = np.maximum(np.linalg.norm(gradient * size, axis=-1) / steepness, 0.5 * size.min())
    is_near = np.abs(z) < 2.5
    cut = np.argwhere(is_near & (np.abs(depth) <= 0.6 * width) & (length >= least))
    at = tuple(cut.T)
    normals = -gradient[at] / length[at][:, None]
    points = cut * size + depth[at][:, None] * normals
    for index in np.argwhere(~is_near):
        away = index * size - points
        nearest = int(np.argmin((away**2).sum(axis=-1)))
        voxel = tuple(index)
        width[voxel] = width[at][nearest]
        distance = float(np.linalg.norm(away[nearest]))
        far = max(abs(float(away[nearest] @ normals[nearest])), distance - 0.5 * width[voxel], 0.5 * width[voxel])
        depth[voxel] = far if z[voxel] > 0.0 else -far
    most = 2.0 * float(size.max())
    shift = _solution(lambda shift: _fractions(depth + shift, width).sum(), float(values.sum()), most)
    return depth + shift, width


def displaced_fractions(
    fractions: ArrayLike, voxel_size_mm: Sequence[float], displacement_mm: float, largest_mm: float
) -> Array:
    """Voxel fractions after the outline is displaced outward by a distance, of at most `largest_mm`.

    A cut voxel of fraction f has the depth `d = (f - 1/2) w`. A whole voxel has its smooth depth, but at least `w / 2`
    on its side. The fraction is `clip(1/2 + (d + delta') / w, 0, 1)`. Here `delta'` is the displacement with which the
    volume changes as with the displacement delta of the smooth depths.
    """
    values = np.asarray(fractions, np.float64)
    smooth, width = smooth_depth(values, voxel_size_mm)
    depth = np.where(values == 1.0, np.maximum(smooth, 0.5 * width), (values - 0.5) * width)
    depth = np.where(values == 0.0, np.minimum(smooth, -0.5 * width), depth)
    change = _fractions(smooth + displacement_mm, width).sum() - _fractions(smooth, width).sum()
    most = largest_mm + max(voxel_size_mm)
    return _fractions(
        depth + _solution(lambda by: _fractions(depth + by, width).sum(), values.sum() + change, most), width
    )


def _fractions(depth_mm: Array, width_mm: Array) -> Array:
    return np.clip(0.5 + depth_mm / width_mm, 0.0, 1.0)


def _quantiles(probabilities: ArrayLike) -> Array:
    """Quantiles of the normal distribution, from -5 to 5."""
    normal = NormalDist()
    within = np.clip(np.asarray(probabilities, np.float64), normal.cdf(-5.0), normal.cdf(5.0))
    return np.asarray(np.vectorize(normal.inv_cdf)(within), np.float64)


def _solution(volume: Callable[[float], float], target: float, most: float) -> float:
    """Find where an increasing function has a value, between `-most` and `most`."""
    low, high = -most, most
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        if volume(middle) < target:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
