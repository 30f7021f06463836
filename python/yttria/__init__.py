"""Yttrium-90 radioembolization dosimetry. For research use."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import errors, evaluation, geometry, planning, sources
    from ._core import Nuclide, __version__
    from ._foundation.provenance import Provenance
    from .advisory import Advisory
    from .errors import YttriaError
    from .geometry import ContourStructure, Image, Structure, select_structures
    from .io import read_image, read_structures, write_image, write_structures
    from .kernels.dose_point_kernel import DosePointKernel, dose_point_kernel
    from .kernels.medium import Medium, media
    from .kernels.voxel_s_values import VoxelSValueLibrary, VoxelSValues, voxel_s_values
    from .voxel.absorbed_dose import absorbed_dose
    from .voxel.convolution import ConvolutionPlan
    from .voxel.ct_density import density_image
    from .voxel.dose_image import dose_image
    from .voxel.dose_result import DoseResult
    from .voxel.local_deposition import local_deposition
    from .voxel.monte_carlo import MonteCarloRun
    from .voxel.monte_carlo_dose import MonteCarloDose
    from .voxel.monte_carlo_simulation import monte_carlo
    from .voxel.scaling import AbsoluteScaling, RelativeScaling
    from .voxel.superposition import SuperpositionPlan, superposed_dose

#: The room of each name. It is imported when the name is first used, so that importing the package costs little.
_ROOMS = {
    "AbsoluteScaling": "voxel",
    "Advisory": "advisory",
    "ContourStructure": "geometry",
    "ConvolutionPlan": "voxel",
    "DosePointKernel": "kernels",
    "DoseResult": "voxel",
    "Image": "geometry",
    "Medium": "kernels",
    "MonteCarloDose": "voxel",
    "MonteCarloRun": "voxel",
    "Nuclide": "_core",
    "Provenance": "_foundation.provenance",
    "RelativeScaling": "voxel",
    "Structure": "geometry",
    "SuperpositionPlan": "voxel",
    "VoxelSValueLibrary": "kernels",
    "VoxelSValues": "kernels",
    "YttriaError": "errors",
    "__version__": "_core",
    "absorbed_dose": "voxel",
    "density_image": "voxel",
    "dose_image": "voxel",
    "dose_point_kernel": "kernels",
    "local_deposition": "voxel",
    "media": "kernels",
    "monte_carlo": "voxel",
    "read_image": "io",
    "read_structures": "io",
    "select_structures": "geometry",
    "superposed_dose": "voxel",
    "voxel_s_values": "kernels",
    "write_image": "io",
    "write_structures": "io",
}
_PACKAGES = (
    "advisory",
    "batch",
    "conformance",
    "errors",
    "evaluation",
    "geometry",
    "io",
    "kernels",
    "outcomes",
    "phantom",
    "planning",
    "reference",
    "report",
    "sources",
    "voxel",
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
    "MonteCarloDose",
    "MonteCarloRun",
    "Nuclide",
    "Provenance",
    "RelativeScaling",
    "Structure",
    "SuperpositionPlan",
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
    "monte_carlo",
    "planning",
    "read_image",
    "read_structures",
    "select_structures",
    "sources",
    "superposed_dose",
    "voxel_s_values",
    "write_image",
    "write_structures",
]


def __getattr__(name: str) -> Any:
    """Import what a name stands for (PEP 562), and keep it."""
    if name in _PACKAGES:
        return import_module(f"{__name__}.{name}")
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    setattr(sys.modules[__name__], name, value)
    return value


def __dir__() -> list[str]:
    """List what the package offers, whether it has been imported or not."""
    return sorted({*globals(), *__all__, *_PACKAGES})
