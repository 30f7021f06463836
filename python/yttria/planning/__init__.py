"""Models that determine an activity, forward (activity to doses) and inverse (dose or limit to activity)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._foundation.rooms import lazy_room

if TYPE_CHECKING:
    from ..voxel.lung_mass import LungMass
    from ..voxel.lung_mass import lung_mass as lung_mass_from_ct
    from ._side_by_side import ModelRun
    from .body_surface_area import BodySurfaceArea, body_surface_area
    from .combined_shunt import CombinedLungShunt, LungDoseBounds, combined_lung_shunt_fraction, lung_dose_bounds
    from .comparison import ModelComparison, compare_models
    from .decay import (
        AdministrationFactor,
        decayed_activity_gbq,
        elapsed_h,
        factor_to_administration,
        gbq_from_mci,
        historic_dose_factor,
        hours_to_decay,
        mci_from_gbq,
        require_timezone,
        time_integrated_activity_gbq_h,
    )
    from .delivered_limits import DeliveredLimits, delivered_limits
    from .delivered_roles import DeliveredRoles, delivered_roles
    from .delivery import (
        Residual,
        VialActivity,
        VialTiming,
        delivered_activity_gbq,
        number_of_spheres,
        residual_fraction,
        sphere_activity_bq,
        vial_activity,
        vial_timing,
    )
    from .dose_change import DoseChange, split_dose_change
    from .dose_quantity import DoseLimit, DoseQuantity
    from .energy_balance import EnergyBalance, energy_balance, tumor_mass_for_dose_kg
    from .from_images import from_images
    from .guideline_limits import GuidelineLimits, guideline_limits
    from .image_measurements import MeasuredTerritory, MeasuredTumor, PlanSettings
    from .image_plan import ImagePlan
    from .injection_maps import InjectionMap, split_by_territories
    from .limit_conditions import LimitCondition
    from .limit_evaluation import evaluate_limits
    from .limit_state import LimitState, TreatmentDoses
    from .limit_table import Caution, Limit
    from .limits import LimitQuery, LimitRow, dose_limits
    from .lung import LungDose, lung_dose, lung_mass_for_dose_kg, lung_shunt_for_dose
    from .lung_shunt import LungShunt, planar_lung_shunt_fraction, scatter_corrected_counts, spect_lung_shunt_fraction
    from .lung_shunt_reduction import LungShuntReduction, lung_shunt_reduction
    from .mass import ellipsoid_volume_ml, mass_from_volume_kg
    from .model_doses import DoseRow, PartitionDoses, TumorDose
    from .model_row import ModelRow
    from .optimum import Constraint, Optimum, ShadowPrice, optimize_activities
    from .optimum_words import constraint_in_words, optimum_in_words
    from .partition import PartitionModel
    from .partition_batch import PartitionActivityArray, PartitionDoseArrays, partition_activities, partition_doses
    from .partition_limits import ActivityAtLimit, MaximumActivity, PartitionLimits
    from .patient import Patient
    from .patient_file import example_patient_file, plan_patient_file, read_patient
    from .patient_territories import PatientTerritories
    from .plan_comparison import PlanComparison, TreatmentSide, compare_plan
    from .plan_formulas import PlannedQuantity
    from .plan_thresholds import LimitProbability, Threshold
    from .plan_uncertainty import PlannedUncertainty, PlanUncertainty, plan_uncertainty
    from .plan_uncertainty_inputs import PlanUncertaintyInputs
    from .planar_shunt import planar_lung_shunt
    from .planned_structure import PlannedStructure
    from .prior_doses import PriorDoses, prior_doses, with_prior_doses
    from .products import Product, ProductFact, product
    from .quantity_value import QuantityValue
    from .resin_activity import (
        ActivityFactor,
        ResinActivity,
        bsa_activity,
        empirical_activity,
        modified_bsa_activity,
        simple_lobar_bsa_activity,
    )
    from .response import OverallResponse, Recist, overall_response, recist
    from .scores import Albi, ChildPugh, Mrecist, albi, albi_grade, child_pugh, mrecist
    from .single_compartment import SingleCompartment, single_compartment_activity, single_compartment_dose
    from .structure_checks import check_structures
    from .structure_counts import StructureCounts, structure_counts
    from .structure_metrics import StructureMetrics, TissueParameters, structure_metrics, tissue_parameters
    from .structure_roles import StructureRoles, derived_structures, structure_roles
    from .territory import Territory, Tumor
    from .territory_plan import PlannedActivities, TerritoryPlan, plan_territories
    from .tracer import tracer_decay_factor, tracer_half_life_h
    from .tumor_to_normal import (
        KaoActivities,
        TumorToNormalRatio,
        kao_activities,
        tumor_to_normal_ratio,
        tumor_to_normal_ratio_from_activity_ratio,
    )
    from .vials import VialChoice, VialOption, vial_choice
    from .voxel_optimum import VoxelOptimum, optimize_voxel_activities
    from .voxel_plan import VoxelPlan
    from .voxel_plan_doses import VoxelPlanDoses
    from .voxel_plan_from_maps import voxel_plan

__all__ = [
    "ActivityAtLimit",
    "ActivityFactor",
    "AdministrationFactor",
    "Albi",
    "BodySurfaceArea",
    "Caution",
    "ChildPugh",
    "CombinedLungShunt",
    "Constraint",
    "DeliveredLimits",
    "DeliveredRoles",
    "DoseChange",
    "DoseLimit",
    "DoseQuantity",
    "DoseRow",
    "EnergyBalance",
    "GuidelineLimits",
    "ImagePlan",
    "InjectionMap",
    "KaoActivities",
    "Limit",
    "LimitCondition",
    "LimitProbability",
    "LimitQuery",
    "LimitRow",
    "LimitState",
    "LungDose",
    "LungDoseBounds",
    "LungMass",
    "LungShunt",
    "LungShuntReduction",
    "MaximumActivity",
    "MeasuredTerritory",
    "MeasuredTumor",
    "ModelComparison",
    "ModelRow",
    "ModelRun",
    "Mrecist",
    "Optimum",
    "OverallResponse",
    "PartitionActivityArray",
    "PartitionDoseArrays",
    "PartitionDoses",
    "PartitionLimits",
    "PartitionModel",
    "Patient",
    "PatientTerritories",
    "PlanComparison",
    "PlanSettings",
    "PlanUncertainty",
    "PlanUncertaintyInputs",
    "PlannedActivities",
    "PlannedQuantity",
    "PlannedStructure",
    "PlannedUncertainty",
    "PriorDoses",
    "Product",
    "ProductFact",
    "QuantityValue",
    "Recist",
    "Residual",
    "ResinActivity",
    "ShadowPrice",
    "SingleCompartment",
    "StructureCounts",
    "StructureMetrics",
    "StructureRoles",
    "Territory",
    "TerritoryPlan",
    "Threshold",
    "TissueParameters",
    "TreatmentDoses",
    "TreatmentSide",
    "Tumor",
    "TumorDose",
    "TumorToNormalRatio",
    "VialActivity",
    "VialChoice",
    "VialOption",
    "VialTiming",
    "VoxelOptimum",
    "VoxelPlan",
    "VoxelPlanDoses",
    "albi",
    "albi_grade",
    "body_surface_area",
    "bsa_activity",
    "check_structures",
    "child_pugh",
    "combined_lung_shunt_fraction",
    "compare_models",
    "compare_plan",
    "constraint_in_words",
    "decayed_activity_gbq",
    "delivered_activity_gbq",
    "delivered_limits",
    "delivered_roles",
    "derived_structures",
    "dose_limits",
    "elapsed_h",
    "ellipsoid_volume_ml",
    "empirical_activity",
    "energy_balance",
    "evaluate_limits",
    "example_patient_file",
    "factor_to_administration",
    "from_images",
    "gbq_from_mci",
    "guideline_limits",
    "historic_dose_factor",
    "hours_to_decay",
    "kao_activities",
    "lung_dose",
    "lung_dose_bounds",
    "lung_mass_for_dose_kg",
    "lung_mass_from_ct",
    "lung_shunt_for_dose",
    "lung_shunt_reduction",
    "mass_from_volume_kg",
    "mci_from_gbq",
    "modified_bsa_activity",
    "mrecist",
    "number_of_spheres",
    "optimize_activities",
    "optimize_voxel_activities",
    "optimum_in_words",
    "overall_response",
    "partition_activities",
    "partition_doses",
    "plan_patient_file",
    "plan_territories",
    "plan_uncertainty",
    "planar_lung_shunt",
    "planar_lung_shunt_fraction",
    "prior_doses",
    "product",
    "read_patient",
    "recist",
    "require_timezone",
    "residual_fraction",
    "scatter_corrected_counts",
    "simple_lobar_bsa_activity",
    "single_compartment_activity",
    "single_compartment_dose",
    "spect_lung_shunt_fraction",
    "sphere_activity_bq",
    "split_by_territories",
    "split_dose_change",
    "structure_counts",
    "structure_metrics",
    "structure_roles",
    "time_integrated_activity_gbq_h",
    "tissue_parameters",
    "tracer_decay_factor",
    "tracer_half_life_h",
    "tumor_mass_for_dose_kg",
    "tumor_to_normal_ratio",
    "tumor_to_normal_ratio_from_activity_ratio",
    "vial_activity",
    "vial_choice",
    "vial_timing",
    "voxel_plan",
    "with_prior_doses",
]

lazy_room(
    __name__,
    {
        "..voxel.lung_mass": ("LungMass", "lung_mass as lung_mass_from_ct"),
        "._side_by_side": ("ModelRun",),
        ".body_surface_area": ("BodySurfaceArea", "body_surface_area"),
        ".combined_shunt": ("CombinedLungShunt", "LungDoseBounds", "combined_lung_shunt_fraction", "lung_dose_bounds"),
        ".comparison": ("ModelComparison", "compare_models"),
        ".decay": (
            "AdministrationFactor",
            "decayed_activity_gbq",
            "elapsed_h",
            "factor_to_administration",
            "gbq_from_mci",
            "historic_dose_factor",
            "hours_to_decay",
            "mci_from_gbq",
            "require_timezone",
            "time_integrated_activity_gbq_h",
        ),
        ".delivered_limits": ("DeliveredLimits", "delivered_limits"),
        ".delivered_roles": ("DeliveredRoles", "delivered_roles"),
        ".delivery": (
            "Residual",
            "VialActivity",
            "VialTiming",
            "delivered_activity_gbq",
            "number_of_spheres",
            "residual_fraction",
            "sphere_activity_bq",
            "vial_activity",
            "vial_timing",
        ),
        ".dose_change": ("DoseChange", "split_dose_change"),
        ".dose_quantity": ("DoseLimit", "DoseQuantity"),
        ".energy_balance": ("EnergyBalance", "energy_balance", "tumor_mass_for_dose_kg"),
        ".from_images": ("from_images",),
        ".guideline_limits": ("GuidelineLimits", "guideline_limits"),
        ".image_measurements": ("MeasuredTerritory", "MeasuredTumor", "PlanSettings"),
        ".image_plan": ("ImagePlan",),
        ".injection_maps": ("InjectionMap", "split_by_territories"),
        ".limit_conditions": ("LimitCondition",),
        ".limit_evaluation": ("evaluate_limits",),
        ".limit_state": ("LimitState", "TreatmentDoses"),
        ".limit_table": ("Caution", "Limit"),
        ".limits": ("LimitQuery", "LimitRow", "dose_limits"),
        ".lung": ("LungDose", "lung_dose", "lung_mass_for_dose_kg", "lung_shunt_for_dose"),
        ".lung_shunt": (
            "LungShunt",
            "planar_lung_shunt_fraction",
            "scatter_corrected_counts",
            "spect_lung_shunt_fraction",
        ),
        ".lung_shunt_reduction": ("LungShuntReduction", "lung_shunt_reduction"),
        ".mass": ("ellipsoid_volume_ml", "mass_from_volume_kg"),
        ".model_doses": ("DoseRow", "PartitionDoses", "TumorDose"),
        ".model_row": ("ModelRow",),
        ".optimum": ("Constraint", "Optimum", "ShadowPrice", "optimize_activities"),
        ".optimum_words": ("constraint_in_words", "optimum_in_words"),
        ".partition": ("PartitionModel",),
        ".partition_batch": (
            "PartitionActivityArray",
            "PartitionDoseArrays",
            "partition_activities",
            "partition_doses",
        ),
        ".partition_limits": ("ActivityAtLimit", "MaximumActivity", "PartitionLimits"),
        ".patient": ("Patient",),
        ".patient_file": ("example_patient_file", "plan_patient_file", "read_patient"),
        ".patient_territories": ("PatientTerritories",),
        ".plan_comparison": ("PlanComparison", "TreatmentSide", "compare_plan"),
        ".plan_formulas": ("PlannedQuantity",),
        ".plan_thresholds": ("LimitProbability", "Threshold"),
        ".plan_uncertainty": ("PlannedUncertainty", "PlanUncertainty", "plan_uncertainty"),
        ".plan_uncertainty_inputs": ("PlanUncertaintyInputs",),
        ".planar_shunt": ("planar_lung_shunt",),
        ".planned_structure": ("PlannedStructure",),
        ".prior_doses": ("PriorDoses", "prior_doses", "with_prior_doses"),
        ".products": ("Product", "ProductFact", "product"),
        ".quantity_value": ("QuantityValue",),
        ".resin_activity": (
            "ActivityFactor",
            "ResinActivity",
            "bsa_activity",
            "empirical_activity",
            "modified_bsa_activity",
            "simple_lobar_bsa_activity",
        ),
        ".response": ("OverallResponse", "Recist", "overall_response", "recist"),
        ".scores": ("Albi", "ChildPugh", "Mrecist", "albi", "albi_grade", "child_pugh", "mrecist"),
        ".single_compartment": ("SingleCompartment", "single_compartment_activity", "single_compartment_dose"),
        ".structure_checks": ("check_structures",),
        ".structure_counts": ("StructureCounts", "structure_counts"),
        ".structure_metrics": ("StructureMetrics", "TissueParameters", "structure_metrics", "tissue_parameters"),
        ".structure_roles": ("StructureRoles", "derived_structures", "structure_roles"),
        ".territory": ("Territory", "Tumor"),
        ".territory_plan": ("PlannedActivities", "TerritoryPlan", "plan_territories"),
        ".tracer": ("tracer_decay_factor", "tracer_half_life_h"),
        ".tumor_to_normal": (
            "KaoActivities",
            "TumorToNormalRatio",
            "kao_activities",
            "tumor_to_normal_ratio",
            "tumor_to_normal_ratio_from_activity_ratio",
        ),
        ".vials": ("VialChoice", "VialOption", "vial_choice"),
        ".voxel_optimum": ("VoxelOptimum", "optimize_voxel_activities"),
        ".voxel_plan": ("VoxelPlan",),
        ".voxel_plan_doses": ("VoxelPlanDoses",),
        ".voxel_plan_from_maps": ("voxel_plan",),
    },
)
