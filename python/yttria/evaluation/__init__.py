"""Evaluation of dose distributions by histograms, comparison, gamma index, radiobiology and uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._foundation.rooms import lazy_room

if TYPE_CHECKING:
    from .._core import DoseVolumeHistogram
    from .accumulation import AccumulatedDose, AccumulatedRow, accumulate_doses
    from .ball_recovery import ball_recovery
    from .biologically_effective_dose import InjectionBed, bed_gy, bed_of_injections, dose_from_bed_gy, eqd2_gy
    from .budget_difference import UncertainDifference, uncertain_difference
    from .correlated_components import combined_standard_uncertainty
    from .difference_uncertainty import DifferenceUncertainty
    from .dose_comparison import DoseComparison, compare_doses
    from .dose_metrics import DoseMetric, dose_metric, metric_value
    from .dose_response import ResponseProbability, ntcp_logistic, ntcp_lyman, tcp_logistic, tcp_poisson
    from .dvh import dose_volume_histograms
    from .dvh_table import DvhRow, dvh_table
    from .equivalent_uniform_dose import EquivalentDose, effective_uniform_bed, generalized_eud, survival_eud
    from .gamma import GammaResult, gamma_index
    from .parameters import ParameterSet, parameter_set, parameter_sets
    from .partial_volume import PartialVolumeInputs, RecoveredMean, partial_volume_advisories, recovered_by_curve
    from .propagated import PropagatedQuantity, coverage_interval
    from .recovery import RecoveryCurve
    from .recovery_fit import PublishedRecoveryCurve, RecoveryFit, fit_recovery_curve, published_recovery_curves
    from .structure_spheres import StructureSpheres
    from .tables import DoseQuantityDifference, IsodoseOverlap, StructureDifference, StructureDose
    from .treatment_dose import SummedTreatment, TreatmentDose
    from .uncertainty import (
        DoseUncertainty,
        PartitionUncertainty,
        combined_uncertainty,
        dose_uncertainty,
        partition_uncertainty,
    )
    from .uncertainty_budget import UncertaintyBudget, UncertaintyComponent, UncertaintyRow
    from .uncertainty_inputs import UncertaintyInputs
    from .volume_uncertainty import (
        VolumeUncertainty,
        count_edge_factor,
        ellipsoid_volume_uncertainty,
        sphere_volume_uncertainty,
    )

__all__ = [
    "AccumulatedDose",
    "AccumulatedRow",
    "DifferenceUncertainty",
    "DoseComparison",
    "DoseMetric",
    "DoseQuantityDifference",
    "DoseUncertainty",
    "DoseVolumeHistogram",
    "DvhRow",
    "EquivalentDose",
    "GammaResult",
    "InjectionBed",
    "IsodoseOverlap",
    "ParameterSet",
    "PartialVolumeInputs",
    "PartitionUncertainty",
    "PropagatedQuantity",
    "PublishedRecoveryCurve",
    "RecoveredMean",
    "RecoveryCurve",
    "RecoveryFit",
    "ResponseProbability",
    "StructureDifference",
    "StructureDose",
    "StructureSpheres",
    "SummedTreatment",
    "TreatmentDose",
    "UncertainDifference",
    "UncertaintyBudget",
    "UncertaintyComponent",
    "UncertaintyInputs",
    "UncertaintyRow",
    "VolumeUncertainty",
    "accumulate_doses",
    "ball_recovery",
    "bed_gy",
    "bed_of_injections",
    "combined_standard_uncertainty",
    "combined_uncertainty",
    "compare_doses",
    "count_edge_factor",
    "coverage_interval",
    "dose_from_bed_gy",
    "dose_metric",
    "dose_uncertainty",
    "dose_volume_histograms",
    "dvh_table",
    "effective_uniform_bed",
    "ellipsoid_volume_uncertainty",
    "eqd2_gy",
    "fit_recovery_curve",
    "gamma_index",
    "generalized_eud",
    "metric_value",
    "ntcp_logistic",
    "ntcp_lyman",
    "parameter_set",
    "parameter_sets",
    "partial_volume_advisories",
    "partition_uncertainty",
    "published_recovery_curves",
    "recovered_by_curve",
    "sphere_volume_uncertainty",
    "survival_eud",
    "tcp_logistic",
    "tcp_poisson",
    "uncertain_difference",
]

lazy_room(
    __name__,
    {
        ".._core": ("DoseVolumeHistogram",),
        ".accumulation": ("AccumulatedDose", "AccumulatedRow", "accumulate_doses"),
        ".ball_recovery": ("ball_recovery",),
        ".biologically_effective_dose": ("InjectionBed", "bed_gy", "bed_of_injections", "dose_from_bed_gy", "eqd2_gy"),
        ".budget_difference": ("UncertainDifference", "uncertain_difference"),
        ".correlated_components": ("combined_standard_uncertainty",),
        ".difference_uncertainty": ("DifferenceUncertainty",),
        ".dose_comparison": ("DoseComparison", "compare_doses"),
        ".dose_metrics": ("DoseMetric", "dose_metric", "metric_value"),
        ".dose_response": ("ResponseProbability", "ntcp_logistic", "ntcp_lyman", "tcp_logistic", "tcp_poisson"),
        ".dvh": ("dose_volume_histograms",),
        ".dvh_table": ("DvhRow", "dvh_table"),
        ".equivalent_uniform_dose": ("EquivalentDose", "effective_uniform_bed", "generalized_eud", "survival_eud"),
        ".gamma": ("GammaResult", "gamma_index"),
        ".parameters": ("ParameterSet", "parameter_set", "parameter_sets"),
        ".partial_volume": (
            "PartialVolumeInputs",
            "RecoveredMean",
            "partial_volume_advisories",
            "recovered_by_curve",
        ),
        ".propagated": ("PropagatedQuantity", "coverage_interval"),
        ".recovery": ("RecoveryCurve",),
        ".recovery_fit": ("PublishedRecoveryCurve", "RecoveryFit", "fit_recovery_curve", "published_recovery_curves"),
        ".structure_spheres": ("StructureSpheres",),
        ".tables": ("DoseQuantityDifference", "IsodoseOverlap", "StructureDifference", "StructureDose"),
        ".treatment_dose": ("SummedTreatment", "TreatmentDose"),
        ".uncertainty": (
            "DoseUncertainty",
            "PartitionUncertainty",
            "combined_uncertainty",
            "dose_uncertainty",
            "partition_uncertainty",
        ),
        ".uncertainty_budget": ("UncertaintyBudget", "UncertaintyComponent", "UncertaintyRow"),
        ".uncertainty_inputs": ("UncertaintyInputs",),
        ".volume_uncertainty": (
            "VolumeUncertainty",
            "count_edge_factor",
            "ellipsoid_volume_uncertainty",
            "sphere_volume_uncertainty",
        ),
    },
)
