"""Measurement model of a propagation: doses of structures as a function of the number of a draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from .._core import DoseVolumeHistogram, VoxelFractions
from .._foundation.choices import BudgetUnit, UncertaintySource
from .._foundation.numbers import number
from ..errors import ArgumentError, GeometryError, OutOfRangeError, UndefinedError, UnitError, UnknownNameError
from ..evaluation import DoseMetric, UncertaintyInputs, dose_volume_histograms, metric_value
from ..evaluation.dose_metrics import PARAMETERS
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.transfer_matrix import box_of
from .dose_components import OutlineUncertainty, outline_uncertainty
from .dose_kernel import nuclide_of
from .dose_result import DoseResult
from .image_noise import ImageNoise
from .propagation_draws import (
    ScalarDraws,
    SharedDraw,
    StructureDraw,
    recovery_parameters,
    with_defaults,
)
from .propagation_field import REACH, DisplacedStructure, DoseNoise, region_of
from .propagation_recovery import RegionRecovery

_UNITS: dict[str, BudgetUnit] = {"Gy": "Gy", "mL": "mL", "1": "fraction"}
_MEAN, _VOLUME, _CORRECTED, _RECOVERED = "mean_gy", "volume_ml", "recovery_corrected_mean_gy", "recovered_mean_gy"


class Quantity(NamedTuple):
    """Quantity of a structure with its name, its unit, and its metric if it is one."""

    name: str
    unit: BudgetUnit
    metric: DoseMetric | None = None


class DoseModel:
    """Measurement model, from the inputs of one draw to the quantities of all structures."""

    quantities: tuple[Quantity, ...]
    included: tuple[UncertaintySource, ...]
    not_included: tuple[UncertaintySource, ...]

    def __init__(
        self,
        result: DoseResult,
        structures: Sequence[Structure],
        inputs: UncertaintyInputs,
        *,
        noise: ImageNoise | Sequence[Image] | None,
        metrics: Sequence[DoseMetric],
        parameters: Mapping[str, float],
        contour_correlation_mm: float | None,
        recovered_fwhm_mm: float | None,
        reference: Structure | None,
        seed: int,
        threads: int | None,
    ) -> None:
        """Prepare the parts that all draws share."""
        if result.activity is None:
            raise ArgumentError("the result must hold its activity image, as one of `dose_image` does")
        if contour_correlation_mm is not None and not number("correlation length in mm", contour_correlation_mm) > 0.0:
            raise OutOfRangeError(f"correlation length in mm must be > 0, got {contour_correlation_mm:g}")
        inputs = with_defaults(inputs, result.provenance)
        self._inputs, self._seed, self._parameters = inputs, seed, parameters
        self._nuclide, self._voxel_volume_ml = nuclide_of(result.provenance), result.image.voxel_volume_ml
        self._recovery = None
        if recovered_fwhm_mm is not None:
            self._recovery = RegionRecovery(_width(recovered_fwhm_mm), result.image.voxel_size_mm)
        self.quantities = _quantities(
            metrics, by_curve=inputs.recovery is not None, by_regions=self._recovery is not None
        )
        image_noise, repeated = _checked_noise(noise, result.activity)
        self._by_noise = image_noise is not None or bool(repeated)
        self._scalars = ScalarDraws(inputs, result.provenance, seed)
        size_mm = result.image.voxel_size_mm
        self._names = [structure.name for structure in structures]
        self._reference = _reference(result, structures, reference)
        drawn = structures if self._reference in (None, *self._names) or reference is None else [*structures, reference]
        fractions = _fractions(result, drawn, threads)
        outlines = {name: outline_uncertainty(inputs, name, size_mm) for name in fractions}
        self._displacements = {name: 0.0 if each is None else each.displacement_mm for name, each in outlines.items()}
        shift_mm = inputs.registration_shift_mm or 0.0
        reach_mm = REACH * (max(self._displacements.values()) + shift_mm)
        # The region must hold the surroundings of the structures within the reach of their blur.
        region = region_of(fractions, reach_mm + 2.0 * (recovered_fwhm_mm or 0.0), size_mm)
        gas = None if result.gas is None else np.ascontiguousarray(result.gas[region.slices])
        self._structures = {
            name: DisplacedStructure(
                region.of(each),
                size_mm,
                displacement_uncertainty_mm=self._displacements[name],
                shift_uncertainty_mm=shift_mm,
                correlation_mm=contour_correlation_mm,
                gas=gas,
                threads=threads,
            )
            for name, each in fractions.items()
        }
        if self._reference is not None:
            self._counts = np.ascontiguousarray(result.activity.array[region.slices], dtype=np.float64)
            self._reference_counts = self._counted(self._structures[self._reference].still)
        self._dose = DoseNoise(
            result,
            region,
            noise=image_noise,
            repeated=repeated,
            sphere_activity_bq=inputs.sphere_activity_bq,
            seed=seed,
        )
        self.included, self.not_included = self._sources(result, outlines)
        #: Histograms that draws change only by a factor.
        self._undrawn = {
            name: self._histogram(self._dose.still, each.still)
            for name, each in self._structures.items()
            if self._dose.is_still and each.is_still
        }

    def values(self) -> NDArray[np.float64]:
        """Return the quantities (structure, quantity) of the unchanged inputs; NaN if they are undefined."""
        shared = SharedDraw(factor=1.0, shift_mm=(0.0, 0.0, 0.0), recovery_deviations=(0.0, 0.0))
        own = StructureDraw(count_factor=1.0, displacement_mm=0.0, ripple_stream=0)
        fractions = {name: each.still for name, each in self._structures.items()}
        recovered = {} if self._recovery is None else self._recovery.means(self._dose.still, fractions)
        return np.stack(
            [
                self._read(self._histogram(self._dose.still, fractions[name]), shared, own, recovered.get(name, np.nan))
                for name in self._names
            ]
        )

    def draw(self, draw: int) -> NDArray[np.float64]:
        """Return the quantities (structure, quantity) of a draw; NaN if they are undefined."""
        shared, dose = self._scalars.shared(draw), self._dose.draw(draw)
        own = {
            name: self._scalars.of_structure(draw, name, self._displacements[name], by_noise=self._by_noise)
            for name in self._structures
        }
        fractions = {
            name: each.draw(own[name].displacement_mm, shared.shift_mm, self._seed, own[name].ripple_stream)
            for name, each in self._structures.items()
            if self._recovery is not None or name not in self._undrawn or name == self._reference
        }
        if self._reference is not None:
            shared = self._by_reference(shared, fractions[self._reference])
        recovered = {} if self._recovery is None else self._recovery.means(dose, fractions)
        found = []
        for name in self._names:
            known = name in self._undrawn
            histogram = self._undrawn[name] if known else self._histogram(dose, fractions[name])
            found.append(self._read(histogram, shared, own[name], recovered.get(name, np.nan)))
        return np.stack(found)

    def _histogram(self, dose: NDArray[np.float32], fractions: VoxelFractions) -> DoseVolumeHistogram | None:
        if not fractions.volume_ml(1.0) > 0.0:
            return None
        found = dose_volume_histograms(dose, {"": fractions}, voxel_volume_ml=self._voxel_volume_ml, threads=1)
        return found[""]

    def _counted(self, reference: VoxelFractions) -> float:
        """Sum the counts in the reference region of relative scaling."""
        return float(np.sum(reference.weights * self._counts[box_of(reference)], dtype=np.float64))

    def _by_reference(self, shared: SharedDraw, reference: VoxelFractions) -> SharedDraw:
        """Scale every dose of a draw in inverse proportion to the counts in the drawn outline of the reference."""
        counts = self._counted(reference)
        return replace(shared, factor=shared.factor * self._reference_counts / counts if counts > 0.0 else np.nan)

    def _read(
        self, histogram: DoseVolumeHistogram | None, shared: SharedDraw, own: StructureDraw, recovered_gy: float
    ) -> NDArray[np.float64]:
        """Return the quantities of a histogram, and a corrected mean, with doses times the factors of a draw."""
        found = np.full(len(self.quantities), np.nan)
        factor = shared.factor * own.count_factor
        if histogram is None:
            found[[q for q, each in enumerate(self.quantities) if each.name == _VOLUME]] = 0.0
            return found
        for q, quantity in enumerate(self.quantities):
            value: float | None
            if quantity.metric is not None:
                value = self._metric(quantity.metric, histogram, factor)
            elif quantity.name == _VOLUME:
                value = histogram.volume_ml
            elif quantity.name == _RECOVERED:
                value = factor * recovered_gy
            else:
                value = factor * histogram.mean_gy
            if quantity.name == _CORRECTED and value is not None:
                b1_ml, b2 = recovery_parameters(self._inputs, shared.recovery_deviations)
                value *= 1.0 + (histogram.volume_ml / b1_ml) ** -b2
            found[q] = np.nan if value is None else value
        return found

    def _metric(self, metric: DoseMetric, histogram: DoseVolumeHistogram, factor: float) -> float | None:
        """Return a metric of the doses times a factor."""
        if metric.kind == "dose_at_volume":
            value = metric_value(metric, histogram)
            return None if value is None else factor * value
        if factor != 1.0:
            histogram = scaled_histogram(histogram, factor)
        return metric_value(metric, histogram, self._parameters, nuclide=self._nuclide)

    def _sources(
        self, result: DoseResult, outlines: Mapping[str, OutlineUncertainty | None]
    ) -> tuple[tuple[UncertaintySource, ...], tuple[UncertaintySource, ...]]:
        """Return the sources that are drawn, and those of this dose that were not, or not completely, stated."""
        stated = self._inputs
        is_absolute = result.provenance.scaling.get("kind") == "absolute"
        given: dict[UncertaintySource, bool] = {
            "calibration": stated.calibration_uncertainty is not None,
            "decay": stated.half_life_uncertainty is not None,
            "administered_activity": stated.administered_activity_uncertainty is not None,
            "residual": stated.residual_uncertainty is not None,
            "lung_shunt": stated.lung_shunt_uncertainty is not None,
            "density": stated.density_uncertainty is not None,
            "method": stated.method_uncertainty is not None,
            "recovery": stated.recovery is not None,
            "counts": self._by_noise or stated.count_uncertainty is not None,
            "volume": any(each is not None for each in outlines.values()),
            "registration": stated.registration_shift_mm is not None,
            "microspheres": stated.sphere_activity_bq is not None,
        }
        foreign = ("administered_activity", "residual", "lung_shunt") if is_absolute else ("calibration",)
        own = {source: was_given for source, was_given in given.items() if source not in foreign}
        included = tuple(source for source, was_given in own.items() if was_given)
        partly: set[UncertaintySource] = set()
        if is_absolute and stated.scan_delay_uncertainty_h is None and result.provenance.scaling["scan_delay_h"] > 0.0:
            partly.add("decay")
        if not all(outlines.values()) or not (is_absolute or self._reference):
            partly.add("volume")
        return included, tuple(source for source, was_given in own.items() if not was_given or source in partly)


def _width(fwhm_mm: float) -> float:
    width = number("width of the blur in mm", fwhm_mm)
    if not (isfinite(width) and width >= 0.0):
        raise OutOfRangeError(f"width of the blur in mm must be finite and >= 0, got {width:g}")
    return width


def scaled_histogram(histogram: DoseVolumeHistogram, factor: float) -> DoseVolumeHistogram:
    """Multiply the doses of a histogram by a positive factor."""
    reduced: Any = histogram.__reduce__()
    rebuild, (doses, colder, total, voxel_ml) = reduced
    return cast("DoseVolumeHistogram", rebuild(doses * doses.dtype.type(factor), colder, total, voxel_ml))


def _quantities(metrics: Sequence[DoseMetric], *, by_curve: bool, by_regions: bool) -> tuple[Quantity, ...]:
    found = [Quantity(_MEAN, "Gy"), Quantity(_VOLUME, "mL")]
    if by_curve:
        found.append(Quantity(_CORRECTED, "Gy"))
    if by_regions:
        found.append(Quantity(_RECOVERED, "Gy"))
    for metric in metrics:
        if metric.kind not in {"dose_at_volume", "volume_at_dose", *PARAMETERS}:
            raise UnknownNameError(f"metric must follow from doses, got {metric.label}")
        found.append(Quantity(metric.key, _UNITS[metric.unit], metric))
    return tuple(found)


def _reference(result: DoseResult, structures: Sequence[Structure], given: Structure | None) -> str | None:
    """Return the name of the reference region of relative scaling; None in absolute scaling, or if it is absent."""
    if result.provenance.scaling.get("kind") == "absolute":
        return None
    name = result.provenance.scaling.get("reference")
    known = [structure.name for structure in (*structures, *([] if given is None else [given]))]
    return str(name) if name in known else None


def _fractions(result: DoseResult, structures: Sequence[Structure], threads: int | None) -> dict[str, VoxelFractions]:
    """Return the structures on the grid of the dose with their gas, which is removed after they are displaced."""
    grid = (result.image.shape, result.image.affine_lps)
    found = {s.name: s.voxel_fractions_on(grid, threads=threads) for s in result._checked(structures)}
    for name, each in found.items():
        if not each.weights.size:
            raise UndefinedError(f"doses of '{name}' are undefined: the structure occupies no voxel of the dose image")
    if not found:
        raise ArgumentError("structures must hold at least one structure")
    return found


def _checked_noise(
    noise: ImageNoise | Sequence[Image] | None, activity: Image
) -> tuple[ImageNoise | None, Sequence[Image]]:
    """Return the noise as standard deviations, or as repeated images; on the grid and in the unit of the activity."""
    if noise is None:
        return None, ()
    if isinstance(noise, ImageNoise):
        noise.check(activity)
        return noise, ()
    if len(noise) < 2:
        raise ArgumentError(f"repeated images must be at least two, got {len(noise)}")
    for image in noise:
        if not image.same_grid(activity):
            raise GeometryError("repeated images must lie on the grid of the activity image")
        if image.unit != activity.unit:
            raise UnitError(f"repeated images must be in the unit of the activity image, {activity.unit}")
    return None, noise
