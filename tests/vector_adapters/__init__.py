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
    "bed_y90",
    "bed_y90_inverse",
    "combine_independent",
    "count_edge_factor_phi",
    "dvh_metrics",
    "dvh_metrics_interp",
    "gEUD",
    "gEUD_err",
    "kernel_convolution_1d_zero_pad",
    "ldm_absolute",
    "ldm_relative",
    "lung_shunt_combine",
    "multi_injection_lp_energy",
    "multi_injection_lp_maxmin",
    "multi_territory_forward",
    "multi_territory_overlap",
    "ntcp_lkb",
    "ntcp_logistic",
    "partition_uncertainty",
    "tcp_logistic",
    "tcp_poisson",
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
