"""Mass of structures from a CT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..advisory import Advisory, advise
from ..errors import ArgumentError, OutOfRangeError, UndefinedError
from ..geometry.image import Image
from ..geometry.structure import Structure
from .ct_density import DensityImage
from .density import density_in_g_per_ml


@dataclass(frozen=True, kw_only=True)
class StructureMass:
    """Mass, volume and mean density of a structure inside an image, and the fraction outside.

    `outside_fraction` is the share of the structure's volume beyond the image, which is not in the mass.
    """

    mass_kg: float
    volume_ml: float
    mean_density_g_per_ml: float
    outside_fraction: float
    advisories: tuple[Advisory, ...] = ()


def structure_mass(
    density: Image | DensityImage, structure: Structure | Sequence[Structure], *, threads: int | None = None
) -> StructureMass:
    """Compute the mass of a structure from a density image.

    Parameters
    ----------
    density : Image or DensityImage
        Density in g/mL on any grid, as `density_image` returns it.
    structure : Structure or sequence of Structure
        Structure on any grid. Several structures, such as the lobes of the lungs, count as one and must not overlap.
    threads : int, optional
        All processors if not given.

    Returns
    -------
    StructureMass
        Mass in kg, volume in mL and mean density in g/mL inside the image.

    Raises
    ------
    UnitError
        If the image is not in g/mL.
    OutOfRangeError
        If structures overlap, or a density is not finite.
    UndefinedError
        If no part of the structure lies inside the image.

    Warns
    -----
    structure_outside_image
        If part of the structure lies outside the image.
    structure_cut
        If it reaches the outermost voxels of the image, so that more of it may lie beyond.

    Notes
    -----
    `m = sum rho f V`, with the density rho, the fraction f of each voxel inside the structure, and the volume V of a
    voxel.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image, Structure
    >>> affine_lps = np.diag([10.0, 10.0, 10.0, 1.0])
    >>> density = Image(np.full((4, 4, 4), 1.06), affine_lps, "g/mL")
    >>> inner = np.zeros((4, 4, 4), bool)
    >>> inner[1:3, 1:3, 1:3] = True
    >>> round(structure_mass(density, Structure("Tumor", inner, affine_lps)).mass_kg, 6)
    0.00848
    """
    image = density_in_g_per_ml(density)
    parts = [structure] if isinstance(structure, Structure) else list(structure)
    name = ", ".join(part.name for part in parts)
    inside = structure_fractions(parts, image, threads)
    if inside is None:
        raise UndefinedError(f"the mass of '{name}' is undefined: no part of it lies inside the image")
    box, total = image.array[inside.box], inside.fractions
    voxel_ml = image.voxel_volume_ml
    volume_ml = float(total.sum()) * voxel_ml
    mass_kg = float(np.einsum("kji,kji->", total, box, dtype=np.float64)) * voxel_ml / 1000.0
    if not np.isfinite(mass_kg):
        raise OutOfRangeError(f"density in g/mL must be finite, got {mass_kg} kg for '{name}'")
    outside = inside.outside_fraction
    advisories = (*(density.advisories if isinstance(density, DensityImage) else ()), *inside.advisories)
    return StructureMass(
        mass_kg=mass_kg,
        volume_ml=volume_ml,
        mean_density_g_per_ml=1000.0 * mass_kg / volume_ml,
        outside_fraction=outside,
        advisories=advisories,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class StructureFractions:
    """Fraction of each voxel inside structures, in the box of an image around them, and their fraction outside."""

    box: tuple[slice, ...]
    fractions: NDArray[Any]
    outside_fraction: float
    advisories: tuple[Advisory, ...]


def structure_fractions(parts: Sequence[Structure], image: Image, threads: int | None) -> StructureFractions | None:
    """Combine the fractions of structures that do not overlap; None if no part lies inside the image.

    `OutOfRangeError` is raised if they overlap.
    """
    name = ", ".join(part.name for part in parts)
    voxel_fractions = [part.voxel_fractions_on(image, threads=threads) for part in parts]
    inside = [o for o in voxel_fractions if o.weights.size]
    if not inside:
        return None
    low = np.min([o.origin for o in inside], axis=0)
    high = np.max([np.add(o.origin, o.weights.shape) for o in inside], axis=0)
    total = np.zeros(tuple(high - low))
    for o in inside:
        start = np.subtract(o.origin, low)
        total[tuple(slice(a, a + n) for a, n in zip(start, o.weights.shape, strict=True))] += o.weights
    if total.max() > 1 + 1e-6:
        raise ArgumentError(f"'{name}' must not overlap, got {np.count_nonzero(total > 1 + 1e-6)} voxels in several")
    whole = sum(part.volume_ml for part in parts)
    outside = max(
        0.0, sum(o.outside_fraction * p.volume_ml for o, p in zip(voxel_fractions, parts, strict=True)) / whole
    )
    advisories = []
    if outside > 1e-6:
        told = advise("structure_outside_image", "mass", severity="warning", structure=name, number=outside, bound=0.0)
        advisories.append(told)
    if (low == 0).any() or (high == image.shape).any():
        advisories.append(advise("structure_cut", structure=name))
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return StructureFractions(box=box, fractions=total, outside_fraction=outside, advisories=tuple(advisories))
