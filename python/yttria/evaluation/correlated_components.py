"""Combination of components of uncertainty that may be correlated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, sqrt

import numpy as np
from numpy.typing import ArrayLike

from .._foundation.choices import UncertaintySource
from .._foundation.numbers import number
from ..errors import DTypeError, OutOfRangeError, ShapeError
from .uncertainty_inputs import Pair

#: Allowed rounding error of a printed correlation matrix.
_ROUNDING = 1e-6


def correlation_matrix(sources: Sequence[UncertaintySource], correlations: Mapping[Pair, float]) -> list[list[float]]:
    """Make the correlation matrix of components from the correlations of their sources.

    Parameters
    ----------
    sources : sequence of str
        Source of each component.
    correlations : mapping of (str, str) to float
        Coefficients of pairs of sources, in either order.

    Returns
    -------
    list of list of float
        Ones on the diagonal, and 0 between components of one source.

    Examples
    --------
    >>> correlation_matrix(["volume", "recovery"], {("recovery", "volume"): -0.5})
    [[1.0, -0.5], [-0.5, 1.0]]
    """
    both = {**correlations, **{(second, first): r for (first, second), r in correlations.items()}}
    return [
        [1.0 if i == j else float(both.get((first, second), 0.0)) for j, second in enumerate(sources)]
        for i, first in enumerate(sources)
    ]


def combined_standard_uncertainty(contributions: Sequence[float], correlation: ArrayLike | None = None) -> float:
    """Combine signed contributions of inputs that may be correlated.

    Parameters
    ----------
    contributions : sequence of float
        Sensitivity times standard uncertainty of each input, with its sign, all in the unit of the result.
    correlation : n x n matrix of float, optional
        Correlation coefficients of the inputs; independent if not given.

    Returns
    -------
    float
        Standard uncertainty in the unit of the contributions.

    Raises
    ------
    OutOfRangeError
        If a contribution is not finite, or if the matrix is not symmetric and positive semi-definite with ones on the
        diagonal.
    ShapeError
        If the matrix is not n x n.
    DTypeError
        If the matrix does not contain numbers.

    Notes
    -----
    `u^2 = sum_i sum_j c_i r_ij c_j`.

    References
    ----------
    gum2008

    Examples
    --------
    >>> combined_standard_uncertainty([3.0, -4.0])
    5.0
    >>> combined_standard_uncertainty([3.0, -4.0], [[1.0, 1.0], [1.0, 1.0]])
    1.0
    """
    terms = [number("contribution", c) for c in contributions]
    if not all(map(isfinite, terms)):
        raise OutOfRangeError(f"contributions must be finite, got {terms}")
    if correlation is None or not terms:
        return sqrt(sum(c * c for c in terms))
    try:
        matrix = np.asarray(correlation, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DTypeError(f"correlation must be a matrix of numbers: {error}") from error
    if matrix.shape != (len(terms), len(terms)):
        raise ShapeError(f"correlation must have shape {(len(terms), len(terms))}, got {matrix.shape}")
    if np.array_equal(matrix, np.eye(len(terms))):
        return sqrt(sum(c * c for c in terms))
    regular = np.isfinite(matrix).all() and np.allclose(matrix, matrix.T, rtol=0.0, atol=_ROUNDING)
    regular = regular and np.allclose(np.diag(matrix), 1.0, rtol=0.0, atol=_ROUNDING)
    if not regular or float(np.linalg.eigvalsh(matrix)[0]) < -_ROUNDING * len(terms):
        raise OutOfRangeError(
            "the correlation matrix must be symmetric and positive semi-definite with ones on the diagonal"
        )
    vector = np.array(terms)
    return sqrt(max(float(vector @ matrix @ vector), 0.0))
