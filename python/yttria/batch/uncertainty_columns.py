"""Standard uncertainties in the long table of doses: each beside its metric, and no metric by itself."""

from __future__ import annotations

from collections.abc import Sequence

COVERAGE_FACTOR = "coverage_factor"
_INFIX = "_standard_uncertainty_"


def uncertainty_of(metric: str) -> str:
    """Name of the column with the standard uncertainty of a metric: "mean_standard_uncertainty_gy" of "mean_gy"."""
    stem, _, unit = metric.rpartition("_")
    return f"{stem}{_INFIX}{unit}"


def metrics_of(columns: Sequence[str]) -> list[str]:
    """The columns that are metrics by themselves."""
    return [name for name in columns if _INFIX not in name and name != COVERAGE_FACTOR]
