"""Names of structures in DICOM files: trimmed, told apart, and not more of them than a patient has."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ...errors import ShapeError
from .dataset import Dataset, text

#: Structures of one call. An atlas of the whole body has about 120; thousands are no drawing.
MAX_STRUCTURES = 1000


def name_of(item: Dataset, keyword: str) -> str | None:
    """The name that an item states, without blanks, NUL or line ends around it; None if nothing is left."""
    return re.sub(r"^[\s\0]+|[\s\0]+$", "", text(item, keyword) or "") or None


def told_apart(names: Sequence[str], numbers: Sequence[int]) -> list[str]:
    """The names, and those that occur more than once with their number: "Tumor #2"."""
    found = list(names)
    # A name with its number may be another structure's name as it stands.
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
