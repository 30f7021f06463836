"""Known mistakes as functions that take an implementation and return one that makes the mistake.

They are no source of answers. With them a cross-validation computes the answers that each mistake would give, and names
the mistake that explains a deviating number. `KNOWN_ERRORS` lists them by name, and `summary(name)` is the first line
of their docstring.
"""

from __future__ import annotations

# The order is that of the combination of two mistakes, with files, maps and histograms innermost and conventions
# outermost.
from . import files  # isort: skip
from . import voxel  # isort: skip
from . import evaluation  # isort: skip
from . import planning  # isort: skip
from . import conventions  # isort: skip
from ._registered import KNOWN_ERRORS, Answer, Implementation, Inputs, Variant

__all__ = [
    "KNOWN_ERRORS",
    "Answer",
    "Implementation",
    "Inputs",
    "Variant",
    "conventions",
    "evaluation",
    "files",
    "planning",
    "summary",
    "voxel",
]


def summary(name: str) -> str:
    """Describe a known error in one sentence. An unknown name raises `KeyError`."""
    return (KNOWN_ERRORS[name].__doc__ or "").split("\n")[0]
