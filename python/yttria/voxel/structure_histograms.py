"""Volume, fraction outside and dose-volume histogram of structures in a dose image, by voxels or sub-voxels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .._core import DoseVolumeHistogram, VoxelFractions
from ..evaluation import dose_volume_histograms
from ..evaluation.inside_voxels import inside_voxels
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.sub_voxel import subvoxel_counts


class VolumeAndHistogram(NamedTuple):
    """Volume in mL, fraction outside of the image, and histogram, which is None without a voxel."""

    volume_ml: float
    outside_fraction: float
    histogram: DoseVolumeHistogram | None


def of_fractions(
    dose: Image, fractions: Mapping[str, VoxelFractions], threads: int | None
) -> dict[str, VolumeAndHistogram]:
    """Compute the histogram of each structure from its voxel fractions."""
    volumes = {name: each.volume_ml(dose.voxel_volume_ml) for name, each in fractions.items()}
    inside = {name: each for name, each in fractions.items() if volumes[name] > 0}
    histograms = dose_volume_histograms(dose.array, inside, voxel_volume_ml=dose.voxel_volume_ml, threads=threads)
    return {
        name: VolumeAndHistogram(volumes[name], each.outside_fraction, histograms.get(name))
        for name, each in fractions.items()
    }


def of_sub_voxels(
    dose: Image, structures: Sequence[Structure], sub_voxel_mm: float, threads: int | None
) -> dict[str, VolumeAndHistogram]:
    """Compute the histogram of each structure from sub-voxels of at most this size, with interpolated dose."""
    counts = subvoxel_counts(dose.voxel_size_mm, sub_voxel_mm)
    found = {}
    for structure in structures:
        one = inside_voxels(dose.array, dose.affine_lps, structure, counts, threads=threads)
        found[structure.name] = VolumeAndHistogram(one.volume_ml, one.outside_fraction, one.histogram)
    return found
