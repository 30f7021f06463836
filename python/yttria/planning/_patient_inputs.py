"""Inputs of one patient, and the masses and earlier doses that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from .._core import Nuclide
from .._foundation.choices import Device, Disease, Guideline, Intent, LimitKind
from .._foundation.tissue import LIVER_DENSITY_G_PER_ML
from ..sources import read_of
from .partition_limits import PartitionLimits
from .plan_uncertainty_inputs import PlanUncertaintyInputs
from .territory import Tumor

#: For each kind of limit, the field of `Patient` and of its limits for earlier doses, and the tissue in words.
PRIOR_DOSES: dict[LimitKind, tuple[str, str]] = {
    "normal_perfused": ("prior_normal_perfused_dose_gy", "the perfused normal liver"),
    "normal_whole": ("prior_normal_whole_dose_gy", "the whole normal liver"),
    "lung_cumulative": ("prior_lung_dose_gy", "the lungs"),
}


#: Default of the field `nuclide`, which the checks of a patient replace by the nuclide of the device.
NUCLIDE_OF_DEVICE = cast(Nuclide, None)


def tumor_name(tumors: Sequence[Tumor], index: int) -> str:
    """Return the name of a tumor, or its number from 1 if it has none."""
    return tumors[index].name or f"tumor {index + 1}"


def nuclide_inputs(nuclide: Nuclide) -> dict[str, Any]:
    """Return the nuclide that a patient's plain values state."""
    return {
        "name": nuclide.name,
        "source": nuclide.source,
        "source_read": read_of(nuclide.source),
        "half_life_h": nuclide.half_life_h,
        "dose_factor_gy_kg_per_gbq": nuclide.dose_factor_gy_kg_per_gbq,
    }


@dataclass(frozen=True, kw_only=True)
class PatientInputs:
    """Fields of `Patient`, which documents and checks them."""

    device: Device
    lung_shunt_fraction: float
    tumors: Sequence[Tumor] = ()
    normal_perfused_mass_kg: float | None = None
    normal_total_mass_kg: float | None = None
    lung_mass_kg: float = 1.0
    prior_lung_dose_gy: float | None = None
    untreated_tumor_mass_kg: float = 0.0
    residual_fraction: float = 0.0
    liver_density_g_per_ml: float = LIVER_DENSITY_G_PER_ML
    height_cm: float | None = None
    weight_kg: float | None = None
    target_perfused_dose_gy: float | None = None
    target_tumor_dose_gy: float | None = None
    limits: PartitionLimits | None = None
    guideline: Guideline = "EANM2022"
    disease: Disease | None = None
    intent: Intent | None = None
    bilirubin_mg_per_dl: float | None = None
    pretreated_or_impaired: bool | None = None
    cirrhotic: bool | None = None
    nuclide: Nuclide = NUCLIDE_OF_DEVICE
    name: str = ""
    perfused_mass_incl_tumor_kg: float | None = None
    liver_mass_incl_tumor_kg: float | None = None
    prior_normal_perfused_dose_gy: float | None = None
    prior_normal_whole_dose_gy: float | None = None
    prior_radioembolization: bool | None = None
    bilirubin_umol_per_l: float | None = None
    albumin_g_per_dl: float | None = None
    albumin_g_per_l: float | None = None
    uncertainties: PlanUncertaintyInputs | None = None

    @property
    def treated_tumor_mass_kg(self) -> float | None:
        """Mass of the tumors in the territory, None if it is not known."""
        if self.tumors:
            return sum(tumor.mass_kg for tumor in self.tumors)
        if self.perfused_mass_incl_tumor_kg is None or self.normal_perfused_mass_kg is None:
            return None
        return max(self.perfused_mass_incl_tumor_kg - self.normal_perfused_mass_kg, 0.0)

    @property
    def perfused_normal_mass_kg(self) -> float | None:
        """Mass of the perfused normal liver, as given or as the difference from everything perfused."""
        given, whole = self.normal_perfused_mass_kg, self.perfused_mass_incl_tumor_kg
        if given is not None or whole is None or not self.tumors:
            return given
        return max(whole - sum(tumor.mass_kg for tumor in self.tumors), 0.0)

    @property
    def all_normal_mass_kg(self) -> float | None:
        """Mass of all normal liver, as given or as the difference from the whole liver."""
        given, whole, treated = self.normal_total_mass_kg, self.liver_mass_incl_tumor_kg, self.treated_tumor_mass_kg
        if given is not None or whole is None or treated is None:
            return given
        return max(whole - treated - self.untreated_tumor_mass_kg, 0.0)

    @property
    def perfused_mass_kg(self) -> float:
        """Mass of all perfused tissue, which is the territory's tumors and normal liver."""
        if self.normal_perfused_mass_kg is not None and (self.tumors or self.perfused_mass_incl_tumor_kg is None):
            return self.normal_perfused_mass_kg + (self.treated_tumor_mass_kg or 0.0)
        assert self.perfused_mass_incl_tumor_kg is not None
        return self.perfused_mass_incl_tumor_kg

    @property
    def liver_mass_kg(self) -> float | None:
        """Mass of the whole liver with all tumors, None if it is not known."""
        if self.normal_total_mass_kg is None:
            return self.liver_mass_incl_tumor_kg
        return self.normal_total_mass_kg + (self.treated_tumor_mass_kg or 0.0) + self.untreated_tumor_mass_kg

    @property
    def treated_before(self) -> bool | None:
        """Whether there was an earlier radioembolization, as given or as the doses of earlier treatments show."""
        return True if any(map(self.prior_dose_gy, PRIOR_DOSES)) else self.prior_radioembolization

    def prior_dose_gy(self, kind: LimitKind) -> float | None:
        """Dose of earlier treatments for a kind of limit, from the patient or from the planner's limits."""
        name, _ = PRIOR_DOSES[kind]
        given: float | None = getattr(self, name)
        if given is None and self.limits is not None:
            return getattr(self.limits, name) or None
        return given

    @property
    def least_prior_whole_gy(self) -> float:
        """Mean dose to all normal liver from the earlier dose to its perfused part alone, in Gy."""
        normal, total = self.perfused_normal_mass_kg, self.all_normal_mass_kg
        return (self.prior_dose_gy("normal_perfused") or 0.0) * normal / total if normal and total else 0.0
