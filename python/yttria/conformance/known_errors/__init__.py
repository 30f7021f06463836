"""Known mistakes, as functions: an implementation goes in, one that makes the mistake comes out.

None of these gives an answer. They exist so that a cross-validation can compute what each mistake would make of a
case, and name the one that a deviating number looks like. `KNOWN_ERRORS` has them by name; `summary(name)` is the first
line of what each one says about itself.
"""

from __future__ import annotations

# The order is that in which two are put around each other: files, maps and histograms innermost, conventions outermost.
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
    """One sentence on a known error; `KeyError` for an unknown name."""
    return (KNOWN_ERRORS[name].__doc__ or "").split("\n")[0]
