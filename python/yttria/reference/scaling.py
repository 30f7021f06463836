"""Activity at administration from the values of an image.

An image has `array`, (k, j, i), `unit` and `voxel_volume_ml`; a nuclide has `half_life_h`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

BECQUEREL = {"Bq/mL": 1.0, "kBq/mL": 1e3, "MBq/mL": 1e6}


@dataclass(frozen=True)
class AbsoluteScaling:
    """The image holds concentrations at its reference time."""

    scan_delay_h: float

    def scale(self, image: Any, nuclide: Any) -> SimpleNamespace:
        """`c(0) = c(t) 2^(t / T)`: MBq/mL at administration for 1 of the image's unit."""
        growth = 2.0 ** (self.scan_delay_h / nuclide.half_life_h)
        bq_per_ml = np.asarray(image.array, np.float64) * BECQUEREL[image.unit] * growth
        return SimpleNamespace(
            mbq_per_ml_per_unit=BECQUEREL[image.unit] * 1e-6 * growth,
            at_administration_mbq=float(bq_per_ml.sum() * image.voxel_volume_ml * 1e-6),
        )


@dataclass(frozen=True, kw_only=True)
class RelativeScaling:
    """The reference region, whose mask is on the image's grid, holds what did not go to the lungs.

    The mask holds the fraction of each voxel inside. Voxels outside the reference are scaled alike.
    """

    reference: Any
    lung_shunt_fraction: float
    vial_activity_gbq: float
    residual_fraction: float = 0.0

    def scale(self, image: Any, nuclide: Any) -> SimpleNamespace:
        """`A (1 - L) / (V sum_v w_v n_v)` with counts `n`, fractions `w`, delivered activity `A`, voxel volume `V`."""
        in_reference = np.sum(np.asarray(self.reference.mask, np.float64) * np.asarray(image.array, np.float64))
        delivered_mbq = self.vial_activity_gbq * (1.0 - self.residual_fraction) * 1e3
        in_liver_mbq = delivered_mbq * (1.0 - self.lung_shunt_fraction)
        factor = float(in_liver_mbq / in_reference / image.voxel_volume_ml)
        total = float(factor * np.sum(image.array, dtype=np.float64) * image.voxel_volume_ml)
        return SimpleNamespace(mbq_per_ml_per_unit=factor, at_administration_mbq=total)
