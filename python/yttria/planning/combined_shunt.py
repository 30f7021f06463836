"""One lung shunt fraction for several injections, and what a single scan of all of them leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yttria._core as _core

from .._core import Nuclide
from .._foundation.choices import SHUNT_WEIGHTINGS, ShuntWeighting
from .._foundation.numbers import number
from ..errors import ShapeError, UnknownNameError
from .lung import lung_dose


@dataclass(frozen=True, kw_only=True)
class CombinedLungShunt:
    """The shunt of several injections as one. `weighting` says by which activities: "maa" or "y90"."""

    lung_shunt_fraction: float
    weighting: ShuntWeighting


def combined_lung_shunt_fraction(
    lung_shunt_fractions: Sequence[float], weights: Sequence[float], *, weighting: ShuntWeighting
) -> CombinedLungShunt:
    """`sum_k w_k L_k / sum_k w_k`.

    With `weighting` "maa" the weights are the activities of the tracer, and the result is what one scan of all of them
    shows; with "y90" they are the activities of the treatment, and the result is what the lung dose needs. The two are
    equal only if all shunts are, or the activities are in proportion. Raises `OutOfRangeError`, `ShapeError`,
    `UnknownNameError`.
    """
    if weighting not in SHUNT_WEIGHTINGS:
        raise UnknownNameError(f"weighting must be one of {', '.join(SHUNT_WEIGHTINGS)}, got {weighting!r}")
    fractions = [number("lung shunt fraction", fraction) for fraction in lung_shunt_fractions]
    activities = [number("weight of an injection", weight) for weight in weights]
    return CombinedLungShunt(
        lung_shunt_fraction=_core.combined_lung_shunt_fraction(fractions, activities), weighting=weighting
    )


@dataclass(frozen=True, kw_only=True)
class LungDoseBounds:
    """Lung doses that one scan of several injections allows.

    `lung_dose_equal_gy` if all injections shunt alike. For each injection, `lung_shunt_if_all_from` and
    `lung_dose_if_all_from_gy` if all that the scan saw in the lungs came from it; `None` where that is impossible.
    """

    lung_dose_equal_gy: float
    lung_shunt_if_all_from: tuple[float | None, ...]
    lung_dose_if_all_from_gy: tuple[float | None, ...]


def lung_dose_bounds(
    combined_lung_shunt_fraction: float,
    *,
    maa_mbq: Sequence[float],
    delivered_activity_gbq: Sequence[float],
    lung_mass_kg: float = 1.0,
    nuclide: Nuclide | None = None,
) -> LungDoseBounds:
    """What the lung dose can be when one scan after several injections of tracer gave one shunt fraction.

    If all of it came from injection k, that one shunts `L sum(w) / w_k` with the tracer activities `w`, and the lungs
    get `C A_k` times that. Source: follows from the definitions. Raises `OutOfRangeError`, `ShapeError`.
    """
    combined = number("combined lung shunt fraction", combined_lung_shunt_fraction)
    tracer = [number("tracer activity", weight) for weight in maa_mbq]
    given = [number("delivered activity", activity) for activity in delivered_activity_gbq]
    if len(tracer) != len(given):
        raise ShapeError(f"delivered activities must be {len(tracer)} values, one for each tracer injection")
    shunts = _core.lung_shunt_if_all_from_one(combined, tracer)

    def dose(activity: float, shunt: float) -> float:
        return lung_dose(activity, lung_shunt_fraction=shunt, lung_mass_kg=lung_mass_kg, nuclide=nuclide).lung_dose_gy

    return LungDoseBounds(
        lung_dose_equal_gy=dose(sum(given), combined),
        lung_shunt_if_all_from=tuple(shunts),
        lung_dose_if_all_from_gy=tuple(
            None if shunt is None else dose(activity, shunt) for activity, shunt in zip(given, shunts, strict=True)
        ),
    )
