"""Picture of a result: fused planes with isodose lines, and the cumulative dose-volume histogram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .._core import VoxelFractions
from .._foundation.choices import METHOD_NAMES
from .._foundation.extras import require
from .._foundation.text import literal
from ..errors import ArgumentError, GeometryError
from ..evaluation import dose_volume_histograms
from ..geometry.affine import check_same_frame
from .selection import (
    center,
    center_of,
    check_levels,
    highest_shown_gy,
    is_tumor,
    large_ones,
    round_levels,
    short,
    surroundings,
    tumors_of,
)
from .views import Orientation, Plane, plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

    from ..geometry.image import Image
    from ..geometry.structure import Structure
    from ..voxel.dose_result import DoseResult

#: Largest numbers of planes through further tumors in a row, and in a picture.
_PLANES_IN_ROW, _MORE_PLANES = 4, 12
#: Largest numbers of characters of a name in the key, of one above a plane, and of the title. Longer texts are cut in
#: the middle.
_IN_KEY, _ABOVE_PLANE, _IN_TITLE = 32, 24, 90
_COLORS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#d55e00", "#999999")
INK = "#222222"


def dose_figure(
    result: DoseResult,
    structures: Sequence[Structure],
    *,
    background: Image | None = None,
    isodoses_gy: Sequence[float] | None = None,
    title: str = "",
) -> Figure:
    """Draw axial, coronal and sagittal planes with isodose lines, and the cumulative dose-volume histogram.

    Parameters
    ----------
    result : DoseResult
        The dose.
    structures : sequence of Structure
        Structures in its space. One that lies outside the image is left out.
    background : Image, optional
        Image beneath the dose in gray, such as a CT, on the dose grid. Without it the dose is drawn on black.
    isodoses_gy : sequence of float, optional
        Levels of the isodose lines in Gy, each finite and above 0; round numbers if not given.
    title : str, default ""
        The patient or the file, and the date; method and scaling are added.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    GeometryError
        If the background is on another grid or in another frame of reference.
    OutOfRangeError
        If a level is not finite and above 0.
    MissingExtraError
        Without matplotlib.

    Notes
    -----
    The planes pass through the structure with the highest mean dose (of those of at least 5 mL, if there are any) and
    show the surroundings of all structures. Each of the twelve largest further tumors, by their names, has an axial
    plane. The color scale ends at the highest D2 of those structures or D50 of a smaller tumor, so that one hot voxel
    does not darken the rest. Small structures are drawn over large ones.

    Examples
    --------
    >>> import yttria
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((8.0, 8.0, 8.0))
    >>> dose = yttria.dose_image(phantom.activity, scaling=yttria.AbsoluteScaling(scan_delay_h=20.0))
    >>> dose_figure(dose, phantom.structures, title="Phantom").get_suptitle()
    'Phantom. Absorbed dose by local deposition, absolute scaling'
    """
    figure_module = require("matplotlib.figure", "plot")
    dose = result.image
    check_levels(isodoses_gy)
    if background is not None:
        frames = background.frame_of_reference_uid, dose.frame_of_reference_uid
        check_same_frame(frames[0], "the background image", frames[1], "the dose image")
        if not background.same_grid(dose):
            raise GeometryError("the background image must lie on the grid of the dose image: resample it first")
    voxel_fractions = {
        n: o for n, o in result.voxel_fractions(structures).items() if o.volume_ml(dose.voxel_volume_ml) > 0.0
    }
    histograms = dose_volume_histograms(dose.array, voxel_fractions, voxel_volume_ml=dose.voxel_volume_ml)
    shades = dict(zip(histograms, colors(len(histograms)), strict=True))
    hottest = max(large_ones(histograms), key=lambda name: histograms[name].mean_gy, default=None)
    tumors = tumors_of(histograms)
    top_gy = highest_shown_gy(histograms)
    top_gy = top_gy if top_gy > 0.0 else float(dose.array.max())
    levels = sorted(set(isodoses_gy)) if isodoses_gy is not None else round_levels(top_gy)
    top_gy = top_gy if top_gy > 0.0 else 1.0

    orientation = Orientation.of(dose.affine_lps)
    box = surroundings(list(voxel_fractions.values()), dose)
    middle_voxel = center_of(voxel_fractions[hottest]) if hottest else center(dose.array)
    views = [plane(name, middle_voxel, box, orientation) for name in ("axial", "coronal", "sagittal")]
    more = [name for name in tumors if name != hottest]
    unseen, more = len(more[_MORE_PLANES:]), more[:_MORE_PLANES]
    further = [plane("axial", center_of(voxel_fractions[name]), box, orientation) for name in more]
    # The largest structure is drawn first, so that small ones, especially tumors, lie on top.
    outlines = sorted(voxel_fractions, key=lambda name: (bool(is_tumor(name)), -histograms[name].volume_ml))
    drawn = {name: (shades[name], voxel_fractions[name]) for name in outlines}

    planes_down = -(-len(more) // _PLANES_IN_ROW)
    figure: Figure = figure_module.Figure(
        figsize=(13.5, 8.0 + 3.0 * planes_down), dpi=110, facecolor="white", layout="constrained"
    )
    heights = (1.0, 0.8 * planes_down, 0.75) if more else (1.0, 0.75)
    rows = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    # Columns are as wide as the patient, so that the three planes share one scale if their heights allow it.
    widths = [v.extent_mm[0] for v in views]
    upper = rows[0].subgridspec(1, 4, width_ratios=[*widths, 0.03 * sum(widths)])
    scale: ScalarMappable = require("matplotlib.cm", "plot").ScalarMappable(cmap="inferno")
    scale.set_clim(0.0, top_gy)
    whose = f" ({literal(short(hottest, _ABOVE_PLANE))})" if hottest else ""
    for column, view in enumerate(views):
        axes = figure.add_subplot(upper[column])
        _draw_plane(axes, view, dose.array, drawn, background, levels, scale)
        axes.set_title(f"{view.name}, slice {view.index}{whose if column == 0 else ''}", fontsize=10, color=INK)
    bar = figure.colorbar(scale, cax=figure.add_subplot(upper[3]), ticks=[0.0, *levels], extend="max")
    bar.set_label("absorbed dose / Gy, isodose lines at the ticks", color=INK)
    for level, shade in zip(levels, isodose_colors(len(levels)), strict=True):
        bar.ax.axhline(level, color=shade, linewidth=2.0)
    if more:
        planes_across = min(len(more), _PLANES_IN_ROW)
        middle = rows[1].subgridspec(planes_down, planes_across + 1)
        for place, (name, view) in enumerate(zip(more, further, strict=True)):
            axes = figure.add_subplot(middle[divmod(place, planes_across)])
            _draw_plane(axes, view, dose.array, drawn, background, levels, scale)
            named = literal(short(name, _ABOVE_PLANE))
            axes.set_title(f"{view.name}, slice {view.index}\n{named}", fontsize=9.5, color=INK)
    # The key is beside the further tumors if there are any, else beside the histogram.
    lower = rows[-1].subgridspec(1, 1 if more else 2, width_ratios=(1.0,) if more else (3.0, 1.0))
    axes = figure.add_subplot(lower[0])
    highest_gy = 1.05 * max((h.dose_at_volume_percent(0.5) for h in histograms.values()), default=1.0)
    doses_gy = np.linspace(0.0, highest_gy if highest_gy > 0.0 else 1.0, 800)
    lines, labels = [], []
    for name, histogram in histograms.items():
        _, volume_ml = histogram.curve(doses_gy=doses_gy)
        percent = 100.0 * volume_ml / histogram.volume_ml
        lines += axes.plot(doses_gy, percent, color=shades[name], linewidth=1.8)
        labels.append(f"{literal(short(name, _IN_KEY))}: {histogram.volume_ml:.1f} mL, mean {histogram.mean_gy:.1f} Gy")
    axes.set_xlim(doses_gy[0], doses_gy[-1])
    axes.set_ylim(0.0, 102.0)
    axes.set_xlabel("absorbed dose / Gy", color=INK)
    axes.set_ylabel("volume that receives at least this dose / %", color=INK)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    key = figure.add_subplot(middle[:, -1] if more else lower[1])
    key.axis("off")
    key.legend(lines, labels, frameon=False, fontsize=9.5, loc="center left", borderaxespad=0.0)
    heading = ". ".join(part for part in (literal(short(title, _IN_TITLE)), _method_and_scaling(result)) if part)
    heading += f". {unseen} smaller tumors have no plane" if unseen else ""
    figure.suptitle(heading, color=INK, fontsize=12, x=0.01, ha="left")
    figure.text(0.995, 0.01, "yttria, for research use", ha="right", va="bottom", fontsize=8, color="#666666")
    return figure


def _method_and_scaling(result: DoseResult) -> str:
    """Return method and scaling in words."""
    scaling = result.provenance.scaling
    several = scaling.get("injections", ())
    kind = f"sum of {len(several)} injections" if several else f"{scaling['kind']} scaling"
    if scaling["kind"] == "relative":
        kind += f" to {literal(short(scaling['reference'], _ABOVE_PLANE))}"
    return f"Absorbed dose by {METHOD_NAMES[result.provenance.method]}, {kind}"


def save_figure(figure: Figure, path: str | Path) -> Path:
    """Write a figure to a file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Result of `dose_figure` or `comparison_figure`.
    path : str or Path
        File; its ending, .png, .pdf or .svg, is the format.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ArgumentError
        If it is not a figure of matplotlib.
    MissingExtraError
        Without matplotlib.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> save_figure(Figure(figsize=(1, 1)), "empty.png").read_bytes()[1:4]
    b'PNG'
    """
    backend = require("matplotlib.backends.backend_agg", "plot")
    if not isinstance(figure, require("matplotlib.figure", "plot").Figure):
        raise ArgumentError(f"figure of save_figure must be a Figure of matplotlib, got {type(figure).__name__}")
    canvas = backend.FigureCanvasAgg(figure)
    if Path(path).suffix.lower() == ".png":
        # `savefig` would draw everything twice, first only for the layout, although drawing computes the layout too.
        # The compression is low, because the last tenth of compression took a third of the time.
        canvas.print_png(path, pil_kwargs={"compress_level": 1})
    else:
        figure.savefig(path)
    return Path(path)


def isodose_colors(count: int) -> list[Any]:
    """Return one color for each isodose line, from cool to hot, light enough to be seen on the dose."""
    colormap = require("matplotlib", "plot").colormaps["cool"]
    return [colormap(n / max(count - 1, 1)) for n in range(count)]


def colors(count: int) -> list[str]:
    """Return one color for each line; the first ones can be distinguished by color-blind readers too."""
    return [_COLORS[i % len(_COLORS)] for i in range(count)]


def _draw_plane(
    axes: Axes,
    view: Plane,
    dose: NDArray[np.floating],
    outlines: Mapping[str, tuple[str, VoxelFractions]],
    background: Image | None,
    levels: Sequence[float],
    scale: ScalarMappable,
) -> None:
    plane_dose = view.cut(dose).astype(float)
    lowest, highest = scale.get_clim()
    opacity: float | NDArray[np.float64] = 1.0
    if background is not None:
        gray = view.cut(background.array).astype(float)
        low, high = np.percentile(background.array, (1.0, 99.0))
        # Gray ends above the tissue, so that the colors remain visible. The dose fades in over its first tenth.
        top = low + 1.6 * max(high - low, 1e-9)
        axes.imshow(gray, cmap="gray", vmin=low, vmax=top, aspect=view.aspect, origin="upper")
        opacity = 0.75 * np.clip(plane_dose / (0.1 * highest), 0.0, 1.0)
    # The letters of the directions stand at fixed sides, so that the user's `image.origin` must not mirror the plane.
    axes.imshow(
        plane_dose,
        origin="upper",
        cmap=scale.cmap,
        vmin=lowest,
        vmax=highest,
        alpha=opacity,
        aspect=view.aspect,
        interpolation="nearest",
    )
    reached = [level for level in levels if plane_dose.min() < level < plane_dose.max()]
    if reached and min(plane_dose.shape) > 1:
        shades = dict(zip(levels, isodose_colors(len(levels)), strict=True))
        lines = axes.contour(plane_dose, levels=reached, colors=[shades[level] for level in reached], linewidths=0.9)
        for label in axes.clabel(lines, fmt="%g", fontsize=7, inline_spacing=2):
            # A label lies on its line and does not change the layout, so that it need not be measured.
            label.set_in_layout(False)
    _draw_outlines(axes, [(color, view.cut_of(fractions, dose.shape)) for color, fractions in outlines.values()])
    left, right, top, bottom = view.labels
    for text, x, y in ((left, 0.02, 0.5), (right, 0.98, 0.5), (top, 0.5, 0.97), (bottom, 0.5, 0.03)):
        axes.text(x, y, text, transform=axes.transAxes, color="white", fontsize=9, ha="center", va="center")
    # The axis is switched off, because an axis without ticks would still be laid out and drawn.
    axes.xaxis.set_visible(False)
    axes.yaxis.set_visible(False)


def _draw_outlines(axes: Axes, cuts: Sequence[tuple[str, NDArray[np.float32]]]) -> None:
    """Draw the lines along which half of a voxel is inside each structure, all as one artist.

    `Axes.contour` makes an artist with a color scale for each structure, which takes longer than its line.
    """
    path_type = require("matplotlib.path", "plot").Path
    contourpy = require("contourpy", "plot")
    shades, paths = [], []
    for color, cut in cuts:
        if min(cut.shape) > 1 and cut.min() < 0.5 <= cut.max():
            # These are the lines of `Axes.contour`.
            generator = contourpy.contour_generator(z=cut, line_type=contourpy.LineType.ChunkCombinedCode)
            (points,), (codes,) = generator.lines(0.5)
            paths.append(path_type(points, codes))
            shades.append(color)
    if paths:
        collection_type = require("matplotlib.collections", "plot").PathCollection
        axes.add_collection(
            collection_type(paths, facecolors="none", edgecolors=shades, linewidths=2.0, zorder=2), autolim=False
        )
