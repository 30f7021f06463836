"""Depth of voxels below the outline of a structure, and the structure with its outline displaced a little.

A binary mask has steps at its outline, and their area is half as large again as that of the outline. The fractions are
therefore smoothed by a Gaussian of 0.7 voxels first. Across a plane the smoothed fraction is a normal distribution
function of the depth, so that its inverse is linear in the depth. Divided by its own gradient it is the depth in mm,
for voxels of any shape. A curved outline moves inward when it is smoothed. One constant for the whole structure, by
which its volume is what it was, takes that back.

Measured on balls on voxels of 4 x 4 x 4 and 5 x 2 x 2 mm, smooth and as binary masks: the change of volume is right
within 2 % for radii from 6 voxels on, and within 6 % from 2 voxels on (tests/geometry/test_outline_depth.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._core import VoxelFractions

Floats = NDArray[np.float32]
#: Standard deviation of the smoothing in voxels, and how many voxels it reaches.
_SIGMA, _REACH = 0.7, 3
#: Largest depth of the band in standard deviations of the smoothing, and of the table of the normal distribution.
_BAND, _TABLE = 2.5, 4.0
#: Largest displacement in voxels: a voxel at the edge of the band keeps its fraction.
LARGEST_DISPLACEMENT = 0.8
_DEPTHS = np.linspace(-_TABLE, _TABLE, 2001)
_FRACTIONS = np.array([0.5 * math.erfc(-depth / math.sqrt(2.0)) for depth in _DEPTHS])
_ITERATIONS = 20


@dataclass(frozen=True, eq=False, kw_only=True)
class OutlineDepth:
    """Voxels near the outline of a structure with their depth below it.

    Parameters
    ----------
    structure : VoxelFractions
        The structure.
    origin : tuple of int
        First voxel (k, j, i) of the box that holds it with a margin.
    inside : array of float32, shape of the box
        1 for voxels inside and 0 for those outside; those of the band have either.
    band : array of int
        Places of the voxels near the outline in the flat box.
    depth_mm, width_mm : array of float, one for each voxel of the band
        Depth of the voxel's center, positive inside, and the extent of the voxel along the normal.
    """

    structure: VoxelFractions
    origin: tuple[int, int, int]
    inside: Floats
    band: NDArray[np.intp]
    depth_mm: NDArray[np.float64]
    width_mm: NDArray[np.float64]

    def displaced(self, distance_mm: float) -> VoxelFractions:
        """Give the structure with its outline displaced outward, by at most `LARGEST_DISPLACEMENT` voxels."""
        weights = self.inside.copy()
        weights.flat[self.band] = np.clip((self.depth_mm + distance_mm) / self.width_mm + 0.5, 0.0, 1.0)
        return VoxelFractions._rebuild(self.structure.shape, self.origin, weights, self.structure.outside_fraction)


def outline_depth(structure: VoxelFractions, voxel_size_mm: Sequence[float]) -> OutlineDepth:
    """Find the voxels near the outline of a structure, and how deep they lie below it.

    Parameters
    ----------
    structure : VoxelFractions
        The structure on a grid. Where the grid cuts it, it has no outline.
    voxel_size_mm : sequence of float
        Voxel size (k, j, i) in mm.

    Returns
    -------
    OutlineDepth
    """
    fractions, origin = _with_margin(structure)
    smoothed = _smoothed(fractions)
    low, high = np.interp([-_BAND, _BAND], _DEPTHS, _FRACTIONS)
    band = np.flatnonzero((smoothed > low) & (smoothed < high))
    gradient = _gradient(smoothed, band, voxel_size_mm)
    steepness = np.maximum(np.sqrt(sum(each**2 for each in gradient)), 1e-6)
    width_mm = sum(np.abs(each) * size for each, size in zip(gradient, voxel_size_mm, strict=True)) / steepness
    # Where the smoothed fraction is level, there is no normal.
    width_mm = np.maximum(width_mm, 0.5 * min(voxel_size_mm))
    depth_mm = _normal_depth(smoothed.flat[band]) / steepness
    inside = (smoothed > 0.5).astype(np.float32)
    deep = float(inside.sum(dtype=np.float64)) - float(inside.flat[band].sum(dtype=np.float64))
    depth_mm += _shift_that_keeps(float(fractions.sum(dtype=np.float64)) - deep, depth_mm, width_mm)
    return OutlineDepth(
        structure=structure, origin=origin, inside=inside, band=band, depth_mm=depth_mm, width_mm=width_mm
    )


def _with_margin(structure: VoxelFractions) -> tuple[Floats, tuple[int, int, int]]:
    """The fractions in their box with a margin as far as the grid goes, and its first voxel."""
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
    """Convolution with a Gaussian along each axis; beyond the box lies its outermost voxel."""
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


def _normal_depth(smoothed: Floats) -> NDArray[np.float64]:
    """The depth in standard deviations at which a normal distribution function has these values."""
    return np.interp(smoothed, _FRACTIONS, _DEPTHS)


def _gradient(smoothed: Floats, places: NDArray[np.intp], voxel_size_mm: Sequence[float]) -> list[NDArray[np.float64]]:
    """Central differences of the normal depth per mm; at the edge of the box, of the voxel itself and its neighbor."""
    flat, index = smoothed.ravel(), np.unravel_index(places, smoothed.shape)
    strides = (smoothed.shape[1] * smoothed.shape[2], smoothed.shape[2], 1)
    found = []
    for axis, (stride, size_mm) in enumerate(zip(strides, voxel_size_mm, strict=True)):
        up = np.where(index[axis] + 1 < smoothed.shape[axis], stride, 0)
        down = np.where(index[axis] > 0, stride, 0)
        steps = np.maximum((up + down) / stride, 1.0)
        change = _normal_depth(flat[places + up]) - _normal_depth(flat[places - down])
        found.append(change / (steps * size_mm))
    return found


def _shift_that_keeps(volume: float, depth_mm: NDArray[np.float64], width_mm: NDArray[np.float64]) -> float:
    """The displacement in mm by which the band has a volume in voxels, by bisection between its extremes."""
    if len(depth_mm) == 0:
        return 0.0
    reach = float(np.abs(depth_mm).max() + width_mm.max())
    low, high = -reach, reach
    for _ in range(_ITERATIONS):
        middle = 0.5 * (low + high)
        if float(np.clip((depth_mm + middle) / width_mm + 0.5, 0.0, 1.0).sum()) < volume:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)
