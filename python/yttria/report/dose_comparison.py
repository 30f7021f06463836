"""Picture of a comparison: doses, difference and gamma in three planes, and both histograms of each structure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.extras import require
from .._foundation.text import literal
from .figure import INK, colors
from .selection import round_levels, surroundings
from .views import Orientation, Plane, plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..evaluation import DoseComparison

_STRUCTURES_IN_HISTOGRAM = 8


def comparison_figure(comparison: DoseComparison, *, title: str = "") -> Figure:
    """Draw two dose maps, their difference and gamma in planes through the largest difference, and histograms.

    Parameters
    ----------
    comparison : DoseComparison
        Result of `compare_doses`.
    title : str, default ""
        Description of A and B.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    MissingExtraError
        Without matplotlib.

    Notes
    -----
    The first row shows dose A with isodose lines of A (solid) and B (dashed). The second shows B - A, with a color
    scale that ends at the 99th percentile of `|B - A|` above the cutoff. The third shows gamma: green passes, pink
    fails, gray was not evaluated. A cross marks the largest difference. At the right are the cumulative histograms of
    up to eight structures, A solid and B dashed, and the distribution of gamma.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image
    >>> from yttria.evaluation import compare_doses
    >>> dose_gy = np.linspace(1.0, 100.0, 512).reshape(8, 8, 8)
    >>> a, b = Image(dose_gy, np.eye(4), "Gy"), Image(1.02 * dose_gy, np.eye(4), "Gy")
    >>> comparison_figure(compare_doses(a, b), title="B is 2 % higher").get_suptitle()
    'B is 2 % higher'
    """
    figure_module = require("matplotlib.figure", "plot")
    a, b = comparison.a, comparison.b
    orientation = Orientation.of(a.affine_lps)
    box = surroundings(list(comparison.voxel_fractions.values()), a)
    k, j, i = comparison.worst.voxel
    box = (_with(box[0], k), _with(box[1], j), _with(box[2], i))
    views = [plane(name, comparison.worst.voxel, box, orientation) for name in ("axial", "coronal", "sagittal")]
    top_gy = max(float(np.quantile(a.array[box], 0.999)), 1e-9)
    span_gy = max(comparison.differences[0].q99_gy, 1e-6)
    figure: Figure = figure_module.Figure(figsize=(15.0, 10.0), dpi=100, facecolor="white", layout="constrained")
    widths = [v.extent_mm[0] for v in views]
    columns = figure.add_gridspec(1, 2, width_ratios=(2.6, 1.0))
    planes = columns[0].subgridspec(3, 4, width_ratios=[*widths, 0.03 * sum(widths)])
    rows: tuple[tuple[str, NDArray[Any], str, float, float, str], ...] = (
        ("dose A / Gy, lines: A solid, B dashed", a.array, "inferno", 0.0, top_gy, "max"),
        ("B - A / Gy", comparison.difference.array, "RdBu_r", -span_gy, span_gy, "both"),
        ("gamma", comparison.gamma.gamma, "PiYG_r", 0.0, comparison.gamma.maximum_gamma, "neither"),
    )
    for row, (label, array, colormap, low, high, extend) in enumerate(rows):
        drawn = []
        for column, view in enumerate(views):
            axes = figure.add_subplot(planes[row, column])
            values = view.cut(array)
            drawn.append(axes.imshow(values, cmap=colormap, vmin=low, vmax=high, aspect=view.aspect, origin="upper"))
            axes.set_facecolor("#cccccc")
            _annotate(axes, view, comparison.worst.voxel, a.shape, dark=row == 0)
            if row == 0:
                axes.set_title(f"{view.name}, slice {view.index}", fontsize=10, color=INK)
                levels = round_levels(top_gy)
                _isodoses(axes, view.cut(a.array), levels, "solid")
                _isodoses(axes, view.cut(b.array), levels, "dashed")
        figure.colorbar(drawn[-1], cax=figure.add_subplot(planes[row, 3]), extend=extend).set_label(label, color=INK)
    side = columns[1].subgridspec(2, 1, height_ratios=(1.5, 1.0))
    _histograms(figure.add_subplot(side[0]), comparison)
    _gamma_histogram(figure.add_subplot(side[1]), comparison)
    figure.suptitle(literal(title) or "Dose B compared with dose A", color=INK, fontsize=12, x=0.01, ha="left")
    figure.text(0.995, 0.003, "yttria, for research use", ha="right", va="bottom", fontsize=8, color="#666666")
    return figure


def _with(part: slice, index: int) -> slice:
    return slice(min(part.start, index), max(part.stop, index + 1))


def _annotate(axes: Axes, view: Plane, worst: tuple[int, int, int], shape: tuple[int, int, int], *, dark: bool) -> None:
    """Draw the cross at the voxel of the largest difference, and the patient's directions."""
    mark = np.zeros(shape, bool)
    mark[worst] = True
    row, column = np.argwhere(view.cut(mark))[0]
    color = "white" if dark else "#444444"
    axes.plot(column, row, marker="+", markersize=12, color=color, markeredgewidth=1.4)
    left, right, top, bottom = view.labels
    for text, x, y in ((left, 0.02, 0.5), (right, 0.98, 0.5), (top, 0.5, 0.97), (bottom, 0.5, 0.03)):
        axes.text(x, y, text, transform=axes.transAxes, color=color, fontsize=9, ha="center", va="center")
    axes.set_xticks([])
    axes.set_yticks([])


