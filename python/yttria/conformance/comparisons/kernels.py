"""Dose factor, voxel S values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core import Nuclide
from ...kernels import dose_point_kernel, voxel_s_values
from ...reference import absorbed_dose, decay
from ...reference.voxel_s_values import voxel_s_values as defined_s_values
from .._record import draws
from ._comparison import Comparison

SIZE_MM = (5.0, 4.0, 7.0)


def entries() -> list[Comparison]:
    """All of them."""
    energies = list(draws((63.5, 64.5), (0.9, 0.95)))
    kernel = dose_point_kernel("liver")
    nuclide = Nuclide.from_energy(64.05, kernel.emitted_mev)
    support_mm = 12.0 / kernel.density_g_per_ml
    s_values = voxel_s_values(SIZE_MM, medium="liver", nuclide=nuclide)
    carries = s_values.values > 1e-4 * s_values.values.max()

    def core() -> Any:
        return voxel_s_values(SIZE_MM, medium="liver", nuclide=nuclide).values[carries]

    def defined() -> Any:
        s = defined_s_values(
            kernel.edge_mm, kernel.energy_mev, SIZE_MM, kernel.density_g_per_ml, support_mm, directions=24
        )
        return s[carries]

    return [
        Comparison(
            name="kernels.Nuclide.from_energy",
            core=lambda: [Nuclide.from_energy(t, e).dose_factor_gy_kg_per_gbq for t, e in energies],
            reference=lambda: [decay.dose_factor(t, e) for t, e in energies],
        ),
        # Two quadratures of one integral; 24 directions leave the reference's own error at 1e-3 of far voxels.
        Comparison(name="kernels.voxel_s_values", core=core, reference=defined, relative=5e-3, of_maximum=2e-4),
        Comparison(
            name="kernels.VoxelSValues.gy_per_mbq_per_ml",
            core=s_values.gy_per_mbq_per_ml,
            reference=lambda: absorbed_dose.gy_per_mbq_per_ml(np.array(s_values.values), SIZE_MM, nuclide.half_life_h),
        ),
    ]
