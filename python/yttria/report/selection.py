"""Content of a picture of a dose: tumors, box around all structures, round isodose levels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core import DoseVolumeHistogram, VoxelFractions
from .._foundation.text import plain
from ..errors import OutOfRangeError
from ..geometry.image import Image

#: Names of tumors, which have their own planes and whose outlines are drawn last.
_TUMOR = re.compile(r"tumou?r|lesion|metasta|nodule|\bhcc\b|\bicc\b|\b[gcp]tv", re.IGNORECASE)
_NO_TUMOR = re.compile(r"normal|healthy|non[- _]?tumou?r|without|minus|liver", re.IGNORECASE)
_MARGIN_MM = 40.0


def is_tumor(name: str) -> bool:
    """Whether a structure is a tumor by its name."""
    return bool(_TUMOR.search(name)) and not _NO_TUMOR.search(name)


def tumors_of(histograms: Mapping[str, DoseVolumeHistogram]) -> list[str]:
    """Return the structures that are tumors by their names, the largest first."""
    return sorted(filter(is_tumor, histograms), key=lambda name: -histograms[name].volume_ml)


def large_ones(histograms: Mapping[str, DoseVolumeHistogram]) -> list[str]:
    """Return the structures of at least 5 mL, or all if there are none."""
    return [name for name, h in histograms.items() if h.volume_ml >= 5.0] or list(histograms)


def highest_shown_gy(histograms: Mapping[str, DoseVolumeHistogram]) -> float:
    """Return the end of a color scale: the highest D2 of large structures or D50 of a tumor, 0 without structures."""
    tops = [histograms[name].dose_at_volume_percent(2.0) for name in large_ones(histograms)]
    return max([*tops, *(histograms[name].dose_at_volume_percent(50.0) for name in tumors_of(histograms))], default=0.0)


def check_levels(isodoses_gy: Sequence[float] | None) -> None:
    """Raise `OutOfRangeError` for levels of isodose lines that are not finite and above 0."""
    for level in isodoses_gy or ():
        if not 0.0 < level < np.inf:
            raise OutOfRangeError(f"level of an isodose line in Gy must be finite and > 0, got {level:g}")


def round_levels(maximum_gy: float, count: int = 5) -> list[float]:
    """Return up to `count` round isodose levels below the maximum, evenly spaced."""
    if not (np.isfinite(maximum_gy) and maximum_gy > 0.0):
        return []
    step = round_step(maximum_gy / (count + 0.5))
    return [step * n for n in range(1, count + 1) if step * n < maximum_gy]


def doubling_levels(maximum_gy: float, count: int = 5) -> list[float]:
    """Return the highest `count` of 1, 2 and 5 times powers of ten below the maximum, for high and low doses."""
    if not (np.isfinite(maximum_gy) and maximum_gy > 0.0):
        return []
    power = int(np.floor(np.log10(maximum_gy)))
    series = [float(f"{m}e{n}") for n in range(power - count, power + 1) for m in (1, 2, 5)]
    return [level for level in series if level < maximum_gy][-count:]


def round_step(least: float) -> float:
    """Return the smallest of 1, 2, 2.5, 5 times a power of ten that is not below `least`, which must be above 0."""
    power = 10.0 ** np.floor(np.log10(least))
    return float(min((m * power for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * power >= least), default=10.0 * power))


def center(weight: NDArray[Any]) -> tuple[int, int, int]:
    """Find the voxel nearest to the center of mass."""
    along = (weight.sum(axis=(1, 2)), weight.sum(axis=(0, 2)), weight.sum(axis=(0, 1)))
    k, j, i = (
        np.rint((profile * np.arange(profile.size)).sum() / profile.sum()) if profile.sum() > 0 else profile.size // 2
        for profile in along
    )
    return int(k), int(j), int(i)


def center_of(fractions: VoxelFractions) -> tuple[int, int, int]:
    """Find the voxel nearest to the center of mass of a structure."""
    k, j, i = (o + n for o, n in zip(fractions.origin, center(fractions.weights), strict=True))
    return k, j, i


def surroundings(
    voxel_fractions: Sequence[VoxelFractions], image: Image, margin_mm: float = _MARGIN_MM
) -> tuple[slice, slice, slice]:
    """Find the box around all structures with a margin; the whole image without structures."""
    if not voxel_fractions:
        return slice(0, image.shape[0]), slice(0, image.shape[1]), slice(0, image.shape[2])
    k, j, i = (
        slice(
            max(0, min(o.origin[a] for o in voxel_fractions) - round(margin_mm / size)),
            min(n, max(o.origin[a] + o.weights.shape[a] for o in voxel_fractions) + round(margin_mm / size)),
        )
        for a, (n, size) in enumerate(zip(image.shape, image.voxel_size_mm, strict=True))
    )
    return k, j, i


def short(text: str, most: int) -> str:
    """Shorten a text to at most `most` characters in its middle, because names differ at their ends."""
    shown = plain(text)
    return (
        shown
        if len(shown) <= most
        else f"{shown[: most - most // 2 - 1]}\N{HORIZONTAL ELLIPSIS}{shown[-(most // 2) :]}"
    )
