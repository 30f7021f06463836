"""What a dose distribution means: histograms, radiobiology, uncertainty."""

from __future__ import annotations

from .._core import DoseVolumeHistogram, Occupancy
from .dvh import dose_volume_histograms
from .occupancy import occupancy

__all__ = [
    "DoseVolumeHistogram",
    "Occupancy",
    "dose_volume_histograms",
    "occupancy",
]
