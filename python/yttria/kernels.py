"""Dose point kernels and the voxel S values made from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import partial

import numpy as np
from numpy.typing import NDArray

import yttria._core as _core

from ._core import Nuclide
from ._foundation.arguments import public as _public
from ._foundation.arrays import three as _three
from ._foundation.choices import MEDIA, MediumName
from ._foundation.numbers import one_of as _one_of

__all__ = [
    "DosePointKernel",
    "Medium",
    "Nuclide",
    "VoxelSValueLibrary",
    "VoxelSValues",
    "dose_point_kernel",
    "media",
    "voxel_s_values",
]


@dataclass(frozen=True, kw_only=True)
class Medium:
    """A medium with a dose point kernel of its own.

    The support of its voxel S values ends at `support_mm` (a mass thickness of 1.2 g/cm2, just beyond the longest beta
    range, at the density of its table); bremsstrahlung carries `energy_beyond_fraction` of the energy farther. Another
    density within `density_range_g_per_ml` scales radii by the ratio of the densities.
    """

    name: MediumName
    density_g_per_ml: float
    density_range_g_per_ml: tuple[float, float]
    support_mm: float
    energy_beyond_fraction: float
    source: str


def media() -> list[Medium]:
    """The built-in media: water, soft_tissue, liver, lung, bone.

    Source: EGSnrc dose point kernels of yttrium-90 made for this project; `Medium.source` is the passport of each.
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


@dataclass(frozen=True, eq=False, kw_only=True)
class DosePointKernel:
    """Energy absorbed per decay in spherical shells around a point source in an infinite medium.

    Shell `s` lies between `edge_mm[s]` and `edge_mm[s + 1]` and absorbs `energy_mev[s]`; `emitted_mev` is the mean
    energy of the spectrum, some of which leaves the table. Both arrays are float64 and read-only.
    """

    medium: MediumName
    density_g_per_ml: float
    edge_mm: NDArray[np.float64] = field(repr=False)
    energy_mev: NDArray[np.float64] = field(repr=False)
    emitted_mev: float
    source: str = field(repr=False)

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        object.__setattr__(self, "edge_mm", _read_only(self.edge_mm))
        object.__setattr__(self, "energy_mev", _read_only(self.energy_mev))

    def __reduce__(self) -> tuple[Callable[[], DosePointKernel], tuple[()]]:
        """Pickle through the constructor, so that the arrays stay read-only."""
        return partial(DosePointKernel, **{each.name: getattr(self, each.name) for each in fields(self)}), ()


def dose_point_kernel(medium: MediumName) -> DosePointKernel:
    """The built-in dose point kernel of `medium`, a name from `media()`, at the density of its table.

    Raises `UnknownNameError`. Source: EGSnrc, made for this project; the passport is in `DosePointKernel.source`.
    """
    medium = _known(medium)
    edge_mm, energy_mev, emitted_mev = _core._dose_point_kernel(medium)
    table = _table(medium)
    return DosePointKernel(
        medium=medium,
        density_g_per_ml=table.density_g_per_ml,
        edge_mm=edge_mm,
        energy_mev=energy_mev,
        emitted_mev=emitted_mev,
        source=table.source,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class VoxelSValues:
    """Mean absorbed dose to each neighbor per time-integrated activity in one voxel, in an infinite medium.

    `values[i, j, k]` is in mGy/(MBq s), float64 and read-only; each axis is odd, the source is the middle voxel, and
    mirror images are equal bit by bit. `voxel_size_mm[a]` belongs to axis `a`. `energy_inside_fraction` of the mean
    energy per decay is in `values` (1 with `tail_folded`); `energy_beyond_fraction` lies beyond the support.
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
        object.__setattr__(self, "values", _read_only(self.values))

    def gy_per_mbq_per_ml(self) -> NDArray[np.float64]:
        """The kernel that turns concentrations at administration (MBq/mL) into doses (Gy) after complete decay.

        `values / 1000 x voxel volume in mL x mean life in s`; a new array.
        """
        volume_ml = float(np.prod(self.voxel_size_mm)) / 1000.0
        return self.values * (volume_ml * self.nuclide.mean_life_s / 1000.0)

    def __repr__(self) -> str:
        """What, of what, and the value that matters most."""
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
    """Voxel S values for one voxel size, from the dose point kernel of `medium`.

    `S(d) = 1/(rho V) Int F(r) < Prod_i max(0, 1 - |d_i - r Omega_i| / h_i) >_Omega dr`, with `F` the energy absorbed
    per radius, `h_i` the voxel size, `V` their product and `Omega` all directions: uniform activity in the source
    voxel, mean dose in the other one. Energy is conserved to rounding; within 5e-4 of a much finer quadrature in the
    voxels that carry 99 % of it.

    `voxel_size_mm`: three numbers of 0.5-20 mm in array order, cubic or not. `medium`: a name from `media()`.
    `density_g_per_ml`: that of the medium's table where not given. `nuclide`: `Nuclide()` where not given; the table is
    scaled to its mean energy per decay, so that a uniform infinite medium gets dose factor x concentration / density
    less `energy_beyond_fraction`. `tail_folded` scales that fraction in.

    Raises `ShapeError` (not three sizes), `OutOfRangeError` (size, density, threads), `UnknownNameError` (medium),
    `InsufficientMemoryError` (more than 256 MiB, e.g. 0.5 mm in lung of 0.1 g/mL).

    Source: `Medium.source` of the medium; the cloud-in-cell form is this project's own, checked against full
    Monte Carlo voxel S values.
    """
    sizes = _three_sizes(voxel_size_mm)
    nuclide = Nuclide() if nuclide is None else nuclide
    medium = _known(medium)
    density = _core._density_g_per_ml(medium, density_g_per_ml)
    values, inside, beyond = _core._voxel_s_values(sizes, medium, density, nuclide, tail_folded, threads)
    table = _table(medium)
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
    """Voxel S values made once: what was asked for before is looked up.

    The caller holds it, and it holds what it made. Threads may share it: two that ask for the same new values at once
    may both make them, and get the same object.
    """

    def __init__(self) -> None:
        """Empty."""
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
        """The same as `voxel_s_values` with these arguments; `threads` matters only the first time."""
        nuclide = Nuclide() if nuclide is None else nuclide
        sizes = _three_sizes(voxel_size_mm)
        medium = _known(medium)
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
        """How many it holds."""
        return len(self._made)

    def __repr__(self) -> str:
        """How many it holds."""
        return f"VoxelSValueLibrary({len(self)} held)"


def _known(medium: MediumName) -> MediumName:
    """The medium that a name spells; hyphens and underscores are the same."""
    return _one_of("medium", medium, MEDIA)


def _table(medium: MediumName) -> Medium:
    return next(each for each in media() if each.name == medium)


def _read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """A view that nobody can make writable, because what it is a view of is not."""
    base: object = array
    while isinstance(base, np.ndarray):
        base.flags.writeable = False
        base = base.base
    return array.view()


def _three_sizes(voxel_size_mm: Sequence[float]) -> tuple[float, float, float]:
    return _three("voxel size in mm", voxel_size_mm)


_public(globals())
