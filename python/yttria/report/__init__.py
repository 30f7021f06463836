"""What a person reads: pictures and tables. Needs the extra `plot`."""

from __future__ import annotations

from .figure import dose_figure, save_figure

__all__ = ["dose_figure", "save_figure"]
