"""Isotopes with their decay data, dose point kernels and the voxel S values made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._foundation.rooms import lazy_room

if TYPE_CHECKING:
    from .._core import Nuclide
    from .decay_data import BetaBranch, DecayData, PhotonLine, beta_spectrum, decay_data
    from .dose_point_kernel import DosePointKernel, dose_point_kernel
    from .medium import Medium, media
    from .photon_dose import energy_absorption_cm2_per_g, photon_dose, photon_dose_factor
    from .voxel_s_values import VoxelSValueLibrary, VoxelSValues, voxel_s_values

__all__ = [
    "BetaBranch",
    "DecayData",
    "DosePointKernel",
    "Medium",
    "Nuclide",
    "PhotonLine",
    "VoxelSValueLibrary",
    "VoxelSValues",
    "beta_spectrum",
    "decay_data",
    "dose_point_kernel",
    "energy_absorption_cm2_per_g",
    "media",
    "photon_dose",
    "photon_dose_factor",
    "voxel_s_values",
]

lazy_room(
    __name__,
    {
        ".._core": ("Nuclide",),
        ".decay_data": ("BetaBranch", "DecayData", "PhotonLine", "beta_spectrum", "decay_data"),
        ".dose_point_kernel": ("DosePointKernel", "dose_point_kernel"),
        ".medium": ("Medium", "media"),
        ".photon_dose": ("energy_absorption_cm2_per_g", "photon_dose", "photon_dose_factor"),
        ".voxel_s_values": ("VoxelSValueLibrary", "VoxelSValues", "voxel_s_values"),
    },
)
