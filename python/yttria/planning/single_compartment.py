"""The MIRD single-compartment model, forward and inverse: one perfused mass with uniform uptake, and the lungs."""

from __future__ import annotations

from dataclasses import dataclass

import yttria._core as _core

from .._core import Nuclide
from .._foundation.numbers import default_nuclide, number
from ..advisory import Advisory, advise_if
from .lung import lung_dose_advisories
from .vial_content import vial_content

#: More of the liver than this is a large part of it: this project's choice.
_LARGE_PART = 0.3


@dataclass(frozen=True, kw_only=True)
class SingleCompartment:
    """Activities and mean doses of one administration, with everything that was assumed.

    `vial_activity_gbq` times `1 - residual_fraction` is `delivered_activity_gbq`, which both doses use.
    """

    vial_activity_gbq: float
    delivered_activity_gbq: float
    perfused_dose_gy: float
    lung_dose_gy: float
    mass_kg: float
    lung_shunt_fraction: float
    residual_fraction: float
    lung_mass_kg: float
    nuclide: Nuclide
    advisories: tuple[Advisory, ...] = ()


def single_compartment_dose(
    vial_activity_gbq: float,
    *,
    mass_kg: float,
    lung_shunt_fraction: float,
    residual_fraction: float = 0.0,
    lung_mass_kg: float = 1.0,
    lung_limit_gy: float | None = 30.0,
    liver_mass_kg: float | None = None,
    nuclide: Nuclide | None = None,
) -> SingleCompartment:
    """Doses from the activity in the vial at treatment: `D = C A_vial (1 - R) (1 - L) / m`.

    Lungs: `C A_vial (1 - R) L / m_lung`. `mass_kg` is the perfused volume with the tumor in it, times its density.
    Source: weber2022-equation; `C` is the dose factor of `nuclide`, by default `Nuclide("EANM2022")`. A lung mass of
    1 kg is the convention that the 30 Gy limit was derived with.

    Raises `OutOfRangeError` for a mass outside 0.01-6 kg (grams are named as such), a shunt or residual outside [0, 1),
    lungs outside 0.3-2.5 kg, a negative activity. Advises `lung_shunt_above_20_percent`, `lung_dose_above_limit`
    (against `lung_limit_gy`; `None` asks for no comparison), `perfused_mass_small` (below 0.05 kg),
    `perfused_dose_high` (above 1000 Gy) and, where `liver_mass_kg` is given, `high_dose_in_large_part` (above 150 Gy in
    more than 30 % of the liver).
    """
    arguments = _arguments(mass_kg, lung_shunt_fraction, residual_fraction, lung_mass_kg, nuclide)
    activity = number("activity in the vial at treatment in GBq", vial_activity_gbq)
    return _result(_core.single_compartment_dose(activity, *arguments), arguments, lung_limit_gy, liver_mass_kg)


def single_compartment_activity(
    target_dose_gy: float,
    *,
    mass_kg: float,
    lung_shunt_fraction: float,
    residual_fraction: float = 0.0,
    lung_mass_kg: float = 1.0,
    lung_limit_gy: float | None = 30.0,
    liver_mass_kg: float | None = None,
    nuclide: Nuclide | None = None,
) -> SingleCompartment:
    """The activity for a mean dose to the perfused mass: `A_vial = D m / (C (1 - L) (1 - R))`.

    The inverse of `single_compartment_dose`, with the same arguments, errors and advisories; a target outside
    (0, 2000] Gy is an `OutOfRangeError`. The residual changes the vial, not the delivered activity.
    """
    arguments = _arguments(mass_kg, lung_shunt_fraction, residual_fraction, lung_mass_kg, nuclide)
    target = number("target dose in Gy", target_dose_gy)
    return _result(_core.single_compartment_activity(target, *arguments), arguments, lung_limit_gy, liver_mass_kg)


_Arguments = tuple[float, float, float, float, Nuclide]


def _arguments(
    mass_kg: float, lung_shunt_fraction: float, residual_fraction: float, lung_mass_kg: float, nuclide: Nuclide | None
) -> _Arguments:
    return (
        number("perfused mass in kg", mass_kg),
        number("lung shunt fraction", lung_shunt_fraction),
        number("residual fraction", residual_fraction),
        number("lung mass in kg", lung_mass_kg),
        default_nuclide(nuclide),
    )


def _result(
    row: tuple[float, float, float, float],
    arguments: _Arguments,
    lung_limit_gy: float | None,
    liver_mass_kg: float | None,
) -> SingleCompartment:
    in_vial, delivered, perfused, lung = row
    mass, shunt, residual, lung_mass, nuclide = arguments
    found = [
        *advise_if("lung_shunt_above_20_percent", lung_shunt_fraction=shunt),
        *lung_dose_advisories(lung, lung_limit_gy),
        *advise_if("perfused_mass_small", perfused_mass_kg=mass),
        *advise_if("perfused_dose_high", perfused_dose_gy=perfused),
    ]
    if liver_mass_kg is not None:
        share = mass / number("liver mass in kg", liver_mass_kg)
        if share > _LARGE_PART:
            found += advise_if("high_dose_in_large_part", perfused_dose_gy=perfused, liver_fraction=share)
    found += vial_content(in_vial)
    return SingleCompartment(
        vial_activity_gbq=in_vial,
        delivered_activity_gbq=delivered,
        perfused_dose_gy=perfused,
        lung_dose_gy=lung,
        mass_kg=mass,
        lung_shunt_fraction=shunt,
        residual_fraction=residual,
        lung_mass_kg=lung_mass,
        nuclide=nuclide,
        advisories=tuple(found),
    )