def _isodoses(axes: Axes, dose: NDArray[Any], levels: list[float], style: str) -> None:
    reached = [level for level in levels if dose.min() < level < dose.max()]
    if reached and min(dose.shape) > 1:
        axes.contour(dose, levels=reached, colors="white", linewidths=0.8, linestyles=style)


def _histograms(axes: Axes, comparison: DoseComparison) -> None:
    shown = dict(list(comparison.histograms.items())[:_STRUCTURES_IN_HISTOGRAM])
    if not shown:
        # Empty axes from 0 to 1 Gy would look like a histogram that failed.
        axes.set_axis_off()
        axes.text(0.5, 0.5, "No structures, no histograms", transform=axes.transAxes, color=INK, ha="center")
        return
    for color, (name, pair) in zip(colors(len(shown)), shown.items(), strict=True):
        top = max(h.dose_at_volume_percent(0.5) for h in pair)
        doses_gy = np.linspace(0.0, max(1.05 * top, 1e-9), 400)
        for histogram, style, label in zip(pair, ("solid", "dashed"), (literal(name), None), strict=True):
            _, volume_ml = histogram.curve(doses_gy=doses_gy)
            percent = 100.0 * volume_ml / histogram.volume_ml
            axes.plot(doses_gy, percent, color=color, linestyle=style, linewidth=1.6, label=label)
    axes.set_xlabel("absorbed dose / Gy (A solid, B dashed)", color=INK)
    axes.set_ylabel("volume that receives at least this dose / %", color=INK)
    axes.set_ylim(0.0, 102.0)
    axes.set_xlim(left=0.0)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, loc="upper right")


def _gamma_histogram(axes: Axes, comparison: DoseComparison) -> None:
    gamma = comparison.gamma
    edges = np.linspace(0.0, gamma.maximum_gamma, 41)
    # Bars show the share of all evaluated voxels. The last bar holds voxels that reached the end of the search.
    counts, _ = np.histogram(gamma.gamma[~np.isnan(gamma.gamma)], edges)
    shades = ["#009e73" if edge < 1.0 else "#d55e00" for edge in edges[:-1]]
    axes.bar(edges[:-1], 100.0 * counts / gamma.evaluated_voxels, width=edges[1], align="edge", color=shades)
    axes.axvline(1.0, color=INK, linewidth=0.8)
    axes.set_yscale("log")
    axes.set_xlim(0.0, gamma.maximum_gamma)
    criterion = (
        f"{100 * gamma.dose_difference_fraction:g} % {'local' if gamma.local else 'global'}, {gamma.distance_mm:g} mm"
    )
    axes.set_title(f"{criterion}: {100 * gamma.passing_fraction:.2f} % pass", fontsize=10, color=INK)
    axes.set_xlabel("gamma", color=INK)
    axes.set_ylabel("evaluated voxels / %", color=INK)
    axes.spines[["top", "right"]].set_visible(False)
