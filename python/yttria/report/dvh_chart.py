"""Cumulative dose-volume histograms as lines of an SVG, with points that a script shows at the pointer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .._core import DoseVolumeHistogram
from .palette import LineStyle, line_style
from .selection import round_step

Amount = TypeVar("Amount", float, NDArray[np.float64])

#: Size of the drawing and of its frame in its own units, which are pixels at full size.
WIDTH, HEIGHT = 660.0, 400.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 646.0, 14.0, 348.0
_POINTS = 500
#: A point is left out if the line without it passes within this distance, in the drawing's units.
_NEAR = 0.15


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Histogram of one structure, with its line, its number, and the points of the line."""

    name: str
    style: LineStyle
    path: str
    mark: tuple[float, float]
    doses_gy: tuple[float, ...]
    percents: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class DvhChart:
    """Chart with curves, and the ticks of both axes as (position, text)."""

    curves: tuple[Curve, ...]
    dose_ticks: tuple[tuple[float, str], ...]
    percent_ticks: tuple[tuple[float, str], ...]
    highest_gy: float


def dvh_chart(histograms: Mapping[str, DoseVolumeHistogram], order: Mapping[str, int]) -> DvhChart:
    """Draw cumulative histograms in percent of the volume; `order` gives each structure its style."""
    top_gy = max((h.dose_at_volume_percent(0.5) for h in histograms.values()), default=1.0)
    top_gy = 1.05 * top_gy if top_gy > 0.0 else 1.0
    step = round_step(top_gy / 8.0)
    doses = np.linspace(0.0, top_gy, _POINTS)
    curves = []
    for n, (name, histogram) in enumerate(histograms.items()):
        _, volume_ml = histogram.curve(doses_gy=doses)
        percents = 100.0 * volume_ml / histogram.volume_ml
        kept = _needed_points(_across(doses, top_gy), _down(percents))
        points = [
            (float(_across(d, top_gy)), float(_down(p))) for d, p in zip(doses[kept], percents[kept], strict=True)
        ]
        curves.append(
            Curve(
                name=name,
                style=line_style(order[name]),
                path="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points),
                mark=_mark(doses, percents, n, len(histograms), top_gy),
                doses_gy=tuple(round(float(d), 4) for d in doses[kept]),
                percents=tuple(round(float(p), 3) for p in percents[kept]),
            )
        )
    return DvhChart(
        curves=tuple(curves),
        dose_ticks=tuple((_across(n * step, top_gy), f"{n * step:g}") for n in range(int(top_gy / step + 1e-9) + 1)),
        percent_ticks=tuple((_down(p), f"{p:g}") for p in (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)),
        highest_gy=top_gy,
    )


def _across(dose: Amount, top_gy: float) -> Amount:
    return LEFT + (RIGHT - LEFT) * dose / top_gy


def _down(percent: Amount) -> Amount:
    return BOTTOM - (BOTTOM - TOP) * percent / 102.0


def _mark(
    doses: NDArray[np.float64], percents: NDArray[np.float64], n: int, count: int, top_gy: float
) -> tuple[float, float]:
    """Return the position of a curve's number, at another height for each, so that numbers do not overlap."""
    height = 92.0 - 84.0 * (n + 0.5) / count
    at = int(np.argmin(np.abs(percents - height)))
    # Numbers must not lie on the axes.
    x, y = max(_across(float(doses[at]), top_gy), LEFT + 13.0), max(_down(float(percents[at])), TOP + 12.0)
    return round(x, 1), round(min(y, BOTTOM - 12.0), 1)


def _needed_points(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[int]:
    """Return the indices of the points that a line needs; each segment is extended while all its points lie near it."""
    kept, first = [0], 0
    for last in range(2, len(x)):
        share = (x[first + 1 : last] - x[first]) / (x[last] - x[first])
        if np.abs(y[first] + share * (y[last] - y[first]) - y[first + 1 : last]).max() > _NEAR:
            first = last - 1
            kept.append(first)
    kept.append(len(x) - 1)
    return kept
