"""`yttria plan`, `yttria limits`, `yttria vial`: the models side by side, the limits they meet, the vials that fit."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .. import planning
from .output import Row, as_json, print_advisories, print_table

TEXT = typer.Option(show_default=False)


class Spheres(str, Enum):
    """The two devices."""

    glass = "glass"
    resin = "resin"


class Sizes(str, Enum):
    """Which vials the maker is asked for."""

    standard = "standard"
    custom = "custom"


def plan(
    patient: Annotated[
        Path | None, typer.Argument(help="Patient file (TOML); --example shows the schema.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the JSON here.", show_default=False)] = None,
    example: Annotated[bool, typer.Option("--example", help="Print a commented patient file and exit.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
) -> None:
    """Every model that applies to one patient, side by side: activity, doses, limits broken, and why they differ.

    yttria plan --example > patient.toml; yttria plan patient.toml
    """
    if example:
        typer.echo(planning.example_patient_file(), nl=False)
        return
    if patient is None:
        raise typer.BadParameter("a patient file, or --example", param_hint="patient")
    comparison = planning.plan_patient_file(patient, json_path=out)
    if json:
        typer.echo(as_json(comparison.as_dict()))
        return
    typer.echo(comparison.table())
    print_advisories(comparison.advisories)
    if out is not None:
        Console().print(f"[dim]wrote[/] {out}", highlight=False, soft_wrap=True)


def limits(
    guideline: Annotated[str | None, TEXT] = None,
    device: Annotated[str | None, typer.Option(help="glass or resin.", show_default=False)] = None,
    disease: Annotated[str | None, TEXT] = None,
    intent: Annotated[str | None, TEXT] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="tumor, perfused, normal_perfused, normal_whole or lung.", show_default=False),
    ] = None,
    direction: Annotated[str | None, typer.Option(help="minimum or maximum.", show_default=False)] = None,
    bilirubin_mg_per_dl: Annotated[float | None, TEXT] = None,
    impaired: Annotated[
        bool | None,
        typer.Option("--impaired/--not-impaired", help="Pretreated or impaired liver.", show_default=False),
    ] = None,
    cirrhotic: Annotated[
        bool | None, typer.Option("--cirrhotic/--not-cirrhotic", help="Cirrhosis.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
) -> None:
    """Limits and thresholds of the guidelines, with their sources and whether each was verified."""
    found = planning.limits(
        guideline=guideline,
        device=device,
        disease=disease,
        intent=intent,
        kind=kind,
        direction=direction,
        bilirubin_mg_per_dl=bilirubin_mg_per_dl,
        pretreated_or_impaired=impaired,
        cirrhotic=cirrhotic,
    )
    if json:
        advisories = [a.as_dict() for a in found.advisories]
        typer.echo(as_json({"table_version": found.table_version, "limits": found.rows(), "advisories": advisories}))
        return
    rows: list[Row] = [
        {
            "guideline": " ".join(filter(None, (limit.guideline, limit.device, limit.disease))),
            "intent": ", ".join(limit.intents) or "any",
            "limit": in_words(limit),
            "condition": ("if: " if limit in found.conditional else "") + (limit.condition or "-"),
            "status": limit.status,
        }
        for limit in found.limits + found.conditional
    ]
    print_table(
        rows,
        title=f"Limits and thresholds, table of {found.table_version}",
        headings={
            "guideline": "Guideline",
            "intent": "Intent",
            "limit": "Limit",
            "condition": "Condition",
            "status": "Source",
        },
        folded=("guideline", "intent", "limit", "condition"),
    )
    # Whether a condition is open and whether a source was read stand in the table.
    print_advisories(a for a in found.advisories if a.code not in ("condition_not_given", "limit_not_verified"))


def vial(
    needed_gbq: Annotated[float, typer.Argument(help="Activity needed in the vial at treatment, residual included.")],
    start: Annotated[
        str, typer.Option(help="Start of the treatment window, ISO 8601 with a zone.", show_default=False)
    ],
    end: Annotated[str, typer.Option(help="End of the treatment window.", show_default=False)],
    spheres: Annotated[Spheres, typer.Option(help="Device.")] = Spheres.glass,
    tolerance_fraction: Annotated[float, typer.Option(help="How far from the needed activity a vial may be.")] = 0.05,
    sizes: Annotated[Sizes, typer.Option(help="Standard sizes, or custom ones as well.")] = Sizes.standard,
    calibration: Annotated[
        list[str] | None, typer.Option(help="Calibration time with a zone; repeat for more.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
) -> None:
    """Vials, and the times within the treatment window at which each holds what is needed."""
    choice = planning.vial_choice(
        needed_gbq,
        start=start,
        end=end,
        spheres=spheres.value,
        tolerance_fraction=tolerance_fraction,
        sizes=sizes.value,
        calibration_times=calibration,
    )
    rows = choice.rows()
    if json:
        typer.echo(as_json({"options": rows, "advisories": [a.as_dict() for a in choice.advisories]}))
        return
    shown: list[Row] = [
        {
            "size": option.vial_size_gbq,
            "calibrated": f"{option.calibration_time:%d %b %H:%M %Z}",
            "time": f"{option.time:%a %d %b %H:%M}",
            "window": f"-{hours(option.time - option.earliest)} +{hours(option.latest - option.time)} h",
            "holds": option.vial_activity_gbq,
            "sphere": option.sphere_activity_bq,
        }
        for option in choice.options
    ]
    print_table(
        shown,
        title=f"{choice.product} vials for {needed_gbq:g} GBq within {tolerance_fraction:.0%}",
        headings={
            "size": "Vial / GBq",
            "calibrated": "Calibrated",
            "time": "Best at",
            "window": "Fits",
            "holds": "Holds / GBq",
            "sphere": "Bq/sphere",
        },
    )
    print_advisories(choice.advisories)


def hours(span: timedelta) -> str:
    """A span in hours to one decimal."""
    return f"{span.total_seconds() / 3600.0:.1f}"


def in_words(limit: planning.Limit) -> str:
    """A limit as it is said: "normal perfused <= 40 Gy"."""
    sign = {"minimum": ">= ", "maximum": "<= ", "range": ""}[limit.direction]
    high = "" if limit.high is None else f"-{limit.high:g}"
    return f"{limit.kind.replace('_', ' ')} {sign}{limit.low:g}{high} {limit.unit}"
