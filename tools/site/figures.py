"""The look of every figure that a script of the manual draws."""

from __future__ import annotations

from typing import Any

from sphinx_gallery.scrapers import figure_rst


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


def of_reports(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Save figures that pyplot does not know: yttria's functions return them, and change no state of pyplot."""
    from matplotlib import pyplot as plt
    from matplotlib.figure import Figure

    known = [plt.figure(number) for number in plt.get_fignums()]
    shown = block_vars["example_globals"].setdefault("__shown__", [])
    paths = []
    for value in list(block_vars["example_globals"].values()):
        if isinstance(value, Figure) and not any(value is each for each in (*known, *shown)):
            shown.append(value)
            if value.canvas.manager is None:
                paths.append(next(block_vars["image_path_iterator"]))
                value.savefig(paths[-1], dpi=110)
    return str(figure_rst(paths, gallery_conf["src_dir"]))
