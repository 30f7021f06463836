"""How each vector's model is called: `ADAPTERS[model](inputs)` renames inputs and results, and does nothing else.

Each module beside this has `ADAPTERS`, and may have `OWN`: for a model that documents a known mistake, the library's
own answer to the same question, which must be another number.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

Adapter = Callable[[dict[str, Any]], dict[str, Any]]

# Models whose code is not here yet.
PENDING: set[str] = {
    "EUBED",
    "EUD_survival",
    "albi",
    "albi_err",
    "albi_grade",
    "bed_y90",
    "bed_y90_inverse",
    "calibrated_activity",
    "calibrated_activity_err",
    "calibrated_activity_naive_variant",
    "child_pugh",
    "combine_independent",
    "count_edge_factor_phi",
    "decay_correction_to_admin",
    "decay_correction_wrong_half_life",
    "decay_factor",
    "delivered_fraction",
    "delivered_fraction_err",
    "dose_factor_historic",
    "dvh_metrics",
    "dvh_metrics_interp",
    "elapsed_across_dst",
    "gEUD",
    "gEUD_err",
    "glass_vial_time",
    "glass_vial_window",
    "guideline_limit",
    "kernel_convolution_1d_zero_pad",
    "ldm_absolute",
    "ldm_relative",
    "lung_shunt_combine",
    "mrecist",
    "multi_injection_lp_energy",
    "multi_injection_lp_maxmin",
    "multi_territory_forward",
    "multi_territory_overlap",
    "ntcp_lkb",
    "ntcp_logistic",
    "number_of_spheres",
    "partition_forward",
    "partition_inverse",
    "partition_inverse_target",
    "partition_lung_limit",
    "partition_normal_limit",
    "partition_uncertainty",
    "partition_wrong_variant",
    "specific_activity",
    "tcp_logistic",
    "tcp_poisson",
    "time_integrated_activity",
    "unit_conversion",
    "volume_uncertainty_sphere",
    "vsv_infinite_uniform",
}


def collect(table: str) -> dict[str, Adapter]:
    found: dict[str, Adapter] = {}
    for path in sorted(Path(__file__).parent.glob("[!_]*.py")):
        for model, adapter in getattr(import_module(f"vector_adapters.{path.stem}"), table, {}).items():
            assert model not in found, f"two adapters for {model}"
            found[model] = adapter
    return found
