"""Counts in structures of a tracer image by voxel fractions, also with separation of blur and shared voxels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._core import VoxelFractions
from .._foundation.numbers import optional_number
from ..advisory import Advisory, advise, advise_if
from ..errors import ArgumentError, OutOfRangeError, UndefinedError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.transfer_matrix import FWHM_PER_SIGMA, Box, Region, fit_regions

_LARGEST_FWHM_MM = 40.0
#: Distance in standard deviations between the structures and the end of the fit.
_MARGIN_SIGMA = 5.0


@dataclass(frozen=True, kw_only=True)
class StructureCounts:
    """Counts in one structure.

    Parameters
    ----------
    structure : str
        Name of the structure.
    counts : float
        Sum of the image's values inside; with a resolution, the mean that was fitted, over the volume inside.
    volume_ml : float
        Volume inside the image in mL.
    outside_fraction : float
        Share of the structure's volume beyond the image.
    resolution_fwhm_mm : float or None
        The resolution that was corrected for; None without correction.
    advisories : tuple of Advisory
        Advisories on the result.
    """

    structure: str
    counts: float
    volume_ml: float
    outside_fraction: float
    resolution_fwhm_mm: float | None
    advisories: tuple[Advisory, ...] = ()


def structure_counts(
    image: Image,
    structures: Sequence[Structure],
    *,
    resolution_fwhm_mm: float | None = None,
    threads: int | None = None,
) -> tuple[StructureCounts, ...]:
    """Count in structures.

    Parameters
    ----------
    image : Image
        Values in proportion to activity concentration, or to counts per voxel, in any unit.
    structures : sequence of Structure
        On any grids; each has at least a part inside the image. With a resolution they must not overlap.
    resolution_fwhm_mm : float, optional
        Full width at half maximum of the scanner's blur in mm, within [0, 40]. With None the counts inside are summed.
        With 0 the counts of voxels that several structures share are separated. A positive value separates the counts
        that the blur carries to other structures and to the surroundings, too.
    threads : int, optional
        Threads; all processors if not given.

    Returns
    -------
    tuple of StructureCounts
        In the order of the structures.

    Raises
    ------
    GeometryError
        If the image and a structure have different known frames of reference.
    UndefinedError
        If no part of a structure lies inside the image, or the structures cannot be told apart at this resolution.
    OutOfRangeError
        If the counts of a structure are negative, a value inside is not finite, or the resolution is out of its range.
    ArgumentError
        If structures overlap although a resolution is given.

    Warns
    -----
    counts_partly_outside
        More than 0.1 % of the structure's volume lies beyond the image.
    counts_corrected
        A note that the counts are fitted means, with the resolution.

    Notes
    -----
    Without a resolution, `C_j = sum_v f_vj a_v` with the fraction `f_vj` of voxel v inside structure j. With a
    resolution, the geometric transfer matrix (rousset1998) is used. Every structure, and the surroundings within 5
    standard deviations, has one concentration `c_k`. The image is `a = sum_k c_k (h * f_k)` with the Gaussian blur h of
    averages over voxels. The fit `sum_v f_vj a_v = sum_k c_k sum_v f_vj (h * f_k)_v` gives the `c_k`, and `C_j = c_j
    sum_v f_vj`. It is exact if concentrations are uniform and the blur is as stated; uneven uptake and noise are not
    undone.

    Examples
    --------
    >>> import numpy as np
    >>> place = np.diag([4.0, 4.0, 4.0, 1.0])
    >>> image = Image(np.array([[[1.0, 3.0, 9.0]]]), place, "counts")
    >>> left = Structure("left", np.array([[[1.0, 0.5, 0.0]]]), place)
    >>> round(structure_counts(image, [left])[0].counts, 6)
    2.5
    """
    found = counts_in_parts(image, structures, resolution_fwhm_mm=resolution_fwhm_mm, threads=threads)
    for each in found:
        check_not_negative(each)
    return found


def counts_in_parts(
    image: Image, structures: Sequence[Structure], *, resolution_fwhm_mm: float | None, threads: int | None
) -> tuple[StructureCounts, ...]:
    """Count as `structure_counts` does, but allow negative counts, which a part without uptake may have by noise."""
    fwhm = optional_number("resolution in mm", resolution_fwhm_mm)
    if fwhm is not None and not 0.0 <= fwhm <= _LARGEST_FWHM_MM:
        raise OutOfRangeError(f"resolution in mm must be within [0, {_LARGEST_FWHM_MM:g}], got {fwhm:g}")
    parts = [_Part.of(structure, image, threads) for structure in structures]
    if not parts:
        return ()
    counts = [part.counts for part in parts] if fwhm is None else _unmixed(image, parts, fwhm)
    return tuple(_result(part, value, image, fwhm) for part, value in zip(parts, counts, strict=True))


def check_not_negative(found: StructureCounts) -> None:
    """`OutOfRangeError` if the counts of a structure are negative."""
    if found.counts < 0.0:
        raise OutOfRangeError(
            f"counts in '{found.structure}' must be >= 0, got {found.counts:.4g}: its negative values outweigh the "
            "positive ones"
        )


def _result(part: _Part, counts: float, image: Image, fwhm: float | None) -> StructureCounts:
    name = part.structure.name
    if not math.isfinite(counts):
        raise OutOfRangeError(f"values of the image inside '{name}' must be finite, got a sum of {counts}")
    found = list(advise_if("counts_partly_outside", structure=name, outside_fraction=part.outside_fraction))
    if fwhm is not None:
        found.append(advise("counts_corrected", fwhm_mm=fwhm))
    return StructureCounts(
        structure=name,
        counts=counts,
        volume_ml=part.weight * image.voxel_volume_ml,
        outside_fraction=part.outside_fraction,
        resolution_fwhm_mm=fwhm,
        advisories=tuple(found),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Part:
    """A structure on the image: the box around it, its fractions there, and the sum of the image's values inside."""

    structure: Structure
    box: Box
    fractions: NDArray[np.float64]
    counts: float
    outside_fraction: float

    @property
    def weight(self) -> float:
        return float(self.fractions.sum())

    @classmethod
    def of(cls, structure: Structure, image: Image, threads: int | None) -> _Part:
        inside: VoxelFractions = structure.voxel_fractions_on(image, threads=threads)
        if not inside.weights.size:
            why = "it is empty" if structure.volume_ml == 0.0 else "no part of it lies inside the image"
            raise UndefinedError(f"counts in '{structure.name}' are undefined: {why}")
        k, j, i = (slice(a, a + n) for a, n in zip(inside.origin, inside.weights.shape, strict=True))
        fractions = np.asarray(inside.weights, dtype=np.float64)
        values = np.asarray(image.array[k, j, i], dtype=np.float64)
        # The value of a voxel outside the structure is ignored.
        counts = float(np.sum(fractions * np.where(fractions > 0.0, values, 0.0)))
        return cls(
            structure=structure,
            box=(k, j, i),
            fractions=fractions,
            counts=counts,
            outside_fraction=max(0.0, inside.outside_fraction),
        )


