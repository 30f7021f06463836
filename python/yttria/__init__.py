"""Yttrium-90 radioembolization dosimetry. For research use."""

from __future__ import annotations

from . import errors, evaluation, planning
from ._arguments import public as _public
from ._core import Nuclide, __version__
from .advisory import Advisory
from .contours import ContourStructure
from .errors import YttriaError
from .image import Image
from .io import read_image, read_structures, write_image, write_structures
from .kernels import (
    DosePointKernel,
    Medium,
    VoxelSValueLibrary,
    VoxelSValues,
    dose_point_kernel,
    media,
    voxel_s_values,
)
from .provenance import Provenance
from .structure import Structure
from .structure_selection import select_structures
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
