"""Monte Carlo propagation of the stated uncertainties to the doses of structures (JCGM 101)."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.brief import brief
from .._foundation.choices import COVERAGE_INTERVALS, CoverageIntervalKind, UncertaintySource
from .._foundation.numbers import number, one_of, open_fraction, thread_count
from ..errors import OutOfRangeError, UnknownNameError
from ..evaluation import DoseMetric, PropagatedQuantity, UncertaintyInputs, dose_metric
from ..evaluation.propagated import COVERAGE_PROBABILITY, half_unit
from ..geometry.image import Image
from ..geometry.structure import Structure
from .dose_result import DoseResult
from .image_noise import ImageNoise
from .propagation_model import DoseModel

#: Quantities of the draws if none are given.
DEFAULT_METRICS = ("D70", "D95")
#: Number of draws that one thread makes at a time.
_PORTION = 8
_MOST_DRAWS = 1_000_000


@dataclass(frozen=True, eq=False, kw_only=True)
class PropagatedDoses:
    """Distributions of the doses of structures by Monte Carlo propagation.

    Parameters
    ----------
    quantities : tuple of PropagatedQuantity
        Quantities of each structure: mean dose, volume, mean dose corrected by a recovery curve and by the transfer
        matrix if these were given, and the metrics.
    included : tuple of str
        Sources of uncertainty that were drawn.
    not_included : tuple of str
        Sources of a dose that were not stated. They are not zero.
    draws : int
        Number of draws.
    seed : int
        Seed of the random numbers.
    tolerance_reached : bool or None
        Whether every standard uncertainty has the requested significant digits; None if none were requested.
    """

    quantities: tuple[PropagatedQuantity, ...]
    included: tuple[UncertaintySource, ...]
    not_included: tuple[UncertaintySource, ...]
    draws: int
    seed: int
    tolerance_reached: bool | None = None

    __repr__ = brief

    def of(self, structure: str, quantity: str = "mean_gy") -> PropagatedQuantity:
        """Look up the distribution of one quantity of one structure.

        Parameters
        ----------
        structure : str
            Name of the structure.
        quantity : str
            Name of the quantity, such as "mean_gy", "volume_ml" or "d70_gy".

        Returns
        -------
        PropagatedQuantity

        Raises
        ------
        UnknownNameError
            If there is no such structure or quantity.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.evaluation import PropagatedQuantity
        >>> mean = PropagatedQuantity(
        ...     structure="Tumor", quantity="mean_gy", unit="Gy", value=100.0, draws=np.array([90.0, 110.0])
        ... )
        >>> doses = PropagatedDoses(quantities=(mean,), included=("calibration",), not_included=(), draws=2, seed=0)
        >>> doses.of("Tumor").mean
        100.0
        """
        for each in self.quantities:
            if (each.structure, each.quantity) == (structure, quantity):
                return each
        known = ", ".join(f"'{each.structure}' {each.quantity}" for each in self.quantities)
        raise UnknownNameError(f"propagated quantity must be one of {known}, got '{structure}' {quantity}")

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON, without the draws.

        Returns
        -------
        dict
            The fields, with the statistics of each quantity.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.evaluation import PropagatedQuantity
        >>> mean = PropagatedQuantity(
        ...     structure="Tumor", quantity="mean_gy", unit="Gy", value=100.0, draws=np.array([90.0, 110.0])
        ... )
        >>> doses = PropagatedDoses(quantities=(mean,), included=("calibration",), not_included=(), draws=2, seed=0)
        >>> doses.as_dict()["quantities"][0]["mean_of_draws"]
        100.0
        """
        return {
            "quantities": [each.as_dict() for each in self.quantities],
            "included": list(self.included),
            "not_included": list(self.not_included),
            "draws": self.draws,
            "seed": self.seed,
            "tolerance_reached": self.tolerance_reached,
        }


