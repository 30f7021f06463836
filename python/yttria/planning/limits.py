"""Dose limits and targets of guidelines and studies: one versioned table, and what of it applies."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from .._foundation.choices import (
    Disease,
    Guideline,
    Intent,
    LimitDevice,
    LimitDirection,
    LimitPeriod,
    LimitTissue,
    LimitUnit,
    ValueStatus,
)
from ..advisory import Advisory, advise
from ..errors import UnknownNameError
from ..sources import Source, source
from .limit_conditions import Facts, LimitCondition, bilirubin_mg_per_dl_of, condition_from_dict, decide, flag, fraction


@dataclass(frozen=True, kw_only=True)
class Caution:
    """Sentence that qualifies a limit. It is shown unless one of the conditions in `when` is known not to hold."""

    text: str
    when: tuple[LimitCondition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Limit:
    """One entry of the table.

    Parameters
    ----------
    id, guideline : str
        Stable name of the entry; guideline or study.
    device, disease : str or None
        "glass", "resin" or "holmium"; "HCC", "ICC" or "mCRC". None means any.
    intents : tuple of str
        "segmentectomy", "lobectomy", "unilobar", "bilobar"; empty means any.
    kind : {"tumor", "perfused", "normal_perfused", "normal_whole", "lung"}
        Tissue that the limit is for.
    direction : {"maximum", "minimum", "range", "association"}
        An association is a reported relation, without a value to keep.
    low, high : float, float or None
        The value, and the other end if the source gives two. A minimum or maximum of two values is met at `low`.
    unit : {"Gy", "GBq"}
        Unit of `low` and `high`.
    strict : bool
        Whether the source prints < or > rather than <= or >=.
    aim : bool
        Whether the value is aimed for rather than required.
    over : {"one treatment", "all treatments"}
        Which treatments a dose is summed over, for lungs.
    conditions : tuple of LimitCondition
        All must hold, or the entry does not apply.
    case_of, alternative_of : str
        Exactly one of the entries with one `case_of` applies; one of those with one `alternative_of` suffices.
    cautions : tuple of Caution
        From what patients the value was derived, and other sentences of the source.
    not_reconciled : tuple of str
        The readings of a source that contradicts itself or another; none is preferred.
    level_of_evidence, where : str
        As printed; the place in the source.
    source : yttria.sources.Source
        The source.
    status : {"read", "secondary", "not verified"}
        Whether the value itself was read in the source, in a text that quotes it, or not at all.
    general : bool
        Whether plans under other guidelines are compared with it too.
    """

    id: str
    guideline: Guideline
    device: LimitDevice | None
    disease: Disease | None
    intents: tuple[Intent, ...]
    kind: LimitTissue
    direction: LimitDirection
    low: float
    high: float | None
    unit: LimitUnit
    strict: bool
    aim: bool
    over: LimitPeriod
    conditions: tuple[LimitCondition, ...]
    case_of: str
    alternative_of: str
    cautions: tuple[Caution, ...]
    not_reconciled: tuple[str, ...]
    level_of_evidence: str
    where: str
    source: Source
    status: ValueStatus
    general: bool

    @property
    def verified(self) -> bool:
        """Whether the value was read, in the source or in a text that quotes it."""
        return self.status != "not verified"

    @property
    def scope(self) -> tuple[LimitCondition, ...]:
        """Device, disease and intent as conditions."""
        named = (("device", (self.device,)), ("disease", (self.disease,)), ("intent", self.intents))
        return tuple(
            LimitCondition(
                quantity=quantity, relation="one_of", value=tuple(name for name in names if name is not None)
            )
            for quantity, names in named
            if names and names[0] is not None
        )

    @property
    def condition(self) -> str:
        """The conditions beside device, disease and intent as one clause; empty if there are none."""
        return " and ".join(map(str, self.conditions))

    @property
    def value_in_words(self) -> str:
        """The value with its sign and unit as the source prints it: "< 75 Gy", "80 to 150 Gy"."""
        sign = {"minimum": ">", "maximum": "<"}.get(self.direction, "")
        sign += " " if self.strict and sign else "= " if sign else ""
        high = "" if self.high is None else f" to {self.high:g}"
        return f"{sign}{self.low:g}{high} {self.unit}"

    def cautions_for(self, facts: Facts) -> tuple[str, ...]:
        """The cautions that are not known to be beside the point."""
        return tuple(c.text for c in self.cautions if decide(c.when, facts)[0] is not False)

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, ready for JSON."""
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "intents": list(self.intents),
            "conditions": [condition.as_dict() for condition in self.conditions],
            "condition": self.condition,
            "cautions": [{"text": c.text, "when": [w.as_dict() for w in c.when]} for c in self.cautions],
            "not_reconciled": list(self.not_reconciled),
            "source": self.source.as_dict(),
            "verified": self.verified,
        }


