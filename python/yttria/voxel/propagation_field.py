"""Draws of a dose image: noise converted to dose by one plan, structures displaced and shifted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

import yttria._core as _core

from .._core import VoxelFractions
from ..geometry.image import Image
from .convolution import ConvolutionPlan
from .dose_kernel import s_values_of
from .dose_result import DoseResult
from .image_noise import ImageNoise, norm_of, spread_kernel, spread_weights
from .structure_fractions import without_gas

Single = NDArray[np.float32]
Triple = tuple[int, int, int]
#: Number of standard deviations for which the region has room for a displacement or a shift.
REACH = 5.0


@dataclass(frozen=True, kw_only=True)
class GridBox:
    """A box of the dose grid."""

    origin: Triple
    shape: Triple

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Return the box as an index of an array of the whole grid."""
        first, second, third = (slice(o, o + n) for o, n in zip(self.origin, self.shape, strict=True))
        return first, second, third

    @classmethod
    def between(cls, low: Sequence[int], high: Sequence[int]) -> GridBox:
        """Make the box from the first voxel to the one before the last."""
        return cls(origin=(low[0], low[1], low[2]), shape=(high[0] - low[0], high[1] - low[1], high[2] - low[2]))

    def widened(self, by: Sequence[int], shape: Sequence[int]) -> GridBox:
        """Enlarge the box by voxels on each side, within the grid."""
        low = [max(o - b, 0) for o, b in zip(self.origin, by, strict=True)]
        high = [min(o + n + b, s) for o, n, b, s in zip(self.origin, self.shape, by, shape, strict=True)]
        return GridBox.between(low, high)

    def of(self, fractions: VoxelFractions) -> VoxelFractions:
        """Convert voxel fractions of the whole grid to those of the box."""
        origin = [at - first for at, first in zip(fractions.origin, self.origin, strict=True)]
        return VoxelFractions._rebuild(
            self.shape, (origin[0], origin[1], origin[2]), fractions.weights, fractions.outside_fraction
        )


def region_of(fractions: Mapping[str, VoxelFractions], reach_mm: float, size_mm: Sequence[float]) -> GridBox:
    """Find the box of all structures, each with at least one voxel, with room for displacements."""
    boxes = [(f.origin, f.weights.shape, f.shape) for f in fractions.values()]
    low = [min(origin[a] for origin, _, _ in boxes) for a in range(3)]
    high = [max(origin[a] + shape[a] for origin, shape, _ in boxes) for a in range(3)]
    union = GridBox.between(low, high)
    room = [ceil(reach_mm / size) + 1 if reach_mm else 0 for size in size_mm]
    return union.widened(room, boxes[0][2])


class DisplacedStructure:
    """Structure in a region, whose surface and position change from draw to draw."""

    def __init__(
        self,
        fractions: VoxelFractions,
        size_mm: tuple[float, float, float],
        *,
        displacement_uncertainty_mm: float,
        shift_uncertainty_mm: float,
        correlation_mm: float | None,
        gas: NDArray[np.bool_] | None,
        threads: int | None,
    ) -> None:
        """Compute the depth of its voxels, if it is displaced in draws."""
        self._still, self._gas = fractions, gas
        self._uncertainty_mm, self._correlation_mm = displacement_uncertainty_mm, correlation_mm
        reach_mm = REACH * (displacement_uncertainty_mm + shift_uncertainty_mm)
        self._distance = None
        if reach_mm > 0.0 and fractions.weights.size:
            self._distance = _core.SignedDistance(fractions, size_mm, reach_mm, threads)

    @property
    def still(self) -> VoxelFractions:
        """Return the voxel fractions without displacement and without gas."""
        return self._without_gas(self._still)

    @property
    def is_still(self) -> bool:
        """Whether it is the same in all draws."""
        return self._distance is None

    def draw(
        self, displacement_mm: float, shift_mm: tuple[float, float, float], seed: int, ripple_stream: int
    ) -> VoxelFractions:
        """Return the voxel fractions of one draw, without gas."""
        fractions = self._still
        if self._distance is not None and self._correlation_mm is not None and self._uncertainty_mm > 0.0:
            fractions = self._distance.rippled(
                self._uncertainty_mm, self._correlation_mm, seed, ripple_stream, shift_mm, 1
            )
        elif self._distance is not None:
            fractions = self._distance.displaced(displacement_mm, shift_mm, 1)
        return self._without_gas(fractions)

    def _without_gas(self, fractions: VoxelFractions) -> VoxelFractions:
        return fractions if self._gas is None else without_gas(fractions, self._gas)


