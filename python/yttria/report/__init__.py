"""Pictures, tables, and the report of a patient or cohort.

Pictures need the extra `plot`, reports the extra `report`.
"""

from __future__ import annotations

from .._foundation.arguments import public as _public
from .dose_comparison import comparison_figure
from .dose_map import DoseMap, dose_map
from .figure import dose_figure, save_figure
from .html_report import html_report

__all__ = ["DoseMap", "comparison_figure", "dose_figure", "dose_map", "html_report", "save_figure"]

_public(globals())
