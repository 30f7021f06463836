"""Dose point kernels and the voxel S values made from them."""

from __future__ import annotations

from .._core import Nuclide
from .._foundation.arguments import public as _public
from .dose_point_kernel import DosePointKernel, dose_point_kernel
from .medium import Medium, media
from .voxel_s_values import VoxelSValueLibrary, VoxelSValues, voxel_s_values

__all__ = [
    "DosePointKernel",
    "Medium",
    "Nuclide",
    "VoxelSValueLibrary",
    "VoxelSValues",
    "dose_point_kernel",
    "media",
    "voxel_s_values",
]

_public(globals())
