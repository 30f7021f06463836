"""Table of advisories: every code with its severity, sentence, limit, source and remedy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter
from types import MappingProxyType
from typing import Any, Literal

from ..errors import InternalError
from .record import Advisory, Severity

#: A row with this source takes the source from the call.
_GIVEN = "given"


class _Sentences(Formatter):
    """Formatter of sentences, which writes a percentage with a space before the sign: 72 %."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return the value as its specification states, and a percentage with a space."""
        text = str(super().format_field(value, format_spec))
        return f"{text[:-1]} %" if format_spec.endswith("%") else text


_SENTENCES = _Sentences()


@dataclass(frozen=True, kw_only=True)
class AdvisoryKind:
    """Row of the table of advisories.

    Parameters
    ----------
    code : str
        Name of the row.
    group : str
        Heading under which the documentation lists it.
    severities : tuple of {"note", "warning", "error"}
        One severity, or those between which the call chooses.
    sentences : mapping of str to str
        Sentence of each form with named fields; "" is the only form of most codes.
    value : str
        Field that becomes the value of the advisory; "" if it has none.
    limit : float or str
        Limit, or the field that becomes it; "" if there is none.
    relation : {"above", "below", ""}
        Side of `limit` on which a value gives an advisory; "" if the call decides.
    unit : str
        Unit of value and limit.
    source : str
        Citation keys of the limit, "given" if the call names them, "" without a source.
    what_to_do : str
        Advice for the reader of the result.
    """

    code: str
    group: str
    severities: tuple[Severity, ...]
    sentences: Mapping[str, str]
    value: str
    limit: float | str
    relation: Literal["above", "below", ""]
    unit: str
    source: str
    what_to_do: str

    def fields(self, form: str = "") -> frozenset[str]:
        """Return the names of the fields that a call gives for a form of the sentence.

        Parameters
        ----------
        form : str, default ""
            Form of the sentence, if the kind has several.

        Returns
        -------
        frozenset of str
            Fields of the sentence, of the value and of the limit.

        Examples
        --------
        >>> sorted(advisory_kinds()["lung_shunt_above_20_percent"].fields())
        ['lung_shunt_fraction']
        """
        names = {name for _, name, _, _ in Formatter().parse(self.sentences[form]) if name}
        names |= {self.value} | ({self.limit} if isinstance(self.limit, str) else set())
        return frozenset(names - {"", "limit"})


@cache
def advisory_kinds() -> Mapping[str, AdvisoryKind]:
    """Return all codes of advisories, each with its severity, sentence, limit, source and remedy.

    Returns
    -------
    mapping of str to AdvisoryKind
        By code, in the order of docs/advisories.md.

    Examples
    --------
    >>> advisory_kinds()["lung_shunt_above_20_percent"].limit
    0.2
    """
    from importlib.resources import files

    table = json.loads((files("yttria") / "data" / "advisories.json").read_text(encoding="utf-8"))
    return MappingProxyType(
        {code: _kind(code, group, **row) for group, rows in table["groups"].items() for code, row in rows.items()}
    )


def _kind(code: str, group: str, severity: Any, sentence: Any, do: str, **row: Any) -> AdvisoryKind:
    return AdvisoryKind(
        code=code,
        group=group,
        severities=(severity,) if isinstance(severity, str) else tuple(severity),  # type: ignore[arg-type]
        sentences=MappingProxyType({"": sentence} if isinstance(sentence, str) else sentence),
        what_to_do=do,
        **dict.fromkeys(("value", "limit", "relation", "unit", "source"), "") | row,
    )


def advise(
    code: str, form: str = "", *, severity: Severity | None = None, source: str | None = None, **fields: Any
) -> Advisory:
    """Make an advisory from its row of the table.

    Parameters
    ----------
    code : str
        Name of the row.
    form : str, default ""
        Form of the sentence, if the row has several.
    severity : {"note", "warning", "error"}, optional
        One of the row's; not needed if it has one.
    source : str, optional
        Citation keys, if the row leaves them to the call.
    **fields
        Fields of the sentence, of the value and of the limit, no more and no less.

    Returns
    -------
    Advisory

    Raises
    ------
    InternalError
        If code, form, severity, source or fields are not those of the table.

    Examples
    --------
    >>> advise("lung_shunt_above_20_percent", lung_shunt_fraction=0.23).message
    'The lung shunt fraction 0.23 is above 0.20.'
    """
    kind = advisory_kinds().get(code)
    if kind is None or form not in kind.sentences:
        raise InternalError(f"the table of advisories has no '{code}' with a form '{form}'; please report this")
    if fields.keys() != _fields(code, form) or (source is not None) != (kind.source == _GIVEN):
        raise InternalError(f"the advisory '{code}' needs other fields than {', '.join(fields)}; please report this")
    if severity is None and len(kind.severities) == 1:
        severity = kind.severities[0]
    if severity is None or severity not in kind.severities:
        raise InternalError(f"the advisory '{code}' has no severity '{severity}'; please report this")
    limit = fields[kind.limit] if isinstance(kind.limit, str) and kind.limit else kind.limit
    return Advisory(
        code=code,
        message=_SENTENCES.vformat(kind.sentences[form], (), fields | {"limit": limit}),
        value=fields[kind.value] if kind.value else None,
        limit=None if isinstance(limit, str) else limit,
        source=kind.source if source is None else source,
        severity=severity,
    )


def advise_if(
    code: str, form: str = "", *, severity: Severity | None = None, source: str | None = None, **fields: Any
) -> tuple[Advisory, ...]:
    """Make an advisory if its value lies beyond its limit, on the side that the table states.

    Parameters
    ----------
    code : str
        Name of the row.
    form : str, default ""
        Form of the sentence, if the row has several.
    severity : {"note", "warning", "error"}, optional
        One of the row's.
    source : str, optional
        Citation keys, if the row leaves them to the call.
    **fields
        As for `advise`.

    Returns
    -------
    tuple of Advisory
        One, or none if the value keeps the limit.

    Examples
    --------
    >>> advise_if("lung_shunt_above_20_percent", lung_shunt_fraction=0.2)
    ()
    """
    kind = advisory_kinds()[code]
    value = fields[kind.value]
    limit = fields[kind.limit] if isinstance(kind.limit, str) else kind.limit
    beyond = value > limit if kind.relation == "above" else value < limit
    return (advise(code, form, severity=severity, source=source, **fields),) if beyond else ()


@cache
def _fields(code: str, form: str) -> frozenset[str]:
    return advisory_kinds()[code].fields(form)
