"""Plan of several territories with stated activities, optimum and shadow prices, limits, and vials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .._core import __version__
from .._foundation.brief import brief
from .._foundation.provenance import RESEARCH_USE
from ..advisory import Advisory
from ..errors import UndefinedError
from .limit_state import LimitState
from .limits import no_limits_for_device
from .lung import lung_limits_of_yttrium
from .model_doses import PartitionDoses
from .optimum import Optimum, optimize_activities
from .optimum_words import optimum_in_words
from .partition_limits import PartitionLimits
from .patient_territories import PatientTerritories
from .plan_uncertainty import DRAWS, SEED, PlanPropagation, PlanUncertainty
from .territory_limits import limit_states_of_territory, own_limits_exceeded, thresholds_of_territories
from .territory_plan_text import territory_plan_text
from .vial_content import VIAL_CODES, vial_content
from .vials import VialChoice, vial_choice
from .working_hours import WORKING_HOURS


@dataclass(frozen=True, kw_only=True)
class PlannedActivities:
    """Activities of all territories, the doses that they give, and their comparison with the limits.

    Parameters
    ----------
    plan : str
        "stated" for the activities of the patient, "optimum" for the best ones.
    doses : PartitionDoses
        One value for each territory, in order.
    limit_states : mapping of str to tuple of LimitState
        For each territory the state of every limit of the guideline that applies or may apply.
    vials : mapping of str to VialChoice
        Vials for each territory within the window of the treatment. It is empty without a window, and for resin,
        because a part of a resin vial can be drawn.
    advisories : tuple of Advisory
        Advisories on these activities.
    uncertainty : PlanUncertainty or None
        Uncertainty of these doses, given these activities; None if no uncertainty of the inputs is stated.
    """

    plan: str
    doses: PartitionDoses
    limit_states: Mapping[str, tuple[LimitState, ...]] = field(repr=False)
    vials: Mapping[str, VialChoice] = field(repr=False)
    advisories: tuple[Advisory, ...] = field(repr=False)
    uncertainty: PlanUncertainty | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class TerritoryPlan:
    """Plan of one patient with several territories. For research use, not a prescription.

    Parameters
    ----------
    patient : PatientTerritories
        The inputs.
    plans : tuple of PlannedActivities
        The stated activities if there are any, and the optimum if there is one.
    optimum : Optimum or None
        None if no objective is stated, or if nothing limits the activities.
    no_optimum : str
        Why there is no optimum, as a clause; "" if there is one.
    created : str
        When it was computed.
    input_file : mapping of str to str, optional
        Path and SHA-256 of the patient file.
    """

    patient: PatientTerritories
    plans: tuple[PlannedActivities, ...]
    optimum: Optimum | None
    no_optimum: str
    created: str = field(default="", compare=False)
    input_file: Mapping[str, str] | None = field(default=None, compare=False)

    __repr__ = brief

    def __getitem__(self, plan: str) -> PlannedActivities:
        """Return the plan named "stated" or "optimum". A missing plan raises `KeyError`."""
        for each in self.plans:
            if each.plan == plan:
                return each
        raise KeyError(plan)

    @property
    def advisories(self) -> tuple[Advisory, ...]:
        """Every advisory of the plans and of the optimum, each once."""
        of_optimum = () if self.optimum is None else self.optimum.advisories
        return tuple(dict.fromkeys((*(a for each in self.plans for a in each.advisories), *of_optimum)))

    def table(self, width: int | None = None) -> str:
        """Write the plan as text.

        Parameters
        ----------
        width : int, optional
            Column at which sentences are wrapped, at least 80. Nothing is wrapped if it is not given.

        Returns
        -------
        str

        Examples
        --------
        >>> from yttria.planning import Territory, Tumor
        >>> tumor = Tumor(name="A", mass_kg=0.1, tumor_to_normal_ratio=4.0)
        >>> right = Territory(name="right", normal_perfused_mass_kg=0.8, lung_shunt_fraction=0.05, tumors=[tumor])
        >>> patient = PatientTerritories(device="glass", territories=[right], activities_gbq={"right": 2.0})
        >>> "There is no optimum: no objective is stated." in plan_territories(patient).table()
        True
        """
        source = f" from {self.input_file['path']}" if self.input_file else ""
        return territory_plan_text(
            self.patient,
            [
                (each.plan, each.doses, each.limit_states, each.vials, each.advisories, each.uncertainty)
                for each in self.plans
            ],
            words=() if self.optimum is None else optimum_in_words(self.optimum),
            no_optimum=self.no_optimum,
            of_optimum=() if self.optimum is None else self.optimum.advisories,
            computed=f"{self.created} by yttria {__version__}{source}",
            width=width,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain dictionaries and lists, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> from yttria.planning import Territory, Tumor
        >>> tumor = Tumor(name="A", mass_kg=0.1, tumor_to_normal_ratio=4.0)
        >>> right = Territory(name="right", normal_perfused_mass_kg=0.8, lung_shunt_fraction=0.05, tumors=[tumor])
        >>> patient = PatientTerritories(device="glass", territories=[right], activities_gbq={"right": 2.0})
        >>> plan_territories(patient).as_dict()["device"]
        'glass'
        """
        optimum = self.optimum
        return {
            "patient": self.patient.name,
            "device": self.patient.device,
            "dose_factor_gy_kg_per_gbq": self.patient.nuclide.dose_factor_gy_kg_per_gbq,
            "half_life_h": self.patient.nuclide.half_life_h,
            "yttria_version": __version__,
            "created": self.created,
            "input_file": None if self.input_file is None else dict(self.input_file),
            "inputs": self.patient.as_dict(),
            "plans": [self._plan_as_dict(each) for each in self.plans],
            "optimum": None
            if optimum is None
            else {
                "status": optimum.status,
                "objective": optimum.objective,
                "objective_value": optimum.objective_value,
                "objective_unit": optimum.objective_unit,
                "binding": list(optimum.binding),
                "lowest_tumors": list(optimum.lowest_tumors),
                "constraints": [vars(each).copy() for each in optimum.constraints],
                "shadow_prices": [vars(each).copy() for each in optimum.shadow_prices],
                "conflict": [vars(each).copy() for each in optimum.conflict],
                "in_words": list(optimum_in_words(optimum)),
            },
            "no_optimum": self.no_optimum,
            "advisories": [advisory.as_dict() for advisory in self.advisories],
            "use": RESEARCH_USE,
        }

    def _plan_as_dict(self, plan: PlannedActivities) -> dict[str, Any]:
        doses, names = plan.doses, self.patient.names
        return {
            "plan": plan.plan,
            "territories": [
                {
                    "territory": name,
                    "delivered_activity_gbq": doses.delivered_activities_gbq[k],
                    "vial_activity_gbq": doses.vial_activities_gbq[k],
                    "perfused_mean_dose_gy": doses.perfused_mean_doses_gy[k],
                    "normal_perfused_dose_gy": doses.normal_perfused_doses_gy[k],
                    "tumor_portion_doses_gy": {
                        self.patient.territories[k].tumor_name(i): dose
                        for i, dose in enumerate(doses.tumor_portion_doses_gy[k])
                    },
                    "limit_states": [state.as_dict() for state in plan.limit_states[name]],
                    "vials": [option.as_dict() for option in plan.vials[name].options] if name in plan.vials else [],
                }
                for k, name in enumerate(names)
            ],
            "tumors": [vars(tumor).copy() for tumor in doses.tumors],
            "normal_whole_dose_gy": doses.normal_whole_dose_gy,
            "lung_dose_gy": doses.lung_dose_gy,
            "cumulative_lung_dose_gy": doses.cumulative_lung_dose_gy,
            "uncertainty": None if plan.uncertainty is None else plan.uncertainty.as_dict(),
            "advisories": [advisory.as_dict() for advisory in plan.advisories],
        }


