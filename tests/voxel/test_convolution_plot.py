"""The picture of docs/convolution.md is drawn from its table."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

PLOT: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[2] / "tools" / "convolution_plot.py"))


def test_every_row_of_the_table_is_read_and_its_ratio_is_that_of_the_times() -> None:
    rows = PLOT["rows"]()
    assert [(row.map, row.kind) for row in rows] == [
        (name, f"{kind}, {dtype}")
        for name in "ABCDE"
        for kind in ("dense", "sparse")
        for dtype in ("float32", "float64")
    ]
    for row in rows:
        assert row.peer_ms / row.ours_ms == pytest.approx(row.ratio, rel=0.02, abs=0.06), row


def test_the_picture_has_a_bar_for_each_row() -> None:
    rows = PLOT["rows"]()
    (axes,) = PLOT["figure"](rows).axes
    assert sorted(bar.get_height() for bar in axes.patches) == sorted(row.ratio for row in rows)
