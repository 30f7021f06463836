"""The records of all models, and what answers each published model: `answer(side, inputs)`."""

from __future__ import annotations

from collections.abc import Callable

from .._record import Answer, Inputs, Side, by_side
from . import (
    evaluation,
    files_reference,
    files_yttria,
    partition_reference,
    partition_yttria,
    planning,
    territories_reference,
    territories_yttria,
    voxel_reference,
    voxel_yttria,
)

RECORDS = (*planning.RECORDS, *evaluation.RECORDS)

MODELS: dict[str, Callable[[Side, Inputs], Answer]] = {
    **{model: record.answer for record in RECORDS for model in record.models},
    **planning.MODELS,
    **evaluation.MODELS,
    **by_side(partition_yttria.ANSWERS, partition_reference.ANSWERS),
    **by_side(territories_yttria.ANSWERS, territories_reference.ANSWERS),
    **by_side(voxel_yttria.ANSWERS, voxel_reference.ANSWERS),
    **by_side(files_yttria.ANSWERS, files_reference.ANSWERS),
}
