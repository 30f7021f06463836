"""Local deposition, as its definition."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def local_deposition(
    activity_mbq_per_ml: ArrayLike, density_g_per_ml: ArrayLike, dose_factor_gy_kg_per_gbq: float
) -> NDArray[np.float64]:
    """`D = C c / rho` in Gy: a voxel of 1 mL holds `c / 1000` GBq in `rho / 1000` kg, and the thousands cancel."""
    gbq_per_ml = np.asarray(activity_mbq_per_ml, dtype=np.float64) / 1000.0
    kg_per_ml = np.asarray(density_g_per_ml, dtype=np.float64) / 1000.0
    return np.asarray(dose_factor_gy_kg_per_gbq * gbq_per_ml / kg_per_ml)
