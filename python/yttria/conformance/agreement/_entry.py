"""One comparison: the same work by the core and by the reference, and how far the two are apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Agreement:
    """`name` is the public name within yttria; both callables do the same work and return numbers in the same order.

    They agree where every value is within `relative` of the reference's, or within `of_maximum` of the largest.
    """

    name: str
    core: Callable[[], Any]
    reference: Callable[[], Any]
    relative: float = 1e-12
    of_maximum: float = 0.0

    def difference(self) -> float:
        """The worst deviation, 1 at the tolerance; infinite where shapes differ or one has a NaN the other has not."""
        got, expected = flat(self.core()), flat(self.reference())
        if got.shape != expected.shape:
            return float("inf")
        margin = self.relative * np.abs(expected) + self.of_maximum * np.nanmax(np.abs(expected), initial=0.0)
        apart = np.abs(got - expected)
        apart[(got == expected) | (np.isnan(got) & np.isnan(expected))] = 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(apart == 0.0, 0.0, apart / margin)
        return float(np.max(np.where(np.isnan(share), np.inf, share), initial=0.0))


def flat(values: Any) -> NDArray[np.float64]:
    """Numbers, arrays and nested sequences of them as one vector; `None` as NaN, a text as the codes of its letters."""
    if values is None:
        return np.array([np.nan])
    if isinstance(values, str):
        return np.frombuffer(values.encode("utf-32-le"), "<u4").astype(np.float64)
    if isinstance(values, list | tuple):
        return np.concatenate([flat(value) for value in values]) if values else np.zeros(0)
    return np.asarray(values, dtype=np.float64).ravel()


def draws(*ranges: tuple[float, float], count: int = 12, seed: int = 20) -> Iterable[list[float]]:
    """`count` rows of numbers uniform in the ranges, the same every time."""
    low, high = np.array(ranges, dtype=np.float64).T
    rows: list[list[float]] = np.random.default_rng(seed).uniform(low, high, (count, len(ranges))).tolist()
    return rows
