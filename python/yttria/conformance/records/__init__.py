"""The records of all models, and what answers each published model: `answer(side, inputs)`."""

from __future__ import annotations

from collections.abc import Callable

from .._record import Answer, Inputs, Side
from . import evaluation, files, partition, planning, voxel
from .images import records as image_records
from .maps import records as map_records
from .methods import records as method_records
from .voxel_plans import records as voxel_plan_records

__all__ = ["MODELS", "RECORDS", "image_records", "map_records", "method_records", "voxel_plan_records"]

RECORDS = (*planning.RECORDS, *evaluation.RECORDS)

MODELS: dict[str, Callable[[Side, Inputs], Answer]] = {
    **{model: record.answer for record in RECORDS for model in record.models},
    **planning.MODELS,
    **partition.MODELS,
    **evaluation.MODELS,
    **voxel.MODELS,
    **files.MODELS,
}