def propagate_uncertainty(
    result: DoseResult,
    structures: Sequence[Structure],
    inputs: UncertaintyInputs,
    *,
    noise: ImageNoise | Sequence[Image] | None = None,
    metrics: Sequence[DoseMetric] | None = None,
    parameters: Mapping[str, float] | None = None,
    contour_correlation_mm: float | None = None,
    recovered_fwhm_mm: float | None = None,
    reference: Structure | None = None,
    draws: int = 1000,
    significant_digits: int | None = None,
    maximum_draws: int = 100_000,
    seed: int = 0,
    coverage_probability: float = COVERAGE_PROBABILITY,
    interval_kind: CoverageIntervalKind = "symmetric",
    progress: Callable[[int, int], object] | None = None,
    threads: int | None = None,
) -> PropagatedDoses:
    """Propagate the stated uncertainties to the doses of structures by Monte Carlo.

    Parameters
    ----------
    result : DoseResult
        Made by `dose_image`.
    structures : sequence of Structure
        Their names must differ.
    inputs : UncertaintyInputs
        Stated uncertainties. An input that is None is not drawn, and its source is listed as not included. Half-life
        and dose model have the defaults of `DoseResult.uncertainty_budgets`.
    noise : ImageNoise or sequence of Image, optional
        Noise of the voxels, or at least two repeated or bootstrapped images of the same activity, whose covariance is
        that of the noise. Either replaces `count_uncertainty`.
    metrics : sequence of DoseMetric, optional
        Quantities in addition to mean dose and volume, as `dose_metric` reads them; D70 and D95 if not given.
    parameters : mapping of str to float, optional
        Parameters of radiobiological metrics.
    contour_correlation_mm : float, optional
        Length in mm over which the displacements of two points of a contour are correlated, positive. If it is not
        given, a contour is displaced outward as a whole.
    recovered_fwhm_mm : float, optional
        Full width at half maximum of the image's blur in mm, at least 0. Each draw then also has `recovered_mean_gy`,
        the mean doses corrected for the blur by the geometric transfer matrix of the structures and their surroundings.
    reference : Structure, optional
        Reference region of relative scaling, if it is not among the structures, because its outline changes every dose.
    draws : int
        Number of draws, 2 to 1 000 000; with `significant_digits`, of each batch.
    significant_digits : int, optional
        1 or 2: batches are drawn until every standard uncertainty has this number of significant digits.
    maximum_draws : int
        Number of draws after which the propagation ends.
    seed : int
        0 to 2^64 - 1. The draws depend only on the seed, not on the number of threads.
    coverage_probability : float
        Probability of the intervals, within (0, 1).
    interval_kind : {"symmetric", "shortest"}
        The interval with as much probability below as above it, or the shortest one.
    progress : callable, optional
        Called with the number of draws made and to be made after every few of them.
    threads : int, optional
        1 to 1024; every processor available if not given.

    Returns
    -------
    PropagatedDoses
        Distributions of each quantity of each structure.

    Raises
    ------
    OutOfRangeError
        If a number is outside its range.
    ArgumentError
        If the result does not hold its activity image, or there are fewer than two repeated images.
    GeometryError
        If the noise or a repeated image lies on another grid, or a structure in another frame of reference.
    UnknownNameError
        If a metric does not follow from doses.
    UndefinedError
        If a structure occupies no voxel of the image, or a metric has no parameters.
    DuplicateNameError
        If two structures share a name.

    Notes
    -----
    Factors that must be positive are lognormal with a mean of 1 and the stated standard uncertainty: calibration,
    administered activity, residual, lung shunt, half-life, density, method, and counts without an image of noise.
    Times, displacements, shifts and the logarithms of the recovery parameters are normal. Sources are correlated as
    stated. For decay and recovery, this applies to the first input, half-life and b1. A contour is displaced along its
    normal, and all structures are shifted together relative to the dose. Noise is drawn in the image, where its blur
    correlates neighbors, and one convolution plan converts it to dose. For superposition and Monte Carlo, the kernel is
    that of voxel S values, scaled by the density of each voxel. The number of microspheres is drawn independently in
    each voxel.

    A draw of noise is added to an image that has noise already. The draws of a dose at a volume are therefore
    distributed about a value that differs from that of the image.

    References
    ----------
    jcgm101, gear2018, rousset1998

    Examples
    --------
    >>> from yttria import AbsoluteScaling, dose_image
    >>> from yttria.evaluation import UncertaintyInputs
    >>> from yttria.voxel import propagate_uncertainty
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((10.0, 10.0, 10.0))
    >>> result = dose_image(phantom.activity, scaling=AbsoluteScaling(scan_delay_h=20.0))
    >>> inputs = UncertaintyInputs(calibration_uncertainty=0.05, contour_uncertainty_mm=2.0)
    >>> doses = propagate_uncertainty(result, phantom.structures[:1], inputs, draws=400, seed=1)
    >>> mean = doses.of("Liver")
    >>> 0.04 < mean.standard_uncertainty / mean.value < 0.08
    True
    """
    total = _whole("draws", draws, 2, _MOST_DRAWS)
    most = _whole("maximum_draws", maximum_draws, total, _MOST_DRAWS) if significant_digits is not None else total
    digits = None if significant_digits is None else _whole("significant_digits", significant_digits, 1, 2)
    one_of("kind of coverage interval", interval_kind, COVERAGE_INTERVALS)
    open_fraction("coverage probability", coverage_probability)
    model = DoseModel(
        result,
        structures,
        inputs,
        noise=noise,
        metrics=[dose_metric(text) for text in DEFAULT_METRICS] if metrics is None else list(metrics),
        parameters=parameters or {},
        contour_correlation_mm=contour_correlation_mm,
        recovered_fwhm_mm=recovered_fwhm_mm,
        reference=reference,
        seed=_whole("seed", seed, 0, 2**64 - 1),
        threads=threads,
    )
    values, found = model.values(), np.zeros((0, len(structures), len(model.quantities)))
    reached: bool | None = None
    while True:
        target = len(found) + total
        found = np.concatenate([found, _drawn(model, len(found), target, progress, threads)])
        quantities = tuple(
            PropagatedQuantity(
                structure=structure.name,
                quantity=quantity.name,
                unit=quantity.unit,
                value=None if np.isnan(values[s, q]) else float(values[s, q]),
                draws=np.ascontiguousarray(found[:, s, q]),
                coverage_probability=float(coverage_probability),
                interval_kind=interval_kind,
            )
            for s, structure in enumerate(structures)
            for q, quantity in enumerate(model.quantities)
        )
        if digits is not None:
            reached = all(_is_stable(each, digits) for each in quantities)
        if digits is None or reached or len(found) + total > most:
            break
    return PropagatedDoses(
        quantities=quantities,
        included=model.included,
        not_included=model.not_included,
        draws=len(found),
        seed=int(seed),
        tolerance_reached=reached,
    )


