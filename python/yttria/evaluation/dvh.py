"""Dose-volume histograms of many structures in one call, exact and weighted by the fraction of each voxel inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from numpy.typing import ArrayLike

import yttria._core as _core

from .._core import DoseVolumeHistogram, VoxelFractions
from .._foundation.arrays import dose_array
from ..errors import YttriaError
from ..geometry.voxel_fractions import fractions_of_mask


def dose_volume_histograms(
    dose_gy: ArrayLike,
    structures: Mapping[str, VoxelFractions | ArrayLike],
    *,
    voxel_volume_ml: float,
    subvoxel_counts: Sequence[int] | None = None,
    threads: int | None = None,
) -> dict[str, DoseVolumeHistogram]:
    """Cumulative dose-volume histograms, one per structure, in the order given.

    Each voxel counts with its volume times its fraction inside. Doses are sorted, never binned, so every figure read
    from a histogram is exact: D_x is the minimum dose of the hottest x % (rank; the highest dose that at least x % of
    the volume receives, so that equal doses all count), V_d the volume with dose >= d. The result does not depend on
    `threads`, nor on the order of the voxels.

    With `subvoxel_counts`, the dose is interpolated inside voxels: each voxel is cut into sub-voxels. The doses of a
    sub-voxel spread evenly about the dose at its center (linear between voxel centers, constant beyond the outermost)
    with the variance that the gradient gives over it. Take it for structures of few voxels, whose hottest and coldest
    percents voxel means miss. `yttria.geometry.subvoxel_counts` and `subvoxel_grid` give the counts and their grid.

    Args:
        dose_gy: absorbed dose in Gy, (k, j, i). float32 and float64 are read in place in any memory order; other
            real types become float64. Negative doses are legal.
        structures: `VoxelFractions` each (built once, used for many maps), or an array as
            `yttria.geometry.fractions_of_mask` takes it. Structures may overlap.
        voxel_volume_ml: volume of a dose voxel in mL.
        subvoxel_counts: sub-voxels per voxel along (k, j, i), even, 2 to 64 each; structures are then on their grid.
        threads: 1 to 1024; every processor available where not given.

    Raises:
        UndefinedError: a structure occupies no voxel.
        OutOfRangeError: a dose inside a structure is not finite, a mask value not within [0, 1], or counts as above.
        ShapeError: a structure is not on the dose grid.
        DTypeError: an array holds no real numbers.

    """
    fractions = [(name, _fractions_of(name, structure, threads)) for name, structure in structures.items()]
    histograms = _core.dose_volume_histograms(dose_array(dose_gy), fractions, voxel_volume_ml, subvoxel_counts, threads)
    return dict(zip(structures, histograms, strict=True))


def _fractions_of(name: str, structure: VoxelFractions | ArrayLike, threads: int | None) -> VoxelFractions:
    if isinstance(structure, VoxelFractions):
        return structure
    try:
        return fractions_of_mask(structure, threads=threads)
    except YttriaError as error:
        raise type(error)(f"'{name}': {error}") from error
