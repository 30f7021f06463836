"""Measurements on images for a plan, which are settings, tumors and territories with the origin of each number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .._core import Nuclide
from .._foundation.choices import Device, Disease, Guideline, Intent, NuclidePreset, Objective
from .._foundation.tissue import LIVER_DENSITY_G_PER_ML
from ..advisory import Advisory
from .lung import CUMULATIVE_LUNG_LIMIT_GY, LUNG_LIMIT_GY
from .lung_shunt import LungShunt
from .microsphere_nuclide import device_nuclide
from .partition_limits import PartitionLimits
from .plan_uncertainty_inputs import PlanUncertaintyInputs

#: The planner's limits if none are stated: those of the lungs (lung-practice).
LUNG_LIMITS = PartitionLimits(lung_limit_gy=LUNG_LIMIT_GY, cumulative_lung_limit_gy=CUMULATIVE_LUNG_LIMIT_GY)


@dataclass(frozen=True, kw_only=True)
class PlanSettings:
    """Settings of a plan that images do not state.

    Parameters
    ----------
    device : {"glass", "resin", "holmium", "custom"}
        Microspheres.
    nuclide : str, optional
        Preset of `Nuclide`; that of the product if not given. Custom microspheres need it.
    name : str, default ""
        Name or identifier to show.
    limits : PartitionLimits
        Limits of the planner. Default: 30 Gy to the lungs in one treatment and 50 Gy over all (lung-practice).
    objective : {"max_min_tumor_dose", "max_tumor_energy", "min_lung_energy"}, default "max_min_tumor_dose"
        Objective of the optimum of several territories.
    target_perfused_dose_gy, target_tumor_dose_gy : float, optional
        Targets in Gy.
    guideline, disease, intent : str, optional
        Select the limits of the table that doses are compared with.
    residual_fraction : float, default 0.0
        Share of each vial that is not delivered, within [0, 1).
    treatment_start, treatment_end : str, optional
        Window of the treatment, ISO 8601 with a zone, for the vials of several territories. For one territory
        `vial_choice` takes it.
    uncertainties : PlanUncertaintyInputs, optional
        Stated uncertainties.

    Raises
    ------
    ArgumentError
        If the device does not carry the nuclide, or custom microspheres have no nuclide.

    Examples
    --------
    >>> PlanSettings(device="resin").limits.lung_limit_gy
    30.0
    """

    device: Device
    nuclide: NuclidePreset | None = None
    name: str = ""
    limits: PartitionLimits = LUNG_LIMITS
    objective: Objective = "max_min_tumor_dose"
    target_perfused_dose_gy: float | None = None
    target_tumor_dose_gy: float | None = None
    guideline: Guideline = "EANM2022"
    disease: Disease | None = None
    intent: Intent | None = None
    residual_fraction: float = 0.0
    treatment_start: str | None = None
    treatment_end: str | None = None
    uncertainties: PlanUncertaintyInputs | None = None

    def __post_init__(self) -> None:
        self.resolved_nuclide()  # a device without its nuclide is refused before anything is measured

    def resolved_nuclide(self) -> Nuclide:
        """Return the nuclide of the microspheres, as stated or that of the product.

        Returns
        -------
        Nuclide

        Examples
        --------
        >>> PlanSettings(device="holmium").resolved_nuclide().isotope
        'Ho-166'
        """
        return device_nuclide(self.device, None if self.nuclide is None else Nuclide(self.nuclide))


@dataclass(frozen=True, kw_only=True)
class MeasuredTumor:
    """A tumor in a territory, or the part of one that lies there.

    Parameters
    ----------
    name : str
        Name of the structure.
    volume_ml, mass_kg : float
        Volume and mass of the part in the territory.
    counts : float
        Counts in it, as the territory's scan shows them.
    tumor_to_normal_ratio : float or None
        Ratio of activity per mass, tumor over the normal liver of the territory, None if the territory has no normal
        liver.
    """

    name: str
    volume_ml: float
    mass_kg: float
    counts: float
    tumor_to_normal_ratio: float | None


@dataclass(frozen=True, kw_only=True)
class MeasuredTerritory:
    """Territory with its measurements.

    Parameters
    ----------
    name : str
        Name of the territory.
    volume_ml : float
        Perfused volume.
    normal_volume_ml, normal_mass_kg, normal_counts : float
        Volume, mass and counts of the perfused normal liver, without any tumor.
    tumors : tuple of MeasuredTumor
        Tumors and parts of tumors inside.
    lung_shunt_fraction : float
        Shunt of this injection.
    shunt_origin : str
        Origin of the shunt in words.
    shunt : LungShunt or None
        The measurement, None if the caller stated the shunt.
    """

    name: str
    volume_ml: float
    normal_volume_ml: float
    normal_mass_kg: float
    normal_counts: float
    tumors: tuple[MeasuredTumor, ...]
    lung_shunt_fraction: float
    shunt_origin: str
    shunt: LungShunt | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageMeasurements:
    """The fields of `ImagePlan`, which documents them."""

    settings: PlanSettings
    territories: tuple[MeasuredTerritory, ...]
    normal_total_mass_kg: float
    liver_mass_kg: float
    unperfused_tumor_mass_kg: Mapping[str, float]
    lung_mass_kg: float
    lung_mass_origin: str
    mass_origin: str
    counts_origin: str
    structures_by_role: Mapping[str, str]
    inputs: Mapping[str, str] = field(default_factory=dict)
    liver_density_g_per_ml: float = LIVER_DENSITY_G_PER_ML
    uncertainties: PlanUncertaintyInputs = field(default_factory=PlanUncertaintyInputs)
    counts_spread: PlanUncertaintyInputs = field(default_factory=PlanUncertaintyInputs)
    advisories: tuple[Advisory, ...] = ()

    @property
    def untreated_tumor_mass_kg(self) -> float:
        """Mass of all tumor that no territory feeds."""
        return sum(self.unperfused_tumor_mass_kg.values())
