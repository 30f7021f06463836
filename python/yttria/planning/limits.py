"""Dose limits and targets of guidelines and studies that apply to a treatment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .._foundation.choices import (
    DEVICES,
    Device,
    Disease,
    Guideline,
    Intent,
    LimitDirection,
    LimitTissue,
)
from ..advisory import Advisory, advise
from ..errors import UnknownNameError
from .limit_conditions import Facts, LimitCondition, bilirubin_mg_per_dl_of, decide, flag, fraction
from .limit_table import Limit, limit_table


@dataclass(frozen=True, kw_only=True)
class LimitRow:
    """Entry that applies certainly, or that applies if its open conditions hold.

    Parameters
    ----------
    limit : Limit
        The entry.
    depends_on : tuple of LimitCondition, default ()
        Conditions that the query left open, empty if the entry certainly applies.
    """

    limit: Limit
    depends_on: tuple[LimitCondition, ...] = ()

    @property
    def applies(self) -> Literal["yes", "depends on"]:
        """Whether the entry applies for certain."""
        return "depends on" if self.depends_on else "yes"

    def as_dict(self) -> dict[str, Any]:
        """Return the entry as plain data, with "applies", and with the open conditions in words under "depends_on".

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> from yttria.planning import dose_limits
        >>> dose_limits(device="glass", kind="lung").rows()[0].as_dict()["applies"]
        'yes'
        """
        open_ones = [str(condition) for condition in self.depends_on]
        return {**self.limit.as_dict(), "applies": self.applies, "depends_on": open_ones}


@dataclass(frozen=True, kw_only=True)
class LimitQuery:
    """Entries that apply for certain, and entries whose conditions the query left open.

    `depends_on` has one tuple for each entry of `conditional`, with the conditions that are not decided.
    """

    limits: tuple[Limit, ...]
    conditional: tuple[Limit, ...]
    depends_on: tuple[tuple[LimitCondition, ...], ...]
    table_version: str
    advisories: tuple[Advisory, ...]

    def rows(self) -> list[LimitRow]:
        """Return one row for each entry, those that apply for certain first.

        Returns
        -------
        list of LimitRow
            Entries with the conditions that are open.

        Examples
        --------
        >>> from yttria.planning import dose_limits
        >>> len(dose_limits(device="glass", kind="lung").rows()) > 0
        True
        """
        pairs = zip(self.conditional, self.depends_on, strict=True)
        return [
            *(LimitRow(limit=limit) for limit in self.limits),
            *(LimitRow(limit=limit, depends_on=conditions) for limit, conditions in pairs),
        ]


def dose_limits(
    *,
    guideline: Guideline | None = None,
    device: Device | None = None,
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
    """Look up the limits and targets that apply to a treatment.

    `guideline`, `kind` and `direction` select entries. The other arguments describe the treatment. An entry that they
    exclude is left out. An entry that depends on a missing argument is returned in `conditional`.

    Parameters
    ----------
    guideline : str, optional
        Guideline such as "EANM2022"; all guidelines if it is not given.
    device : {"glass", "resin", "holmium", "custom"}, optional
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
        Entries that apply, entries that depend on missing arguments, and advisories.

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
    no_limits_for_device
        No entry of the guideline is for the device. Those of other microspheres are not used in its place.
    limit_text_ambiguous
        If the source contradicts itself or another source.
    limit_not_verified
        If the value was not read in its source.
    limit_derived_otherwise
        If the value was derived from patients who differ from this one.
    bilirubin_unit_doubtful
        If the bilirubin would be usual in the other unit.
    condition_not_given
        If the entry depends on a missing argument (note).
    threshold_exactly_on_boundary_conservative_used
        If the value is on the boundary between two entries, so that the lower dose was used.

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
    advisories = [*doubts, *no_limits_for_device(guideline, device)]
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
    """Check names. A name that is not in the table raises `UnknownNameError`."""
    _, table = limit_table()
    known = {field: sorted({str(v) for e in table if (v := getattr(e, field)) is not None}) for field in names}
    known["intent"] = sorted({name for entry in table for name in entry.intents})
    if "device" in known:
        known["device"] = list(DEVICES)  # custom microspheres stand in no entry
    for field, name in {**names, "intent": intent}.items():
        if name is not None and name not in known[field]:
            raise UnknownNameError(f"{field} must be one of {', '.join(known[field])}, got {name!r}")


def no_limits_for_device(guideline: Guideline | None, device: Device | None) -> tuple[Advisory, ...]:
    """Advise if no entry of a guideline is for a device, so that nothing is compared."""
    table = limit_table()[1]
    if device is None or any(e.device in (None, device) and guideline in (None, e.guideline) for e in table):
        return ()
    return (advise("no_limits_for_device", guideline=guideline or "the table", device=device),)


def boundary_advisories(limit: Limit, facts: Facts) -> list[Advisory]:
    """Make an advisory for each condition that holds only because it includes the boundary."""
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
    """Make advisories on the source, for contradicting readings and for a value that was not read."""
    found = []
    named = _named(limit)
    if limit.not_reconciled:
        # Entries that exclude each other have the same readings, which are reported once.
        of_all = _named(limit, value=False) if limit.case_of else named
        readings = " ".join(limit.not_reconciled)
        found.append(advise("limit_text_ambiguous", source=limit.source.key, limit_name=of_all, readings=readings))
    if not limit.verified:
        found.append(advise("limit_not_verified", source=limit.source.key, limit_name=named, low=limit.low))
    return found


def derivation_advisories(limit: Limit, facts: Facts) -> list[Advisory]:
    """Make an advisory for each caution whose conditions hold, because the limit was derived from other patients."""
    return [
        advise("limit_derived_otherwise", source=limit.source.key, limit_name=_named(limit), caution=caution.text)
        for caution in limit.cautions
        if caution.when and decide(caution.when, facts)[0]
    ]


def _named(limit: Limit, *, value: bool = True) -> str:
    dose = limit.kind.replace("_", " ") + (f" {limit.value_in_words}" if value else "")
    return ", ".join(filter(None, (limit.guideline, limit.device, limit.disease, dose)))
