"""Inputs of the partition model, each checked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

import yttria._core as _core

from .._core import Nuclide
from .._foundation.choices import Overlap
from .._foundation.numbers import number, optional_number
from ..errors import ArgumentError, OutOfRangeError, ShapeError, UnknownNameError
from .microsphere_nuclide import planning_nuclide
from .territory import Territory

Activities = float | Sequence[float] | Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class PartitionInputs:
    """Territories, masses and doses of earlier treatments, as `PartitionModel` documents them."""

    territories: Sequence[Territory]
    overlap: Overlap | Mapping[str, Overlap] | None = None
    normal_total_mass_kg: float | None = None
    lung_mass_kg: float = 1.0
    unperfused_tumor_mass_kg: Mapping[str, float] = field(default_factory=dict)
    residual_fraction: float = 0.0
    prior_lung_dose_gy: float = 0.0
    prior_normal_perfused_dose_gy: Mapping[str, float] = field(default_factory=dict)
    prior_normal_whole_dose_gy: float | None = None
    nuclide: Nuclide = field(default_factory=Nuclide)

    def __post_init__(self) -> None:
        """Check all values once, and keep them in a form that cannot change."""

        def keep(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        planning_nuclide(self.nuclide)
        keep("territories", tuple(territory.checked() for territory in self.territories))
        if len(self.territories) > 1 and not all(territory.name for territory in self.territories):
            raise ArgumentError("each of several territories must be given a name")
        keep("lung_mass_kg", number("lung mass in kg", self.lung_mass_kg))
        keep("normal_total_mass_kg", optional_number("total normal liver mass in kg", self.normal_total_mass_kg))
        _core.fraction_below_one("residual fraction", number("residual fraction", self.residual_fraction))
        prior = number("prior lung dose in Gy", self.prior_lung_dose_gy)
        keep("prior_lung_dose_gy", _core.non_negative("prior lung dose in Gy", prior))
        self._keep_prior_normal_doses(keep)
        keep("unperfused_tumor_mass_kg", self._unperfused())
        if self.overlap is not None:
            keep("overlap", self._checked_overlaps(self.overlap))
        elif len(self.territories) > 1 and self.tumors:
            raise ArgumentError(f"overlap of tumor {self.tumors[0]!r} must be given: one of disjoint, same_tissue")
        self.core()

    def _unperfused(self) -> dict[str, float]:
        given = self.unperfused_tumor_mass_kg
        _check_names("unperfused mass", given, self.tumors)
        return {name: number(f"unperfused mass in kg of tumor '{name}'", mass) for name, mass in given.items()}

    def _checked_overlaps(self, overlap: Overlap | Mapping[str, Overlap]) -> dict[str, Overlap]:
        given = dict(overlap) if isinstance(overlap, Mapping) else dict.fromkeys(self.tumors, overlap)
        _check_names("overlap", given, self.tumors)
        for name in self.tumors:
            if name not in given:
                raise ArgumentError(f"overlap of tumor {name!r} must be given: one of disjoint, same_tissue")
        return given

    def _keep_prior_normal_doses(self, keep: Callable[[str, object], None]) -> None:
        _check_names("prior dose", self.prior_normal_perfused_dose_gy, self._names)
        doses = {}
        for name, dose in self.prior_normal_perfused_dose_gy.items():
            quantity = f"prior dose in Gy to the normal liver of '{name}'"
            doses[name] = _core.non_negative(quantity, number(quantity, dose))
        keep("prior_normal_perfused_dose_gy", doses)
        whole = optional_number("prior dose in Gy to the whole normal liver", self.prior_normal_whole_dose_gy)
        keep("prior_normal_whole_dose_gy", whole)
        if whole is not None:
            check_prior_whole(whole, self._least_prior_whole_gy())

    def _least_prior_whole_gy(self) -> float:
        """Mean dose to all normal liver from the earlier doses to the territories alone, in Gy."""
        if self.normal_total_mass_kg is None or self.normal_total_mass_kg <= 0.0:
            return 0.0
        given = self.prior_normal_perfused_dose_gy
        energy = sum(given.get(t.name, 0.0) * t.normal_perfused_mass_kg for t in self.territories)
        return energy / self.normal_total_mass_kg

    @property
    def resolved_prior_normal_whole_dose_gy(self) -> float:
        """Mean dose of earlier treatments to all normal liver in Gy, as given or as the territories had it."""
        given = self.prior_normal_whole_dose_gy
        return self._least_prior_whole_gy() if given is None else given

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(territory.name for territory in self.territories)

    @property
    def tumors(self) -> tuple[str, ...]:
        """Names of the tumors, in the order in which the territories name them first."""
        return tuple(dict.fromkeys(t.tumor_name(i) for t in self.territories for i in range(len(t.tumors))))

    def overlap_of(self, tumor: str) -> Overlap:
        """Return the overlap of the portions of a tumor.

        Parameters
        ----------
        tumor : str
            Name of the tumor.

        Returns
        -------
        str
            "disjoint" or "same_tissue".

        Raises
        ------
        UnknownNameError
            If there is no such tumor.

        Examples
        --------
        >>> from yttria.planning import PartitionModel, Territory, Tumor
        >>> lobe = Territory(
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ... )
        >>> model = PartitionModel(territories=[lobe])
        >>> model.overlap_of(model.tumors[0])
        'disjoint'
        """
        return self.overlap[tumor] if isinstance(self.overlap, Mapping) else self.overlap or "disjoint"

    def core(self) -> _core.Treatment:
        """Return the compiled form of the model.

        Returns
        -------
        Treatment
            A class of the compiled core, for callers that compute many doses of one model.

        Examples
        --------
        >>> from yttria.planning import PartitionModel, Territory, Tumor
        >>> tumor = Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)
        >>> lobe = Territory(tumors=[tumor], normal_perfused_mass_kg=1.2, lung_shunt_fraction=0.05)
        >>> type(PartitionModel(territories=[lobe]).core()).__name__
        'Treatment'
        """
        index = {name: i for i, name in enumerate(self.tumors)}
        territories = [
            (
                t.name,
                t.lung_shunt_fraction,
                t.normal_perfused_mass_kg,
                [(index[t.tumor_name(i)], p.mass_kg, p.tumor_to_normal_ratio) for i, p in enumerate(t.tumors)],
            )
            for t in self.territories
        ]
        lesions = [(name, self.overlap_of(name), self.unperfused_tumor_mass_kg.get(name, 0.0)) for name in index]
        return _core.Treatment(territories, lesions, self.normal_total_mass_kg, self.lung_mass_kg, self.nuclide)

    def activities(self, delivered_activities_gbq: Activities) -> list[float]:
        """Return activities in the order of the territories.

        Parameters
        ----------
        delivered_activities_gbq : float, sequence or mapping of float
            A number for one territory; else one for each territory, in order or by name.

        Returns
        -------
        list of float
            Activities in GBq.

        Raises
        ------
        ArgumentError
            If there is not one activity for each territory.
        UnknownNameError
            If a name is that of no territory.

        Examples
        --------
        >>> from yttria.planning import PartitionModel, Territory, Tumor
        >>> lobe = Territory(
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ... )
        >>> model = PartitionModel(territories=[lobe])
        >>> model.activities(2.0)
        [2.0]
        """
        names, given = self._names, delivered_activities_gbq
        if isinstance(given, Mapping):
            needed = f"activities must be of {', '.join(names)}, got {', '.join(map(str, given))}"
            if not set(given) <= set(names):
                raise UnknownNameError(needed)
            if len(given) < len(names):
                raise ArgumentError(needed)
            given = [given[name] for name in names]
        elif len(names) == 1 and not isinstance(given, Sequence | np.ndarray):
            given = [given]
        elif len(names) == 1 and isinstance(given, str):
            return [number("delivered activity in GBq", given)]
        if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
            raise ArgumentError(f"delivered activities must be a sequence or a mapping, got {given!r:.80}")
        if len(given) != len(names):
            raise ShapeError(f"delivered activities must be {len(names)} values, got {len(given)}")
        of = (f" of '{name}'" if name else "" for name in names)
        return [number(f"delivered activity in GBq{what}", a) for what, a in zip(of, given, strict=True)]


def check_prior_whole(whole_gy: float, least_gy: float) -> None:
    """Check that a dose of earlier treatments to the whole normal liver is at least that from its parts."""
    _core.non_negative("prior dose in Gy to the whole normal liver", whole_gy)
    if whole_gy < 0.98 * least_gy:
        raise OutOfRangeError(
            "prior dose in Gy to the whole normal liver must be at least the mean that follows from the dose to its "
            f"parts, {least_gy:.4g}, got {whole_gy:g}"
        )


def _check_names(what: str, given: Mapping[str, object], names: tuple[str, ...]) -> None:
    for name in given:
        if name not in names:
            raise UnknownNameError(f"{what} must be of one of {', '.join(names)}, got {name!r}")
