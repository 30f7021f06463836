"""Isotopes with their decay data, dose point kernels and the voxel S values made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._foundation.rooms import lazy_room

if TYPE_CHECKING:
    from .._core import Nuclide
    from .decay_data import BetaBranch, DecayData, beta_spectrum, decay_data
    from .dose_point_kernel import DosePointKernel, dose_point_kernel
    from .medium import Medium, media
    from .voxel_s_values import VoxelSValueLibrary, VoxelSValues, voxel_s_values

__all__ = [
    "BetaBranch",
    "DecayData",
    "DosePointKernel",
    "Medium",
    "Nuclide",
    "VoxelSValueLibrary",
    "VoxelSValues",
    "beta_spectrum",
    "decay_data",
    "dose_point_kernel",
    "media",
    "voxel_s_values",
]

lazy_room(
    __name__,
    {
        ".._core": ("Nuclide",),
        ".decay_data": ("BetaBranch", "DecayData", "beta_spectrum", "decay_data"),
        ".dose_point_kernel": ("DosePointKernel", "dose_point_kernel"),
        ".medium": ("Medium", "media"),
        ".voxel_s_values": ("VoxelSValueLibrary", "VoxelSValues", "voxel_s_values"),
    },
)
