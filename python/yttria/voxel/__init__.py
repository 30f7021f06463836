"""Absorbed dose voxel by voxel."""

from __future__ import annotations

from .absorbed_dose import absorbed_dose
from .convolution import ConvolutionPlan
from .dose_image import ActivityInField, DoseResult, dose_image
from .local_deposition import local_deposition
from .scaling import AbsoluteScaling, RelativeScaling

__all__ = [
    "AbsoluteScaling",
    "ActivityInField",
    "ConvolutionPlan",
    "DoseResult",
    "RelativeScaling",
    "absorbed_dose",
    "dose_image",
    "local_deposition",
]
