"""Parts that all reports share: advisories, limits, files, columns of tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..advisory import advisory_kinds
from .words import flat, heading, plural

Json = Mapping[str, Any]

#: Largest number of files of one role that are listed singly; more are summarized in one line.
_LISTED = 8
_GRAVITY = ("error", "warning", "note")
#: Sign and style of each verdict, so that it does not depend on color.
_VERDICTS = {
    "met": ("\N{CHECK MARK}", "met"),
    "above limit": ("\N{MULTIPLICATION X}", "above"),
    "below target": ("\N{BLACK DOWN-POINTING TRIANGLE}", "below"),
    "depends on": ("?", "depends"),
}
_SIGNS = {
    ("minimum", True): "> ",
    ("minimum", False): "\N{GREATER-THAN OR EQUAL TO} ",
    ("maximum", True): "< ",
    ("maximum", False): "\N{LESS-THAN OR EQUAL TO} ",
}
_ROLES = {
    "activity": "Activity image",
    "structures": "Structures",
    "ct": "CT",
    "structures_transform": "Transform of the structures",
    "a": "Dose map A",
    "b": "Dose map B",
    "patient_file": "Patient file",
    "plan": "Plan",
    "results": "Written with the result",
    "tables": "Table",
}


class Column(NamedTuple):
    """Column of a table: key of its values, words, unit, whether it holds text, key of its uncertainty."""

    key: str
    words: str
    unit: str = ""
    text: bool = False
    uncertainty: str = ""


def columns_of(keys: Iterable[str]) -> list[Column]:
    """Make columns for keys of the JSON."""
    return [Column(key, *heading(key)) for key in keys]


def advisory_rows(advisories: Iterable[Json]) -> list[dict[str, Any]]:
    """Return advisories by code, each message once, with its remedy: errors first, then warnings and notes."""
    kinds = advisory_kinds()
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for advisory in advisories:
        code = str(advisory["code"])
        severity = str(advisory["severity"]) if advisory["severity"] in _GRAVITY else "warning"
        source, read = advisory.get("source") or "", advisory.get("source_read") or ""
        row = found.setdefault(
            (severity, code, source),
            {
                "severity": severity,
                "messages": [],
                "code": code,
                "what_to_do": kinds[code].what_to_do.replace("`", "") if code in kinds else "",
                "source": source,
                "source_read": read,
            },
        )
        if advisory["message"] not in row["messages"]:
            row["messages"].append(advisory["message"])
    return sorted(found.values(), key=lambda row: _GRAVITY.index(row["severity"]))


def count_rows(advisories: Sequence[Json], states: Sequence[Json]) -> list[dict[str, str]]:
    """Return counts for the head of a report: errors, warnings, notes, exceeded limits."""
    rows = []
    for severity in _GRAVITY:
        count = sum(len(advisory["messages"]) for advisory in advisories if advisory["severity"] == severity)
        rows.append(
            {
                "text": plural(count, severity),
                "class": severity if count else "",
                "target": "notes" if severity == "note" else "advisories",
            }
        )
    if states:
        verdicts = [state["state"] for state in states]
        counted = ", ".join(
            f"{verdicts.count(name)} {'undecided' if name == 'depends on' else name}"
            for name in _VERDICTS
            if name in verdicts
        )
        rows.append({"text": f"Limits: {counted}", "class": "", "target": "limits"})
    return rows


def limit_rows(states: Iterable[Json]) -> list[dict[str, Any]]:
    """Make rows of a table of limits from results of `LimitState.as_dict`."""
    rows = []
    for state in states:
        limit = state["limit"]
        sign, style = _VERDICTS.get(state["state"], ("?", "depends"))
        rows.append(
            {
                "state": state["state"],
                "sign": sign,
                "class": style,
                "quantity": str(state["quantity"])[:1].upper() + str(state["quantity"])[1:],
                "value": state["value"],
                "unit": state["unit"],
                "limit": _limit_words(limit, state.get("alternatives") or ()),
                "text": state["text"],
                "cautions": state.get("cautions") or [],
                "source": ", ".join(filter(None, (limit["guideline"], limit.get("where"), _evidence(limit)))),
                "status": limit.get("status", "read"),
                "missing": state.get("missing") or [],
                "if_applies": state.get("if_applies") or "",
            }
        )
    return rows


def undecided_words(rows: Sequence[Json]) -> str:
    """Describe limits that depend on unknown inputs: their number, the inputs, and possible violations."""
    missing = list(dict.fromkeys(name for row in rows for name in row["missing"]))
    broken = sum(row["if_applies"] in ("above limit", "below target") for row in rows)
    one = len(rows) == 1
    text = f"{len(rows)} {'entry is' if one else 'entries are'} undecided"
    text += f", because these inputs are not known: {', '.join(missing)}." if missing else "."
    return f"{text} {broken} of them would not be met." if broken else text


def _evidence(limit: Json) -> str:
    level = limit.get("level_of_evidence")
    return f"level of evidence {level}" if level else ""


def limit_facts(limits: Json) -> list[tuple[str, Any]]:
    """Return facts and origins of doses that were compared with limits, from `DeliveredLimits.as_dict`."""
    found: list[tuple[str, Any]] = [("Guideline", limits["guideline"]), ("Table of limits", limits["table_version"])]
    found += flat(limits.get("facts") or {})
    found += flat({"hepatic_reserve_fraction": limits.get("hepatic_reserve_fraction")})
    ratios = limits.get("tumor_to_normal_ratios") or {}
    found += [(f"Tumor-to-normal ratio of {name}", ratio) for name, ratio in ratios.items()]
    origins = limits.get("origins") or {}
    return found + [(f"{heading(key)[0]} from", origin) for key, origin in origins.items()]


def _limit_words(limit: Json, alternatives: Iterable[Json]) -> str:
    """Return the value with its sign as in the source, and alternatives of which one is sufficient."""
    words = [_one_limit(limit), *(_one_limit(other) for other in alternatives)]
    return f"{', or '.join(words)}{'; aimed for' if limit['aim'] else ''}"


def _one_limit(limit: Json) -> str:
    sign = _SIGNS.get((limit["direction"], bool(limit["strict"])), "")
    high = "" if limit["high"] is None else f" to {limit['high']:g}"
    condition = f" if {limit['condition']}" if limit.get("condition") else ""
    return f"{sign}{limit['low']:g}{high} {limit['unit']}{condition}"


def file_roles(inputs: Mapping[str, Sequence[Json]]) -> list[dict[str, Any]]:
    """Make rows of the table of files, by role."""
    roles = []
    for role, described in inputs.items():
        if not described:
            continue
        rows = [{"name": f["name"], "bytes": f["bytes"], "sha256": f["sha256"]} for f in described]
        listed, hidden = rows, []
        if len(rows) > _LISTED:
            joined = "\n".join(str(row["sha256"]) for row in rows)
            listed = [
                {
                    "name": plural(len(rows), "file"),
                    "bytes": sum(int(row["bytes"]) for row in rows),
                    "sha256": hashlib.sha256(joined.encode()).hexdigest(),
                }
            ]
            hidden = rows
        words = _ROLES.get(role, role.replace("_", " ").capitalize())
        roles.append({"words": words, "shown": listed, "hidden": hidden})
    return roles


def date_words(text: str) -> str:
    """Return a date of DICOM as 2026-11-29; another text unchanged."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text
