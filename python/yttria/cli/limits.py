"""`yttria limits`: the table of limits and targets, and the entries that apply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, cast

import typer

from .. import planning
from .._foundation.choices import (
    LIMIT_DIRECTIONS,
    LIMIT_TISSUES,
    Device,
    Disease,
    Guideline,
    Intent,
    LimitDirection,
    LimitTissue,
)
from ..planning.limit_conditions import QUANTITIES
from ..sources import Source
from .options import choice
from .output import Row, as_json, print_advisories, print_line, print_table

KIND_WORDS = {
    "tumor": "tumor",
    "perfused": "perfused volume",
    "normal_perfused": "perfused normal liver",
    "normal_whole": "whole normal liver",
    "lung": "lungs",
}


def limits(
    guideline: Annotated[
        str | None, typer.Option(help="Guideline or study, such as EANM2022.", show_default=False)
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Microspheres: glass, resin, holmium or custom.", show_default=False)
    ] = None,
    disease: Annotated[str | None, typer.Option(help="Disease: HCC, ICC or mCRC.", show_default=False)] = None,
    intent: Annotated[
        str | None,
        typer.Option(help="Intent of treatment: segmentectomy, lobectomy, unilobar or bilobar.", show_default=False),
    ] = None,
    kind: Annotated[LimitTissue | None, choice(LIMIT_TISSUES, "Tissue of the dose.")] = None,
    direction: Annotated[LimitDirection | None, choice(LIMIT_DIRECTIONS, "Kind of comparison.")] = None,
    bilirubin_mg_per_dl: Annotated[
        float | None, typer.Option(help="Total bilirubin in mg/dL.", show_default=False)
    ] = None,
    bilirubin_umol_per_l: Annotated[
        float | None, typer.Option(help="Total bilirubin in umol/L.", show_default=False)
    ] = None,
    hepatic_reserve_fraction: Annotated[
        float | None,
        typer.Option("--reserve-fraction", help="Untreated fraction of the liver.", show_default=False),
    ] = None,
    impaired: Annotated[
        bool | None,
        typer.Option("--impaired/--not-impaired", help="Pretreated or compromised liver.", show_default=False),
    ] = None,
    cirrhotic: Annotated[
        bool | None, typer.Option("--cirrhotic/--not-cirrhotic", help="Cirrhosis.", show_default=False)
    ] = None,
    prior_radioembolization: Annotated[
        bool | None,
        typer.Option("--treated-before/--first-treatment", help="Earlier radioembolization.", show_default=False),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
) -> None:
    """Limits and targets of guidelines and studies: when each applies, and whether it was read in its source.

    yttria limits --guideline EANM2022 --device glass --disease HCC --intent unilobar
    """
    found = planning.dose_limits(
        guideline=cast("Guideline | None", guideline),
        device=cast("Device | None", device),
        disease=cast("Disease | None", disease),
        intent=cast("Intent | None", intent),
        kind=kind,
        direction=direction,
        bilirubin_mg_per_dl=bilirubin_mg_per_dl,
        bilirubin_umol_per_l=bilirubin_umol_per_l,
        hepatic_reserve_fraction=hepatic_reserve_fraction,
        pretreated_or_impaired=impaired,
        cirrhotic=cirrhotic,
        prior_radioembolization=prior_radioembolization,
    )
    if json:
        limits = [row.as_dict() for row in found.rows()]
        advisories = [a.as_dict() for a in found.advisories]
        typer.echo(as_json({"table_version": found.table_version, "limits": limits, "advisories": advisories}))
        return
    known = {"device": device, "disease": disease, "intent": intent, "prior_radioembolization": prior_radioembolization}
    notes: dict[str, int] = {}
    rows: list[Row] = []
    # This keeps the order of the table, in which related entries are together.
    order = {
        limit.id: place
        for place, limit in enumerate(planning.dose_limits().conditional + planning.dose_limits().limits)
    }
    entries = [(limit, ()) for limit in found.limits] + list(zip(found.conditional, found.depends_on, strict=True))
    for limit, undecided in sorted(entries, key=lambda entry: order[entry[0].id]):
        cautions = limit.cautions_for(known)
        level = f"level {' and '.join(limit.level_of_evidence.split(', '))}" if limit.level_of_evidence else ""
        rows.append(
            {
                "for": " ".join(filter(None, (limit.device, limit.disease, ", ".join(limit.intents)))),
                "limit": in_words(limit),
                "applies": _applies(limit, undecided),
                "source": ", ".join(filter(None, (limit.guideline, level, limit.status))),
                "notes": ", ".join(str(notes.setdefault(text, len(notes) + 1)) for text in cautions),
            }
        )
    if not rows:
        typer.echo("No entry of the table applies to these conditions.")
        return
    print_table(
        rows,
        title=f"Limits and targets, table of {found.table_version}",
        headings={"for": "For", "limit": "Dose", "applies": "Applies", "source": "Source", "notes": "Notes"},
        folded=("for", "limit", "applies", "source", "notes"),
    )
    print_notes_and_sources(notes, (limit.source for limit, _ in entries))
    # The table marks open conditions and values that were not verified.
    print_advisories(a for a in found.advisories if a.code not in ("condition_not_given", "limit_not_verified"))


def print_notes_and_sources(notes: Mapping[str, int], sources: Iterable[Source]) -> None:
    """Print each note with its number, and each source once, with the part that was read."""
    for text, number in notes.items():
        print_line(str(number), text, wrap=True)
    for source in dict.fromkeys(sources):
        read = {"primary": "Read", "secondary": "Read in another text", "no": "Not verified", "own": "Own"}[source.read]
        print_line("source", f"{source.citation}. {read}: {source.checked}.", wrap=True)


def in_words(limit: planning.Limit) -> str:
    """Return a limit as shown in a table: "perfused normal liver < 40 Gy"."""
    words = f"{KIND_WORDS[limit.kind]} {limit.value_in_words}"
    if limit.over == "all treatments":
        words += " over all treatments"
    if limit.direction == "association":
        return f"{words}, reported"
    return f"{words}, an aim" if limit.aim else words


def _applies(limit: planning.Limit, undecided: tuple[planning.LimitCondition, ...]) -> str:
    if not undecided:
        return f"yes: {limit.condition}" if limit.conditions else "yes"
    scope = [QUANTITIES[c.quantity] for c in undecided if c in limit.scope]
    others = [str(c) for c in undecided if c not in limit.scope]
    depends = f"depends on {' and '.join(scope)}" if scope else ""
    return "; ".join(filter(None, (depends, f"depends on whether {' and '.join(others)}" if others else "")))
