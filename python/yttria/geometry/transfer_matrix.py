"""Geometric transfer matrix, which gives one concentration for each region of a blurred image (rousset1998)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._core import VoxelFractions

Box = tuple[slice, slice, slice]
#: Box of a region, and the fraction of each of its voxels that belongs to the region.
Region = tuple[Box, NDArray[np.float64]]

#: Ratio of the full width at half maximum of a Gaussian to its standard deviation.
FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
#: Distance in standard deviations at which the blur is cut off.
_CUT_SIGMA = 4.0
#: Further voxels, which hold the ringing of a blur that is small compared with a voxel.
_RINGING = 6
#: Period in voxels of the discrete Fourier transform that gives the weights.
_PERIOD = 4096
#: Condition number of the scaled matrix beyond which regions cannot be separated.
_LARGEST_CONDITION = 1e4


@dataclass(frozen=True, eq=False, kw_only=True)
class RegionFit:
    """Concentrations of regions, and their linear dependence on the image.

    Parameters
    ----------
    means : array (regions,)
        Concentration of each region in the unit of the image; 0 for a region without volume.
    inverse : array (regions, regions)
        Matrix N from the sums over regions to the means. The covariance of the means is `V(c) = N V(s) N^T`.
    """

    means: NDArray[np.float64]
    inverse: NDArray[np.float64]


def fit_regions(
    values: NDArray[np.float64], regions: Sequence[Region], sigma_voxels: Sequence[float]
) -> RegionFit | None:
    """Fit one concentration to each region.

    With the blur h the modelled image is `sum_k c_k (h * f_k)`. Its sum over each region, weighted by the region's own
    fractions, must equal that of the image: `sum_k M_jk c_k = s_j` with `M_jk = sum_v f_jv (h * f_k)_v`. A region
    without volume has the mean 0. The result is None if the matrix is nearly singular.
    """
    weights = [gaussian_weights(sigma) for sigma in sigma_voxels]
    sums = np.array([float(np.sum(fractions * values[box])) for box, fractions in regions])
    spread = [blurred_region(region, weights, values.shape) for region in regions]
    return solved_regions(np.array([[shared_sum(region, other) for other in spread] for region in regions]), sums)


def solved_regions(matrix: NDArray[np.float64], sums: NDArray[np.float64]) -> RegionFit | None:
    """Solve `M c = s` for the regions whose row of the matrix is not empty; None if the matrix is nearly singular."""
    used = np.ix_(*[np.flatnonzero(np.abs(matrix).sum(axis=1))] * 2)
    scale = np.sqrt(np.maximum(np.diag(matrix[used]), 0.0))
    if not (scale > 0.0).all() or np.linalg.cond(matrix[used] / np.outer(scale, scale)) > _LARGEST_CONDITION:
        return None
    inverse = np.zeros(matrix.shape)
    inverse[used] = np.linalg.inv(matrix[used])
    return RegionFit(means=inverse @ sums, inverse=inverse)


def gaussian_weights(sigma_voxels: float) -> NDArray[np.float64]:
    """Compute weights at distances of whole voxels, with sum 1, for a Gaussian blur of structures averaged over voxels.

    The average over a voxel and the blur are convolutions of the continuous activity, so that an image of averages is
    blurred by the Gaussian itself, without a second average over voxels. The weights have its Fourier transform
    `exp(-(s w)^2 / 2)` at all frequencies `|w| < pi` that the voxels can hold. A Gaussian that is integrated over
    voxels would count their size twice: 4 % in a ball of 12 mm at 5 mm and voxels of 4 mm.
    """
    if sigma_voxels == 0.0:
        return np.ones(1)
    half = math.ceil(_CUT_SIGMA * sigma_voxels) + _RINGING
    frequency = 2.0 * np.pi * np.fft.fftfreq(_PERIOD)
    weights = np.fft.ifft(np.exp(-((sigma_voxels * frequency) ** 2) / 2.0)).real[np.arange(-half, half + 1)]
    return np.asarray(weights / weights.sum())


def blurred_region(region: Region, weights: Sequence[NDArray[np.float64]], shape: tuple[int, ...]) -> Region:
    """Blur a region on a larger box; activity that leaves the field is lost."""
    box, grown = region
    for axis, weight in enumerate(weights):
        before = grown
        grown = np.zeros([n + len(weight) - 1 if a == axis else n for a, n in enumerate(before.shape)])
        for shift, w in enumerate(weight):
            place = [slice(None)] * 3
            place[axis] = slice(shift, shift + before.shape[axis])
            grown[tuple(place)] += w * before
    low = [b.start - len(weight) // 2 for b, weight in zip(box, weights, strict=True)]
    cut = [slice(max(0, -a), min(n, m - a)) for a, n, m in zip(low, grown.shape, shape, strict=True)]
    k, j, i = (slice(a + c.start, a + c.stop) for a, c in zip(low, cut, strict=True))
    return (k, j, i), grown[tuple(cut)]


def shared_sum(region: Region, other: Region) -> float:
    """Sum the product of two regions over the voxels that their boxes have in common."""
    common = common_box(region[0], other[0])
    return 0.0 if common is None else float(np.sum(values_within(region, common) * values_within(other, common)))


def box_of(fractions: VoxelFractions) -> Box:
    """Return the box of voxel fractions as an index."""
    k, j, i = (slice(a, a + n) for a, n in zip(fractions.origin, fractions.weights.shape, strict=True))
    return k, j, i


def disjoint_regions(
    structures: Sequence[Region], shape: Sequence[int]
) -> tuple[list[Region], list[list[tuple[int, Region]]]]:
    """Separate structures that contain or touch one another into regions without overlap.

    A voxel belongs to the structures in the order given, and each structure leaves a region of its own. The second list
    states the parts of each structure: the number of a region, and the fractions of the structure inside it. Voxels
    that several earlier regions share count in proportion to these.
    """
    free = np.ones(tuple(shape))
    regions: list[Region] = []
    parts: list[list[tuple[int, Region]]] = []
    for box, whole in structures:
        own = np.minimum(whole, free[box])
        taken = 1.0 - free[box]
        share = np.divide(whole - own, taken, out=np.zeros(taken.shape), where=taken > 0.0)
        found = []
        for n, region in enumerate(regions):
            if (common := common_box(box, region[0])) is not None:
                found.append((n, (common, values_within((box, share), common) * values_within(region, common))))
        parts.append([*found, (len(regions), (box, own))])
        free[box] -= own
        regions.append((box, own))
    return regions, parts


def with_surroundings(
    matrix: NDArray[np.float64], regions: Sequence[Region], spread: Sequence[Region], voxels: int
) -> NDArray[np.float64]:
    """Add the surroundings to the matrix of regions as the last row and column.

    `matrix` holds the shared sums of the regions with `spread`, the same regions after the blur (or before it). The
    surroundings continue beyond the field of so many voxels, so that all regions together are 1 before and after.
    """
    own, gone = (np.array([float(values.sum()) for _, values in each]) for each in (regions, spread))
    to_rest, from_rest = own - matrix.sum(axis=1), gone - matrix.sum(axis=0)
    rest = voxels - own.sum() - from_rest.sum()
    return np.block([[matrix, to_rest[:, None]], [from_rest[None, :], np.array([[rest]])]])


def common_box(box: Box, other: Box) -> Box | None:
    """Return the voxels that two boxes have in common."""
    k, j, i = (slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(box, other, strict=True))
    return None if any(c.start >= c.stop for c in (k, j, i)) else (k, j, i)


def values_within(region: Region, common: Box) -> NDArray[np.float64]:
    """Return a view of the values of a region in a box that lies inside its own."""
    box, values = region
    return values[tuple(slice(c.start - b.start, c.stop - b.start) for c, b in zip(common, box, strict=True))]
