"""Answers of yttria and of its reference to the cases.

The reference assumes valid inputs, and only yttria refuses others. Models that end in `_err` therefore have no answer
by the reference. For yttria, such a model is the model without that ending, unless it has a separate record.
"""

from __future__ import annotations

from ._record import CORE, REFERENCE, Answer, Inputs
from .records import MODELS


def yttria_answer(model: str, inputs: Inputs) -> Answer:
    """Answer by yttria's public functions. Their errors are passed on, and an unknown model raises `KeyError`."""
    return (MODELS.get(model) or MODELS[ERRORS.get(model, model.removesuffix("_err"))])(CORE, inputs)


def reference_answer(model: str, inputs: Inputs) -> Answer:
    """Answer by `yttria.reference`. An unknown model raises `KeyError`."""
    return MODELS[model](REFERENCE, inputs)


ERRORS = {"lsf_planar_err": "lsf_planar_geometric_mean", "single_compartment_err": "single_compartment_inverse"}
