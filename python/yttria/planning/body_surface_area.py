"""Body surface area from height and weight."""

from __future__ import annotations

from dataclasses import dataclass

import yttria._core as _core

from .._foundation.choices import BodySurfaceAreaFormula
from .._foundation.numbers import number
from ..advisory import Advisory, advise


@dataclass(frozen=True, kw_only=True)
class BodySurfaceArea:
    """Body surface area, with its formula, height and weight.

    Parameters
    ----------
    body_surface_area_m2 : float
        Area in m2.
    formula : str
        "dubois", "mosteller" or "haycock".
    height_cm, weight_kg : float
        Height in cm and weight in kg.
    advisories : tuple of Advisory
        `body_size_unusual` if height or weight is unusual.
    """

    body_surface_area_m2: float
    formula: BodySurfaceAreaFormula
    height_cm: float
    weight_kg: float
    advisories: tuple[Advisory, ...] = ()


def body_surface_area(
    height_cm: float, weight_kg: float, *, formula: BodySurfaceAreaFormula = "dubois"
) -> BodySurfaceArea:
    """Compute the body surface area from height and weight.

    Parameters
    ----------
    height_cm : float
        Height H in cm, 50 to 250.
    weight_kg : float
        Weight W in kg, 2 to 400.
    formula : {"dubois", "mosteller", "haycock"}
        Published formula. They differ by 0 to 3 % in adults.

    Returns
    -------
    BodySurfaceArea
        Area in m2.

    Raises
    ------
    OutOfRangeError
        If height or weight is outside its range. A height in meters is named as such.
    UnknownNameError
        If there is no such formula.

    Warns
    -----
    body_size_unusual
        Outside 120 to 220 cm or 30 to 200 kg.

    Notes
    -----
    `0.007184 H^0.725 W^0.425` (dubois), `sqrt(H W / 3600)` (mosteller), `0.024265 H^0.3964 W^0.5378` (haycock).

    References
    ----------
    dubois1916, mosteller1987, haycock1978

    Examples
    --------
    >>> round(body_surface_area(170.0, 70.0).body_surface_area_m2, 3)
    1.81
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
