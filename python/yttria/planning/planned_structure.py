"""Structure as planned and as delivered, with the uncertainty of its means if both sides state it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._foundation.choices import UncertaintySource
from ..evaluation import DifferenceUncertainty, DoseQuantityDifference, UncertaintyBudget
from ..evaluation.uncertain_doses import UncertainDoses
from .dose_change import DoseChange


@dataclass(frozen=True, kw_only=True)
class PlannedStructure(DifferenceUncertainty):
    """One structure as planned and as delivered.

    Parameters
    ----------
    structure : str
        Its name.
    planned_volume_ml, delivered_volume_ml : float
        Volume inside either image in mL.
    planned_mass_kg, delivered_mass_kg : float or None
        Mass in kg; None if it is not known.
    planned_activity_mbq, delivered_activity_mbq : float or None
        Activity at administration inside the structure in MBq; None if it is not known.
    planned_mean_gy, delivered_mean_gy, planned_d70_gy, delivered_d70_gy : float or None
        Mean dose, and minimum dose of the hottest 70 % of the volume, in Gy; None outside the image.
    change : DoseChange or None
        The change of the mean dose by its causes; None if a dose is 0, negative, or only known in part.
    planned_mean_standard_uncertainty_gy, delivered_mean_standard_uncertainty_gy : float or None
        Standard uncertainty of both means in Gy, if their budgets were given.
    mean_difference_standard_uncertainty_gy : float or None
        Standard uncertainty of delivered less planned, without the errors that both have in common.
    coverage_factor, z, normalized_error : float or None
        As in `yttria.evaluation.DifferenceUncertainty`.
    """

    structure: str
    planned_volume_ml: float
    delivered_volume_ml: float
    planned_mass_kg: float | None
    delivered_mass_kg: float | None
    planned_activity_mbq: float | None
    delivered_activity_mbq: float | None
    planned_mean_gy: float | None
    delivered_mean_gy: float | None
    planned_d70_gy: float | None
    delivered_d70_gy: float | None
    change: DoseChange | None
    planned_mean_standard_uncertainty_gy: float | None = None
    delivered_mean_standard_uncertainty_gy: float | None = None
    mean_difference_standard_uncertainty_gy: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.planning.compare_plan`.
        """
        return super().as_dict() | {"change": None if self.change is None else self.change.as_dict()}


def with_uncertainty(
    rows: Sequence[PlannedStructure],
    planned: Sequence[UncertaintyBudget],
    delivered: Sequence[UncertaintyBudget],
    common: Sequence[UncertaintySource],
) -> tuple[tuple[PlannedStructure, ...], UncertainDoses]:
    """Complete the rows with the uncertainty of their means, and return all differences with an uncertainty."""
    quantities = [
        DoseQuantityDifference(structure=row.structure, quantity=name, a_gy=a, b_gy=b, difference_gy=b - a)
        for row in rows
        for name, a, b in (
            ("mean", row.planned_mean_gy, row.delivered_mean_gy),
            ("D70", row.planned_d70_gy, row.delivered_d70_gy),
        )
        if a is not None and b is not None
    ]
    found = UncertainDoses.of(quantities, planned, delivered, common)
    names = ("planned_mean", "delivered_mean", "mean_difference")
    return tuple(replace(row, **found.columns((row.structure, "mean_gy"), names)) for row in rows), found
