"""Probabilities of tumor control (TCP) and of complications (NTCP) of a dose distribution.

A dose distribution is given by doses and their volumes, from voxels and their fractions inside or from
`DoseVolumeHistogram.differential()`. Doses must be at least 0. Every parameter is explicit, and published sets are in
`parameter_sets()`.
"""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

import yttria._core as _core

from .._foundation.numbers import number
from ..advisory import Advisory, advise
from ._distribution import distribution, zero_dose


@dataclass(frozen=True, kw_only=True)
class ResponseProbability:
    """Probability of tumor control or of a complication by a model.

    It is for research use, because no model is validated for a patient.

    Parameters
    ----------
    model : str
        Name of the model.
    probability : float
        Probability within [0, 1].
    advisories : tuple of Advisory
        Always `model_not_validated`.
    """

    model: str
    probability: float
    advisories: tuple[Advisory, ...] = ()


def ntcp_lyman(
    dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, td50_gy: float, m: float, n: float
) -> ResponseProbability:
    """Compute the complication probability by the Lyman-Kutcher-Burman model.

    Parameters
    ----------
    dose_gy : float or array of any shape
        Doses in Gy, at least 0. One number is a uniform dose.
    volumes : array, optional
        Volume of each dose in any one unit, at least 0; equal volumes if not given.
    td50_gy : float
        Uniform dose in Gy with a probability of 0.5, positive.
    m : float
        Slope, positive.
    n : float
        Volume parameter, positive. With 1, the result depends only on the mean dose.

    Returns
    -------
    ResponseProbability
        The probability, always with the advisory `model_not_validated`.

    Raises
    ------
    OutOfRangeError
        If a parameter is not positive, or a dose or volume is negative or not finite.
    ShapeError
        If the numbers of doses and volumes differ.
    UndefinedError
        If there is no dose or no volume.

    Notes
    -----
    `NTCP = Phi((gEUD - TD50) / (m TD50))` with the generalized EUD of `a = 1/n`.
    `ParameterSet` has published values with their status.

    References
    ----------
    lyman1985, kutcher-burman1989

    Examples
    --------
    >>> round(ntcp_lyman(40.0, td50_gy=52.0, m=0.28, n=1.0).probability, 3)
    0.205
    """
    parameters = number("TD50 in Gy", td50_gy), number("slope m", m), number("volume parameter n", n)
    return _response("Lyman-Kutcher-Burman NTCP", _core.lyman_ntcp(*distribution(dose_gy, volumes), *parameters))


def ntcp_logistic(
    dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, d50_gy: float, gamma50: float
) -> ResponseProbability:
    """Compute the complication probability of the mean dose by a logistic model.

    Parameters
    ----------
    dose_gy : float or array of any shape
        Doses in Gy, at least 0.
    volumes : array, optional
        Volume of each dose in any one unit, at least 0; equal volumes if not given.
    d50_gy : float
        Mean dose in Gy with a probability of 0.5, positive.
    gamma50 : float
        Normalized slope at 0.5, positive.

    Returns
    -------
    ResponseProbability
        The probability, always with the advisory `model_not_validated`.

    Raises
    ------
    OutOfRangeError
        If a parameter is not positive, or a dose or volume is negative or not finite.
    ShapeError
        If the numbers of doses and volumes differ.
    UndefinedError
        If there is no dose or no volume.

    Notes
    -----
    `P = 1 / (1 + (D50 / D)^(4 gamma50))`.

    Examples
    --------
    >>> round(ntcp_logistic(40.0, d50_gy=52.0, gamma50=1.5).probability, 3)
    0.172
    """
    return _response("logistic NTCP", _logistic(dose_gy, volumes, d50_gy, gamma50))


def tcp_logistic(
    dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, d50_gy: float, gamma50: float
) -> ResponseProbability:
    """Compute the tumor control probability of the mean dose by a logistic model.

    Parameters
    ----------
    dose_gy : float or array of any shape
        Doses in Gy, at least 0.
    volumes : array, optional
        Volume of each dose in any one unit, at least 0; equal volumes if not given.
    d50_gy : float
        Mean dose in Gy with a probability of 0.5, positive.
    gamma50 : float
        Normalized slope at 0.5, positive.

    Returns
    -------
    ResponseProbability
        The probability, always with the advisory `model_not_validated`.

    Raises
    ------
    OutOfRangeError
        If a parameter is not positive, or a dose or volume is negative or not finite.
    ShapeError
        If the numbers of doses and volumes differ.
    UndefinedError
        If there is no dose or no volume.

    Notes
    -----
    `P = 1 / (1 + (D50 / D)^(4 gamma50))`.

    Examples
    --------
    >>> round(tcp_logistic(120.0, d50_gy=100.0, gamma50=1.0).probability, 3)
    0.675
    """
    return _response("logistic TCP", _logistic(dose_gy, volumes, d50_gy, gamma50))


def tcp_poisson(
    dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, alpha_per_gy: float, clonogens: float
) -> ResponseProbability:
    """Compute the tumor control probability by Poisson statistics of surviving clonogens.

    Parameters
    ----------
    dose_gy : float or array of any shape
        Doses in Gy to which `alpha_per_gy` belongs, absorbed or biologically effective, at least 0.
    volumes : array, optional
        Volume of each dose in any one unit, at least 0; equal volumes if not given.
    alpha_per_gy : float
        Radiosensitivity alpha in 1/Gy, positive.
    clonogens : float
        Number of clonogens in the whole volume, positive.

    Returns
    -------
    ResponseProbability
        The probability, always with the advisory `model_not_validated`.

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

    Notes
    -----
    `TCP = exp(-N sum v e^(-alpha D) / sum v)` with `N` clonogens.

    Examples
    --------
    >>> round(tcp_poisson([100.0, 200.0], alpha_per_gy=0.05, clonogens=1000.0).probability, 4)
    0.0337
    """
    doses, parts = distribution(dose_gy, volumes)
    alpha, count = number("alpha in 1/Gy", alpha_per_gy), number("number of clonogens", clonogens)
    result = _core.poisson_tcp(doses, parts, alpha, count)
    return _response("Poisson TCP", result, zero_dose(doses, parts))


def _logistic(dose_gy: ArrayLike, volumes: ArrayLike | None, d50_gy: float, gamma50: float) -> float:
    parameters = number("D50 in Gy", d50_gy), number("slope gamma50", gamma50)
    return _core.logistic_response(*distribution(dose_gy, volumes), *parameters)


def _response(model: str, probability: float, found: tuple[Advisory, ...] = ()) -> ResponseProbability:
    return ResponseProbability(
        model=model, probability=probability, advisories=(advise("model_not_validated", model=model), *found)
    )
