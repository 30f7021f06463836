"""Records of all models, and the function `answer(side, inputs)` of each published model."""

from __future__ import annotations

from collections.abc import Callable

from .._record import Answer, Inputs, Record, Side
from . import evaluation, files, partition, planning, voxel
from .images import records as image_records
from .maps import records as map_records
from .methods import records as method_records
from .plan_uncertainties import records as plan_uncertainty_records
from .spectra import records as spectrum_records
from .voxel_plans import records as voxel_plan_records

__all__ = ["MODELS", "RECORDS", "all_records"]

RECORDS = (*planning.RECORDS, *evaluation.RECORDS)


def all_records() -> tuple[Record, ...]:
    """List every record, also those whose objects must be made first."""
    made = (method_records, map_records, image_records, voxel_plan_records, plan_uncertainty_records, spectrum_records)
    return (*RECORDS, *(record for records in made for record in records()))


MODELS: dict[str, Callable[[Side, Inputs], Answer]] = {
    **{model: record.answer for record in RECORDS for model in record.models},
    **planning.MODELS,
    **partition.MODELS,
    **evaluation.MODELS,
    **voxel.MODELS,
    **files.MODELS,
}
