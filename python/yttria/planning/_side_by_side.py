"""Run of each planning model for a patient, with its activity, a sentence on its method, and its advisories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .._foundation.choices import LimitKind
from ..advisory import Advisory, advise
from .body_surface_area import body_surface_area
from .limit_state import LimitState
from .model_doses import PartitionDoses
from .partition_limits import MaximumActivity
from .patient import Patient
from .plan_thresholds import Threshold, own_thresholds
from .plan_uncertainty import PlanUncertainty
from .resin_activity import (
    ResinActivity,
    bsa_activity,
    empirical_activity,
    modified_bsa_activity,
    simple_lobar_bsa_activity,
)
from .single_compartment import single_compartment_activity
from .territory import Territory

Run = tuple[float, str, tuple[Advisory, ...]]


@dataclass(frozen=True, kw_only=True)
class ModelRun:
    """Activity of one model, its doses by the partition model, and their comparison with the limits.

    `limit_states` has one entry for each limit or target that applies or may apply. `breaks` has those that are
    certainly exceeded or missed. `uncertainty` is that of these doses, if any uncertainty of the inputs is stated.
    """

    model: str
    delivered_activity_gbq: float
    vial_activity_gbq: float
    doses: PartitionDoses
    limit_states: tuple[LimitState, ...] = field(repr=False)
    why: str
    advisories: tuple[Advisory, ...] = field(repr=False)
    uncertainty: PlanUncertainty | None = field(default=None, repr=False)

    @property
    def breaks(self) -> tuple[LimitState, ...]:
        """Limits that are certainly exceeded, and targets that are certainly missed."""
        return tuple(state for state in self.limit_states if state.broken)


class NotApplicableError(Exception):
    """The reason why a model was not run, as a clause."""


#: The tissue of each kind of limit in words.
LIMIT_WORDS: dict[LimitKind, str] = {
    "normal_perfused": "perfused normal liver",
    "normal_whole": "whole normal liver",
    "lung": "lungs",
    "lung_cumulative": "lungs over all treatments",
    "activity": "delivered activity",
}


def _needs(condition: bool, reason: str) -> None:
    if not condition:
        raise NotApplicableError(reason)


def _resin(patient: Patient, activity: ResinActivity, why: str) -> Run:
    reduced = activity.reduced_for_lung_shunt(patient.lung_shunt_fraction)
    factor = reduced.factors[-1].factor
    if factor < 1.0:
        why += f"; the lung-shunt table then takes {1.0 - factor:.0%} off"
    advisories = reduced.advisories
    if patient.disease == "HCC":
        advisories += (advise("bsa_not_preferred_in_hcc"),)
    return reduced.delivered_activity_gbq, why + ".", advisories


def _resin_masses(patient: Patient) -> tuple[float, float, float]:
    """Return the masses in kg of tumor in the territory, all tumor, and the whole liver."""
    _needs(patient.device == "resin", "it is a rule for resin microspheres")
    treated, liver = patient.treated_tumor_mass_kg, patient.liver_mass_kg
    _needs(treated is not None, "the mass of the tumors is not given")
    _needs(liver is not None, "the mass of the whole liver is not given")
    assert treated is not None
    assert liver is not None
    return treated, treated + patient.untreated_tumor_mass_kg, liver


def _body_surface_area_m2(patient: Patient) -> float:
    _needs(patient.height_cm is not None, "height and weight are not given")
    assert patient.height_cm is not None
    assert patient.weight_kg is not None
    return body_surface_area(patient.height_cm, patient.weight_kg).body_surface_area_m2


def _ml(patient: Patient, mass_kg: float) -> float:
    return 1000.0 * mass_kg / patient.liver_density_g_per_ml


def _bsa(patient: Patient) -> Run:
    _, tumor, liver = _resin_masses(patient)
    area = _body_surface_area_m2(patient)
    activity = bsa_activity(area, tumor_volume_ml=_ml(patient, tumor), liver_volume_incl_tumor_ml=_ml(patient, liver))
    share = activity.tumor_involvement_fraction
    why = (
        f"it adds the body's size ({area:.2f} m^2) to the tumor's share of the liver ({share:.0%}), as for the whole "
        "liver; neither the treated part nor uptake enters"
    )
    return _resin(patient, activity, why)


def _modified_bsa(patient: Patient) -> Run:
    tumor, _, liver = _resin_masses(patient)
    area = _body_surface_area_m2(patient)
    treated = patient.perfused_mass_kg
    activity = modified_bsa_activity(
        area,
        tumor_volume_in_treated_ml=_ml(patient, tumor),
        treated_volume_incl_tumor_ml=_ml(patient, treated),
        liver_volume_incl_tumor_ml=_ml(patient, liver),
    )
    why = (
        f"it takes the tumor's share of the treated part ({activity.tumor_involvement_fraction:.0%}) and gives that "
        f"part its share of the liver ({treated / liver:.0%}); uptake does not enter"
    )
    return _resin(patient, activity, why)


def _simple_lobar_bsa(patient: Patient) -> Run:
    _, tumor, liver = _resin_masses(patient)
    area = _body_surface_area_m2(patient)
    treated = patient.perfused_mass_kg
    activity = simple_lobar_bsa_activity(
        area,
        tumor_volume_ml=_ml(patient, tumor),
        treated_volume_incl_tumor_ml=_ml(patient, treated),
        liver_volume_incl_tumor_ml=_ml(patient, liver),
    )
    why = (
        f"it is the whole liver's activity times the treated part's share ({treated / liver:.0%}), as if the tumor "
        "were spread evenly over the liver"
    )
    return _resin(patient, activity, why)


def _empirical(patient: Patient) -> Run:
    _, tumor, liver = _resin_masses(patient)
    share, part = tumor / liver, patient.perfused_mass_kg / liver
    why = (
        f"it is one of three steps by the tumor's share of the liver ({share:.0%}), times the treated part's share "
        f"({part:.0%}); neither the body's nor the liver's size enters"
    )
    return _resin(patient, empirical_activity(share, treated_fraction_of_liver=part), why)


def _single_compartment(patient: Patient) -> Run:
    target = patient.target_perfused_dose_gy
    _needs(target is not None, "no target dose to everything perfused is given")
    assert target is not None
    single = single_compartment_activity(
        target,
        mass_kg=patient.perfused_mass_kg,
        lung_shunt_fraction=patient.lung_shunt_fraction,
        residual_fraction=patient.residual_fraction,
        lung_mass_kg=patient.lung_mass_kg,
        lung_limit_gy=None,  # the table's lung limits are compared for every model
        liver_mass_kg=patient.liver_mass_kg,
        nuclide=patient.nuclide,
    )
    why = (
        f"it gives everything perfused ({patient.perfused_mass_kg:.3g} kg) {target:g} Gy in the mean as if uptake were "
        "uniform; if the tumor takes up more, it gets more than that and the normal liver gets less."
    )
    return single.delivered_activity_gbq, why, single.advisories


def _partition_target(patient: Patient) -> Run:
    target = patient.target_tumor_dose_gy
    _needs(patient.partition_obstacle is None, patient.partition_obstacle or "")
    _needs(target is not None, "no target dose to the tumor is given")
    assert target is not None
    model = patient.partition_model()
    (territory,) = model.territories
    ratios = [tumor.tumor_to_normal_ratio or 1.0 for tumor in territory.tumors]
    least = _lowest_ratio(territory)
    result = model.activity_for_tumor_dose(target, tumor=least)
    which = territory.tumor_name(least)
    among = "" if len(ratios) == 1 else f", the one that takes up least ({which}, ratio {ratios[least]:g}),"
    why = f"it is the activity that gives the tumor{among} {target:g} Gy; doses to normal liver and lungs do not enter."
    return result.delivered_activity_gbq, why, ()


def _lowest_ratio(territory: Territory) -> int:
    """Find the index of the tumor with the lowest ratio."""
    return min(range(len(territory.tumors)), key=lambda i: territory.tumors[i].tumor_to_normal_ratio or 1.0)


def deciding_thresholds(patient: Patient, model: str) -> list[Threshold]:
    """List the doses that determine a model's activity. Rules of body size and involvement have no such dose."""
    if model == "single_compartment" and patient.target_perfused_dose_gy is not None:
        return [Threshold(kind="perfused_mean", value=patient.target_perfused_dose_gy, sign=">=")]
    if model == "partition_target" and patient.target_tumor_dose_gy is not None:
        (territory,) = patient.partition_model().territories
        name = territory.tumor_name(_lowest_ratio(territory))
        return [Threshold(kind="tumor", value=patient.target_tumor_dose_gy, sign=">=", tumor=name)]
    return own_thresholds(patient.limits_with_prior_doses()[0]) if model == "partition_maximum" else []


