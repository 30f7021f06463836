"""Mean doses of structures corrected for the image's blur, by a recovery curve or by the transfer matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .._core import VoxelFractions
from ..errors import ArgumentError
from ..evaluation.partial_volume import PartialVolumeInputs, RecoveredMean, recovered_by_curve
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.transfer_matrix import (
    FWHM_PER_SIGMA,
    Box,
    Region,
    RegionFit,
    blurred_region,
    box_of,
    disjoint_regions,
    gaussian_weights,
    shared_sum,
    solved_regions,
    with_surroundings,
)
from .dosed_image import DosedImage
from .transport import Transport, transport_of

Array = NDArray[np.float64]
Widths = tuple[float, float, float]
#: Distance in standard deviations between the structures and the end of their surroundings.
_MARGIN_SIGMA = 5.0
#: Amplification of the noise beyond which a corrected mean has no meaning.
_LARGEST_AMPLIFICATION = 30.0


def recovered_means(
    result: DosedImage,
    structures: Sequence[Structure],
    stated: PartialVolumeInputs,
    *,
    sub_voxel_mm: float | None = None,
    threads: int | None = None,
) -> dict[str, RecoveredMean]:
    """Compute mean doses of structures corrected for the image's blur.

    Parameters
    ----------
    result : DosedImage
        A `DoseResult`, made by `dose_image`.
    structures : sequence of Structure
        Structures with unique names. The transfer matrix separates structures that contain or touch one another, and
        treats all the rest around them as one region. Give the liver together with its tumors.
    stated : PartialVolumeInputs
        Statements on the blur, and the method.
    sub_voxel_mm : float, optional
        As for `DoseResult.table`, for the mean dose that is corrected.
    threads : int, optional
        1 to 1024; every processor available if not given.

    Returns
    -------
    dict of str to RecoveredMean
        Corrected means by the structure's name. Structures wholly outside of the image have none, and the result is
        empty if the method is "none".

    Raises
    ------
    ArgumentError
        If the transfer matrix is requested, and the result does not hold its activity image.
    YttriaError
        As for `DoseResult.table`.

    Notes
    -----
    A recovery curve divides the mean dose by the recovery of the structure's volume. The curve holds for activity. A
    dose that a kernel has spread lost a smaller share by the blur, so that the quotient is too large for small
    structures.

    The transfer matrix (rousset1998) assumes one concentration c_k in each region and in the surroundings. A voxel
    belongs to the smallest structure first, so that a region is a structure without the smaller ones in it. With the
    fractions f_k of regions and the blur h, `sum_v f_jv a_v = sum_k c_k sum_v f_jv (h * f_k)_v` of the image a gives
    the c_k, and the recovered mean of structure j with the fractions w is `D_j + sum_k c_k sum_v (K w)_v (f_k - h *
    f_k)_v / sum_v w_v`: the activity lost by the blur, converted to dose in the structure by the kernel K. For
    superposition and Monte Carlo, K is the kernel of liver. Uneven uptake inside a structure stays as in the image.

    References
    ----------
    gear2018, rousset1998

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import AbsoluteScaling, Image, Structure, dose_image
    >>> from yttria.evaluation import PartialVolumeInputs
    >>> block = np.zeros((12, 12, 12), bool)
    >>> block[4:8, 4:8, 4:8] = True
    >>> pet = Image(np.where(block, 4.0, 1.0), np.diag([4.0, 4.0, 4.0, 1.0]), "MBq/mL")
    >>> result = dose_image(pet, scaling=AbsoluteScaling(0.0))
    >>> stated = PartialVolumeInputs(method="transfer_matrix", fwhm_mm=6.0)
    >>> found = recovered_means(result, [Structure("Block", block, pet.affine_lps)], stated)
    >>> found["Block"].recovered_mean_gy > 4.0 * 49.67 / 1.05
    True
    """
    if stated.method == "none":
        return {}
    evaluated = result._evaluated(structures, sub_voxel_mm, threads)
    means = {name: histogram.mean_gy for name, (_, _, histogram) in evaluated.items() if histogram is not None}
    if stated.recovery is not None and stated.method == "recovery_curve":
        return {name: recovered_by_curve(gy, evaluated[name][0], stated.recovery) for name, gy in means.items()}
    widths = stated.fwhm_kji_mm
    assert widths is not None
    if result.activity is None:
        raise ArgumentError("the transfer matrix needs the activity image of the dose")
    inside = {name: f for name, f in result.voxel_fractions(structures, threads=threads).items() if name in means}
    if not inside:
        return {}
    concentration = np.asarray(result.activity.array, np.float64) * result.provenance.mbq_per_ml_per_unit
    transport = transport_of(result.provenance, result.image, result.density, threads)
    u = stated.fwhm_uncertainty_mm
    scene = _Scene.of(concentration, inside, result.image, transport, _moved(widths, 0.0 if u is None else u))
    found = scene.recovered(means, widths)
    if u is None:
        return found
    below, above = _moved(widths, -u), _moved(widths, u)
    lower, upper = scene.recovered(means, below), scene.recovered(means, above)
    share = 6.0 * u / max(sum(above) - sum(below), 1e-12)
    return {name: _with_uncertainty(found[name], lower[name], upper[name], share) for name in found}


def _moved(widths: Widths, step_mm: float) -> Widths:
    k, j, i = (max(0.0, w + step_mm) for w in widths)
    return k, j, i


def _with_uncertainty(found: RecoveredMean, lower: RecoveredMean, upper: RecoveredMean, share: float) -> RecoveredMean:
    """Return the spread of the coefficient between a smaller and a larger resolution; none if one has no solution."""
    low, high = lower.recovery_coefficient, upper.recovery_coefficient
    if low is None or high is None or found.recovery_coefficient is None:
        return found
    return replace(found, recovery_coefficient_standard_uncertainty=abs(low - high) / 2.0 * share)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Weighted:
    """Structure in the field, with the weights of activity in its mean dose, and its part of each region."""

    name: str
    volume: float
    weights: Region
    #: With local deposition, Gy per MBq/mL of the part of each region inside; None if it follows from the weights.
    own: Array | None


@dataclass(frozen=True, eq=False, kw_only=True)
class _Scene:
    """Regions without overlap in the field around them, and the structures made of them."""

    values: Array
    regions: list[Region]
    structures: list[_Weighted]
    voxel_size_mm: tuple[float, float, float]

    @classmethod
    def of(
        cls,
        concentration: Array,
        fractions: Mapping[str, VoxelFractions],
        image: Image,
        transport: Transport,
        widths_mm: Widths,
    ) -> _Scene:
        boxes = {name: box_of(each) for name, each in fractions.items()}
        margin = [
            math.ceil(_MARGIN_SIGMA * w / FWHM_PER_SIGMA / a) + 1
            for w, a in zip(widths_mm, image.voxel_size_mm, strict=True)
        ]
        field = tuple(
            slice(
                max(0, min(b[axis].start for b in boxes.values()) - margin[axis]),
                min(image.shape[axis], max(b[axis].stop for b in boxes.values()) + margin[axis]),
            )
            for axis in range(3)
        )
        order = sorted(fractions, key=lambda name: float(fractions[name].weights.sum()))
        shape = tuple(f.stop - f.start for f in field)
        whole = []
        for name in order:
            k, j, i = (slice(b.start - f.start, b.stop - f.start) for b, f in zip(boxes[name], field, strict=True))
            whole.append(((k, j, i), np.asarray(fractions[name].weights, np.float64)))
        regions, parts = disjoint_regions(whole, shape)
        structures = []
        gy = transport.adjoint(np.ones(image.shape))[field] if transport.local else None
        for name, (box, values), of_structure in zip(order, whole, parts, strict=True):
            of_regions = None
            if gy is None:
                spread = transport.adjoint(fractions[name].to_array().astype(np.float64))[field]
                box = _grown(box, transport.reach, shape)
                weights = np.ascontiguousarray(spread[box])
            else:
                weights, of_regions = gy[box] * values, np.zeros(len(regions))
                for n, (inside, part) in of_structure:
                    of_regions[n] += float(np.sum(gy[inside] * part))
            structures.append(_Weighted(name=name, volume=float(values.sum()), weights=(box, weights), own=of_regions))
        return cls(
            values=concentration[field], regions=regions, structures=structures, voxel_size_mm=image.voxel_size_mm
        )

    def recovered(self, means_gy: Mapping[str, float], widths_mm: Widths) -> dict[str, RecoveredMean]:
        """Return the corrected means at a resolution; without numbers if the regions cannot be separated."""
        kernels = [gaussian_weights(w / FWHM_PER_SIGMA / a) for w, a in zip(widths_mm, self.voxel_size_mm, strict=True)]
        spread = [blurred_region(region, kernels, self.values.shape) for region in self.regions]
        fit = self._fit(spread)
        if fit is None:
            return {each.name: RecoveredMean() for each in self.structures}
        gram = self._matrix(self.regions)
        found = {}
        for each in self.structures:
            inside = [shared_sum(each.weights, region) for region in self.regions]
            seen = np.array([shared_sum(each.weights, region) for region in spread])
            lost = (np.array(inside) if each.own is None else each.own) - seen
            # The surroundings gain the activity that regions lose.
            terms = np.append(lost, -lost.sum()) / each.volume
            mean_gy = means_gy[each.name]
            recovered = mean_gy + float(terms @ fit.means)
            by_sums = terms @ fit.inverse
            across = np.append(inside, float(each.weights[1].sum()) - sum(inside)) / each.volume
            before = float(np.sum(each.weights[1] ** 2)) / each.volume**2
            after = before + 2.0 * float(by_sums @ across) + float(by_sums @ gram @ by_sums)
            growth = math.sqrt(max(after, 0.0) / before)
            if growth > _LARGEST_AMPLIFICATION:
                found[each.name] = RecoveredMean()
                continue
            found[each.name] = RecoveredMean(
                recovery_coefficient=mean_gy / recovered if recovered > 0.0 else None,
                recovered_mean_gy=recovered,
                noise_amplification=growth,
            )
        return found

    def _fit(self, spread: Sequence[Region]) -> RegionFit | None:
        matrix = self._matrix(spread)
        sums = [_inner(self.values, region) for region in self.regions]
        return solved_regions(matrix, np.array([*sums, float(self.values.sum()) - sum(sums)]))

    def _matrix(self, spread: Sequence[Region]) -> Array:
        """Compute the sums that the regions share with others, and add the surroundings of the regions."""
        among = np.array([[shared_sum(region, other) for other in spread] for region in self.regions])
        return with_surroundings(among, self.regions, spread, self.values.size)


def _grown(box: Box, reach: Sequence[int], shape: Sequence[int]) -> Box:
    k, j, i = (slice(max(0, b.start - r), min(n, b.stop + r)) for b, r, n in zip(box, reach, shape, strict=True))
    return k, j, i


def _inner(values: Array, region: Region) -> float:
    box, fractions = region
    return float(np.sum(values[box] * fractions))
