"""Depth of voxels below the outline of a structure, and small displacements of the outline.

A binary mask has steps at its outline, and their area is 1.5 times that of the outline. The fractions are therefore
smoothed by a Gaussian of 0.7 voxels first. Across a plane the smoothed fraction is a normal distribution function of
the depth, so that its inverse is linear in the depth. Division by its own gradient gives the depth in mm for voxels of
any shape. Smoothing shifts a curved outline inward. One constant for the whole structure, which restores its volume,
corrects this shift.

It was measured on balls, smooth and as binary masks, on voxels of 4 x 4 x 4 and 5 x 2 x 2 mm
(tests/geometry/test_outline_depth.py). The change of volume is right within 2 % for radii from 6 voxels on, and within
6 % from 2 voxels on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .._core import VoxelFractions

Floats = NDArray[np.float32]
#: Standard deviation of the smoothing in voxels, and its reach in voxels.
_SIGMA, _REACH = 0.7, 3
#: Largest depth of the band in standard deviations of the smoothing, and largest one in the table.
_BAND, _LARGEST = 2.5, 4.0
#: Largest displacement in voxels, for which a voxel at the edge of the band keeps its fraction.
LARGEST_DISPLACEMENT = 0.8
#: Steps of the table of normal depths. At the edge of the band one step changes the depth by 4e-4.
_STEPS = 2**16
_ITERATIONS = 8


@cache
def _table() -> Floats:
    """Tabulate the depth in standard deviations at which a normal distribution function has the values n / `_STEPS`."""
    depths = np.linspace(-_LARGEST, _LARGEST, 4001)
    fractions = [0.5 * math.erfc(-depth / math.sqrt(2.0)) for depth in depths]
    return np.interp(np.arange(_STEPS + 1) / _STEPS, fractions, depths).astype(np.float32)


@dataclass(frozen=True, eq=False, kw_only=True)
class OutlineDepth:
    """Voxels near the outline of a structure with their depth below it.

    Parameters
    ----------
    structure : VoxelFractions
        The structure.
    origin : tuple of int
        First voxel (k, j, i) of the box around it, which has a margin.
    inside : array of float32, shape of the box
        1 for voxels inside and 0 for voxels outside; voxels of the band may have either.
    band : array of int
        Indices of the voxels near the outline in the flattened box.
    depth_mm, width_mm : array of float, one for each voxel of the band
        Depth of the voxel's center, positive inside, and the extent of the voxel along the normal.
    """

    structure: VoxelFractions
    origin: tuple[int, int, int]
    inside: Floats
    band: NDArray[np.intp]
    depth_mm: Floats
    width_mm: Floats

    def displaced(self, distance_mm: float) -> VoxelFractions:
        """Return the structure with its outline displaced outward, by at most `LARGEST_DISPLACEMENT` voxels."""
        weights = self.inside.copy()
        weights.reshape(-1)[self.band] = np.clip((self.depth_mm + distance_mm) / self.width_mm + 0.5, 0.0, 1.0)
        return VoxelFractions._rebuild(self.structure.shape, self.origin, weights, self.structure.outside_fraction)


def smoothed_outline(structure: VoxelFractions, voxel_size_mm: Sequence[float]) -> VoxelFractions:
    """Smooth the steps that a resampled mask left in the fractions of a structure, at the same volume.

    `SignedDistance` reads the depth of a voxel that the outline cuts from its fraction. In a mask that was resampled
    onto other voxels, these fractions are steps of an eighth or a half. The change of a ball's volume with a
    displacement is then up to 40 % too large; after smoothing it is right within 8 %. A mask of whole voxels is
    returned unchanged.

    Parameters
    ----------
    structure : VoxelFractions
        The structure on a grid.
    voxel_size_mm : sequence of float
        Voxel size (k, j, i) in mm.

    Returns
    -------
    VoxelFractions
    """
    weights = structure.weights
    if not ((weights > 0.0) & (weights < 1.0)).any():
        return structure
    return outline_depth(structure, voxel_size_mm, by_variance=True).displaced(0.0)


def outline_depth(
    structure: VoxelFractions, voxel_size_mm: Sequence[float], *, by_variance: bool = False
) -> OutlineDepth:
    """Find the voxels near the outline of a structure, and their depth below it.

    Parameters
    ----------
    structure : VoxelFractions
        The structure on a grid. The edge of the grid is not an outline if it cuts the structure.
    voxel_size_mm : sequence of float
        Voxel size (k, j, i) in mm.
    by_variance : bool, default False
        Take as the width of a voxel that of a uniform distribution with the variance of its points along the normal,
        instead of its extent. `SignedDistance` does so.

    Returns
    -------
    OutlineDepth
    """
    fractions, origin = _with_margin(structure)
    smoothed = _smoothed(fractions)
    edge = 0.5 * math.erfc(_BAND / math.sqrt(2.0))
    band = np.flatnonzero((smoothed > edge) & (smoothed < 1.0 - edge))
    gradient = _gradient(smoothed, band, voxel_size_mm)
    steepness = np.maximum(np.sqrt(gradient[0] ** 2 + gradient[1] ** 2 + gradient[2] ** 2), np.float32(1e-6))
    one, two, three = (np.abs(each) * np.float32(size) for each, size in zip(gradient, voxel_size_mm, strict=True))
    extent = np.sqrt(one**2 + two**2 + three**2) if by_variance else one + two + three
    # There is no normal if the smoothed fraction has no gradient.
    width_mm = np.maximum(extent / steepness, np.float32(0.5 * min(voxel_size_mm)))
    depth_mm = _normal_depth(smoothed.reshape(-1)[band]) / steepness
    inside = (smoothed > 0.5).astype(np.float32)
    deep = float(inside.sum(dtype=np.float64)) - float(inside.reshape(-1)[band].sum(dtype=np.float64))
    depth_mm += np.float32(_volume_restoring_shift(float(fractions.sum(dtype=np.float64)) - deep, depth_mm, width_mm))
    return OutlineDepth(
        structure=structure, origin=origin, inside=inside, band=band, depth_mm=depth_mm, width_mm=width_mm
    )


def _with_margin(structure: VoxelFractions) -> tuple[Floats, tuple[int, int, int]]:
    """Return the fractions in their box, with as much margin as the grid has, and the first voxel of the box."""
    weights = structure.weights
    low = [max(at - _REACH, 0) for at in structure.origin]
    high = [
        min(at + size + _REACH, all_of)
        for at, size, all_of in zip(structure.origin, weights.shape, structure.shape, strict=True)
    ]
    box = np.zeros([end - start for start, end in zip(low, high, strict=True)], np.float32)
    box[
        tuple(
            slice(at - start, at - start + size)
            for at, start, size in zip(structure.origin, low, weights.shape, strict=True)
        )
    ] = weights
    return box, (low[0], low[1], low[2])


def _smoothed(fractions: Floats) -> Floats:
    """Convolve with a Gaussian along each axis; the outermost voxels continue beyond the box."""
    taps = np.exp(-0.5 * (np.arange(-_REACH, _REACH + 1) / _SIGMA) ** 2)
    taps = (taps / taps.sum()).astype(np.float32)
    for axis, size in enumerate(fractions.shape):
        widths = [(0, 0)] * 3
        widths[axis] = (_REACH, _REACH)
        padded = np.moveaxis(np.pad(fractions, widths, mode="edge"), axis, 0)
        total = taps[_REACH] * padded[_REACH : _REACH + size]
        for away in range(1, _REACH + 1):
            total += taps[_REACH + away] * (
                padded[_REACH - away : _REACH - away + size] + padded[_REACH + away : _REACH + away + size]
            )
        fractions = np.moveaxis(total, 0, axis)
    return np.ascontiguousarray(fractions)


def _normal_depth(smoothed: Floats) -> Floats:
    places = (smoothed * np.float32(_STEPS) + np.float32(0.5)).astype(np.intp)
    return _table()[np.clip(places, 0, _STEPS)]


def _gradient(smoothed: Floats, places: NDArray[np.intp], voxel_size_mm: Sequence[float]) -> list[Floats]:
    """Compute central differences of the normal depth per mm; at the edge of the box they are one-sided."""
    flat, index = smoothed.ravel(), np.unravel_index(places, smoothed.shape)
    strides = (smoothed.shape[1] * smoothed.shape[2], smoothed.shape[2], 1)
    found = []
    for axis, (stride, size_mm) in enumerate(zip(strides, voxel_size_mm, strict=True)):
        up = np.where(index[axis] + 1 < smoothed.shape[axis], stride, 0)
        down = np.where(index[axis] > 0, stride, 0)
        steps = np.maximum((up + down) // stride, 1).astype(np.float32)
        change = _normal_depth(flat[places + up]) - _normal_depth(flat[places - down])
        found.append(change / (steps * np.float32(size_mm)))
    return found


def _volume_restoring_shift(volume: float, depth_mm: Floats, width_mm: Floats) -> float:
    """Find the displacement in mm that gives the band a volume in voxels, by Newton's method."""
    shift_mm = 0.0
    for _ in range(_ITERATIONS):
        fractions = (depth_mm + np.float32(shift_mm)) / width_mm + np.float32(0.5)
        cut = (fractions > 0.0) & (fractions < 1.0)
        slope = float((1.0 / width_mm[cut]).sum(dtype=np.float64))
        missing = volume - float(np.clip(fractions, 0.0, 1.0).sum(dtype=np.float64))
        if slope == 0.0 or abs(missing) <= 1e-6 * max(volume, 1.0):
            break
        shift_mm += missing / slope
    return shift_mm