def plan_territories(patient: PatientTerritories, *, draws: int = DRAWS, seed: int = SEED) -> TerritoryPlan:
    """Plan the injections of several territories.

    Parameters
    ----------
    patient : PatientTerritories
        Territories with their tumors, shunts and, if they were decided, activities; limits and objective.
    draws, seed : int
        Draws of the uncertain inputs and the seed of their random numbers, as in `plan_uncertainty`.

    Returns
    -------
    TerritoryPlan
        The doses of the stated activities, and those of the optimum under the planner's limits.

    Raises
    ------
    UnknownNameError
        If guideline, disease or intent is not in the table of limits.
    TimeZoneError, OutOfRangeError
        As `vial_choice`, if a window of the treatment is given.

    Warns
    -----
    infeasible, equally_good_plans, prior_dose_not_counted
        As `optimize_activities`.
    activity_above_vial, activity_below_usual
        A vial must hold more than the largest of the device, or less than is in use.
    no_vial_fits
        No vial has the activity that a territory needs within the window.
    no_limits_for_device, lung_limit_of_yttrium
        As `compare_models`.

    Notes
    -----
    Doses by `PartitionModel`, the optimum by `optimize_activities`. The planner's limit of the perfused normal liver
    and of the activity hold in each territory, a target for every tumor.

    Examples
    --------
    >>> from yttria.planning import PartitionLimits, Territory, Tumor
    >>> tumor = Tumor(name="A", mass_kg=0.1, tumor_to_normal_ratio=4.0)
    >>> right = Territory(name="right", normal_perfused_mass_kg=0.8, lung_shunt_fraction=0.05, tumors=[tumor])
    >>> plan = plan_territories(
    ...     PatientTerritories(
    ...         device="glass",
    ...         territories=[right],
    ...         objective="max_min_tumor_dose",
    ...         limits=PartitionLimits(normal_perfused_limit_gy=40),
    ...     )
    ... )
    >>> round(plan["optimum"].doses.delivered_activity_gbq, 3)
    1.017
    """
    model = patient.model()
    propagation = None
    if patient.uncertainties is not None and patient.uncertainties.stated:
        propagation = PlanPropagation(model, patient.uncertainties, draws=draws, seed=seed)
    plans = []
    if patient.activities_gbq:
        plans.append(_planned(patient, "stated", model.doses(patient.activities_gbq), propagation))
    optimum, reason = _optimum(patient)
    if optimum is not None and optimum.doses is not None:
        plans.append(_planned(patient, "optimum", optimum.doses, propagation))
    return TerritoryPlan(
        patient=patient,
        plans=tuple(plans),
        optimum=optimum,
        no_optimum=reason,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )


