"""Standard uncertainties that answers state, and how many of them an answer lies from what is expected."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import FileFormatError
from ._cases import SuiteCase, real_array
from ._cells import flat

#: The key of an answer, and the column of a CSV file, that hold standard uncertainties.
KEY = "standard_uncertainty"

#: By quantity or by an element of one, `doses[0]`.
Uncertainties = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class UncertainAnswer:
    """One answer with a stated uncertainty: its deviation `(got - expected) / u`, of a map the largest."""

    quantity: str
    standard_uncertainty: float
    deviation: float


def stated_uncertainties(case: str, given: Any) -> Uncertainties:
    """Read the uncertainties of one case: numbers by quantity, or lists and tables like the answers themselves.

    Raises `FileFormatError` for one that is no positive, finite number.
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
    """Each answer that is a number, or a map, and states its uncertainty; that of a list may hold for all elements."""
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
