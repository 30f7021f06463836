"""How yttria itself answers a case: `answer(model, inputs)`.

An adapter renames inputs and results and does nothing else. A model whose name ends in `_err` is asked as the one
without that ending, unless it has an adapter of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from . import decay, evaluation, files, lung, partition, resin_activity, scores, single_compartment, territories, voxel
from ._common import Answer, Inputs

_ROOMS = (decay, evaluation, files, lung, partition, resin_activity, scores, single_compartment, territories, voxel)

ADAPTERS: dict[str, Callable[[Inputs], Answer]] = {
    model: adapter for room in _ROOMS for model, adapter in room.ADAPTERS.items()
}


def answer(model: str, inputs: Inputs) -> Answer:
    """The core's answer; raises what the model raises, and `KeyError` for a model that has no adapter."""
    return (ADAPTERS.get(model) or ADAPTERS[model.removesuffix("_err")])(inputs)
