"""Several territories, each injected on its own: the doses of all tissue, linear in the activities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .. import _core
from .._core import Nuclide
from .._foundation.numbers import number, optional_number
from ..advisory import Advisory, advise, advise_if
from ..errors import ArgumentError, OutOfRangeError, ShapeError, UnknownNameError
from .lung import CUMULATIVE_LUNG_LIMIT_GY, LUNG_LIMIT_GY, cumulative_lung_dose_advisories, lung_dose_advisories
from .tumor_to_normal import ratio_advisories
from .vial_content import vial_content


@dataclass(frozen=True)
class TumorPortion:
    """What one territory feeds of a tumor: its mass in kg and its ratio of activity concentrations to normal liver."""

    tumor: str
    mass_kg: float
    tumor_to_normal_ratio: float


@dataclass(frozen=True)
class Territory:
    """What one injection reaches: perfused normal liver in kg, portions of tumors, and by a shunt the lungs."""

    name: str
    lung_shunt_fraction: float
    normal_mass_kg: float
    tumors: Sequence[TumorPortion] = ()


@dataclass(frozen=True)
class DoseRow:
    """One row of the dose matrix.

    `kind` is "tumor_portion", "tumor_perfused", "tumor_whole", "normal_perfused", "normal_whole" or "lung".
    """

    kind: str
    territory: str | None
    tumor: str | None
    mass_kg: float


@dataclass(frozen=True)
class TumorDose:
    """Mean dose of a tumor over what is perfused of it, and over all of it."""

    tumor: str
    perfused_mass_kg: float
    perfused_mean_gy: float
    whole_mass_kg: float
    whole_mean_gy: float


@dataclass(frozen=True)
class TerritoryDoses:
    """What a set of activities gives. Lists follow the territories; `None` where there is no such tissue.

    `tumor_portions_gy` has one tuple for each territory, in the order of its portions: the dose from its injection
    alone. What is cumulative has the dose of earlier treatments in it, the other doses are those of this treatment.
    """

    delivered_activities_gbq: tuple[float, ...]
    tumor_portions_gy: tuple[tuple[float, ...], ...]
    tumors: tuple[TumorDose, ...]
    normal_perfused_gy: tuple[float | None, ...]
    normal_whole_gy: float | None
    lung_dose_gy: float
    cumulative_lung_dose_gy: float
    advisories: tuple[Advisory, ...]
    cumulative_normal_perfused_gy: tuple[float | None, ...] = ()
    cumulative_normal_whole_gy: float | None = None


@dataclass(frozen=True)
class TerritoryPlan:
    """Territories and tumors of one treatment.

    Territory k with shunt `L_k`, perfused normal liver `m_N,k` and portions `m_ik` at ratios `r_ik` has the weight
    `W_k = m_N,k + sum_i r_ik m_ik`. Per GBq delivered its normal liver gets `C (1 - L_k)/W_k`, portion i `r_ik` times
    that, the lungs `C L_k/m_lung`. Source: the partition model (ho1996), once per territory.

    `overlap` must be declared, for all tumors or by tumor: "disjoint" portions are different tissue, and a tumor's
    dose is their mean over mass; of the "same_tissue", fed more than once, doses add and the masses are equal.
    Perfused normal livers are taken as different tissue; one territory injected twice is one territory.
    `unperfused_tumor_mass_kg` is what no territory feeds of a tumor, at 0 Gy; `normal_total_mass_kg` all normal liver,
    perfused or not (without it there is no whole normal dose).

    `prior_lung_dose_gy`, `prior_normal_perfused_dose_gy` (by territory) and `prior_normal_whole_dose_gy` are the mean
    doses of earlier treatments in Gy. They count in `optimum`. Without the last one, the whole normal liver is taken to
    have had what the territories had.

    Raises `OutOfRangeError`, `UndefinedError` (a name twice, a territory without tissue), `UnknownNameError`.
    """

    territories: Sequence[Territory]
    overlap: str | Mapping[str, str] = field(kw_only=True)
    lung_mass_kg: float = field(default=1.0, kw_only=True)
    normal_total_mass_kg: float | None = field(default=None, kw_only=True)
    unperfused_tumor_mass_kg: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    prior_lung_dose_gy: float = field(default=0.0, kw_only=True)
    prior_normal_perfused_dose_gy: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    prior_normal_whole_dose_gy: float | None = field(default=None, kw_only=True)
    nuclide: Nuclide = field(default_factory=Nuclide, kw_only=True)

    def __post_init__(self) -> None:
        """Check everything once, and keep what was given in a form that cannot change."""

        def keep(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        keep("territories", tuple(_checked(territory) for territory in self.territories))
        keep("lung_mass_kg", number("lung mass in kg", self.lung_mass_kg))
        keep("normal_total_mass_kg", optional_number("mass of all normal liver in kg", self.normal_total_mass_kg))
        prior = number("prior lung dose in Gy", self.prior_lung_dose_gy)
        keep("prior_lung_dose_gy", _core.non_negative("prior lung dose in Gy", prior))
        self._keep_prior_normal_doses(keep)
        names = self.tumors
        overlap = dict(self._overlaps())
        unperfused = {
            name: number(f"unperfused mass in kg of tumor '{name}'", mass)
            for name, mass in self.unperfused_tumor_mass_kg.items()
        }
        for what, given in (("overlap", overlap), ("unperfused mass", unperfused)):
            for name in given:
                if name not in names:
                    raise UnknownNameError(f"{what} must be of one of {', '.join(names)}, got {name!r}")
        for name in names:
            if name not in overlap:
                raise ArgumentError(f"overlap of tumor {name!r} must be given: one of disjoint, same_tissue")
        keep("overlap", overlap)
        keep("unperfused_tumor_mass_kg", unperfused)
        self.core()

    def _keep_prior_normal_doses(self, keep: Callable[[str, object], None]) -> None:
        names = [territory.name for territory in self.territories]
        doses = {}
        for name, dose in self.prior_normal_perfused_dose_gy.items():
            if name not in names:
                raise UnknownNameError(f"prior dose must be of one of {', '.join(names)}, got {name!r}")
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
        energy = sum(given.get(territory.name, 0.0) * territory.normal_mass_kg for territory in self.territories)
        return energy / self.normal_total_mass_kg

    @property
    def prior_normal_whole_gy(self) -> float:
        """Mean dose of earlier treatments to all normal liver in Gy, as given or as the territories had it."""
        given = self.prior_normal_whole_dose_gy
        return self._least_prior_whole_gy() if given is None else given

    @property
    def tumors(self) -> tuple[str, ...]:
        """Names of the tumors, in the order in which the territories name them first."""
        return tuple(dict.fromkeys(portion.tumor for territory in self.territories for portion in territory.tumors))

    def core(self) -> _core.Treatment:
        """The compiled form."""
        index = {name: i for i, name in enumerate(self.tumors)}
        territories = [
            (
                t.name,
                t.lung_shunt_fraction,
                t.normal_mass_kg,
                [(index[p.tumor], p.mass_kg, p.tumor_to_normal_ratio) for p in t.tumors],
            )
            for t in self.territories
        ]
        overlap = self._overlaps()
        lesions = [(name, overlap[name], self.unperfused_tumor_mass_kg.get(name, 0.0)) for name in index]
        return _core.Treatment(territories, lesions, self.normal_total_mass_kg, self.lung_mass_kg, self.nuclide)

    @property
    def rows(self) -> tuple[DoseRow, ...]:
        """What each row of `dose_matrix_gy_per_gbq` is the mean dose of."""
        return tuple(
            DoseRow(
                kind,
                None if territory is None else self.territories[territory].name,
                None if tumor is None else self.tumors[tumor],
                mass,
            )
            for kind, territory, tumor, mass, _ in self.core().rows()
        )

    @property
    def dose_matrix_gy_per_gbq(self) -> NDArray[np.float64]:
        """Gy per GBq delivered, shape (rows, territories). Doses are this matrix times the activities."""
        return np.array([row[4] for row in self.core().rows()], dtype=np.float64)

    def activities(self, delivered_activities_gbq: Sequence[float] | Mapping[str, float]) -> list[float]:
        """Activities in the order of the territories, from a sequence or by name."""
        names = [territory.name for territory in self.territories]
        given = delivered_activities_gbq
        if isinstance(given, Mapping):
            needed = f"activities must be of {', '.join(names)}, got {', '.join(map(str, given))}"
            if not set(given) <= set(names):
                raise UnknownNameError(needed)
            if len(given) < len(names):
                raise ArgumentError(needed)
            given = [given[name] for name in names]
        if isinstance(given, str) or not isinstance(given, Sequence | np.ndarray):
            raise ArgumentError(f"delivered activities must be a sequence or a mapping, got {given!r:.80}")
        if len(given) != len(names):
            raise ShapeError(f"delivered activities must be {len(names)} values, got {len(given)}")
        return [number(f"delivered activity in GBq of '{name}'", a) for name, a in zip(names, given, strict=True)]

    def doses(self, delivered_activities_gbq: Sequence[float] | Mapping[str, float]) -> TerritoryDoses:
        """The doses of all tissue. Activities are those delivered, in the order of the territories or by name.

        Raises `OutOfRangeError`, `ShapeError`, `UnknownNameError`. Advises `lung_dose_above_limit` (30 Gy),
        `cumulative_lung_dose_above_limit` (50 Gy), `lung_shunt_above_20_percent`, `tumor_without_uptake`,
        `ratio_below_1`, `ratio_above_20`, `territory_without_activity`, `portion_below_half_of_mean`,
        `activity_above_vial`, and `normal_livers_taken_as_disjoint` if a tumor is fed twice.
        """
        core, given = self.core(), self.activities(delivered_activities_gbq)
        portions: list[list[float]] = [[] for _ in given]
        perfused: dict[int, tuple[float, float]] = {}
        whole: dict[int, tuple[float, float]] = {}
        normal: list[float | None] = [None] * len(given)
        all_normal, lung = None, 0.0
        for (kind, territory, tumor, mass, _), dose in zip(core.rows(), core.doses_gy(given), strict=True):
            if kind == "tumor_portion" and territory is not None:
                portions[territory].append(dose)
            elif kind == "tumor_perfused" and tumor is not None:
                perfused[tumor] = (mass, dose)
            elif kind == "tumor_whole" and tumor is not None:
                whole[tumor] = (mass, dose)
            elif kind == "normal_perfused" and territory is not None:
                normal[territory] = dose
            elif kind == "normal_whole":
                all_normal = dose
            else:
                lung = dose
        return TerritoryDoses(
            tuple(given),
            tuple(map(tuple, portions)),
            tuple(TumorDose(name, *perfused[i], *whole[i]) for i, name in enumerate(self.tumors)),
            tuple(normal),
            all_normal,
            lung,
            self.prior_lung_dose_gy + lung,
            (
                *self.advisories(),
                *self._uneven(given, portions),
                *self._lung_advisories(lung),
                *self._vial_advisories(given),
            ),
            tuple(
                None if dose is None else dose + self.prior_normal_perfused_dose_gy.get(territory.name, 0.0)
                for territory, dose in zip(self.territories, normal, strict=True)
            ),
            None if all_normal is None else all_normal + self.prior_normal_whole_gy,
        )

    def advisories(self) -> tuple[Advisory, ...]:
        """What a reader must know of the territories themselves, whatever is injected."""
        found: list[Advisory] = []
        for territory in self.territories:
            found += advise_if(
                "lung_shunt_above_20_percent",
                "territory",
                lung_shunt_fraction=territory.lung_shunt_fraction,
                territory=territory.name,
            )
            for portion in territory.tumors:
                of = f" of '{portion.tumor}' in '{territory.name}'"
                found += ratio_advisories(portion.tumor_to_normal_ratio, of)
        twice = [
            name
            for name, overlap in self._overlaps().items()
            if overlap == "same_tissue" and sum(p.tumor == name for t in self.territories for p in t.tumors) > 1
        ]
        if twice:
            found.append(advise("normal_livers_taken_as_disjoint", tumors=", ".join(twice)))
        return tuple(found)

    def _overlaps(self) -> Mapping[str, str]:
        return dict.fromkeys(self.tumors, self.overlap) if isinstance(self.overlap, str) else self.overlap

    def _vial_advisories(self, activities_gbq: Sequence[float]) -> list[Advisory]:
        return [
            replace(advisory, message=f"Territory '{territory.name}': {advisory.message}")
            for territory, activity in zip(self.territories, activities_gbq, strict=True)
            for advisory in vial_content(activity)
        ]

    def _uneven(self, given: Sequence[float], portions: Sequence[Sequence[float]]) -> tuple[Advisory, ...]:
        """Territories without activity, and portions that have less than half of their tumor's mean dose."""
        found = [
            advise("territory_without_activity", territory=t.name, activity_gbq=activity)
            for t, activity in zip(self.territories, given, strict=True)
            if activity <= 1e-9 * max(given, default=0.0) and any(activity > 0 for activity in given)
        ]
        overlap = self._overlaps()
        doses: dict[str, list[tuple[str, float, float]]] = {}
        for territory, of_territory in zip(self.territories, portions, strict=True):
            for portion, dose in zip(territory.tumors, of_territory, strict=True):
                if overlap[portion.tumor] == "disjoint":
                    doses.setdefault(portion.tumor, []).append((territory.name, portion.mass_kg, dose))
        for tumor, parts in doses.items():
            mean = sum(mass * dose for _, mass, dose in parts) / sum(mass for _, mass, _ in parts)
            for name, _, dose in parts:
                if dose < 0.5 * mean:
                    found.append(
                        advise(
                            "portion_below_half_of_mean",
                            tumor=tumor,
                            territory=name,
                            dose_gy=dose,
                            mean_gy=mean,
                            half_of_mean_gy=0.5 * mean,
                        )
                    )
        return tuple(found)

    def _lung_advisories(self, lung_dose_gy: float) -> tuple[Advisory, ...]:
        cumulative = self.prior_lung_dose_gy + lung_dose_gy
        return (
            *lung_dose_advisories(lung_dose_gy, LUNG_LIMIT_GY, rounding=1e-9),
            *cumulative_lung_dose_advisories(cumulative, CUMULATIVE_LUNG_LIMIT_GY, rounding=1e-9),
        )