def _partition_maximum(patient: Patient) -> Run:
    _needs(patient.limits is not None, "no limits of the planner's own are given")
    limits, advisories = patient.limits_with_prior_doses()
    kinds = [kind for kind in LIMIT_WORDS if limits.limit(kind) is not None]
    _needs(bool(kinds), "no limits of the planner's own are given")
    model = patient.model_for(kinds)
    _needs(model is not None, f"{patient.partition_obstacle}, and a limit of the normal liver depends on it")
    assert model is not None
    found = model.maximum_activity(limits)
    _needs(found.delivered_activity_gbq is not None, "none of the given limits is ever reached")
    assert found.delivered_activity_gbq is not None
    binding = " and ".join(_binding_words(found, kind) for kind in found.binding)
    if found.delivered_activity_gbq == 0.0:
        why = f"it is 0 GBq: earlier treatments leave nothing within the planner's own limits ({binding})."
    else:
        why = (
            f"it is the largest activity within the planner's own limits (binding: {binding}); the dose to the tumor "
            "does not enter."
        )
    return found.delivered_activity_gbq, why, (*advisories, *found.advisories)


def _binding_words(found: MaximumActivity, kind: LimitKind) -> str:
    at = next(at for at in found.at_limits if at.kind == kind)
    before = f", of which {at.prior_gy:.4g} Gy from earlier treatments" if at.prior_gy else ""
    return f"{LIMIT_WORDS[kind]}, {at.limit:g} {'GBq' if kind == 'activity' else 'Gy'}{before}"


MODELS: dict[str, Callable[[Patient], Run]] = {
    "bsa": _bsa,
    "modified_bsa": _modified_bsa,
    "simple_lobar_bsa": _simple_lobar_bsa,
    "empirical": _empirical,
    "single_compartment": _single_compartment,
    "partition_target": _partition_target,
    "partition_maximum": _partition_maximum,
}
