"""Counts in structures: sums by voxel fractions, and the geometric transfer matrix that takes a blur apart."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray


def blurred(image: ArrayLike, voxel_size_mm: Sequence[float], resolution_fwhm_mm: float) -> NDArray[np.float64]:
    """Each voxel's value spread by a Gaussian, up to 4 sigma and 6 voxels, sum 1; what leaves the image is lost.

    The values are averages over voxels, and so are the blurred ones: the weights are those whose Fourier transform is
    that of the Gaussian at all frequencies of the grid. Written as one dense matrix for each axis.
    """
    made = np.asarray(image, dtype=np.float64)
    frequency = 2 * np.pi * np.arange(-2048, 2048) / 4096
    for axis, size in enumerate(voxel_size_mm):
        n, sigma = made.shape[axis], resolution_fwhm_mm / (2 * sqrt(2 * np.log(2))) / size
        matrix = np.eye(n)
        if sigma > 0:
            reach, gauss = int(np.ceil(4 * sigma)) + 6, np.exp(-((sigma * frequency) ** 2) / 2)
            weight = {d: float(np.mean(gauss * np.cos(frequency * d))) for d in range(-reach, reach + 1)}
            total = sum(weight.values())
            matrix = np.array([[weight.get(a - b, 0.0) / total for b in range(n)] for a in range(n)])
        made = np.moveaxis(np.tensordot(matrix, made, axes=(1, axis)), 0, axis)
    return made


def structure_counts(
    image: ArrayLike,
    structures: Sequence[ArrayLike],
    voxel_size_mm: Sequence[float] = (1.0, 1.0, 1.0),
    resolution_fwhm_mm: float | None = None,
) -> NDArray[np.float64]:
    """`sum_v f_v a_v` for fractions f of each structure; with a resolution, the fitted mean times `sum_v f_v`.

    The image is `sum_k c_k (h * f_k)` over the structures and the surroundings, `1 - sum f`, each with one
    concentration c_k. The equations `sum_v f_jv a_v = sum_k c_k sum_v f_jv (h * f_k)_v` are solved for the c_k.
    """
    values, parts = np.asarray(image, dtype=np.float64), [np.asarray(s, dtype=np.float64) for s in structures]
    if resolution_fwhm_mm is None:
        return np.array([np.sum(part * values) for part in parts])
    parts.append(1.0 - np.sum(parts, axis=0))
    spread = [blurred(part, voxel_size_mm, resolution_fwhm_mm) for part in parts]
    matrix = np.array([[np.sum(part * each) for each in spread] for part in parts])
    means = np.linalg.solve(matrix, [np.sum(part * values) for part in parts])
    return np.array([mean * np.sum(part) for mean, part in zip(means[:-1], parts[:-1], strict=True)])
