"""Points and weights of Gauss's quadrature, computed once."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
def gauss_legendre(points: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points within (-1, 1) and their weights. Each is the eigenvalue of a matrix, which takes longer than its use."""
    found = np.polynomial.legendre.leggauss(points)
    for array in found:
        array.setflags(write=False)
    return found
