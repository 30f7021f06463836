"""The look of every figure that a script of the manual draws."""

from __future__ import annotations

from typing import Any


def prepare(gallery_conf: dict[str, Any], fname: str) -> None:
    """Set the size, font and colors of figures before a script is run."""
    import matplotlib as mpl

    mpl.rcParams.update(
        {
            "figure.figsize": (7.2, 4.0),
            "figure.constrained_layout.use": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "image.origin": "lower",
            "legend.frameon": False,
        }
    )
