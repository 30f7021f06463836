"""Doses of a treatment by the partition model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from .._foundation.choices import DoseRowKind
from ..advisory import Advisory
from ..errors import UndefinedError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class DoseRow:
    """Tissue of one row of the dose matrix.

    Parameters
    ----------
    kind : str
        Kind of tissue.
    territory, tumor : str or None
        Names that it belongs to.
    mass_kg : float
        Mass in kg.
    """

    kind: DoseRowKind
    territory: str | None
    tumor: str | None
    mass_kg: float


@dataclass(frozen=True, kw_only=True)
class TumorDose:
    """Mean dose of a tumor over its perfused part, and over all of it.

    Parameters
    ----------
    tumor : str
        Name.
    perfused_mass_kg, whole_mass_kg : float
        Masses in kg.
    perfused_mean_dose_gy, whole_mean_dose_gy : float
        Mean doses in Gy.
    """

    tumor: str
    perfused_mass_kg: float
    perfused_mean_dose_gy: float
    whole_mass_kg: float
    whole_mean_dose_gy: float


@dataclass(frozen=True, kw_only=True)
class PartitionDoses:
    """Mean doses of the delivered activities. `None` if there is no such tissue, or its mass is not given.

    Plural fields have one value for each territory, in order; `tumor_portion_doses_gy` one tuple for each territory,
    with the dose of each of its tumors from its injection alone. The singular properties are for a treatment of one
    territory, and raise `UndefinedError` for several. Cumulative doses have the dose of earlier treatments in them.
    """

    delivered_activities_gbq: tuple[float, ...]
    vial_activities_gbq: tuple[float, ...]
    tumor_portion_doses_gy: tuple[tuple[float, ...], ...]
    tumors: tuple[TumorDose, ...]
    normal_perfused_doses_gy: tuple[float | None, ...]
    normal_whole_dose_gy: float | None
    perfused_mean_doses_gy: tuple[float, ...]
    lung_dose_gy: float
    liver_energies_j: tuple[float, ...]
    cumulative_lung_dose_gy: float
    cumulative_normal_perfused_doses_gy: tuple[float | None, ...]
    cumulative_normal_whole_dose_gy: float | None
    advisories: tuple[Advisory, ...] = ()

    @property
    def delivered_activity_gbq(self) -> float:
        """Delivered activity of the only territory in GBq."""
        return self._only("delivered activity", self.delivered_activities_gbq)

    @property
    def vial_activity_gbq(self) -> float:
        """Activity in the only vial at treatment in GBq, residual included."""
        return self._only("vial activity", self.vial_activities_gbq)

    @property
    def tumor_doses_gy(self) -> tuple[float, ...]:
        """Dose of each tumor of the only territory in Gy."""
        return self._only("dose of each tumor", self.tumor_portion_doses_gy)

    @property
    def normal_perfused_dose_gy(self) -> float | None:
        """Dose to the perfused normal liver of the only territory in Gy."""
        return self._only("perfused normal liver dose", self.normal_perfused_doses_gy)

    @property
    def perfused_mean_dose_gy(self) -> float:
        """Mean dose to everything perfused in the only territory in Gy."""
        return self._only("mean dose to everything perfused", self.perfused_mean_doses_gy)

    @property
    def liver_energy_j(self) -> float:
        """Energy in J that decays in the liver, from the only injection."""
        return self._only("energy in the liver", self.liver_energies_j)

    @staticmethod
    def _only(what: str, values: tuple[T, ...]) -> T:
        if len(values) != 1:
            raise UndefinedError(f"the {what} is undefined: the treatment has {len(values)} territories")
        return values[0]
