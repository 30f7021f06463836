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
    """Compute the dose-volume histograms of structures.

    Parameters
    ----------
    dose_gy : array (k, j, i)
        Absorbed dose in Gy. float32 and float64 are read in place in any memory order; other real types become float64.
        Negative doses are legal.
    structures : mapping of str to VoxelFractions or array
        Structures by name, which may overlap. `VoxelFractions` can be made once and used for many maps. An array is a
        mask as for `yttria.geometry.fractions_of_mask`.
    voxel_volume_ml : float
        Volume of a dose voxel in mL.
    subvoxel_counts : sequence of three ints, optional
        Even numbers of sub-voxels per voxel along (k, j, i), 2 to 64 each. The structures are then on the grid of
        sub-voxels.
    threads : int, optional
        1 to 1024; every processor available if not given. The result does not depend on it.

    Returns
    -------
    dict of str to DoseVolumeHistogram
        One per structure, in the order given.

    Raises
    ------
    UndefinedError
        If a structure has no volume in any voxel.
    OutOfRangeError
        If a dose inside a structure is not finite, a mask value is outside [0, 1], or a count is not as above.
    ShapeError
        If a structure is not on the dose grid.
    DTypeError
        If an array does not hold real numbers.

    Notes
    -----
    Each voxel counts with its volume times its fraction inside. Doses are sorted, never binned, so that every quantity
    read from a histogram is exact. D_x is the minimum dose of the hottest x %, which is the highest dose that at least
    x % of the volume receives. V_d is the volume with a dose of at least d.

    With `subvoxel_counts`, the dose is interpolated inside voxels. It is linear between voxel centers and constant
    beyond the outermost centers. The doses of a sub-voxel are distributed uniformly about the dose at its center, with
    the variance of the gradient. This suits structures of few voxels, whose hottest and coldest percents are lost in
    voxel means. `yttria.geometry.subvoxel_counts` and `subvoxel_grid` give the counts and their grid.

    Examples
    --------
    >>> import numpy as np
    >>> dose_gy = np.zeros((2, 3, 4))
    >>> dose_gy[1] = 10.0
    >>> liver = np.ones((2, 3, 4), dtype=bool)
    >>> histogram = dose_volume_histograms(dose_gy, {"Liver": liver}, voxel_volume_ml=0.064)["Liver"]
    >>> histogram.mean_gy, histogram.dose_at_volume_percent(50.0)
    (5.0, 10.0)
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
