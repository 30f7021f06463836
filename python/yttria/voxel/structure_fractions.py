"""Voxel fractions of structures in a dose image, without gas, and identified by their content."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._core import VoxelFractions
from ..geometry.image import Image


def fractions_key(fractions: VoxelFractions) -> str:
    """Return the hash of voxel fractions, which identifies a structure by its content, not its name."""
    from hashlib import sha256

    content = sha256(f"{fractions.shape} {fractions.origin} {fractions.weights.shape}".encode())
    content.update(np.ascontiguousarray(fractions.weights).data)
    return content.hexdigest()


def without_gas(fractions: VoxelFractions, gas: NDArray[np.bool_]) -> VoxelFractions:
    """Return the fractions with those of gas set to 0."""
    weights = fractions.weights.copy()
    if weights.size == 0:
        return fractions
    box = tuple(slice(at, at + n) for at, n in zip(fractions.origin, weights.shape, strict=True))
    weights[gas[box]] = 0
    return VoxelFractions._rebuild(fractions.shape, fractions.origin, weights, fractions.outside_fraction)


def sum_inside(inside: VoxelFractions, image: Image) -> float:
    """Sum the values of an image, each times the fraction of its voxel."""
    box = tuple(slice(at, at + n) for at, n in zip(inside.origin, inside.weights.shape, strict=True))
    return float(np.einsum("kji,kji->", inside.weights, image.array[box], dtype=np.float64))
