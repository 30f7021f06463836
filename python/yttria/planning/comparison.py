"""Side by side: every model that applies to a patient, the doses of its activity, and the limits these break."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..advisory import Advisory
from ..errors import ContraindicatedError
from ._models import MODELS, NotApplicableError
from .limits import Limit, LimitQuery
from .limits import limits as query_limits
from .partition import PartitionDoses
from .patient import Patient


@dataclass(frozen=True)
class LimitFinding:
    """A limit of the table that an activity breaks: `value` above a maximum, below a minimum, or outside a range.

    `certain` is false where the limit applies only on a condition that the patient's data leave open.
    """

    limit: Limit
    quantity: str
    value: float
    certain: bool

    def __str__(self) -> str:
        """One line: quantity, value, what the table asks for, and whether for certain."""
        entry = self.limit
        asked = {
            "maximum": f"at most {entry.low:g}",
            "minimum": f"at least {entry.low:g}",
            "range": f"{entry.low:g} to {entry.high or entry.low:g}",
        }[entry.direction]
        condition = "" if self.certain else f" if {entry.condition}"
        return f"{self.quantity} {self.value:.4g} {entry.unit}, {entry.guideline} asks for {asked}{condition}"


@dataclass(frozen=True)
class ModelRun:
    """One model's activity, the doses it would give by the partition model, and what stands against it."""

    model: str
    activity_delivered_gbq: float
    activity_in_vial_at_treatment_gbq: float
    doses: PartitionDoses
    breaks: tuple[LimitFinding, ...]
    why: str
    advisories: tuple[Advisory, ...]


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
            lines += ["", f"{run.model}: {run.why}", *(f"  breaks: {found}" for found in run.breaks)]
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
                    "breaks": [
                        {**asdict(f.limit), "quantity": f.quantity, "value": f.value, "certain": f.certain}
                        for f in run.breaks
                    ],
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
    model; they are held against the table's limits for the patient's guideline, device, disease and intent, and against
    every lung limit of the device. Models: `bsa`, `modified_bsa`, `simple_lobar_bsa` and `empirical` for resin, reduced
    by the lung-shunt table (`lower_inclusive`); `single_compartment` for a target to everything perfused;
    `partition_target` for a target to the tumor with the lowest ratio, so that every tumor reaches it;
    `partition_maximum` under the patient's own limits. A model without its inputs, or contraindicated by its own rule,
    is listed with the reason.
    """
    applicable = _limits(patient)
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
            breaks = tuple(_findings(patient, doses, applicable))
            runs.append(ModelRun(model, activity, in_vial, doses, breaks, why, (*advisories, *doses.advisories)))
    return Comparison(patient, tuple(runs), tuple(skipped), applicable, applicable.advisories)


def _limits(patient: Patient) -> LimitQuery:
    state = {
        "bilirubin_mg_per_dl": patient.bilirubin_mg_per_dl,
        "pretreated_or_impaired": patient.pretreated_or_impaired,
        "cirrhotic": patient.cirrhotic,
    }
    asked: dict[str, Any] = {"device": patient.device, "disease": patient.disease, "intent": patient.intent, **state}
    by_guideline = query_limits(guideline=patient.guideline, **asked)
    lung = query_limits(kind="lung", **asked)
    return LimitQuery(
        tuple(dict.fromkeys((*by_guideline.limits, *lung.limits))),
        tuple(dict.fromkeys((*by_guideline.conditional, *lung.conditional))),
        by_guideline.table_version,
        tuple(dict.fromkeys((*by_guideline.advisories, *lung.advisories))),
    )


def _findings(patient: Patient, doses: PartitionDoses, applicable: LimitQuery) -> list[LimitFinding]:
    cumulative = patient.prior_lung_dose_gy + doses.lung_dose_gy
    shunted = doses.activity_delivered_gbq * patient.lung_shunt_fraction
    found = []
    for certain, entries in ((True, applicable.limits), (False, applicable.conditional)):
        for entry in entries:
            quantity, value = {
                "tumor": ("lowest tumor dose", min(doses.tumor_doses_gy)),
                "perfused": ("mean dose to everything perfused", doses.perfused_mean_dose_gy),
                "normal_perfused": ("perfused normal liver", doses.normal_perfused_dose_gy),
                "normal_whole": ("whole normal liver", doses.normal_whole_dose_gy),
                "lung": ("cumulative lung dose", cumulative)
                if entry.id.endswith("cumulative")
                else ("lung dose", doses.lung_dose_gy),
            }[entry.kind]
            if entry.unit == "GBq":
                quantity, value = "activity shunted to the lungs", shunted
            if value is None:
                continue
            too_high = entry.direction != "minimum" and value > (entry.high or entry.low) * (1.0 + 1e-9)
            too_low = entry.direction != "maximum" and value < entry.low * (1.0 - 1e-9)
            if too_high or too_low:
                found.append(LimitFinding(entry, quantity, value, certain))
    return found


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
