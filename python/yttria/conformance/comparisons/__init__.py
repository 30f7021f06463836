"""yttria compared with its reference, one public function after the other, for tests, benchmark and `verify`."""

from __future__ import annotations

from .._record import CORE, REFERENCE, Record
from ._comparison import Comparison

__all__ = ["Comparison", "comparisons"]


def comparisons() -> dict[str, Comparison]:
    """Every comparison by its public name: one for each record, and those of methods and maps."""
    from ..records import evaluation as evaluation_records
    from ..records import planning as planning_records
    from . import density, evaluation, kernels, planning, treatment, voxel

    def of_records(records: tuple[Record, ...]) -> list[Comparison]:
        return [
            Comparison(name=r.name, core=r.work(CORE), reference=r.work(REFERENCE), relative=r.relative)
            for r in records
        ]

    found = (
        *of_records(planning_records.RECORDS),
        *planning.entries(),
        *treatment.entries(),
        *voxel.entries(),
        *density.entries(),
        *kernels.entries(),
        *evaluation.entries(),
        *of_records(evaluation_records.RECORDS),
    )
    by_name = {each.name: each for each in found}
    assert len(by_name) == len(found), "two comparisons share a name"
    return by_name
