"""What a person reads: pictures and tables. Needs the extra `plot`."""

from __future__ import annotations

from .._foundation.arguments import public as _public
from .dose_comparison import comparison_figure
from .figure import dose_figure, save_figure

__all__ = ["comparison_figure", "dose_figure", "save_figure"]

_public(globals())
