"""Limits and targets of a guideline compared with the doses that a treatment gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from .._core import Nuclide
from .._foundation.choices import Device, Disease, Guideline, Intent, StructureRole
from .._foundation.numbers import number, optional_number
from ..advisory import Advisory, advise
from ..errors import OutOfRangeError
from ..geometry.structure import Structure
from ..geometry.structure_selection import Patterns
from ..voxel import DoseResult
from .delivered_activity import activity_and_shunt
from .delivered_regions import DeliveredRegion, DeliveredRegions, delivered_regions
from .delivered_roles import DeliveredRoles, delivered_roles
from .limit_evaluation import evaluate_limits
from .limit_state import LimitState, TreatmentDoses, amount
from .limit_table import limit_table
from .limits import no_limits_for_device
from .microsphere_nuclide import device_of_dose, isotope_of

#: Mass of the lungs in kg if none is given.
LUNG_MASS_KG = 1.0
_DOSE_OF_ROLE: dict[StructureRole, str] = {
    "territories": "perfused_mean_dose_gy",
    "normal_perfused": "normal_perfused_dose_gy",
    "normal_whole": "normal_whole_dose_gy",
    "liver": "whole_liver_dose_gy",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class DeliveredLimits:
    """Doses of one treatment compared with the limits and targets of a guideline. For research use.

    Parameters
    ----------
    guideline, table_version : str
        Guideline, and version of the table of limits.
    roles : DeliveredRoles
        Roles of the structures.
    doses : TreatmentDoses
        The doses that were compared.
    origins : mapping of str to str
        Origin of each dose and fraction by its name, which is a structure, structures without others, or the shunt.
    hepatic_reserve_fraction : float or None
        Untreated fraction of the liver.
    tumor_to_normal_ratios : mapping of str to float
        Ratio of the activity per mass in each tumor to that in the perfused normal liver, or else in all normal liver.
    facts : mapping of str to object
        Stated facts on the patient and the treatment, None if they were not stated.
    states : tuple of LimitState
        One for each entry that applies or may apply.
    advisories : tuple of Advisory
        Advisories on the doses.
    """

    guideline: Guideline
    table_version: str
    roles: DeliveredRoles
    doses: TreatmentDoses
    origins: Mapping[str, str]
    hepatic_reserve_fraction: float | None
    tumor_to_normal_ratios: Mapping[str, float]
    facts: Mapping[str, Any]
    states: tuple[LimitState, ...]
    advisories: tuple[Advisory, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain dictionaries and lists, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        See `yttria.planning.delivered_limits`.
        """
        return {
            "guideline": self.guideline,
            "table_version": self.table_version,
            "facts": dict(self.facts),
            "roles": self.roles.as_dict(),
            "doses": asdict(self.doses),
            "origins": dict(self.origins),
            "hepatic_reserve_fraction": self.hepatic_reserve_fraction,
            "tumor_to_normal_ratios": dict(self.tumor_to_normal_ratios),
            "states": [state.as_dict() for state in self.states],
            "advisories": [advisory.as_dict() for advisory in self.advisories],
        }


