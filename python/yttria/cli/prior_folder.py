"""Reader of doses of earlier treatments from a folder of `yttria accumulate`."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import FileFormatError
from ..planning import PriorDoses


def read_prior_doses(folder: Path) -> PriorDoses:
    """Read the prior doses for the next plan."""
    path = folder / "accumulated.json"
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))["prior"]
        return PriorDoses(**stated | {"isotopes": tuple(stated.get("isotopes", ()))})
    except (ValueError, KeyError, TypeError) as error:
        raise FileFormatError(f"{path}: must hold doses of earlier treatments: {error}") from error
