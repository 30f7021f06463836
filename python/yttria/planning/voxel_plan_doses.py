"""Doses of one choice of activities in a voxel-based plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..advisory import Advisory
from ..evaluation import StructureDose
from ..voxel import DoseResult
from .lung import LungDose
from .quantity_value import QuantityValue


@dataclass(frozen=True, eq=False, kw_only=True)
class VoxelPlanDoses:
    """Doses of one choice of activities.

    Parameters
    ----------
    delivered_activities_gbq : mapping of str to float
        Activity of each injection in GBq.
    result : DoseResult
        Dose image in Gy with provenance; it evaluates other structures too.
    structures : tuple of StructureDose
        One row for each structure of the plan.
    quantities : tuple of QuantityValue
        Values of the further quantities.
    lungs : LungDose
        Mean dose of the lungs by shunts and mass, alone and with earlier treatments.
    advisories : tuple of Advisory
        Advisories on the doses.
    """

    delivered_activities_gbq: Mapping[str, float]
    result: DoseResult
    structures: tuple[StructureDose, ...]
    quantities: tuple[QuantityValue, ...]
    lungs: LungDose
    advisories: tuple[Advisory, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return doses, provenance and advisories as plain data, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.planning.voxel_plan`.
        """
        return {
            "delivered_activities_gbq": dict(self.delivered_activities_gbq),
            "structures": [row.as_dict() for row in self.structures],
            "quantities": [each.as_dict() for each in self.quantities],
            "lung_dose_gy": self.lungs.lung_dose_gy,
            "cumulative_lung_dose_gy": self.lungs.cumulative_lung_dose_gy,
            "lung_mass_kg": self.lungs.lung_mass_kg,
            "provenance": self.result.provenance.as_dict(),
            "advisories": [advisory.as_dict() for advisory in self.advisories],
        }
