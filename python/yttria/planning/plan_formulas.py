"""Partition model as functions of its uncertain inputs, for draws and for complex steps.

One definition is used in both ways of propagation. Monte Carlo evaluates it at arrays of draws. The first order takes
its derivatives by the complex step `f'(x) = Im f(x + i h) / h`. This has only rounding error, because it contains no
subtraction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.choices import PlannedQuantityKind, UncertaintySource
from ..errors import UndefinedError
from .partition import PartitionModel
from .plan_uncertainty_inputs import PlanUncertaintyInputs

Values = NDArray[Any]
_STEP = 1e-200


@dataclass(frozen=True, kw_only=True)
class PlanInput:
    """Input of a plan that may be uncertain, which is a share within [0, 1] or a positive number.

    `relative_uncertainty` is None if none is stated. `stated_as` names the field that states it.
    """

    source: UncertaintySource
    name: str
    value: float
    relative_uncertainty: float | None
    stated_as: str

    @property
    def share(self) -> bool:
        """Whether the input is a share within [0, 1]."""
        return self.source in ("residual", "lung_shunt")

    @property
    def standard_uncertainty(self) -> float:
        """Absolute standard uncertainty, 0 if none is stated."""
        return self.value * (self.relative_uncertainty or 0.0)


@dataclass(frozen=True, kw_only=True)
class PlannedQuantity:
    """Identity of a planned dose or activity.

    Parameters
    ----------
    kind : {"activity", "needed_activity", "perfused_mean", "tumor", "normal_perfused", "normal_whole", "lung"}
        The activity that is delivered, the one that a target or limit asks for, or the mean dose to a tissue.
    territory, tumor : str
        Names; "" if it is of all territories, or has no name.
    """

    kind: PlannedQuantityKind
    territory: str = ""
    tumor: str = ""


class PlanFormulas:
    """Doses of a treatment as functions of the inputs that may be uncertain."""

    model: PartitionModel
    stated: PlanUncertaintyInputs
    tissues_apart: bool

    def __init__(self, model: PartitionModel, stated: PlanUncertaintyInputs, *, tissues_apart: bool = True) -> None:
        """Collect the inputs of a model. If tissues are not separate, its only tumor represents all perfused tissue."""
        names = tuple(territory.name for territory in model.territories)
        if tissues_apart:
            stated.check_names(model.tumors, names)
        self.model, self.stated, self.tissues_apart = model, stated, tissues_apart
        self.inputs: list[PlanInput] = []
        self._method = self._add("method", "the model itself", 1.0, "method_uncertainty")
        self._meter = self._add("administered_activity", "activity meter", 1.0, "administered_activity_uncertainty")
        self._common = self._add("density", "common error of all masses", 1.0, "common_mass_uncertainty")
        self._residuals: list[int] = []
        self._shunts: list[int] = []
        self._normals: list[int] = []
        self._masses: list[list[int]] = []
        self._ratios: list[list[int]] = []
        self._difference = stated.normal_mass_from_difference and tissues_apart
        self._fed: dict[str, int] = {}
        for k, name in enumerate(names):
            self._add_territory(k, f" of '{name}'" if len(names) > 1 else "")
        self._lungs = self._add("lung_mass", "mass of the lungs", model.lung_mass_kg, "lung_mass_uncertainty")
        self._total: int | None = None
        total, perfused = model.normal_total_mass_kg, sum(t.normal_perfused_mass_kg for t in model.territories)
        if total is not None and tissues_apart and not np.isclose(total, perfused, rtol=1e-9):
            self._total = self._add("normal_mass", "mass of all normal liver", total, "normal_total_mass_uncertainty")

    def _add_territory(self, k: int, where: str) -> None:
        territory = self.model.territories[k]
        key, normal = territory.name, territory.normal_perfused_mass_kg
        residual = self.model.residual_fraction
        self._residuals.append(self._add("residual", f"residual{where}", residual, "residual_uncertainty"))
        self._shunts.append(self._shunt(k, where))
        if self._difference:
            everything = normal + sum(tumor.mass_kg for tumor in territory.tumors)
            name = f"mass of everything perfused{where}"
            self._normals.append(self._add("perfused_mass", name, everything, "perfused_mass_uncertainty"))
        else:
            name = f"mass of the perfused normal liver{where}"
            self._normals.append(self._add("normal_mass", name, normal, "normal_mass_uncertainty", key))
        masses, ratios = [], []
        for index, tumor in enumerate(territory.tumors):
            name = territory.tumor_name(index)
            at = self._fed.get(name)
            if at is None:
                at = self._add_tumor_mass(name, where, tumor.mass_kg)
                if self.model.overlap_of(name) == "same_tissue":
                    self._fed[name] = at
            masses.append(at)
            ratio = tumor.tumor_to_normal_ratio
            # A ratio that is not given has no effect.
            field = "" if ratio is None else "tumor_to_normal_ratio_uncertainty"
            label = f"tumor-to-normal ratio of {_quoted(name)}{where}"
            ratios.append(self._add("tumor_to_normal_ratio", label, ratio or 1.0, field, name))
        self._masses.append(masses)
        self._ratios.append(ratios)

    def _shunt(self, k: int, where: str) -> int:
        territory, first = self.model.territories[k], self.model.territories[0]
        if k > 0 and self.stated.shunts_from_one_scan:
            if territory.lung_shunt_fraction != first.lung_shunt_fraction:
                raise UndefinedError(
                    "shunts_from_one_scan has no meaning for shunts that differ, "
                    f"{first.lung_shunt_fraction:g} of '{first.name}' and {territory.lung_shunt_fraction:g} of "
                    f"'{territory.name}'"
                )
            return self._shunts[0]
        value = territory.lung_shunt_fraction
        where = "" if self.stated.shunts_from_one_scan else where
        return self._add("lung_shunt", f"lung shunt{where}", value, "lung_shunt_uncertainty", territory.name)

    def _add_tumor_mass(self, tumor: str, where: str, mass_kg: float) -> int:
        if not self.tissues_apart:
            return self._add("perfused_mass", "mass of everything perfused", mass_kg, "perfused_mass_uncertainty")
        return self._add("tumor_mass", f"mass of {_quoted(tumor)}{where}", mass_kg, "tumor_mass_uncertainty", tumor)

    def _add(self, source: UncertaintySource, name: str, value: float, stated_as: str, key: str = "") -> int:
        u = self.stated.value_of(stated_as, key) if stated_as else 0.0
        self.inputs.append(
            PlanInput(source=source, name=name, value=value, relative_uncertainty=u, stated_as=stated_as)
        )
        return len(self.inputs) - 1

    @property
    def values(self) -> NDArray[np.float64]:
        """Stated values of the inputs."""
        return np.array([each.value for each in self.inputs])

    @property
    def uncertainties(self) -> NDArray[np.float64]:
        """Absolute standard uncertainties of the inputs, 0 if none is stated."""
        return np.array([each.standard_uncertainty for each in self.inputs])

    def possible(self, x: Values) -> NDArray[np.bool_]:
        """Decide which draws have a positive normal liver in each territory. A difference of masses may be negative."""
        found = np.ones(x.shape[1:], bool)
        if self._difference:
            for k in range(len(self._normals)):
                found &= self._normal_at(k, x) > 0.0
        return found

    def doses(self, activities_gbq: list[float], x: Values) -> dict[PlannedQuantity, Values]:
        """Mean doses in Gy at the inputs `x` of shape (inputs, ...), for the activities planned to be delivered.

        The vial is ordered by the planned residual fraction, so that another residual delivers another activity.
        """
        model, c = self.model, self.model.nuclide.dose_factor_gy_kg_per_gbq
        found: dict[PlannedQuantity, Values] = {}
        to_lungs, energy_of_normal, normal_mass = (np.zeros(x.shape[1:], x.dtype) for _ in range(3))
        portions: dict[str, list[tuple[Values, Values]]] = {}
        for k, territory in enumerate(model.territories):
            kept = (1.0 - x[self._residuals[k]]) / (1.0 - model.residual_fraction)
            released = c * x[self._method] * activities_gbq[k] * x[self._meter] * kept
            shunt, normal = x[self._shunts[k]], self._normal_at(k, x)
            masses, ratios = [x[m] * x[self._common] for m in self._masses[k]], self._ratios_at(k, x)
            weight = normal + sum(r * m for r, m in zip(ratios, masses, strict=True))
            base = released * (1.0 - shunt) / weight
            to_lungs = to_lungs + released * shunt
            energy_of_normal, normal_mass = energy_of_normal + base * normal, normal_mass + normal
            name = territory.name
            mean = released * (1.0 - shunt) / (normal + sum(masses))
            found[PlannedQuantity(kind="activity", territory=name)] = activities_gbq[k] * x[self._meter] * kept
            found[PlannedQuantity(kind="perfused_mean", territory=name)] = mean
            if not self.tissues_apart:
                continue
            for i, (mass, ratio) in enumerate(zip(masses, ratios, strict=True)):
                tumor = territory.tumor_name(i)
                found[PlannedQuantity(kind="tumor", territory=name, tumor=tumor)] = ratio * base
                portions.setdefault(tumor, []).append((ratio * base, mass))
            if territory.normal_perfused_mass_kg > 0.0:
                found[PlannedQuantity(kind="normal_perfused", territory=name)] = base
        for tumor, parts in portions.items() if len(model.territories) > 1 else ():
            found[PlannedQuantity(kind="tumor", tumor=tumor)] = self._together(tumor, parts)
        if model.normal_total_mass_kg and self.tissues_apart:
            total = normal_mass if self._total is None else x[self._total] * x[self._common]
            found[PlannedQuantity(kind="normal_whole")] = energy_of_normal / total
        found[PlannedQuantity(kind="lung")] = to_lungs / x[self._lungs]
        return found

    def sensitivities(self, activities_gbq: list[float]) -> dict[PlannedQuantity, NDArray[np.float64]]:
        """`d dose / d input` of every dose at the stated inputs, in Gy per unit of each input."""
        count = len(self.inputs)
        x = np.repeat(self.values.astype(np.complex128)[:, None], count, axis=1)
        x[np.arange(count), np.arange(count)] += 1j * _STEP
        return {key: value.imag / _STEP for key, value in self.doses(activities_gbq, x).items()}

    def _normal_at(self, k: int, x: Values) -> Values:
        normal = x[self._normals[k]]
        if self._difference:
            normal = normal - sum(x[m] for m in self._masses[k])
        return np.asarray(normal * x[self._common])

    def _ratios_at(self, k: int, x: Values) -> list[Values]:
        """Compute the ratios of a territory. Those found from counts depend on the masses."""
        ratios = [x[r] for r in self._ratios[k]]
        normal = self.model.territories[k].normal_perfused_mass_kg
        if not self.stated.ratio_from_counts or normal == 0.0:
            return ratios
        follow = self._normal_at(k, x) / normal / x[self._common]
        return [r * follow * self.inputs[m].value / x[m] for r, m in zip(ratios, self._masses[k], strict=True)]

    def _together(self, tumor: str, parts: list[tuple[Values, Values]]) -> Values:
        """Compute the mean over mass of different parts of a tumor, or the sum if one tissue is fed more than once."""
        if self.model.overlap_of(tumor) == "same_tissue":
            return np.asarray(sum(dose for dose, _ in parts))
        return np.asarray(sum(dose * mass for dose, mass in parts) / sum(mass for _, mass in parts))


def _quoted(name: str) -> str:
    """Write a name in quotes. A tumor without a name is called by its number."""
    return name if name.startswith("tumor ") else f"'{name}'"
