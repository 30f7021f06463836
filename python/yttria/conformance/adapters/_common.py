"""What the adapters of every room share."""

from __future__ import annotations

from typing import Any

from ..._core import Nuclide

Inputs = dict[str, Any]
Answer = dict[str, Any]


def codes(result: Any) -> list[str]:
    """The codes of a result's advisories."""
    return [advisory.code for advisory in result.advisories]


def nuclide(i: Inputs) -> Nuclide:
    """The convention that the inputs state, the default where they state none."""
    return Nuclide.from_dose_factor(i.get("half_life_h", 64.1), i.get("dose_factor_Gy_kg_per_GBq", 49.67))
