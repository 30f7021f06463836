"""Lists and tables as cells of a spreadsheet, each with its own name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """`doses` with two elements as `doses[0]`, `doses[1]`; a table as `name.key`; anything else as itself."""
    if isinstance(value, list | tuple) and len(value) > 0:
        for n, each in enumerate(value):
            yield from flat(f"{name}[{n}]", each)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from flat(f"{name}.{key}", each)
    else:
        yield name, value
