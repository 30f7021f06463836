"""Uncertainties of a plan in words, and as columns of its table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._foundation.choices import PlannedQuantityKind
from ..evaluation.uncertainty_inputs import COVERAGE_FACTOR
from ._side_by_side import ModelRun
from .plan_uncertainty import PlanUncertainty
from .plan_uncertainty_inputs import FLAGS, PlanUncertaintyInputs

#: Each uncertainty that can be stated, in words.
_WORDS = {
    "administered_activity_uncertainty": "activity meter",
    "residual_uncertainty": "residual",
    "lung_shunt_uncertainty": "lung shunt",
    "tumor_mass_uncertainty": "tumor mass",
    "tumor_to_normal_ratio_uncertainty": "tumor-to-normal ratio",
    "normal_mass_uncertainty": "perfused normal liver",
    "common_mass_uncertainty": "common error of all masses",
    "perfused_mass_uncertainty": "everything perfused",
    "normal_total_mass_uncertainty": "all normal liver",
    "lung_mass_uncertainty": "lung mass",
    "method_uncertainty": "the model itself",
}
_FLAG_WORDS = {
    "ratio_from_counts": "ratios found from counts over these masses",
    "normal_mass_from_difference": "normal liver as everything perfused less the tumors",
    "shunts_from_one_scan": "one shunt of all territories",
}
U_WORDS = (
    "u is the standard uncertainty (coverage factor 1) of the number above it, for the activity that is planned, to "
    f"first order; {COVERAGE_FACTOR:g} u to either side hold 95 % of a normal distribution."
)


def stated_in_words(inputs: PlanUncertaintyInputs | None) -> str:
    """List the uncertainties that are stated, and those that are not."""
    if inputs is None or not inputs.stated:
        return "none stated, so that no number here has one"
    stated = [f"{_WORDS[name]} {_percent(getattr(inputs, name))}" for name in inputs.stated]
    flags = [_FLAG_WORDS[name] for name in FLAGS if getattr(inputs, name)]
    return f"{', '.join(stated)} (relative, coverage factor 1){'; ' if flags else ''}{', '.join(flags)}"


def _percent(value: float | Mapping[str, float]) -> str:
    if isinstance(value, Mapping):
        return " and ".join(f"{100.0 * u:.3g} % of '{name}'" for name, u in value.items())
    return f"{100.0 * value:.3g} %"


def uncertain(
    found: PlanUncertainty | None, kind: PlannedQuantityKind, territory: str = "", tumor: str = ""
) -> float | None:
    """Return the standard uncertainty of a quantity, None if none is stated of any input of it."""
    each = None if found is None else found.get(kind, territory, tumor)
    return None if each is None or not each.budget.components else each.budget.standard_uncertainty


def dose_uncertainties(run: ModelRun) -> dict[str, Any]:
    """Return the uncertainties of the columns of a row of the comparison, by the names of the columns."""
    found = run.uncertainty
    names = [tumor.tumor for tumor in run.doses.tumors]
    doses = dict(zip(names, run.doses.tumor_doses_gy, strict=True))
    columns: dict[str, float | None] = {"lowest_tumor": None, "highest_tumor": None}
    if doses:
        columns["lowest_tumor"] = uncertain(found, "tumor", tumor=min(doses, key=doses.__getitem__))
        columns["highest_tumor"] = uncertain(found, "tumor", tumor=max(doses, key=doses.__getitem__))
    kinds: tuple[PlannedQuantityKind, ...] = ("perfused_mean", "normal_perfused", "normal_whole", "lung")
    for kind in kinds:
        columns[kind] = uncertain(found, kind)
    return {
        "needed_activity_standard_uncertainty_gbq": uncertain(found, "needed_activity"),
        **{f"{name}_dose_standard_uncertainty_gy": u for name, u in columns.items()},
        "coverage_factor": None if found is None else COVERAGE_FACTOR,
    }


def uncertainty_lines(found: PlanUncertainty | None) -> list[str]:
    """Sentences on the activity that a target or limit needs, and on the limits; none if no uncertainty is stated."""
    if found is None:
        return []
    lines = []
    needed = found.get("needed_activity")
    if needed is not None and needed.budget.components:
        low, high = needed.interval_of_draws
        lines.append(
            f"uncertainty: The activity that this asks for, {needed.budget.value:.3f} GBq, has a standard uncertainty "
            f"of {needed.budget.standard_uncertainty:.2g} GBq; 95 % of the draws lie within {low:.3f} to "
            f"{high:.3f} GBq."
        )
    if found.limits:
        first, *more = (f"{each.clause} in {each.share}" for each in found.limits)
        clauses = "; ".join((f"{first} of {found.draws} draws", *more))
        lines.append(f"uncertainty: With the uncertainties stated, {clauses}.")
    return lines


def open_inputs_in_words(every: Iterable[PlanUncertainty | None]) -> str:
    """One sentence on the inputs of which no uncertainty is stated."""
    names = dict.fromkeys(
        name for found in every if found is not None for each in found.quantities for name in each.open_inputs
    )
    return f"Not included in u and in the draws: {', '.join(names) or 'nothing that enters'}."
