"""The gamma index as its definition: the least of many samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def gamma_index(
    reference_gy: NDArray[np.floating],
    reference_affine_lps: NDArray[np.float64],
    evaluated_gy: NDArray[np.floating],
    evaluated_affine_lps: NDArray[np.float64],
    *,
    dose_difference_fraction: float = 0.03,
    distance_mm: float = 3.0,
    lower_dose_cutoff_fraction: float = 0.1,
    local: bool = False,
    normalization_gy: float | None = None,
    maximum_gamma: float = 2.0,
    reference_edge: str = "exclude",
    samples_per_voxel: int = 8,
) -> NDArray[np.float64]:
    """Gamma at each reference voxel center, from samples of the evaluated dose.

    `gamma(r) = min over x of sqrt(((D_e(x) - D_r(r)) / dD)^2 + (|x - r| / dx)^2)` is the gamma index with dx =
    `distance_mm`. dD is `dose_difference_fraction` times the normalization dose (by default the maximum of the
    reference), or times D_r(r) if `local`. D_e is trilinear between voxel centers. It is sampled at every center and at
    `samples_per_voxel` equal steps between two. The result is above the minimum over all x by at most the change over
    half a step, and exact if the minimum is on a sample. Values end at `maximum_gamma`. NaN below
    `lower_dose_cutoff_fraction` of the normalization dose and, with `reference_edge="exclude"`, more than 0.001 mm
    beyond the outermost evaluated centers.

    Source: low1998.
    """
    norm = float(np.max(reference_gy)) if normalization_gy is None else normalization_gy
    dose, place = evaluated_gy.astype(np.float64), np.indices(evaluated_gy.shape).astype(np.float64)
    for axis in range(3):
        dose = _refined(dose, axis, samples_per_voxel)
        place = _refined(place, axis + 1, samples_per_voxel)
    samples_gy = dose.ravel()
    samples_mm = _millimeters(evaluated_affine_lps, place.reshape(3, -1))
    gamma = np.full(reference_gy.shape, np.nan)
    last = np.array(evaluated_gy.shape) - 1
    size_mm = np.linalg.norm(evaluated_affine_lps[:3, :3], axis=0)[::-1]
    for voxel in np.ndindex(reference_gy.shape):
        here_gy = float(reference_gy[voxel])
        if here_gy < lower_dose_cutoff_fraction * norm:
            continue
        here_mm = _millimeters(reference_affine_lps, np.array(voxel, dtype=np.float64)[:, None])
        index = (np.linalg.inv(evaluated_affine_lps) @ np.append(here_mm, 1.0))[2::-1]
        beyond_mm = np.linalg.norm(np.maximum(np.maximum(-index, index - last), 0.0) * size_mm)
        if reference_edge == "exclude" and beyond_mm > 1e-3:
            continue
        criterion_gy = dose_difference_fraction * (here_gy if local else norm)
        squared = ((samples_gy - here_gy) / criterion_gy) ** 2
        squared += ((samples_mm - here_mm) ** 2).sum(axis=0) / distance_mm**2
        gamma[voxel] = min(np.sqrt(squared.min()), maximum_gamma)
    return gamma


def _millimeters(affine_lps: NDArray[np.float64], index: NDArray[np.float64]) -> NDArray[np.float64]:
    """LPS mm of array indices (k, j, i)."""
    moved: NDArray[np.float64] = affine_lps[:3, :3] @ index[::-1] + affine_lps[:3, 3:]
    return moved


def _refined(values: NDArray[np.float64], axis: int, steps: int) -> NDArray[np.float64]:
    """Linear interpolation along an axis with `steps` steps between two voxel centers."""
    count = values.shape[axis]
    at = np.arange((count - 1) * steps + 1) / steps
    low = np.minimum(at.astype(np.int64), max(count - 2, 0))
    weight = (at - low).reshape([-1 if a == axis else 1 for a in range(values.ndim)])
    first, second = np.take(values, low, axis), np.take(values, np.minimum(low + 1, count - 1), axis)
    refined: NDArray[np.float64] = first + weight * (second - first)
    return refined
