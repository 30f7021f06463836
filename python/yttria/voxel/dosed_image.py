"""Dose images with their inputs, and the structures in them: voxel fractions, activity, mass, histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from .._core import VoxelFractions
from .._foundation.provenance import Provenance
from ..advisory import Advisory
from ..errors import UndefinedError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.structure_selection import check_unique_names
from ..geometry.sub_voxel import subvoxel_counts, subvoxel_grid
from .structure_fractions import sum_inside, without_gas
from .structure_histograms import VolumeAndHistogram, of_fractions, of_sub_voxels


class ActivityInField(NamedTuple):
    """Sum over all voxels at the image's reference time and at administration; equal in relative scaling."""

    at_reference_time: float
    at_administration: float


@dataclass(frozen=True, eq=False, kw_only=True)
class DosedImage:
    """Absorbed dose image in Gy with its inputs; `DoseResult` documents its parameters and adds tables."""

    image: Image
    provenance: Provenance
    advisories: tuple[Advisory, ...]
    activity_in_field_mbq: ActivityInField
    gas: npt.NDArray[np.bool_] | None = field(default=None, repr=False)
    activity: Image | None = field(default=None, repr=False)
    density: Image | None = field(default=None, repr=False)
    uncertainty: Image | None = field(default=None, repr=False)
    #: Standard uncertainties of mean doses, by the hash of the voxel fractions. They do not follow from those of the
    #: voxels, which are correlated.
    _mean_uncertainties_gy: Mapping[str, float] = field(default_factory=dict, repr=False)
    #: Cache, so that table, histograms, budgets and picture compute the same structures once.
    _fractions: WeakKeyDictionary[Structure, VoxelFractions] = field(
        default_factory=WeakKeyDictionary, repr=False, init=False
    )
    _histograms: WeakKeyDictionary[Structure, VolumeAndHistogram] = field(
        default_factory=WeakKeyDictionary, repr=False, init=False
    )

    def voxel_fractions(
        self, structures: Sequence[Structure], *, sub_voxel_mm: float | None = None, threads: int | None = None
    ) -> dict[str, VoxelFractions]:
        """Compute the fraction of each dose voxel inside each structure, 0 in voxels of gas.

        Parameters
        ----------
        structures : sequence of Structure
            Their names must differ.
        sub_voxel_mm : float, optional
            Give the fractions of sub-voxels of at most that size in mm.
        threads : int, optional
            All processors if not given.

        Returns
        -------
        dict of str to VoxelFractions
            By the structure's name.

        Raises
        ------
        YttriaError
            As for `table`.

        Examples
        --------
        >>> from yttria import AbsoluteScaling, dose_image
        >>> from yttria.phantom import liver_phantom
        >>> phantom = liver_phantom((10.0, 10.0, 10.0))
        >>> result = dose_image(phantom.activity, scaling=AbsoluteScaling(scan_delay_h=20.0))
        >>> result.voxel_fractions(phantom.structures[:1])["Liver"].shape == result.image.shape
        True
        """
        shape, affine_lps = self.image.shape, self.image.affine_lps
        if sub_voxel_mm is not None:
            shape, affine_lps = subvoxel_grid(
                shape, affine_lps, subvoxel_counts(self.image.voxel_size_mm, sub_voxel_mm)
            )
            grid = shape, affine_lps
            return {s.name: s.voxel_fractions_on(grid, threads=threads) for s in self._checked(structures)}
        for structure in self._checked(structures):
            if structure not in self._fractions:
                fractions = structure.voxel_fractions_on((shape, affine_lps), threads=threads)
                self._fractions[structure] = fractions if self.gas is None else without_gas(fractions, self.gas)
        return {s.name: self._fractions[s] for s in structures}

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the cache; a copy computes its content again."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_fractions", "_histograms")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin with an empty cache."""
        self.__dict__.update(state, _fractions=WeakKeyDictionary(), _histograms=WeakKeyDictionary())

    def _evaluated(
        self, structures: Sequence[Structure], sub_voxel_mm: float | None, threads: int | None
    ) -> dict[str, VolumeAndHistogram]:
        if sub_voxel_mm is None:
            fractions = self.voxel_fractions(structures, threads=threads)
            new = {s.name: fractions[s.name] for s in structures if s not in self._histograms}
            if new:
                found = of_fractions(self.image, new, threads)
                self._histograms.update({s: found[s.name] for s in structures if s.name in found})
            return {s.name: self._histograms[s] for s in structures}
        return of_sub_voxels(self.image, self._checked(structures), sub_voxel_mm, threads)

    def activity_mbq(self, inside: VoxelFractions) -> float:
        """Compute the activity at administration inside a structure.

        Parameters
        ----------
        inside : VoxelFractions
            The structure on the grid of the dose, as `voxel_fractions` returns it.

        Returns
        -------
        float
            In MBq: `sum f c V` with the fraction f of each voxel, its activity concentration c and its volume V.

        Raises
        ------
        UndefinedError
            If the result does not hold its activity image.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import AbsoluteScaling, Image, Structure, dose_image
        >>> activity = Image(np.full((2, 2, 2), 3.0), np.diag([10.0, 10.0, 10.0, 1.0]), "MBq/mL")
        >>> result = dose_image(activity, scaling=AbsoluteScaling(0.0))
        >>> liver = Structure("Liver", np.ones((2, 2, 2), bool), activity.affine_lps)
        >>> inside = result.voxel_fractions([liver])["Liver"]
        >>> round(result.activity_mbq(inside), 6), round(result.mass_kg(inside), 6)
        (24.0, 0.0084)
        """
        if self.activity is None:
            raise UndefinedError("activity in a structure is undefined: the result does not hold its activity image")
        return sum_inside(inside, self.activity) * self.provenance.mbq_per_ml_per_unit * self.image.voxel_volume_ml

    def mass_kg(self, inside: VoxelFractions) -> float:
        """Compute the mass inside a structure.

        Parameters
        ----------
        inside : VoxelFractions
            The structure on the grid of the dose, as `voxel_fractions` returns it.

        Returns
        -------
        float
            In kg, by the density of each voxel, or by the uniform density that the dose was computed with.

        Raises
        ------
        UndefinedError
            If the result holds neither density.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import AbsoluteScaling, Image, Structure, dose_image
        >>> activity = Image(np.full((2, 2, 2), 3.0), np.diag([10.0, 10.0, 10.0, 1.0]), "MBq/mL")
        >>> result = dose_image(activity, scaling=AbsoluteScaling(0.0), density_g_per_ml=1.03)
        >>> liver = Structure("Liver", np.ones((2, 2, 2), bool), activity.affine_lps)
        >>> round(result.mass_kg(result.voxel_fractions([liver])["Liver"]), 6)
        0.00824
        """
        if self.density is not None:
            return sum_inside(inside, self.density) * self.image.voxel_volume_ml * 1e-3
        if self.provenance.density_g_per_ml is None or self.provenance.density_image is not None:
            raise UndefinedError("mass of a structure is undefined: the result holds no density")
        return inside.volume_ml(self.image.voxel_volume_ml) * self.provenance.density_g_per_ml * 1e-3

    def _checked(self, structures: Sequence[Structure]) -> Sequence[Structure]:
        """Check that the names of structures differ, and that they lie in the image's frame of reference."""
        for structure in check_unique_names(structures):
            structure.check_frame(self.image)
        return structures