def _unmixed(image: Image, parts: Sequence[_Part], fwhm_mm: float) -> list[float]:
    """Counts of the parts by the geometric transfer matrix, in which all surroundings are one further region."""
    sigma = [fwhm_mm / FWHM_PER_SIGMA / size for size in image.voxel_size_mm]
    margin = [math.ceil(_MARGIN_SIGMA * s) + 1 for s in sigma]
    low = [max(0, min(part.box[axis].start for part in parts) - margin[axis]) for axis in range(3)]
    high = [min(image.shape[axis], max(part.box[axis].stop for part in parts) + margin[axis]) for axis in range(3)]
    values = np.asarray(image.array[tuple(map(slice, low, high))], dtype=np.float64)
    if not np.isfinite(values).all():
        raise OutOfRangeError("values of the image around the structures must be finite to take a blur apart")
    regions: list[Region] = []
    rest = np.ones(values.shape)
    for part in parts:
        k, j, i = (slice(b.start - a, b.stop - a) for a, b in zip(low, part.box, strict=True))
        rest[k, j, i] -= part.fractions
        regions.append(((k, j, i), part.fractions))
    # Room for the rounding of fractions, which are multiples of 2^-24.
    if rest.min() < -1e-3:
        names = ", ".join(part.structure.name for part in parts)
        raise ArgumentError(f"structures must not overlap if a resolution is given, some of {names} do")
    k, j, i = (slice(0, n) for n in values.shape)
    regions.append(((k, j, i), np.maximum(rest, 0.0)))
    fit = fit_regions(values, regions, sigma)
    if fit is None:
        raise UndefinedError(f"the structures cannot be told apart at a resolution of {fwhm_mm:g} mm")
    return [mean * part.weight for part, mean in zip(parts, fit.means.tolist(), strict=False)]
