"""Names of structures in DICOM files, trimmed, made unique, and limited in number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ...errors import ShapeError
from .dataset import Dataset, text

#: Largest number of structures of one call. An atlas of the whole body has about 120; a file with thousands is damaged.
MAX_STRUCTURES = 1000


def name_of(item: Dataset, keyword: str) -> str | None:
    """Return the name of an item without blanks, NUL or line ends around it; None if nothing is left."""
    return re.sub(r"^[\s\0]+|[\s\0]+$", "", text(item, keyword) or "") or None


def told_apart(names: Sequence[str], numbers: Sequence[int]) -> list[str]:
    """Return the names, and add the number to those that occur more than once: "Tumor #2"."""
    found = list(names)
    # A name with its number may be equal to the name of another structure.
    for _ in range(3):
        counts = Counter(found)
        found = [f"{name} #{n}" if counts[name] > 1 else name for name, n in zip(found, numbers, strict=True)]
    return found


def check_count(count: int, what: str) -> None:
    """Raise `ShapeError` beyond `MAX_STRUCTURES`."""
    if count > MAX_STRUCTURES:
        raise ShapeError(
            f"at most {MAX_STRUCTURES} {what} can be read at once, got {count}: select some by names=, only= or "
            "exclude="
        )
