"""Uniform doses that have the same effect as a dose distribution.

A dose distribution is given by doses and their volumes, from voxels and their fractions inside or from
`DoseVolumeHistogram.differential()`. Doses must be at least 0. Every parameter is explicit, and published sets are in
`parameter_sets()`.
"""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

import yttria._core as _core

from .._core import Nuclide
from .._foundation.numbers import number
from ..advisory import Advisory
from ._distribution import distribution, zero_dose
from .biologically_effective_dose import linear_quadratic


@dataclass(frozen=True, kw_only=True)
class EquivalentDose:
    """Uniform dose that has the same effect as a dose distribution.

    Parameters
    ----------
    quantity : str
        Name of the quantity: "gEUD", "EUD" (absorbed doses) or "EUBED" (a biologically effective dose).
    value_gy : float
        The dose in Gy.
    advisories : tuple of Advisory
        `zero_dose_voxel` if a voxel without dose dominates the result.
    """

    quantity: str
    value_gy: float
    advisories: tuple[Advisory, ...] = ()


def generalized_eud(dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, a: float) -> EquivalentDose:
    """Compute the generalized equivalent uniform dose.

    Parameters
    ----------
    dose_gy : float or array of any shape
        Absorbed doses in Gy, at least 0.
    volumes : array, optional
        Volume of each dose in any one unit, at least 0; equal volumes if not given.
    a : float
        Exponent, not 0. The result is the mean dose for `a` = 1. It approaches the lowest dose for `a` far below 0, and
        the highest dose for `a` far above 1.

    Returns
    -------
    EquivalentDose
        The dose in Gy.

    Raises
    ------
    OutOfRangeError
        If `a` is 0, or a dose or volume is negative or not finite.
    ShapeError
        If the numbers of doses and volumes differ.
    UndefinedError
        If there is no dose or no volume.

    Warns
    -----
    zero_dose_voxel
        If `a` < 0 and a part has no dose, which makes the result 0.

    Notes
    -----
    `gEUD = (sum v D^a / sum v)^(1/a)`.

    References
    ----------
    niemierko1999

    Examples
    --------
    >>> generalized_eud([50.0, 100.0], a=1.0).value_gy
    75.0
    >>> round(generalized_eud([50.0, 100.0], [3.0, 1.0], a=-10.0).value_gy, 2)
    51.46
    """
    doses, parts = distribution(dose_gy, volumes)
    value = _core.generalized_eud_gy(doses, parts, number("gEUD parameter a", a))
    return EquivalentDose(quantity="gEUD", value_gy=value, advisories=zero_dose(doses, parts) if a < 0 else ())


def survival_eud(dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, alpha_per_gy: float) -> EquivalentDose:
    """Compute the equivalent uniform dose by cell survival.

    Parameters
    ----------
    dose_gy : float or array of any shape
        Absorbed doses in Gy, at least 0.
    volumes : array, optional
        Volume of each dose in any one unit, at least 0; equal volumes if not given.
    alpha_per_gy : float
        Radiosensitivity alpha in 1/Gy, positive.

    Returns
    -------
    EquivalentDose
        The dose in Gy.

    Raises
    ------
    OutOfRangeError
        If `alpha_per_gy` is not positive, or a dose or volume is negative or not finite.
    ShapeError
        If the numbers of doses and volumes differ.
    UndefinedError
        If there is no dose or no volume.

    Warns
    -----
    zero_dose_voxel
        If a part has no dose. It counts fully with survival 1 and then dominates the result. Some published programs
        leave out such voxels.

    Notes
    -----
    `EUD = -ln(sum v e^(-alpha D) / sum v) / alpha`.

    References
    ----------
    niemierko1997, odonoghue1999

    Examples
    --------
    >>> round(survival_eud([50.0, 100.0], alpha_per_gy=0.003).value_gy, 2)
    74.06
    """
    doses, parts = distribution(dose_gy, volumes)
    value = _core.survival_eud_gy(doses, parts, number("alpha in 1/Gy", alpha_per_gy))
    return EquivalentDose(quantity="EUD", value_gy=value, advisories=zero_dose(doses, parts))


def effective_uniform_bed(
    dose_gy: ArrayLike,
    volumes: ArrayLike | None = None,
    *,
    alpha_per_gy: float,
    alpha_beta_gy: float,
    repair_half_time_h: float,
    nuclide: Nuclide | None = None,
) -> EquivalentDose:
    """Compute the equivalent uniform biologically effective dose, which is `survival_eud` of the BED of each voxel.

    Parameters
    ----------
    dose_gy : float or array of any shape
        Absorbed doses in Gy, at least 0.
    volumes : array, optional
        Volume of each dose in any one unit, at least 0; equal volumes if not given.
    alpha_per_gy : float
        Radiosensitivity alpha in 1/Gy, positive.
    alpha_beta_gy : float
        Ratio alpha/beta of the tissue in Gy, positive.
    repair_half_time_h : float
        Half-time of repair in h, positive.
    nuclide : Nuclide, optional
        Gives the half-life of the dose rate; `Nuclide()` if not given.

    Returns
    -------
    EquivalentDose
        The BED in Gy.

    Raises
    ------
    OutOfRangeError
        If a parameter is not positive, or a dose or volume is negative or not finite.
    ShapeError
        If the numbers of doses and volumes differ.
    UndefinedError
        If there is no dose or no volume.

    Warns
    -----
    zero_dose_voxel
        If a part has no dose.

    References
    ----------
    jones-hoban2000

    Examples
    --------
    >>> eubed = effective_uniform_bed([50.0, 100.0], alpha_per_gy=0.003, alpha_beta_gy=10.0, repair_half_time_h=1.5)
    >>> round(eubed.value_gy, 2)
    87.6
    """
    doses, parts = distribution(dose_gy, volumes)
    model = linear_quadratic(alpha_beta_gy, repair_half_time_h, nuclide)
    value = _core.eubed_gy(doses, parts, number("alpha in 1/Gy", alpha_per_gy), *model)
    return EquivalentDose(quantity="EUBED", value_gy=value, advisories=zero_dose(doses, parts))
