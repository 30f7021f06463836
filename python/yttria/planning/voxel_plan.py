"""Voxel-based plan with the dose of each injection per GBq in each voxel, and the doses of given activities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np

import yttria._core as _core

from .._core import Nuclide
from .._foundation.numbers import number
from ..errors import (
    ArgumentError,
    DuplicateNameError,
    GeometryError,
    OutOfRangeError,
    ShapeError,
    UndefinedError,
    UnknownNameError,
)
from ..geometry.structure import Structure
from ..voxel import DoseResult
from .dose_functions import Array, StructureVoxels
from .dose_quantity import LUNGS, DoseQuantity, as_quantity
from .injection_maps import InjectionMap
from .lung import lung_dose
from .quantity_value import value_of
from .summed_doses import summed_doses
from .voxel_plan_doses import VoxelPlanDoses

Activities = float | Sequence[float] | Mapping[str, float]

#: Share of the structure's largest dose up to which negative doses are rounding of a convolution, and count as 0.
_ROUNDING = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class VoxelPlan:
    """Dose images per GBq of the injections of one treatment on one grid, made by `voxel_plan` from tracer images.

    Parameters
    ----------
    injections : tuple of InjectionMap
        The injections.
    dose_per_gbq : tuple of DoseResult
        Dose of 1 GBq delivered by each injection, (k, j, i), in Gy; its share in the lungs is not in it.
    structures : tuple of Structure
        The structures that goals, limits and tables can name.
    lung_mass_kg : float
        Mass of the lungs in kg.
    prior_lung_dose_gy : float
        Mean dose of the lungs from earlier treatments in Gy.
    nuclide : Nuclide
        Nuclide with dose factor and half-life.
    threads : int, optional
        Number of threads; all processors if not given.

    Raises
    ------
    DuplicateNameError
        If two injections or two structures share a name.
    GeometryError
        If the dose images are on different grids.
    UndefinedError
        If there is no injection.
    """

    injections: tuple[InjectionMap, ...]
    dose_per_gbq: tuple[DoseResult, ...]
    structures: tuple[Structure, ...]
    lung_mass_kg: float = 1.0
    prior_lung_dose_gy: float = 0.0
    nuclide: Nuclide
    threads: int | None = None

    def __post_init__(self) -> None:
        _unique("injections", self.names)
        _unique("structures", tuple(structure.name for structure in self.structures))
        first = self.dose_per_gbq[0].image
        for name, result in zip(self.names, self.dose_per_gbq, strict=True):
            if not result.image.same_grid(first):
                raise GeometryError(
                    f"maps of all injections must be on one grid, got another for '{name}': bring its image onto that "
                    f"of '{self.names[0]}' by resampled_on"
                )
        lung_dose(
            0.0, lung_shunt_fraction=0.0, lung_mass_kg=self.lung_mass_kg, prior_lung_dose_gy=self.prior_lung_dose_gy
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the injections, in order."""
        return tuple(injection.name for injection in self.injections)

    @property
    def lung_gy_per_gbq(self) -> Array:
        """Mean dose of the lungs in Gy per GBq of each injection."""
        shunts = [injection.lung_shunt_fraction for injection in self.injections]
        doses = [_core.lung_dose_gy(1.0, shunt, self.lung_mass_kg, self.nuclide) for shunt in shunts]
        return np.array(doses, dtype=np.float64)

    def activities(self, given: Activities) -> Array:
        """Check activities of the injections and put them in order.

        Parameters
        ----------
        given : float, sequence of float, or mapping of str to float
            Delivered activities in GBq, in the order of the injections or by name.

        Returns
        -------
        ndarray of float64
            In GBq, in the order of `names`.

        Raises
        ------
        OutOfRangeError
            If an activity is negative or not finite.
        ShapeError
            If there is another number of them.
        UnknownNameError
            If a name is that of no injection.
        ArgumentError
            If one is missing.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image, Structure
        >>> from yttria.planning import InjectionMap, voxel_plan
        >>> counts = Image(np.array([[[4.0, 1.0, 1.0, 1.0]]]), np.diag([10.0, 10.0, 10.0, 1.0]), "counts")
        >>> liver = Structure("Liver", np.ones((1, 1, 4)), counts.affine_lps)
        >>> maa = InjectionMap(name="right", image=counts, reference=liver, lung_shunt_fraction=0.1)
        >>> voxel_plan([maa], [liver]).activities({"right": 0.01}).tolist()
        [0.01]
        """
        if isinstance(given, Mapping):
            unknown = [name for name in given if name not in self.names]
            if unknown:
                raise UnknownNameError(f"injection must be one of {', '.join(self.names)}, got {unknown[0]!r:.80}")
            missing = [name for name in self.names if name not in given]
            if missing:
                raise ArgumentError(
                    f"activity of '{missing[0]}' is missing: give one for each of {', '.join(self.names)}"
                )
            values: list[Any] = [given[name] for name in self.names]
        else:
            values = list(given) if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str) else [given]
        if len(values) != len(self.names):
            raise ShapeError(f"activities must be {len(self.names)}, of {', '.join(self.names)}, got {len(values)}")
        found = [number(f"activity of '{name}' in GBq", value) for name, value in zip(self.names, values, strict=True)]
        for name, value in zip(self.names, found, strict=True):
            if not (isfinite(value) and value >= 0.0):
                raise OutOfRangeError(f"activity of '{name}' in GBq must be finite and >= 0, got {value:g}")
        return np.array(found, dtype=np.float64)

    def doses(
        self,
        delivered_activities_gbq: Activities,
        *,
        quantities: Sequence[str | DoseQuantity] = (),
        volumes_at_gy: Sequence[float] = (),
    ) -> VoxelPlanDoses:
        """Compute the dose image, the table of structures and the lung dose of given activities.

        Parameters
        ----------
        delivered_activities_gbq : float, sequence of float, or mapping of str to float
            Delivered activity of each injection in GBq, in order or by name; >= 0, and not all 0.
        quantities : sequence of str or DoseQuantity, default ()
            Further quantities, such as "Tumor: EUD(alpha_per_gy=0.03)" or "Normal: NTCP(strigari-2010-resin-hcc)".
        volumes_at_gy : sequence of float, default ()
            Doses in Gy at which rows state the share of the volume.

        Returns
        -------
        VoxelPlanDoses

        Raises
        ------
        OutOfRangeError, ShapeError, UnknownNameError, ArgumentError
            As `activities`, and for a quantity that is not understood.
        UndefinedError
            If no activity is given, or a structure lies outside of the image.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image, Structure
        >>> from yttria.planning import InjectionMap, voxel_plan
        >>> counts = Image(np.array([[[4.0, 1.0, 1.0, 1.0]]]), np.diag([10.0, 10.0, 10.0, 1.0]), "counts")
        >>> liver = Structure("Liver", np.ones((1, 1, 4)), counts.affine_lps)
        >>> maa = InjectionMap(name="right", image=counts, reference=liver, lung_shunt_fraction=0.1)
        >>> doses = voxel_plan([maa], [liver]).doses(0.01, quantities=["Liver: D50"])
        >>> [round(each.value, 1) for each in doses.quantities]
        [60.8]
        """
        activities = self.activities(delivered_activities_gbq)
        result = summed_doses(self.names, self.dose_per_gbq, activities)
        rows, histograms = result.evaluate(self.structures, volumes_at_gy=volumes_at_gy, threads=self.threads)
        shunted = float(activities @ [injection.lung_shunt_fraction for injection in self.injections])
        lungs = lung_dose(
            float(activities.sum()),
            lung_shunt_fraction=shunted / float(activities.sum()),
            lung_mass_kg=self.lung_mass_kg,
            prior_lung_dose_gy=self.prior_lung_dose_gy,
            nuclide=self.nuclide,
        )
        asked = tuple(as_quantity(each) for each in quantities)
        values = tuple(
            value_of(quantity, histograms.get(self.check(quantity).structure), lungs.lung_dose_gy) for quantity in asked
        )
        own = [advisory for injection in self.injections for advisory in injection.advisories]
        found = (*own, *result.advisories, *lungs.advisories, *(a for value in values for a in value.advisories))
        return VoxelPlanDoses(
            delivered_activities_gbq=dict(zip(self.names, activities.tolist(), strict=True)),
            result=result,
            structures=tuple(rows),
            quantities=values,
            lungs=lungs,
            advisories=tuple(dict.fromkeys(found)),
        )

    def check(self, quantity: DoseQuantity) -> DoseQuantity:
        """Check that a quantity is of a structure of the plan.

        Parameters
        ----------
        quantity : DoseQuantity
            Of a structure, or of the lungs.

        Returns
        -------
        DoseQuantity
            The same.

        Raises
        ------
        UnknownNameError
            If the structure is not one of the plan; the message lists the known names.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image, Structure
        >>> from yttria.planning import DoseQuantity, InjectionMap, voxel_plan
        >>> counts = Image(np.array([[[4.0, 1.0, 1.0, 1.0]]]), np.diag([10.0, 10.0, 10.0, 1.0]), "counts")
        >>> liver = Structure("Liver", np.ones((1, 1, 4)), counts.affine_lps)
        >>> maa = InjectionMap(name="right", image=counts, reference=liver, lung_shunt_fraction=0.1)
        >>> voxel_plan([maa], [liver]).check(DoseQuantity.from_text("Liver: mean"))
        DoseQuantity.from_text('Liver: mean')
        """
        names = [structure.name for structure in self.structures]
        if not quantity.of_lungs and quantity.structure not in names:
            known = ", ".join((*names, f"{LUNGS} (mean dose alone)"))
            raise UnknownNameError(f"structure of '{quantity}' must be one of {known}, got {quantity.structure!r:.80}")
        return quantity

    def voxels(self, name: str, *, refuse_negative: bool = True) -> StructureVoxels:
        """Return the doses per GBq of the voxels of one structure, and their fractions inside it.

        Parameters
        ----------
        name : str
            Name of the structure.
        refuse_negative : bool, default True
            Whether a negative dose is an error.

        Returns
        -------
        StructureVoxels
            Gy per GBq, shape (injections, voxels), and fractions, shape (voxels,).

        Raises
        ------
        UndefinedError
            If the structure occupies no voxel.
        OutOfRangeError
            If `refuse_negative` and one of its doses is negative.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image, Structure
        >>> from yttria.planning import InjectionMap, voxel_plan
        >>> counts = Image(np.array([[[4.0, 1.0, 1.0, 1.0]]]), np.diag([10.0, 10.0, 10.0, 1.0]), "counts")
        >>> liver = Structure("Liver", np.ones((1, 1, 4)), counts.affine_lps)
        >>> maa = InjectionMap(name="right", image=counts, reference=liver, lung_shunt_fraction=0.1)
        >>> voxel_plan([maa], [liver]).voxels("Liver").gy_per_gbq.shape
        (1, 4)
        """
        if name not in self._voxels:
            (structure,) = (each for each in self.structures if each.name == name)
            fractions = self.dose_per_gbq[0].voxel_fractions([structure], threads=self.threads)[name]
            weights = np.asarray(fractions.weights)
            inside = weights > 0
            if not inside.any():
                raise UndefinedError(
                    f"doses of '{name}' are undefined: the structure occupies no voxel of the dose grid"
                )
            box = tuple(slice(at, at + n) for at, n in zip(fractions.origin, weights.shape, strict=True))
            doses = np.array([result.image.array[box][inside] for result in self.dose_per_gbq], dtype=np.float64)
            doses[(doses < 0.0) & (doses >= -_ROUNDING * doses.max(initial=0.0))] = 0.0
            self._voxels[name] = StructureVoxels(gy_per_gbq=doses, fractions=weights[inside].astype(np.float64))
        found = self._voxels[name]
        if refuse_negative and float(found.gy_per_gbq.min()) < 0.0:
            raise OutOfRangeError(
                f"doses of '{name}' must be >= 0 for this goal or limit, got {found.gy_per_gbq.min():.3g} Gy per GBq: "
                "make the plan with negative_voxels='clip'"
            )
        return found

    @cached_property
    def _voxels(self) -> dict[str, StructureVoxels]:
        """Voxels of structures that were asked for."""
        return {}


def _unique(what: str, names: tuple[str, ...]) -> None:
    if not names and what == "injections":
        raise UndefinedError("a voxel plan is undefined without an injection")
    for name in names:
        if names.count(name) > 1:
            raise DuplicateNameError(f"names of {what} must be unique, got '{name}' twice")
