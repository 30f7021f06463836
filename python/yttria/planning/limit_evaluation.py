"""Comparison of a treatment's doses, planned or delivered, with the limits and targets of a guideline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, isfinite

from .._foundation.choices import Device, Disease, Guideline, Intent, LimitVerdict
from .._foundation.numbers import number
from ..advisory import Advisory
from ..errors import ArgumentError, OutOfRangeError
from .limit_conditions import Facts, bilirubin_mg_per_dl_of, decide, flag, fraction
from .limit_state import ABOVE, BELOW, DEPENDS, MET, LimitState, TreatmentDoses, amount, subject
from .limit_table import Limit, limit_table
from .limits import boundary_advisories, check_names, derivation_advisories, source_advisories

_READING = "which reading of the source applies (not reconciled)"
_ROUNDING = 1e-9


def evaluate_limits(
    doses: TreatmentDoses,
    *,
    guideline: Guideline = "EANM2022",
    device: Device | None = None,
    disease: Disease | None = None,
    intent: Intent | None = None,
    perfused_mass_kg: float | None = None,
    liver_mass_kg: float | None = None,
    hepatic_reserve_fraction: float | None = None,
    bilirubin_mg_per_dl: float | None = None,
    bilirubin_umol_per_l: float | None = None,
    pretreated_or_impaired: bool | None = None,
    cirrhotic: bool | None = None,
    prior_radioembolization: bool | None = None,
    prior_normal_perfused_dose_gy: float | None = None,
    prior_normal_whole_dose_gy: float | None = None,
    prior_lung_dose_gy: float | None = None,
) -> tuple[LimitState, ...]:
    """Compare the doses of one treatment with the limits and targets of a guideline.

    The doses may be planned or delivered. The entries of `guideline` are evaluated. The lung limits of common practice
    and of the label are added to every guideline. An entry that depends on an input that is not given has the state
    "depends on". An entry whose condition is known not to hold is left out, as are reported associations.

    Parameters
    ----------
    doses : TreatmentDoses
        Mean absorbed doses in Gy.
    guideline : str, default "EANM2022"
        Guideline or study.
    device, disease, intent : str, optional
        As for `limits`. Without an intent, no limit that belongs to an intent is certain; likewise for the others.
    perfused_mass_kg, liver_mass_kg : float, optional
        Mass of the perfused volume and of the whole liver, both with tumors. They give the hepatic reserve and the dose
        to the whole liver, if these are not given.
    hepatic_reserve_fraction : float, optional
        Untreated fraction of the liver, within [0, 1]. It overrides the masses.
    bilirubin_mg_per_dl, bilirubin_umol_per_l : float, optional
        Total bilirubin, in one of the two units.
    pretreated_or_impaired, cirrhotic, prior_radioembolization : bool, optional
        State of the liver. Earlier radioembolization counts as pretreatment unless `pretreated_or_impaired` is given.
    prior_normal_perfused_dose_gy, prior_normal_whole_dose_gy, prior_lung_dose_gy : float, optional
        Dose of earlier treatments to the perfused normal liver, the whole normal liver and the lungs. None means 0. If
        `prior_radioembolization` is True, None means that the dose is not known.

    Returns
    -------
    tuple of LimitState
        One for each entry that applies or may apply, in the order of the table.

    Raises
    ------
    UnknownNameError
        If a name is not in the table.
    OutOfRangeError
        If a mass, fraction, bilirubin or dose is outside its range, or the perfused volume exceeds the liver.
    ArgumentError
        If the bilirubin is given in both units, or a dose of earlier treatments contradicts
        `prior_radioembolization=False`.

    Warns
    -----
    limit_text_ambiguous
        If the text of a source is ambiguous. This code and the others of `dose_limits` are in the advisories of each
        state.

    Notes
    -----
    The hepatic reserve is `1 - m_perfused / m_liver`. The mean dose to the whole liver is `D_perfused m_perfused /
    m_liver`. Doses of earlier treatments are added before the comparison with a maximum, and not with a target. A dose
    that equals the limit within rounding meets it, even if the source prints < or >.

    Some entries exclude each other, such as those by bilirubin. If all that may apply agree, one state is returned,
    which is certain. For alternatives, meeting one is sufficient. An example is "140 to 150 Gy, or more than 150 Gy if
    the whole liver receives less than 150 Gy".

    References
    ----------
    Weber et al., Eur J Nucl Med Mol Imaging 2022;49:1682 (read: tables 2 to 4); each entry names its own source.

    Examples
    --------
    A plan like those of DOSISPHERE-01 does not exceed the guideline's limit for the perfused volume:

    >>> from yttria.planning import TreatmentDoses, evaluate_limits
    >>> doses = TreatmentDoses(perfused_mean_dose_gy=177.0, whole_liver_dose_gy=122.0)
    >>> states = evaluate_limits(doses, device="glass", disease="HCC", intent="unilobar")
    >>> [state.state for state in states if state.limit.kind == "perfused"]
    ['met']
    """
    check_names(guideline=guideline, device=device, disease=disease, intent=intent)
    reserve = fraction("hepatic reserve fraction", hepatic_reserve_fraction)
    perfused_share = _perfused_share(perfused_mass_kg, liver_mass_kg)
    if reserve is None and perfused_share is not None:
        reserve = 1.0 - perfused_share
    whole_liver = doses.whole_liver_dose_gy
    if whole_liver is None and perfused_share is not None and doses.perfused_mean_dose_gy is not None:
        whole_liver = doses.perfused_mean_dose_gy * perfused_share
    prior = _prior_doses(
        flag("prior_radioembolization", prior_radioembolization),
        prior_normal_perfused_dose_gy,
        prior_normal_whole_dose_gy,
        prior_lung_dose_gy,
    )
    treated_before = prior_radioembolization
    if any(low > 0.0 for low, _ in prior.values()):
        treated_before = True
    bilirubin, doubts = bilirubin_mg_per_dl_of(bilirubin_mg_per_dl, bilirubin_umol_per_l)
    pretreated = flag("pretreated_or_impaired", pretreated_or_impaired)
    facts: Facts = {
        "device": device,
        "disease": disease,
        "intent": intent,
        "hepatic_reserve_fraction": reserve,
        "bilirubin_mg_per_dl": bilirubin,
        "whole_liver_dose_gy": whole_liver,
        "pretreated_or_impaired": True if pretreated is None and treated_before else pretreated,
        "cirrhotic": flag("cirrhotic", cirrhotic),
        "prior_radioembolization": treated_before,
    }
    groups: dict[str, list[_Entry]] = {}
    for limit in limit_table()[1]:
        if (limit.guideline == guideline or limit.general) and limit.direction != "association":
            entry = _entry(limit, doses, facts, prior)
            if entry is not None:
                groups.setdefault(limit.case_of or limit.alternative_of or limit.id, []).append(entry)
    return tuple(_scoped(state, facts, doubts) for group in groups.values() for state in _resolved(group))


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """State of one entry by itself, as if device, disease and intent were known.

    `outcome` is the state if the entry applies, None if a dose is missing.
    """

    state: LimitState
    outcome: LimitVerdict | None


def _entry(limit: Limit, doses: TreatmentDoses, facts: Facts, prior: dict[str, tuple[float, float]]) -> _Entry | None:
    if decide((*limit.scope, *limit.conditions), facts)[0] is False:
        return None
    undecided = decide(limit.conditions, facts)[1]
    missing = [condition.quantity_in_words for condition in undecided]
    cautions = limit.cautions_for(facts)
    value = doses.value(limit)
    if value is None:
        missing.insert(0, f"the {subject(limit)}")
        return _Entry(
            state=LimitState(
                limit=limit,
                state=DEPENDS,
                value=None,
                prior_gy=0.0,
                missing=tuple(missing),
                undecided=undecided,
                if_applies="",
                alternatives=(),
                cautions=cautions,
            ),
            outcome=None,
        )
    added = limit.direction == "maximum" and limit.unit == "Gy"
    if limit.kind == "lung":
        added = added and limit.over == "all treatments"
    least, most = prior.get(limit.kind, (0.0, 0.0)) if added else (0.0, 0.0)
    outcome: LimitVerdict | None = _compared(limit, value + least)
    if outcome != _compared(limit, value + most):
        outcome = None
        missing.append(f"the {subject(limit).removesuffix(' over all treatments')} in earlier treatments")
    state = DEPENDS if missing else outcome or DEPENDS
    if_applies = (outcome or "") if missing else ""
    return _Entry(
        state=LimitState(
            limit=limit,
            state=state,
            value=value + least,
            prior_gy=least,
            missing=tuple(missing),
            undecided=undecided,
            if_applies=if_applies,
            alternatives=(),
            cautions=cautions,
        ),
        outcome=outcome,
    )


def _scoped(state: LimitState, facts: Facts, doubts: tuple[Advisory, ...]) -> LimitState:
    """Add the missing device, disease and intent to a state, or its advisories if none is missing."""
    limit, undecided = state.limit, decide(state.limit.scope, facts)[1]
    if not undecided:
        by_bilirubin = any(condition.quantity == "bilirubin_mg_per_dl" for condition in limit.conditions)
        told = (*source_advisories(limit), *derivation_advisories(limit, facts), *boundary_advisories(limit, facts))
        return replace(state, advisories=(*told, *(doubts if by_bilirubin else ())))
    return replace(
        state,
        state=DEPENDS,
        missing=(*(condition.quantity_in_words for condition in undecided), *state.missing),
        undecided=(*undecided, *(state.undecided if state.missing else ())),
        if_applies=state.state if state.certain else state.if_applies,
    )


def _compared(limit: Limit, value: float) -> LimitVerdict:
    highest = limit.low if limit.direction == "maximum" else limit.high
    if limit.direction in ("maximum", "range") and highest is not None and value > highest * (1.0 + _ROUNDING):
        return ABOVE
    if limit.direction in ("minimum", "range") and value < limit.low * (1.0 - _ROUNDING):
        return BELOW
    return MET


def _resolved(group: list[_Entry]) -> list[LimitState]:
    """Combine the states of entries that exclude each other, or that are alternatives."""
    if len(group) == 1 or any(entry.state.value is None for entry in group):
        return [entry.state for entry in group]
    return (_cases if group[0].state.limit.case_of else _alternatives)(group)


def _cases(group: list[_Entry]) -> list[LimitState]:
    """Combine entries of which exactly one applies. A state that all of them give is certain."""
    outcomes = {entry.outcome for entry in group}
    (outcome,) = outcomes if len(outcomes) == 1 else (None,)
    if outcome is not None:
        # The entry with the highest limit decides, because a dose above it is above every limit.
        decisive = (max if outcome == ABOVE else min)(group, key=lambda entry: entry.state.limit.low)
        return [replace(decisive.state, state=outcome, missing=(), if_applies="")]
    missing = list(dict.fromkeys(name for entry in group for name in entry.state.missing))
    if any(entry.state.limit.not_reconciled for entry in group):
        missing.append(_READING)
    return [
        replace(entry.state, state=DEPENDS, missing=tuple(missing), if_applies=entry.outcome or "") for entry in group
    ]


def _alternatives(group: list[_Entry]) -> list[LimitState]:
    """Combine entries of which meeting one is sufficient. An entry that may apply is considered in both cases."""
    others = tuple(entry.state.limit for entry in group)
    decided = [entry for entry in group if entry.state.certain]
    with_all, without = _decisive(group), _decisive(decided)
    if with_all.outcome == without.outcome:
        with_all = without
    limit = with_all.state.limit
    return [replace(with_all.state, alternatives=tuple(other for other in others if other is not limit))]


def _decisive(group: list[_Entry]) -> _Entry:
    """Find the decisive alternative, which is one that is met, or else the one that is easiest to meet."""
    met = [entry for entry in group if entry.outcome == MET]
    if met:
        return min(met, key=lambda entry: len(entry.state.limit.conditions))
    above = [entry for entry in group if entry.outcome == ABOVE]
    return above[0] if above else min(group, key=lambda entry: entry.state.limit.low)


def _perfused_share(perfused_mass_kg: float | None, liver_mass_kg: float | None) -> float | None:
    if perfused_mass_kg is None or liver_mass_kg is None:
        return None
    perfused = number("mass of the perfused volume in kg", perfused_mass_kg)
    liver = number("mass of the liver in kg", liver_mass_kg)
    if not (isfinite(liver) and liver > 0.0):
        raise OutOfRangeError(f"mass of the liver in kg must be finite and > 0, got {liver:g}")
    if not 0.0 < perfused <= liver * (1.0 + _ROUNDING):
        raise OutOfRangeError(
            f"mass of the perfused volume in kg must be within (0, {liver:g}], the mass of the liver, got {perfused:g}"
        )
    return min(perfused / liver, 1.0)


def _prior_doses(
    before: bool | None, normal_perfused: float | None, normal_whole: float | None, lungs: float | None
) -> dict[str, tuple[float, float]]:
    """Compute the smallest and the largest possible dose of earlier treatments, by kind of limit."""
    given = {
        "normal_perfused": amount("dose of earlier treatments to the perfused normal liver in Gy", normal_perfused),
        "normal_whole": amount("dose of earlier treatments to the whole normal liver in Gy", normal_whole),
        "lung": amount("dose of earlier treatments to the lungs in Gy", lungs),
    }
    if before is False and any(given.values()):
        raise ArgumentError("prior_radioembolization is False, and a dose of earlier treatments is given")
    unknown = (0.0, inf) if before else (0.0, 0.0)
    doses = {kind: unknown if dose is None else (dose, dose) for kind, dose in given.items()}
    if normal_whole is None and given["normal_perfused"]:
        doses["normal_whole"] = (0.0, given["normal_perfused"])  # at most the dose of the perfused part
    return doses
