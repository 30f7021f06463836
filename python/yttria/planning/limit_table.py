"""Table of dose limits and targets, whose entries have conditions, cautions and source."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from .._foundation.choices import (
    Disease,
    Guideline,
    Intent,
    LimitDirection,
    LimitPeriod,
    LimitTissue,
    LimitUnit,
    ProductName,
    ValueStatus,
)
from ..sources import Source, source
from .limit_conditions import Facts, LimitCondition, condition_from_dict, decide


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
        Tissue of the limit.
    direction : {"maximum", "minimum", "range", "association"}
        Kind of comparison. An association is a reported relation without a limit.
    low, high : float, float or None
        Value, and the other end if the source gives two. A minimum or maximum of two values is met at `low`.
    unit : {"Gy", "GBq"}
        Unit of `low` and `high`.
    strict : bool
        Whether the source prints < or > rather than <= or >=.
    aim : bool
        Whether the value is an aim rather than a requirement.
    over : {"one treatment", "all treatments"}
        Treatments over which a dose to the lungs is summed.
    conditions : tuple of LimitCondition
        Conditions, which must all hold for the entry to apply.
    case_of, alternative_of : str
        Names of groups. Of the entries with one `case_of`, exactly one applies. Of those with one `alternative_of`,
        meeting one is sufficient.
    cautions : tuple of Caution
        Patients from whom the value was derived, and other sentences of the source.
    not_reconciled : tuple of str
        Readings of a source that contradicts itself or another source. No reading is preferred.
    level_of_evidence, where : str
        Level of evidence as printed, and place in the source.
    source : yttria.sources.Source
        The source.
    status : {"read", "secondary", "not verified"}
        Whether the value itself was read in the source, in a text that quotes it, or not at all.
    general : bool
        Whether plans under other guidelines are also compared with it.
    """

    id: str
    guideline: Guideline
    device: ProductName | None
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

    @cached_property
    def scope(self) -> tuple[LimitCondition, ...]:
        """List device, disease and intent as conditions."""
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
        """Conditions other than device, disease and intent as one clause, empty without any."""
        return " and ".join(map(str, self.conditions))

    @property
    def value_in_words(self) -> str:
        """Value with its sign and unit as the source prints it, such as "< 75 Gy" or "80 to 150 Gy"."""
        sign = {"minimum": ">", "maximum": "<"}.get(self.direction, "")
        sign += " " if self.strict and sign else "= " if sign else ""
        high = "" if self.high is None else f" to {self.high:g}"
        return f"{sign}{self.low:g}{high} {self.unit}"

    def cautions_for(self, facts: Facts) -> tuple[str, ...]:
        """Return the cautions that apply, or may apply, under the known facts.

        Parameters
        ----------
        facts : mapping of str to value
            Known quantities by name.

        Returns
        -------
        tuple of str
            Sentences. A caution is left out if the facts decide that its condition does not hold.

        Examples
        --------
        >>> from yttria.planning import dose_limits
        >>> limit = dose_limits(device="glass", kind="lung").limits[0]
        >>> isinstance(limit.cautions_for({}), tuple)
        True
        """
        return tuple(c.text for c in self.cautions if decide(c.when, facts)[0] is not False)

    def as_dict(self) -> dict[str, Any]:
        """Return plain dictionaries and lists, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> from yttria.planning import dose_limits
        >>> dose_limits(device="glass", kind="lung").limits[0].as_dict()["unit"]
        'Gy'
        """
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


@cache
def limit_table() -> tuple[str, tuple[Limit, ...]]:
    """Read the version of the table and its entries."""
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
