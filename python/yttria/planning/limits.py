"""Dose limits and thresholds from one versioned table: what applies, and where its text is ambiguous."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from math import isfinite

from .._inputs import number
from ..advisory import Advisory
from ..errors import OutOfRangeError, UnknownNameError

KINDS = ("tumor", "perfused", "normal_perfused", "normal_whole", "lung")
"""Which tissue a limit is for. Perfused normal liver and the whole normal liver are not the same."""


@dataclass(frozen=True)
class Limit:
    """One entry of the table.

    `direction` is "minimum", "maximum" or "range"; `low` is the value, `high` the other end where the source gives
    two. `device`, `disease` None and `intents` empty mean any. `condition` is the source's condition in words,
    `status` "read", "secondary" (read in a text that quotes it) or "memory".
    """

    id: str
    guideline: str
    device: str | None
    disease: str | None
    intents: tuple[str, ...]
    kind: str
    direction: str
    low: float
    high: float | None
    unit: str
    condition: str
    ambiguity: str
    source: str
    status: str

    @property
    def verified(self) -> bool:
        """Whether it was read rather than remembered."""
        return self.status != "memory"


@dataclass(frozen=True)
class LimitQuery:
    """What applies for certain, and what applies only on a condition that the query left open."""

    limits: tuple[Limit, ...]
    conditional: tuple[Limit, ...]
    table_version: str
    advisories: tuple[Advisory, ...]

    def rows(self) -> list[dict[str, str | float | None]]:
        """One dictionary per limit, ready for a table or JSON; "applies" is "yes" or "if" its condition holds."""
        return [
            {**asdict(limit), "intents": ", ".join(limit.intents), "applies": applies}
            for applies, limits in (("yes", self.limits), ("if", self.conditional))
            for limit in limits
        ]


@cache
def _table() -> tuple[str, tuple[tuple[Limit, dict[str, str | bool]], ...]]:
    table = json.loads((files("yttria") / "data" / "limits.json").read_text(encoding="utf-8"))
    entries = []
    for entry in table["limits"]:
        when = entry.pop("when")
        entries.append((Limit(**{**entry, "intents": tuple(entry["intents"])}), when))
    return table["version"], tuple(entries)


def limits(
    *,
    guideline: str | None = None,
    device: str | None = None,
    disease: str | None = None,
    intent: str | None = None,
    kind: str | None = None,
    direction: str | None = None,
    bilirubin_mg_per_dl: float | None = None,
    pretreated_or_impaired: bool | None = None,
    cirrhotic: bool | None = None,
) -> LimitQuery:
    """The limits and thresholds that apply to what is given; a name that is left out restricts nothing.

    `guideline` e.g. "EANM2022"; `device` "glass", "resin" or "holmium"; `disease` "HCC", "ICC" or "mCRC"; `intent`
    "segmentectomy", "lobectomy", "unilobar" or "bilobar"; `kind` one of `KINDS`; `direction` "minimum", "maximum" or
    "range". The state of the liver decides between limits that depend on it; where it is not given they come back in
    `conditional`, with an advisory.

    Advisories: a text that contradicts itself or another ("limit_text_ambiguous"), an entry recalled from memory
    ("limit_not_verified"), a condition left open ("condition_not_given"), and a value on the boundary between two
    limits, of which the lower dose is taken ("threshold_exactly_on_boundary_conservative_used").

    Raises `UnknownNameError` for a name the table does not hold, `OutOfRangeError` for a bilirubin that is none.
    """
    version, table = _table()
    asked = {"guideline": guideline, "device": device, "disease": disease, "kind": kind, "direction": direction}
    known_intents = sorted({name for limit, _ in table for name in limit.intents})
    _check("intent", intent, known_intents)
    for field, name in asked.items():
        _check(field, name, sorted({value for limit, _ in table if (value := getattr(limit, field)) is not None}))
    bilirubin = None if bilirubin_mg_per_dl is None else number("bilirubin in mg/dL", bilirubin_mg_per_dl)
    if bilirubin is not None and not (isfinite(bilirubin) and 0.0 < bilirubin < 100.0):
        raise OutOfRangeError(
            f"bilirubin in mg/dL must be within (0, 100), got {bilirubin:g} (1 mg/dL is 17.104 umol/L)"
        )
    state = {"pretreated_or_impaired": pretreated_or_impaired, "cirrhotic": cirrhotic}
    certain: list[Limit] = []
    conditional: list[Limit] = []
    advisories: list[Advisory] = []
    for limit, when in table:
        if intent is not None and limit.intents and intent not in limit.intents:
            continue
        if any(name is not None and getattr(limit, field) not in (None, name) for field, name in asked.items()):
            continue
        verdict = _holds(when, bilirubin, state)
        if verdict is False:
            continue
        (conditional if verdict is None else certain).append(limit)
        if verdict is not None and "bilirubin_mg_per_dl" in when and bilirubin is not None:
            boundary = float(str(when["bilirubin_mg_per_dl"]).split()[1])
            if bilirubin == boundary:
                advisories.append(
                    Advisory(
                        "threshold_exactly_on_boundary_conservative_used",
                        f"Bilirubin is exactly {boundary:g} mg/dL, for which {limit.id} has no entry; the lower dose "
                        f"limit, {limit.low:g} {limit.unit}, was taken.",
                        bilirubin,
                        boundary,
                        limit.source,
                    )
                )
    for limit in (*certain, *conditional):
        if limit.ambiguity:
            message = f"{limit.id}, {limit.low:g} {limit.unit}: {limit.ambiguity}."
            advisories.append(Advisory("limit_text_ambiguous", message, None, limit.low, limit.source))
        if not limit.verified:
            message = f"{limit.id}, {limit.low:g} {limit.unit}, was recalled from memory; check it before use."
            advisories.append(Advisory("limit_not_verified", message, None, limit.low, limit.source))
    for limit in conditional:
        message = f"{limit.id}, {limit.low:g} {limit.unit}, applies only if: {limit.condition}."
        advisories.append(Advisory("condition_not_given", message, None, limit.low, limit.source))
    return LimitQuery(tuple(certain), tuple(conditional), version, tuple(advisories))


def _check(field: str, name: str | None, known: list[str]) -> None:
    if name is not None and name not in known:
        raise UnknownNameError(f"{field} must be one of {', '.join(known)}, got {name!r}")


def _holds(when: dict[str, str | bool], bilirubin: float | None, state: dict[str, bool | None]) -> bool | None:
    """Whether a condition holds; None where the query leaves it open. A boundary itself counts as above it."""
    for field, wanted in when.items():
        if field == "bilirubin_mg_per_dl":
            side, _, boundary = str(wanted).partition(" ")
            if side == "absent":
                verdict: bool | None = bilirubin is None
            elif bilirubin is None:
                verdict = None
            else:
                verdict = (bilirubin >= float(boundary)) == (side == "above")
        else:
            given = state[field]
            verdict = None if given is None else given == wanted
        if verdict is not True:
            return verdict
    return True
