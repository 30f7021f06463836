"""Change of a dose from plan to delivery, split into activity, shunt, uptake, mass and method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, log
from typing import Any

import yttria._core as _core

from .._foundation.numbers import number
from ..errors import OutOfRangeError


@dataclass(frozen=True, kw_only=True)
class DoseChange:
    """Change of the mean dose of one structure.

    Parameters
    ----------
    ratio : float
        Delivered over planned dose.
    difference_gy : float
        Delivered less planned dose in Gy.
    ratios : mapping of str to float
        Factor of each cause, "activity", "shunt", "uptake", "mass" and "method", and "rest" for a change that could not
        be split. Their product is `ratio`.
    parts_gy : mapping of str to float
        Share of each cause in Gy. Their sum is `difference_gy`.
    """

    ratio: float
    difference_gy: float
    ratios: Mapping[str, float]
    parts_gy: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as plain data, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> split_dose_change(200.0, 150.0).as_dict()["ratio"]
        0.75
        """
        return {
            "ratio": self.ratio,
            "difference_gy": self.difference_gy,
            "ratios": dict(self.ratios),
            "parts_gy": dict(self.parts_gy),
        }


def split_dose_change(
    planned_dose_gy: float,
    delivered_dose_gy: float,
    *,
    planned_activity_gbq: float | None = None,
    delivered_activity_gbq: float | None = None,
    planned_lung_shunt_fraction: float | None = None,
    delivered_lung_shunt_fraction: float | None = None,
    planned_structure_activity_gbq: float | None = None,
    delivered_structure_activity_gbq: float | None = None,
    planned_mass_kg: float | None = None,
    delivered_mass_kg: float | None = None,
) -> DoseChange:
    """Split the change of a mean dose into activity, shunt, uptake, mass and method.

    Parameters
    ----------
    planned_dose_gy, delivered_dose_gy : float
        Mean dose D of the structure in Gy, > 0.
    planned_activity_gbq, delivered_activity_gbq : float, optional
        Activity A that entered the patient in GBq, > 0.
    planned_lung_shunt_fraction, delivered_lung_shunt_fraction : float, optional
        Share L of it that went to the lungs, within [0, 1).
    planned_structure_activity_gbq, delivered_structure_activity_gbq : float, optional
        Activity a inside the structure at administration in GBq, > 0.
    planned_mass_kg, delivered_mass_kg : float, optional
        Mass m of the structure in kg, > 0.

    Returns
    -------
    DoseChange
        The change. A cause of which one side is not known has no factor (see Notes).

    Raises
    ------
    OutOfRangeError
        If a value is outside its range.

    Notes
    -----
    The mean dose is a product, `D = A (1 - L) u k / m`. The uptake `u = a / (A (1 - L))` is the share of the liver's
    activity that lies in the structure. The factor `k = D m / a` describes the method. It is the dose factor for local
    deposition, and smaller if electrons leave the structure. The ratio of two such doses is the product of five ratios:

        D2 / D1 = (A2 / A1) ((1 - L2) / (1 - L1)) (u2 / u1) (m1 / m2) (k2 / k1)

    With the logarithmic mean `M = (D2 - D1) / ln(D2 / D1)`, the share of a ratio r in Gy is `M ln r`. The shares add up
    to `D2 - D1`, and they do not depend on the order of the causes.

    If a shunt is not known, it is part of the uptake, `a / A`. If the activity is not known either, the uptake is `a`.
    If the activity in the structure or its mass is not known, uptake, mass and method are one factor, "rest".

    Examples
    --------
    Half of the planned activity, of which the tumor took up a larger share:

    >>> change = split_dose_change(
    ...     200.0,
    ...     150.0,
    ...     planned_activity_gbq=2.0,
    ...     delivered_activity_gbq=1.0,
    ...     planned_structure_activity_gbq=0.4,
    ...     delivered_structure_activity_gbq=0.3,
    ...     planned_mass_kg=0.1,
    ...     delivered_mass_kg=0.1,
    ... )
    >>> {cause: round(ratio, 3) for cause, ratio in change.ratios.items()}
    {'activity': 0.5, 'uptake': 1.5, 'mass': 1.0, 'method': 1.0}
    >>> {cause: round(part, 1) for cause, part in change.parts_gy.items()}
    {'activity': -120.5, 'uptake': 70.5, 'mass': 0.0, 'method': 0.0}
    """
    doses = _pair("mean dose in Gy", planned_dose_gy, delivered_dose_gy)
    activity = _pair("activity in GBq", planned_activity_gbq, delivered_activity_gbq)
    inside = _pair("activity in the structure in GBq", planned_structure_activity_gbq, delivered_structure_activity_gbq)
    mass = _pair("mass in kg", planned_mass_kg, delivered_mass_kg)
    shunts = [
        None if given is None else _core.fraction_below_one("lung shunt fraction", number("lung shunt fraction", given))
        for given in (planned_lung_shunt_fraction, delivered_lung_shunt_fraction)
    ]
    assert doses is not None
    ratio = doses[1] / doses[0]
    ratios: dict[str, float] = {}
    if activity is not None:
        ratios["activity"] = activity[1] / activity[0]
        if shunts[0] is not None and shunts[1] is not None:
            ratios["shunt"] = (1.0 - shunts[1]) / (1.0 - shunts[0])
    before = ratios.get("activity", 1.0) * ratios.get("shunt", 1.0)
    if inside is not None and mass is not None:
        ratios["uptake"] = inside[1] / inside[0] / before
        ratios["mass"] = mass[0] / mass[1]
        ratios["method"] = ratio * inside[0] / inside[1] * mass[1] / mass[0]
    else:
        ratios["rest"] = ratio / before
    mean = doses[0] if doses[0] == doses[1] else (doses[1] - doses[0]) / log(ratio)
    return DoseChange(
        ratio=ratio,
        difference_gy=doses[1] - doses[0],
        ratios=ratios,
        parts_gy={cause: mean * log(each) for cause, each in ratios.items()},
    )


def _pair(quantity: str, planned: float | None, delivered: float | None) -> tuple[float, float] | None:
    """Check that both values are finite and above 0, None if one is not known."""
    values = []
    for name, given in (("planned", planned), ("delivered", delivered)):
        if given is None:
            continue
        value = number(f"{name} {quantity}", given)
        if not (isfinite(value) and value > 0.0):
            raise OutOfRangeError(f"{name} {quantity} must be finite and > 0, got {value:g}")
        values.append(value)
    return (values[0], values[1]) if len(values) == 2 else None
