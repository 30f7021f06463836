"""Kernel between an activity and its dose, for quantities that are computed from both."""

from __future__ import annotations

from .._core import Nuclide
from .._foundation.choices import MediumName
from .._foundation.provenance import Provenance
from ..geometry.image import Image
from ..kernels import VoxelSValues, voxel_s_values

#: Tissue of the kernel if the dose was computed without one.
_TISSUE: MediumName = "liver"


def s_values_of(used: Provenance, image: Image, threads: int | None) -> VoxelSValues:
    """Make voxel S values of the medium and density of a dose, or of liver if it was computed without a kernel."""
    return voxel_s_values(
        image.voxel_size_mm,
        medium=used.kernel_medium or _TISSUE,
        density_g_per_ml=used.density_g_per_ml,
        nuclide=nuclide_of(used),
        tail_folded=bool(used.kernel_tail_folded),
        threads=threads,
    )


def nuclide_of(used: Provenance) -> Nuclide:
    """Return the nuclide that a provenance states by its numbers."""
    return Nuclide.from_dose_factor(
        used.half_life_h, used.dose_factor_gy_kg_per_gbq, name=used.nuclide, source=used.nuclide_source
    )