def _optimum(patient: PatientTerritories) -> tuple[Optimum | None, str]:
    if patient.objective is None:
        return None, "no objective is stated"
    limits = patient.limits or PartitionLimits()
    target = patient.target_tumor_dose_gy
    try:
        optimum = optimize_activities(
            patient.model(),
            objective=patient.objective,
            tumor_dose=patient.tumor_dose,
            lung_limit_gy=limits.lung_limit_gy,
            cumulative_lung_limit_gy=limits.cumulative_lung_limit_gy,
            normal_perfused_limit_gy=limits.normal_perfused_limit_gy,
            normal_whole_limit_gy=limits.normal_whole_limit_gy,
            activity_limit_gbq=limits.activity_limit_gbq,
            target_tumor_dose_gy=target,
        )
    except UndefinedError as error:
        return None, str(error)
    return optimum, ""


def _planned(
    patient: PatientTerritories, plan: str, doses: PartitionDoses, propagation: PlanPropagation | None
) -> PlannedActivities:
    vials: dict[str, VialChoice] = {}
    found = [advisory for advisory in doses.advisories if advisory.code not in VIAL_CODES]
    for name, needed in zip(patient.names, doses.vial_activities_gbq, strict=True):
        found += vial_content(needed, patient.device)
        if needed > 0.0 and patient.device == "glass" and patient.treatment_start and patient.treatment_end:
            vials[name] = vial_choice(
                needed,
                start=patient.treatment_start,
                end=patient.treatment_end,
                spheres=patient.device,
                nuclide=patient.nuclide,
                working_hours=WORKING_HOURS,
            )
            found += vials[name].advisories
    found += own_limits_exceeded(patient, doses)
    found += no_limits_for_device(patient.guideline, patient.device)
    limits = patient.limits or PartitionLimits()
    found += lung_limits_of_yttrium(patient.nuclide, limits.lung_limit_gy, limits.cumulative_lung_limit_gy)
    states = {name: limit_states_of_territory(patient, doses, k) for k, name in enumerate(patient.names)}
    uncertainty = None
    if propagation is not None:
        uncertainty = propagation.of(doses.delivered_activities_gbq, thresholds_of_territories(patient, states))
        found += uncertainty.advisories
    return PlannedActivities(
        plan=plan,
        doses=doses,
        limit_states=states,
        vials=vials,
        advisories=tuple(dict.fromkeys(found)),
        uncertainty=uncertainty,
    )
