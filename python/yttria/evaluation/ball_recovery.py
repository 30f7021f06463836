"""Recovery of a uniform ball with a Gaussian blur, in closed form."""

from __future__ import annotations

import math

from .._foundation.numbers import number
from ..errors import OutOfRangeError
from ..geometry.transfer_matrix import FWHM_PER_SIGMA


def ball_recovery(volume_ml: float, *, fwhm_mm: float) -> float:
    """Compute the recovery coefficient of a uniform ball in a cold surrounding.

    Parameters
    ----------
    volume_ml : float
        Volume in mL, positive.
    fwhm_mm : float
        Full width at half maximum of the Gaussian blur in mm, at least 0, the same in all directions.

    Returns
    -------
    float
        Mean of the blurred ball within its outline, over its concentration. It is 1 without blur.

    Raises
    ------
    OutOfRangeError
        If the volume is not positive or the width is negative.

    Notes
    -----
    A point of a ball of radius r, displaced by z, stays inside for the share `1 - 3 z / (4 r) + z^3 / (16 r^3)` of the
    volume. The displacement z has the Maxwell distribution of the blur. With `a = 2 r / s` and `s = FWHM / 2.3548` the
    mean is `M2 - 3 M3 / (2 a) + M5 / (2 a^3)`. The incomplete moments are `Mn = sqrt(2 / pi) int_0^a u^n e^(-u^2 / 2)
    du`.

    Examples
    --------
    >>> round(ball_recovery(0.52, fwhm_mm=6.0), 3), round(ball_recovery(26.5, fwhm_mm=6.0), 3)
    (0.442, 0.836)
    """
    volume, width = number("volume in mL", volume_ml), number("FWHM in mm", fwhm_mm)
    if not (math.isfinite(volume) and volume > 0.0):
        raise OutOfRangeError(f"volume in mL must be finite and > 0, got {volume:g}")
    if not (math.isfinite(width) and width >= 0.0):
        raise OutOfRangeError(f"FWHM in mm must be finite and >= 0, got {width:g}")
    if width == 0.0:
        return 1.0
    radius_mm = math.pow(3.0 * volume * 1e3 / (4.0 * math.pi), 1.0 / 3.0)
    a: float = 2.0 * radius_mm * FWHM_PER_SIGMA / width
    if a < 0.1:
        # The closed form suffers from cancellation, so that the first terms of its series are used.
        series = 1.0 - 3.0 * math.pow(a, 2) / 20.0 + 9.0 * math.pow(a, 4) / 560.0
        return math.sqrt(2.0 / math.pi) * math.pow(a, 3) / 24.0 * series
    edge, factor = math.exp(-a * a / 2.0), math.sqrt(2.0 / math.pi)
    second = math.erf(a / math.sqrt(2.0)) - factor * a * edge
    third = factor * (2.0 - (a * a + 2.0) * edge)
    fifth = factor * (8.0 - (math.pow(a, 4) + 4.0 * a * a + 8.0) * edge)
    return second - 1.5 * third / a + 0.5 * fifth / math.pow(a, 3)
