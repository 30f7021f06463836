"""Recovery coefficient against volume, with the covariance of its fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import yttria._core as _core

from .._foundation.numbers import number
from ..errors import DTypeError, ShapeError


@dataclass(frozen=True, kw_only=True)
class RecoveryCurve:
    """Recovery coefficient against volume, with the covariance of its fit.

    Parameters
    ----------
    b1_ml : float
        Volume in mL with a recovery of 0.5, positive.
    b2 : float
        Steepness, positive.
    covariance : 2 x 2 matrix of float
        Covariance of (b1, b2). With the default of zeros, the curve is exact.
    source : str, default ""
        Source of the curve, which results show.

    Notes
    -----
    `R(v) = 1 - 1 / (1 + (v / b1)^b2)`.

    References
    ----------
    gear2018
    """

    b1_ml: float
    b2: float
    covariance: Sequence[Sequence[float]] = ((0.0, 0.0), (0.0, 0.0))
    source: str = ""

    def recovery(self, volume_ml: float) -> float:
        """Compute the recovery coefficient of a volume.

        Parameters
        ----------
        volume_ml : float
            Volume in mL, positive.

        Returns
        -------
        float
            Within (0, 1).

        Raises
        ------
        OutOfRangeError
            If a parameter of the curve or the volume is not positive.

        Examples
        --------
        >>> round(RecoveryCurve(b1_ml=2.0, b2=0.8).recovery(10.0), 3)
        0.784
        """
        return _core.recovery(number("volume in mL", volume_ml), 0.0, self._numbers())[0]

    def uncertainty(self, volume_ml: float, *, volume_uncertainty: float) -> float:
        """Compute the relative standard uncertainty of the recovery coefficient.

        Parameters
        ----------
        volume_ml : float
            Volume in mL, positive.
        volume_uncertainty : float
            Relative standard uncertainty of the volume, at least 0.

        Returns
        -------
        float
            Relative standard uncertainty of `R(v)`.

        Raises
        ------
        OutOfRangeError
            If an uncertainty is negative, a parameter or the volume is not positive, or the covariance is not positive
            semi-definite.

        Notes
        -----
        `u^2(R) = g^T V g + (dR/dv)^2 u^2(v)`, with the gradient `g` of R with respect to (b1, b2) and
        their covariance `V`.

        Examples
        --------
        >>> curve = RecoveryCurve(b1_ml=2.0, b2=0.8, covariance=((0.04, 0.0), (0.0, 0.01)))
        >>> round(curve.uncertainty(10.0, volume_uncertainty=0.1), 4)
        0.0425
        """
        u = number("relative uncertainty of the volume", volume_uncertainty)
        return _core.recovery(number("volume in mL", volume_ml), u, self._numbers())[1]

    def _numbers(self) -> tuple[float, float, list[list[float]]]:
        """Check the parameters and return them in the form of the core."""
        try:
            covariance = np.asarray(self.covariance, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DTypeError(f"covariance of (b1, b2) must be a 2 x 2 matrix of numbers: {error}") from error
        if covariance.shape != (2, 2):
            raise ShapeError(f"covariance of (b1, b2) must be a 2 x 2 matrix, got shape {covariance.shape}")
        rows: list[list[float]] = covariance.tolist()
        return number("recovery parameter b1 in mL", self.b1_ml), number("recovery parameter b2", self.b2), rows
