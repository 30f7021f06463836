"""Biologically effective dose (BED) of absorbed doses, its inverse, and the dose in fractions of 2 Gy.

Doses must be at least 0. The caller decides on the negative voxels of a noisy image. Every parameter is explicit, and
published sets are in `parameter_sets()`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

import yttria._core as _core

from .._core import Nuclide
from .._foundation.arrays import flat, real
from .._foundation.numbers import number
from ..advisory import Advisory, advise

Doses = TypeVar("Doses", float, NDArray[Any])


@dataclass(frozen=True, kw_only=True)
class InjectionBed:
    """Bounds of the biologically effective dose of several injections.

    Parameters
    ----------
    lower_gy : float
        BED in Gy if the injections are far apart in time, which is the sum of the BEDs.
    upper_gy : float
        BED in Gy if all are given at once, which is the BED of the summed doses.
    advisories : tuple of Advisory
        `injections_between_bounds` if the bounds differ.
    """

    lower_gy: float
    upper_gy: float
    advisories: tuple[Advisory, ...] = ()


def bed_gy(dose_gy: Doses, *, alpha_beta_gy: float, repair_half_time_h: float, nuclide: Nuclide | None = None) -> Doses:
    """Compute the biologically effective dose of a dose or of each dose of an array.

    Parameters
    ----------
    dose_gy : float or array of any shape
        Absorbed dose in Gy, at least 0.
    alpha_beta_gy : float
        Ratio alpha/beta of the tissue in Gy, positive.
    repair_half_time_h : float
        Half-time of repair in h, positive.
    nuclide : Nuclide, optional
        Gives the half-life of the dose rate; `Nuclide()` if not given.

    Returns
    -------
    float or array
        BED in Gy, with the shape of `dose_gy`. A float32 array stays float32; other arrays become float64.

    Raises
    ------
    OutOfRangeError
        If a dose is negative or not finite (the message states how many), or a parameter is not positive.
    DTypeError
        If `dose_gy` does not hold real numbers.

    Notes
    -----
    `BED = D (1 + D T_rep / ((T_rep + T) (alpha/beta)))`. The dose rate decays completely with the half-life `T`. Repair
    is mono-exponential with the half-time `T_rep`.

    References
    ----------
    dale1985

    Examples
    --------
    >>> round(bed_gy(100.0, alpha_beta_gy=10.0, repair_half_time_h=1.5), 2)
    122.87
    """
    model = linear_quadratic(alpha_beta_gy, repair_half_time_h, nuclide)
    return _each("dose_gy", dose_gy, lambda dose: _core.bed_gy(dose, *model))


def dose_from_bed_gy(
    bed_gy: Doses, *, alpha_beta_gy: float, repair_half_time_h: float, nuclide: Nuclide | None = None
) -> Doses:
    """Compute the absorbed dose that has a given biologically effective dose, the inverse of `bed_gy`.

    Parameters
    ----------
    bed_gy : float or array of any shape
        BED in Gy, at least 0.
    alpha_beta_gy : float
        Ratio alpha/beta of the tissue in Gy, positive.
    repair_half_time_h : float
        Half-time of repair in h, positive.
    nuclide : Nuclide, optional
        Gives the half-life of the dose rate; `Nuclide()` if not given.

    Returns
    -------
    float or array
        Absorbed dose in Gy, with the shape and type of `bed_gy` as in `yttria.evaluation.bed_gy`.

    Raises
    ------
    OutOfRangeError
        If a BED is negative or not finite, or a parameter is not positive.
    DTypeError
        If `bed_gy` does not hold real numbers.

    References
    ----------
    dale1985

    Examples
    --------
    >>> bed = bed_gy(100.0, alpha_beta_gy=10.0, repair_half_time_h=1.5)
    >>> round(dose_from_bed_gy(bed, alpha_beta_gy=10.0, repair_half_time_h=1.5), 9)
    100.0
    """
    model = linear_quadratic(alpha_beta_gy, repair_half_time_h, nuclide)
    return _each("bed_gy", bed_gy, lambda bed: _core.dose_from_bed_gy(bed, *model))


def eqd2_gy(bed_gy: Doses, *, alpha_beta_gy: float) -> Doses:
    """Compute the dose in fractions of 2 Gy that has the same effect as a biologically effective dose.

    Parameters
    ----------
    bed_gy : float or array of any shape
        BED in Gy, at least 0.
    alpha_beta_gy : float
        Ratio alpha/beta of the tissue in Gy, positive.

    Returns
    -------
    float or array
        EQD2 in Gy, with the shape and type of `bed_gy` as in `yttria.evaluation.bed_gy`.

    Raises
    ------
    OutOfRangeError
        If a BED is negative or not finite, or the ratio is not positive.
    DTypeError
        If `bed_gy` does not hold real numbers.

    Notes
    -----
    `EQD2 = BED / (1 + 2 / (alpha/beta))` with both ratios in Gy.

    Examples
    --------
    >>> eqd2_gy(120.0, alpha_beta_gy=10.0)
    100.0
    """
    ratio = number("alpha/beta in Gy", alpha_beta_gy)
    return _each("bed_gy", bed_gy, lambda bed: _core.eqd2_gy(bed, ratio))


def bed_of_injections(
    dose_gy: Sequence[float], *, alpha_beta_gy: float, repair_half_time_h: float, nuclide: Nuclide | None = None
) -> InjectionBed:
    """Compute bounds of the BED of several injections into the same tissue.

    Parameters
    ----------
    dose_gy : sequence of float
        Absorbed dose of each injection in Gy, at least 0.
    alpha_beta_gy : float
        Ratio alpha/beta of the tissue in Gy, positive.
    repair_half_time_h : float
        Half-time of repair in h, positive.
    nuclide : Nuclide, optional
        Gives the half-life of the dose rate; `Nuclide()` if not given.

    Returns
    -------
    InjectionBed
        The lower and the upper bound in Gy.

    Raises
    ------
    OutOfRangeError
        If a dose is negative or not finite, or a parameter is not positive.
    DTypeError
        If `dose_gy` does not hold real numbers.

    Warns
    -----
    injections_between_bounds
        If the bounds differ.

    Notes
    -----
    The BEDs of injections more than about three weeks apart are added, which is the lower bound. The doses of
    injections in one session are added first, which is the upper bound. In between, the Lea-Catcheside cross term
    matters. It is not modelled, and the BED lies between the bounds.

    Examples
    --------
    >>> bed = bed_of_injections([60.0, 40.0], alpha_beta_gy=2.5, repair_half_time_h=2.5)
    >>> round(bed.lower_gy, 1), round(bed.upper_gy, 1)
    (178.1, 250.2)
    """
    doses = flat("dose_gy", dose_gy)
    model = linear_quadratic(alpha_beta_gy, repair_half_time_h, nuclide)
    apart = _core.bed_gy(doses, *model)
    together = _core.bed_gy(np.array([doses.sum()]), *model)
    lower, upper = float(apart.sum()), float(together[0])
    found: tuple[Advisory, ...] = ()
    if upper > lower:
        found = (advise("injections_between_bounds", lower_gy=lower, upper_gy=upper),)
    return InjectionBed(lower_gy=lower, upper_gy=upper, advisories=found)


def linear_quadratic(
    alpha_beta_gy: float, repair_half_time_h: float, nuclide: Nuclide | None
) -> tuple[float, float, float]:
    """Check the parameters of the linear-quadratic model.

    They are alpha/beta in Gy, repair half-time and half-life in h.
    """
    half_life_h = (Nuclide() if nuclide is None else nuclide).half_life_h
    return number("alpha/beta in Gy", alpha_beta_gy), number("repair half-time in h", repair_half_time_h), half_life_h


def _each(name: str, values: Doses, core: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Doses:
    array = real(name, values)
    result: Any = core(flat(name, array)).reshape(array.shape)
    if array.ndim == 0:
        result = float(result)
    elif array.dtype == np.float32:
        result = result.astype(np.float32)
    return result  # type: ignore[no-any-return]
