"""Checks of single arguments: numbers, counts of threads, and names of a list."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from operator import index
from typing import TypeVar

import numpy as np

from .._core import Nuclide
from ..errors import ArgumentError, OutOfRangeError, UnknownNameError
from .text import did_you_mean

Name = TypeVar("Name", bound=str)
#: A larger relative standard uncertainty is a percentage by mistake, or leaves the quantity unknown.
LARGEST_RELATIVE_UNCERTAINTY = 2.0


def number(quantity: str, value: object) -> float:
    """Return `value` as a float; a truth value, a text, an array or None raises `ArgumentError`.

    The core checks the domain.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iuf":
        value = value[()]
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ArgumentError(f"{quantity} must be a real number, got {value!r:.80}")
    try:
        return float(value)
    except OverflowError:
        raise OutOfRangeError(f"{quantity} must be finite, got an integer too large for a float") from None


def optional_number(quantity: str, value: object) -> float | None:
    """Return `value` as a float, or None if it is None."""
    return None if value is None else number(quantity, value)


def relative_uncertainty(quantity: str, value: object) -> float:
    """Return a relative standard uncertainty, a fraction within [0, 2]; a percentage raises `OutOfRangeError`."""
    found = number(quantity, value)
    if not 0.0 <= found <= LARGEST_RELATIVE_UNCERTAINTY:
        hint = f" (did you mean {found / 100:g}?)" if LARGEST_RELATIVE_UNCERTAINTY < found <= 100.0 else ""
        raise OutOfRangeError(
            f"{quantity} must be a fraction within [0, {LARGEST_RELATIVE_UNCERTAINTY:g}], got {found:g}{hint}"
        )
    return found


def open_fraction(quantity: str, value: object) -> float:
    """Return a number between 0 and 1; these two and any other number raise `OutOfRangeError`."""
    found = number(quantity, value)
    if not 0.0 < found < 1.0:
        raise OutOfRangeError(f"{quantity} must be within (0, 1), got {found:g}")
    return found


def thread_count(threads: object) -> int | None:
    """Return the number of threads; None if it is not given."""
    if threads is None:
        return None
    try:
        count = index(threads)  # type: ignore[arg-type]
    except TypeError:
        raise ArgumentError(f"threads must be a whole number or None, got {threads!r:.80}") from None
    if not 1 <= count <= 1024:
        raise OutOfRangeError(f"threads must be within [1, 1024], got {threads}")
    return count


def default_nuclide(nuclide: Nuclide | None) -> Nuclide:
    """Return the nuclide, or that of the EANM guideline if none is given."""
    return Nuclide() if nuclide is None else nuclide


def one_of(quantity: str, value: object, known: Sequence[Name]) -> Name:
    """Return the known name that `value` spells; hyphens and underscores are the same.

    Any other value raises `UnknownNameError`, which lists the known names.
    """
    if isinstance(value, str):
        for name in known:
            if name == value:
                return name
        for name in known:
            if name.replace("-", "_") == value.replace("-", "_"):
                return name
    hint = did_you_mean(value, known)
    raise UnknownNameError(f"{quantity} must be one of {', '.join(known)}, got {value!r:.80}{hint}")
