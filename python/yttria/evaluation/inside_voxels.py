"""Dose voxels cut into parts, so that a histogram sees how dose and structure vary inside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._core import DoseVolumeHistogram
from ..errors import OutOfRangeError
from ..geometry.sub_voxel import parts_grid

if TYPE_CHECKING:
    from ..geometry.structure import Structure

#: Parts of a structure, and of the box around it, up to which all its samples are kept; parts of a slab beyond.
EXACT_PARTS, EXACT_BOX_PARTS, SLAB_PARTS = 2**22, 2**26, 2**23


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
