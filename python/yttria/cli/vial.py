"""`yttria vial`: vials with the needed activity, and the times at which they hold it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated

import typer

from .. import planning
from .._foundation.choices import ProductName
from ..advisory import Advisory
from ..planning.working_hours import WORKING_HOURS
from .output import Row, as_json, print_advisories, print_line, print_table

#: Code of the advisories on facts of a product, which are printed as one line.
_NOT_VERIFIED = "product_fact_not_verified"


class Spheres(str, Enum):
    """The products."""

    glass = "glass"
    resin = "resin"
    holmium = "holmium"


class Sizes(str, Enum):
    """Vials to choose from."""

    standard = "standard"
    custom = "custom"


def vial(
    needed_gbq: Annotated[float, typer.Argument(help="Activity needed in the vial at treatment, residual included.")],
    start: Annotated[
        str, typer.Option(help="Start of the treatment window, ISO 8601 with a zone.", show_default=False)
    ],
    end: Annotated[str, typer.Option(help="End of the treatment window.", show_default=False)],
    spheres: Annotated[Spheres, typer.Option(help="Device.")] = Spheres.glass,
    tolerance_fraction: Annotated[
        float, typer.Option(help="Largest relative difference from the needed activity.")
    ] = 0.05,
    sizes: Annotated[Sizes, typer.Option(help="Standard sizes, or custom ones as well.")] = Sizes.standard,
    calibration_times: Annotated[
        list[str] | None,
        typer.Option("--calibration", help="Calibration time with a zone; repeat for more.", show_default=False),
    ] = None,
    working_hours: Annotated[
        str,
        typer.Option("--hours", help="Working hours from Monday to Friday, in the zone of --start; any for all times."),
    ] = WORKING_HOURS,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
) -> None:
    """List vials, and the times within the treatment window at which each holds the needed activity."""
    choice = planning.vial_choice(
        needed_gbq,
        start=start,
        end=end,
        spheres=spheres.value,
        tolerance_fraction=tolerance_fraction,
        sizes=sizes.value,
        calibration_times=calibration_times,
        working_hours=None if working_hours == "any" else working_hours,
    )
    if json:
        options = [option.as_dict() for option in choice.options]
        nearest = choice.nearest.as_dict() if choice.nearest else None
        typer.echo(
            as_json({"options": options, "nearest": nearest, "advisories": [a.as_dict() for a in choice.advisories]})
        )
        return
    offered = choice.options or ((choice.nearest,) if choice.nearest else ())
    shown: list[Row] = [
        {
            "size": option.vial_size_gbq,
            "calibrated": moment(option.calibration_time),
            "time": f"{option.time:%a} {moment(option.time)}{'*' if option.in_working_hours is False else ''}",
            "window": f"-{hours(option.time - option.earliest)} +{hours(option.latest - option.time)}",
            "holds": option.vial_activity_gbq,
            "sphere": option.sphere_activity_bq,
        }
        for option in offered
    ]
    fitting = f"within {100 * tolerance_fraction:.0f} %" if choice.options else "(none fits; the nearest)"
    print_table(
        shown,
        title=f"{choice.product} vials for {needed_gbq:g} GBq {fitting}",
        headings={
            "size": "Vial / GBq",
            "calibrated": "Calibrated",
            "time": "Best at",
            "window": "Fits / h",
            "holds": "Holds / GBq",
            "sphere": "Bq / sphere",
        },
    )
    if any(option.in_working_hours is False for option in offered):
        typer.echo(f"* outside of working hours ({working_hours}, Monday to Friday; --hours)")
    print_advisories(a for a in choice.advisories if a.code != _NOT_VERIFIED)
    unread = [advisory for advisory in choice.advisories if advisory.code == _NOT_VERIFIED]
    if unread:
        print_line("warning:", not_verified(choice.product, unread), style="bold yellow", wrap=True)


def not_verified(name: ProductName, advisories: Iterable[Advisory]) -> str:
    """State in one sentence which facts of a product were not read in their source, instead of one warning each."""
    messages = [advisory.message for advisory in advisories]
    facts = [
        _fact(fact.name, fact.value)
        for fact in planning.product(name).facts
        if any(message.startswith(f"{fact.name} of ") for message in messages)
    ]
    return (
        f"These facts of {name} microspheres were not read in the maker's own text: {', '.join(facts)}. "
        "Check them before the order."
    )


def _fact(name: str, value: object) -> str:
    """Return a fact in words, with the unit of its name behind the value."""
    stem, _, end = name.rpartition("_")
    unit = {"h": "h", "bq": "Bq", "gbq": "GBq"}.get(end)
    numbers = value if isinstance(value, tuple) else (value,)
    shown = " ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in numbers)
    return f"{(stem if unit else name).replace('_', ' ')} {shown}" + (f" {unit}" if unit else "")


def moment(time: datetime) -> str:
    """Return a day and time with its offset from UTC, as short as possible."""
    return f"{time:%d %b %H:%M}" + f"{time:%z}".removesuffix("00")


def hours(span: timedelta) -> str:
    """Return a span in hours, to one decimal below 10."""
    value = span.total_seconds() / 3600.0
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
