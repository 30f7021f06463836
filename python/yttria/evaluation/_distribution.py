"""Dose distributions in the form of the core, as flat arrays of doses and of their volumes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

import yttria._core as _core

from .._foundation.arrays import flat
from ..advisory import Advisory, advise


def distribution(
    dose_gy: ArrayLike, volumes: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Flatten doses and volumes, with None for equal volumes."""
    return flat("dose_gy", dose_gy), None if volumes is None else flat("volumes", volumes)


def zero_dose(doses: NDArray[np.float64], volumes: NDArray[np.float64] | None) -> tuple[Advisory, ...]:
    """Warn with `zero_dose_voxel` if a part of the volume has no dose."""
    if _core.minimum_dose_gy(doses, volumes) > 0:
        return ()
    return (advise("zero_dose_voxel", minimum_dose_gy=0.0),)
