"""Comparison of yttria with its reference for each public function, for tests, benchmark and `verify`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ._record import CORE, REFERENCE, flat
from .records import all_records

ROOMS = ("planning", "kernels", "voxel", "geometry", "evaluation")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Comparison of one public function, whose two callables do the same work and return numbers in the same order.

    `name` is the public name within yttria. The two agree if every value is within `relative` of the reference's, or
    within `of_maximum` of the largest.
    """

    name: str
    core: Callable[[], Any]
    reference: Callable[[], Any]
    relative: float = 1e-12
    of_maximum: float = 0.0

    def difference(self) -> float:
        """Compute the worst deviation, 1 at the tolerance. It is infinite if shapes differ or only one has a NaN."""
        got, expected = flat(self.core()), flat(self.reference())
        if got.shape != expected.shape:
            return float("inf")
        margin = self.relative * np.abs(expected) + self.of_maximum * np.nanmax(np.abs(expected), initial=0.0)
        apart = np.abs(got - expected)
        apart[(got == expected) | (np.isnan(got) & np.isnan(expected))] = 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(apart == 0.0, 0.0, apart / margin)
        return float(np.max(np.where(np.isnan(share), np.inf, share), initial=0.0))


def comparisons() -> dict[str, Comparison]:
    """List the comparisons, one for each record by its public name."""
    records = {record.name: record for record in all_records()}
    return {
        name: Comparison(
            name=name,
            core=records[name].work(CORE),
            reference=records[name].work(REFERENCE),
            relative=records[name].relative,
            of_maximum=records[name].of_maximum,
        )
        for name in sorted(records, key=lambda name: ROOMS.index(name.split(".")[0]))
    }
