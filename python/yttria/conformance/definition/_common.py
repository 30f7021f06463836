"""What the definitions of every room share."""

from __future__ import annotations

from typing import Any

Inputs = dict[str, Any]
Answer = dict[str, Any]


def dose_factor(i: Inputs) -> float:
    """In Gy kg/GBq, 49.67 where the inputs state none."""
    return float(i.get("dose_factor_Gy_kg_per_GBq", 49.67))


def half_life(i: Inputs) -> float:
    """In h, 64.1 where the inputs state none."""
    return float(i.get("half_life_h", 64.1))


def inverse(i: Inputs, activity: float) -> float:
    """The activity that an inverse formula found; `yttria.conformance.variants` alone has another to offer."""
    return float(i["_inverse"](activity, i) if "_inverse" in i else activity)
