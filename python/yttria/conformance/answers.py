"""The answers of yttria and of its reference to the cases.

The reference takes inputs as valid. To refuse is for yttria, so models that end in `_err` have no answer there; yttria
is asked as for the model without that ending, unless the model has a record of its own.
"""

from __future__ import annotations

from ._record import CORE, REFERENCE, Answer, Inputs
from .records import MODELS


def yttria_answer(model: str, inputs: Inputs) -> Answer:
    """Answer by yttria's public functions; raises what they raise, and `KeyError` for an unknown model."""
    return (MODELS.get(model) or MODELS[ERRORS.get(model, model.removesuffix("_err"))])(CORE, inputs)


def reference_answer(model: str, inputs: Inputs) -> Answer:
    """Answer by `yttria.reference`; `KeyError` for an unknown model."""
    return MODELS[model](REFERENCE, inputs)


ERRORS = {"lsf_planar_err": "lsf_planar_geometric_mean", "single_compartment_err": "single_compartment_inverse"}
