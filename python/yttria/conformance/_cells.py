"""Lists and tables as named cells of a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Name the elements of a list `doses` as `doses[0]` and `doses[1]`, and those of a table as `name.key`."""
    if isinstance(value, list | tuple) and len(value) > 0:
        for n, each in enumerate(value):
            yield from flat(f"{name}[{n}]", each)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from flat(f"{name}.{key}", each)
    else:
        yield name, value
