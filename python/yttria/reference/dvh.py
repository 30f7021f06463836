"""Dose-volume histograms as their definitions.

A sample is a voxel: its dose, and its volume times the fraction of it inside the structure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

VOLUME_ROUNDING = 1e-12
"""A volume counts as reached when it falls short by less than this share of the structure."""


@dataclass(frozen=True)
class DoseVolumeHistogram:
    """Samples: doses in Gy, and volumes in mL, all of them positive."""

    dose_gy: NDArray[Any]
    volume: NDArray[Any]

    @property
    def volume_ml(self) -> float:
        """Volume of the structure."""
        return float(self.volume.sum(dtype=np.float64))

    @property
    def mean_gy(self) -> float:
        """Volume-weighted mean: sum(v D) / sum(v)."""
        return self._mean(self.dose_gy)

    @property
    def minimum_gy(self) -> float:
        """Least dose."""
        return float(self.dose_gy.min())

    @property
    def maximum_gy(self) -> float:
        """Largest dose."""
        return float(self.dose_gy.max())

    @property
    def standard_deviation_gy(self) -> float:
        """Volume-weighted standard deviation: sqrt(sum(v (D - mean)^2) / sum(v))."""
        return float(np.sqrt(self._mean((np.asarray(self.dose_gy, np.float64) - self.mean_gy) ** 2)))

    def _mean(self, values: NDArray[Any]) -> float:
        part = np.asarray(self.volume, np.float64)
        return float(np.sum(part * values) / np.sum(part))

    def volume_at_dose_ml(self, dose_gy: float, *, strict: bool = False) -> float:
        """V_d: the volume that receives `dose_gy` or more; with `strict`, more."""
        dose = np.asarray(self.dose_gy, np.float64)
        hot = dose > dose_gy if strict else dose >= dose_gy
        return float(self.volume[hot].sum(dtype=np.float64))

    def volume_at_dose_percent(self, dose_gy: float, *, strict: bool = False) -> float:
        """V_d as a share of the structure."""
        return 100 * self.volume_at_dose_ml(dose_gy, strict=strict) / self.volume_ml

    def dose_at_volume_ml(self, volume_ml: float) -> float:
        """D_v by rank: the highest dose that at least this volume receives; the maximum for 0."""
        enough = volume_ml - VOLUME_ROUNDING * self.volume_ml
        return float(max(d for d in np.unique(self.dose_gy) if self.volume_at_dose_ml(d) >= enough))

    def dose_at_volume_percent(self, percent: float, *, interpolation: str = "rank") -> float:
        """D_v by rank, or "linear" between the centers of the samples' volumes, coldest first; equal doses by volume.

        For equal volumes the latter is the usual linear percentile, numpy.percentile(dose, 100 - x).
        """
        hottest = percent / 100 * self.volume_ml
        if interpolation == "rank":
            return self.dose_at_volume_ml(hottest)
        order = np.lexsort((self.volume, self.dose_gy))
        dose, part = self.dose_gy[order], self.volume[order].astype(np.float64)
        center = np.cumsum(part) - part / 2
        at = center[-1] - hottest / part.sum() * (center[-1] - center[0])
        return float(np.interp(at, center, dose))

    def curve(self, *, doses_gy: ArrayLike | None = None) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """Doses, by default each that occurs, ascending, and the volume that receives them or more."""
        doses = np.unique(self.dose_gy) if doses_gy is None else np.asarray(doses_gy)
        return doses, np.array([self.volume_at_dose_ml(d) for d in doses])

    def differential(self) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """Each dose that occurs, ascending, and the volume that receives it."""
        doses = np.unique(self.dose_gy)
        return doses, np.array([self.volume[self.dose_gy == d].sum(dtype=np.float64) for d in doses])


def dose_volume_histograms(
    dose_gy: ArrayLike, structures: Mapping[str, ArrayLike], voxel_volume_ml: float
) -> dict[str, DoseVolumeHistogram]:
    """One for each structure, given as the fraction of each voxel inside: voxels with none of it are no samples."""
    dose, found = np.asarray(dose_gy), {}
    for name, structure in structures.items():
        fraction = np.asarray(structure)
        inside = fraction > 0
        found[name] = DoseVolumeHistogram(dose[inside], fraction[inside].astype(np.float64) * voxel_volume_ml)
    return found
