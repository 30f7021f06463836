"""Activity at administration from the values of an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def absolute_mbq_per_ml(bq_per_ml: NDArray[np.float64], scan_delay_h: float, half_life_h: float) -> NDArray[np.float64]:
    """`c(0) = c(t) 2^(t / T)`: concentration in MBq/mL at administration from Bq/mL at the image's reference time."""
    growth: float = 2.0 ** (scan_delay_h / half_life_h)
    return bq_per_ml * 1e-6 * growth


def relative_mbq_per_ml(
    counts: NDArray[np.float64],
    voxel_fractions: NDArray[np.float64],
    voxel_volume_ml: float,
    delivered_activity_gbq: float,
    lung_shunt_fraction: float,
) -> NDArray[np.float64]:
    """`c_v = n_v / (sum_v w_v n_v) A (1 - L) / V`: the reference region holds what did not go to the lungs.

    `n` are counts, `w` the fraction of each voxel inside the reference region, `A` the delivered activity, `L` the lung
    shunt fraction and `V` the voxel volume. Voxels outside the reference are scaled alike.
    """
    in_reference = np.sum(voxel_fractions * counts)
    reference_activity_mbq = delivered_activity_gbq * 1e3 * (1.0 - lung_shunt_fraction)
    return counts / in_reference * reference_activity_mbq / voxel_volume_ml
