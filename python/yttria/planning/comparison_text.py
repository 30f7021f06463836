"""Comparison of models as text, with inputs, a line of numbers per model, exceeded limits, and every advisory."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from .._foundation.choices import LimitKind
from .._foundation.provenance import RESEARCH_USE
from .._foundation.text import plain
from ..advisory import Advisory, Severity
from ._patient_inputs import PRIOR_DOSES, tumor_name
from ._side_by_side import LIMIT_WORDS, ModelRun
from .limit_state import MET, LimitState, subject
from .limit_table import Limit
from .microsphere_nuclide import device_in_words, dose_factor_in_words
from .patient import Patient
from .plan_uncertainty_text import (
    U_WORDS,
    dose_uncertainties,
    open_inputs_in_words,
    stated_in_words,
    uncertain,
    uncertainty_lines,
)
from .scores import albi

Item = TypeVar("Item")

_GRAVEST_FIRST: tuple[Severity, ...] = ("error", "warning", "note")
_COLUMNS = (("GBq", 8), ("vial", 8), ("perfused", 9), ("tumor Gy", 14), ("normal", 8), ("whole", 7), ("lungs", 7))
_LABEL, _MODEL = 17, 19


def wrapped(text: str, columns: int, first: str = "", later: str = "") -> list[str]:
    """Wrap a sentence. Control characters of names in the patient file are made safe for the terminal."""
    return textwrap.wrap(
        plain(text), columns, initial_indent=first, subsequent_indent=later or first, break_on_hyphens=False
    )


def comparison_text(
    patient: Patient,
    runs: Sequence[ModelRun],
    not_applicable: Sequence[tuple[str, str]],
    advisories: Sequence[Advisory],
    *,
    limits_table_version: str,
    computed: str,
    width: int | None = None,
) -> str:
    """Write a comparison as plain text, with sentences wrapped at `width` columns; None wraps nothing."""
    columns = sys.maxsize if width is None else max(width, 80)
    lines: list[str] = []

    def add(text: str, first: str = "", later: str = "") -> None:
        lines.extend(wrapped(text, columns, first, later) or [first.rstrip()])

    for label, value in (*_inputs(patient, limits_table_version), ("computed", computed)):
        add(value, f"{label:<{_LABEL}}", " " * _LABEL)
    lines.append("")
    if runs:
        lines.append(f"{'model':<{_MODEL}}" + "".join(f"{name:>{size}}" for name, size in _COLUMNS))
        for run in runs:
            lines += [_numbers(run), *_uncertain_numbers(run)]
        lines.append("")
        add("GBq is delivered, vial is in the vial at treatment. Mean doses in Gy are those of this treatment alone.")
        if any(run.uncertainty for run in runs):
            add(f"{U_WORDS} {open_inputs_in_words(run.uncertainty for run in runs)}")
    else:
        add("No model can be run with these inputs.")
    shared = _in_every_run([run.advisories for run in runs])
    states = [state_lines(run.limit_states) for run in runs]
    of_all_states = _in_every_run(states)
    for run, of_run in zip(runs, states, strict=True):
        lines.append("")
        add(f"{run.model}: {run.why}")
        for line in uncertainty_lines(run.uncertainty):
            add(line, "  ", "    ")
        for line in of_run:
            if line not in of_all_states:
                add(line, "  ", "    ")
        for advisory in _sorted(a for a in run.advisories if a not in shared):
            add(advisory_line(advisory.severity, advisory.message, advisory.code), "  ", "    ")
    for model, reason in not_applicable:
        lines.append("")
        add(f"{model}: not applicable, because {reason}.")
    of_all = _sorted(dict.fromkeys((*shared, *advisories)))
    if of_all or of_all_states:
        lines += ["", "For every model:" if runs else "On the inputs:"]
    for line in of_all_states:
        add(line, "  ", "    ")
    for line in _together(of_all):
        add(line, "  ", "    ")
    lines.append("")
    add(RESEARCH_USE)
    return "\n".join(lines)


def _inputs(patient: Patient, limits_table_version: str) -> Iterator[tuple[str, str]]:
    """Describe each input by label and words."""
    yield "patient", patient.name or "not named"
    yield "device", device_in_words(patient.device, patient.nuclide)
    yield "territory", _territory(patient)
    liver = patient.liver_mass_kg
    if liver is not None:
        normal = patient.all_normal_mass_kg
        parts = "" if normal is None else f", normal liver {normal:.4g} kg"
        outside = patient.untreated_tumor_mass_kg
        parts += f", tumor outside the territory {outside:.4g} kg" if outside else ""
        yield "liver", f"{liver:.4g} kg in all{parts}; {patient.liver_density_g_per_ml:g} g/mL"
    yield "lungs", f"shunt {100.0 * patient.lung_shunt_fraction:.4g} %, mass {patient.lung_mass_kg:.4g} kg"
    if patient.treated_before:
        yield "earlier doses", "; ".join(_prior_words(patient, kind) for kind in PRIOR_DOSES)
    elif patient.prior_radioembolization is None:
        yield "earlier doses", "none given"
    if patient.residual_fraction:
        yield "residual", f"{100.0 * patient.residual_fraction:.4g} % of the vial"
    yield "dose factor", dose_factor_in_words(patient.nuclide)
    targets = {"everything perfused": patient.target_perfused_dose_gy, "tumor": patient.target_tumor_dose_gy}
    yield "targets", ", ".join(f"{n} {d:g} Gy" for n, d in targets.items() if d is not None) or "none given"
    yield "own limits", _own_limits(patient)
    yield "uncertainties", stated_in_words(patient.uncertainties)
    asked = ", ".join(filter(None, (patient.guideline, patient.disease, patient.intent)))
    yield "compared with", f"{asked}; limits table of {limits_table_version}"
    state = _liver_state(patient)
    if state:
        yield "liver state", state


def _territory(patient: Patient) -> str:
    words = [f"{patient.perfused_mass_kg:.4g} kg perfused"]
    for index, tumor in enumerate(patient.tumors):
        ratio = tumor.tumor_to_normal_ratio
        of_ratio = "ratio not given" if ratio is None else f"ratio {ratio:g}"
        words.append(f"{tumor_name(patient.tumors, index)} {tumor.mass_kg:.4g} kg ({of_ratio})")
    normal = patient.perfused_normal_mass_kg
    if normal is not None:
        words.append(f"normal liver {normal:.4g} kg")
    return f"{words[0]}: {', '.join(words[1:])}" if len(words) > 1 else words[0]


def _prior_words(patient: Patient, kind: LimitKind) -> str:
    dose, tissue = patient.prior_dose_gy(kind), PRIOR_DOSES[kind][1].removeprefix("the ")
    return f"{tissue} not given" if dose is None else f"{tissue} {dose:g} Gy"


def _own_limits(patient: Patient) -> str:
    if patient.limits is None:
        return "none given"
    given = ((kind, patient.limits.limit(kind)) for kind in LIMIT_WORDS)
    words = (f"{LIMIT_WORDS[k]} {v:g} {'GBq' if k == 'activity' else 'Gy'}" for k, v in given if v is not None)
    return ", ".join(words) or "none given"


def _liver_state(patient: Patient) -> str:
    laboratory = (
        ("bilirubin", patient.bilirubin_mg_per_dl, "mg/dL"),
        ("bilirubin", patient.bilirubin_umol_per_l, "umol/L"),
        ("albumin", patient.albumin_g_per_dl, "g/dL"),
        ("albumin", patient.albumin_g_per_l, "g/L"),
    )
    words = [f"{name} {value:g} {unit}" for name, value, unit in laboratory if value is not None]
    if any(v is not None for _, v, _ in laboratory[:2]) and any(v is not None for _, v, _ in laboratory[2:]):
        score = albi(
            patient.bilirubin_umol_per_l,
            patient.albumin_g_per_l,
            bilirubin_mg_per_dl=patient.bilirubin_mg_per_dl,
            albumin_g_per_dl=patient.albumin_g_per_dl,
        )
        words.append(f"ALBI {score.score:.2f} (grade {score.modified_grade})")
    for name, flag in (
        ("pretreated or impaired", patient.pretreated_or_impaired),
        ("cirrhotic", patient.cirrhotic),
    ):
        if flag is not None:
            words.append(name if flag else f"not {name}")
    return ", ".join(words)


def _numbers(run: ModelRun) -> str:
    d = run.doses
    low, high = min(d.tumor_doses_gy, default=None), max(d.tumor_doses_gy, default=None)
    tumor = gy_text(low) if low == high else f"{gy_text(low)}-{gy_text(high)}"
    cells = (
        f"{run.delivered_activity_gbq:.3f}",
        f"{run.vial_activity_gbq:.3f}",
        gy_text(d.perfused_mean_dose_gy),
        tumor,
        gy_text(d.normal_perfused_dose_gy),
        gy_text(d.normal_whole_dose_gy),
        gy_text(d.lung_dose_gy),
    )
    return f"{run.model:<{_MODEL}}" + "".join(f"{c:>{size}}" for c, (_, size) in zip(cells, _COLUMNS, strict=True))


def _uncertain_numbers(run: ModelRun) -> list[str]:
    """Write the line of standard uncertainties below that of the doses, empty if none is stated."""
    found = run.uncertainty
    if found is None:
        return []
    u = dose_uncertainties(run)
    low, high = (u[f"{end}_tumor_dose_standard_uncertainty_gy"] for end in ("lowest", "highest"))
    tumor = gy_text(low) if low == high else f"{gy_text(low)}-{gy_text(high)}"
    rest = (u[f"{name}_dose_standard_uncertainty_gy"] for name in ("normal_perfused", "normal_whole", "lung"))
    activity = uncertain(found, "activity")
    cells = (
        "-" if activity is None else f"{activity:.3f}",
        "-",
        gy_text(u["perfused_mean_dose_standard_uncertainty_gy"]),
        tumor,
        *map(gy_text, rest),
    )
    return [f"{'  u':<{_MODEL}}" + "".join(f"{c:>{size}}" for c, (_, size) in zip(cells, _COLUMNS, strict=True))]


def gy_text(value: float | None) -> str:
    """Write a dose in Gy with one decimal below 1000, or a dash if it is not known."""
    return "-" if value is None else f"{value:.1f}" if value < 1000.0 else f"{value:.0f}"


def state_lines(limit_states: Sequence[LimitState]) -> list[str]:
    """Write lines for limits that are exceeded or may be. A limit that is certainly met needs no line.

    Many entries depend on the disease or the intent. Entries with one outcome for one dose share a line, and so do
    entries of one unknown dose.
    """
    lines = [f"{state.state}: {state}" for state in limit_states if state.broken]
    waiting: dict[tuple[str, str], dict[str, list[Limit]]] = {}
    unknown: dict[str, dict[str, list[Limit]]] = {}
    for state in limit_states:
        if state.certain or state.if_applies == MET:
            continue
        limit, value = state.limit, state.value
        if value is None:
            unknown.setdefault(subject(limit), {}).setdefault(limit.value_in_words, []).append(limit)
            continue
        open_scope = {condition.quantity for condition in state.undecided} & {"disease", "intent"}
        if not open_scope:
            lines.append(f"{state.state}: {state}")
            continue
        before = f", of which earlier treatments gave {state.prior_gy:.4g} Gy" if state.prior_gy else ""
        dose = f"The {subject(limit)} is {value:.4g} {limit.unit}{before}"
        group = waiting.setdefault((dose, state.if_applies or "to be compared with the limit"), {})
        group.setdefault(limit.value_in_words, []).append(limit)
    for (dose, outcome), values in waiting.items():
        lines.append(f"depends on disease or intent: {dose}, {outcome}: {_values(values)}.")
    for dose, values in unknown.items():
        lines.append(f"depends on: The {dose} is not known and cannot be compared with: {_values(values)}.")
    return lines


def _values(values: Mapping[str, Sequence[Limit]]) -> str:
    """Write limits of one dose, each with its diseases and intents."""
    return "; ".join(f"{value} ({_scopes(limits)})" for value, limits in values.items())


def _scopes(limits: Sequence[Limit]) -> str:
    """Write diseases and intents of some entries, with diseases of the same intents together."""
    intents: dict[str, dict[str, None]] = {}
    for limit in limits:
        intents.setdefault(limit.disease or "any disease", {}).update(dict.fromkeys(limit.intents or ("any intent",)))
    diseases: dict[tuple[str, ...], list[str]] = {}
    for disease, of_disease in intents.items():
        diseases.setdefault(tuple(of_disease), []).append(disease)
    return "; ".join(f"{', '.join(names)}: {', '.join(given)}" for given, names in diseases.items())


def _in_every_run(lists: Sequence[Sequence[Item]]) -> list[Item]:
    """Find items that every run has, which are shown once. With a single run there are none."""
    return [] if len(lists) < 2 else [item for item in lists[0] if all(item in other for other in lists[1:])]


def _sorted(advisories: Iterator[Advisory] | dict[Advisory, None]) -> list[Advisory]:
    return sorted(dict.fromkeys(advisories), key=lambda a: _GRAVEST_FIRST.index(a.severity))


def _together(advisories: Sequence[Advisory]) -> list[str]:
    """Write one line for each advisory. Advisories that differ only before the first colon share a line."""
    about: dict[tuple[Severity, str, str], list[str]] = {}
    for advisory in advisories:
        head, colon, tail = advisory.message.partition(": ")
        key = (advisory.severity, advisory.code, tail if colon else advisory.message)
        about.setdefault(key, []).append(head if colon else "")
    lines = []
    for (severity, code, tail), heads in about.items():
        message = f"{'; '.join(heads)}: {tail}" if heads[0] else tail
        lines.append(advisory_line(severity, message, code))
    return lines


def advisory_line(severity: Severity, message: str, code: str) -> str:
    """Write an advisory as one line."""
    return f"{severity}: {message.rstrip('.')}. [{code}]"
