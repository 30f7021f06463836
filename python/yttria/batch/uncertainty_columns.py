"""Standard uncertainties in the long table of doses, where each is a column of its metric and not a metric."""

from __future__ import annotations

from collections.abc import Sequence

COVERAGE_FACTOR = "coverage_factor"
_INFIX = "_standard_uncertainty_"


def uncertainty_of(metric: str) -> str:
    """Name the column with the standard uncertainty of a metric, "mean_standard_uncertainty_gy" for "mean_gy"."""
    stem, _, unit = metric.rpartition("_")
    return f"{stem}{_INFIX}{unit}"


def metrics_of(columns: Sequence[str]) -> list[str]:
    """Select the columns that are metrics."""
    return [name for name in columns if _INFIX not in name and name != COVERAGE_FACTOR]
