"""Short representations, which show the kind of a value and not all of its numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

_WIDTH, _LINES = 116, 10


def brief(self: Any) -> str:
    """The fields of a dataclass in at most ten lines of 116 characters; arrays as their type and shape."""
    parts = ", ".join(f"{f.name}={short(getattr(self, f.name))}" for f in fields(self) if f.repr)
    text = f"{type(self).__name__}({parts})"
    if len(text) <= _WIDTH:
        return text
    return "\n".join(textwrap.wrap(text, _WIDTH, subsequent_indent="    ", max_lines=_LINES, placeholder=" ..."))


def short(value: object) -> str:
    """One value in some sixty characters."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"<{value.dtype} array {value.shape}>"
    if isinstance(value, np.generic | np.ndarray):
        value = value.item()
    if isinstance(value, Mapping):
        names = ", ".join(map(str, list(value)[:4]))
        return f"<{len(value)}: {names[:60]}{', ...' if len(value) > 4 else ''}>" if value else "{}"
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        if len(value) > 4:
            return f"<{len(value)} items>"
        inner = ", ".join(map(short, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."
