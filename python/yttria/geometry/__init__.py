"""Images, structures and grids: where arrays lie in the patient, and how much of a voxel a structure fills."""

from __future__ import annotations

from .._core import Occupancy
from .._foundation.arguments import public as _public
from .._foundation.units import UNITS
from .contours import ContourStructure
from .image import Image, ResampledImage
from .structure import Structure
from .structure_selection import select_structures
from .sub_voxel import parts_grid, voxel_parts
from .voxel_fractions import occupancy

__all__ = [
    "UNITS",
    "ContourStructure",
    "Image",
    "Occupancy",
    "ResampledImage",
    "Structure",
    "occupancy",
    "parts_grid",
    "select_structures",
    "voxel_parts",
]

_public(globals())
