"""The partition model of a treatment, injected in one or several territories, as its definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from types import SimpleNamespace
from typing import Any

import numpy as np

from .energy_balance import liver_energy_j
from .partition import partition_doses, weight_kg

ONE = (
    "delivered_activity_gbq",
    "vial_activity_gbq",
    "normal_perfused_dose_gy",
    "perfused_mean_dose_gy",
    "liver_energy_j",
)
"""Fields that a treatment of one territory also has in the singular; their plural has a value for each territory."""


@dataclass(frozen=True, kw_only=True)
class Tumor:
    """A tumor, or the part of one that lies in a territory; a ratio of `None` cancels, and is 1."""

    mass_kg: float
    tumor_to_normal_ratio: float | None
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Territory:
    """Tissue that one injection reaches."""

    normal_perfused_mass_kg: float
    lung_shunt_fraction: float
    tumors: Sequence[Tumor] = ()
    name: str = ""

    @property
    def tissue(self) -> tuple[list[float], list[float], float, float]:
        """Tumor masses, their ratios, perfused normal mass and lung shunt."""
        ratios = [1.0 if t.tumor_to_normal_ratio is None else t.tumor_to_normal_ratio for t in self.tumors]
        return [t.mass_kg for t in self.tumors], ratios, self.normal_perfused_mass_kg, self.lung_shunt_fraction

    @property
    def perfused_mass_kg(self) -> float:
        """Mass of everything that the injection reaches in the liver."""
        return self.normal_perfused_mass_kg + sum(t.mass_kg for t in self.tumors)


@dataclass(frozen=True, kw_only=True)
class PartitionLimits:
    """Limits of the activity of one territory; `None` is no limit."""

    normal_perfused_limit_gy: float | None = None
    normal_whole_limit_gy: float | None = None
    lung_limit_gy: float | None = None
    cumulative_lung_limit_gy: float | None = None
    activity_limit_gbq: float | None = None
    prior_normal_perfused_dose_gy: float = 0.0
    prior_normal_whole_dose_gy: float = 0.0
    prior_lung_dose_gy: float = 0.0


@dataclass(kw_only=True)
class PartitionModel:
    """Each injection divides between the tissues of its territory; `overlap` is of tumors with parts in several."""

    territories: Sequence[Territory]
    dose_factor_gy_kg_per_gbq: float
    overlap: str | None = None
    normal_total_mass_kg: float | None = None
    lung_mass_kg: float = 1.0
    unperfused_tumor_mass_kg: Mapping[str, float] = field(default_factory=dict)
    residual_fraction: float = 0.0
    prior_lung_dose_gy: float = 0.0

    def doses(self, delivered_activities_gbq: Any) -> SimpleNamespace:
        """The doses of every tissue in Gy.

        Those of a territory are `partition_doses` of its injection. Parts of a tumor are averaged by mass if they are
        "disjoint"; if they are the "same_tissue", doses of the injections add. The whole of a tumor or of the normal
        liver has in it what received nothing. Lung doses of the injections add.
        """
        given = np.atleast_1d(np.asarray(delivered_activities_gbq, dtype=np.float64))
        factor = self.dose_factor_gy_kg_per_gbq
        found = [
            partition_doses(a, *t.tissue, self.lung_mass_kg, dose_factor_gy_kg_per_gbq=factor)
            for a, t in zip(given, self.territories, strict=True)
        ]
        energies = [
            float(liver_energy_j(a, t.lung_shunt_fraction, factor))
            for a, t in zip(given, self.territories, strict=True)
        ]
        portions = [d["tumor_doses_gy"].tolist() for d in found]
        normal = [
            float(d["normal_perfused_dose_gy"]) if t.normal_perfused_mass_kg > 0 else None
            for d, t in zip(found, self.territories, strict=True)
        ]
        whole = None
        if self.normal_total_mass_kg:
            in_normal = sum(
                d * t.normal_perfused_mass_kg for d, t in zip(normal, self.territories, strict=True) if d is not None
            )
            whole = in_normal / self.normal_total_mass_kg
        of_each: dict[str, list[Any]] = {
            "delivered_activities_gbq": given.tolist(),
            "vial_activities_gbq": (given / (1 - self.residual_fraction)).tolist(),
            "normal_perfused_doses_gy": normal,
            "perfused_mean_doses_gy": [e / t.perfused_mass_kg for e, t in zip(energies, self.territories, strict=True)],
            "liver_energies_j": energies,
        }
        only = {one: values[0] for one, values in zip(ONE, of_each.values(), strict=True) if given.size == 1}
        return SimpleNamespace(
            **of_each,
            **only,
            tumor_portion_doses_gy=portions,
            tumor_doses_gy=portions[0],
            tumors=[self._tumor(name, portions) for name in self._tumor_names()],
            normal_whole_dose_gy=whole,
            lung_dose_gy=sum(float(d["lung_dose_gy"]) for d in found),
        )

    def _tumor_names(self) -> list[str]:
        return list(dict.fromkeys(tumor.name for territory in self.territories for tumor in territory.tumors))

    def _tumor(self, name: str, portions: list[list[float]]) -> SimpleNamespace:
        parts = [
            (tumor.mass_kg, dose)
            for territory, doses in zip(self.territories, portions, strict=True)
            for tumor, dose in zip(territory.tumors, doses, strict=True)
            if tumor.name == name
        ]
        mass, energy = sum(kg for kg, _ in parts), sum(kg * gy for kg, gy in parts)
        if self.overlap == "same_tissue":
            mass = max(kg for kg, _ in parts)
            energy = mass * sum(gy for _, gy in parts)
        whole = mass + self.unperfused_tumor_mass_kg.get(name, 0.0)
        return SimpleNamespace(
            tumor=name,
            perfused_mass_kg=mass,
            perfused_mean_dose_gy=energy / mass,
            whole_mass_kg=whole,
            whole_mean_dose_gy=energy / whole,
        )

    def activity_at_normal_dose_gbq(self, dose_gy: float) -> float:
        """`D W / (C (1 - L))`, of one territory."""
        masses, ratios, normal, shunt = self.territories[0].tissue
        in_liver = self.dose_factor_gy_kg_per_gbq * (1 - shunt)
        return float(dose_gy * weight_kg(masses, ratios, normal) / in_liver)

    def activity_for_tumor_dose(self, target_dose_gy: float, *, tumor: int = 0) -> SimpleNamespace:
        """Doses of one territory where one of its tumors receives the target: the normal liver then has `D / r`."""
        ratio = self.territories[0].tissue[1][tumor]
        return self.doses(self.activity_at_normal_dose_gbq(target_dose_gy / ratio))

    def maximum_activity(
        self, limits: PartitionLimits, *, target_tumor_dose_gy: float | None = None, tumor: int = 0
    ) -> SimpleNamespace:
        """The least of the activities at which a limit is reached, earlier doses taken off it first."""
        at = self._at_limits(limits)
        reached = [each for each in at if each.delivered_activity_gbq is not None]
        largest = min((each.delivered_activity_gbq for each in reached), default=None)
        for each in reached:
            each.binding = each.delivered_activity_gbq <= (largest or 0.0) * (1 + 1e-9)
        target = None
        if target_tumor_dose_gy is not None:
            target = self.activity_for_tumor_dose(target_tumor_dose_gy, tumor=tumor)
        return SimpleNamespace(
            delivered_activity_gbq=largest,
            binding=[each.kind for each in at if each.binding],
            at_limits=at,
            activity_at={each.kind: each.delivered_activity_gbq for each in at}.get,
            doses=None if largest is None else self.doses(largest),
            target=target,
            target_reachable=target and target.delivered_activity_gbq <= (inf if largest is None else largest),
        )

    def _at_limits(self, limits: PartitionLimits) -> list[SimpleNamespace]:
        """Each limit that is given; no activity if it is never reached, as that of the lungs without a shunt.

        The mean over all normal liver is the perfused part's dose diluted by what receives nothing.
        """
        normal_kg, shunt = self.territories[0].normal_perfused_mass_kg, self.territories[0].lung_shunt_fraction
        perfused = self.activity_at_normal_dose_gbq(1.0) if normal_kg > 0 else None
        whole = None if perfused is None else perfused * (self.normal_total_mass_kg or normal_kg) / normal_kg
        lungs = self.lung_mass_kg / (self.dose_factor_gy_kg_per_gbq * shunt) if shunt > 0 else None
        lung_prior_gy = limits.prior_lung_dose_gy or self.prior_lung_dose_gy
        # Kind, limit, earlier dose, GBq per Gy.
        given = (
            ("normal_perfused", limits.normal_perfused_limit_gy, limits.prior_normal_perfused_dose_gy, perfused),
            ("normal_whole", limits.normal_whole_limit_gy, limits.prior_normal_whole_dose_gy, whole),
            ("lung", limits.lung_limit_gy, 0.0, lungs),
            ("lung_cumulative", limits.cumulative_lung_limit_gy, lung_prior_gy, lungs),
            ("activity", limits.activity_limit_gbq, 0.0, 1.0),
        )
        return [
            SimpleNamespace(
                kind=kind,
                limit=limit,
                prior_gy=prior,
                delivered_activity_gbq=None if per_gy is None else max(limit - prior, 0.0) * per_gy,
                binding=False,
            )
            for kind, limit, prior, per_gy in given
            if limit is not None
        ]
