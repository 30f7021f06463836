"""Zero-padded "same" convolution as its definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


def convolve(array: ArrayLike, kernel: ArrayLike) -> NDArray[np.float64]:
    """`out[n] = sum_d kernel[centre + d] array[n - d]`, with the array zero outside itself, in float64.

    `array`: three dimensions. `kernel`: three dimensions, odd along each; it need not be symmetric here. The sum runs
    over the kernel: each of its values shifts, scales and adds the whole array.
    """
    a = np.asarray(array, dtype=np.float64)
    k = np.asarray(kernel, dtype=np.float64)
    half = [n // 2 for n in k.shape]
    padded = np.pad(a, [(h, h) for h in half])
    out = np.zeros(a.shape)
    for offset in np.ndindex(k.shape):
        # kernel[offset] moves a voxel by offset - half: the source of n is n - offset + half, at n - offset + 2 half
        # in the padded array.
        window = tuple(slice(2 * h - o, 2 * h - o + n) for h, o, n in zip(half, offset, a.shape, strict=True))
        out += k[offset] * padded[window]
    return out


@dataclass(frozen=True)
class ConvolutionPlan:
    """Convolution of many arrays of one shape with one kernel."""

    shape: Sequence[int]
    kernel: ArrayLike

    def apply(self, array: ArrayLike) -> NDArray[np.float64]:
        """One array."""
        return convolve(array, self.kernel)

    def apply_many(self, arrays: Sequence[ArrayLike]) -> list[NDArray[np.float64]]:
        """Each array."""
        return [self.apply(array) for array in arrays]

    def apply_combined(self, arrays: Sequence[ArrayLike], weights: Sequence[float]) -> NDArray[np.float64]:
        """The weighted sum of the arrays."""
        return self.apply(sum(w * np.asarray(a, dtype=np.float64) for a, w in zip(arrays, weights, strict=True)))

    def variance_plan(self) -> ConvolutionPlan:
        """Variances of independent voxels: the kernel's values squared."""
        return ConvolutionPlan(self.shape, np.asarray(self.kernel, dtype=np.float64) ** 2)
