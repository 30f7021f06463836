"""A dose image with what it rests on, and the doses of structures in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from .._core import DoseVolumeHistogram, VoxelFractions
from .._foundation.provenance import Provenance
from ..advisory import Advisory
from ..errors import DuplicateNameError, UndefinedError
from ..evaluation import dose_volume_histograms
from ..evaluation.inside_voxels import inside_voxels
from ..evaluation.tables import StructureDose
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.sub_voxel import subvoxel_counts, subvoxel_grid
from .structure_fractions import fractions_key, without_gas


class ActivityInField(NamedTuple):
    """The sum over all voxels, at the time the image refers to and at administration; alike in relative scaling."""

    at_reference_time: float
    at_administration: float


@dataclass(frozen=True, eq=False, kw_only=True)
class DoseResult:
    """An absorbed dose image in Gy with what it rests on. Results are for research use.

    `advisories` are what a reader of the doses must know; `provenance` is everything given and assumed. `gas` marks
    voxels of gas, which have no dose and no part in the doses of structures; None if there are none. `uncertainty` is
    the standard uncertainty (k = 1) of each voxel in Gy by Monte Carlo, None by the other methods.

    `activity` is the image that the dose was made of, in its own unit, and `density` the density of each voxel in g/mL
    on the same grid; None if the density is uniform, or if the result was made without them.
    """

    image: Image
    provenance: Provenance
    advisories: tuple[Advisory, ...]
    activity_in_field_mbq: ActivityInField
    gas: npt.NDArray[np.bool_] | None = field(default=None, repr=False)
    activity: Image | None = field(default=None, repr=False)
    density: Image | None = field(default=None, repr=False)
    uncertainty: Image | None = field(default=None, repr=False)
    #: Of mean doses, by the hash of the voxel fractions: voxels are correlated, so that it cannot be had from theirs.
    _mean_uncertainties_gy: Mapping[str, float] = field(default_factory=dict, repr=False)
    #: Table, histograms and picture of the same structures compute them once.
    _fractions: WeakKeyDictionary[Structure, VoxelFractions] = field(
        default_factory=WeakKeyDictionary, repr=False, kw_only=True
    )

    def voxel_fractions(
        self, structures: Sequence[Structure], *, sub_voxel_mm: float | None = None, threads: int | None = None
    ) -> dict[str, VoxelFractions]:
        """The fraction of each dose voxel inside each structure, by name; of each sub-voxel with `sub_voxel_mm`.

        Raises `UnknownNameError` where two structures share a name.
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
        """Leave out the fractions that are kept for the next call: a copy computes them again."""
        return {name: value for name, value in self.__dict__.items() if name != "_fractions"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin without kept fractions."""
        self.__dict__.update(state, _fractions=WeakKeyDictionary())

    def dose_volume_histograms(
        self, structures: Sequence[Structure], *, sub_voxel_mm: float | None = None, threads: int | None = None
    ) -> dict[str, DoseVolumeHistogram]:
        """Exact cumulative histograms, weighted by voxel fractions; see `yttria.evaluation`.

        With `sub_voxel_mm` the dose is interpolated inside voxels, which are cut into sub-voxels of at most that size.
        Raises `UndefinedError` where a structure occupies no voxel of the image.
        """
        evaluated = self._evaluated(structures, sub_voxel_mm, threads)
        for name, (_, _, histogram) in evaluated.items():
            if histogram is None:
                raise UndefinedError(
                    f"dose-volume histogram of '{name}' is undefined: the structure occupies no voxel of the dose grid"
                )
        return {name: histogram for name, (_, _, histogram) in evaluated.items() if histogram is not None}

    def _evaluated(
        self, structures: Sequence[Structure], sub_voxel_mm: float | None, threads: int | None
    ) -> dict[str, tuple[float, float, DoseVolumeHistogram | None]]:
        """Volume in mL, fraction outside of the image, and histogram of each structure, by its name."""
        image = self.image
        if sub_voxel_mm is None:
            voxel_fractions = self.voxel_fractions(structures, threads=threads)
            volumes = {name: o.volume_ml(image.voxel_volume_ml) for name, o in voxel_fractions.items()}
            inside = {name: o for name, o in voxel_fractions.items() if volumes[name] > 0}
            histograms = dose_volume_histograms(
                image.array, inside, voxel_volume_ml=image.voxel_volume_ml, threads=threads
            )
            return {n: (volumes[n], o.outside_fraction, histograms.get(n)) for n, o in voxel_fractions.items()}
        counts = subvoxel_counts(image.voxel_size_mm, sub_voxel_mm)
        found: dict[str, tuple[float, float, DoseVolumeHistogram | None]] = {}
        for structure in self._checked(structures):
            one = inside_voxels(image.array, image.affine_lps, structure, counts, threads=threads)
            found[structure.name] = one.volume_ml, one.outside_fraction, one.histogram
        return found

    def transformed(
        self, transform_lps: npt.ArrayLike, *, frame_of_reference_uid: str | None = None, source: str | None = None
    ) -> DoseResult:
        """Move the result in patient space: the dose, and the images that it was made of.

        Parameters
        ----------
        transform_lps : array (4, 4)
            From its patient space to another one, LPS mm; see `yttria.io.read_transform`.
        frame_of_reference_uid, source : str, optional
            See `Image.transformed`.

        Returns
        -------
        DoseResult

        Raises
        ------
        GeometryError
            If the transform is no affine, or leaves the axes sheared.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import AbsoluteScaling, Image, dose_image
        >>> activity = Image(np.ones((2, 2, 2)), np.eye(4), "MBq/mL")
        >>> result = dose_image(activity, scaling=AbsoluteScaling(0.0))
        >>> shift = np.eye(4)
        >>> shift[:3, 3] = (5.0, 0.0, 0.0)
        >>> result.transformed(shift, source="by hand").image.affine_lps[:3, 3].tolist()
        [5.0, 0.0, 0.0]
        """

        def moved(image: Image | None) -> Image | None:
            if image is None:
                return None
            return image.transformed(transform_lps, frame_of_reference_uid=frame_of_reference_uid, source=source)

        dose = moved(self.image)
        assert dose is not None
        return replace(
            self,
            image=dose,
            activity=moved(self.activity),
            density=moved(self.density),
            uncertainty=moved(self.uncertainty),
            _fractions=WeakKeyDictionary(),
        )

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
            If the result does not hold the image that it was made of.

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
            raise UndefinedError("activity in a structure is undefined: the dose is there without its activity image")
        return _sum_inside(inside, self.activity) * self.provenance.mbq_per_ml_per_unit * self.image.voxel_volume_ml

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
            If the result holds neither.

        Examples
        --------
        See `activity_mbq`.
        """
        if self.density is not None:
            return _sum_inside(inside, self.density) * self.image.voxel_volume_ml * 1e-3
        if self.provenance.density_g_per_ml is None or self.provenance.density_image is not None:
            raise UndefinedError("mass of a structure is undefined: the dose is there without its densities")
        return inside.volume_ml(self.image.voxel_volume_ml) * self.provenance.density_g_per_ml * 1e-3

    def _checked(self, structures: Sequence[Structure]) -> Sequence[Structure]:
        """The structures, whose names differ and which lie in the image's frame of reference."""
        seen: set[str] = set()
        for structure in structures:
            if structure.name in seen:
                raise DuplicateNameError(f"structure names must be unique, got '{structure.name}' twice")
            seen.add(structure.name)
            structure.check_frame(self.image)
        return structures

    def table(
        self,
        structures: Sequence[Structure],
        *,
        volumes_at_gy: Sequence[float] = (),
        sub_voxel_mm: float | None = None,
        threads: int | None = None,
    ) -> list[StructureDose]:
        """One row per structure, in the order given; `StructureDose.as_dict` makes plain data of it.

        `volumes_at_gy`: doses in Gy at which the share of the volume is stated. `sub_voxel_mm`: as for
        `dose_volume_histograms`.
        """
        return self.evaluate(structures, volumes_at_gy=volumes_at_gy, sub_voxel_mm=sub_voxel_mm, threads=threads)[0]

    def evaluate(
        self,
        structures: Sequence[Structure],
        *,
        volumes_at_gy: Sequence[float] = (),
        sub_voxel_mm: float | None = None,
        threads: int | None = None,
    ) -> tuple[list[StructureDose], dict[str, DoseVolumeHistogram]]:
        """The table, and the histograms it was read from; a structure wholly outside the image has none."""
        evaluated = self._evaluated(structures, sub_voxel_mm, threads)
        uncertainties: dict[str, float | None] = {}
        if self._mean_uncertainties_gy and sub_voxel_mm is None:
            fractions = self.voxel_fractions(structures, threads=threads)
            uncertainties = {n: self._mean_uncertainties_gy.get(fractions_key(f)) for n, f in fractions.items()}
        rows = [
            StructureDose.of(
                name,
                histogram,
                volume_ml=volume_ml,
                outside_fraction=outside_fraction,
                volumes_at_gy=volumes_at_gy,
                mean_uncertainty_gy=uncertainties.get(name),
            )
            for name, (volume_ml, outside_fraction, histogram) in evaluated.items()
        ]
        return rows, {name: found[2] for name, found in evaluated.items() if found[2] is not None}


def _sum_inside(inside: VoxelFractions, image: Image) -> float:
    """The values of an image summed, each times the fraction of its voxel."""
    box = tuple(slice(at, at + n) for at, n in zip(inside.origin, inside.weights.shape, strict=True))
    return float(np.einsum("kji,kji->", inside.weights, image.array[box], dtype=np.float64))
