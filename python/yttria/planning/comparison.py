"""Comparison of every model that applies to a patient, with doses and exceeded limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from .._core import __version__
from .._foundation.choices import LimitKind
from .._foundation.provenance import RESEARCH_USE
from ..advisory import Advisory, advise
from ..errors import ContraindicatedError, OutOfRangeError, UndefinedError
from ._side_by_side import MODELS, ModelRun, NotApplicableError, deciding_thresholds
from .comparison_text import comparison_text
from .limit_evaluation import evaluate_limits
from .limit_state import LimitState, TreatmentDoses
from .limits import LimitQuery, dose_limits, no_limits_for_device
from .model_doses import PartitionDoses
from .model_row import ModelRow
from .patient import Patient
from .plan_thresholds import guideline_thresholds, merged, own_thresholds
from .plan_uncertainty import DRAWS, SEED
from .vial_content import VIAL_CODES, vial_content


@dataclass(frozen=True, repr=False, kw_only=True)
class ModelComparison:
    """All models that apply to one patient, and the reasons why others do not. For research use, not a prescription."""

    patient: Patient
    runs: tuple[ModelRun, ...]
    not_applicable: tuple[tuple[str, str], ...]
    limits: LimitQuery
    advisories: tuple[Advisory, ...]
    created: str = field(default="", compare=False)
    input_file: Mapping[str, str] | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        """Show the patient's name, device and models on one line."""
        names, others = [run.model for run in self.runs], [model for model, _ in self.not_applicable]
        return f"ModelComparison({self.patient.name!r}, {self.patient.device!r}, runs={names}, not_applicable={others})"

    def __getitem__(self, model: str) -> ModelRun:
        """Return the run of a model. A model that does not apply raises `KeyError`."""
        for run in self.runs:
            if run.model == model:
                return run
        raise KeyError(model)

    def rows(self) -> list[ModelRow]:
        """Return one row for each model that was run.

        Returns
        -------
        list of ModelRow

        Examples
        --------
        >>> from yttria.planning import Patient, Tumor, compare_models
        >>> patient = Patient(
        ...     device="glass",
        ...     tumors=[Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0)],
        ...     normal_perfused_mass_kg=1.2,
        ...     lung_shunt_fraction=0.05,
        ...     target_perfused_dose_gy=120.0,
        ... )
        >>> [row.model for row in compare_models(patient).rows()]
        ['single_compartment']
        """
        return [ModelRow.of(run) for run in self.runs]

    def table(self, width: int | None = None) -> str:
        """Write inputs, a line of numbers for each model, limits, advisories and reasons as text.

        Parameters
        ----------
        width : int, optional
            Column at which sentences are wrapped, at least 80. They are not wrapped if it is not given.

        Returns
        -------
        str

        Examples
        --------
        >>> from yttria.planning import Patient, compare_models
        >>> patient = Patient(
        ...     device="glass",
        ...     lung_shunt_fraction=0.05,
        ...     perfused_mass_incl_tumor_kg=0.4,
        ...     target_perfused_dose_gy=400,
        ... )
        >>> "bsa: not applicable, because it is a rule for resin microspheres." in compare_models(patient).table()
        True
        """
        source = f" from {self.input_file['path']}" if self.input_file else ""
        return comparison_text(
            self.patient,
            self.runs,
            self.not_applicable,
            self.advisories,
            limits_table_version=self.limits.table_version,
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
        >>> from yttria.planning import Patient, compare_models
        >>> patient = Patient(
        ...     device="glass",
        ...     lung_shunt_fraction=0.05,
        ...     perfused_mass_incl_tumor_kg=0.4,
        ...     target_perfused_dose_gy=400,
        ... )
        >>> compare_models(patient).as_dict()["device"]
        'glass'
        """
        return {
            "patient": self.patient.name,
            "device": self.patient.device,
            "dose_factor_gy_kg_per_gbq": self.patient.nuclide.dose_factor_gy_kg_per_gbq,
            "half_life_h": self.patient.nuclide.half_life_h,
            "limits_table_version": self.limits.table_version,
            "yttria_version": __version__,
            "created": self.created,
            "input_file": None if self.input_file is None else dict(self.input_file),
            "inputs": self.patient.as_dict(),
            "models": [
                {
                    **row.as_dict(),
                    "tumor_doses_gy": list(run.doses.tumor_doses_gy),
                    "limit_states": [state.as_dict() for state in run.limit_states],
                    "uncertainty": None if run.uncertainty is None else run.uncertainty.as_dict(),
                    "advisories": [a.as_dict() for a in run.advisories],
                }
                for row, run in zip(self.rows(), self.runs, strict=True)
            ],
            "not_applicable": [{"model": model, "reason": reason} for model, reason in self.not_applicable],
            "advisories": [a.as_dict() for a in self.advisories],
            "use": RESEARCH_USE,
        }


def compare_models(patient: Patient, *, draws: int = DRAWS, seed: int = SEED) -> ModelComparison:
    """Compare every planning model that the patient's inputs allow.

    Parameters
    ----------
    patient : Patient
        The inputs. A model does not apply if an input that it needs is missing.
    draws, seed : int
        Number of draws of the uncertain inputs and seed of their random numbers, as in `plan_uncertainty`.

    Returns
    -------
    ModelComparison
        For each model its activity in GBq, the doses that it gives in Gy, and the state of every limit of the patient's
        guideline. A model without its inputs, or contraindicated by its own rule, is listed with the reason.

    Raises
    ------
    UnknownNameError
        If guideline, disease or intent is not in the table of limits.

    Warns
    -----
    own_limit_exceeded, own_limit_not_compared
        If a dose, with that of earlier treatments, is above one of the planner's limits, or is not known.
    no_limits_for_device, lung_limit_of_yttrium
        No limit of the guideline is for the device, or the planner's lung limits come from another nuclide.
    prior_dose_not_given, prior_dose_not_counted
        If a dose of earlier treatments was only partly known, or if no limit counts it.
    activity_above_vial, activity_below_usual
        If the vial must contain more than the largest vial of the device, or less than is in use.
    perfused_mass_without_tumor
        If no tumor is given, so that the perfused normal liver was taken for all perfused tissue.
    large_uncertainty
        If a stated uncertainty is above 0.30, so that the first order may not be accurate.

    Notes
    -----
    All doses are by the patient's partition model, so that activities can be compared. Without tumors or ratios, only
    the mean dose to all perfused tissue and the lung dose are known.

    For resin, the models are `bsa`, `modified_bsa`, `simple_lobar_bsa` and `empirical`, reduced by the lung-shunt table
    (`lower_inclusive`). `single_compartment` reaches a target for all perfused tissue. `partition_target` reaches a
    target for the tumor with the lowest ratio, so that every tumor reaches it. `partition_maximum` is the largest
    activity within the planner's limits, from which doses of earlier treatments are subtracted.

    Examples
    --------
    >>> from yttria.planning import Patient, compare_models
    >>> patient = Patient(
    ...     device="glass",
    ...     lung_shunt_fraction=0.05,
    ...     perfused_mass_incl_tumor_kg=0.4,
    ...     target_perfused_dose_gy=400,
    ... )
    >>> found = compare_models(patient)
    >>> round(found["single_compartment"].delivered_activity_gbq, 3)
    3.391
    """
    applicable = dose_limits(guideline=patient.guideline, **_known(patient))
    propagation = patient.propagation(draws=draws, seed=seed)
    runs: list[ModelRun] = []
    skipped: list[tuple[str, str]] = []
    for model, run in MODELS.items():
        try:
            found = run(patient)
        except (NotApplicableError, ContraindicatedError, OutOfRangeError, UndefinedError) as reason:
            skipped.append((model, str(reason)))
        else:
            activity, why, advisories = found
            if activity > 100.0:
                skipped.append(
                    (model, f"its activity would be {activity:.4g} GBq, more than 100 GBq, which no vial holds")
                )
                continue
            doses = patient.doses(activity)
            in_vial = doses.vial_activity_gbq
            states = _limit_states(patient, doses)
            every = (*advisories, *doses.advisories, *_own_limits_exceeded(patient, doses))
            # The vial is checked in the same way for every model, instead of by the model.
            kept = (a for a in every if a.code not in VIAL_CODES)
            advisories = tuple(dict.fromkeys((*kept, *vial_content(in_vial, patient.device))))
            uncertainty = None
            if propagation is not None and activity > 0.0:
                own = own_thresholds(patient.limits_with_prior_doses()[0])
                thresholds = merged((*own, *guideline_thresholds(states)))
                uncertainty = propagation.of([activity], thresholds, needed=deciding_thresholds(patient, model))
                advisories = tuple(dict.fromkeys((*advisories, *uncertainty.advisories)))
            runs.append(
                ModelRun(
                    model=model,
                    delivered_activity_gbq=activity,
                    vial_activity_gbq=in_vial,
                    doses=doses,
                    limit_states=states,
                    why=why,
                    advisories=advisories,
                    uncertainty=uncertainty,
                )
            )
    created = datetime.now(timezone.utc).isoformat(timespec="seconds")
    # Only limits that are compared with doses are listed. The states name the missing inputs of the others.
    compared = (advisory for run in runs for state in run.limit_states for advisory in state.advisories)
    of_device = no_limits_for_device(patient.guideline, patient.device)
    notes = tuple(dict.fromkeys((*patient.advisories(), *of_device, *compared)))
    return ModelComparison(
        patient=patient,
        runs=tuple(runs),
        not_applicable=tuple(skipped),
        limits=applicable,
        advisories=notes,
        created=created,
    )


def _own_limits_exceeded(patient: Patient, doses: PartitionDoses) -> tuple[Advisory, ...]:
    """Return one advisory for each of the planner's own limits that is exceeded, earlier treatments included."""
    if patient.limits is None:
        return ()
    limits, _ = patient.limits_with_prior_doses()
    found = []
    compared: tuple[tuple[LimitKind, str, float | None, float], ...] = (
        (
            "normal_perfused",
            "mean dose to the perfused normal liver",
            doses.normal_perfused_dose_gy,
            limits.prior_normal_perfused_dose_gy,
        ),
        (
            "normal_whole",
            "mean dose to the whole normal liver",
            doses.normal_whole_dose_gy,
            limits.prior_normal_whole_dose_gy,
        ),
        ("lung", "mean dose to the lungs", doses.lung_dose_gy, 0.0),
        (
            "lung_cumulative",
            "mean dose to the lungs over all treatments",
            doses.lung_dose_gy,
            limits.prior_lung_dose_gy,
        ),
        ("activity", "delivered activity", doses.delivered_activity_gbq, 0.0),
    )
    for kind, quantity, dose, prior in compared:
        limit = limits.limit(kind)
        if limit is not None and dose is None:
            found.append(advise("own_limit_not_compared", quantity=quantity, own_limit=limit))
        if limit is None or dose is None or dose + prior <= limit * (1.0 + 1e-9):
            continue
        unit = "GBq" if kind == "activity" else "Gy"
        before = f", of which earlier treatments gave {prior:.4g} Gy" if prior else ""
        found.append(
            advise(
                "own_limit_exceeded",
                quantity=quantity,
                reached=dose + prior,
                before=before,
                own_limit=limit,
                own_unit=unit,
            )
        )
    return tuple(found)


def _known(patient: Patient) -> dict[str, Any]:
    """Collect the facts that determine which limits apply."""
    return {
        "device": patient.device,
        "disease": patient.disease,
        "intent": patient.intent,
        "bilirubin_mg_per_dl": patient.bilirubin_mg_per_dl,
        "bilirubin_umol_per_l": patient.bilirubin_umol_per_l,
        "pretreated_or_impaired": patient.pretreated_or_impaired,
        "cirrhotic": patient.cirrhotic,
        "prior_radioembolization": patient.treated_before,
    }


def _limit_states(patient: Patient, doses: PartitionDoses) -> tuple[LimitState, ...]:
    compared = TreatmentDoses(
        perfused_mean_dose_gy=doses.perfused_mean_dose_gy,
        normal_perfused_dose_gy=doses.normal_perfused_dose_gy,
        normal_whole_dose_gy=doses.normal_whole_dose_gy,
        tumor_doses_gy=doses.tumor_doses_gy,
        lung_dose_gy=doses.lung_dose_gy,
        lung_activity_gbq=doses.delivered_activity_gbq * patient.lung_shunt_fraction,
    )
    return evaluate_limits(
        compared,
        guideline=patient.guideline,
        perfused_mass_kg=patient.perfused_mass_kg,
        liver_mass_kg=patient.liver_mass_kg,
        prior_normal_perfused_dose_gy=patient.prior_dose_gy("normal_perfused"),
        prior_normal_whole_dose_gy=patient.prior_dose_gy("normal_whole"),
        prior_lung_dose_gy=patient.prior_dose_gy("lung_cumulative"),
        **_known(patient),
    )
