"""Mean doses of structures corrected for the image's blur, for each draw of a propagation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .._core import VoxelFractions
from ..geometry.transfer_matrix import (
    FWHM_PER_SIGMA,
    Region,
    blurred_region,
    box_of,
    common_box,
    gaussian_weights,
    shared_sum,
    values_within,
    with_surroundings,
)

Array = NDArray[np.float64]


class RegionRecovery:
    """Geometric transfer matrix of structures and their surroundings in a region of the dose grid (rousset1998).

    A structure that contains others is a region without them, because each voxel belongs to the smallest structures
    first. With the blur h and the fractions g_k of the regions, the doses d_k follow from `sum_k d_k sum_v g_jv (h *
    g_k)_v = sum_v g_jv D_v`. The recovered mean of a structure with the fractions f and the volumes v_k of regions in
    it is `D + sum_k d_k (v_k - sum_v f_v (h * g_k)_v) / sum_v f_v`, so that uneven doses inside a structure stay as in
    the image. The surroundings continue beyond the region.
    """

    def __init__(self, fwhm_mm: float, voxel_size_mm: Sequence[float]) -> None:
        """Make the weights of the blur along each axis."""
        self._weights = [gaussian_weights(fwhm_mm / FWHM_PER_SIGMA / size) for size in voxel_size_mm]

    def means(self, dose: NDArray[np.float32], fractions: Mapping[str, VoxelFractions]) -> dict[str, float]:
        """Return the corrected mean of each structure; NaN without a voxel, or if regions cannot be separated."""
        whole = {name: (box_of(each), np.asarray(each.weights, np.float64)) for name, each in fractions.items()}
        ordered = sorted((n for n, (_, values) in whole.items() if values.size), key=lambda n: whole[n][1].sum())
        regions, volumes = _without_overlap([whole[name] for name in ordered], dose.shape)
        spread = [blurred_region(region, self._weights, dose.shape) for region in regions]
        among = np.array([[shared_sum(a, b) for b in spread] for a in regions]).reshape(2 * (len(regions),))
        system = with_surroundings(among, regions, spread, dose.size)
        sums = np.array([float(np.sum(values * dose[box], dtype=np.float64)) for box, values in regions])
        found = dict.fromkeys(fractions, np.nan)
        try:
            doses = np.linalg.solve(system, np.append(sums, float(dose.sum(dtype=np.float64)) - sums.sum()))
        except np.linalg.LinAlgError:
            return found
        for name, held in zip(ordered, volumes, strict=True):
            box, values = whole[name]
            lost = held - np.array([shared_sum(whole[name], region) for region in spread])
            lost = np.append(lost, -lost.sum())
            found[name] = float((np.sum(values * dose[box], dtype=np.float64) + lost @ doses) / values.sum())
        return found


def _without_overlap(ordered: Sequence[Region], shape: Sequence[int]) -> tuple[list[Region], Array]:
    """Make regions without overlap, smallest first, and the volume of each (second axis) in each structure.

    Outlines are drawn independently, so that a structure may end inside one that it contains. Its voxels there belong
    only to the smaller structure. `disjoint_regions` would count a thin shell between the two outlines.
    """
    free, volumes = np.ones(tuple(shape)), np.zeros((len(ordered), len(ordered)))
    regions: list[Region] = []
    for n, (box, values) in enumerate(ordered):
        own = np.minimum(values, free[box])
        free[box] -= own
        regions.append((box, own))
        rest = values.copy()
        for k, region in enumerate(regions):
            if (common := common_box(box, region[0])) is not None:
                here = values_within((box, rest), common)
                inside = np.minimum(here, values_within(region, common))
                here -= inside
                volumes[n, k] = inside.sum()
    return regions, volumes