@dataclass(frozen=True, kw_only=True)
class LimitQuery:
    """Entries that apply for certain, and entries whose conditions the query left open.

    `depends_on` has one tuple for each entry of `conditional`: the conditions that are not decided.
    """

    limits: tuple[Limit, ...]
    conditional: tuple[Limit, ...]
    depends_on: tuple[tuple[LimitCondition, ...], ...]
    table_version: str
    advisories: tuple[Advisory, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary per entry, ready for JSON.

        "applies" is "yes" or "depends on"; "depends_on" lists the conditions that the query left open.
        """
        certain = [{**limit.as_dict(), "applies": "yes", "depends_on": []} for limit in self.limits]
        return certain + [
            {**limit.as_dict(), "applies": "depends on", "depends_on": [str(condition) for condition in open_ones]}
            for limit, open_ones in zip(self.conditional, self.depends_on, strict=True)
        ]


@cache
def limit_table() -> tuple[str, tuple[Limit, ...]]:
    """The version of the table and its entries."""
    table = json.loads((files("yttria") / "data" / "limits.json").read_text(encoding="utf-8"))
    absent: dict[str, Any] = {"high": None, "unit": "Gy", "over": "one treatment"}
    absent |= dict.fromkeys(("strict", "aim", "general"), False)
    absent |= dict.fromkeys(("case_of", "alternative_of", "level_of_evidence", "where"), "")
    return table["version"], tuple(
        Limit(
            **{
                **absent,
                **entry,
                "intents": tuple(entry["intents"]),
                "conditions": _conditions(entry, "conditions"),
                "cautions": tuple(
                    Caution(text=c["text"], when=_conditions(c, "when")) for c in entry.get("cautions", ())
                ),
                "not_reconciled": tuple(entry.get("not_reconciled", ())),
                "source": source(entry["source"]),
            }
        )
        for entry in table["limits"]
    )


def _conditions(entry: dict[str, Any], key: str) -> tuple[LimitCondition, ...]:
    return tuple(condition_from_dict(condition) for condition in entry.get(key, ()))


def dose_limits(
    *,
    guideline: Guideline | None = None,
    device: LimitDevice | None = None,
    disease: Disease | None = None,
    intent: Intent | None = None,
    kind: LimitTissue | None = None,
    direction: LimitDirection | None = None,
    bilirubin_mg_per_dl: float | None = None,
    bilirubin_umol_per_l: float | None = None,
    hepatic_reserve_fraction: float | None = None,
    pretreated_or_impaired: bool | None = None,
    cirrhotic: bool | None = None,
    prior_radioembolization: bool | None = None,
) -> LimitQuery:
    """Look up the limits and targets that apply to what is given.

    `guideline`, `kind` and `direction` select entries. The other arguments describe the treatment: an entry that they
    exclude is left out, and an entry that depends on one that is not given comes back in `conditional`.

    Parameters
    ----------
    guideline : str, optional
        Such as "EANM2022"; all guidelines if it is not given.
    device : {"glass", "resin", "holmium"}, optional
        Microspheres.
    disease : {"HCC", "ICC", "mCRC"}, optional
        Disease.
    intent : {"segmentectomy", "lobectomy", "unilobar", "bilobar"}, optional
        Intent of treatment.
    kind : {"tumor", "perfused", "normal_perfused", "normal_whole", "lung"}, optional
        Tissue that the limit is for.
    direction : {"minimum", "maximum", "range", "association"}, optional
        Kind of comparison.
    bilirubin_mg_per_dl, bilirubin_umol_per_l : float, optional
        Total bilirubin, in one of the two units, within [0.00585, 116.9] mg/dL.
    hepatic_reserve_fraction : float, optional
        Untreated fraction of the liver, within [0, 1].
    pretreated_or_impaired, cirrhotic, prior_radioembolization : bool, optional
        State of the liver.

    Returns
    -------
    LimitQuery
        Entries that apply, entries that depend on what is not given, and advisories.

    Raises
    ------
    UnknownNameError
        If a name is not in the table.
    OutOfRangeError
        If the bilirubin or the reserve is outside its range.
    ArgumentError
        If the bilirubin is given in both units, or a state of the liver is not True, False or None.

    Warns
    -----
    limit_text_ambiguous
        The source contradicts itself or another source.
    limit_not_verified
        The value was not read.
    limit_derived_otherwise
        The value was derived from patients who differ from this one.
    bilirubin_unit_doubtful
        The bilirubin would be usual in the other unit.
    condition_not_given
        The entry depends on what is not given (note).
    threshold_exactly_on_boundary_conservative_used
        The value lies on the boundary between two entries, and the lower dose was taken.

    Examples
    --------
    >>> from yttria.planning import dose_limits
    >>> found = dose_limits(guideline="EANM2022", device="resin", disease="ICC", intent="unilobar")
    >>> [(limit.kind, limit.value_in_words) for limit in found.limits]
    [('normal_perfused', '< 40 Gy'), ('tumor', '>= 100 to 120 Gy')]
    """
    version, table = limit_table()
    check_names(guideline=guideline, device=device, disease=disease, intent=intent, kind=kind, direction=direction)
    bilirubin, doubts = bilirubin_mg_per_dl_of(bilirubin_mg_per_dl, bilirubin_umol_per_l)
    facts: Facts = {
        "device": device,
        "disease": disease,
        "intent": intent,
        "bilirubin_mg_per_dl": bilirubin,
        "hepatic_reserve_fraction": fraction("hepatic reserve fraction", hepatic_reserve_fraction),
        "pretreated_or_impaired": flag("pretreated_or_impaired", pretreated_or_impaired),
        "cirrhotic": flag("cirrhotic", cirrhotic),
        "prior_radioembolization": flag("prior_radioembolization", prior_radioembolization),
    }
    certain: list[Limit] = []
    conditional: list[tuple[Limit, tuple[LimitCondition, ...]]] = []
    for limit in table:
        selected = ((guideline, limit.guideline), (kind, limit.kind), (direction, limit.direction))
        if any(asked not in (None, name) for asked, name in selected):
            continue
        verdict, open_ones = decide((*limit.scope, *limit.conditions), facts)
        if verdict is True:
            certain.append(limit)
        elif verdict is None:
            conditional.append((limit, open_ones))
    advisories = [*doubts]
    advisories += [a for limit in certain for a in boundary_advisories(limit, facts)]
    for limit in (*certain, *(limit for limit, _ in conditional)):
        advisories += source_advisories(limit)
    for limit in certain:
        advisories += derivation_advisories(limit, facts)
    advisories += [
        advise(
            "condition_not_given",
            source=limit.source.key,
            limit_name=_named(limit),
            conditions=" and ".join(map(str, open_ones)),
            low=limit.low,
        )
        for limit, open_ones in conditional
    ]
    return LimitQuery(
        limits=tuple(certain),
        conditional=tuple(limit for limit, _ in conditional),
        depends_on=tuple(open_ones for _, open_ones in conditional),
        table_version=version,
        advisories=tuple(dict.fromkeys(advisories)),
    )


def check_names(*, intent: str | None, **names: str | None) -> None:
    """`UnknownNameError` for a name that is not in the table."""
    _, table = limit_table()
    known = {field: sorted({str(v) for e in table if (v := getattr(e, field)) is not None}) for field in names}
    known["intent"] = sorted({name for entry in table for name in entry.intents})
    for field, name in {**names, "intent": intent}.items():
        if name is not None and name not in known[field]:
            raise UnknownNameError(f"{field} must be one of {', '.join(known[field])}, got {name!r}")


def boundary_advisories(limit: Limit, facts: Facts) -> list[Advisory]:
    """An advisory for each condition that holds only because the boundary was given to it."""
    found = []
    for condition in limit.conditions:
        value = facts.get(condition.quantity)
        if condition.includes_boundary and not isinstance(condition.value, tuple) and value is not None:
            strict = LimitCondition(quantity=condition.quantity, relation=condition.relation, value=condition.value)
            if condition.holds(facts) and not strict.holds(facts):
                found.append(
                    advise(
                        "threshold_exactly_on_boundary_conservative_used",
                        source=limit.source.key,
                        quantity=str(condition).split(" is ")[0].capitalize(),
                        boundary=value,
                        condition_value=condition.value,
                        dose_limit=limit.low,
                        dose_unit=limit.unit,
                    )
                )
    return found


def source_advisories(limit: Limit) -> list[Advisory]:
    """Advisories about the source: readings that are not reconciled, a value that was not read."""
    found = []
    named = _named(limit)
    if limit.not_reconciled:
        # The readings of entries that exclude each other are the same, and are told once.
        of_all = _named(limit, value=False) if limit.case_of else named
        readings = " ".join(limit.not_reconciled)
        found.append(advise("limit_text_ambiguous", source=limit.source.key, limit_name=of_all, readings=readings))
    if not limit.verified:
        found.append(advise("limit_not_verified", source=limit.source.key, limit_name=named, low=limit.low))
    return found


def derivation_advisories(limit: Limit, facts: Facts) -> list[Advisory]:
    """An advisory for each caution whose conditions are known to hold: the limit comes from other patients."""
    return [
        advise("limit_derived_otherwise", source=limit.source.key, limit_name=_named(limit), caution=caution.text)
        for caution in limit.cautions
        if caution.when and decide(caution.when, facts)[0]
    ]


def _named(limit: Limit, *, value: bool = True) -> str:
    dose = limit.kind.replace("_", " ") + (f" {limit.value_in_words}" if value else "")
    return ", ".join(filter(None, (limit.guideline, limit.device, limit.disease, dose)))
