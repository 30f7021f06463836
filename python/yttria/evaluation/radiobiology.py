"""From absorbed dose to biological effect: BED, equivalent uniform doses, response probabilities.

A dose distribution is given as doses and the volumes they fill: voxels and their fractions inside, or
`DoseVolumeHistogram.differential()`. Doses must be >= 0: what to do with the negative voxels of a noisy image is the
caller's decision, not a formula's. Every parameter is explicit; published sets are in `parameter_sets()`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

import yttria._core as _core

from .._core import Nuclide
from .._foundation.arrays import flat, real
from .._foundation.numbers import number
from ..advisory import Advisory, advise

Doses = TypeVar("Doses", float, NDArray[Any])


@dataclass(frozen=True, kw_only=True)
class EquivalentDose:
    """A uniform dose of the same effect in Gy (absorbed or biologically effective, as `quantity` says)."""

    quantity: str
    value_gy: float
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ResponseProbability:
    """A modelled probability. For research use: no model here is validated for a patient."""

    model: str
    probability: float
    advisories: tuple[Advisory, ...] = ()


@dataclass(frozen=True, kw_only=True)
class InjectionBed:
    """BED of several injections: between `lower_gy` (far apart) and `upper_gy` (at once)."""

    lower_gy: float
    upper_gy: float
    advisories: tuple[Advisory, ...] = ()


def bed_gy(dose_gy: Doses, *, alpha_beta_gy: float, repair_half_time_h: float, nuclide: Nuclide | None = None) -> Doses:
    """Biologically effective dose, `D (1 + D T_rep / ((T_rep + T) (alpha/beta)))`, of a number or of each voxel.

    For a dose rate that decays with the nuclide's half-life `T` (64.1 h where none is given) to nothing, and
    mono-exponential repair (dale1985). An array keeps its shape and its
    float32 or float64.

    Raises `OutOfRangeError` for a dose that is negative or not finite (says how many) or a parameter that is not
    positive, `DTypeError` where there are no real numbers.
    """
    model = _linear_quadratic(alpha_beta_gy, repair_half_time_h, nuclide)
    return _each("dose_gy", dose_gy, lambda dose: _core.bed_gy(dose, *model))


def dose_from_bed_gy(
    bed_gy: Doses, *, alpha_beta_gy: float, repair_half_time_h: float, nuclide: Nuclide | None = None
) -> Doses:
    """Absorbed dose that has the biologically effective dose `bed_gy`: the inverse of `bed_gy`, and raises as it."""
    model = _linear_quadratic(alpha_beta_gy, repair_half_time_h, nuclide)
    return _each("bed_gy", bed_gy, lambda bed: _core.dose_from_bed_gy(bed, *model))


def eqd2_gy(bed_gy: Doses, *, alpha_beta_gy: float) -> Doses:
    """Dose in 2 Gy fractions of the same effect, `BED / (1 + 2 / (alpha/beta))`. Raises as `bed_gy`."""
    ratio = number("alpha/beta in Gy", alpha_beta_gy)
    return _each("bed_gy", bed_gy, lambda bed: _core.eqd2_gy(bed, ratio))


def bed_of_injections(
    dose_gy: Sequence[float], *, alpha_beta_gy: float, repair_half_time_h: float, nuclide: Nuclide | None = None
) -> InjectionBed:
    """Bounds of the BED of several injections into the same tissue.

    Injections more than about three weeks apart add their BEDs (the lower bound); those of one session add their doses
    first (the upper bound). In between, the Lea-Catcheside cross term matters and is not modelled: the result then
    lies between the two, and says so (`injections_between_bounds`).
    """
    doses = flat("dose_gy", dose_gy)
    model = _linear_quadratic(alpha_beta_gy, repair_half_time_h, nuclide)
    apart = _core.bed_gy(doses, *model)
    together = _core.bed_gy(np.array([doses.sum()]), *model)
    lower, upper = float(apart.sum()), float(together[0])
    found: tuple[Advisory, ...] = ()
    if upper > lower:
        found = (advise("injections_between_bounds", lower_gy=lower, upper_gy=upper),)
    return InjectionBed(lower_gy=lower, upper_gy=upper, advisories=found)


def generalized_eud(dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, a: float) -> EquivalentDose:
    """Generalized equivalent uniform dose, `(sum v D^a)^(1/a)`: the mean for a = 1, towards the coldest for a < 0.

    Source: niemierko1999. With a < 0 one voxel without dose makes it 0: advises `zero_dose_voxel`.

    Raises `OutOfRangeError` for a = 0 and for doses or volumes that are negative or not finite, `ShapeError` where
    their numbers differ, `UndefinedError` where there is no dose or no volume.
    """
    doses, parts = _distribution(dose_gy, volumes)
    value = _core.generalized_eud_gy(doses, parts, number("gEUD parameter a", a))
    return EquivalentDose(quantity="gEUD", value_gy=value, advisories=_zero_dose(doses, parts) if a < 0 else ())


def survival_eud(dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, alpha_per_gy: float) -> EquivalentDose:
    """Equivalent uniform dose by survival, `-ln(sum v e^(-alpha D)) / alpha`.

    Sources: niemierko1997, odonoghue1999. A voxel without dose counts in full, with survival 1: advises
    `zero_dose_voxel`, for it then governs the result (some published code drops such voxels). Raises as
    `generalized_eud`.
    """
    doses, parts = _distribution(dose_gy, volumes)
    value = _core.survival_eud_gy(doses, parts, number("alpha in 1/Gy", alpha_per_gy))
    return EquivalentDose(quantity="EUD", value_gy=value, advisories=_zero_dose(doses, parts))


def effective_uniform_bed(
    dose_gy: ArrayLike,
    volumes: ArrayLike | None = None,
    *,
    alpha_per_gy: float,
    alpha_beta_gy: float,
    repair_half_time_h: float,
    nuclide: Nuclide | None = None,
) -> EquivalentDose:
    """Equivalent uniform biologically effective dose: `survival_eud` of the voxels' `bed_gy`.

    Source: jones-hoban2000. Raises and advises as these two.
    """
    doses, parts = _distribution(dose_gy, volumes)
    model = _linear_quadratic(alpha_beta_gy, repair_half_time_h, nuclide)
    value = _core.eubed_gy(doses, parts, number("alpha in 1/Gy", alpha_per_gy), *model)
    return EquivalentDose(quantity="EUBED", value_gy=value, advisories=_zero_dose(doses, parts))


def ntcp_lyman(
    dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, td50_gy: float, m: float, n: float
) -> ResponseProbability:
    """Complication probability, `Phi((gEUD - TD50) / (m TD50))` with gEUD for `a = 1/n`.

    Sources: lyman1985, kutcher-burman1989. A single number is a uniform dose. Always advises
    `model_not_validated`; a `ParameterSet` has more to say. Raises as `generalized_eud`.
    """
    parameters = number("TD50 in Gy", td50_gy), number("slope m", m), number("volume parameter n", n)
    return _response("Lyman-Kutcher-Burman NTCP", _core.lyman_ntcp(*_distribution(dose_gy, volumes), *parameters))


def ntcp_logistic(
    dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, d50_gy: float, gamma50: float
) -> ResponseProbability:
    """Complication probability of the mean dose, `1 / (1 + (D50/D)^(4 gamma50))`.

    Always advises `model_not_validated`. Raises as `generalized_eud`.
    """
    return _response("logistic NTCP", _logistic(dose_gy, volumes, d50_gy, gamma50))


def tcp_logistic(
    dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, d50_gy: float, gamma50: float
) -> ResponseProbability:
    """Tumor control probability of the mean dose, `1 / (1 + (D50/D)^(4 gamma50))`; advises and raises likewise."""
    return _response("logistic TCP", _logistic(dose_gy, volumes, d50_gy, gamma50))


def tcp_poisson(
    dose_gy: ArrayLike, volumes: ArrayLike | None = None, *, alpha_per_gy: float, clonogens: float
) -> ResponseProbability:
    """Tumor control probability, `exp(-N sum v e^(-alpha D))` with `N` clonogens in the whole volume.

    `D` is the absorbed or the biologically effective dose, whichever `alpha_per_gy` belongs to. Always advises
    `model_not_validated`, and `zero_dose_voxel` where a part has none. Raises as `generalized_eud`.
    """
    doses, parts = _distribution(dose_gy, volumes)
    alpha, count = number("alpha in 1/Gy", alpha_per_gy), number("number of clonogens", clonogens)
    result = _core.poisson_tcp(doses, parts, alpha, count)
    return _response("Poisson TCP", result, _zero_dose(doses, parts))


def _linear_quadratic(
    alpha_beta_gy: float, repair_half_time_h: float, nuclide: Nuclide | None
) -> tuple[float, float, float]:
    half_life_h = (Nuclide() if nuclide is None else nuclide).half_life_h
    return number("alpha/beta in Gy", alpha_beta_gy), number("repair half-time in h", repair_half_time_h), half_life_h


def _logistic(dose_gy: ArrayLike, volumes: ArrayLike | None, d50_gy: float, gamma50: float) -> float:
    parameters = number("D50 in Gy", d50_gy), number("slope gamma50", gamma50)
    return _core.logistic_response(*_distribution(dose_gy, volumes), *parameters)


def _each(name: str, values: Doses, core: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Doses:
    array = real(name, values)
    result: Any = core(flat(name, array)).reshape(array.shape)
    if array.ndim == 0:
        result = float(result)
    elif array.dtype == np.float32:
        result = result.astype(np.float32)
    return result  # type: ignore[no-any-return]


def _distribution(
    dose_gy: ArrayLike, volumes: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    return flat("dose_gy", dose_gy), None if volumes is None else flat("volumes", volumes)


def _zero_dose(doses: NDArray[np.float64], parts: NDArray[np.float64] | None) -> tuple[Advisory, ...]:
    if _core.minimum_dose_gy(doses, parts) > 0:
        return ()
    return (advise("zero_dose_voxel", minimum_dose_gy=0.0),)


def _response(model: str, probability: float, found: tuple[Advisory, ...] = ()) -> ResponseProbability:
    return ResponseProbability(
        model=model, probability=probability, advisories=(advise("model_not_validated", model=model), *found)
    )
