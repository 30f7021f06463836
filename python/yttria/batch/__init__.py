"""Many cases: a manifest in, tables out, on threads, processes or a cluster. Needs the extra `batch`.

`run` yields outcomes of cases in order and writes nothing; `run_manifest` is the job that survives what happens at
night. For arrays that are in memory already see `yttria.ConvolutionPlan.apply_many`.
"""

from __future__ import annotations

from .._foundation.arguments import public as _public
from ..case import Case
from .cohort import RunReport, run_manifest
from .manifest import ManifestError, ManifestRow, Problem, check_manifest, read_manifest, write_manifest
from .manifest_schema import schema
from .outcome import CaseOutcome, Failure
from .stream import run

__all__ = [
    "Case",
    "CaseOutcome",
    "Failure",
    "ManifestError",
    "ManifestRow",
    "Problem",
    "RunReport",
    "check_manifest",
    "read_manifest",
    "run",
    "run_manifest",
    "schema",
    "write_manifest",
]

_public(globals())
