"""What a dose distribution means, and how far two are apart: histograms, gamma, radiobiology, uncertainty."""

from __future__ import annotations

from .._core import DoseVolumeHistogram
from .._foundation.arguments import public as _public
from .dose_comparison import DoseComparison, compare_doses
from .dose_metrics import DoseMetric, dose_metric, metric_value
from .dvh import dose_volume_histograms
from .dvh_table import DvhRow, dvh_table
from .gamma import GammaResult, gamma_index
from .parameters import ParameterSet, parameter_set, parameter_sets
from .radiobiology import (
    EquivalentDose,
    InjectionBed,
    ResponseProbability,
    bed_gy,
    bed_of_injections,
    dose_from_bed_gy,
    effective_uniform_bed,
    eqd2_gy,
    generalized_eud,
    ntcp_logistic,
    ntcp_lyman,
    survival_eud,
    tcp_logistic,
    tcp_poisson,
)
from .tables import DoseQuantityDifference, IsodoseOverlap, StructureDifference, StructureDose
from .uncertainty import (
    DoseUncertainty,
    PartitionUncertainty,
    RecoveryCurve,
    VolumeUncertainty,
    combined_uncertainty,
    count_edge_factor,
    dose_uncertainty,
    ellipsoid_volume_uncertainty,
    partition_uncertainty,
    sphere_volume_uncertainty,
)

__all__ = [
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
    "RecoveryCurve",
    "ResponseProbability",
    "StructureDifference",
    "StructureDose",
    "VolumeUncertainty",
    "bed_gy",
    "bed_of_injections",
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
    "gamma_index",
    "generalized_eud",
    "metric_value",
    "ntcp_logistic",
    "ntcp_lyman",
    "parameter_set",
    "parameter_sets",
    "partition_uncertainty",
    "sphere_volume_uncertainty",
    "survival_eud",
    "tcp_logistic",
    "tcp_poisson",
]

_public(globals())