class DoseNoise:
    """Draws of the dose in a region with the noise of the image and the number of microspheres."""

    still: NDArray[np.float32]

    def __init__(
        self,
        result: DoseResult,
        region: GridBox,
        *,
        noise: ImageNoise | None,
        repeated: Sequence[Image],
        sphere_activity_bq: float | None,
        seed: int,
    ) -> None:
        """Make the standard deviations and the plans of all draws."""
        assert result.activity is not None
        self._seed, self._region = seed, region
        #: The dose without noise.
        self.still = np.ascontiguousarray(result.image.array[region.slices], dtype=np.float32)
        self._deviations: Single = np.zeros((0, *region.shape), np.float32)
        self._terms: list[tuple[Single, ConvolutionPlan, tuple[slice, ...]]] = []
        self._per_density: Single | None = None
        if repeated:
            self._deviations = self._of_repeated(result, repeated)
        if noise is not None or sphere_activity_bq is not None:
            self._prepare(result, noise, sphere_activity_bq)

    @property
    def is_still(self) -> bool:
        """Whether every draw has the same dose."""
        return not self._terms and not len(self._deviations)

    def draw(self, draw: int) -> Single:
        """Return the dose of one draw in the region, without factors."""
        if self.is_still:
            return self.still
        dose = self.still.copy()
        if len(self._deviations):
            z = _core._standard_normals(self._seed, 1 << 61 | draw, len(self._deviations))
            dose += np.tensordot(z.astype(np.float32), self._deviations, 1)
        for n, (deviation, plan, inner) in enumerate(self._terms):
            drawn = np.empty_like(deviation)
            _core._draw_noise(deviation, self._seed, 2 * draw + n, drawn, 1)
            carried = plan.apply(drawn)[inner]
            dose += carried if self._per_density is None else carried * self._per_density
        return dose

    def _of_repeated(self, result: DoseResult, repeated: Sequence[Image]) -> Single:
        """Return the deviations of doses of repeated images from their mean, over the root of their number less one."""
        scale = result.provenance.mbq_per_ml_per_unit
        images = np.stack([np.asarray(image.array, np.float64) for image in repeated])
        images = (images - images.mean(axis=0)) * (scale / np.sqrt(len(repeated) - 1.0))
        kernel, per_density = _dose_kernel(result)
        plan = ConvolutionPlan(result.image.shape, kernel)
        carried = np.stack([plan.apply(image)[self._region.slices] for image in images]).astype(np.float32)
        return carried if per_density is None else carried * per_density[self._region.slices]

    def _prepare(self, result: DoseResult, noise: ImageNoise | None, sphere_activity_bq: float | None) -> None:
        """Return the standard deviations of independent noise, each with the plan that converts it to dose."""
        assert result.activity is not None
        scale, size_mm = result.provenance.mbq_per_ml_per_unit, result.image.voxel_size_mm
        kernel, per_density = _dose_kernel(result)
        if per_density is not None:
            self._per_density = np.ascontiguousarray(per_density[self._region.slices])
        variances: dict[float, NDArray[np.float64]] = {}
        if noise is not None:
            # The plan blurs the noise, so the standard deviation of a voxel is divided by the norm of the blur.
            norm = norm_of(spread_weights(noise.fwhm_mm, size_mm))
            variances[noise.fwhm_mm] = (noise.standard_deviation.array * (scale / norm)) ** 2
        if sphere_activity_bq is not None:
            per_ml = sphere_activity_bq * 1e-6 / result.image.voxel_volume_ml
            spheres = np.maximum(result.activity.array * scale, 0.0) * per_ml
            variances[0.0] = variances.get(0.0, 0.0) + spheres
        for fwhm_mm, variance in variances.items():
            spread = spread_kernel(kernel, spread_weights(fwhm_mm, size_mm))
            # Noise beyond the region contributes to it within the reach of the kernel.
            source = self._region.widened([n // 2 for n in spread.shape], result.image.shape)
            deviation = np.ascontiguousarray(np.sqrt(variance[source.slices]), dtype=np.float32)
            inner = tuple(
                slice(o - first, o - first + n)
                for o, first, n in zip(self._region.origin, source.origin, self._region.shape, strict=True)
            )
            plan = ConvolutionPlan(source.shape, spread, np.float32, threads=1)
            self._terms.append((deviation, plan, inner))


def _dose_kernel(result: DoseResult) -> tuple[NDArray[np.float64], Single | None]:
    """Return the kernel in Gy per MBq/mL, and a factor of each voxel for its density, if the dose has one."""
    used = result.provenance
    density = None if result.density is None else np.asarray(result.density.array, np.float32)
    if used.method == "local_deposition":
        uniform = 1.0 if used.density_g_per_ml is None else used.density_g_per_ml
        kernel = np.full((1, 1, 1), used.dose_factor_gy_kg_per_gbq / (1.0 if density is not None else uniform))
        reference = 1.0
    else:
        s_values = s_values_of(used, result.image, None)
        kernel, reference = s_values.gy_per_mbq_per_ml(), s_values.density_g_per_ml
    if density is None:
        return kernel, None
    with np.errstate(divide="ignore"):
        per_density = np.where(density > 0.0, reference / density, 0.0).astype(np.float32)
    if result.gas is not None:
        per_density[result.gas] = 0.0
    return kernel, per_density
