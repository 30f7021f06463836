"""Dose of many cases from one manifest, on threads, processes or a cluster. The extra `batch` is needed.

`run` yields outcomes of cases in order and writes nothing. `run_manifest` writes a folder of results, and goes on from
there if it was interrupted or killed. For arrays that are already in memory, see `yttria.ConvolutionPlan.apply_many`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._foundation.rooms import lazy_room

if TYPE_CHECKING:
    from ..case import Case
    from .bids_derivatives import write_bids_derivatives
    from .manifest import ManifestError, ManifestRow, Problem, check_manifest, read_manifest, write_manifest
    from .manifest_schema import schema
    from .report import cohort_report
    from .run_report import RunReport
    from .runner import run_manifest
    from .stream import run
    from .worker import CaseOutcome, Failure
    from .zarr_maps import write_zarr

__all__ = [
    "Case",
    "CaseOutcome",
    "Failure",
    "ManifestError",
    "ManifestRow",
    "Problem",
    "RunReport",
    "check_manifest",
    "cohort_report",
    "read_manifest",
    "run",
    "run_manifest",
    "schema",
    "write_bids_derivatives",
    "write_manifest",
    "write_zarr",
]

lazy_room(
    __name__,
    {
        "..case": ("Case",),
        ".bids_derivatives": ("write_bids_derivatives",),
        ".manifest": (
            "ManifestError",
            "ManifestRow",
            "Problem",
            "check_manifest",
            "read_manifest",
            "write_manifest",
        ),
        ".manifest_schema": ("schema",),
        ".report": ("cohort_report",),
        ".run_report": ("RunReport",),
        ".runner": ("run_manifest",),
        ".stream": ("run",),
        ".worker": ("CaseOutcome", "Failure"),
        ".zarr_maps": ("write_zarr",),
    },
)
