"""Order of tutorials and gallery: the one their folder's `ORDER` names, then the rest by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class by_order:  # noqa: N801 - sphinx-gallery takes a class, made once for each folder
    """Sort key of the scripts of one folder."""

    def __init__(self, folder: str) -> None:
        """Read the order of a folder."""
        listed = Path(folder) / "order.txt"
        names = listed.read_text().split() if listed.exists() else []
        self._place = {name: n for n, name in enumerate(names)}

    def __call__(self, filename: str) -> Any:
        """Place of a script."""
        name = Path(filename).stem
        return (self._place.get(name, len(self._place)), name)
