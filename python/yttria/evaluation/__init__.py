"""Evaluation of dose distributions: histograms, comparison, gamma, radiobiology, uncertainty."""

from __future__ import annotations

from .._core import DoseVolumeHistogram
from .._foundation.arguments import public as _public
from .accumulation import AccumulatedDose, AccumulatedRow, accumulate_doses
from .ball_recovery import ball_recovery
from .biologically_effective_dose import InjectionBed, bed_gy, bed_of_injections, dose_from_bed_gy, eqd2_gy
from .budget_difference import UncertainDifference, uncertain_difference
from .dose_comparison import DoseComparison, compare_doses
from .dose_metrics import DoseMetric, dose_metric, metric_value
from .dose_response import ResponseProbability, ntcp_logistic, ntcp_lyman, tcp_logistic, tcp_poisson
from .dvh import dose_volume_histograms
from .dvh_table import DvhRow, dvh_table
from .equivalent_uniform_dose import EquivalentDose, effective_uniform_bed, generalized_eud, survival_eud
from .gamma import GammaResult, gamma_index
from .parameters import ParameterSet, parameter_set, parameter_sets
from .recovery import RecoveryCurve
from .recovery_fit import PublishedRecoveryCurve, RecoveryFit, fit_recovery_curve, published_recovery_curves
from .tables import DoseQuantityDifference, IsodoseOverlap, StructureDifference, StructureDose
from .treatment_dose import SummedTreatment, TreatmentDose
from .uncertainty import (
    DoseUncertainty,
    PartitionUncertainty,
    combined_uncertainty,
    dose_uncertainty,
    partition_uncertainty,
)
from .uncertainty_budget import UncertaintyBudget, UncertaintyComponent, combined_standard_uncertainty
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
    "PartitionUncertainty",
    "PublishedRecoveryCurve",
    "RecoveryCurve",
    "RecoveryFit",
    "ResponseProbability",
    "StructureDifference",
    "StructureDose",
    "SummedTreatment",
    "TreatmentDose",
    "UncertainDifference",
    "UncertaintyBudget",
    "UncertaintyComponent",
    "UncertaintyInputs",
    "VolumeUncertainty",
    "accumulate_doses",
    "ball_recovery",
    "bed_gy",
    "bed_of_injections",
    "combined_standard_uncertainty",
    "combined_uncertainty",
    "compare_doses",
    "count_edge_factor",
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
    "partition_uncertainty",
    "published_recovery_curves",
    "sphere_volume_uncertainty",
    "survival_eud",
    "tcp_logistic",
    "tcp_poisson",
    "uncertain_difference",
]

_public(globals())
