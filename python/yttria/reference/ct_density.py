"""Mass density from CT numbers, and a mass from densities, as their definitions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def density_from_ct(
    ct_hu: ArrayLike, hounsfield_units: Sequence[float], density_g_per_ml: Sequence[float]
) -> NDArray[np.float64]:
    """The straight line between the two nodes around each CT number, in g/mL; beyond the ends, the end's density."""
    return np.asarray(np.interp(np.asarray(ct_hu, dtype=np.float64), hounsfield_units, density_g_per_ml))


def structure_mass_kg(density_g_per_ml: ArrayLike, voxel_fractions: ArrayLike, voxel_volume_ml: float) -> float:
    """`sum rho o V / 1000`: density times the occupied fraction of each voxel times the voxel's volume."""
    grams = (
        np.asarray(density_g_per_ml, dtype=np.float64) * np.asarray(voxel_fractions, dtype=np.float64) * voxel_volume_ml
    )
    return float(grams.sum() / 1000.0)