def delivered_limits(
    result: DoseResult,
    structures: Sequence[Structure],
    *,
    roles: DeliveredRoles | Mapping[StructureRole, Patterns] | None = None,
    guideline: Guideline = "EANM2022",
    device: Device | None = None,
    disease: Disease | None = None,
    intent: Intent | None = None,
    lung_mass_kg: float | None = None,
    lung_activity_gbq: float | None = None,
    hepatic_reserve_fraction: float | None = None,
    bilirubin_mg_per_dl: float | None = None,
    bilirubin_umol_per_l: float | None = None,
    pretreated_or_impaired: bool | None = None,
    cirrhotic: bool | None = None,
    prior_radioembolization: bool | None = None,
    prior_normal_perfused_dose_gy: float | None = None,
    prior_normal_whole_dose_gy: float | None = None,
    prior_lung_dose_gy: float | None = None,
    threads: int | None = None,
) -> DeliveredLimits:
    """Compare the doses of structures in a dose image with the limits and targets of a guideline.

    Parameters
    ----------
    result : DoseResult
        The dose image with its scaling and densities.
    structures : sequence of Structure
        Structures in its space.
    roles : DeliveredRoles, or mapping of str to str or sequence of str, optional
        Roles of the structures, or patterns of names by role; by name if not given. See `delivered_roles`.
    guideline, device, disease, intent : str
        See `evaluate_limits`. A device must carry the nuclide of the dose. If none is stated, a dose of Ho-166 is
        compared with the limits of holmium, and one of another nuclide than Y-90 with none.
    lung_mass_kg : float, optional
        Mass of the lungs in kg. If it is needed and not given, 1 kg is assumed and reported.
    lung_activity_gbq : float, optional
        Activity in the lungs in GBq. It overrides that of image and scaling.
    hepatic_reserve_fraction : float, optional
        Untreated fraction of the liver, within [0, 1]. By default it follows from the masses of liver and perfused
        volume.
    bilirubin_mg_per_dl, bilirubin_umol_per_l, pretreated_or_impaired, cirrhotic, prior_radioembolization : optional
        See `evaluate_limits`.
    prior_normal_perfused_dose_gy, prior_normal_whole_dose_gy, prior_lung_dose_gy : float, optional
        Doses of earlier treatments in Gy, such as those of `prior_doses`.
    threads : int, optional
        Number of threads; all processors if not given.

    Returns
    -------
    DeliveredLimits

    Raises
    ------
    UnknownNameError
        If a role, a pattern, or a name of the table is not known.
    OutOfRangeError, ArgumentError
        As `evaluate_limits`; also for a mass of the lungs that is not positive and finite, and for a device that
        carries another nuclide than that of the dose.
    GeometryError
        If a structure lies in another frame of reference.

    Warns
    -----
    lung_mass_assumed
        If the dose to the lungs is based on an assumed mass of 1 kg.
    region_outside_image
        If a region lies partly outside the dose image, so that its dose was not compared.

    Notes
    -----
    The normal liver is the liver without the tumors, and likewise for the perfused normal liver, unless a structure has
    the role. A mean dose is `sum f D V / sum f V`. The dose to the lungs is the mean of the map if the density of each
    voxel is known. Otherwise it is `C A / m` with the dose factor C, the activity A in the lungs and their mass m. A
    map of one density does not describe lungs. A is the stated activity, or else the activity inside the structure of
    the lungs. Without both, it is the lung shunt fraction times the delivered activity, if the scaling states them. A
    region with more than 1 % of its volume outside the image has no dose here.

    Examples
    --------
    >>> from yttria import AbsoluteScaling, dose_image
    >>> from yttria.phantom import liver_phantom
    >>> phantom = liver_phantom((6.0, 8.0, 8.0))
    >>> result = dose_image(phantom.activity, scaling=AbsoluteScaling(20.0))
    >>> found = delivered_limits(result, phantom.structures, device="resin", disease="HCC", intent="bilobar")
    >>> print(found.states[0])  # doctest: +ELLIPSIS
    The ...
    """
    if not isinstance(roles, DeliveredRoles):
        roles = delivered_roles(structures, roles)
    of = result.provenance
    nuclide = Nuclide.from_dose_factor(of.half_life_h, of.dose_factor_gy_kg_per_gbq, name=of.nuclide)
    device = device_of_dose(device, nuclide)
    mass = optional_number("mass of the lungs in kg", lung_mass_kg)
    if mass is not None and not (isfinite(mass) and mass > 0.0):
        raise OutOfRangeError(f"mass of the lungs in kg must be finite and > 0, got {number('mass', mass):g}")
    regions = delivered_regions(result, structures, roles, threads=threads)
    values, origins, advisories = _doses(regions)
    lungs = _lungs(
        result, regions.by_role.get("lungs"), mass, amount("activity in the lungs in GBq", lung_activity_gbq)
    )
    doses = TreatmentDoses(
        **values,
        tumor_doses_gy=tuple(max(tumor.mean_gy, 0.0) for tumor in regions.tumors.values() if tumor.whole),
        **lungs.values,
    )
    reserve = hepatic_reserve_fraction
    if reserve is None and (reserve := regions.hepatic_reserve_fraction) is not None:
        names = regions.by_role["territories"].origin, regions.by_role["liver"].origin
        origins["hepatic_reserve_fraction"] = f"1 - mass of {names[0]} / mass of {names[1]}"
    facts: dict[str, Any] = {
        "device": device,
        "disease": disease,
        "intent": intent,
        "bilirubin_mg_per_dl": bilirubin_mg_per_dl,
        "bilirubin_umol_per_l": bilirubin_umol_per_l,
        "pretreated_or_impaired": pretreated_or_impaired,
        "cirrhotic": cirrhotic,
        "prior_radioembolization": prior_radioembolization,
        "prior_normal_perfused_dose_gy": prior_normal_perfused_dose_gy,
        "prior_normal_whole_dose_gy": prior_normal_whole_dose_gy,
        "prior_lung_dose_gy": prior_lung_dose_gy,
    }
    states = evaluate_limits(doses, guideline=guideline, hepatic_reserve_fraction=reserve, **facts)
    # Without a stated device, those of the microspheres that carry the nuclide of the dose.
    states = tuple(
        state for state in states if state.limit.device is None or isotope_of(state.limit.device) == nuclide.isotope
    )
    return DeliveredLimits(
        guideline=guideline,
        table_version=limit_table()[0],
        roles=roles,
        doses=doses,
        origins={**origins, **lungs.origins},
        hepatic_reserve_fraction=reserve,
        tumor_to_normal_ratios=regions.tumor_to_normal_ratios,
        facts={
            "lung_mass_kg": mass,
            "lung_activity_gbq": lung_activity_gbq,
            "hepatic_reserve_fraction": hepatic_reserve_fraction,
            **facts,
        },
        states=states,
        advisories=(*no_limits_for_device(guideline, device), *advisories, *lungs.advisories),
    )


