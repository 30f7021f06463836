"""Limits of a plan of several territories, which are the planner's own limits and those of the guideline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .._foundation.choices import LimitKind
from ..advisory import Advisory, advise
from .limit_evaluation import evaluate_limits
from .limit_state import LimitState, TreatmentDoses
from .model_doses import PartitionDoses
from .partition_limits import PartitionLimits
from .patient_territories import PatientTerritories
from .plan_thresholds import Threshold, guideline_thresholds, merged, own_thresholds


def thresholds_of_territories(
    patient: PatientTerritories, states: Mapping[str, tuple[LimitState, ...]]
) -> list[Threshold]:
    """The planner's own limits and target, and those of the guideline, each once; doses of earlier treatments count."""
    limits = patient.limits or PartitionLimits()
    limits = replace(
        limits,
        prior_lung_dose_gy=patient.prior_lung_dose_gy or 0.0,
        prior_normal_whole_dose_gy=patient.model().resolved_prior_normal_whole_dose_gy,
    )
    prior = patient.prior_normal_perfused_dose_gy
    own = [
        replace(each, prior_gy=prior.get(each.territory, 0.0)) if each.kind == "normal_perfused" else each
        for each in own_thresholds(limits, patient.names)
    ]
    if patient.target_tumor_dose_gy is not None:
        own.append(Threshold(kind="tumor", value=patient.target_tumor_dose_gy, sign=">="))
    of_guideline = (each for name, of in states.items() for each in guideline_thresholds(of, name))
    return merged((*own, *of_guideline))


def own_limits_exceeded(patient: PatientTerritories, doses: PartitionDoses) -> list[Advisory]:
    """Return one advisory for each of the planner's own limits that is exceeded, earlier treatments included."""
    limits = patient.limits or PartitionLimits()
    compared: list[tuple[LimitKind, str, float | None, float]] = [
        ("lung", "mean dose to the lungs", doses.lung_dose_gy, 0.0),
        (
            "lung_cumulative",
            "mean dose to the lungs over all treatments",
            doses.lung_dose_gy,
            patient.prior_lung_dose_gy or 0.0,
        ),
        (
            "normal_whole",
            "mean dose to the whole normal liver",
            doses.normal_whole_dose_gy,
            patient.model().resolved_prior_normal_whole_dose_gy,
        ),
    ]
    for k, name in enumerate(patient.names):
        prior = patient.prior_normal_perfused_dose_gy.get(name, 0.0)
        of_normal = f"mean dose to the perfused normal liver of '{name}'"
        compared.append(("normal_perfused", of_normal, doses.normal_perfused_doses_gy[k], prior))
        compared.append(("activity", f"activity delivered into '{name}'", doses.delivered_activities_gbq[k], 0.0))
    found = []
    for kind, quantity, value, prior in compared:
        limit = limits.limit(kind)
        if limit is None:
            continue
        if value is None:
            found.append(advise("own_limit_not_compared", quantity=quantity, own_limit=limit))
        elif value + prior > limit * (1.0 + 1e-9):
            found.append(
                advise(
                    "own_limit_exceeded",
                    quantity=quantity,
                    reached=value + prior,
                    before=f", of which earlier treatments gave {prior:.4g} Gy" if prior else "",
                    own_limit=limit,
                    own_unit="GBq" if kind == "activity" else "Gy",
                )
            )
    return found


def limit_states_of_territory(
    patient: PatientTerritories, doses: PartitionDoses, territory: int
) -> tuple[LimitState, ...]:
    """Limits of the guideline for one territory. Whole liver, lungs and hepatic reserve are common to all of them."""
    liver, perfused = patient.liver_mass_kg, patient.perfused_mass_kg
    energy_j = sum(doses.liver_energies_j)
    compared = TreatmentDoses(
        perfused_mean_dose_gy=doses.perfused_mean_doses_gy[territory],
        normal_perfused_dose_gy=doses.normal_perfused_doses_gy[territory],
        normal_whole_dose_gy=doses.normal_whole_dose_gy,
        whole_liver_dose_gy=None if liver is None else energy_j / liver,
        tumor_doses_gy=doses.tumor_portion_doses_gy[territory],
        lung_dose_gy=doses.lung_dose_gy,
        lung_activity_gbq=sum(
            activity * each.lung_shunt_fraction
            for activity, each in zip(doses.delivered_activities_gbq, patient.territories, strict=True)
        ),
    )
    return evaluate_limits(
        compared,
        guideline=patient.guideline,
        device=patient.device,
        disease=patient.disease,
        intent=patient.intent,
        hepatic_reserve_fraction=None if liver is None else min(1.0, max(0.0, 1.0 - perfused / liver)),
        bilirubin_mg_per_dl=patient.bilirubin_mg_per_dl,
        bilirubin_umol_per_l=patient.bilirubin_umol_per_l,
        pretreated_or_impaired=patient.pretreated_or_impaired,
        cirrhotic=patient.cirrhotic,
        prior_radioembolization=patient.treated_before,
        prior_normal_perfused_dose_gy=patient.prior_normal_perfused_dose_gy.get(patient.names[territory]),
        prior_normal_whole_dose_gy=patient.prior_normal_whole_dose_gy,
        prior_lung_dose_gy=patient.prior_lung_dose_gy,
    )
