"""Picture of a cohort: distribution of the mean doses, and median dose-volume histograms with quartiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.extras import require
from .._foundation.text import literal
from .summary import MOST_CURVES, OUTLIER_Z, dvh_curves, dvh_quartiles, finished_folder, mean_doses, modified_z

#: Largest number of structures shown, beginning with those that the most cases have.
_SHOWN = 8
_RESEARCH_USE = "For research use only."


def cohort_figure(folder: str | Path) -> Any:
    """Draw the tables of a finished run as a matplotlib figure. A folder without tables raises `FileFormatError`."""
    folder = finished_folder(folder)
    figure = require("matplotlib.figure", "plot").Figure(figsize=(11.0, 4.8), layout="constrained")
    colors = require("matplotlib", "plot").colormaps["tab10"].colors
    means, (curves, step_gy) = mean_doses(folder), dvh_curves(folder)
    names = sorted(means, key=lambda name: (-len(means[name]), name))[:_SHOWN]
    left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.25))
    for n, name in enumerate(names):
        _spread(left, n, means[name], colors[n])
        _band(right, name, curves[name], step_gy, colors[n])
    left.set_yticks(range(len(names)), [f"{literal(name)} (n = {len(means[name])})" for name in names])
    left.invert_yaxis()
    left.set_xscale("log")
    plain = require("matplotlib.ticker", "plot").LogFormatter(labelOnlyBase=False, minor_thresholds=(2.0, 0.5))
    left.xaxis.set_major_formatter(plain)
    left.xaxis.set_minor_formatter(plain)
    left.set_xlabel("Mean absorbed dose / Gy")
    left.set_title("Cases; box: quartiles, ring: outlier", fontsize=10, loc="left")
    right.set_xlabel("Absorbed dose / Gy")
    right.set_ylabel("Volume that receives it or more / fraction")
    right.set_title("Dose-volume histograms; line: median, band: quartiles", fontsize=10, loc="left")
    right.set_ylim(0.0, 1.02)
    right.set_xlim(left=0.0)
    if names:
        right.legend(frameon=False, fontsize=9)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="x", color="0.92")
        axes.set_axisbelow(True)
    figure.text(0.995, 0.004, _RESEARCH_USE, ha="right", va="bottom", fontsize=7, color="0.45")
    return figure


def _spread(axes: Any, row: int, means: NDArray[np.float64], color: Any) -> None:
    shown = means[means > 0]
    if not len(shown):
        return
    out = np.abs(modified_z(shown)) > OUTLIER_Z
    # The seed is fixed, so that equal tables give equal figures.
    offset = np.random.default_rng(row).uniform(-0.3, 0.3, len(shown))
    drawn = np.linspace(0, len(shown) - 1, min(len(shown), MOST_CURVES)).astype(int)
    axes.plot(shown[drawn], row + offset[drawn], ".", ms=2.5, alpha=0.35, color=color, rasterized=True)
    axes.plot(shown[out], row + offset[out], "o", ms=5.0, mfc="none", mec=color)
    low, middle, high = np.quantile(shown, (0.25, 0.5, 0.75))
    axes.fill_betweenx([row - 0.34, row + 0.34], low, high, color=color, alpha=0.25, lw=0)
    axes.plot([middle, middle], [row - 0.34, row + 0.34], color="0.15", lw=1.4)


def _band(axes: Any, name: str, curves: list[NDArray[np.float64]], step_gy: float, color: Any) -> None:
    low, middle, high = dvh_quartiles(curves)
    end = int(np.searchsorted(-high, -0.002)) + 1  # beyond it, nearly all curves are 0
    doses = np.arange(len(middle)) * step_gy
    axes.fill_between(doses[:end], low[:end], high[:end], color=color, alpha=0.2, lw=0)
    axes.plot(doses[:end], middle[:end], color=color, lw=1.6, label=literal(name))
