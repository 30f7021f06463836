"""Voxel S values: mean absorbed dose to each neighbor of a source voxel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import partial

import numpy as np
from numpy.typing import NDArray

import yttria._core as _core

from .._core import Nuclide
from .._foundation.arrays import three
from .._foundation.choices import MediumName
from .dose_point_kernel import dose_point_kernel, read_only
from .medium import known_medium


@dataclass(frozen=True, eq=False, kw_only=True)
class VoxelSValues:
    """Mean absorbed dose to each neighbor per time-integrated activity in one voxel, in an infinite medium.

    Parameters
    ----------
    values : float64 array (k, j, i), read-only
        Dose in mGy/(MBq s). Each axis is odd, the source is the middle voxel, and mirror images are equal bit by bit.
    voxel_size_mm : tuple of three floats
        Voxel size in mm along each axis of `values`.
    medium : str
        Name of the medium.
    density_g_per_ml : float
        Its density in g/mL.
    nuclide : Nuclide
        Half-life and mean energy per decay.
    energy_inside_fraction : float
        Share of the mean energy per decay that is in `values`; 1 with `tail_folded`.
    energy_beyond_fraction : float
        Share that lies beyond the support.
    tail_folded : bool
        Whether the values were scaled to include the share beyond the support.
    source : str
        Origin of the table, and the scalings that were applied to it.
    """

    values: NDArray[np.float64] = field(repr=False)
    voxel_size_mm: tuple[float, float, float]
    medium: MediumName
    density_g_per_ml: float
    nuclide: Nuclide
    energy_inside_fraction: float
    energy_beyond_fraction: float
    tail_folded: bool
    source: str = field(repr=False)

    def __post_init__(self) -> None:
        """Make `values` read-only."""
        object.__setattr__(self, "values", read_only(self.values))

    def gy_per_mbq_per_ml(self) -> NDArray[np.float64]:
        """Scale the values to the kernel that turns concentrations into doses after complete decay.

        Returns
        -------
        float64 array (k, j, i)
            Dose in Gy per concentration at administration in MBq/mL; a new array.

        Notes
        -----
        `values / 1000 x voxel volume in mL x mean life in s`.

        Examples
        --------
        >>> s_values = voxel_s_values((3.0, 4.0, 4.0), medium="liver")
        >>> round(float(s_values.gy_per_mbq_per_ml().sum()), 2)  # Gy per MBq/mL in a large uniform liver
        46.67
        """
        volume_ml = float(np.prod(self.voxel_size_mm)) / 1000.0
        return self.values * (volume_ml * self.nuclide.mean_life_s / 1000.0)

    def __repr__(self) -> str:
        """Show the shape, the medium, the nuclide and the value in the source voxel."""
        shape = " x ".join(map(str, self.values.shape))
        size = " x ".join(f"{mm:g}" for mm in self.voxel_size_mm)
        peak = self.values[tuple(n // 2 for n in self.values.shape)]
        tail = "folded in" if self.tail_folded else "left out"
        return (
            f"VoxelSValues({shape} voxels of {size} mm, {self.medium} {self.density_g_per_ml:g} g/mL, "
            f"{self.nuclide.name}: {peak:.6g} mGy/(MBq s) in the source voxel; "
            f"fraction {self.energy_beyond_fraction:.4f} beyond the support, {tail})"
        )

    def __reduce__(self) -> tuple[Callable[[], VoxelSValues], tuple[()]]:
        """Pickle through the constructor, so that `values` stays read-only."""
        return partial(VoxelSValues, **{each.name: getattr(self, each.name) for each in fields(self)}), ()


def voxel_s_values(
    voxel_size_mm: Sequence[float],
    *,
    medium: MediumName,
    density_g_per_ml: float | None = None,
    nuclide: Nuclide | None = None,
    tail_folded: bool = False,
    threads: int | None = None,
) -> VoxelSValues:
    """Compute the voxel S values of one voxel size from the dose point kernel of a medium.

    Parameters
    ----------
    voxel_size_mm : sequence of three floats
        Voxel size in mm in array order, 0.5 to 20 each, cubic or not.
    medium : str
        Name of one of `media()`.
    density_g_per_ml : float, optional
        Density in g/mL within `Medium.density_range_g_per_ml`; that of the table if not given.
    nuclide : Nuclide, optional
        A nuclide of Y-90, Ho-166, P-32 or Re-188; `Nuclide()` if not given. The table of the isotope is scaled to its
        mean energy per decay. A uniform infinite medium then gets dose factor x concentration / density, less
        `energy_beyond_fraction`.
    tail_folded : bool
        Whether the values are scaled to include the energy beyond the support.
    threads : int, optional
        1 to 1024; every processor available if not given. The result does not depend on it.

    Returns
    -------
    VoxelSValues
        Dose in mGy/(MBq s) to each neighbor.

    Raises
    ------
    ShapeError
        If there are not three sizes.
    OutOfRangeError
        If a size, the density or `threads` is outside its range.
    UnknownNameError
        If there is no such medium.
    UndefinedError
        If there is no kernel of the isotope.
    InsufficientMemoryError
        If more than 256 MiB would be needed, for example 0.5 mm in lung of 0.1 g/mL.

    Notes
    -----
    `S(d) = 1/(rho V) Int F(r) < Prod_i max(0, 1 - |d_i - r Omega_i| / h_i) >_Omega dr`, with the energy `F` absorbed
    per radius, the voxel size `h_i`, the voxel volume `V` and all directions `Omega`. This is the mean dose in one
    voxel from uniform activity in another. Energy is conserved to rounding, and voxels that carry 99 % of it are within
    5e-4 of a much finer quadrature. The form is this project's own, and was compared with Monte Carlo voxel S values.

    Examples
    --------
    >>> s_values = voxel_s_values((3.0, 4.07, 4.07), medium="liver")
    >>> s_values.voxel_size_mm, s_values.density_g_per_ml
    ((3.0, 4.07, 4.07), 1.06)
    """
    sizes = three("voxel size in mm", voxel_size_mm)
    nuclide = Nuclide() if nuclide is None else nuclide
    medium = known_medium(medium)
    density = _core._density_g_per_ml(medium, density_g_per_ml)
    values, inside, beyond = _core._voxel_s_values(sizes, medium, density, nuclide, tail_folded, threads)
    table = dose_point_kernel(medium, isotope=nuclide.isotope)
    source = f"{table.source}; scaled from {table.density_g_per_ml:g} to {density:g} g/mL; {nuclide.source}"
    return VoxelSValues(
        values=values,
        voxel_size_mm=sizes,
        medium=medium,
        density_g_per_ml=density,
        nuclide=nuclide,
        energy_inside_fraction=inside,
        energy_beyond_fraction=beyond,
        tail_folded=tail_folded,
        source=source,
    )


class VoxelSValueLibrary:
    """Voxel S values that are made once and looked up afterwards.

    The caller keeps the library, and the library keeps the values that it made. Threads may share it. If two threads
    request the same new values at once, both may compute them, but they get the same object.

    Examples
    --------
    >>> library = VoxelSValueLibrary()
    >>> first = library.get((4.0, 4.0, 4.0), medium="water")
    >>> library.get((4.0, 4.0, 4.0), medium="water") is first
    True
    """

    def __init__(self) -> None:
        """Begin without values."""
        self._made: dict[tuple[object, ...], VoxelSValues] = {}

    def get(
        self,
        voxel_size_mm: Sequence[float],
        *,
        medium: MediumName,
        density_g_per_ml: float | None = None,
        nuclide: Nuclide | None = None,
        tail_folded: bool = False,
        threads: int | None = None,
    ) -> VoxelSValues:
        """Look up voxel S values, and compute them the first time.

        Parameters
        ----------
        voxel_size_mm : sequence of three floats
            Voxel size in mm in array order, 0.5 to 20 each.
        medium : str
            Name of one of `media()`.
        density_g_per_ml : float, optional
            Density in g/mL; that of the table if not given.
        nuclide : Nuclide, optional
            `Nuclide()` if not given.
        tail_folded : bool
            Whether the values are scaled to include the energy beyond the support.
        threads : int, optional
            1 to 1024; used only when the values are computed.

        Returns
        -------
        VoxelSValues
            The same object for the same arguments.

        Raises
        ------
        ShapeError, OutOfRangeError, UnknownNameError, InsufficientMemoryError
            As `voxel_s_values`.

        Examples
        --------
        >>> VoxelSValueLibrary().get((4.0, 4.0, 4.0), medium="water").medium
        'water'
        """
        nuclide = Nuclide() if nuclide is None else nuclide
        sizes = three("voxel size in mm", voxel_size_mm)
        medium = known_medium(medium)
        density = _core._density_g_per_ml(medium, density_g_per_ml)
        convention = (nuclide.name, nuclide.half_life_h, nuclide.dose_factor_gy_kg_per_gbq, nuclide.source)
        key = (sizes, medium, density, convention, bool(tail_folded))
        found = self._made.get(key)
        if found is None:
            made = voxel_s_values(
                sizes,
                medium=medium,
                density_g_per_ml=density,
                nuclide=nuclide,
                tail_folded=tail_folded,
                threads=threads,
            )
            found = self._made.setdefault(key, made)
        return found

    def __len__(self) -> int:
        """Number of values that it holds."""
        return len(self._made)

    def __repr__(self) -> str:
        """Number of values that it holds."""
        return f"VoxelSValueLibrary({len(self)} held)"
