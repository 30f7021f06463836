"""Division of dose voxels into sub-voxels, so that a histogram includes the variation inside voxels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import yttria._core as _core

from .._core import DoseVolumeHistogram
from .._foundation.arrays import dose_array
from ..errors import OutOfRangeError
from ..geometry.sub_voxel import subvoxel_grid

if TYPE_CHECKING:
    from ..geometry.structure import Structure

#: Largest numbers of sub-voxels of a structure and of its box for which all samples are kept at once. Larger structures
#: are divided into slabs.
EXACT_SUBVOXELS, EXACT_BOX_SUBVOXELS, SLAB_SUBVOXELS = 2**22, 2**26, 2**23


@dataclass(frozen=True, kw_only=True)
class InsideVoxels:
    """One structure on the sub-voxels of a dose, with its volume in mL, fraction beyond the grid, and histogram."""

    volume_ml: float
    outside_fraction: float
    histogram: DoseVolumeHistogram | None


def inside_voxels(
    dose_gy: NDArray[Any],
    affine_lps: NDArray[np.float64],
    structure: Structure,
    counts: Sequence[int],
    *,
    threads: int | None = None,
) -> InsideVoxels:
    """Find the doses of a structure of any size inside voxels, in bounded memory.

    Parameters
    ----------
    dose_gy : array (k, j, i)
        Absorbed dose in Gy.
    affine_lps : array (4, 4)
        Affine of `dose_gy`.
    structure : Structure
        The structure.
    counts : three even numbers
        Sub-voxels per voxel along (k, j, i), from `subvoxel_counts`.
    threads : int, optional
        1 to 1024; every processor available if not given.

    Returns
    -------
    InsideVoxels
        The structure on the sub-voxels. Its histogram is None if it has no volume in any sub-voxel.

    Notes
    -----
    Up to 2^22 sub-voxels in a box of 2^26, the histogram is that of `dose_volume_histograms` on their grid. For larger
    structures, two samples of each sub-voxel are collected slab by slab in 2^22 dose bins. Volume and mean are then
    equal to rounding. A dose at a volume is within 2^-22 of the range of doses of the value of these samples.
    """
    dose_gy = dose_array(dose_gy)
    voxel_ml = abs(float(np.linalg.det(affine_lps[:3, :3]))) * 1e-3
    subvoxel_ml = voxel_ml / math.prod(counts)
    shape, refined = subvoxel_grid(dose_gy.shape, affine_lps, counts)
    coarse = structure.voxel_fractions_on((dose_gy.shape, affine_lps), threads=threads)
    box_subvoxels = coarse.weights.size * math.prod(counts)
    if np.count_nonzero(coarse.weights) * math.prod(counts) <= EXACT_SUBVOXELS and box_subvoxels <= EXACT_BOX_SUBVOXELS:
        fine = structure.voxel_fractions_on((shape, refined), threads=threads)
        volume_ml, histogram = fine.volume_ml(subvoxel_ml), None
        if volume_ml > 0:
            named = [(structure.name, fine)]
            (histogram,) = _core.dose_volume_histograms(dose_gy, named, voxel_ml, counts, threads)
        return InsideVoxels(volume_ml=volume_ml, outside_fraction=fine.outside_fraction, histogram=histogram)
    # The box of the structure has a margin, because a voxel that is hardly touched may count as empty, but not its
    # sub-voxels.
    low = [max(start - 1, 0) for start in coarse.origin]
    high = [
        min(start + count + 1, n)
        for start, count, n in zip(coarse.origin, coarse.weights.shape, dose_gy.shape, strict=True)
    ]
    near = dose_gy[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    finite = near[np.isfinite(near)]
    if not finite.size:
        raise OutOfRangeError(f"absorbed dose in Gy in '{structure.name}' must be finite")
    bins = _core.DoseBins(float(finite.min()), float(finite.max()), counts, voxel_ml)
    first, last = low[0] * counts[0], high[0] * counts[0]
    in_plane = (high[1] - low[1]) * (high[2] - low[2]) * counts[1] * counts[2]
    planes = max(1, SLAB_SUBVOXELS // in_plane)
    volume_ml = 0.0
    for start in range(first, last, planes):
        matrix = refined.copy()
        matrix[:3, 3] += start * matrix[:3, 2]
        slab = structure.voxel_fractions_on(((min(planes, last - start), *shape[1:]), matrix), threads=threads)
        volume_ml += slab.volume_ml(subvoxel_ml)
        try:
            bins.add(dose_gy, slab, start, threads)
        except OutOfRangeError as error:
            raise OutOfRangeError(f"'{structure.name}': {error}") from error
    return InsideVoxels(
        volume_ml=volume_ml, outside_fraction=coarse.outside_fraction, histogram=bins.histogram(structure.name)
    )
