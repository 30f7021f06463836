"""Body surface area from height and weight."""

from __future__ import annotations

from dataclasses import dataclass

import yttria._core as _core

from .._foundation.choices import BodySurfaceAreaFormula
from .._foundation.numbers import number
from ..advisory import Advisory, advise


@dataclass(frozen=True, kw_only=True)
class BodySurfaceArea:
    """A body surface area, what it was computed from, and what a reader of it must know."""

    body_surface_area_m2: float
    formula: BodySurfaceAreaFormula
    height_cm: float
    weight_kg: float
    advisories: tuple[Advisory, ...] = ()


def body_surface_area(
    height_cm: float, weight_kg: float, *, formula: BodySurfaceAreaFormula = "dubois"
) -> BodySurfaceArea:
    """Body surface area in m^2 from height `H` in cm and weight `W` in kg.

    - `dubois`: `0.007184 H^0.725 W^0.425` (dubois1916)
    - `mosteller`: `sqrt(H W / 3600)` (mosteller1987)
    - `haycock`: `0.024265 H^0.3964 W^0.5378` (haycock1978)

    They differ by 0 to 3 % in adults. Raises `OutOfRangeError` for a height
    outside 50-250 cm (one in metres is named as such) or a weight outside 2-400 kg, `UnknownNameError` for another
    formula. Advises outside 120-220 cm or 30-200 kg (`body_size_unusual`).
    """
    height_cm = number("height in cm", height_cm)
    weight_kg = number("weight in kg", weight_kg)
    area = _core.body_surface_area_m2(height_cm, weight_kg, formula)
    advisories = []
    for quantity, value, low, high in (("height", height_cm, 120.0, 220.0), ("weight", weight_kg, 30.0, 200.0)):
        if not low <= value <= high:
            limit = low if value < low else high
            advisories.append(
                advise("body_size_unusual", quantity=quantity, body_size=value, limit_of_size=limit, low=low, high=high)
            )
    return BodySurfaceArea(
        body_surface_area_m2=area,
        formula=formula,
        height_cm=height_cm,
        weight_kg=weight_kg,
        advisories=tuple(advisories),
    )
