"""Registration of known mistakes, which are functions that turn an implementation into one that makes the mistake.

An implementation is `answer(model, inputs)`. A mistake changes the inputs or the answer of certain models and leaves
every other model unchanged. Mistakes can therefore be combined.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Inputs = dict[str, Any]
Answer = dict[str, Any]
Implementation = Callable[[str, Inputs], Answer]
Variant = Callable[[Implementation], Implementation]

KERNEL_DOSE, LOCAL_DOSE, RELATIVE_DOSE = "voxel_dose_kernel", "voxel_dose_local", "voxel_dose_relative"
DOSE_MAPS = (KERNEL_DOSE, LOCAL_DOSE, RELATIVE_DOSE)

KNOWN_ERRORS: dict[str, Variant] = {}
"""Every known mistake by name, in the order in which two of them are combined."""


def registered(variant: Variant, name: str = "", text: str = "") -> Variant:
    """Register a known mistake, by its name and docstring if none are given."""
    if text:
        variant.__name__, variant.__doc__ = name, text
    KNOWN_ERRORS[variant.__name__] = variant
    return variant


def inputs(inner: Implementation, change: Callable[[Inputs], Inputs], *models: str) -> Implementation:
    """Answer by `inner` with `inputs | change(inputs)`, for all models if none is named."""

    def answer(model: str, inputs: Inputs) -> Answer:
        return inner(model, inputs | change(inputs) if not models or model in models else inputs)

    return answer


def outputs(inner: Implementation, change: Callable[[Inputs, Answer], Answer], *models: str) -> Implementation:
    """Answer by `answer | change(inputs, answer)`. Quantities that only `change` names are left out."""

    def answer(model: str, inputs: Inputs) -> Answer:
        found = inner(model, inputs)
        if model not in models:
            return found
        return found | {k: v for k, v in change(inputs, found).items() if k in found}

    return answer


def replaced(i: Inputs, name: str, value: Any) -> Inputs:
    """Replace the value of an input that is given."""
    return {name: value} if i.get(name) is not None else {}


def scaled(answer: Answer, factor: float, *names: str) -> Answer:
    """Multiply quantities by a factor."""
    return {name: factor * answer[name] for name in names if answer.get(name) is not None}


def changed_inputs(*models: str) -> Callable[[Callable[[Inputs], Inputs]], Callable[[Inputs], Inputs]]:
    """Register a mistake that changes the inputs of these models, or of all models if none is named."""

    def enter(change: Callable[[Inputs], Inputs]) -> Callable[[Inputs], Inputs]:
        registered(lambda inner: inputs(inner, change, *models), change.__name__, change.__doc__ or "")
        return change

    return enter


def changed_outputs(*models: str) -> Callable[[Callable[[Inputs, Answer], Answer]], Callable[[Inputs, Answer], Answer]]:
    """Register a mistake that changes the answers to these models."""

    def enter(change: Callable[[Inputs, Answer], Answer]) -> Callable[[Inputs, Answer], Answer]:
        registered(lambda inner: outputs(inner, change, *models), change.__name__, change.__doc__ or "")
        return change

    return enter
