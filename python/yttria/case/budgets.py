"""Uncertainty of the doses of a case, with the stated inputs, the budgets and their advisories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._foundation.timings import stage
from ..advisory import Advisory, advise
from ..errors import ArgumentError, FileFormatError, YttriaError
from ..evaluation import StructureDose, UncertaintyBudget, UncertaintyInputs, UncertaintyRow
from ..geometry.structure import Structure
from ..voxel import DoseResult, propagate_uncertainty
from .case import Case
from .inputs import CaseInputs


@dataclass(frozen=True, kw_only=True)
class CaseUncertainty:
    """Uncertainty of the doses and volumes of a case.

    Parameters
    ----------
    inputs : UncertaintyInputs
        The stated uncertainties.
    budgets : list of UncertaintyBudget
        The budgets of each structure.
    propagated : mapping of str to object, optional
        Result of `PropagatedDoses.as_dict`, if the inputs were also drawn at random.
    """

    inputs: UncertaintyInputs
    budgets: list[UncertaintyBudget] = field(repr=False)
    propagated: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def advisories(self) -> list[Advisory]:
        """One advisory on all structures with a large relative uncertainty, which gives the largest of each."""
        worst: dict[str, UncertaintyBudget] = {}
        for budget in self.budgets:
            if budget.advisories and _relative(budget) > _relative(worst.get(budget.structure)):
                worst[budget.structure] = budget
        if len(worst) < 2:
            return [told for budget in worst.values() for told in budget.advisories]
        quantities = ", ".join(f"{_words(each)} {_relative(each):.2g}" for each in worst.values())
        largest = max(map(_relative, worst.values()))
        return [advise("large_uncertainty", "several", quantities=quantities, relative_uncertainty=largest)]

    def rows(self) -> list[UncertaintyRow]:
        """Return one row for each component of each budget.

        Returns
        -------
        list of UncertaintyRow
            Rows of `UncertaintyBudget.rows`.
        """
        return [row for budget in self.budgets for row in budget.rows()]

    def as_dict(self) -> dict[str, Any]:
        """Return plain data in the form of doses.json.

        Returns
        -------
        dict
            With "inputs", "budgets", and "propagated" if the inputs were drawn.
        """
        plain: dict[str, Any] = {
            "inputs": self.inputs.as_dict(),
            "budgets": [budget.as_dict() for budget in self.budgets],
        }
        return plain if self.propagated is None else plain | {"propagated": self.propagated}

    def columns(self, structure: str) -> dict[str, float | None]:
        """Return the columns of a row that come from the draws.

        Parameters
        ----------
        structure : str
            Name of the structure.

        Returns
        -------
        dict of str to float or None
            "mean_drawn_standard_uncertainty_gy", "mean_interval_low_gy" and "mean_interval_high_gy", and the same of
            the other quantities. It is empty if the inputs were not drawn.
        """
        found: dict[str, float | None] = {}
        for each in self._drawn(structure):
            stem, unit = each["quantity"].rsplit("_", 1)
            low, high = each["interval"] or (None, None)
            found |= {
                f"{stem}_drawn_standard_uncertainty_{unit}": each["standard_uncertainty"],
                f"{stem}_interval_low_{unit}": low,
                f"{stem}_interval_high_{unit}": high,
            }
        return found

    def _drawn(self, structure: str) -> list[Mapping[str, Any]]:
        quantities = () if self.propagated is None else self.propagated["quantities"]
        return [each for each in quantities if each["structure"] == structure]

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> CaseUncertainty:
        """Make the uncertainty of a case from plain data.

        Parameters
        ----------
        plain : mapping of str to object
            Result of `as_dict`.

        Returns
        -------
        CaseUncertainty

        Raises
        ------
        FileFormatError
            If the data are not a result of `as_dict`.
        """
        try:
            inputs = UncertaintyInputs.from_dict(plain["inputs"])
            budgets = list(map(UncertaintyBudget.from_dict, plain["budgets"]))
            return cls(inputs=inputs, budgets=budgets, propagated=plain.get("propagated"))
        except (KeyError, TypeError, AttributeError, YttriaError) as error:
            raise FileFormatError(f"the budgets of uncertainty cannot be read: {error}") from error


def complete_rows(
    case: Case,
    inputs: CaseInputs,
    result: DoseResult,
    structures: Sequence[Structure],
    rows: Sequence[StructureDose],
    *,
    progress: Callable[[int, int], object] | None = None,
    threads: int | None = None,
) -> tuple[list[StructureDose], CaseUncertainty | None]:
    """Complete the rows with the stated uncertainties, blur and microspheres.

    The budgets are None if nothing is stated.

    Draws without stated uncertainties raise `ArgumentError`.
    """
    if inputs.uncertainty is None and case.propagate is not None:
        raise ArgumentError(
            "propagate needs at least one stated uncertainty, such as calibration_uncertainty or a file"
        )
    reference = next((each for each in inputs.structures if each.name == case.relative_to), None)
    with stage("uncertainty"):
        completed, budgets = result.completed(
            rows,
            structures,
            uncertainty=inputs.uncertainty,
            partial_volume=inputs.partial_volume,
            reference=reference,
            sub_voxel_mm=case.sub_voxel_mm,
            threads=threads,
        )
    if inputs.uncertainty is None:
        return completed, None
    if case.propagate is None:
        return completed, CaseUncertainty(inputs=inputs.uncertainty, budgets=budgets)
    seen = {budget.structure for budget in budgets}
    with stage("propagation"):
        drawn = propagate_uncertainty(
            result,
            [structure for structure in structures if structure.name in seen],
            inputs.uncertainty,
            reference=reference,
            draws=int(case.propagate),
            seed=int(case.seed),
            progress=progress,
            threads=threads,
        )
    return completed, CaseUncertainty(inputs=inputs.uncertainty, budgets=budgets, propagated=drawn.as_dict())


def _relative(budget: UncertaintyBudget | None) -> float:
    return 0.0 if budget is None else budget.relative_standard_uncertainty or 0.0


def _words(budget: UncertaintyBudget) -> str:
    """Name a quantity without its unit, such as "D95 of 'Tumor'"."""
    quantity = budget.quantity.rpartition("_")[0].replace("_", " ")
    return f"{quantity.upper() if quantity[1:].isdigit() else quantity} of '{budget.structure}'"
