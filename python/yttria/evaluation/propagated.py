"""Distribution of a quantity by Monte Carlo propagation, with its statistics."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import floor, isfinite, isnan, log10, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._foundation.choices import COVERAGE_INTERVALS, BudgetUnit, CoverageIntervalKind
from .._foundation.numbers import number, one_of, open_fraction
from ..errors import DTypeError, OutOfRangeError, UndefinedError

#: Default coverage probability.
COVERAGE_PROBABILITY = 0.95
#: Number of batches of draws by which the statistical error of a statistic is estimated.
_BATCHES = 10
#: Smallest number of draws of such a batch.
_LEAST_DRAWS = 40


@dataclass(frozen=True, eq=False, kw_only=True)
class PropagatedQuantity:
    """Distribution of one quantity of one structure by Monte Carlo propagation of the stated uncertainties.

    Parameters
    ----------
    structure : str
        Name of the structure.
    quantity : str
        Name of the quantity in the tables, such as "mean_gy" or "d70_gy".
    unit : str
        Unit of the quantity, one of `BudgetUnit`.
    value : float or None
        Quantity from the stated inputs, None if it is undefined.
    draws : array of float
        Quantity of each draw, in the order of the draws, NaN if it is undefined.
    coverage_probability : float
        Probability of the interval, within (0, 1).
    interval_kind : {"symmetric", "shortest"}
        Interval with equal probabilities below and above it, or the shortest one.

    Notes
    -----
    The statistics are those of the draws in which the quantity is defined. They are None if there are fewer than two.

    References
    ----------
    jcgm101

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.random.default_rng(1).normal(100.0, 5.0, 10_000)
    >>> mean = PropagatedQuantity(structure="Tumor", quantity="mean_gy", unit="Gy", value=100.0, draws=draws)
    >>> round(mean.standard_uncertainty, 1), [round(bound) for bound in mean.interval]
    (5.0, [90, 110])
    >>> round(mean.probability_above(105.0), 1)
    0.2
    """

    structure: str
    quantity: str
    unit: BudgetUnit
    value: float | None
    draws: NDArray[np.float64] = field(repr=False)
    coverage_probability: float = COVERAGE_PROBABILITY
    interval_kind: CoverageIntervalKind = "symmetric"

    @cached_property
    def defined(self) -> NDArray[np.float64]:
        """Draws in which the quantity is defined."""
        return self.draws[np.isfinite(self.draws)]

    @property
    def undefined_draws(self) -> int:
        """Number of draws in which the quantity is undefined, such as a dose in a contour that has vanished."""
        return len(self.draws) - len(self.defined)

    @property
    def mean(self) -> float | None:
        """Mean of the draws. It differs from the value if the quantity is not a linear function of the inputs."""
        return float(self.defined.mean()) if len(self.defined) > 1 else None

    @property
    def standard_uncertainty(self) -> float | None:
        """Standard deviation of the draws, with the number of draws less one as the divisor."""
        return float(self.defined.std(ddof=1)) if len(self.defined) > 1 else None

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """Coverage interval, None if there are too few draws for its probability."""
        try:
            return coverage_interval(
                self.defined, probability=self.coverage_probability, interval_kind=self.interval_kind
            )
        except UndefinedError:
            return None

    @cached_property
    def numerical_tolerance(self) -> float | None:
        """Twice the largest standard error of mean, standard uncertainty and both ends of the interval.

        The draws are divided into ten batches, and the spread of each statistic over the batches gives its standard
        error. None if there are fewer than 400 draws in which the quantity is defined.
        """
        size = len(self.defined) // _BATCHES
        if size < _LEAST_DRAWS:
            return None
        batches = self.defined[: size * _BATCHES].reshape(_BATCHES, size)
        kind, probability = self.interval_kind, self.coverage_probability
        try:
            ends = [coverage_interval(batch, probability=probability, interval_kind=kind) for batch in batches]
        except UndefinedError:
            return None
        statistics = np.column_stack([batches.mean(axis=1), batches.std(axis=1, ddof=1), ends])
        return float(2.0 * statistics.std(axis=0, ddof=1).max() / sqrt(_BATCHES))

    @property
    def significant_digits(self) -> int | None:
        """Digits of the standard uncertainty that the number of draws supports, None without a tolerance.

        They are the largest `n` for which the numerical tolerance is at most half a unit of the last of `n` digits of
        the standard uncertainty.
        """
        tolerance, u = self.numerical_tolerance, self.standard_uncertainty
        if tolerance is None or not u:
            return None
        if tolerance == 0.0:
            return 15
        digits = 0
        while digits < 15 and tolerance <= half_unit(u, digits + 1):
            digits += 1
        return digits

    def probability_above(self, limit: float) -> float:
        """Compute the probability that the quantity is above a limit.

        Parameters
        ----------
        limit : float
            Limit in the unit of the quantity.

        Returns
        -------
        float
            Share of the draws above the limit, among those in which the quantity is defined.

        Raises
        ------
        OutOfRangeError
            If the limit is not a number.
        UndefinedError
            If the quantity is undefined in every draw.

        Examples
        --------
        >>> import numpy as np
        >>> mean = PropagatedQuantity(
        ...     structure="Tumor", quantity="mean_gy", unit="Gy", value=100.0, draws=np.arange(80.0, 120.0)
        ... )
        >>> mean.probability_above(109.0)
        0.25
        """
        limit = number("limit", limit)
        if isnan(limit):
            raise OutOfRangeError("limit must be a number, got nan")
        if not len(self.defined):
            raise UndefinedError(f"{self.quantity} of '{self.structure}' is undefined in every draw")
        return float(np.mean(self.defined > limit))

    def as_dict(self) -> dict[str, Any]:
        """Return the statistics as plain data, ready for JSON, without the draws.

        Returns
        -------
        dict
            Statistics by name, None for those that the draws do not support.

        Examples
        --------
        >>> import numpy as np
        >>> mean = PropagatedQuantity(
        ...     structure="Tumor", quantity="mean_gy", unit="Gy", value=100.0, draws=np.arange(80.0, 120.0)
        ... )
        >>> mean.as_dict()["draws"], mean.as_dict()["numerical_tolerance"]
        (40, None)
        """
        return {
            "structure": self.structure,
            "quantity": self.quantity,
            "unit": self.unit,
            "value": self.value,
            "mean_of_draws": self.mean,
            "standard_uncertainty": self.standard_uncertainty,
            "interval": None if self.interval is None else list(self.interval),
            "coverage_probability": self.coverage_probability,
            "interval_kind": self.interval_kind,
            "draws": len(self.draws),
            "undefined_draws": self.undefined_draws,
            "numerical_tolerance": self.numerical_tolerance,
            "significant_digits": self.significant_digits,
        }


def half_unit(standard_uncertainty: float, digits: int) -> float:
    """Compute half a unit of the last of `digits` significant digits of a standard uncertainty (JCGM 101, 7.9.2)."""
    exponent = floor(log10(standard_uncertainty))
    # A number that is rounded up to the next power of ten has one digit more.
    if round(standard_uncertainty / 10.0 ** (exponent - digits + 1)) >= 10**digits:
        exponent += 1
    return float(0.5 * 10.0 ** (exponent - digits + 1))


def coverage_interval(
    draws: ArrayLike, *, probability: float = COVERAGE_PROBABILITY, interval_kind: CoverageIntervalKind = "symmetric"
) -> tuple[float, float]:
    """Compute the coverage interval of a quantity from its draws.

    Parameters
    ----------
    draws : array of float
        Values of the quantity, one-dimensional and finite.
    probability : float
        Coverage probability p, within (0, 1).
    interval_kind : {"symmetric", "shortest"}
        Interval with equal numbers of draws below and above it, or the shortest one with the same number of draws.

    Returns
    -------
    low, high : float
        Ends of the interval, which are two of the draws.

    Raises
    ------
    OutOfRangeError
        If the probability is outside (0, 1), or a draw is not finite.
    DTypeError
        If the draws are not a one-dimensional list of numbers.
    UndefinedError
        If there are fewer than `1 / (1 - p)` draws.

    Notes
    -----
    Of M draws in ascending order, the interval holds from number r to r + q, with q the integer next to `p M`. The
    symmetric interval has the integer part of `(M - q + 1) / 2` as r. The shortest interval has the r of the smallest
    difference.

    References
    ----------
    jcgm101

    Examples
    --------
    >>> coverage_interval(range(1, 1001))
    (25.0, 975.0)
    >>> coverage_interval([x**2 for x in range(1000)], interval_kind="shortest")
    (0.0, 902500.0)
    """
    p = open_fraction("coverage probability", probability)
    kind = one_of("kind of coverage interval", interval_kind, COVERAGE_INTERVALS)
    try:
        values = np.asarray(draws, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DTypeError(f"draws must be a list of numbers: {error}") from error
    if values.ndim != 1:
        raise DTypeError(f"draws must be a one-dimensional list of numbers, got shape {values.shape}")
    if not all(map(isfinite, (values.min(initial=0.0), values.max(initial=0.0)))):
        raise OutOfRangeError("draws must be finite")
    count = len(values)
    held = floor(p * count + 0.5)
    if held >= count:
        raise UndefinedError(
            f"the {100.0 * p:g} % coverage interval needs more draws: at least {1.0 / (1.0 - p):.0f}, got {count}"
        )
    ascending = np.sort(values)
    if kind == "symmetric":
        first = max((count - held + 1) // 2, 1) - 1
    else:
        first = int(np.argmin(ascending[held:] - ascending[: count - held]))
    return float(ascending[first]), float(ascending[first + held])
