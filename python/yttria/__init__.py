"""Yttrium-90 radioembolization dosimetry. For research use."""

from __future__ import annotations

from . import errors, evaluation, geometry, planning
from ._core import Nuclide, __version__
from ._foundation.arguments import public as _public
from ._foundation.provenance import Provenance
from .advisory import Advisory
from .errors import YttriaError
from .geometry.contours import ContourStructure
from .geometry.image import Image
from .geometry.structure import Structure
from .geometry.structure_selection import select_structures
from .io import read_image, read_structures, write_image, write_structures
from .kernels import DosePointKernel, Medium, VoxelSValueLibrary, VoxelSValues, dose_point_kernel, media, voxel_s_values
from .voxel import (
    AbsoluteScaling,
    ConvolutionPlan,
    DoseResult,
    RelativeScaling,
    absorbed_dose,
    density_image,
    dose_image,
    local_deposition,
)

__all__ = [
    "AbsoluteScaling",
    "Advisory",
    "ContourStructure",
    "ConvolutionPlan",
    "DosePointKernel",
    "DoseResult",
    "Image",
    "Medium",
    "Nuclide",
    "Provenance",
    "RelativeScaling",
    "Structure",
    "VoxelSValueLibrary",
    "VoxelSValues",
    "YttriaError",
    "__version__",
    "absorbed_dose",
    "density_image",
    "dose_image",
    "dose_point_kernel",
    "errors",
    "evaluation",
    "geometry",
    "local_deposition",
    "media",
    "planning",
    "read_image",
    "read_structures",
    "select_structures",
    "voxel_s_values",
    "write_image",
    "write_structures",
]

_public(globals())
