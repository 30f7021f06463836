"""Side by side: every model that applies to a patient, the doses of its activity, and the limits these break."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..advisory import Advisory
from ..errors import ContraindicatedError
from ._models import MODELS, NotApplicableError
from .limit_evaluation import evaluate_limits
from .limit_state import MET, LimitState, TreatmentDoses
from .limits import LimitQuery
from .limits import limits as query_limits
from .partition import PartitionDoses
from .patient import Patient


@dataclass(frozen=True)
class ModelRun:
    """One model's activity, the doses it would give by the partition model, and their comparison with the limits.

    `limit_states` has one entry for each limit or target that applies or may apply; `breaks` has those that are
    exceeded or missed for certain.
    """

    model: str
    activity_delivered_gbq: float
    activity_in_vial_at_treatment_gbq: float
    doses: PartitionDoses
    limit_states: tuple[LimitState, ...]
    why: str
    advisories: tuple[Advisory, ...]

    @property
    def breaks(self) -> tuple[LimitState, ...]:
        """The limits that are exceeded and the targets that are missed for certain."""
        return tuple(state for state in self.limit_states if state.broken)


@dataclass(frozen=True)
class Comparison:
    """All models that apply to one patient, and why the others do not. For research use; nothing here prescribes."""

    patient: Patient
    runs: tuple[ModelRun, ...]
    not_applicable: tuple[tuple[str, str], ...]
    limits: LimitQuery
    advisories: tuple[Advisory, ...]

    def __getitem__(self, model: str) -> ModelRun:
        """The run of that model; `KeyError` where it does not apply."""
        for run in self.runs:
            if run.model == model:
                return run
        raise KeyError(model)

    def rows(self) -> list[dict[str, str | float | None]]:
        """One dictionary per model, ready for a table."""
        return [
            {
                "model": run.model,
                "activity_delivered_gbq": run.activity_delivered_gbq,
                "activity_in_vial_at_treatment_gbq": run.activity_in_vial_at_treatment_gbq,
                "lowest_tumor_dose_gy": min(run.doses.tumor_doses_gy),
                "highest_tumor_dose_gy": max(run.doses.tumor_doses_gy),
                "normal_perfused_dose_gy": run.doses.normal_perfused_dose_gy,
                "normal_whole_dose_gy": run.doses.normal_whole_dose_gy,
                "lung_dose_gy": run.doses.lung_dose_gy,
                "breaks": "; ".join(map(str, run.breaks)),
                "why": run.why,
            }
            for run in self.runs
        ]

    def table(self) -> str:
        """The comparison as text: a line of numbers per model, then what each breaks and why they differ."""
        lines = [f"{'model':<22}{'GBq':>8}{'vial':>8}{'tumor Gy':>16}{'normal':>9}{'whole':>8}{'lungs':>8}"]
        for run in self.runs:
            d = run.doses
            low, high = min(d.tumor_doses_gy), max(d.tumor_doses_gy)
            tumor = f"{low:.1f}" if low == high else f"{low:.1f}-{high:.1f}"
            lines.append(
                f"{run.model:<22}{run.activity_delivered_gbq:>8.3f}{run.activity_in_vial_at_treatment_gbq:>8.3f}"
                f"{tumor:>16}{_cell(d.normal_perfused_dose_gy):>9}{_cell(d.normal_whole_dose_gy):>8}{d.lung_dose_gy:>8.1f}"
            )
        for run in self.runs:
            lines += ["", f"{run.model}: {run.why}"]
            lines += [f"  {state.state}: {state}" for state in run.breaks]
            # What would be met in any case needs no line.
            lines += [f"  {s.state}: {s}" for s in run.limit_states if not s.certain and s.if_applies != MET]
        for model, reason in self.not_applicable:
            lines += ["", f"{model}: not applicable, {reason}"]
        return "\n".join(lines)

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, ready for JSON."""
        return {
            "patient": self.patient.name,
            "device": self.patient.device,
            "dose_factor_gy_kg_per_gbq": self.patient.nuclide.dose_factor_gy_kg_per_gbq,
            "half_life_h": self.patient.nuclide.half_life_h,
            "limits_table_version": self.limits.table_version,
            "models": [
                {
                    **row,
                    "tumor_doses_gy": list(run.doses.tumor_doses_gy),
                    "limit_states": [state.as_dict() for state in run.limit_states],
                    "advisories": [a.as_dict() for a in run.advisories],
                }
                for row, run in zip(self.rows(), self.runs, strict=True)
            ],
            "not_applicable": [{"model": model, "reason": reason} for model, reason in self.not_applicable],
            "advisories": [a.as_dict() for a in self.advisories],
            "use": "for research use; a comparison of models, not a prescription",
        }


def compare_models(patient: Patient) -> Comparison:
    """Every model that applies to the patient, side by side.

    Each model's activity goes through the patient's partition model, so that all doses in the comparison are by one
    model. The doses are compared with the limits of the patient's guideline by `evaluate_limits`. Models: `bsa`,
    `modified_bsa`, `simple_lobar_bsa` and `empirical` for resin, reduced by the lung-shunt table (`lower_inclusive`);
    `single_compartment` for a target to everything perfused; `partition_target` for a target to the tumor with the
    lowest ratio, so that every tumor reaches it; `partition_maximum` under the patient's own limits. A model without
    its inputs, or contraindicated by its own rule, is listed with the reason.
    """
    applicable = query_limits(guideline=patient.guideline, **_known(patient))
    runs: list[ModelRun] = []
    skipped: list[tuple[str, str]] = []
    for model, run in MODELS.items():
        try:
            found = run(patient)
        except (NotApplicableError, ContraindicatedError) as reason:
            skipped.append((model, str(reason)))
        else:
            activity, why, advisories = found
            if activity > 100.0:
                skipped.append((model, f"it asks for {activity:.4g} GBq, more than 100"))
                continue
            doses = patient.partition_model().doses(activity)
            in_vial = doses.activity_in_vial_at_treatment_gbq
            states = _limit_states(patient, doses)
            runs.append(ModelRun(model, activity, in_vial, doses, states, why, (*advisories, *doses.advisories)))
    # What depends on a condition that is not given stands in the states.
    notes = tuple(a for a in applicable.advisories if a.code != "condition_not_given")
    return Comparison(patient, tuple(runs), tuple(skipped), applicable, notes)


def _known(patient: Patient) -> dict[str, Any]:
    """What decides which limits apply."""
    return {
        "device": patient.device,
        "disease": patient.disease,
        "intent": patient.intent,
        "bilirubin_mg_per_dl": patient.bilirubin_mg_per_dl,
        "pretreated_or_impaired": patient.pretreated_or_impaired,
        "cirrhotic": patient.cirrhotic,
    }


def _limit_states(patient: Patient, doses: PartitionDoses) -> tuple[LimitState, ...]:
    compared = TreatmentDoses(
        perfused_gy=doses.perfused_mean_dose_gy,
        normal_perfused_gy=doses.normal_perfused_dose_gy,
        normal_whole_gy=doses.normal_whole_dose_gy,
        tumors_gy=doses.tumor_doses_gy,
        lungs_gy=doses.lung_dose_gy,
        lung_activity_gbq=doses.activity_delivered_gbq * patient.lung_shunt_fraction,
    )
    return evaluate_limits(
        compared,
        guideline=patient.guideline,
        perfused_mass_kg=patient.perfused_mass_kg,
        liver_mass_kg=patient.liver_mass_kg,
        prior_lung_dose_gy=patient.prior_lung_dose_gy,
        **_known(patient),
    )


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
