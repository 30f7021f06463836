"""`yttria vial`: the vials that fit, and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated

import typer

from .. import planning
from .output import Row, as_json, print_advisories, print_table


class Spheres(str, Enum):
    """The products."""

    glass = "glass"
    resin = "resin"
    holmium = "holmium"


class Sizes(str, Enum):
    """Which vials the maker is asked for."""

    standard = "standard"
    custom = "custom"


def vial(
    needed_gbq: Annotated[float, typer.Argument(help="Activity needed in the vial at treatment, residual included.")],
    start: Annotated[
        str, typer.Option(help="Start of the treatment window, ISO 8601 with a zone.", show_default=False)
    ],
    end: Annotated[str, typer.Option(help="End of the treatment window.", show_default=False)],
    spheres: Annotated[Spheres, typer.Option(help="Device.")] = Spheres.glass,
    tolerance_fraction: Annotated[float, typer.Option(help="How far from the needed activity a vial may be.")] = 0.05,
    sizes: Annotated[Sizes, typer.Option(help="Standard sizes, or custom ones as well.")] = Sizes.standard,
    calibration_times: Annotated[
        list[str] | None,
        typer.Option("--calibration", help="Calibration time with a zone; repeat for more.", show_default=False),
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
        calibration_times=calibration_times,
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
            "time": f"{option.time:%a} {moment(option.time)}",
            "window": f"-{hours(option.time - option.earliest)} +{hours(option.latest - option.time)}",
            "holds": option.vial_activity_gbq,
            "sphere": option.sphere_activity_bq,
        }
        for option in offered
    ]
    fitting = f"within {tolerance_fraction:.0%}" if choice.options else "(none fits; the nearest)"
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
    print_advisories(choice.advisories)


def moment(time: datetime) -> str:
    """A day and time with its offset from UTC, as short as it can be."""
    return f"{time:%d %b %H:%M}" + f"{time:%z}".removesuffix("00")


def hours(span: timedelta) -> str:
    """A span in hours, to one decimal below 10."""
    value = span.total_seconds() / 3600.0
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
