"""Lung shunt fraction of several injections, and bounds of the lung dose after a single scan of all of them."""

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
    """Combined lung shunt of several injections.

    Parameters
    ----------
    lung_shunt_fraction : float
        Shunt as a fraction.
    weighting : str
        Activities that weighted it: "maa" or "y90".
    """

    lung_shunt_fraction: float
    weighting: ShuntWeighting


def combined_lung_shunt_fraction(
    lung_shunt_fractions: Sequence[float], weights: Sequence[float], *, weighting: ShuntWeighting
) -> CombinedLungShunt:
    """Combine the lung shunts of several injections.

    Parameters
    ----------
    lung_shunt_fractions : sequence of float
        Shunt of each injection, within [0, 1].
    weights : sequence of float
        Activity of each injection in any one unit, at least 0.
    weighting : {"maa", "y90"}
        Origin of the weights, which are activities of the tracer or of the treatment.

    Returns
    -------
    CombinedLungShunt
        The weighted mean.

    Raises
    ------
    OutOfRangeError
        If a fraction or weight is outside its range, or all weights are 0.
    ShapeError
        If the numbers of fractions and weights differ.
    UnknownNameError
        If `weighting` is not one of the two.

    Notes
    -----
    The mean is `sum_k w_k L_k / sum_k w_k`. One scan of all injections shows the mean with weights of the tracer. The
    lung dose needs the mean with weights of the treatment. They are equal only if all shunts are equal or the
    activities are in proportion.

    Examples
    --------
    >>> combined = combined_lung_shunt_fraction([0.05, 0.10], [1.0, 3.0], weighting="y90")
    >>> round(combined.lung_shunt_fraction, 4)
    0.0875
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

    Parameters
    ----------
    lung_dose_equal_gy : float
        Lung dose in Gy if all injections have the same shunt.
    lung_shunt_if_all_from : tuple of float or None
        For each injection, its shunt if all counts in the lungs came from it, None if that is impossible.
    lung_dose_if_all_from_gy : tuple of float or None
        The lung dose in Gy in that case.
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
    """Compute bounds of the lung dose if one scan after several tracer injections gave one shunt.

    Parameters
    ----------
    combined_lung_shunt_fraction : float
        Shunt of the scan, within [0, 1].
    maa_mbq : sequence of float
        Tracer activity of each injection in MBq.
    delivered_activity_gbq : sequence of float
        Delivered activity of each injection in GBq.
    lung_mass_kg : float
        Lung mass in kg.
    nuclide : Nuclide, optional
        Half-life and dose factor, of Y-90, Ho-166, P-32 or Re-188; `Nuclide()` if not given.

    Returns
    -------
    LungDoseBounds
        Doses in Gy, and the shunts that go with them.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range.
    ShapeError
        If there is not one delivered activity per injection.
    ArgumentError
        If no microspheres carry the nuclide, such as Lu-177.

    Notes
    -----
    If all lung counts came from injection k, its shunt is `L sum(w) / w_k` with the tracer activities w. The lung dose
    is then `C A_k / m_lung` times this shunt.

    Examples
    --------
    >>> bounds = lung_dose_bounds(0.05, maa_mbq=[100.0, 100.0], delivered_activity_gbq=[1.0, 2.0])
    >>> round(bounds.lung_dose_equal_gy, 2), [round(dose, 2) for dose in bounds.lung_dose_if_all_from_gy]
    (7.45, [4.97, 9.93])
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