def _doses(regions: DeliveredRegions) -> tuple[dict[str, float], dict[str, str], list[Advisory]]:
    """Mean doses of the liver by name in `TreatmentDoses`, the origin of each, and advisories on regions left out."""
    values: dict[str, float] = {}
    origins: dict[str, str] = {}
    for role, name in _DOSE_OF_ROLE.items():
        region = regions.by_role.get(role)
        if region is not None and region.whole:
            # Noise of a map may make the mean of a cold region negative, but a dose is not negative.
            values[name], origins[name] = max(region.mean_gy, 0.0), region.origin
    whole = {name: tumor.mean_gy for name, tumor in regions.tumors.items() if tumor.whole}
    if whole:
        lowest = f"; the lowest is that of {min(whole, key=whole.__getitem__)}" if len(whole) > 1 else ""
        origins["tumor_doses_gy"] = ", ".join(whole) + lowest
    liver = [region for role, region in regions.by_role.items() if role != "lungs"]
    advisories = [
        advise("region_outside_image", region=region.origin, outside_fraction=region.outside_fraction)
        for region in (*liver, *regions.tumors.values())
        if not region.whole
    ]
    return values, origins, advisories


@dataclass(frozen=True, kw_only=True)
class _Lungs:
    values: dict[str, float]
    origins: dict[str, str]
    advisories: tuple[Advisory, ...] = ()


def _lungs(
    result: DoseResult, region: DeliveredRegion | None, mass_kg: float | None, stated_gbq: float | None
) -> _Lungs:
    """Dose and activity of the lungs, as far as the image or the scaling states them."""
    activity_gbq, origin, found = stated_gbq, "activity in the lungs as stated", []
    if stated_gbq is not None:
        region = None
    elif region is not None and not region.whole:
        found.append(advise("region_outside_image", region=region.origin, outside_fraction=region.outside_fraction))
    elif region is not None and region.activity_mbq is not None:
        activity_gbq, origin = max(region.activity_mbq * 1e-3, 0.0), f"activity in {region.origin}"
    delivered, shunt = activity_and_shunt(result.provenance.scaling)
    if activity_gbq is None and delivered is not None and shunt is not None:
        activity_gbq = shunt * delivered
        origin = f"lung shunt fraction {shunt:.4g} of the delivered activity"
    if activity_gbq is None:
        return _Lungs(values={}, origins={}, advisories=tuple(found))
    values, origins = {"lung_activity_gbq": activity_gbq}, {"lung_activity_gbq": origin}
    if region is not None and region.whole and result.density is not None:
        values["lung_dose_gy"], origins["lung_dose_gy"] = max(region.mean_gy, 0.0), region.origin
        return _Lungs(values=values, origins=origins, advisories=tuple(found))
    if mass_kg is None:
        found.append(advise("lung_mass_assumed", lung_mass_kg=LUNG_MASS_KG))
    mass = LUNG_MASS_KG if mass_kg is None else mass_kg
    values["lung_dose_gy"] = result.provenance.dose_factor_gy_kg_per_gbq * activity_gbq / mass
    origins["lung_dose_gy"] = f"{origin}, in {mass:g} kg"
    return _Lungs(values=values, origins=origins, advisories=tuple(found))
