"""Dose point kernels: energy absorbed around a point source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import partial

import numpy as np
from numpy.typing import NDArray

import yttria._core as _core

from .._foundation.choices import ISOTOPES, IsotopeName, MediumName
from .._foundation.numbers import one_of
from .medium import known_medium


@dataclass(frozen=True, eq=False, kw_only=True)
class DosePointKernel:
    """Energy absorbed per decay in spherical shells around a point source in an infinite medium.

    Parameters
    ----------
    medium : str
        Name of the medium.
    density_g_per_ml : float
        Its density in g/mL.
    edge_mm : float64 array (shells + 1,), read-only
        Radii in mm. Shell `s` lies between `edge_mm[s]` and `edge_mm[s + 1]`.
    energy_mev : float64 array (shells,), read-only
        Energy in MeV that each shell absorbs per decay.
    emitted_mev : float
        Mean energy of the spectrum in MeV. Some of it is absorbed beyond the last shell.
    source : str
        Origin of the table.
    """

    medium: MediumName
    density_g_per_ml: float
    edge_mm: NDArray[np.float64] = field(repr=False)
    energy_mev: NDArray[np.float64] = field(repr=False)
    emitted_mev: float
    source: str = field(repr=False)

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        object.__setattr__(self, "edge_mm", read_only(self.edge_mm))
        object.__setattr__(self, "energy_mev", read_only(self.energy_mev))

    def __reduce__(self) -> tuple[Callable[[], DosePointKernel], tuple[()]]:
        """Pickle through the constructor, so that the arrays stay read-only."""
        return partial(DosePointKernel, **{each.name: getattr(self, each.name) for each in fields(self)}), ()


def dose_point_kernel(medium: MediumName, *, isotope: IsotopeName = "Y-90") -> DosePointKernel:
    """Look up the built-in dose point kernel of a medium and an isotope, at the medium's own density.

    Parameters
    ----------
    medium : str
        Name of one of `media()`. Hyphens and underscores are the same.
    isotope : {"Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"}
        Lu-177 and I-131 have no kernel.

    Returns
    -------
    DosePointKernel
        The table with its origin.

    Raises
    ------
    UnknownNameError
        If there is no such medium or isotope.
    UndefinedError
        If the isotope has no kernel.

    Examples
    --------
    >>> kernel = dose_point_kernel("water")
    >>> round(kernel.emitted_mev, 3), kernel.edge_mm.shape == (kernel.energy_mev.size + 1,)
    (0.932, True)
    """
    medium = known_medium(medium)
    name = one_of("isotope", isotope, ISOTOPES)
    edge_mm, energy_mev, emitted_mev, density_g_per_ml, source = _core._dose_point_kernel(medium, name)
    return DosePointKernel(
        medium=medium,
        density_g_per_ml=density_g_per_ml,
        edge_mm=edge_mm,
        energy_mev=energy_mev,
        emitted_mev=emitted_mev,
        source=source,
    )


def read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a view that cannot be made writable, because its base is not writable."""
    base: object = array
    while isinstance(base, np.ndarray):
        base.flags.writeable = False
        base = base.base
    return array.view()
