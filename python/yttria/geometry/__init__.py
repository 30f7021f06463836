"""Images, structures and grids: positions of arrays in the patient, and voxel fractions of structures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._foundation.rooms import lazy_room

if TYPE_CHECKING:
    from .._core import VoxelFractions
    from .._foundation.units import UNITS
    from .contours import ContourStructure
    from .guest_exports import to_highdicom, to_nibabel, to_simpleitk, to_xarray
    from .image import Image, ResampledImage
    from .planar_views import PlanarViews
    from .structure import Structure
    from .structure_algebra import difference, intersection, union
    from .structure_expressions import derive_structures
    from .structure_selection import select_structures
    from .sub_voxel import subvoxel_counts, subvoxel_grid
    from .voxel_fractions import fractions_of_mask, voxel_fractions

__all__ = [
    "UNITS",
    "ContourStructure",
    "Image",
    "PlanarViews",
    "ResampledImage",
    "Structure",
    "VoxelFractions",
    "derive_structures",
    "difference",
    "fractions_of_mask",
    "intersection",
    "select_structures",
    "subvoxel_counts",
    "subvoxel_grid",
    "to_highdicom",
    "to_nibabel",
    "to_simpleitk",
    "to_xarray",
    "union",
    "voxel_fractions",
]

lazy_room(
    __name__,
    {
        ".._core": ("VoxelFractions",),
        ".._foundation.units": ("UNITS",),
        ".contours": ("ContourStructure",),
        ".guest_exports": ("to_highdicom", "to_nibabel", "to_simpleitk", "to_xarray"),
        ".image": ("Image", "ResampledImage"),
        ".planar_views": ("PlanarViews",),
        ".structure": ("Structure",),
        ".structure_algebra": ("difference", "intersection", "union"),
        ".structure_expressions": ("derive_structures",),
        ".structure_selection": ("select_structures",),
        ".sub_voxel": ("subvoxel_counts", "subvoxel_grid"),
        ".voxel_fractions": ("fractions_of_mask", "voxel_fractions"),
    },
)
