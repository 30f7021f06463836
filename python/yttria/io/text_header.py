"""Headers with one key and value per line, as in MetaImage ("Key = value") and Interfile ("!key := value")."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import ArgumentError, GeometryError
from ..geometry.affine import Affine

#: Directions in the patient as LPS axes: (axis, sign).
_LETTERS = {"L": (0, 1.0), "R": (0, -1.0), "P": (1, 1.0), "A": (1, -1.0), "S": (2, 1.0), "I": (2, -1.0)}


@dataclass(frozen=True, kw_only=True)
class TextHeader:
    """Keys and values of a header, with checks that name the key in errors."""

    fields: Mapping[str, str]

    def text(self, *keys: str) -> str | None:
        """Return the value of the first of these keys that is present and not empty."""
        return next((self.fields[key] for key in keys if self.fields.get(key)), None)

    def numbers(self, count: int, *keys: str) -> list[float] | None:
        """Return exactly `count` finite numbers; None if the header has none of the keys, which all mean the same."""
        found: dict[str, list[float]] = {}
        for key in keys:
            if text := self.text(key):
                values = [float(word) for word in text.replace(",", " ").strip("{} ").split()]
                if len(values) != count or not all(map(math.isfinite, values)):
                    raise ValueError(f"{key} must be {count} finite numbers, got '{text:.80}'")
                found[key] = values
        if len(set(map(tuple, found.values()))) > 1:
            raise ValueError(f"the header contradicts itself: it states {' and '.join(found)}, whose values differ")
        return next(iter(found.values()), None)

    def number(self, *keys: str) -> float | None:
        """Return one finite number; None if the header has none of the keys."""
        found = self.numbers(1, *keys)
        return None if found is None else found[0]

    def whole(self, *keys: str) -> int | None:
        """Return one whole number; None if the header has none of the keys."""
        found = self.number(*keys)
        if found is not None and found != int(found):
            raise ValueError(f"{keys[0]} must be a whole number, got {found:g}")
        return None if found is None else int(found)


def oriented(letters: str) -> Affine:
    """Return the rotation (4 x 4) to LPS from axes with the directions of three letters, such as "LPS" or "RAI".

    Raises
    ------
    ArgumentError
        If the letters are not one each of L/R, P/A and S/I.
    """
    found = [_LETTERS.get(letter) for letter in letters.upper()] if isinstance(letters, str) else []
    if len(found) != 3 or None in found or {axis for axis, _ in filter(None, found)} != {0, 1, 2}:
        raise ArgumentError(
            f"orientation must be one letter each of L/R, P/A and S/I, such as 'LPS', got {letters!r:.80}"
        )
    matrix = np.zeros((4, 4))
    matrix[3, 3] = 1.0
    for n, (axis, sign) in enumerate(filter(None, found)):
        matrix[axis, n] = sign
    return matrix


def checked_sizes(sizes: list[float] | None, key: str) -> list[float]:
    """Return the voxel sizes in mm; `GeometryError` if they are missing or not greater than 0."""
    if sizes is None:
        raise GeometryError(f"the header has no '{key}', which states the voxel size")
    if min(sizes) <= 0:
        raise GeometryError(f"{key} must be greater than 0 mm, got {', '.join(f'{size:g}' for size in sizes)}")
    return sizes