def check_prior_whole(whole_gy: float, least_gy: float) -> None:
    """Check a dose of earlier treatments to the whole normal liver against what its parts alone make of it."""
    _core.non_negative("prior dose in Gy to the whole normal liver", whole_gy)
    if whole_gy < 0.98 * least_gy:
        raise OutOfRangeError(
            "prior dose in Gy to the whole normal liver must be at least what the dose to its parts makes in the mean, "
            f"{least_gy:.4g}, got {whole_gy:g}"
        )


def _checked(territory: Territory) -> Territory:
    name = territory.name
    for text in (name, *(portion.tumor for portion in territory.tumors)):
        if not isinstance(text, str):
            raise ArgumentError(f"names of territories and tumors must be text, got {text!r:.80}")
    portions = tuple(
        TumorPortion(
            portion.tumor,
            number(f"tumor mass in kg in territory '{name}'", portion.mass_kg),
            number(f"tumor-to-normal ratio in territory '{name}'", portion.tumor_to_normal_ratio),
        )
        for portion in territory.tumors
    )
    shunt = number(f"lung shunt fraction of territory '{name}'", territory.lung_shunt_fraction)
    normal = number(f"perfused normal liver mass in kg of territory '{name}'", territory.normal_mass_kg)
    return Territory(name, shunt, normal, portions)
