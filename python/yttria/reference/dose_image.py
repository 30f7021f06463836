"""A dose map from an image, as its definition: the image's activity, by local deposition or by voxel S values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .absorbed_dose import absorbed_dose
from .local_deposition import local_deposition


def dose_image(
    activity: Any,
    scaling: Any,
    nuclide: Any = None,
    method: str = "local_deposition",
    density_g_per_ml: float = 1.05,
    s_values: Any = None,
) -> NDArray[np.float64]:
    """Dose in Gy, (k, j, i), by the definitions of the scaling and of the method; S values have a nuclide of their own.

    `activity` and `nuclide` are as `yttria.reference.scaling` takes them; `s_values` has `values` in mGy/(MBq s) and
    `voxel_size_mm`.
    """
    used = nuclide if s_values is None else s_values.nuclide
    mbq_per_ml = np.asarray(activity.array, np.float64) * scaling.scale(activity, used).mbq_per_ml_per_unit
    if method == "local_deposition":
        return local_deposition(mbq_per_ml, density_g_per_ml, nuclide.dose_factor_gy_kg_per_gbq)
    return absorbed_dose(mbq_per_ml, s_values)