def _drawn(
    model: DoseModel, first: int, end: int, progress: Callable[[int, int], object] | None, threads: int | None
) -> NDArray[np.float64]:
    """Make the draws from `first` to `end`, (draw, structure, quantity), in portions on threads without the GIL."""
    portions = [range(start, min(start + _PORTION, end)) for start in range(first, end, _PORTION)]

    def portion(draws: range) -> NDArray[np.float64]:
        return np.stack([model.draw(draw) for draw in draws])

    found = []
    with ThreadPoolExecutor(max_workers=thread_count(threads) or os.cpu_count()) as executor:
        try:
            for each in executor.map(portion, portions):
                found.append(each)
                if progress is not None:
                    progress(first + sum(map(len, found)), end)
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            raise
    return np.concatenate(found)


def _is_stable(quantity: PropagatedQuantity, digits: int) -> bool:
    """Whether the draws support this number of digits of the standard uncertainty."""
    u, tolerance = quantity.standard_uncertainty, quantity.numerical_tolerance
    if not u:
        return True
    return tolerance is not None and tolerance <= half_unit(u, digits)


def _whole(quantity: str, value: int, low: int, high: int) -> int:
    try:
        whole = operator.index(value)
    except TypeError:
        # A table may hold a whole number as a float.
        whole = int(number(quantity, value)) if number(quantity, value).is_integer() else low - 1
    if not low <= whole <= high:
        raise OutOfRangeError(f"{quantity} must be a whole number within [{low}, {high}], got {value}")
    return whole
