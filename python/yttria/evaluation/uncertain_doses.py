"""Uncertainties of the rows in a comparison of two dose maps, from the budgets of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._foundation.choices import UncertaintySource
from ..advisory import Advisory, advise_if
from .budget_difference import UncertainDifference, uncertain_difference
from .difference_uncertainty import DIFFERENCE_FIELDS
from .tables import DoseQuantityDifference, StructureDifference
from .uncertainty_budget import UncertaintyBudget

Key = tuple[str, str]
"""Structure and name of a quantity in budgets, such as "d70_gy"."""


@dataclass(frozen=True, kw_only=True)
class UncertainDoses:
    """Known uncertainties of quantities in A, in B, and of their differences."""

    of_a: Mapping[Key, UncertaintyBudget]
    of_b: Mapping[Key, UncertaintyBudget]
    differences: dict[Key, UncertainDifference]
    advisories: tuple[Advisory, ...] = field(default=())

    @classmethod
    def of(
        cls,
        rows: Sequence[DoseQuantityDifference],
        budgets_a: Sequence[UncertaintyBudget],
        budgets_b: Sequence[UncertaintyBudget],
        common: Sequence[UncertaintySource],
    ) -> UncertainDoses:
        """Collect the budgets of the quantities of a table. The values of the differences are those of the maps."""
        known = {(row.structure, _quantity(row)): row for row in rows}
        sides = [
            {(b.structure, b.quantity): b for b in budgets if (b.structure, b.quantity) in known and b.components}
            for budgets in (budgets_a, budgets_b)
        ]
        found: list[Advisory] = []
        for label, values, budgets in (("A", "a_gy", sides[0]), ("B", "b_gy", sides[1])):
            for key, budget in budgets.items():
                value = getattr(known[key], values)
                if key[1] == "mean_gy" and value:
                    found += advise_if(
                        "uncertainty_of_other_dose",
                        structure=key[0],
                        side=label,
                        budget_gy=budget.value,
                        map_gy=value,
                        relative_difference=abs(budget.value - value) / abs(value),
                    )
        differences = {
            key: uncertain_difference(
                replace(sides[0][key], value=row.a_gy), replace(sides[1][key], value=row.b_gy), common=common
            )
            for key, row in known.items()
            if key in sides[0] and key in sides[1]
        }
        return cls(of_a=sides[0], of_b=sides[1], differences=differences, advisories=tuple(found))

    def quantity_row(self, row: DoseQuantityDifference) -> DoseQuantityDifference:
        """Complete the row of a quantity with its uncertainties."""
        return replace(row, **self.columns((row.structure, _quantity(row)), ("a", "b", "difference")))

    def difference_row(self, row: StructureDifference) -> StructureDifference:
        """Complete the row of a structure with the uncertainties of its means."""
        return replace(row, **self.columns((row.structure, "mean_gy"), ("mean_a", "mean_b", "mean_difference")))

    def columns(self, key: Key, names: tuple[str, str, str]) -> dict[str, Any]:
        """Return the fields of a row by the names of a quantity in A, in B, and of its difference."""
        difference = self.differences.get(key)
        columns: dict[str, Any] = {
            f"{name}_standard_uncertainty_gy": None if known is None else known.standard_uncertainty
            for name, known in zip(names, (self.of_a.get(key), self.of_b.get(key), difference), strict=True)
        }
        if difference is not None:
            columns |= {each: getattr(difference, each) for each in DIFFERENCE_FIELDS}
        return columns


def without_empty_uncertainties(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Remove the columns of uncertainty from rows of a table if no row has any."""
    columns = [c for c in (rows[0] if rows else ()) if c in DIFFERENCE_FIELDS or c.endswith("standard_uncertainty_gy")]
    if any(row[column] is not None for row in rows for column in columns):
        return rows
    return [{name: value for name, value in row.items() if name not in columns} for row in rows]


def _quantity(row: DoseQuantityDifference) -> str:
    return f"{row.quantity.lower()}_gy"
