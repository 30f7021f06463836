"""Conversion of stored numbers to values by one slope and intercept, in float64."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import FileFormatError
from .dataset import Dataset, number


@dataclass(frozen=True, kw_only=True)
class Rescale:
    """`value = stored * slope + intercept`, for stored numbers within [`low`, `high`]."""

    slope: float
    intercept: float
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if not (0 < self.slope < math.inf and math.isfinite(self.intercept)):
            raise FileFormatError(f"slope must be > 0 and intercept finite, got {self.slope:g} and {self.intercept:g}")

    def check(self, stored: npt.NDArray[Any]) -> None:
        """Raise `FileFormatError` if a stored number lies outside the mapped range."""
        if (self.low, self.high) != (-math.inf, math.inf):
            low, high = stored.min(), stored.max()
            if low < self.low or high > self.high:
                raise FileFormatError(
                    f"stored values must be within the mapped range {self.low:g} to {self.high:g}, got {low} to {high}"
                )

    def into(self, out: npt.NDArray[np.float32], stored: npt.NDArray[Any], scratch: npt.NDArray[np.float64]) -> None:
        """Compute in float64 and round once, with the `scratch` array of the same shape."""
        if self._exact_in_float32 and stored.dtype.itemsize <= 2:
            np.multiply(stored, np.float32(self.slope), out=out)
            out += np.float32(self.intercept)
            return
        np.multiply(stored, self.slope, out=scratch)
        if self.intercept:
            scratch += self.intercept
        out[...] = scratch

    @property
    def _exact_in_float32(self) -> bool:
        """Whether whole numbers of 16 bits stay below 2^24, so that no step rounds."""
        whole = self.slope == int(self.slope) and self.intercept == int(self.intercept)
        return whole and self.slope * 65535 + abs(self.intercept) < 2**24


def modality_rescale(header: Dataset, *, optional: bool = False) -> Rescale:
    """Read RescaleSlope and RescaleIntercept; with `optional`, absent ones are 1 and 0."""
    return Rescale(
        slope=number(header, "RescaleSlope", 1.0 if optional else None),
        intercept=number(header, "RescaleIntercept", 0.0 if optional else None),
    )
