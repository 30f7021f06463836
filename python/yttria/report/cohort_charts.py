"""Charts of a cohort as SVG: mean doses of every case by structure, and histograms with their quartiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .palette import LineStyle, line_style
from .selection import round_step

#: Frame of the charts in their own units, which are pixels at full size.
WIDTH, LEFT, RIGHT, TOP, ROW = 700.0, 170.0, 684.0, 10.0, 46.0
DVH_HEIGHT, DVH_BOTTOM, DVH_LEFT = 380.0, 330.0, 58.0
_MOST_POINTS = 2000
#: Cases are spread over the height of a row by multiples of the golden ratio, which is even and reproducible.
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, kw_only=True)
class Strip:
    """Chart of the cases of one structure: points, box of the quartiles, median, and rings around outliers."""

    name: str
    count: int
    style: LineStyle
    y: float
    points: str
    box: tuple[float, float]
    median: float
    rings: tuple[tuple[float, float, str], ...]
    words: str


@dataclass(frozen=True, kw_only=True)
class StripChart:
    """Chart of all structures, one below the other, on one logarithmic axis of doses."""

    strips: tuple[Strip, ...]
    ticks: tuple[tuple[float, str], ...]
    height: float


def strip_chart(
    means: Mapping[str, NDArray[np.float64]], ids: Mapping[str, Sequence[str]], outliers: Mapping[str, set[str]]
) -> StripChart | None:
    """Draw mean doses by structure; None if there is no dose above 0, which a logarithmic axis needs."""
    shown = {name: values for name, values in means.items() if (values > 0).any()}
    if not shown:
        return None
    every = np.concatenate([values[values > 0] for values in shown.values()])
    low, high = np.log10(every.min()) - 0.05, np.log10(every.max()) + 0.05
    strips = []
    for n, (name, values) in enumerate(shown.items()):
        y = TOP + ROW * (n + 0.5)
        x = np.where(values > 0, _across(np.where(values > 0, values, 1.0), low, high), np.nan)
        height = ROW * 0.62 * ((np.arange(len(x)) * _GOLDEN) % 1.0 - 0.5)
        kept = np.unique(np.linspace(0, len(x) - 1, min(len(x), _MOST_POINTS)).astype(int))
        quartiles = np.quantile(values, (0.25, 0.5, 0.75))
        places = _across(np.maximum(quartiles, 10.0**low), low, high)
        rings = [
            (round(float(x[m]), 1), round(y + float(height[m]), 1), f"{ids[name][m]}: {values[m]:.4g} Gy")
            for m in range(len(x))
            if ids[name][m] in outliers.get(name, set()) and values[m] > 0
        ]
        strips.append(
            Strip(
                name=name,
                count=len(values),
                style=line_style(n),
                y=y,
                points="".join(f"M{x[m]:.1f} {y + height[m]:.1f}h0" for m in kept if values[m] > 0),
                box=(round(float(places[0]), 1), round(float(places[2]), 1)),
                median=round(float(places[1]), 1),
                rings=tuple(rings),
                words=f"{name}: {len(values)} cases, median {quartiles[1]:.4g} Gy, "
                f"quartiles {quartiles[0]:.4g} and {quartiles[2]:.4g} Gy",
            )
        )
    ticks = [float(f"{m}e{p}") for p in range(int(np.floor(low)), int(np.ceil(high)) + 1) for m in (1, 2, 5)]
    found = [(float(_across(np.array(t), low, high)), f"{t:g}") for t in ticks if low <= np.log10(t) <= high]
    # Over many decades, only powers of ten are marked.
    found = found if len(found) <= 14 else [tick for tick in found if tick[1].strip("0.") in ("1", "1e")]
    return StripChart(strips=tuple(strips), ticks=tuple(found), height=TOP + ROW * len(strips) + 44.0)


@dataclass(frozen=True, kw_only=True)
class Band:
    """Median histogram of one structure, and the band between its quartiles."""

    name: str
    style: LineStyle
    line: str
    area: str


@dataclass(frozen=True, kw_only=True)
class BandChart:
    """Histograms of a cohort, with the ticks of both axes."""

    bands: tuple[Band, ...]
    dose_ticks: tuple[tuple[float, str], ...]
    percent_ticks: tuple[tuple[float, str], ...]


def band_chart(quartiles: Mapping[str, NDArray[np.float64]], step_gy: float) -> BandChart | None:
    """Draw quartiles of cumulative histograms, arrays of shape (3, n) of fractions at multiples of `step_gy`."""
    ends = {name: int(np.searchsorted(-rows[2], -0.002)) + 1 for name, rows in quartiles.items()}
    if not ends:
        return None
    top_gy = max(max(ends.values()) * step_gy, step_gy)
    tick = round_step(top_gy / 8.0)
    bands = []
    for n, (name, rows) in enumerate(quartiles.items()):
        end = ends[name]
        every = max(1, end // 400)
        at = np.unique(np.append(np.arange(0, min(end, rows.shape[1]), every), min(end, rows.shape[1]) - 1))
        x = DVH_LEFT + (RIGHT - DVH_LEFT) * at * step_gy / top_gy
        low, middle, high = (_down(100.0 * row[at]) for row in rows)
        there, back = _points(x, high), _points(x[::-1], low[::-1])
        bands.append(
            Band(
                name=name,
                style=line_style(n),
                line="M" + "L".join(_points(x, middle)),
                area="M" + "L".join([*there, *back]) + "Z",
            )
        )
    count = int(top_gy / tick + 1e-9) + 1
    return BandChart(
        bands=tuple(bands),
        dose_ticks=tuple((DVH_LEFT + (RIGHT - DVH_LEFT) * n * tick / top_gy, f"{n * tick:g}") for n in range(count)),
        percent_ticks=tuple((float(_down(np.array(p))), f"{p:g}") for p in (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)),
    )


def _points(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[str]:
    return [f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)]


def _across(dose: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    found: NDArray[np.float64] = LEFT + (RIGHT - LEFT) * (np.log10(dose) - low) / (high - low)
    return found


def _down(percent: NDArray[np.float64]) -> NDArray[np.float64]:
    return DVH_BOTTOM - (DVH_BOTTOM - TOP) * percent / 102.0
