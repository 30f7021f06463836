"""Draw docs/convolution.png from the table in docs/convolution.md: `python tools/convolution_plot.py`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DOCS = Path(__file__).resolve().parent.parent / "docs"
_ROW = re.compile(
    r"^\| (?P<map>[A-E]) (?P<shape>\S+), \S+ \| (?P<kind>\w+) (?P<dtype>float\d\d) \| (?P<ours>[\d.]+) \| "
    r"(?P<peer>[\d.]+) \w+ \| (?P<ratio>[\d.]+) \|",
    re.MULTILINE,
)


class Row(NamedTuple):
    """One row of the table: times in ms, and the ratio of the best peer's time to yttria's as printed."""

    map: str
    shape: str
    kind: str
    ours_ms: float
    peer_ms: float
    ratio: float


def rows() -> list[Row]:
    """Read the table."""
    text = (DOCS / "convolution.md").read_text(encoding="utf-8")
    return [
        Row(
            found["map"],
            found["shape"],
            f"{found['kind']}, {found['dtype']}",
            float(found["ours"]),
            float(found["peer"]),
            float(found["ratio"]),
        )
        for found in _ROW.finditer(text)
    ]


def figure(table: list[Row]) -> Figure:
    """Draw the ratio of each row as a bar, by map and kind."""
    maps = list(dict.fromkeys((row.map, row.shape) for row in table))
    kinds = list(dict.fromkeys(row.kind for row in table))
    drawn = Figure(figsize=(6.6, 3.3), dpi=100, layout="constrained")
    axes = drawn.add_subplot()
    for place, kind in enumerate(kinds):
        ratios = {row.map: row.ratio for row in table if row.kind == kind}
        across = [n + (place - (len(kinds) - 1) / 2) * 0.2 for n in range(len(maps))]
        bars = axes.bar(across, [ratios[name] for name, _ in maps], width=0.2, label=kind)
        axes.bar_label(bars, fmt="%.1f", fontsize=7)
    axes.axhline(1.0, color="black", linewidth=0.8)
    axes.set_xticks(range(len(maps)), [f"{name}\n{shape}" for name, shape in maps], fontsize=8)
    axes.set_ylabel("best peer's time / yttria's")
    axes.legend(fontsize=7)
    return drawn


if __name__ == "__main__":
    FigureCanvasAgg(figure(rows())).print_png(str(DOCS / "convolution.png"))
