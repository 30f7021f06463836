"""One comparison: the same work by yttria and by the reference, and how far the two are apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._core import Nuclide
from .._record import COMPARED, draws, flat

NUCLIDE = Nuclide.from_dose_factor(*COMPARED)
T, C = NUCLIDE.half_life_h, NUCLIDE.dose_factor_gy_kg_per_gbq


@dataclass(frozen=True, kw_only=True)
class Comparison:
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


def each(
    name: str, core: Callable[..., Any], reference: Callable[..., Any], *ranges: tuple[float, float]
) -> Comparison:
    """Both at the same random points."""
    points: list[Sequence[float]] = list(draws(*ranges))
    return Comparison(
        name=name,
        core=lambda: [core(*point) for point in points],
        reference=lambda: [reference(*point) for point in points],
    )
