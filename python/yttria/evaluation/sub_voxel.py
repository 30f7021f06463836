"""Dose voxels cut into parts, so that a histogram sees how dose and structure vary inside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import _core
from .._arrays import affine_rows, grid_shape
from .._core import DoseVolumeHistogram
from .._inputs import number
from ..errors import OutOfRangeError

if TYPE_CHECKING:
    from ..structure import Structure

#: Parts per voxel along an axis, at most.
MAX_PARTS = 64
#: Parts of a structure, and of the box around it, up to which all its samples are kept; parts of a slab beyond.
EXACT_PARTS, EXACT_BOX_PARTS, SLAB_PARTS = 2**22, 2**26, 2**23


def voxel_parts(voxel_size_mm: Sequence[float], sub_voxel_mm: float) -> tuple[int, int, int]:
    """The smallest even number of parts along each axis (k, j, i) that are at most `sub_voxel_mm` long.

    Even, so that none straddles a voxel center, where the interpolated dose has its kinks. Raises `OutOfRangeError`
    where a length is not positive or more than 64 parts would be needed.
    """
    size = [number("voxel size in mm", s) for s in voxel_size_mm]
    part = number("sub-voxel size in mm", sub_voxel_mm)
    if len(size) != 3 or not all(np.isfinite(s) and s > 0 for s in (*size, part)):
        raise OutOfRangeError(f"sub-voxel size and voxel sizes in mm must be finite and > 0, got {part} and {size}")
    # Room for the rounding of a quotient that is whole.
    counts = [2 * max(1.0, float(np.ceil(s / (2 * part) - 1e-9))) for s in size]
    if max(counts) > MAX_PARTS:
        raise OutOfRangeError(f"sub-voxel size in mm must be at least {max(size) / MAX_PARTS:.4g}, got {part}")
    k, j, i = (int(c) for c in counts)
    return k, j, i


def parts_grid(
    shape: Sequence[int], affine_lps: ArrayLike, parts: Sequence[int]
) -> tuple[tuple[int, int, int], NDArray[np.float64]]:
    """The grid of a voxel grid's parts: shape (k, j, i), and the affine from (i, j, k, 1) to LPS mm."""
    matrix = np.array(affine_rows("affine_lps", affine_lps))
    counts, refined = np.array(parts)[::-1], matrix.copy()
    refined[:3, :3] = matrix[:3, :3] / counts
    refined[:3, 3] += matrix[:3, :3] @ (0.5 / counts - 0.5)
    k, j, i = (n * p for n, p in zip(grid_shape(shape), parts, strict=True))
    return (k, j, i), refined


@dataclass(frozen=True)
class InsideVoxels:
    """One structure on the parts of dose voxels: volume in mL, fraction of it beyond the grid, and its histogram."""

    volume_ml: float
    outside_fraction: float
    histogram: DoseVolumeHistogram | None


def inside_voxels(
    dose_gy: NDArray[Any],
    affine_lps: NDArray[np.float64],
    structure: Structure,
    parts: Sequence[int],
    *,
    threads: int | None = None,
) -> InsideVoxels:
    """Find the doses of a structure of any size inside voxels, in bounded memory.

    Parameters
    ----------
    dose_gy : array (k, j, i)
        Absorbed dose in Gy.
    affine_lps : array (4, 4)
        Places `dose_gy`.
    structure : Structure
        The volume.
    parts : three even numbers
        Parts per voxel along (k, j, i), as from `voxel_parts`.
    threads : int, optional
        1 to 1024; every processor available if not given.

    Returns
    -------
    InsideVoxels
        The histogram is None if the structure occupies no part.

    Notes
    -----
    Up to 2^22 parts in a box of 2^26, the histogram is that of `dose_volume_histograms` on the grid of parts. Beyond,
    two samples of each part are gathered slab by slab into 2^22 dose bins: volume and mean are the same to rounding,
    and a dose at a volume is within 2^-22 of the range of doses of what these samples give.
    """
    voxel_ml = abs(float(np.linalg.det(affine_lps[:3, :3]))) * 1e-3
    part_ml = voxel_ml / math.prod(parts)
    shape, refined = parts_grid(dose_gy.shape, affine_lps, parts)
    coarse = structure.occupancy_on((dose_gy.shape, affine_lps), threads=threads)
    box_parts = coarse.weights.size * math.prod(parts)
    if np.count_nonzero(coarse.weights) * math.prod(parts) <= EXACT_PARTS and box_parts <= EXACT_BOX_PARTS:
        fine = structure.occupancy_on((shape, refined), threads=threads)
        volume_ml, histogram = fine.volume_ml(part_ml), None
        if volume_ml > 0:
            named = [(structure.name, fine)]
            (histogram,) = _core.dose_volume_histograms(dose_gy, named, voxel_ml, parts, threads)
        return InsideVoxels(volume_ml, fine.outside_fraction, histogram)
    # The box of the structure, and a margin: a voxel that is hardly touched may count as empty, but not its parts.
    low = [max(start - 1, 0) for start in coarse.origin]
    high = [
        min(start + count + 1, n)
        for start, count, n in zip(coarse.origin, coarse.weights.shape, dose_gy.shape, strict=True)
    ]
    near = dose_gy[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    finite = near[np.isfinite(near)]
    if not finite.size:
        raise OutOfRangeError(f"absorbed dose in Gy in '{structure.name}' must be finite")
    bins = _core.DoseBins(float(finite.min()), float(finite.max()), parts, voxel_ml)
    first, last = low[0] * parts[0], high[0] * parts[0]
    in_plane = (high[1] - low[1]) * (high[2] - low[2]) * parts[1] * parts[2]
    planes = max(1, SLAB_PARTS // in_plane)
    volume_ml = 0.0
    for start in range(first, last, planes):
        matrix = refined.copy()
        matrix[:3, 3] += start * matrix[:3, 2]
        slab = structure.occupancy_on(((min(planes, last - start), *shape[1:]), matrix), threads=threads)
        volume_ml += slab.volume_ml(part_ml)
        try:
            bins.add(dose_gy, slab, start, threads)
        except OutOfRangeError as error:
            raise OutOfRangeError(f"'{structure.name}': {error}") from error
    return InsideVoxels(volume_ml, coarse.outside_fraction, bins.histogram(structure.name))
