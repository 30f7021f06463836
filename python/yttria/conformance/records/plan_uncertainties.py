"""Records of the uncertainty of a difference, and of the doses of two territories with dependent masses and ratios."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ... import evaluation, planning
from ..._foundation.choices import UncertaintySource
from ...reference import budget_difference as difference
from ...reference import plan_uncertainty as reference
from .._record import COMPARED, Record, dose_factor, in_room, nuclide

_planning, _evaluation = in_room("planning"), in_room("evaluation")
#: Values and signed contributions of two doses of one image, by the source of each input.
SIDES: tuple[tuple[float, dict[UncertaintySource, float]], ...] = (
    (100.0, {"calibration": 5.0, "counts": -3.0, "volume": 2.0}),
    (111.0, {"calibration": 5.5, "counts": -2.0, "method": 4.0}),
)
COMMON: tuple[UncertaintySource, ...] = ("calibration", "counts")
ACTIVITIES, LUNGS_KG, RESIDUAL = (1.3, 0.8), 0.9, 0.02
TERRITORIES: tuple[reference.Tissue, ...] = (([0.3, 0.05], [4.0, 2.5], 0.9, 0.05), ([0.12], [3.0], 0.5, 0.12))
STATED: dict[str, Any] = {
    "administered_activity_uncertainty": 0.05,
    "residual_uncertainty": 0.5,
    "lung_shunt_uncertainty": 0.2,
    "tumor_mass_uncertainty": 0.15,
    "tumor_to_normal_ratio_uncertainty": 0.2,
    "normal_mass_uncertainty": 0.1,
    "common_mass_uncertainty": 0.03,
    "lung_mass_uncertainty": 0.25,
}
#: Three sets of inputs, with independent masses and ratios, with ratios that depend on the masses, and with a normal
#: liver that is also a difference.
WAYS: tuple[dict[str, Any], ...] = (
    STATED,
    STATED | {"ratio_from_counts": True},
    {name: u for name, u in STATED.items() if name != "normal_mass_uncertainty"}
    | {"perfused_mass_uncertainty": 0.08, "ratio_from_counts": True, "normal_mass_from_difference": True},
)
_COMPARED_KINDS = ("tumor", "normal_perfused", "lung")


def records() -> tuple[Record, ...]:
    """List the records of this file."""

    def core() -> SimpleNamespace:
        return SimpleNamespace(plan_uncertainty=lambda: [_of_core(stated) for stated in WAYS])

    def defined() -> list[list[float]]:
        factor = dose_factor(COMPARED)
        return [
            reference.plan_uncertainty(ACTIVITIES, TERRITORIES, LUNGS_KG, RESIDUAL, stated, factor) for stated in WAYS
        ]

    return (
        _planning("plan_uncertainty", {}, of=core, reference=defined, relative=1e-8),
        _evaluation(
            "uncertain_difference",
            {},
            of=lambda: SimpleNamespace(uncertain_difference=_difference_of_core),
            reference=lambda: difference.uncertain_difference(SIDES[0], SIDES[1], COMMON),
        ),
    )


def _of_core(stated: dict[str, Any]) -> list[float]:
    territories = [
        planning.Territory(
            name=f"territory {k}",
            tumors=[
                planning.Tumor(name=f"{k}-{i}", mass_kg=mass, tumor_to_normal_ratio=ratio)
                for i, (mass, ratio) in enumerate(zip(masses, ratios, strict=True))
            ],
            normal_perfused_mass_kg=normal,
            lung_shunt_fraction=shunt,
        )
        for k, (masses, ratios, normal, shunt) in enumerate(TERRITORIES)
    ]
    model = planning.PartitionModel(
        territories=territories,
        overlap="disjoint",
        lung_mass_kg=LUNGS_KG,
        residual_fraction=RESIDUAL,
        nuclide=nuclide(COMPARED),
    )
    inputs = planning.PlanUncertaintyInputs(**stated)
    found = planning.plan_uncertainty(model, ACTIVITIES, inputs, draws=1000)
    # The definition does not include the doses to a tumor over all territories.
    return [
        each.budget.standard_uncertainty
        for each in found.quantities
        if each.of.kind in _COMPARED_KINDS and (each.of.territory or each.of.kind == "lung")
    ]


def _difference_of_core() -> list[float | None]:
    budgets = [
        evaluation.UncertaintyBudget(
            quantity="mean_gy",
            unit="Gy",
            value=value,
            components=tuple(
                evaluation.UncertaintyComponent(
                    source=source,
                    input=source,
                    input_standard_uncertainty=0.05,
                    input_unit="fraction",
                    contribution=contribution,
                )
                for source, contribution in contributions.items()
            ),
        )
        for value, contributions in SIDES
    ]
    found = evaluation.uncertain_difference(budgets[0], budgets[1], common=COMMON)
    return [found.standard_uncertainty, found.z]
