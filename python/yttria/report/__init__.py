"""Pictures, tables, and the report of a patient or cohort.

Pictures need the extra `plot`, reports the extra `report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._foundation.rooms import lazy_room

if TYPE_CHECKING:
    from .dose_comparison import comparison_figure
    from .dose_map import DoseMap, dose_map
    from .figure import dose_figure, save_figure
    from .html_report import html_report

__all__ = ["DoseMap", "comparison_figure", "dose_figure", "dose_map", "html_report", "save_figure"]

lazy_room(
    __name__,
    {
        ".dose_comparison": ("comparison_figure",),
        ".dose_map": ("DoseMap", "dose_map"),
        ".figure": ("dose_figure", "save_figure"),
        ".html_report": ("html_report",),
    },
)
