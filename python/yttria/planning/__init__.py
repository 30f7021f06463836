"""The models that decide an activity, forward (activity to doses) and inverse (dose or limit to activity)."""

from __future__ import annotations

from .body_surface_area import BodySurfaceArea, body_surface_area
from .energy_balance import EnergyBalance, energy_balance, tumor_mass_for_dose_kg
from .lung import (
    LungDose,
    LungMass,
    LungShunt,
    lung_dose,
    lung_mass_for_dose_kg,
    lung_mass_from_ct,
    lung_shunt_for_dose,
    planar_lung_shunt_fraction,
    scatter_corrected_counts,
    spect_lung_shunt_fraction,
)
from .mass import ellipsoid_volume_ml, mass_from_volume_kg
from .resin_activity import (
    ActivityFactor,
    LungShuntReduction,
    ResinActivity,
    bsa_activity,
    empirical_activity,
    lung_shunt_reduction,
    modified_bsa_activity,
    simple_lobar_bsa_activity,
)
from .single_compartment import SingleCompartment, single_compartment_activity, single_compartment_dose
from .tumor_to_normal import (
    KaoActivities,
    TumorToNormalRatio,
    kao_activities,
    tumor_to_normal_ratio,
    tumor_to_normal_ratio_from_activity_ratio,
)

__all__ = [
    "ActivityFactor",
    "BodySurfaceArea",
    "EnergyBalance",
    "KaoActivities",
    "LungDose",
    "LungMass",
    "LungShunt",
    "LungShuntReduction",
    "ResinActivity",
    "SingleCompartment",
    "TumorToNormalRatio",
    "body_surface_area",
    "bsa_activity",
    "ellipsoid_volume_ml",
    "empirical_activity",
    "energy_balance",
    "kao_activities",
    "lung_dose",
    "lung_mass_for_dose_kg",
    "lung_mass_from_ct",
    "lung_shunt_for_dose",
    "lung_shunt_reduction",
    "mass_from_volume_kg",
    "modified_bsa_activity",
    "planar_lung_shunt_fraction",
    "scatter_corrected_counts",
    "simple_lobar_bsa_activity",
    "single_compartment_activity",
    "single_compartment_dose",
    "spect_lung_shunt_fraction",
    "tumor_mass_for_dose_kg",
    "tumor_to_normal_ratio",
    "tumor_to_normal_ratio_from_activity_ratio",
]
