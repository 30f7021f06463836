"""Standard uncertainties that answers state, and the deviations of answers in units of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import FileFormatError
from ._cases import SuiteCase, real_array
from ._cells import flat

#: Key of an answer, and column of a CSV file, for standard uncertainties.
KEY = "standard_uncertainty"

#: Uncertainties by quantity or by an element of one, such as `doses[0]`.
Uncertainties = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class UncertainAnswer:
    """Answer with a stated uncertainty, and its deviation `(got - expected) / u`, for a map the largest."""

    quantity: str
    standard_uncertainty: float
    deviation: float


def stated_uncertainties(case: str, given: Any) -> Uncertainties:
    """Read the uncertainties of one case, which are numbers by quantity, or lists and tables like the answers.

    A value that is not a positive, finite number raises `FileFormatError`.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise FileFormatError(f"{case}: {KEY} must be an object of quantities, got {type(given).__name__}")
    cells = ((key, each) for name, value in given.items() for key, each in flat(str(name), value))
    return {key: _positive(f"{case}/{key}", each) for key, each in cells if each is not None and each != ""}


def _positive(where: str, value: Any) -> float:
    try:
        u = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        u = math.nan
    if not (math.isfinite(u) and u > 0.0):
        raise FileFormatError(f"{where}: {KEY} must be a number above 0, got {value!r:.80}")
    return u


def uncertain_answers(case: SuiteCase, got: Mapping[str, Any], stated: Uncertainties) -> Iterator[UncertainAnswer]:
    """Collect the answers that are numbers or maps and state an uncertainty.

    One for a list may apply to all elements.
    """
    for quantity, answer in got.items():
        expected = case.expected[quantity]
        if isinstance(expected, np.ndarray):
            values = real_array(answer)
            u = stated.get(quantity)
            if u is not None and values is not None and values.shape == expected.shape:
                apart = (values - expected).ravel()
                worst = float(apart[int(np.argmax(np.abs(apart)))])
                yield UncertainAnswer(quantity=quantity, standard_uncertainty=u, deviation=worst / u)
            continue
        right = dict(flat(quantity, expected))
        for key, value in flat(quantity, answer):
            u = stated.get(key, stated.get(quantity))
            wanted = right.get(key)
            if u is not None and _is_number(value) and _is_number(wanted):
                yield UncertainAnswer(quantity=key, standard_uncertainty=u, deviation=(value - wanted) / u)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
