"""Noise of the voxels of an activity image, as input of a propagation of uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite

import numpy as np
from numpy.typing import NDArray

from .._foundation.numbers import number
from ..errors import GeometryError, OutOfRangeError, UnitError
from ..geometry.image import Image
from ..geometry.transfer_matrix import FWHM_PER_SIGMA

#: Reach of the filter in standard deviations.
_REACH = 4.0


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageNoise:
    """Noise of each voxel of an activity image as a standard deviation, with the blur that correlates neighbors.

    Parameters
    ----------
    standard_deviation : Image
        Standard deviation of each voxel, on the grid of the activity image and in its unit, at least 0.
    fwhm_mm : float
        Full width at half maximum in mm of the Gaussian with which independent noise was blurred, as by a filter after
        the reconstruction; 0 if the voxels are independent.

    Raises
    ------
    OutOfRangeError
        If a standard deviation or the width is negative or not finite.

    Notes
    -----
    The noise of voxel n is `sum_m p(n - m) a(m) z(m)` with independent standard normal z, the Gaussian p, and
    `a = standard deviation / sqrt(sum p^2)`. The standard deviation of a voxel is the stated one if it varies little
    within the width of the Gaussian.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image
    >>> pet = Image(np.full((8, 9, 10), 4.0), np.diag([4.0, 4.0, 4.0, 1.0]), "MBq/mL")
    >>> noise = ImageNoise.poisson(pet, counts_per_unit=25.0, fwhm_mm=0.0)
    >>> float(noise.standard_deviation.array[0, 0, 0])
    0.4
    """

    standard_deviation: Image
    fwhm_mm: float = 0.0

    def __post_init__(self) -> None:
        width = number("width of the noise in mm", self.fwhm_mm)
        if not (isfinite(width) and width >= 0.0):
            raise OutOfRangeError(f"width of the noise in mm must be finite and >= 0, got {width:g}")
        values = self.standard_deviation.array
        if not (np.isfinite(values).all() and values.min(initial=0.0) >= 0.0):
            raise OutOfRangeError("standard deviation of every voxel must be finite and >= 0")

    @classmethod
    def poisson(cls, activity: Image, *, counts_per_unit: float, fwhm_mm: float = 0.0) -> ImageNoise:
        """Make the noise of counts that are Poisson distributed in each voxel and then blurred.

        Parameters
        ----------
        activity : Image
            The activity image; negative values count as 0.
        counts_per_unit : float
            Counts of a voxel per unit of the image before the blur, positive.
        fwhm_mm : float
            Full width at half maximum of the blur in mm, 0 for none.

        Returns
        -------
        ImageNoise
            Noise with the standard deviation `sqrt(c / k) sqrt(sum p^2)` of a voxel of value c, k counts per unit and
            the blur p.

        Raises
        ------
        OutOfRangeError
            If the counts per unit are not positive, or the width is negative.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image
        >>> pet = Image(np.full((8, 9, 10), 4.0), np.diag([4.0, 4.0, 4.0, 1.0]), "MBq/mL")
        >>> noise = ImageNoise.poisson(pet, counts_per_unit=25.0, fwhm_mm=8.0)
        >>> float(noise.standard_deviation.array[4, 4, 4]) < 0.4
        True
        """
        per_unit = number("counts per unit", counts_per_unit)
        if not (isfinite(per_unit) and per_unit > 0.0):
            raise OutOfRangeError(f"counts per unit must be finite and > 0, got {per_unit:g}")
        root = np.sqrt(np.maximum(activity.array, 0.0) / per_unit)
        return cls._blurred(activity, root, fwhm_mm)

    @classmethod
    def relative(
        cls, activity: Image, *, relative_uncertainty: float, at_value: float, fwhm_mm: float = 0.0
    ) -> ImageNoise:
        """Make the noise from the relative standard deviation of a voxel in a uniform region.

        Parameters
        ----------
        activity : Image
            The activity image; negative values count as 0.
        relative_uncertainty : float
            Standard deviation of a voxel over the mean of the region, at least 0: the coefficient of variation.
        at_value : float
            Mean of the region in the unit of the image, positive.
        fwhm_mm : float
            Full width at half maximum in mm of the blur that correlates voxels, 0 for none.

        Returns
        -------
        ImageNoise
            Noise with the standard deviation `u sqrt(c_0 c)` of a voxel of value c. Its variance is proportional to the
            value, like that of counts.

        Raises
        ------
        OutOfRangeError
            If a number is not finite, negative, or the mean of the region is 0.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image
        >>> pet = Image(np.full((8, 9, 10), 4.0), np.diag([4.0, 4.0, 4.0, 1.0]), "MBq/mL")
        >>> noise = ImageNoise.relative(pet, relative_uncertainty=0.2, at_value=1.0, fwhm_mm=6.0)
        >>> round(float(noise.standard_deviation.array[0, 0, 0]), 3)
        0.4
        """
        u, mean = number("relative standard deviation of a voxel", relative_uncertainty), number("value", at_value)
        if not (isfinite(u) and u >= 0.0):
            raise OutOfRangeError(f"relative standard deviation of a voxel must be finite and >= 0, got {u:g}")
        if not (isfinite(mean) and mean > 0.0):
            raise OutOfRangeError(f"value at which the noise was measured must be finite and > 0, got {mean:g}")
        deviation = u * np.sqrt(mean * np.maximum(activity.array, 0.0))
        return cls(standard_deviation=activity.with_array(deviation, activity.unit), fwhm_mm=fwhm_mm)

    @classmethod
    def _blurred(cls, activity: Image, deviation: NDArray[np.float64], fwhm_mm: float) -> ImageNoise:
        norm = norm_of(spread_weights(number("width of the noise in mm", fwhm_mm), activity.voxel_size_mm))
        return cls(standard_deviation=activity.with_array(deviation * norm, activity.unit), fwhm_mm=fwhm_mm)

    def check(self, activity: Image) -> None:
        """Check that the noise belongs to an activity image.

        Parameters
        ----------
        activity : Image
            The activity image.

        Raises
        ------
        GeometryError
            If the grids differ.
        UnitError
            If the units differ.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image
        >>> pet = Image(np.full((2, 3, 4), 4.0), np.diag([4.0, 4.0, 4.0, 1.0]), "MBq/mL")
        >>> ImageNoise(standard_deviation=pet).check(pet)
        """
        if not self.standard_deviation.same_grid(activity):
            raise GeometryError("the standard deviation of the noise must lie on the grid of the activity image")
        if self.standard_deviation.unit != activity.unit:
            raise UnitError(
                f"the standard deviation of the noise must be in the unit of the activity image, {activity.unit}, got "
                f"{self.standard_deviation.unit}"
            )


def spread_weights(fwhm_mm: float, voxel_size_mm: Sequence[float]) -> list[NDArray[np.float64]]:
    """Return a Gaussian filter along each axis (k, j, i): an odd number of values at voxel centers with sum 1."""
    weights = []
    for size in voxel_size_mm:
        sigma = fwhm_mm / FWHM_PER_SIGMA / size
        half = ceil(_REACH * sigma)
        along = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2) if half else np.ones(1)
        weights.append(along / along.sum())
    return weights


def norm_of(weights: Sequence[NDArray[np.float64]]) -> float:
    """Return the standard deviation after the blur of independent voxels with standard deviation 1."""
    return float(np.prod([np.sqrt(np.sum(along**2)) for along in weights]))


def spread_kernel(kernel: NDArray[np.float64], weights: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the kernel of a blur followed by another kernel, large enough for both."""
    spread = kernel
    for axis, along in enumerate(weights):
        half = len(along) // 2
        widths = [(2 * half, 2 * half) if a == axis else (0, 0) for a in range(3)]
        padded = np.pad(spread, widths)
        size = spread.shape[axis] + 2 * half
        spread = np.sum(
            [w * np.take(padded, range(n, n + size), axis=axis) for n, w in enumerate(along)], axis=0, dtype=np.float64
        )
    return np.asarray(spread)
