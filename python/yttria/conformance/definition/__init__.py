"""What a case's answer is by `yttria.reference`: `answer(model, inputs)`.

The reference takes inputs as valid. What must be refused is for the core's constructors, so models that end in `_err`
have no answer here.
"""

from __future__ import annotations

from collections.abc import Callable

from . import decay, evaluation, files, partition, resin_activity, single_compartment, territories, voxel
from ._common import Answer, Inputs

_ROOMS = (decay, evaluation, files, partition, resin_activity, single_compartment, territories, voxel)

DEFINITIONS: dict[str, Callable[[Inputs], Answer]] = {
    model: definition for room in _ROOMS for model, definition in room.DEFINITIONS.items()
}


def answer(model: str, inputs: Inputs) -> Answer:
    """The definition's answer; `KeyError` for a model that has none."""
    return DEFINITIONS[model](inputs)
