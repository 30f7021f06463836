"""Media that have a dose point kernel."""

from __future__ import annotations

from dataclasses import dataclass

import yttria._core as _core

from .._foundation.choices import MEDIA, MediumName
from .._foundation.numbers import one_of


@dataclass(frozen=True, kw_only=True)
class Medium:
    """Medium with a dose point kernel of its own.

    Parameters
    ----------
    name : str
        Name that functions take.
    density_g_per_ml : float
        Density of its table in g/mL.
    density_range_g_per_ml : tuple of two floats
        Densities in g/mL to which the table may be scaled, by the ratio of the densities.
    support_mm : float
        Radius in mm at which its voxel S values end. It is a mass thickness of 1.2 g/cm2, just beyond the longest beta
        range, at the density of the table.
    energy_beyond_fraction : float
        Share of the energy that bremsstrahlung carries beyond the support.
    source : str
        Origin of the table.
    """

    name: MediumName
    density_g_per_ml: float
    density_range_g_per_ml: tuple[float, float]
    support_mm: float
    energy_beyond_fraction: float
    source: str


def media() -> list[Medium]:
    """List the built-in media: water, soft_tissue, liver, lung, bone.

    Returns
    -------
    list of Medium
        Their kernels come from the transport of this package; `Medium.source` states the origin of that of Y-90.

    Examples
    --------
    >>> [medium.name for medium in media()]
    ['water', 'soft_tissue', 'liver', 'lung', 'bone']
    """
    return [
        Medium(
            name=name,
            density_g_per_ml=density,
            density_range_g_per_ml=(low, high),
            support_mm=support_mm,
            energy_beyond_fraction=beyond,
            source=source,
        )
        for name, density, (low, high), support_mm, beyond, source in _core._media()
    ]


def known_medium(medium: MediumName) -> MediumName:
    """Return the medium that a name spells; hyphens and underscores are the same."""
    return one_of("medium", medium, MEDIA)
