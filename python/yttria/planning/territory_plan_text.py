"""The plan of several territories as text."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

from .._foundation.provenance import RESEARCH_USE
from .._foundation.text import plain
from ..advisory import Advisory
from .comparison_text import advisory_line, gy_text, state_lines, wrapped
from .limit_state import LimitState
from .microsphere_nuclide import device_in_words, dose_factor_in_words
from .model_doses import PartitionDoses
from .patient_territories import PatientTerritories
from .plan_uncertainty import PlanUncertainty
from .plan_uncertainty_text import U_WORDS, open_inputs_in_words, stated_in_words, uncertain, uncertainty_lines
from .territory import Territory
from .vials import VialChoice

Plan = tuple[
    str,
    PartitionDoses,
    Mapping[str, tuple[LimitState, ...]],
    Mapping[str, VialChoice],
    tuple[Advisory, ...],
    PlanUncertainty | None,
]
_LABEL = 17
_COLUMNS = (("GBq", 8), ("vial", 8), ("perfused", 10), ("normal", 8))
_TITLES = {"stated": "Stated activities", "optimum": "Optimum"}


def territory_plan_text(
    patient: PatientTerritories,
    plans: Sequence[Plan],
    *,
    words: Sequence[str],
    no_optimum: str,
    of_optimum: Sequence[Advisory],
    computed: str,
    width: int | None = None,
) -> str:
    """Write inputs, the doses of each plan by territory, shadow prices of the limits, vials, and every advisory."""
    columns = sys.maxsize if width is None else max(width, 80)
    lines: list[str] = []

    def add(text: str, first: str = "", later: str = "") -> None:
        lines.extend(wrapped(text, columns, first, later))

    for label, value in (*_inputs(patient), ("computed", computed)):
        add(value, f"{label:<{_LABEL}}", " " * _LABEL)
    shared = _in_every([advisories for *_, advisories, _ in plans])
    for plan, doses, states, vials, advisories, uncertainty in plans:
        lines.append("")
        lines += [plain(line) for line in _doses(patient, _TITLES[plan], doses, uncertainty)]
        add(_whole(doses, uncertainty), "  ")
        if uncertainty is not None:
            add(f"{U_WORDS} {open_inputs_in_words([uncertainty])}", "  ")
        for line in uncertainty_lines(uncertainty):
            add(line, "  ", "    ")
        for name, choice in vials.items():
            add(_vial(name, choice), "  ", "    ")
        if plan == "optimum":
            for sentence in words:
                add(sentence, "  ", "    ")
            advisories = tuple(dict.fromkeys((*of_optimum, *advisories)))
        for line in _states(states):
            add(line, "  ", "    ")
        for advisory in advisories:
            if advisory not in shared:
                add(advisory_line(advisory.severity, advisory.message, advisory.code), "  ", "    ")
    if no_optimum:
        lines.append("")
        add(f"There is no optimum: {no_optimum}.")
    elif not any(plan == "optimum" for plan, *_ in plans):
        lines.append("")
        for sentence in words:
            add(sentence)
    without_plan = () if any(plan == "optimum" for plan, *_ in plans) else of_optimum
    last = dict.fromkeys((*without_plan, *shared))
    if last:
        lines += ["", "For every plan:" if len(plans) > 1 else "On the plan:"]
    for advisory in last:
        add(advisory_line(advisory.severity, advisory.message, advisory.code), "  ", "    ")
    lines.append("")
    add(RESEARCH_USE)
    return "\n".join(lines)


def _in_every(lists: Sequence[tuple[Advisory, ...]]) -> list[Advisory]:
    """Advisories that all plans have, which are shown once; none if there is one plan."""
    return [] if len(lists) < 2 else [each for each in lists[0] if all(each in other for other in lists[1:])]


def _inputs(patient: PatientTerritories) -> Iterator[tuple[str, str]]:
    yield "patient", patient.name or "not named"
    yield "device", device_in_words(patient.device, patient.nuclide)
    yield "dose factor", dose_factor_in_words(patient.nuclide)
    for territory in patient.territories:
        tumors = "".join(
            f", {territory.tumor_name(i)} {t.mass_kg:.4g} kg ("
            + ("ratio not given)" if t.tumor_to_normal_ratio is None else f"ratio {t.tumor_to_normal_ratio:.4g})")
            for i, t in enumerate(territory.tumors)
        )
        yield (
            "territory",
            f"{territory.name}: shunt {100.0 * territory.lung_shunt_fraction:.4g} %, normal liver "
            f"{territory.normal_perfused_mass_kg:.4g} kg{tumors}",
        )
    if patient.liver_mass_kg is not None and patient.normal_total_mass_kg is not None:
        yield "liver", f"{patient.liver_mass_kg:.4g} kg in all, normal liver {patient.normal_total_mass_kg:.4g} kg"
    prior = patient.prior_lung_dose_gy
    yield "lungs", f"{patient.lung_mass_kg:.4g} kg" + (f", {prior:g} Gy from earlier treatments" if prior else "")
    if patient.residual_fraction:
        yield "residual", f"{100.0 * patient.residual_fraction:.4g} % of each vial"
    limits = {} if patient.limits is None else vars(patient.limits)
    given = [
        f"{key.removesuffix('_gy').removesuffix('_gbq').removesuffix('_limit').replace('_', ' ')} {value:g} "
        f"{'GBq' if key.endswith('_gbq') else 'Gy'}"
        for key, value in limits.items()
        if value and not key.startswith("prior_")
    ]
    if given and not any(value and key.startswith("normal_") for key, value in limits.items()):
        given.append("none of the normal liver")
    yield "own limits", ", ".join(given) or "none given"
    if patient.target_tumor_dose_gy is not None:
        yield "target", f"{patient.target_tumor_dose_gy:g} Gy to every tumor"
    yield "uncertainties", stated_in_words(patient.uncertainties)
    yield "compared with", ", ".join(filter(None, (patient.guideline, patient.disease, patient.intent)))


def _doses(
    patient: PatientTerritories, title: str, doses: PartitionDoses, uncertainty: PlanUncertainty | None
) -> Iterator[str]:
    """A heading, a line for each territory with one of its uncertainties, and one for their sum."""
    size = max(len(title), 9, *(len(plain(name)) + 2 for name in patient.names))
    yield f"{title:<{size}}" + "".join(f"{name:>{w}}" for name, w in _COLUMNS) + "   tumors / Gy"
    for k, territory in enumerate(patient.territories):
        portions = ", ".join(
            f"{territory.tumor_name(i)} {gy_text(dose)}" for i, dose in enumerate(doses.tumor_portion_doses_gy[k])
        )
        cells = (
            f"{doses.delivered_activities_gbq[k]:.3f}",
            f"{doses.vial_activities_gbq[k]:.3f}",
            gy_text(doses.perfused_mean_doses_gy[k]),
            gy_text(doses.normal_perfused_doses_gy[k]),
        )
        row = "".join(f"{cell:>{w}}" for cell, (_, w) in zip(cells, _COLUMNS, strict=True))
        yield f"{'  ' + territory.name:<{size}}{row}   {portions or '-'}"
        if uncertainty is not None:
            yield _uncertain_line(territory, uncertainty, size)
    sums = (sum(doses.delivered_activities_gbq), sum(doses.vial_activities_gbq))
    yield f"{'  together':<{size}}" + "".join(f"{s:>{w}.3f}" for s, (_, w) in zip(sums, _COLUMNS[:2], strict=True))


def _uncertain_line(territory: Territory, found: PlanUncertainty, size: int) -> str:
    name = territory.name
    activity = uncertain(found, "activity", name)
    portions = ", ".join(
        f"{tumor} {gy_text(uncertain(found, 'tumor', name, tumor))}"
        for tumor in map(territory.tumor_name, range(len(territory.tumors)))
    )
    cells = (
        "-" if activity is None else f"{activity:.3f}",
        "-",
        gy_text(uncertain(found, "perfused_mean", name)),
        gy_text(uncertain(found, "normal_perfused", name)),
    )
    row = "".join(f"{cell:>{w}}" for cell, (_, w) in zip(cells, _COLUMNS, strict=True))
    return f"{'    u':<{size}}{row}   {portions or '-'}"


def _with_uncertainty(dose: float, u: float | None) -> str:
    return f"{gy_text(dose)} Gy" if u is None else f"{gy_text(dose)} Gy (u {gy_text(u)} Gy)"


def _whole(doses: PartitionDoses, uncertainty: PlanUncertainty | None) -> str:
    lungs = f"Lungs {_with_uncertainty(doses.lung_dose_gy, uncertain(uncertainty, 'lung'))}"
    if doses.cumulative_lung_dose_gy > doses.lung_dose_gy:
        lungs += f" ({gy_text(doses.cumulative_lung_dose_gy)} Gy with earlier treatments)"
    whole = doses.normal_whole_dose_gy
    u = uncertain(uncertainty, "normal_whole")
    return f"{lungs}, whole normal liver {'not known' if whole is None else _with_uncertainty(whole, u)}."


def _vial(name: str, choice: VialChoice) -> str:
    option = (choice.options or (choice.nearest,))[0]
    if option is None:
        return f"Vial for '{name}': none can be used in the window of the treatment."
    off = f" ({option.deviation_fraction:+.1%})" if abs(option.deviation_fraction) > 5e-4 else ""
    fits = "" if choice.options else "; no vial fits, this is the nearest"
    return (
        f"Vial for '{name}': {option.vial_size_gbq:g} GBq calibrated {option.calibration_time:%a %d %b %H:%M %z}, "
        f"holds {option.vial_activity_gbq:.4g} GBq on {option.time:%a %d %b %H:%M %z}{off}{fits}."
    )


def _states(states: Mapping[str, tuple[LimitState, ...]]) -> list[str]:
    """Lines of limits. One that is the same in every territory stands once, the others with the territory's name."""
    lines = {name: state_lines(found) for name, found in states.items()}
    shared = [line for line in next(iter(lines.values()), []) if all(line in each for each in lines.values())]
    own = [f"{name}: {line}" for name, each in lines.items() for line in each if line not in shared]
    return [*own, *shared]
